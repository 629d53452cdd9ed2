# POST /api/v1/regenerate, and POST /api/v1/data with "regenerate": true.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors qw(answers is_error);
use CredHubTest::Process qw(run_command write_file);
use Test::More;

my $hub = CredHubTest->new(
    permissions => [['good', '/*', 'read,write,delete,read_acl,write_acl'],
        ['second', '/mine/*', 'write'], ['third', '/*', 'read']],
);
my $count = 0;


# The two spellings of one request.
my %ENDPOINT = (
    data => sub ($hub, $name, %more) {
        return $hub->made($hub->post('/api/v1/data',
            { name => $name, regenerate => \1, %more }));
    },
    regenerate => sub ($hub, $name, %more) {
        return $hub->made($hub->post('/api/v1/regenerate',
            { name => $name, %more }));
    },
);


sub new_name () { return '/re/' . ++$count }

sub generated ($type, $parameters = {}, %more) {
    my $r = $hub->made($hub->generate(new_name(), $type, $parameters, %more));
    return $r->json // die $r->status . $r->body;
}

sub versions ($name) {
    return scalar @{ $hub->get("/api/v1/data?name=$name")->json->{data} };
}

sub each_endpoint ($name, $code) {
    subtest "$_: $name" => sub { $code->($ENDPOINT{$_}, $_) }
        for sort keys %ENDPOINT;
    return;
}


each_endpoint 'the answer' => sub ($again, $which) {
    my $old = generated('password', {}, metadata => { a => 1 });
    my $r   = $again->($hub, $old->{name});
    my $new = $r->json;

    is($r->status, 200);
    is($r->header('Content-Type'), 'application/json;charset=UTF-8');
    is_deeply([sort keys %$new],
        [qw(id metadata name type value version_created_at)]);
    is($new->{name}, $old->{name});
    is($new->{type}, 'password');
    isnt($new->{id},    $old->{id});
    isnt($new->{value}, $old->{value});
    is_deeply($hub->get("/api/v1/data?name=$old->{name}")->json->{data},
        [$new, $old], 'the old version stays');
};


# type, parameters, what the new value must be like
my @KEPT = (
    ['password', {},                          qr/^[a-zA-Z0-9]{30}\z/],
    ['password', { length => 4 },             qr/^[a-zA-Z0-9]{4}\z/],
    ['password', { length => 200 },           qr/^[a-zA-Z0-9]{200}\z/],
    ['password', { length => 3 },             qr/^[a-zA-Z0-9]{30}\z/],
    ['password', { exclude_number => \1 },    qr/^[a-zA-Z]{30}\z/],
    ['password', { exclude_lower => \1 },     qr/^[A-Z0-9]{30}\z/],
    ['password', { exclude_upper => \1 },     qr/^[a-z0-9]{30}\z/],
    ['password', { include_special => \1 },   qr/[^a-zA-Z0-9]/],
    ['password', { exclude_lower => \1, exclude_upper => \1, length => 9 },
        qr/^[0-9]{9}\z/],
);

each_endpoint 'parameters are kept' => sub ($again, $which) {
    for my $row (@KEPT) {
        my ($type, $parameters, $like) = @$row;
        my $old  = generated($type, $parameters);
        my $name = join ' ', map {"$_=$parameters->{$_}"} sort keys %$parameters;

        like($again->($hub, $old->{name})->json->{value}, $like,
            "password $name: $_ times") for 1, 2;
    }

    my $old = generated('user', { exclude_number => \1, length => 50 },
        value => { username => 'jane' });
    my @users = ($old, map { $again->($hub, $old->{name})->json } 1, 2);
    is($_->{value}{username}, 'jane') for @users;
    like($_->{value}{password}, qr/^[a-zA-Z]{50}\z/) for @users;

    for my $part (qw(password password_hash)) {
        my %all = map { $_->{value}{$part} => 1 } @users;
        is(keys %all, 3, "each has its own $part");
    }
    like($_->{value}{password_hash}, qr/^\$6\$[^\$]{8}\$[^\$]{86}\z/) for @users;

    $old = generated('user');
    is($again->($hub, $old->{name})->json->{value}{username},
        $old->{value}{username}, 'a random username, too');
};

each_endpoint 'keys: length and comment are kept' => sub ($again, $which) {
    my $rsa = generated('rsa', { key_length => 3072 });
    my $new = $again->($hub, $rsa->{name})->json->{value};
    isnt($new->{private_key}, $rsa->{value}{private_key});
    is(rsa_bits($new->{public_key}), 3072);

    my $ssh = generated('ssh', { ssh_comment => 'me and you' });
    $new = $again->($hub, $ssh->{name})->json->{value};
    isnt($new->{private_key}, $ssh->{value}{private_key});
    like($new->{public_key}, qr/^ssh-rsa \S+ me and you\z/);
    is(ssh_bits($new->{public_key}), 2048);
};

