# Errors that nginx makes itself, on servers with a hub location and without.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use CredHubTest::Nginx;
use CredHubTest::Process qw(write_file);
use IO::Socket::INET;
use Test::More;

my $JSON = 'application/json;charset=UTF-8';

# nobody listens on one port, nobody answers on the other
my $closed = CredHubTest::Nginx->free_port;
my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5)
    or die $!;
my $answers = CredHubTest::Nginx->free_port;

# status => what nginx is asked for it
my @STATUSES = (400, 401, 403, 404, 405, 411, 413, 414, 415, 421, 429,
    431, 500, 502, 503, 504, 418, 501, 505, 507);

my $beside = join '', map {
    "location ~ ^/(?:v1/|vedsdk/|vedauth/|)$_\$ { return $_; }\n"
} @STATUSES;
$beside .= <<"END";
    large_client_header_buffers 2 2k;
    location /denied  { deny all; }
    location /files   { root /nonexistent; }
    location /small   { client_max_body_size 10;
                        proxy_pass http://127.0.0.1:$closed; }
    location = /file  { alias nginx.conf; }
    location /closed  { proxy_pass http://127.0.0.1:$closed; }
    location /silent  { proxy_pass http://127.0.0.1:@{[$silent->sockport]};
                        proxy_read_timeout 100ms; }
    location /upstream { proxy_pass http://127.0.0.1:$answers; }
    location /loop    { rewrite ^ /loop; }
    location /basic   { auth_basic "x"; auth_basic_user_file /dev/null; }
    location /moved   { return 302 /x; }
    location /text    { return 404 "text of the operator"; }
    location /page    { error_page 404 /own; error_page 403 =200 /own;
                        error_page 502 \@own; return 404; }
    location /page/denied  { error_page 403 =410 /own; deny all; }
    location /page/closed  { error_page 502 \@own;
                             proxy_pass http://127.0.0.1:$closed; }
    location /page/ok      { error_page 403 =200 /own; deny all; }
    location = /own   { internal; default_type text/x-own; return 404 "own"; }
    location \@own     { default_type text/x-own; return 502 "own"; }
    location ~ ^/(v1/|)limited\$ { limit_req zone=one; limit_req_status 429;
                        credhub; }
    location /tiny    { credhub; client_max_body_size 10; }
END

my $hub = CredHubTest->new(
    config => sub ($hub) {
        my $plain = $hub->server_block(port => 'nohub', server => $beside
            =~ s/location \/tiny.*//r
            =~ s/limit_req .*\n.*credhub;/return 404;/r);
        $plain =~ s/\bcredhub;//;
        return join "\n", $hub->hub_lines,
            'limit_req_zone $uri zone=one:32k rate=1r/m;', $plain,
            $hub->server_block(server => $beside),
            $hub->server_block(port => 'must', verify => 'on'),
            $hub->server_block(port => 'main', name => 'second'),
            "server { listen 127.0.0.1:$answers; location / {"
            . ' default_type text/html; return 404 "<html>theirs</html>"; } }';
    },
);


# The three shapes besides CredHub's own
my %shape = (
    'v1'      => ['code', 'message'],
    'vedsdk'  => ['Response'],
    'vedauth' => ['error', 'error_description'],
    ''        => ['error'],
);

sub shaped ($r, $style, $status, $label) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $json = $r->json;
    my $good = $r->status == $status && ref $json eq 'HASH'
        && join(' ', sort keys %$json) eq join(' ', @{ $shape{$style} })
        && ($r->header('Content-Type') // '') eq $JSON
        && $r->header('Content-Length') == length $r->body
        && $r->body !~ /nginx|<|\n/;

    if ($good && $style eq 'vedsdk') {
        my $in = $json->{Response};
        $good = ref $in eq 'HASH'
            && join(' ', sort keys %$in) eq 'ErrorCode ErrorMessage Success'
            && $in->{ErrorCode} eq $status && $in->{ErrorMessage} =~ /\S/
            && $r->body =~ /"Success":false\b/;
    } elsif ($good) {
        $good = !grep { ref || !/\S/ } values %$json;
    }

    ok($good, $label) or diag("expected $status of $style, got ", $r->status,
        ' ', $r->error // $r->body);
    return;
}


subtest 'shapes' => sub {
    my @rows = (
        # path, shape
        ['/v1/404',         'v1'],
        ['/v1/404?x=1',     'v1'],
        ['/vedsdk/404',     'vedsdk'],
        ['/vedauth/404',    'vedauth'],
        ['/404',            ''],
        ['/files/v1',       ''],
        ['/files',          ''],
        ['/%761/404',       ''],
        ['https://localhost/v1/404',     'v1'],
        ['https://localhost/vedsdk/404', 'vedsdk'],
        ['https://localhost/404',        ''],
    );

    for (@rows) {
        my ($path, $style) = @$_;
        my $r = $hub->get($path);
        shaped($r, $style, 404, $path);
        shaped($hub->h2('GET', $path), $style, 404, "$path over HTTP/2")
            if $path =~ m{^/};

        my $head = $hub->head($path);
        is($head->status, 404, "HEAD $path");
        is($head->header('Content-Length'), length $r->body,
            "HEAD $path: length");
    }

    is($hub->get('/v1/404')->body, '{"code":"NotFound","message":'
        . '"The requested resource does not exist."}', 'the envelope');
    is($hub->get('/vedsdk/404')->body, '{"Response":{"ErrorCode":404,'
        . '"ErrorMessage":"The requested resource does not exist.",'
        . '"Success":false}}', 'Response');
};

subtest 'too many requests' => sub {
    for (['/v1/limited', 'v1'], ['/limited', '']) {
        my ($path, $style) = @$_;
        is($hub->get($path)->status, 404, "$path: the first");

        my $r = $hub->get($path);
        shaped($r, $style, 429, "$path: the second");
        is($r->header('Retry-After'), 1, "$path: when to come again");
    }
};

subtest 'every status' => sub {
    for my $status (@STATUSES) {
        for my $style (sort keys %shape) {
            my $path = $style ? "/$style/$status" : "/$status";
            my $r = $hub->get($path);

            shaped($r, $style, $status, $path);
            is($r->header('Cache-Control'),
                'no-cache, no-store, max-age=0, must-revalidate',
                "$path: not cached");
            is($r->header('Retry-After'), $status =~ /^(?:429|503)$/ ? 1 : undef,
                "$path: Retry-After");
        }
    }
};

subtest 'where they come from' => sub {
    my $long = 'x' x 5000;
    my @big  = (headers => { 'X-Long' => $long });
    my @body = (body => 'x' x 20);

    my @rows = (
        # label, answer, shape, status
        ['a location that is closed', $hub->get('/denied'), '', 403],
        ['a file that is missing',    $hub->get('/files/x'), '', 404],
        ['TRACE',                $hub->request('TRACE', '/v1/x'), 'v1', 405],
        ['POST to a file',       $hub->post('/file', '{}'), '', 405],
        ['a body too large',     $hub->put('/small', 'x' x 20), '', 413],
        ['in chunks',
            $hub->request('PUT', '/small', chunks => ['x' x 20]), '', 413],
        ['a body too large for the hub',
            $hub->request('PUT', '/tiny/api', @body), '', 413],
        ['a target too long',    $hub->get("/$long"), '', 414],
        ['one of the envelope',  $hub->get("/v1/$long"), 'v1', 414],
        ['one of the query',     $hub->get("/vedsdk?$long"), 'vedsdk', 414],
        ['a header too long',    $hub->get('/x', @big), '', 400],
        ['of the envelope',      $hub->get('/v1/x', @big), 'v1', 400],
        ['a bad escape',         $hub->get('/%zz'), '', 400],
        ['of the envelope',      $hub->get('/v1/%zz'), 'v1', 400],
        ['of vedauth',           $hub->get('/vedauth/../../x'), 'vedauth',
            400],
        ['no Host',              $hub->get('/vedsdk/x', sni => '',
            headers => { Host => undef }), 'vedsdk', 400],
        ['a bad Host',           $hub->get('/v1/x',
            headers => { Host => 'a b' }), 'v1', 400],
        ['an unknown encoding',  $hub->put('/v1/x', 'x',
            headers => { 'Transfer-Encoding' => 'x' }), 'v1', 501],
        ['a bad length',         $hub->put('/vedauth', undef,
            headers => { 'Content-Length' => 'x' }), 'vedauth', 400],
        ['an upstream that is down', $hub->get('/closed'), '', 502],
        ['one that is silent',   $hub->get('/silent'), '', 504],
        ['a loop',               $hub->get('/loop'), '', 500],
        ['the wrong server',     $hub->get('/v1/x', host => 'second',
            sni => 'localhost'), 'v1', 421],
        ['no certificate (496)', $hub->get('/v1/x', port => 'must',
            cert => undef), 'v1', 400],
        ['no TLS (497)',         $hub->get('/v1/x', plain => 1), 'v1', 400],
        ['no TLS, CredHub',      $hub->get('/info', plain => 1), '', 400],
        ['no password',          $hub->get('/basic'), '', 401],
    );

    shaped($_->[1], @$_[2, 3], $_->[0]) for @rows;

    is($rows[-1][1]->header('WWW-Authenticate'), 'Basic realm="x"',
        'a header of nginx stays');

    for my $path (qw(/info /404 /v1/x /vedsdk/x)) {
        is_error($hub->get($path, cert => 'expired'), 'certificate:expired',
            "a wrong certificate (495) for $path");
        is_error($hub->h2('GET', $path, cert => 'expired'),
            'certificate:expired', "and over HTTP/2");
    }
};

subtest 'bad request lines' => sub {
    my @rows = (
        # line, shape, status
        ["x",                          '',       400],
        ["GET",                        '',       400],
        ["GET /v1/x HTTP/9.9",         'v1',     505],
        ["GET /v1 HTTP/x",             'v1',     400],
        ["GET /vedsdk/x HTTP/1.1 x",   'vedsdk', 400],
        ["GET /v1\x01/x HTTP/1.1",     'v1',     400],
        ["GET x HTTP/1.1",             '',       400],
        ["G\x01T /v1/x HTTP/1.1",      '',       400],
        ["CONNECT localhost:1 HTTP/1.1", '',     400],
    );

    for (@rows) {
        my ($line, $style, $status) = @$_;
        my $one = $hub->connect;
        $one->{method} = 'GET';
        $one->send("$line\r\nHost: localhost\r\n\r\n");
        shaped($one->response, $style, $status,
            $line =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ger);
    }
};

subtest 'pages of the operator stay' => sub {
    my @rows = (
        # path, status, type, body
        ['/text',        404, 'text/plain', 'text of the operator'],
        ['/page',        404, 'text/x-own', 'own'],
        ['/page/denied', 410, 'text/x-own', 'own'],
        ['/page/ok',     200, 'text/x-own', 'own'],
        ['/page/closed', 502, 'text/x-own', 'own'],
        ['/upstream',    404, 'text/html',  '<html>theirs</html>'],
    );

    for (@rows) {
        my ($path, $status, $type, $body) = @$_;
        my $r = $hub->get($path);
        is($r->status, $status, $path);
        is($r->header('Content-Type'), $type, "$path: type");
        is($r->body, $body, "$path: body");
    }

    like($hub->get('/moved')->body, qr/<title>302/, 'and no error at all');
};

subtest 'a server without a hub' => sub {
    my @at = (port => 'nohub');
    my @rows = (
        ['/404', 404], ['/v1/404', 404], ['/vedsdk/404', 404], ['/503', 503],
        ['/denied', 403], ['/closed', 502], ['/%zz', 400],
        ['/' . 'x' x 5000, 414],
    );

    for (@rows) {
        my ($path, $status) = @$_;
        my $r = $hub->get($path, @at);
        my $label = substr $path, 0, 20;
        is($r->status, $status, $label);
        is($r->header('Content-Type'), 'text/html', "$label: type");
        like($r->body, qr/^<html>/, "$label: body");
        is($r->header('X-Frame-Options'), undef, "$label: headers");
    }

    like($hub->get('/404', @at, cert => 'expired')->body, qr/^<html>/,
        'a wrong certificate');
    like($hub->get('/404', @at, plain => 1)->body, qr/^<html>/, 'no TLS');
};

$hub->done;
