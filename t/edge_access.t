# Rights that locations demand: in a proxy to an upstream, in a directory of
# files, as the target of auth_request.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Authority;
use CredHubTest::Permissions qw(permit withdraw);
use CredHubTest::Process qw(read_file write_file);
use Test::More;

my $hub = CredHubTest->new(start => 0, proxy => 1, workers => 1,
    redis_args => 'timeout=2s');
my $uaa = CredHubTest::Authority->new($hub);
my $set = write_file($hub->scratch . '/set.json', $uaa->set_text);
my $up  = $hub->port('upstream');
my $log = $hub->dir . '/upstream.log';

mkdir $hub->scratch . '/files' or die $!;
write_file($hub->scratch . '/files/a.txt', "file\n");

$hub->configure(
    http => <<"END",
    limit_req_zone \$server_name zone=slow:1m rate=1r/m;
    log_format edge '\$request_uri \$status \$credhub_operation '
        '\$credhub_actor \$credhub_resource \$credhub_reason';
    server {
        listen 127.0.0.1:$up;
        access_log $log;
        location / { return 200 "upstream \$request_method\\n"; }
    }
END
    server => <<"END",
    access_log @{[$hub->dir]}/access.log;
    access_log @{[$hub->dir]}/edge.log edge;
    credhub_jwt_key_file $set;
    credhub_api_keys /api-keys;

    location /p/ {
        credhub_access read /apps/p/*;
        proxy_pass http://127.0.0.1:$up;

        location /p/more/ {
            credhub_access write /apps/more;
            credhub_access read /apps/p/*;
            proxy_pass http://127.0.0.1:$up;
        }
        location /p/open/ {
            credhub_access off;
            proxy_pass http://127.0.0.1:$up;
        }
        location /p/inherited/ { proxy_pass http://127.0.0.1:$up; }
    }
    location /name {
        credhub_access read \$arg_n;
        proxy_pass http://127.0.0.1:$up;
    }
    location /files/ {
        credhub_access read /apps/files;
        root @{[$hub->scratch]};
    }
    location /except/ {
        limit_except GET { credhub_access write /apps/except; }
        proxy_pass http://127.0.0.1:$up;
    }
    location /dry/ {
        credhub_access read /apps/dry;
        credhub_access_dry_run on;
        proxy_pass http://127.0.0.1:$up;
    }
    location /dry-denied/ {
        satisfy any;
        deny all;
        credhub_access read /apps/dry;
        credhub_access_dry_run on;
        proxy_pass http://127.0.0.1:$up;
    }
    location /any-allow/ {
        satisfy any;
        allow all;
        credhub_access read /apps/any;
        proxy_pass http://127.0.0.1:$up;
    }
    location /any-deny/ {
        satisfy any;
        deny all;
        credhub_access read /apps/any;
        proxy_pass http://127.0.0.1:$up;
    }
    location /refused/ {
        deny all;
        credhub_access read /apps/refused;
        proxy_pass http://127.0.0.1:$up;
    }
    location /returned/ {
        credhub_access read /apps/returned;
        return 200 "returned\\n";
    }
    location /asked/ {
        auth_request /decide;
        auth_request_set \$who \$credhub_actor;
        add_header X-Who \$who;
        proxy_pass http://127.0.0.1:$up;
    }
    location = /decide {
        credhub_authorize read /apps/asked;
    }
    location /page/ {
        credhub_access read /apps/page;
        error_page 403 = /p/page;
        proxy_pass http://127.0.0.1:$up;
    }
    location /api/guarded {
        credhub_access read /apps/api;
        credhub;
    }
END
);
$hub->start;

my $admin = $hub;
my $app   = $hub->as('second');
my $none  = $hub->as(undef);
my $actor = $hub->actor('second');

sub upstreams () { return read_file($log) =~ tr/\n// }

# The status, and how many requests the upstream has seen for it.
sub asks ($as, $target, $status, $times, $label, %opt) {
    my $before = upstreams();
    my $r = $as->request($opt{method} // 'GET', $target,
        headers => $opt{headers} // {});

    is($r->status, $status, "$label: $status") or diag $r->body // $r->error;
    wait_until(20, sub { upstreams() - $before >= $times });
    is(upstreams() - $before, $times, "$label: upstream $times");
    return $r;
}


subtest 'who asks and what for' => sub {
    asks($admin, '/p/x', 200, 1, 'a right by configuration');
    my $r = asks($none, '/p/x', 401, 0, 'nobody');
    is($r->header('WWW-Authenticate'), 'Bearer, Basic realm="credhub"',
        'challenges');
    ok($r->json->{error}, 'JSON on a server that has a hub');

    asks($app, '/p/x', 403, 0, 'no right');
    my $view = permit($hub, '/apps/p/*', $actor, 'read');
    asks($app, '/p/x', 200, 1, 'a stored right');
    asks($app, '/p/inherited/x', 200, 1, 'inherited');
    withdraw($hub, $view);
    asks($app, '/p/x', 403, 0, 'no longer');

    $view = permit($hub, '/apps/p/y', $actor, 'read');
    asks($app, '/p/x', 403, 0, 'a right on one name below');
    withdraw($hub, $view);

    $view = permit($hub, '/apps/*', $actor, 'write');
    asks($app, '/p/x', 403, 0, 'another right');
    withdraw($hub, $view);

    $view = permit($hub, '/*', $actor, 'read');
    asks($app, '/p/x', 200, 1, 'a right on all');
    withdraw($hub, $view);

    asks($none, '/p/open/x', 200, 1, 'off');
    asks($hub->as('noou'), '/p/x', 401, 0, 'a certificate that is nobody');
};


subtest 'several lines' => sub {
    my $read = permit($hub, '/apps/p/*', $actor, 'read');
    asks($app, '/p/more/x', 403, 0, 'one of two');
    my $write = permit($hub, '/apps/more', $actor, 'write');
    my $links = $hub->proxy->count;
    asks($app, '/p/more/x', 200, 1, 'two of two');
    withdraw($hub, $read);
    asks($app, '/p/more/x', 403, 0, 'the other');
    withdraw($hub, $write);
};


subtest 'round trips' => sub {
    my $read  = permit($hub, '/apps/p/*', $actor, 'read');
    my $write = permit($hub, '/apps/more', $actor, 'write');

    for (['/p/more/x', $app, 2], ['/p/more/x', $admin, 0],
        ['/refused/x', $app, 0], ['/any-allow/x', $app, 0],
        ['/p/x', $none, 0])
    {
        my ($target, $as, $commands) = @$_;
        $hub->proxy->forget;
        $as->get($target);
        is($hub->proxy->count('HMGET'), $commands, "$target: commands");
        is($hub->proxy->count, $commands, 'and no others');
    }
    withdraw($hub, $read, $write);
};


subtest 'paths' => sub {
    my $view = permit($hub, '/apps/n', $actor, 'read');

    asks($app, '/name?n=/apps/n', 200, 1, 'from the request');
    asks($app, '/name?n=/APPS/N', 200, 1, 'folded');
    asks($app, '/name?n=/apps/m', 403, 0, 'another');
    asks($app, "/name?n=$_", 403, 0, length $_ > 40 ? 'a long one' : "'$_'")
        for '', 'apps/n', '/apps/n/', '/', '/apps//n', '/apps/n%0a', '/apps/n*',
        '/' . 'x' x 1100;
    asks($admin, '/name?n=/apps/%C3%BC', 403, 0, 'no such names, for anybody');
    withdraw($hub, $view);
};


subtest 'other content' => sub {
    asks($app, '/files/a.txt', 403, 0, 'a file');
    is($admin->get('/files/a.txt')->body, "file\n", 'which there is');

    asks($none, '/except/x', 200, 1, 'limit_except GET');
    asks($none, '/except/x', 401, 0, 'POST', method => 'POST');
    asks($app, '/except/x', 403, 0, 'POST', method => 'POST');
    asks($admin, '/except/x', 200, 1, 'POST', method => 'POST');

    asks($app, '/api/guarded', 403, 0, 'the hub itself');
    asks($admin, '/api/guarded', 404, 0, 'the hub itself, let in');

    is($none->get('/returned/x')->body, "returned\n",
        '"return" answers before access is checked: a documented trap');
};


subtest 'dry run' => sub {
    asks($none, '/dry/x', 200, 1, 'nobody');
    asks($app, '/dry/x', 200, 1, 'no right');
    ok($hub->wait_log(qr/access of "\Q$actor\E" on "\/apps\/dry": forbidden, dry run/),
        'is logged');
    asks($admin, '/dry-denied/x', 403, 0,
        'does not satisfy what refuses otherwise');
};


subtest 'satisfy any' => sub {
    asks($none, '/any-allow/x', 200, 1, 'allow: nobody');
    asks($app, '/any-deny/x', 403, 0, 'deny: no right');
    asks($none, '/any-deny/x', 401, 0, 'deny: nobody');
    my $view = permit($hub, '/apps/any', $actor, 'read');
    asks($app, '/any-deny/x', 200, 1, 'deny: a right');
    withdraw($hub, $view);
    asks($admin, '/refused/x', 403, 0, 'satisfy all: deny');
};


subtest 'auth_request' => sub {
    my $r = asks($none, '/asked/x', 401, 0, 'nobody');
    ok($r->header('WWW-Authenticate'), 'a challenge');
    asks($app, '/asked/x', 403, 0, 'no right');
    my $view = permit($hub, '/apps/asked', $actor, 'read');
    $r = asks($app, '/asked/x', 200, 1, 'a right');
    is($r->header('X-Who'), $actor, 'who');

    $r = asks($app, '/decide', 204, 0, 'asked directly');
    asks($app, '/decide', 204, 0, 'POST', method => 'POST');
    withdraw($hub, $view);
    asks($app, '/decide', 403, 0, 'without the right');
    asks($none, '/decide', 401, 0, 'nobody');
};


subtest 'internal redirects' => sub {
    my $view = permit($hub, '/apps/p/*', $actor, 'read');
    asks($app, '/page/x', 200, 1, 'the page decides for itself');
    withdraw($hub, $view);
    asks($app, '/page/x', 403, 0, 'and refuses too');
    ok(wait_until(20, sub { read_file($hub->dir . '/edge.log') =~
        m{^/page/x 403 access \Q$actor\E /apps/page forbidden$}m }),
        'the first decision is logged');
};


subtest 'other identities' => sub {
    my $token = $uaa->token(client_id => 'app');
    my @views = map { permit($hub, '/apps/p/*', $_, 'read') }
        'uaa-client:app', 'api-key:app';
    $hub->set('/api-keys/app', 'user', { password => 'MARKER-app' });
    my $basic = 'YXBwOk1BUktFUi1hcHA=';

    asks($none, '/p/x', 200, 1, 'a token',
        headers => { Authorization => "Bearer $token" });
    asks($none, '/p/x', 401, 0, 'no token',
        headers => { Authorization => 'Bearer x' });
    asks($none, '/p/x', 403, 0, 'a token without the scope',
        headers => { Authorization => 'Bearer '
            . $uaa->token(client_id => 'app', scope => ['openid']) });
    asks($none, '/p/x', 200, 1, 'an API key',
        headers => { Authorization => "Basic $basic" });
    withdraw($hub, @views);
};


subtest 'HTTP/2' => sub {
    my $view = permit($hub, '/apps/p/*', $actor, 'read');
    is($app->h2('GET', '/p/x')->status, 200, 'a right');
    withdraw($hub, $view);
    is($app->h2('GET', '/p/x')->status, 403, 'none');
    is($none->h2('GET', '/p/x')->status, 401, 'nobody');
};


subtest 'while it waits' => sub {
    my $view = permit($hub, '/apps/p/*', $actor, 'read');
    my $before = upstreams();

    $hub->proxy->forget;
    $hub->proxy->hold;
    my @clients = map { $app->connect } 1 .. 3;
    $_->request('POST', '/p/x', body => 'x' x 100_000) for @clients;
    ok($hub->proxy->wait_for('HMGET', 3), 'three wait');
    $clients[0]->close;
    ok(wait_until(20, sub { $hub->access_log =~ m{"POST /p/x [^"]*" 499 } }),
        'one leaves');

    $clients[1]->send('x') for 1 .. 10;    # events of the same connection
    $hub->proxy->release;
    is($clients[2]->response->status, 200, 'goes on');
    is($clients[1]->response->status, 200, 'and the other');
    wait_until(20, sub { upstreams() - $before >= 2 });
    is(upstreams() - $before, 2, 'each once');
    is($hub->proxy->count('HMGET'), 3, 'asked once each');

    my $h2 = $app->connect_h2;
    $hub->proxy->hold;
    my $id = $h2->request('GET', '/p/x');
    ok($hub->proxy->wait_for('HMGET', 4), 'HTTP/2 waits');
    $h2->cancel($id);
    $hub->proxy->release;
    is($app->get('/p/x')->status, 200, 'after a stream was cancelled');

    $hub->proxy->hold;
    my $client = $app->connect;
    $client->request('GET', '/p/x');
    ok($hub->proxy->wait_for('HMGET', 6), 'waits again');
    $hub->reload(old => 1);
    $hub->proxy->release;
    is($client->response->status, 200, 'loses nothing');
    withdraw($hub, $view);
};


subtest 'Redis is down' => sub {
    $hub->stop_redis;
    $hub->proxy->cut;
    my $r = asks($app, '/p/x', 503, 0, 'no decision');
    is($r->header('Retry-After'), 1, 'Retry-After');
    asks($admin, '/p/x', 200, 1, 'a right by configuration');
    asks($none, '/any-allow/x', 200, 1, 'satisfy any, allow');
    asks($app, '/any-deny/x', 503, 0, 'satisfy any, deny');
    asks($app, '/asked/x', 500, 0, 'auth_request');
    asks($app, '/dry/x', 200, 1, 'dry run');
    asks($none, '/p/open/x', 200, 1, 'off');
};

done_testing;
