# What CredHub's command line and its Go library send to set, get, find and
# delete, in their order, with their headers and bodies, on one connection that
# is kept.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use JSON::PP qw(decode_json encode_json);
use Test::More;

my $hub = CredHubTest->new(
    http   => "gzip on;\ngzip_types *;\ngzip_min_length 1;",
    server => 'credhub_auth_server https://uaa.example.com:8443;',
);
my $client = $hub->connect;
my $data   = '/api/v1/data';
my $UUID   = qr/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;


# Every request, GET and DELETE too, names a type of body.
sub go ($method, $target, $body = undef) {
    my $r = $client->request($method, $target, keep => 1,
        headers => [
            Accept => undef,
            'User-Agent' => 'Go-http-client/1.1',
            defined $body ? ('Content-Length' => length $body) : (),
            'Content-Type' => 'application/json',
            'Accept-Encoding' => 'gzip',
        ],
        defined $body ? (body => $body) : ())->response;

    is($r->header('Content-Encoding'), undef, "$method $target: plain");
    return $r;
}


# A credential, as the client decodes it.
sub credential ($r, $label) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is($r->status, 200, $label) or diag($r->error // $r->body);
    my $view = $r->json;
    is_deeply([sort keys %$view],
        [qw(id metadata name type value version_created_at)], 'fields');
    like($view->{id}, $UUID, 'id');
    return $view;
}


# `credhub get -n`
sub got ($name) {
    my $target = $name =~ s/([^\w.~-])/sprintf '%%%02X', ord $1/ger;
    my $r = go('GET', "$data?current=true&name=$target");
    return $r->status == 200 ? $r->json->{data}[0] : undef;
}


subtest 'api, --version' => sub {
    my $info = go('GET', '/info');
    is($info->status, 200);
    is_deeply($info->json, { 'auth-server' =>
            { url => 'https://uaa.example.com:8443' },
        app => { name => 'CredHub' } });

    my $version = go('GET', '/version');
    is($version->status, 200);
    is_deeply([keys %{ $version->json }], ['version']);
    my ($major, $minor) = $version->json->{version} =~ /^(\d+)\.(\d+)\.\d+$/;
    cmp_ok($major * 1000 + $minor, '>=', 2012, 'clients switch on it');
};


my @sets = (
    # body of a set                                               value
    ['{"name":"/cli/value","type":"value","value":"MARKER-v"}'
        => 'MARKER-v'],
    ['{"name":"/cli/json","type":"json","value":{"k":[1,2.50,"MARKER"]}}'
        => { k => [1, 2.5, 'MARKER'] }],
    ['{"name":"/cli/password","type":"password","value":"MARKER-p",'
        . '"metadata":{"some":"thing"}}' => 'MARKER-p'],
    ['{"name":"/cli/user","type":"user","value":{"username":"",'
        . '"password":"MARKER-u"}}'
        => { username => undef, password => 'MARKER-u' }],
    ['{"name":"/cli/user","type":"user","value":{"username":"u",'
        . '"password":"MARKER-\u003c\u0026\u003e"}}'
        => { username => 'u', password => 'MARKER-<&>' }],
    ['{"name":"/cli/rsa","type":"rsa","value":{"public_key":"",'
        . '"private_key":"private key"}}'
        => { public_key => undef, private_key => 'private key' }],
    ['{"name":"/cli/rsa","type":"rsa","value":{"public_key":"something\n",'
        . '"private_key":""}}'
        => { public_key => "something\n", private_key => undef }],
    ['{"name":"/cli/ssh","type":"ssh","value":{"public_key":"public",'
        . '"private_key":"MARKER-key"}}'
        => { public_key => 'public', private_key => 'MARKER-key',
            public_key_fingerprint => undef }],
);

subtest 'set and get' => sub {
    my %ids;

    for (@sets) {
        my ($body, $value) = @$_;
        my $sent = decode_json($body);
        my $view = credential(go('PUT', $data, $body), $body);
        my $kept = ref $view->{value} eq 'HASH' ? { %{ $view->{value} } }
            : $view->{value};

        like(delete $kept->{password_hash}, qr/\$6\$.+\$.+/, 'a hash')
            if $sent->{type} eq 'user';
        is_deeply($kept, $value, 'value');
        is_deeply([@$view{qw(name type metadata)}],
            [@$sent{qw(name type metadata)}], 'and the rest');
        is_deeply(got($sent->{name}), $view, 'get -n');
        is_deeply(go('GET', "$data/$view->{id}")->json, $view, 'get --id');
        is($ids{ $view->{id} }++, 0, 'a new id');
    }

    my $r = go('PUT', $data, '{"name":"/cli/x","type":"secret","value":"MARKER"}');
    is_error($r, 'type_set', 'a type that is not known');
};


