# What CredHub's command line and Go library send to generate, regenerate and
# interpolate: their bodies and headers, in their order.

use v5.36;

use lib 't/lib';
use CredHubTest;
use Test::More;

my $hub  = CredHubTest->new;
my $UUID = qr/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\z/;

# The Go client names its type on every request, also on those without body.
my %GO = ('Content-Type' => 'application/json', 'Accept-Encoding' => 'gzip',
    'User-Agent' => 'Go-http-client/1.1', Accept => undef);


sub send_post ($path, $body) {
    return $hub->made($hub->post($path, $body, headers => \%GO));
}

sub post ($body) { return send_post('/api/v1/data', $body) }

sub get ($query) {
    my $r = $hub->get("/api/v1/data?$query", headers => \%GO);
    is($r->header('Content-Encoding'), undef, 'never compressed');
    return $r->json;
}

sub current ($name) {
    return get('current=true&name=' . $name =~ s{/}{%2F}gr)->{data}[0];
}

# What the client decodes from every credential.
sub credential ($r, $type, $name, $what) {
    my $got = $r->json;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is($r->status, 200, $what) or diag $r->body;
    is(join(' ', sort keys %$got),
        'id metadata name type value version_created_at', "$what: its keys");
    like($got->{id}, $UUID, "$what: id");
    is("$got->{type} $got->{name}", "$type $name", "$what: type and name");
    return $got;
}


# name, type, the body of `credhub generate`, a pattern for the value
my @CLI = (
    ['/cli/password', 'password',
        '{"name":"/cli/password","type":"password","parameters":{},'
            . '"overwrite":OVERWRITE}', qr/^(?=.*\d)[A-Za-z0-9]{30}\z/],
    ['/cli/short', 'password',
        '{"name":"cli/short","type":"password","parameters":{"length":16,'
            . '"include_special":true,"exclude_number":true},'
            . '"overwrite":OVERWRITE}', qr/^(?=.*\W|.*_)[^0-9]{16}\z/],
    ['/cli/user', 'user',
        '{"name":"/cli/user","type":"user","parameters":{},'
            . '"value":{"username":""},"overwrite":OVERWRITE}',
        qr/^[A-Za-z]{20} \S*\d\S* \$6\$.+\$.+\z/],
    ['/cli/jane', 'user',
        '{"name":"/cli/jane","type":"user","parameters":{"length":40},'
            . '"value":{"username":"jane"},"overwrite":OVERWRITE}',
        qr/^jane \S{40} \$6\$.+\$.+\z/],
    ['/cli/rsa', 'rsa',
        '{"name":"/cli/rsa","type":"rsa","parameters":{"key_length":0},'
            . '"overwrite":OVERWRITE}',
        qr/^-----BEGIN PUBLIC KEY-----\n.*\n -----BEGIN RSA PRIVATE KEY-----\n/s],
    ['/cli/ssh', 'ssh',
        '{"name":"/cli/ssh","type":"ssh","parameters":{"ssh_comment":"",'
            . '"key_length":0},"overwrite":OVERWRITE}',
        qr/^ssh-rsa AAAA\S+ -----BEGIN RSA PRIVATE KEY-----\n.*\n [^\s=]{43}\z/s],
    ['/cli/comment', 'ssh',
        '{"name":"/cli/comment","type":"ssh","parameters":{"key_length":2048,'
            . '"ssh_comment":"me@here"},"overwrite":OVERWRITE}',
        qr/^ssh-rsa AAAA\S+ me\@here -----BEGIN/],
);

sub parts ($value) {
    return $value if !ref $value;
    return join ' ', map { $value->{$_} // () } qw(username public_key password
        private_key password_hash public_key_fingerprint);
}

subtest 'generate' => sub {
    for my $row (@CLI) {
        my ($name, $type, $body, $like) = @$row;
        my $send = sub ($overwrite) {
            return post($body =~ s/OVERWRITE/$overwrite/r);
        };

        my $first = credential($send->('true'), $type, $name, "$name: first");
        like(parts($first->{value}), $like, "$name: value");

        my $kept = $send->('false');
        is_deeply($kept->json, $first, "$name: --no-overwrite keeps it all");
        is_deeply(current($name), $first, "$name: get shows the same");

        my $again = credential($send->('true'), $type, $name, "$name: again");
        isnt($again->{id}, $first->{id}, "$name: a new version");
        isnt(parts($again->{value}), parts($first->{value}), "$name: new value");

        my ($found) = @{ get('name-like=' . $name =~ s{/}{%2F}gr)
            ->{credentials} };
        is_deeply($found, { name => $name,
            version_created_at => $again->{version_created_at} },
            "$name: find shows its time");
    }
};