sub rsa_bits ($public) {
    my (undef, $text) = run_command(['openssl', 'pkey', '-pubin', '-noout',
        '-text', '-in', write_file($hub->scratch . '/in', $public)]);
    return $text =~ /\((\d+) bit\)/ ? $1 : $text;
}

sub ssh_bits ($public) {
    my (undef, $text) = run_command(['ssh-keygen', '-l', '-f',
        write_file($hub->scratch . '/in', "$public\n")]);
    return $text =~ /^(\d+) / ? $1 : $text;
}


# Keys that were set: what is not known is as if it had not been asked for.
my $PAIR = generated('rsa', { key_length => 3072 })->{value};
my $SSH  = generated('ssh', { ssh_comment => 'me' })->{value};
my @SET  = (    # type, value, bits, comment
    ['rsa', { private_key => 'MARKER-key' },             2048],
    ['rsa', { public_key => 'public' },                  2048],
    ['rsa', { public_key => $PAIR->{public_key} },       3072],
    ['ssh', { private_key => 'MARKER-key' },             2048, ''],
    ['ssh', { public_key => 'ssh-rsa nonsense comment' }, 2048, qr/.*/],
    ['ssh', $SSH,                                        2048, ' me'],
);

subtest 'rsa and ssh that were set' => sub {
    for my $row (@SET) {
        my ($type, $value, $bits, $comment) = @$row;
        my $name = new_name();
        $hub->set($name, $type, $value);

        my $r = $ENDPOINT{regenerate}->($hub, $name);
        is($r->status, 200, "$type " . join ' ', %$value) or next;
        my $new = $r->json->{value};
        like($new->{private_key}, qr/^-----BEGIN RSA PRIVATE KEY-----\n/);
        is($type eq 'rsa' ? rsa_bits($new->{public_key})
            : ssh_bits($new->{public_key}), $bits);
        like($new->{public_key}, qr/^ssh-rsa \S+$comment\z/)
            if $type eq 'ssh';
    }
};


my @REFUSED = (    # type, value that was set, error
    ['password', 'MARKER-p',             'not_regenerable_password'],
    ['user', { password => 'MARKER-p' }, 'not_regenerable_user'],
    ['value', 'MARKER-v',                'type_regenerate'],
    ['json', { secret => 'MARKER-j' },   'type_regenerate'],
);

each_endpoint 'what cannot be regenerated' => sub ($again, $which) {
    for my $row (@REFUSED) {
        my ($type, $value, $error) = @$row;
        my $name = new_name();
        $hub->set($name, $type, $value);

        is_error($again->($hub, $name), $error, $type);
        is(versions($name), 1, "$type: nothing was written");
    }

    my $old = generated('password');
    $hub->set($old->{name}, 'password', 'MARKER-static');
    is_error($again->($hub, $old->{name}), 'not_regenerable_password',
        'only the newest counts');

    $hub->made($hub->generate($old->{name}, 'password', { length => 9 }));
    is(length $again->($hub, $old->{name})->json->{value}, 9);
};


# metadata of the request ("-": none), metadata of the new version
my @METADATA = (
    ['-',                  { old => [1.50, undef] }],
    [undef,                undef],
    [{ new => 1 },         { new => 1 }],
    ['text',               'text'],
    [{},                   {}],
);

each_endpoint 'metadata' => sub ($again, $which) {
    for my $row (@METADATA) {
        my ($send, $want) = @$row;
        my $old = generated('password', {}, metadata => { old => [1.50, undef] });
        my $what = JSON::PP->new->allow_nonref->encode($send);
        my %more = defined $send && $send eq '-' ? () : (metadata => $send);
        my $new  = $again->($hub, $old->{name}, %more)->json;

        is_deeply($new->{metadata}, $want, "$what");
        is_deeply($hub->current($old->{name})->{metadata}, $want,
            "$what, read again");
        is_deeply($again->($hub, $old->{name})->json->{metadata}, $want,
            "$what, once more");
    }

    is($again->($hub, generated('password')->{name})->json->{metadata}, undef,
        'inherited from none');

    my $old = $hub->post('/api/v1/data', '{"name":"/re/' . ++$count
        . '","type":"password","metadata":{"b":1.50,"a":1e2}}');
    my $bytes = $again->($hub, $hub->made($old)->json->{name});
    like($bytes->body, qr/"metadata":\{"b":1\.50,"a":1e2\}/,
        'inherited to the byte');

    my $long = $again->($hub, $old->json->{name}, metadata => 'm' x 6999);
    is_error($long, $which eq 'data' ? 'metadata_long' : 'too_large',
        'more than 7000 bytes');
    is($again->($hub, $old->json->{name}, metadata => 'm' x 6998)->status, 200,
        'exactly 7000 bytes');
};


