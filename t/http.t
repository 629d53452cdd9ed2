# Routes, methods and headers.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use Test::More;

my $DATA = '/api/v1/data';
my $JSON = 'application/json;charset=UTF-8';

my $hub = CredHubTest->new(server => <<'END');
    location /group/ { return 404; }
    location = /health { credhub credentials; }
    location = /api/v1/key-usage { credhub credentials certificates trust ssh; }
    location = /version { credhub permissions system; }
    location = /plain { default_type text/plain; return 200 "xxxxxxxxxxxx"; }

    location = /api/v1/regenerate {
        credhub credentials;
        limit_except GET { deny all; }
    }

    location = /api/v1/interpolate {
        credhub;
        limit_except GET { allow all; }
        if ($http_x_branch) { set $branch 1; }
    }
END

$hub->set('/h/x', 'value', 'MARKER-x');
my $id = $hub->current('/h/x')->{id};


subtest 'URLs' => sub {
    my @rows = (
        # target, answer
        ['/info',                       200],
        ['/info/',                      200],
        ['/info?x=1',                   200],
        ['/version',                    200],
        ['/version/',                   200],
        ["$DATA?name=/h/x",             200],
        ["$DATA/?name=/h/x",            200],
        ["$DATA/$id",                   200],
        ["$DATA/$id/",                  200],
        ["$DATA/\U$id",                 200],
        [$DATA,                         'missing_query:name'],
        ['/',                           'not_found'],
        ['/api',                        'not_found'],
        ['/api/v1',                     'not_found'],
        ['/api/v1/',                    'not_found'],
        ['/api/v1/dat',                 'not_found'],
        ['/api/v1/datax',               'not_found'],
        ['/api/v1/data/x/y',            'not_found'],
        ['/API/v1/data',                'not_found'],
        ['/Info',                       'not_found'],
        ['/info/x',                     'not_found'],
        ['/x/info',                     'not_found'],
        ['/info.json',                  'not_found'],
        ['/docs',                       'not_found'],
        ['/docs/index.html',            'not_found'],
        ['/interpolate',                'not_found'],
        ['/.well-known/oauth-protected-resource', 'not_found'],
    );

    for (@rows) {
        my ($target, $expected) = @$_;
        my $r = $hub->get($target);
        $expected eq '200' ? is($r->status, 200, $target)
            : is_error($r, $expected, $target);
    }
};

