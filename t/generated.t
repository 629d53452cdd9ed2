# What generated credentials look like, checked with other programs.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Process qw(run_command write_file);
use Digest::SHA qw(sha256_base64);
use MIME::Base64 qw(decode_base64);
use Test::More;

my $SPECIAL = quotemeta q(!#$%&()*,-./:;<=>?@[\]^_`{|}~);

my $hub   = CredHubTest->new;
my $count = 0;


# Generates under a name of its own: the value.
sub make (%body) {
    my $r = $hub->made($hub->post('/api/v1/data',
        { name => '/made/' . ++$count, %body }));

    return $r->json->{value} // die $r->body;
}

sub value ($type, %parameters) {
    return make(type => $type, parameters => \%parameters);
}

sub file ($text) { return write_file($hub->scratch . '/in', $text, 0600) }


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
            defined $value ? (value => $value) : ());
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

$hub->done;
