# Paths below /v1: hashes with slashes in them, and what hides behind a
# spelling. What they carry besides: Accept, content types, methods.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Trust qw(group connection);
use Test::More;

my $hub = CredHubTest->new(
    server => 'location ~ ^/v1/connections/[^/]+/certificates { deny all; }'
        . ' location /older/ { rewrite ^/older(/.*)$ /v1$1 last; }'
        . ' location /other/ { error_page 404 = @hub; return 404; }'
        . ' location @hub { credhub; }',
    servers => [
        { port => 'less', server => 'location /v1/groups/ { credhub system; }',
            location => 'credhub_mtls on;' },
    ],
);

my $id    = connection($hub, {})->{id};
my $C     = "/v1/connections/$id";
my $HASH  = '/+a//b/c+d=e==';
my $PLAIN = 'r+u4L4MG==';

for my $hash ($HASH, $PLAIN) {
    my $r = $hub->post("$C/fingerprints",
        { hash => $hash, public_key => "key of $hash" });
    $r->status == 201 or die $r->body;
}

sub escaped ($text, $chars = qr/[^A-Za-z0-9]/) {
    return $text =~ s/($chars)/sprintf '%%%02X', ord $1/ger;
}

sub found ($path, $hash, $label = $path, $r = $hub->get($path)) {
    is($r->status . ' ' . ($r->json->{data}{hash} // $r->body), "200 $hash",
        $label);
    return;
}


subtest 'a hash is the rest of the path' => sub {
    for my $hash ($HASH, $PLAIN) {
        my @spellings = ($hash, escaped($hash),
            escaped($hash) =~ s/(%..)/lc $1/ger,
            escaped($hash, qr{[/]}), escaped($hash, qr{[+]}),
            escaped($hash, qr{[=]}), escaped($hash, qr{[A-Za-z0-9]}),
            "$hash?x=/../y", "$hash#x", "$hash#/../?x", "$hash/");

        for my $spelling (@spellings) {
            my $path = "$C/fingerprints/$spelling";
            found($path, $hash);
            found($path, $hash, "$path over HTTP/2", $hub->h2('GET', $path))
                if $spelling !~ /#/;
        }

        found("https://localhost$C/fingerprints/$hash", $hash,
            'an absolute target');
        found("/v1/connectors/$id/fingerprints/$hash", $hash, 'the older path');
        found("/v1/connectors/" . escaped($id, qr/\w/)
            . "/fingerprints/$hash", $hash, 'an id that is encoded');

        my $head = $hub->head("$C/fingerprints/$hash");
        is($head->status, 200, 'HEAD');
        is($head->header('Content-Length'),
            length $hub->get("$C/fingerprints/$hash")->body, 'its length');
        is($hub->request('OPTIONS', "$C/fingerprints/$hash")->header('Allow'),
            'GET, HEAD, DELETE, OPTIONS', 'OPTIONS');
        my $post = $hub->post("$C/fingerprints/$hash", {});
        is($post->status, 405, 'POST');
        is($post->json->{code}, 'MethodNotAllowed', 'with its code');
    }

    for (qw(a/+a//b/c+d=e== +a//b/c+d=e== /+a/b/c+d=e== //+a//b/c+d=e==),
        '/%20a//b/c%20d=e==', lc $HASH . 'x', uc $HASH)
    {
        is($hub->get("$C/fingerprints/$_")->status, 404, "not $_");
    }

    is(scalar @{ $hub->get("$C/fingerprints/")->json->{data}{items} }, 2,
        'an empty one is the list');
};


subtest 'refused' => sub {
    my @rest = ("a/../$PLAIN", "../fingerprints/$PLAIN", './' . $PLAIN,
        "/../$PLAIN", "a/%2e%2e/$PLAIN", "a/%2E%2E/$PLAIN", "%2e/$PLAIN",
        "a/.%2e/$PLAIN", "a%2f..%2f$PLAIN", "a%2F../$PLAIN", "a/..%2f$PLAIN",
        "$PLAIN/.", "$PLAIN/..", "$PLAIN%2f..", "$PLAIN;x", "$PLAIN%3bx",
        "$PLAIN%3Bx", 'a\\b', 'a%5cb', 'a%5Cb', 'a%252fb', '%25', 'a%00',
        "$PLAIN%00");
    my @head = ("/v1//connections/$id/fingerprints/$PLAIN",
        "//v1/connections/$id/fingerprints/$PLAIN",
        "/v1/connections//$id/fingerprints/$PLAIN",
        "/v1/connections/$id//fingerprints/$PLAIN",
        "/v1/connections/$id%2ffingerprints/$PLAIN",
        "/v1/connections%2f$id/fingerprints/$PLAIN",
        "/v1/connections/$id%2Ffingerprints%2F$PLAIN",
        "/v1/connections/x/../$id/fingerprints/$PLAIN",
        "/v1/connections/./$id/fingerprints/$PLAIN",
        "/v1/connections/%2e/$id/fingerprints/$PLAIN",
        "/v1/connections/$id;x/fingerprints/$PLAIN",
        "/v1/connections/$id/fingerprints/../fingerprints/$PLAIN",
        "/v1/groups//", '/v1//groups', '/v1/./groups', '/v1/groups/..');

    for my $path ((map {"$C/fingerprints/$_"} @rest), @head) {
        my $r = $hub->get($path);
        is($r->status, 400, $path);
        is(ref $r->json, 'HASH', 'with an object');
    }
};


# A rule of nginx's is made for what is asked, however it is spelled.
subtest 'a rule of another location' => sub {
    my $hash = 'x/y';
    is($hub->get("$C/certificates/$hash")->status, 403, 'denied');
    is($hub->get("/v1/connectors/$id/certificates/$hash")->status, 404,
        'another path is not');

    for ("$C/%63ertificates/$hash", "$C//certificates/$hash",
        "$C/fingerprints/../certificates/$hash", "$C/x/..%2fcertificates/$hash",
        "$C%2fcertificates/$hash", "/v1/x/../connections/$id/certificates/a",
        "/v1/connections/%2e/../$id/certificates/a",
        "/%76%31/connections/$id/certificates/a")
    {
        like($hub->get($_)->status, qr/^40[03]$/, $_);
    }
};


subtest 'paths that nginx has rewritten' => sub {
    found("/older/connections/$id/fingerprints/$PLAIN", $PLAIN);
    is($hub->get('/older/groups')->status, 200, '/older/groups');
    is($hub->get('/other/groups')->status, 404, '/other/groups');
};


subtest 'what is not there' => sub {
    for my $path ('/v1', '/v1/', '/v1/nothing', '/v1/groups/a/b/c', $C . '/force',
        '/v1/Groups', "$C/Fingerprints", '/v1/certificates')
    {
        my $r = $hub->get($path);
        is($r->status, 404, $path);
        is($r->json->{code}, 'NotFound', 'with its code');
    }

    my $r = $hub->get('/V1/groups');
    is($r->status, 404, 'another case');
    is_deeply([keys %{ $r->json }], ['error'], 'is not the trust API');

    $r = $hub->get('/v1/groups/', port => 'less');
    is($r->status, 404, 'a group that is not served');
    is($r->json->{code}, 'NotFound', 'with its code');
    is($hub->get('/v1/groups', port => 'less')->status, 200, 'elsewhere it is');
};


subtest 'Accept' => sub {
    my @good = ('*/*', 'application/json', 'application/json;version=2',
        'application/json; version=2', 'application/json ; version=2',
        'Application/JSON', 'application/*', 'text/html, */*',
        'text/html,application/json;q=0.1', 'text/html;q=0.9 , */*;q=0.1',
        'application/json;q=0.0, application/json', '', ' ', ',',
        'application/xml;q=0, application/json;version=2;q=1');
    my @bad = ('text/html', 'application/xml', 'text/*', 'application/jsonp',
        'application/json;q=0', 'application/json; q=0.000',
        '*/*;q=0', 'application/json;q=0, */*', 'json', 'x',
        'application/*;q=0, */*', 'text/html, application/xml;q=0.9');

    for ((map { [$_, 200] } @good), map { [$_, 406] } @bad) {
        my ($accept, $status) = @$_;
        my $r = $hub->get('/v1/groups', headers => { Accept => $accept });
        is($r->status, $status, qq("$accept"));
        is($r->json->{code}, $status == 200 ? 'Success' : 'NotAcceptable',
            'with its code');
    }

    is($hub->get('/v1/groups', headers => { Accept => undef })->status, 200,
        'none');
    is($hub->get('/v1/groups', headers => [Accept => 'text/html',
        Accept => 'application/json'])->status, 200, 'two lines');
    is($hub->get('/v1/groups', headers => [Accept => 'text/html',
        Accept => 'text/plain'])->status, 406, 'two wrong ones');
    is($hub->get('/info', headers => { Accept => 'text/html' })->status, 200,
        'other APIs do not look at it');
    is($hub->as(undef)->get('/v1/groups',
        headers => { Accept => 'text/html' })->status, 401,
        'nobody is told');
};


subtest 'content types' => sub {
    my $text = '{"name":"typed"}';

    for (['application/json', 201], ['application/json;charset=utf-8', 201],
        ['Application/Json', 201], ['text/plain', 415], [undef, 415],
        ['application/x-www-form-urlencoded', 415], ['application/jsonx', 415],
        ['', 415])
    {
        my ($type, $status) = @$_;
        my $label = $type // 'none';
        my $r = $hub->post('/v1/groups', $text,
            headers => { 'Content-Type' => $type });

        is($r->status, $status, "POST, $label");
        is($r->json->{code}, $status == 201 ? 'Success'
            : 'UnsupportedMediaType', 'with its code');

        $r = $hub->request('POST', '/v1/groups', chunks => [$text],
            headers => { 'Content-Type' => $type });
        is($r->status, $status, "POST in chunks, $label");
    }

    my $group = group($hub, 'patched');
    is($hub->patch("/v1/groups/$group", $text,
        headers => { 'Content-Type' => 'text/plain' })->status, 415, 'PATCH');

    my $client = $hub->connect_h2;
    for (['text/plain', 415], ['application/json', 201]) {
        my ($type, $status) = @$_;
        my $stream = $client->request('POST', '/v1/groups', open => 1,
            headers => ['content-type' => $type]);
        $client->data($stream, $text, 1);
        is($client->response($stream)->status, $status,
            "over HTTP/2, of unknown length, $type");
    }
    is($client->response($client->request('POST', "$C/test"))->status, 200,
        'over HTTP/2, none');
    $client->close;

    for my $type ('text/plain', undef) {
        my $label = $type // 'none';
        my $r = $hub->request('POST', "$C/test", headers => {
            'Content-Length' => 0, 'Content-Type' => $type });
        is($r->status, 200, "a POST without a body, $label");
        is($hub->request('POST', "$C/test",
            headers => { 'Content-Type' => $type })->status, 200,
            "not even an empty one, $label");
        is($hub->request('POST', '/v1/groups', headers => {
            'Content-Type' => $type })->status, 400,
            "where one is needed, $label");
        is($hub->get('/v1/groups', headers => { 'Content-Type' => $type })
            ->status, 200, "a GET, $label");
        is($hub->request('DELETE', "/v1/groups/nothing",
            headers => { 'Content-Type' => $type })->status, 404,
            "a DELETE, $label");
    }
};


subtest 'a hash goes as it came' => sub {
    for my $hash ($HASH, $PLAIN) {
        is($hub->delete("$C/fingerprints/$hash")->status, 200, $hash);
        is($hub->get("$C/fingerprints/$hash")->status, 404, 'it is gone');
    }
};

$hub->done;