subtest 'versions' => sub {
    my @ids = map { go('PUT', $data, encode_json({ name => '/cli/many',
        type => 'value', value => "MARKER-$_" }))->json->{id} } 1 .. 4;

    my $list = go('GET', "$data?name=%2Fcli%2Fmany&versions=2")->json->{data};
    is_deeply([map { $_->{id} } @$list], [@ids[3, 2]], 'get --versions 2');
    $list = go('GET', "$data?name=%2Fcli%2Fmany")->json->{data};
    is_deeply([map { $_->{id} } @$list], [reverse @ids], 'all');
    $list = go('GET', "$data?current=true&name=cli%2Fmany")->json->{data};
    is_deeply([map { $_->{id} } @$list], [$ids[3]], 'without a slash');
};


subtest 'find' => sub {
    my @rows = (
        # query                                     names
        ['path=%2Fcli%2Fuser'                    => ()],
        ['name-like=li%2Fuser'                   => '/cli/user'],
        ['name-like=a+b'                         => ()],
        ['path=%2Fnone'                          => ()],
        ['expires-within-days=30&path=%2Fcli'    => ()],
        ['expires-within-days=30&name-like=user' => ()],
    );

    for (@rows) {
        my ($query, @names) = @$_;
        my $r = go('GET', "$data?$query");
        is($r->status, 200, $query);
        is_deeply([map { $_->{name} } @{ $r->json->{credentials} }], \@names,
            'names');
    }

    my $all = go('GET', "$data?path=")->json->{credentials};
    is($all->[0]{name}, '/cli/many', 'newest first');
    is($all->[0]{version_created_at}, got('/cli/many')->{version_created_at},
        'with the time of the newest version');
    is_deeply(go('GET', "$data?path=%2Fcli")->json->{credentials}, $all,
        'path=%2Fcli');
};


subtest 'export and import' => sub {
    for my $type (qw(password user)) {
        my $r = go('POST', $data, qq({"name":"/cli/made/$type",)
            . qq("type":"$type","parameters":{},"overwrite":true}));
        my $value = $r->json->{value};
        $hub->keep_secret(ref $value ? $value->{password} : $value);
    }

    my @names = map { $_->{name} }
        @{ go('GET', "$data?path=%2Fcli")->json->{credentials} };

    for my $name (@names) {
        my $old = got($name);
        my $new = go('PUT', $data, encode_json({ name => $name,
            type => $old->{type}, value => $old->{value},
            metadata => $old->{metadata} }));
        is($new->status, 200, "import $name") or diag($new->body);

        my $view = got($name);
        delete @$_{qw(id version_created_at)},
            ref $_->{value} && delete $_->{value}{password_hash}
            for $old, $view;
        is_deeply($view, $old, 'comes back equal');
    }
};


subtest 'curl' => sub {
    my $r = go('GET', "$data?name=%2Fcli%2Fvalue", 'null');
    is($r->status, 200, 'GET with a body of "null"');
    is($r->json->{data}[0]{value}, 'MARKER-v');
    is(go('GET', '/info', 'null')->status, 200);
    is(go('GET', "$data?path=", 'null')->status, 200);
    is(go('GET', '/version', 'null')->status, 200);
    is_error(go('GET', "$data?name=%2Fnone", 'null'), 'credential',
        'an error');
    is_error(go('PUT', $data, 'null'), 'bad_request', 'PUT');
    is_error(go('POST', $data, 'null'), 'bad_request', 'POST');
    is(go('GET', '/nowhere', 'null')->status, 404);
    is_deeply([keys %{ go('GET', '/nowhere', 'null')->json }], ['error'],
        'has a body that can be decoded');
    is_error(go('PATCH', $data, 'null'), 'method', 'PATCH');
};


subtest 'delete' => sub {
    for my $name (map { $_->{name} }
        @{ go('GET', "$data?path=")->json->{credentials} })
    {
        my $target = $name =~ s{/}{%2F}gr;
        is(go('DELETE', "$data?name=$target")->status, 204, $name);
        is_error(go('DELETE', "$data?name=$target"), 'credential', 'again');
        is_error(go('GET', "$data?current=true&name=$target"), 'credential',
            'get');
    }

    is(go('DELETE', "$data?name=%2Fnone", 'null')->status, 404,
        'curl -X DELETE');
    is(go('GET', "$data?path=")->body, '{"credentials":[]}', 'find');
};


subtest 'without a certificate' => sub {
    my $r = $hub->as(undef)->get("$data?current=true&name=%2Fcli%2Fvalue",
        headers => { 'Content-Type' => 'application/json' });
    is($r->status, 401);
    is_deeply($r->json, { error => 'invalid_token', error_description =>
        'Full authentication is required to access this resource' });
};


$hub->done;
