# POST /api/v1/data: what can be asked for, and what comes out.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Process qw(run_command write_file);
use Digest::SHA qw(sha256_base64);
use MIME::Base64 qw(decode_base64);
use Test::More;

my $MISMATCH = '{"error":"The credential type cannot be modified. Please '
    . 'delete the credential if you wish to create it with a different type."}';
my $DENIED = '{"error":"The request could not be completed because the '
    . 'credential does not exist or you do not have sufficient authorization."}';
my $BAD = '{"error":"The request could not be fulfilled because the request '
    . 'path or body did not meet expectation. Please check the documentation '
    . 'for required formatting and retry your request."}';

my $UUID = qr/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/;
my $DATE = qr/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/;

my $SPECIAL = quotemeta q(!#$%&()*,-./:;<=>?@[\]^_`{|}~);

my $hub = CredHubTest->new(
    permissions => [['good', '/*', 'read,write,delete,read_acl,write_acl'],
        ['second', '/mine/*', 'write']],
);
my $count = 0;


# Sends a body with a name of its own; remembers what the hub made.
sub make (%body) {
    return known($hub->post('/api/v1/data',
        { name => '/made/' . ++$count, %body }));
}

sub known ($r) {
    my $value = $r->status == 200 ? $r->json->{value} : '';
    my @parts = ref $value
        ? ($value->{password} // '', map {
            (split /\n/, $value->{$_} // '')[2] // () } 'private_key')
        : $value;

    $hub->keep_secret($_) for grep { length > 8 } @parts;
    return $r;
}

sub value ($type, %parameters) {
    return make(type => $type,
        %parameters ? (parameters => \%parameters) : ())->json->{value};
}

sub refused ($r, $status, $what, $name) {
    is($r->status, $status, $name);
    like($r->json->{error}, $what, "$name: the text");
    is(join(' ', keys %{ $r->json }), 'error', "$name: nothing else");
    return;
}

sub file ($text) { return write_file($hub->scratch . '/in', $text, 0600) }


subtest 'the answer' => sub {
    my $r = $hub->generate('made/first', 'PassWord', undef,
        metadata => { b => [1.50], a => undef });
    my $got = known($r)->json;

    is($r->status, 200);
    is($r->header('Content-Type'), 'application/json;charset=UTF-8');
    is($r->header('Cache-Control'),
        'no-cache, no-store, max-age=0, must-revalidate');
    is_deeply([sort keys %$got],
        [qw(id metadata name type value version_created_at)]);
    like($got->{id}, qr/^$UUID\z/);
    like($got->{version_created_at}, qr/^$DATE\z/);
    is($got->{name}, '/made/first', 'a slash was added');
    is($got->{type}, 'password', 'in lower case');
    is_deeply($got->{metadata}, { a => undef, b => [1.5] });
    is_deeply($hub->current('/made/first'), $got, 'a read shows the same');
    is(make(type => 'password')->json->{metadata}, undef, 'none is null');
};


my @TYPES = (    # what is asked for, status, what the error says
    [{},                        400, qr/type/i],
    [{ type => undef },         400, qr/type/i],
    [{ type => '' },            400, qr/type/i],
    [{ type => 'certificat' },  400, qr/type/i],
    [{ type => 7 },             400, qr/type/i],
    [{ type => ['password'] },  400, qr/./],
    [{ type => 'value' },       400, qr/cannot be generated/],
    [{ type => 'json' },        400, qr/cannot be generated/],
    [{ type => 'JSON' },        400, qr/cannot be generated/],
);

subtest 'types' => sub {
    refused(make(%{ $_->[0] }), @$_[1, 2], JSON::PP->new->canonical
        ->encode($_->[0])) for @TYPES;
    is(make(type => $_)->status, 200, $_) for qw(password user PASSWORD);
};


my @PASSWORDS = (    # parameters, length, classes that are there, and only they
    [{},                                      30,  'a-zA-Z0-9'],
    [{ length => 4 },                         4,   'a-zA-Z0-9'],
    [{ length => 200 },                       200, 'a-zA-Z0-9'],
    [{ length => 3 },                         30,  'a-zA-Z0-9'],
    [{ length => 201 },                       30,  'a-zA-Z0-9'],
    [{ length => 0 },                         30,  'a-zA-Z0-9'],
    [{ length => -1 },                        30,  'a-zA-Z0-9'],
    [{ length => '12' },                      12,  'a-zA-Z0-9'],
    [{ exclude_lower => \1 },                 30,  'A-Z0-9'],
    [{ exclude_upper => \1 },                 30,  'a-z0-9'],
    [{ exclude_number => \1 },                30,  'a-zA-Z'],
    [{ include_special => \1 },               30,  "a-zA-Z0-9$SPECIAL"],
    [{ exclude_lower => 'true' },             30,  'A-Z0-9'],
    [{ exclude_lower => 'false' },            30,  'a-zA-Z0-9'],
    [{ exclude_lower => \1, exclude_upper => \1 }, 30, '0-9'],
    [{ exclude_lower => \1, exclude_upper => \1, exclude_number => \1,
        include_special => \1 },              30,  $SPECIAL],
    [{ length => 4, include_special => \1 },  4,   "a-zA-Z0-9$SPECIAL"],
);

subtest 'passwords' => sub {
    for my $row (@PASSWORDS) {
        my ($parameters, $length, $chars) = @$row;
        my $name = join ' ', map {"$_=" . (ref $parameters->{$_} ? 1
                : $parameters->{$_})} sort keys %$parameters;
        my $password = value('password', %$parameters);
        my $user     = value('user',     %$parameters);

        for my $made ([password => $password], [user => $user->{password}]) {
            my ($type, $text) = @$made;
            is(length $text, $length, "$type $name: length");
            like($text, qr/^[$chars]*\z/, "$type $name: only these");
            like($text, qr/[$_]/, "$type $name: one of $_")
                for grep { index($chars, $_) >= 0 }
                ('a-z', 'A-Z', '0-9', $SPECIAL);
        }

        like($user->{username}, qr/^[A-Za-z]{20}\z/, "user $name: username");
    }
};

subtest 'one of each class, each time' => sub {
    my ($good, %seen) = (0);

    for (1 .. 40) {
        my $text = value('password', length => 4, include_special => \1);
        $good++ if join('', map {
            /[a-z]/ ? 'a' : /[A-Z]/ ? 'A' : /[0-9]/ ? '0' : '~'
        } sort split //, $text) =~ /\A(?=.*a)(?=.*A)(?=.*0)(?=.*~).{4}\z/;
        $seen{$text}++;
    }

    is($good, 40);
    is(keys %seen, 40, 'all different');

    my $many = join '', map {
        value('password', length => 200, exclude_lower => \1,
            exclude_upper => \1, exclude_number => \1, include_special => \1)
    } 1 .. 5;
    my %chars = map { $_ => 1 } split //, $many;
    is(join('', sort keys %chars), q(!#$%&()*,-./:;<=>?@[\]^_`{|}~),
        'the special characters');
};


my @USERNAMES = (    # parameters, value, the username
    [{ username => 'one' },           undef,                'one'],
    [undef,                           { username => 'two' }, 'two'],
    [{ username => 'one' },           { username => 'two' }, 'two'],
    [{ username => 'one' },           {},                   'one'],
    [{ username => 'one' },           { username => '' },   'one'],
    [{ username => 'one' },           { username => undef }, 'one'],
    [{ username => '' },              undef,                qr/^[A-Za-z]{20}\z/],
    [{ username => undef },           undef,                qr/^[A-Za-z]{20}\z/],
    [undef,                           { username => '' },   qr/^[A-Za-z]{20}\z/],
    [undef,                           undef,                qr/^[A-Za-z]{20}\z/],
    [{ username => qq(q"\\\n\x{e4}) }, undef,               qq(q"\\\n\x{e4})],
    [{ exclude_upper => \1, exclude_lower => \1 }, undef,
        qr/^[A-Za-z]{20}\z/],
);

subtest 'usernames' => sub {
    my %random;

    for my $row (@USERNAMES) {
        my ($parameters, $value, $want) = @$row;
        my $got = make(type => 'user', parameters => $parameters // {},
            defined $value ? (value => $value) : ())->json->{value};
        my $name = JSON::PP->new->canonical->encode([$parameters, $value]);

        is_deeply([sort keys %$got], [qw(password password_hash username)]);
        ref $want ? like($got->{username}, $want, $name)
            : is($got->{username}, $want, $name);
        $random{ $got->{username} }++ if ref $want;
    }

    is(keys %random, (grep { ref $_->[2] } @USERNAMES), 'random ones differ');
};

subtest 'password_hash' => sub {
    my @users = map { value('user', %$_) } {}, { length => 200 },
        { include_special => \1 };

    for my $user (@users, $users[0]) {
        my ($salt) = $user->{password_hash}
            =~ m{^\$6\$([./0-9A-Za-z]{8})\$[./0-9A-Za-z]{86}\z};
        ok(defined $salt, 'its form') or next;

        my ($code, $hash) = run_command(['openssl', 'passwd', '-6', '-salt',
            $salt, '-in', file("$user->{password}\n")]);
        is($hash, "$user->{password_hash}\n", 'openssl makes the same');
    }

    my %salts = map { substr($_->{password_hash}, 3, 8) => 1 } @users;
    is(keys %salts, 3, 'each has its own salt');
};


# key_length as it is asked for (undef: not at all), bits
my @RSA = ([undef, 2048], [0, 2048], [2048, 2048], ['3072', 3072], [4096, 4096]);

subtest 'rsa' => sub {
    for my $row (@RSA) {
        my ($asked, $bits) = @$row;
        my $key = value('rsa', defined $asked ? (key_length => $asked) : ());
        my $name = 'key_length ' . ($asked // 'absent');

        is_deeply([sort keys %$key], [qw(private_key public_key)]);
        is_pem($key->{private_key}, 'RSA PRIVATE KEY', $name);
        is_pem($key->{public_key},  'PUBLIC KEY',      $name);

        my (undef, $text) = run_command(['openssl', 'rsa', '-in',
            file($key->{private_key}), '-check', '-noout', '-text']);
        like($text, qr/\A(?:RSA )?Private-Key: \($bits bit, 2 primes\)/i,
            "$name: $bits bits");
        like($text, qr/^publicExponent: 65537 \(0x10001\)$/m);
        like($text, qr/^RSA key ok$/m);

        my (undef, $public) = run_command(['openssl', 'pkey', '-in',
            file($key->{private_key}), '-pubout']);
        is($key->{public_key}, $public, "$name: they belong together");
    }
};

sub is_pem ($text, $label, $name) {
    my @lines = $text =~ m{\A-----BEGIN\ \Q$label\E-----\n
        ((?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/=]{1,64}\n)
        -----END\ \Q$label\E-----\n\z}x;
    return is(@lines, 1, "$name: PEM $label");
}


# parameters, bits, what stands behind the key
my @SSH = (
    [{},                                             2048, ''],
    [{ key_length => 0, ssh_comment => '' },         2048, ''],
    [{ key_length => 3072, ssh_comment => 'me@here' }, 3072, ' me@here'],
    [{ ssh_comment => 'with three words' },          2048, ' with three words'],
);

subtest 'ssh' => sub {
    for my $row (@SSH) {
        my ($parameters, $bits, $comment) = @$row;
        my $key  = value('ssh', %$parameters);
        my $name = "$bits bits\"$comment\"";

        is_deeply([sort keys %$key],
            [qw(private_key public_key public_key_fingerprint)]);
        is_pem($key->{private_key}, 'RSA PRIVATE KEY', $name);

        my ($blob) = $key->{public_key}
            =~ m{\Assh-rsa ([A-Za-z0-9+/]+=*)\Q$comment\E\z};
        ok(defined $blob, "$name: one line, without an end") or next;

        my (undef, $public) = run_command(
            ['ssh-keygen', '-y', '-f', file($key->{private_key})]);
        is($public, "ssh-rsa $blob\n", "$name: they belong together");

        my ($shown) = $comment =~ /^ (.*)/;
        my (undef, $line) = run_command(
            ['ssh-keygen', '-l', '-f', file("$key->{public_key}\n")]);
        is($line, "$bits SHA256:$key->{public_key_fingerprint} "
            . ($shown // 'no comment') . " (RSA)\n", "$name: fingerprint");
        is($key->{public_key_fingerprint}, sha256_base64(decode_base64($blob)),
            "$name: without padding");
    }
};


my @PARAMETERS = (    # type, parameters, what the error says
    ['password', 'x',                              qr/did not meet/],
    ['password', [],                               qr/did not meet/],
    ['password', { length => undef },              qr/did not meet/],
    ['password', { length => 'x' },                qr/did not meet/],
    ['password', { length => [4] },                qr/did not meet/],
    ['password', { exclude_lower => undef },       qr/did not meet/],
    ['password', { exclude_lower => 'maybe' },     qr/did not meet/],
    ['password', { exclude_lower => \1, exclude_upper => \1,
        exclude_number => \1 },                    qr/excluded/],
    ['user',     { exclude_lower => \1, exclude_upper => \1,
        exclude_number => \1 },                    qr/excluded/],
    ['password', { mode => 'converge' },           qr/\bmode\b/],
    ['password', { key_length => 2048 },           qr/\bkey_length\b/],
    ['password', { excludeLower => \1 },           qr/\bexcludeLower\b/],
    ['user',     { password => 'MARKER-x' },       qr/\bpassword\b/],
    ['rsa',      { length => 30 },                 qr/\blength\b/],
    ['rsa',      { ssh_comment => 'x' },           qr/\bssh_comment\b/],
    ['rsa',      { key_length => undef },          qr/did not meet/],
    ['rsa',      { key_length => 'long' },         qr/did not meet/],
    (map { my $type = $_; map { [$type, { key_length => $_ }, qr/2048/] }
        1024, 2047, 2049, 8192, -2048 } qw(rsa ssh)),
    ['ssh',      { ssh_comment => "a\nb" },        qr/./],
    ['ssh',      { ssh_comment => {} },            qr/did not meet/],
);

subtest 'parameters that are refused' => sub {
    refused(make(type => $_->[0], parameters => $_->[1]), 400, $_->[2],
        "$_->[0] " . JSON::PP->new->canonical->allow_nonref->encode($_->[1]))
        for @PARAMETERS;
};

subtest 'parameters: null is none' => sub {
    for my $type (qw(password user ssh)) {
        my $r = make(type => $type, parameters => undef);
        is($r->status, 200, $type);
    }
};


my @BODIES = (    # more of the body, the exact answer or what the error says
    [{ mode => 'Converge' },                    $BAD],
    [{ mode => 'no_overwrite' },                $BAD],
    [{ mode => '' },                            $BAD],
    [{ mode => \1 },                            $BAD],
    [{ mode => {} },                            $BAD],
    [{ overwrite => 'maybe' },                  $BAD],
    [{ overwrite => 1 },                        $BAD],
    [{ regenerate => 'maybe' },                 $BAD],
    [{ surprise => 1 },                         qr/\bsurprise\b/],
    [{ key_length => 2048 },                    qr/\bkey_length\b/],
    [{ versionCreatedAt => 'x' },               qr/\bversionCreatedAt\b/],
    [{ value => { username => 'x' } },          qr/\bvalue\b/],
    [{ name => undef },                         qr/name/],
    [{ name => '' },                            qr/name/],
    [{ name => '/' },                           qr/name/],
    [{ name => '/a//b' },                       qr{//}],
    [{ name => '/a/' },                         qr{/}],
    [{ name => '/a b' },                        qr/characters/],
    [{ name => '/' . 'n' x 255 },               qr/255/],
    [{ metadata => 'm' x 6999 },                qr/7000/],
);

subtest 'bodies that are refused' => sub {
    for my $row (@BODIES) {
        my $r = make(type => 'password', %{ $row->[0] });
        my $name = substr JSON::PP->new->canonical->allow_nonref
            ->encode($row->[0]), 0, 40;

        if (ref $row->[1]) {
            refused($r, 400, $row->[1], $name);
        } else {
            is($r->status . $r->body, "400$row->[1]", $name);
        }
    }

    for my $body ('', '{', 'null', '[]', '"x"', '{"name":"/x","type":',
        '{"name":"/x","type":"password"}x',
        '{"name":"/x","type":"password","type":"password"}',
        qq({"name":"/x","type":"password","metadata":"\xff"}),
        '{"name":"/x","type":"user","value":{"username":"\u0000"}}',
        '{"name":"/x","type":"password","parameters":{"length":4,"length":5}}')
    {
        my $r = $hub->post('/api/v1/data', $body);
        is($r->status . $r->body, "400$BAD", "body $body");
    }

    refused(make(type => 'user', value => { password => 'MARKER-p' }), 400,
        qr/\bpassword\b/, 'a password beside the username');
    is(make(type => 'password', metadata => 'm' x 6998)->status, 200,
        'metadata of exactly 7000 bytes');
    is(make(type => 'password', name => '/' . 'n' x 254)->status, 200,
        'a name of exactly 255 bytes');
    is($hub->post('/api/v1/data', { name => '/x', type => 'password' },
        headers => { 'Content-Type' => 'text/plain' })->status, 400);
    is($hub->get('/api/v1/data?name=/x')->status, 404, 'nothing was written');
};


# mode, overwrite => accepted? ("-": absent)
my %PAIRS = (
    'overwrite'    => { '-' => 200, null => 200, true => 200, false => 200 },
    'no-overwrite' => { '-' => 200, null => 200, true => 400, false => 200 },
    'converge'     => { '-' => 200, null => 200, true => 400, false => 200 },
    'null'         => { '-' => 200, null => 200, true => 200, false => 200 },
    '-'            => { '-' => 200, null => 200, true => 200, false => 200 },
);

subtest 'mode and overwrite together' => sub {
    for my $mode (sort keys %PAIRS) {
        for my $overwrite (sort keys %{ $PAIRS{$mode} }) {
            my $body = '{"name":"/pairs","type":"password"';
            $body .= $mode eq 'null' ? ',"mode":null' : ",\"mode\":\"$mode\""
                if $mode ne '-';
            $body .= ",\"overwrite\":$overwrite" if $overwrite ne '-';

            my $r = known($hub->post('/api/v1/data', "$body}"));
            is($r->status, $PAIRS{$mode}{$overwrite}, "$mode $overwrite");
        }
    }
};


subtest 'what comes first' => sub {
    my $error = sub (%body) { make(type => 'password', %body)->body };
    my $mode  = $error->(mode => 'x');
    my $type  = $error->(type => 'value');
    my $name  = $error->(name => '/a//b');
    my $key   = $error->(parameters => { mode => 'x' });
    my $both  = $error->(mode => 'converge', overwrite => \1);

    is($error->(mode => 'x', name => '/a//b'),   $name, 'name before mode');
    is($error->(mode => 'x', type => 'value'),   $mode, 'mode before type');
    is($error->(mode => 'converge', overwrite => \1, type => 'value'), $type,
        'type before mode and overwrite');
    is($error->(mode => 'converge', overwrite => \1,
        parameters => { mode => 'x' }), $both, 'these before parameters');
    is($error->(metadata => 'm' x 7000, parameters => { mode => 'x' }), $key,
        'parameters before metadata');
};

subtest 'permission' => sub {
    my $second = $hub->as('second');
    my $r = known($second->generate('/mine/a', 'password'));
    is($r->status, 200, 'write is enough, and the answer has the value');
    is(length $r->json->{value}, 30);

    for my $name ('/other/a', '/mine', '/made/first', 'other/a') {
        my $denied = $second->generate($name, 'password');
        is($denied->status . $denied->body, "403$DENIED", $name);
    }

    is($second->generate('/other/a', 'value')->status, 400,
        'after the body was checked');
    is($hub->as(undef)->generate('/mine/b', 'password')->status, 401);
    is($hub->get('/api/v1/data?name=/other/a')->status, 404);
};

subtest 'another type' => sub {
    known($hub->generate('/typed', 'password'));

    for my $more ({}, map({ mode => $_ }, qw(overwrite no-overwrite converge)),
        { overwrite => \0 }, { overwrite => \1 })
    {
        my $r = $hub->generate('/Typed', 'user', undef, %$more);
        is($r->status . $r->body, "400$MISMATCH");
    }

    is(@{ $hub->get('/api/v1/data?name=/typed')->json->{data} }, 1);
};

$hub->done;