# body (NAME: of one that stands), answer of data, of regenerate (absent: the
# same)
my @BODIES = (
    ['{"name":NAME,"surprise":1}',
        'unknown_key_generate:surprise', 'unknown_key:surprise'],
    ['{"name":NAME,"set_as_transitional":true}',
        'unknown_key_generate:set_as_transitional',
        'unknown_key:set_as_transitional'],
    ['{"name":NAME,"type":"password"}',        200, 'unknown_key:type'],
    ['{"name":NAME,"type":"user"}',            200, 'unknown_key:type'],
    ['{"name":NAME,"regenerate":true}',        200, 'unknown_key:regenerate'],
    ['{"name":NAME,"metadata":null}',          200],
    ['{}',                                     'no_name'],
    ['{"name":null}',                          'no_name'],
    ['{"name":""}',                            'no_name'],
    ['{"metadata":{}}',                        'no_name'],
    ['{"name":["/x"]}',                        'bad_request'],
    ['{"name":NAME,"name":NAME}',              'bad_request'],
    ['{"name":NAME,"metadata":{"a":1,"a":2}}', 'bad_request'],
    ['{"name":NAME',                           'bad_request'],
    ['{"name":NAME}}',                         'bad_request'],
    ['["name"]',                               'bad_request'],
    ['null',                                   'bad_request'],
    ['',                                       'bad_request'],
);

each_endpoint 'bodies' => sub ($again, $which) {
    my $name = generated('password')->{name};

    for my $row (@BODIES) {
        my ($body, $data, $regenerate) = @$row;
        my $want = $which eq 'data' ? $data : $regenerate // $data;
        my $send = $body =~ s/NAME/"$name"/gr;
        $send =~ s/^\{/{"regenerate":true,/ if $which eq 'data'
            && $send !~ /regenerate/;
        $send =~ s/,\}/}/;

        answers($hub->made($hub->post("/api/v1/$which", $send)), $want, $send);
    }

    is($hub->post("/api/v1/$which", undef)->status, 400, 'no body');
};


# name as it is sent, answer of data and regenerate
my @NAMES = (
    ['/re/here',     200, 200],
    ['/RE/Here',     200, 200],
    ['re/here',      200, 'credential'],
    ['/re/none',     'credential', 'credential'],
    ['re/none',      'credential', 'credential'],
    ['/re//here',    'name_slash', 'credential'],
    ['/re/here/',    'name_slash', 'credential'],
    ['/re/h re',     'name_chars', 'credential'],
    ["/re/h\x{e4}re", 'name_chars', 'credential'],
    ['/' . 'n' x 255, 'name_long:255', 'credential'],
    ['/' . 'n' x 9999, 'name_long:255', 'credential'],
);

each_endpoint 'names' => sub ($again, $which) {
    $hub->made($hub->generate('/re/here', 'password', {}));

    for my $row (@NAMES) {
        my ($name, $data, $regenerate) = @$row;
        my $r = $again->($hub, $name);

        utf8::encode(my $what = substr $name, 0, 40);
        answers($r, $which eq 'data' ? $data : $regenerate, $what);
        is($r->json->{name}, '/re/here', "$what: the first spelling")
            if $r->status == 200;
    }
};


# certificate, name, answer
my @ALLOWED = (
    ['second', '/mine/a', 200],
    ['second', '/MINE/a', 200],
    ['third',  '/mine/a', 'denied'],
    ['second', '/re/here', 'denied'],
    ['second', '/re/none', 'denied'],
    ['second', '/mine',    'denied'],
    ['second', '/mine/none', 'credential'],
    [undef,    '/mine/a', 'unauthenticated'],
);

each_endpoint 'permission' => sub ($again, $which) {
    $hub->made($hub->generate('/mine/a', 'password', {}));

    for my $row (@ALLOWED) {
        my ($who, $name, $want) = @$row;
        answers($again->($hub->as($who), $name), $want,
            ($who // 'nobody') . " $name");
    }

    is_error($hub->post("/api/v1/$which", { name => '/mine/a' },
        headers => { 'Content-Type' => 'text/plain' }), 'content_type', 'type');
};

subtest 'regenerate: false is a generate' => sub {
    my $name = new_name();
    my $send = { name => $name, type => 'password', regenerate => \0 };
    my $one  = $hub->made($hub->post('/api/v1/data', $send));
    is($one->status, 200);
    is($hub->post('/api/v1/data', $send)->body, $one->body, 'that converges');
};

$hub->done;
