# /info, /health, /version, /api/v1/key-usage.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors qw(is_error answers);
use Test::More;

my @KEYS = map { [$_, sprintf('%-32s', "MARKER-key-$_")] } qw(k1 k2 k3);

my $hub = CredHubTest->new(
    keys   => [$KEYS[0]],
    http   => q(credhub_auth_server 'https://uaa.example:8443/"quoted"';),
);

my $JSON_TYPE = 'application/json;charset=UTF-8';


# path, answer, content type, for nobody too?
my @ENDPOINTS = (
    ['/info', '{"auth-server":{"url":"https://uaa.example:8443/\"quoted\""},'
        . '"app":{"name":"CredHub"}}', $JSON_TYPE, 1],
    ['/health', '{"status":"UP"}', 'application/json', 1],
    ['/version', qr/^\{"version":"(\d+)\.(\d+)\.(\d+)"\}\z/, $JSON_TYPE, 0],
    ['/api/v1/key-usage',
        '{"active_key":0,"inactive_keys":0,"unknown_keys":0}', $JSON_TYPE, 0],
);

my %HEADERS = (
    'x-content-type-options' => 'nosniff',
    'x-frame-options'        => 'DENY',
    'x-xss-protection'       => '0',
    'cache-control'          => 'no-cache, no-store, max-age=0, must-revalidate',
    'pragma'                 => 'no-cache',
    'expires'                => '0',
);