# an error is one of the API that was called, whatever made it
subtest 'styles' => sub {
    my $nothing = 'There is nothing at this URL.';
    my $who     = 'Full authentication is required to access this resource';
    my @rows = (
        # target, body of 404, body of 401
        ['/v1/x/x',
            qq({"code":"NotFound","message":"$nothing"}),
            qq({"code":"AuthFailed","message":"$who"})],
        ['/vedsdk/x/x?y=1',
            qq({"Response":{"ErrorCode":404,"ErrorMessage":"$nothing",)
            . '"Success":false}}',
            qq({"error":"invalid_token","error_description":"$who"})],
        ['/vedauth/x/x',
            qq({"error":"not_found","error_description":"$nothing"}),
            qq({"error":"invalid_token","error_description":"$who"})],
        ['/v1x/x',
            qq({"error":"$nothing"}),
            qq({"error":"invalid_token","error_description":"$who"})],
    );

    for (@rows) {
        my ($target, $none, $unknown) = @$_;

        for my $r ($hub->get($target), $hub->h2('GET', $target)) {
            is($r->status, 404, $target);
            is($r->body, $none, 'its body');
        }

        my $r = $hub->get($target, cert => undef);
        is($r->status, 401, "$target: of nobody");
        is($r->body, $unknown, 'its body');
    }
};

subtest 'methods' => sub {
    my %allow = (
        '/info'               => 'GET, HEAD, OPTIONS',
        '/version'            => 'GET, HEAD, OPTIONS',
        '/management'         => 'GET, HEAD, POST, OPTIONS',
        $DATA                 => 'GET, HEAD, POST, PUT, DELETE, OPTIONS',
        "$DATA/$id"           => 'GET, HEAD, OPTIONS',
        '/api/v1/interpolate' => 'POST, OPTIONS',
    );
    my @methods = qw(GET HEAD POST PUT PATCH DELETE PROPFIND LOCK FOO get);

    for my $path (sort keys %allow) {
        my %known = map { $_ => 1 } split /, /, $allow{$path};

        for my $method (grep { !$known{$_} } @methods) {
            my $r = $hub->request($method, $path);
            $method eq 'HEAD' ? is($r->status, 405, "HEAD $path")
                : $method eq 'get' ? is($r->status, 400, "get $path")
                : is_error($r, 'method', "$method $path");
            is($r->header('Allow'), $allow{$path}, "$method $path: Allow")
                if $method ne 'get';
        }

        for my $target ($path, "$path/") {
            my $r = $hub->request('OPTIONS', $target);
            is($r->status, 200, "OPTIONS $target");
            is($r->header('Allow'), $allow{$path}, 'and its Allow');
            is_deeply($r->json, {}, 'and its body');
        }

        is_error($hub->request('OPTIONS', $path, cert => undef),
            'unauthenticated', "OPTIONS $path asks who");
        is($hub->h2('OPTIONS', $path)->header('Allow'), $allow{$path},
            "OPTIONS $path over HTTP/2");
    }

    is_error($hub->request('OPTIONS', '/none'), 'not_found', 'OPTIONS /none');
    is($hub->request('GET', '/info')->header('Allow'), undef,
        'no Allow without a reason');
    is_error($hub->request('DELETE', '/info', cert => undef),
        'unauthenticated', 'a stranger is not told methods');
};

subtest 'HEAD is GET without a body' => sub {
    my @rows = (
        # target, certificate, status
        ['/info',                 'good', 200],
        ['/info',                 undef,  200],
        ['/version',              'good', 200],
        ['/management',           'good', 200],
        ["$DATA?name=/h/x",       'good', 200],
        ["$DATA/$id",             'good', 200],
        ["$DATA?path=/h",         'good', 200],
        ["$DATA?name=/none",      'good', 404],
        [$DATA,                   'good', 400],
        ['/none',                 'good', 404],
        ['/version',              undef,  401],
        ['/version',              'noou', 401],
        ['/version',              'expired', 400],
        ['/api/v1/regenerate',    'good', 405],
        ['//',                    'good', 400],
    );

    for (@rows) {
        my ($target, $cert, $status) = @$_;
        my $label = "$target " . ($cert // 'none');
        my $one   = $hub->connect(cert => $cert);
        my ($get, $head) = map {
            my $r = $one->request($_, $target, keep => 1)->response;
            $one = $hub->connect(cert => $cert)
                if $r->header('Connection') eq 'close';
            $r;
        } qw(GET HEAD);

        is($get->status, $status, $label);
        is($head->status, $status, "$label: HEAD");
        is($head->header('Content-Length'), length $get->body,
            "$label: length");

        my ($of_get, $of_head) = map {
            my $headers = $_->headers;
            delete $headers->{date};
            $headers;
        } $get, $head;
        is_deeply($of_head, $of_get, "$label: headers");

        is($one->request('GET', '/info', keep => 1)->response->status,
            $hub->get('/info', cert => $cert)->status,
            "$label: nothing follows the head");
    }
};

subtest 'headers of every answer' => sub {
    my %headers = (
        'X-Content-Type-Options' => 'nosniff',
        'X-XSS-Protection'       => '0',
        'X-Frame-Options'        => 'DENY',
        'Cache-Control' =>
            'no-cache, no-store, max-age=0, must-revalidate',
        'Pragma'  => 'no-cache',
        'Expires' => '0',
        'Strict-Transport-Security' => 'max-age=31536000 ; includeSubDomains',
    );
    my $put = { name => '/h/y', type => 'value', value => 'MARKER-y' };

    my @rows = (
        # label, answer, status, content type
        ['get',    $hub->get("$DATA?name=/h/x"),         200, $JSON],
        ['set',    $hub->put($DATA, $put),               200, $JSON],
        ['delete', $hub->delete("$DATA?name=/h/y"),      204, undef],
        ['info',   $hub->get('/info'),                   200, $JSON],
        ['info for a stranger', $hub->get('/info', cert => undef), 200, $JSON],
        ['location of nginx', $hub->get('/group/', cert => undef),  404, $JSON],
        ['version', $hub->get('/version'),               200, $JSON],
        ['OPTIONS', $hub->request('OPTIONS', $DATA),     200, $JSON],
        ['missing',   $hub->get('/none'),                404, $JSON],
        ['method',    $hub->patch($DATA, {}),            405, $JSON],
        ['malformed', $hub->put($DATA, '{'),             400, $JSON],
        ['stranger',  $hub->get($DATA, cert => undef),   401, $JSON],
        ['denied', $hub->as('second')->put($DATA, $put), 403, $JSON],
        ['certificate', $hub->get('/info', cert => 'expired'), 400, $JSON],
        ['of nginx', $hub->get('/%'),                    400, $JSON],
        ['HTTP/2', $hub->h2('GET', "$DATA?name=/h/x"),   200, $JSON],
    );

    for (@rows) {
        my ($label, $r, $status, $type) = @$_;
        my @names = map { $_->[0] } @{ $r->raw_headers };

        is($r->status, $status, $label);
        is($r->header('Content-Type'), $type, "$label: content type");
        is($r->header($_), $headers{$_}, "$label: $_") for sort keys %headers;
        is(join(' ', grep {/^(?:Content-Encoding|ETag|Last-Modified|Set-Cookie
            |Accept-Ranges|Access-Control.*|Vary)$/xi} @names), '',
            "$label: and no other");
        is($r->header('Content-Length') // 0, length $r->body,
            "$label: length");
        unlike($r->body, qr/\n/, "$label: compact");
    }

    is($hub->get($DATA, cert => undef)->header('WWW-Authenticate') // '', '',
        'no metadata document is named');
};

subtest 'content types of requests' => sub {
    my @rows = (
        # content type, accepted?
        ['application/json',                  1],
        ['application/json;charset=utf-8',    1],
        ['application/json; charset=UTF-8',   1],
        ['application/json ; charset="utf-8"', 1],
        ['Application/JSON',                  1],
        ['application/vnd.credhub+json',      1],
        ['application/problem+JSON; a=b',     1],
        [undef,                               0],
        ['',                                  0],
        ['text/plain',                        0],
        ['text/json',                         0],
        ['json',                              0],
        ['application/jsonx',                 0],
        ['application/json/x',                0],
        ['application/+json',                 0],
        ['application/',                      0],
        ['application/octet-stream',          0],
        ['application/x-www-form-urlencoded', 0],
        ['xapplication/json',                 0],
        ['text/plain; application/json',      0],
    );
    my $body = '{"name":"/h/x","type":"value","value":"MARKER-x"}';

    for (@rows) {
        my ($type, $accepted) = @$_;
        my $label = $type // 'none';
        my $r = $hub->put($DATA, $body,
            headers => { 'Content-Type' => $type });

        $accepted ? is($r->status, 200, $label)
            : is_error($r, 'content_type', $label);
    }

    for my $target (qw(/api/v1/data /api/v1/interpolate /management)) {
        is_error($hub->post($target, '{}',
            headers => { 'Content-Type' => 'text/plain' }), 'content_type',
            $target);
    }

    is_error($hub->post('/api/v1/interpolate', ''), 'bad_request',
        'JSON without a body');
    is($hub->request('GET', "$DATA?name=/h/x", body => 'null')->status, 200,
        'a body of GET is ignored');
    is($hub->request('GET', '/info', chunks => ['x' x 5000, 'y'],
        headers => { 'Content-Type' => 'text/plain' })->status, 200,
        'whatever it is');
    is($hub->request('DELETE', "$DATA?name=/none", body => '{')->status, 404,
        'a body of DELETE too');
};

subtest 'answers stay as they are' => sub {
    my $text = 'MARKER-' . "\x{e9}\x{436}" x 2000;
    utf8::encode(my $bytes = $text);
    $hub->set('/h/long', 'value', $text);

    $hub->configure(http => <<'END');
        gzip on;
        gzip_types *;
        gzip_proxied any;
        gzip_min_length 1;
        gzip_vary on;
        charset_map koi8-r utf-8 { C0 D18E; C1 D0B0; }
        charset koi8-r;
        source_charset utf-8;
        charset_types *;
END
    $hub->reload;

    my @accept = (headers => { 'Accept-Encoding' => 'gzip, br, deflate, *' });
    is($hub->get('/plain', @accept)->header('Content-Encoding'), 'gzip',
        'gzip works elsewhere');

    my @rows = (
        # label, answer, status
        ['get',      $hub->get("$DATA?name=/h/long&current=true",
            @accept), 200],
        ['find',     $hub->get("$DATA?path=", @accept),           200],
        ['missing',  $hub->get('/none', @accept),                 404],
        ['of nginx', $hub->get('/group/', @accept),               404],
        ['HTTP/2',   $hub->h2('GET', "$DATA?name=/h/long&current=true",
            @accept), 200],
    );

    for (@rows) {
        my ($label, $r, $status) = @$_;
        is($r->status, $status, $label);
        is($r->header('Content-Encoding'), undef, "$label: not compressed");
        is($r->header('Content-Type'), $JSON, "$label: content type");
        is($r->header('Content-Length'), length $r->body, "$label: length");
        ok($r->json, "$label: JSON");
    }
    is($rows[$_][1]->json->{data}[0]{value}, $text, 'the text') for 0, 4;

    $hub->configure(http => '');
    $hub->reload;

    my $put = { name => '/h/c', type => 'value', value => 'MARKER-c' };
    my @conditions = (
        ['If-Match'            => '"x"'],
        ['If-None-Match'       => '*'],
        ['If-Modified-Since'   => 'Fri, 01 Jan 2100 00:00:00 GMT'],
        ['If-Unmodified-Since' => 'Sat, 01 Jan 2000 00:00:00 GMT'],
        ['Range'               => 'bytes=0-0'],
    );

    for my $condition (@conditions) {
        my @with = (headers => { @$condition });
        my $r = $hub->get("$DATA?name=/h/x&current=true", @with);

        is($r->status, 200, "GET with $condition->[0]");
        is($r->json->{data}[0]{value}, 'MARKER-x', 'everything');
        is($hub->put($DATA, $put, @with)->status, 200,
            "PUT with $condition->[0]");
    }
};

subtest 'groups and limit_except' => sub {
    my @rows = (
        # request, answer
        [['GET',  '/health'],                       'not_found'],
        [['GET',  '/api/v1/key-usage'],             'not_found'],
        [['GET',  '/version'],                      200],
        [['POST', '/version'],                      'method'],
        [['POST', '/api/v1/regenerate', json => { name => '/none' }], 403],
        [['GET',  '/api/v1/regenerate'],            'method'],
        [['HEAD', '/api/v1/regenerate'],            405],
        [['POST', '/api/v1/interpolate', json => {}], 200],
        [['POST', '/api/v1/interpolate', json => {},
            headers => { 'X-Branch' => 1 }], 200],
    );

    for (@rows) {
        my ($request, $expected) = @$_;
        my $r = $hub->request(@$request);
        my $label = "@$request[0, 1]";

        $expected =~ /^\d+$/ ? is($r->status, $expected, $label)
            : is_error($r, $expected, $label);
        is($r->header('Content-Type'), $JSON, "$label: JSON");
    }
};

subtest 'health' => sub {
    $hub->configure(server => '');
    $hub->reload;
    my $r = $hub->get('/health', cert => undef);

    is($r->status, 200);
    is($r->body, '{"status":"UP"}');
    is($r->header('Content-Type'), 'application/json', 'without a charset');
};

$hub->done;