subtest 'generate --metadata' => sub {
    my $body = '{"name":"/cli/meta","type":"password","parameters":{},'
        . '"overwrite":true,"metadata":{"description":"first"}}';
    my $got = credential(post($body), 'password', '/cli/meta', 'metadata');
    is_deeply($got->{metadata}, { description => 'first' });

    my $kept = post($body =~ s/first/second/r =~ s/true/false/r)->json;
    is_deeply($kept, $got, 'kept, with its own metadata');
};


# The library: "mode", and no more than it needs.
my @LIBRARY = (    # body, kept?
    ['{"name":"/lib/a","type":"password","mode":"overwrite"}',            0],
    ['{"name":"/lib/a","type":"password","mode":"no-overwrite"}',         1],
    ['{"name":"/lib/a","type":"password","mode":"converge"}',             1],
    ['{"name":"/lib/a","type":"password","parameters":{},"mode":"converge",'
        . '"overwrite":false}',                                           1],
    ['{"name":"/lib/a","type":"password","parameters":{"length":31},'
        . '"mode":"converge"}',                                           0],
    ['{"name":"/lib/a","type":"password","parameters":{"length":32},'
        . '"mode":"no-overwrite","overwrite":false}',                     1],
    ['{"name":"/lib/a","type":"password","parameters":{"length":32},'
        . '"overwrite":false,"mode":"overwrite"}',                        0],
    ['{"name":"/lib/a","type":"password","parameters":{"length":32}}',    1],
);

subtest 'modes of the library' => sub {
    my $stands = post($LIBRARY[0][0])->json;

    for my $row (@LIBRARY) {
        my ($body, $kept) = @$row;
        my $got = credential(post($body), 'password', '/lib/a', $body);
        $kept ? is_deeply($got, $stands, "$body: kept")
            : isnt($got->{id}, $stands->{id}, "$body: written");
        $stands = $got;
    }

    for my $type (qw(user ssh rsa)) {
        my $body = qq({"name":"/lib/$type","type":"$type","mode":"converge"});
        my $got  = credential(post($body), $type, "/lib/$type", $type);
        is_deeply(post($body)->json, $got, "$type: no parameters, kept");
    }
};

subtest 'regenerate' => sub {
    for my $name ('/cli/short', '/cli/jane', '/cli/comment') {
        my $old = current($name);
        my $got = credential(post(qq({"name":"$name","regenerate":true})),
            $old->{type}, $name, $name);

        isnt($got->{id}, $old->{id}, "$name: a new version");
        like(parts($got->{value}), (grep { $_->[0] eq $name } @CLI)[0][3],
            "$name: the parameters are kept");
    }

    my $old = current('/cli/meta');
    my $got = post('{"name":"/cli/meta","regenerate":true,'
        . '"metadata":{"description":"first"}}')->json;
    is_deeply($got->{metadata}, $old->{metadata}, 'metadata, sent again');
    $got = post('{"name":"/cli/meta","regenerate":true}')->json;
    is_deeply($got->{metadata}, $old->{metadata}, 'metadata, left out');
};

subtest 'what a user is shown' => sub {
    $hub->set('/cli/static', 'password', 'MARKER-static');
    my @rows = (    # body, status
        ['{"name":"/cli/static","regenerate":true}',                      400],
        ['{"name":"/cli/none","regenerate":true}',                        404],
        ['{"name":"/cli/x","type":"value","parameters":{},"overwrite":true}', 400],
        ['{"name":"/cli/static","type":"user","parameters":{},'
            . '"value":{"username":""},"overwrite":true}',                400],
        ['{"name":"/cli/x","type":"rsa","parameters":{"key_length":1},'
            . '"overwrite":true}',                                        400],
    );

    for my $row (@rows) {
        my $r = post($row->[0]);
        is($r->status, $row->[1], $row->[0]);
        like($r->json->{error}, qr/^[A-Z].*\.\z/, "$row->[0]: a sentence");
        is($r->header('Content-Type'), 'application/json;charset=UTF-8');
    }
};

subtest 'interpolate' => sub {
    $hub->set('/cli/json', 'json', { secret => 'MARKER-json' });
    my $r = send_post('/api/v1/interpolate',
        '{"someOuterKey":[{"anotherKey":{"b":1,"a":2},"credentials":'
            . '{"credhub-ref":"((/cli/json))"}}]}');

    is($r->status, 200);
    is($r->body, '{"someOuterKey":[{"anotherKey":{"b":1,"a":2},"credentials":'
        . '{"secret":"MARKER-json"}}]}', 'compared as a string');
    is($r->header('Content-Encoding'), undef, 'never compressed');

    $r = send_post('/api/v1/interpolate',
        '{"k":[{"credentials":{"credhub-ref":"((/cli/none))"}}]}');
    is($r->status, 404);
    like($r->json->{error}, qr/does not exist/);
};

$hub->done;