subtest 'answers' => sub {
    for my $row (@ENDPOINTS) {
        my ($path, $body, $type, $open) = @$row;

        for my $target ($path, "$path/", "$path?x=1") {
            my $r = $hub->get($target);
            is($r->status, 200, $target);
            ref $body ? like($r->body, $body, "$target: body")
                : is($r->body, $body, "$target: body");
            is($r->header('Content-Type'), $type, "$target: type");
            is($r->header('Content-Length'), length $r->body,
                "$target: length");

            my $headers = $r->headers;
            is_deeply({ map { $_ => $headers->{$_} } keys %HEADERS },
                \%HEADERS, "$target: headers");
            like($headers->{'strict-transport-security'}, qr/^max-age=\d+/);

            my $head = $hub->head($target);
            is($head->status, 200, "HEAD $target");
            is($head->header('Content-Length'), length $r->body,
                "HEAD $target: length");
        }

        for my $who ('second', undef) {
            my $r = $hub->as($who)->get($path);
            my $ok = $open || defined $who;
            my $what = "$path by " . ($who // 'nobody');
            $ok ? is($r->status, 200, $what)
                : is_error($r, 'unauthenticated', $what);
        }
    }
};

subtest 'the version is one that clients know' => sub {
    my $got = join '', map { sprintf '%03d', $_ }
        split /\./, $hub->get('/version')->json->{version};
    cmp_ok($got, '>=', '002012000');
    cmp_ok($got, '<',  '003000000');
};


# certificate, path, error
my @IDENTITIES = (
    ['noou',    '/info',    'mtls_id'],
    ['badou',   '/health',  'mtls_id'],
    ['badou',   '/version', 'mtls_id'],
    ['noeku',   '/info',    'mtls_usage'],
    ['otherca', '/info',    'certificate:certificate'],
    ['expired', '/version', 'certificate:certificate'],
);

subtest 'a wrong certificate fails where none is needed, too' => sub {
    answers($hub->as($_->[0])->get($_->[1]), $_->[2], "$_->[0] $_->[1]")
        for @IDENTITIES;
};


# method, path, status, Allow
my @METHODS = (
    (map { my $path = $_; map { [$_, $path, 405, 'GET, HEAD, OPTIONS'] }
        qw(POST PUT PATCH DELETE) }
        qw(/info /health /version /api/v1/key-usage)),
    (map { ['OPTIONS', $_, 200, 'GET, HEAD, OPTIONS'] }
        qw(/info /health /version /api/v1/key-usage)),
    ['GET', '/version/x',           404],
    ['GET', '/Version',             404],
    ['GET', '/api/v1/key-usage/x',  404],
    ['GET', '/api/v2/key-usage',    404],
    ['GET', '/docs/index.html',     404],
    ['GET', '/',                    404],
);

subtest 'methods and paths' => sub {
    for my $row (@METHODS) {
        my ($method, $path, $status, $allow) = @$row;
        my $r = $hub->request($method, $path,
            $method =~ /^P/ ? (json => {}) : ());
        is($r->status, $status, "$method $path");
        is($r->header('Allow'), $allow, "$method $path: Allow");
        is(ref $r->json, 'HASH', "$method $path: a JSON object");
        is(join(' ', keys %{ $r->json }), 'error', "$method $path: an error")
            if $status >= 400;
    }
};

subtest 'without a server of tokens' => sub {
    $hub->configure(http => '');
    $hub->reload;
    is($hub->get('/info')->body,
        '{"auth-server":{"url":""},"app":{"name":"CredHub"}}');
};


sub with_keys (@keys) {
    $hub->configure(keys => \@keys);
    $hub->reload;
    return;
}

sub usage ($as = $hub) {
    my $got = $as->get('/api/v1/key-usage')->json;
    return join ' ', @$got{qw(active_key inactive_keys unknown_keys)};
}

subtest 'key-usage' => sub {
    my ($k1, $k2, $k3) = @KEYS;

    $hub->set('/u/one', 'value', "MARKER-$_") for 1 .. 3;
    is(usage(), '3 0 0', 'versions count, not credentials');

    $hub->set('/u/public', 'rsa', { public_key => 'public' });
    $hub->set('/u/public', 'ssh', { public_key => 'public' });
    is(usage(), '3 0 0', 'no secret, no key');

    $hub->set('/u/user', 'user', { username => 'u', password => 'MARKER-u' });
    $hub->made($hub->generate('/u/made', 'password'));
    $hub->set('/u/json', 'json', { a => 'MARKER-j' });
    $hub->set('/u/key', 'rsa', { private_key => 'MARKER-r' });
    is(usage(), '7 0 0', 'every type, and parameters do not count twice');

    $hub->get('/api/v1/data?name=/u/one');
    $hub->generate('/u/made', 'password');
    is(usage(), '7 0 0', 'reading and keeping change nothing');

    with_keys($k2, $k1);
    is(usage(), '0 7 0', 'the first key is the active one');
    $hub->set('/u/two', 'value', 'MARKER-two');
    is(usage(), '1 7 0', 'new versions are sealed with it');

    with_keys($k2, $k3);
    is(usage(), '1 0 7', 'a key that is gone');
    with_keys($k3, $k2, $k1);
    is(usage(), '0 8 0', 'two inactive ones');

    is($hub->delete('/api/v1/data?name=/u/one')->status, 204);
    is(usage(), '0 5 0', 'deleted versions count no more');
    with_keys($k1);
    is(usage(), '4 0 1');

    is(usage($hub->as('second')), '4 0 1', 'needs no permission');
};

subtest 'keys of a subtree are active there' => sub {
    my ($k1, $k2, $k3) = @KEYS;

    with_keys($k1, [@$k2, 'path=/u/*']);
    is(usage(), '5 0 0');
    with_keys($k3, [@$k2, 'path=/u/*'], [@$k1, 'path=/u/*']);
    is(usage(), '1 4 0');
};

subtest 'Redis is down' => sub {
    $hub->stop_redis;
    is($hub->get($_)->status, 200, $_) for qw(/info /health /version);

    my $r = $hub->get('/api/v1/key-usage');
    is($r->status, 503, 'key-usage');
    is($r->header('Retry-After'), 1);
    is(join(' ', keys %{ $r->json }), 'error');

    $hub->start_redis;
    ok(wait_until(60, sub { $hub->get('/api/v1/key-usage')->status == 200 }),
        'and up again');
};

$hub->done;
