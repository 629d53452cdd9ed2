# The test library itself, on nginx without the module.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Process qw(write_file);
use Test::More;

my $hub = CredHubTest->new(
    module => 0,
    proxy  => 1,
    server => <<'END',
        error_page 495 496 =400 /bad;
        location = /bad { return 400 "bad certificate"; }
        location = /who { return 200 $ssl_client_verify; }
        location = /dn { return 200 $ssl_client_s_dn; }
        location = /protocol { return 200 $server_protocol; }
        location = /log { alias /nonexistent; return 200 $request_uri; }
        location = /empty { return 204; }
END
    location => 'return 200 "$request_method $request_uri";',
    servers  => [{ port => 'other', client_ca => 'ca2', cert => 'server2',
        location => 'return 200 other;' }],
);

subtest 'requests' => sub {
    my $r = $hub->get('/a%2e%2E/b?x=1');
    is($r->status, 200);
    is($r->body, 'GET /a%2e%2E/b?x=1', 'the target is sent as it is');
    is($hub->put('/x', { a => 1 })->body, 'PUT /x');
    is($hub->post('/x', 'raw')->status, 200);
    is($hub->post('/x', undef, chunks => ['a', 'bc'])->body, 'POST /x');
    is($hub->head('/x')->body, '');
    is($hub->head('/x')->header('Content-Length'), 7);
    is($hub->get('/empty')->status, 204);
    is($hub->get('/', port => 'other', cert => undef)->body, 'other');
    is($hub->get('/x', headers => { Host => undef })->status, 400,
        'a default header can be left out');
};

subtest 'HTTP/2' => sub {
    is($hub->h2('GET', '/protocol')->body, 'HTTP/2.0');
    is($hub->h2('POST', '/x/%2e', json => { a => 1 })->body, 'POST /x/%2e');
    is($hub->h2('HEAD', '/x')->status, 200);
};

subtest 'certificates' => sub {
    is($hub->as($_)->get('/who')->body, 'SUCCESS', $_)
        for qw(good second third noou badou);
    is($hub->as($_)->get('/who')->body, 'bad certificate', $_)
        for qw(otherca expired srveku);
    is($hub->as(undef)->get('/who')->body, 'NONE');
    is($hub->get('/', port => 'other', cert => 'otherca')->body, 'other');
    is($hub->get('/dn')->body, 'CN=good,OU=app:' . $hub->pki->uuid('good'));
};

subtest 'one connection' => sub {
    my $one = $hub->connect;
    is($one->request('GET', '/1', keep => 1)->response->body, 'GET /1');
    is($one->request('GET', '/2', keep => 1)->response->body, 'GET /2');

    my $two = $hub->connect;
    $two->send("GET /3 HTTP/1.1\r\nHos");
    is($one->request('GET', '/4')->response->body, 'GET /4');
    $two->send("t: x\r\nConnection: close\r\n\r\n");
    $two->{method} = 'GET';
    is($two->response->body, 'GET /3');
    is($two->response->status, 0, 'the end of a connection is no response');
    isnt($two->response->error, undef);

    $hub->connect->reset;
    is($hub->get('/', port => 1)->status, 0, 'nobody listens');
};

subtest 'Redis' => sub {
    is($hub->redis('SET', 'a', "b\r\nc"), 'OK');
    is($hub->redis('GET', 'a'), "b\r\nc");
    is($hub->redis('GET', 'none'), undef);
    is_deeply($hub->redis('EVAL', 'return {1, {"x", false}, "y"}', 0),
        [1, ['x', undef], 'y']);
    is(eval { $hub->redis('NOSUCH') }, undef);
    like($@, qr/^redis: ERR unknown command/);

    ok($hub->stop_redis('KILL'), 'killed');
    $hub->start_redis;
    is($hub->redis('GET', 'a'), "b\r\nc", 'an answered write survives');
};

subtest 'proxy' => sub {
    my $proxy = $hub->proxy;
    my $link  = sub {
        return bless { socket => $proxy->socket }, 'CredHubTest::Redis';
    };
    my $redis = $link->();

    is($redis->command('GET', 'a'), "b\r\nc");
    is($redis->command('LRANGE', 'none', 0, -1)->@*, 0);
    is_deeply([$proxy->commands], ['GET', 'LRANGE']);
    is($proxy->count('get'), 1);
    is($proxy->links,        1);
    ok($proxy->wait_ready(1), 'that waits for nothing');

    $proxy->forget;
    $proxy->answer('-ERR a fault', 'evalsha');
    my %sha1   = reverse CredHubTest::Proxy::scripts()->%*;
    my @script = ('EVALSHA', lc $sha1{SWEEP}, 0);
    is(eval { $redis->command(@script) }, undef);
    like($@, qr/NOSCRIPT/, 'what a worker does by itself is left alone');
    is($proxy->count, 0, 'and not counted');
    is(eval { $redis->command('EVALSHA', 'x', 0) }, undef);
    like($@, qr/a fault/, 'other scripts are not');

    $proxy->split(1);
    is_deeply($redis->command('EVAL', 'return {1, {"x", false}, "y"}', 0),
        [1, ['x', undef], 'y'], 'single bytes');
    $proxy->split(0);

    $proxy->answer('-LOADING Redis is loading', 'get');
    is($redis->command('SET', 'b', 1), 'OK', 'another command passes');
    is(eval { $redis->command('GET', 'b') }, undef);
    like($@, qr/^redis: LOADING/);
    is($redis->command('GET', 'b'), 1, 'only once');

    $proxy->forget;
    $proxy->lose('INCR');
    is(eval { $redis->command('INCR', 'b') }, undef);
    like($@, qr/connection closed/);
    is($redis->command('GET', 'b'), 2, 'a lost reply belongs to a done command');
    is_deeply([$proxy->commands], ['INCR', 'GET']);

    $proxy->answer('', 'INCR');
    is(eval { $redis->command('INCR', 'b') }, undef);
    is($redis->command('GET', 'b'), 2, 'a cut command was not done');

    $proxy->hold;
    my $raw = IO::Socket::UNIX->new(Peer => $proxy->socket);
    syswrite $raw, "*2\r\n\$4\r\nINCR\r\n\$1\r\nb\r\n";
    ok($proxy->wait_for('INCR', 2), 'the command has passed');
    ok(wait_until(60, sub { $hub->redis('GET', 'b') == 3 }), 'and is done');
    ok(!IO::Select->new($raw)->can_read(0), 'its reply is held');
    $proxy->release;
    sysread $raw, my $reply, 100;
    is($reply, ":3\r\n", 'and released');

    $proxy->cut;
    is(sysread($raw, $reply, 1), 0, 'cut');
    is($proxy->links, 0);
};

subtest 'processes' => sub {
    my @old = $hub->worker_pids;
    is(@old, 2);
    ok($hub->kill_worker($old[0]), 'another worker follows');
    $hub->reload;
    my %old = map { $_ => 1 } @old;
    is((grep { $old{$_} } $hub->worker_pids), 0, 'reloaded');

    ok($hub->quit, 'quit');
    is($hub->get('/x')->status, 0);
    $hub->start;
    is($hub->get('/x')->status, 200);

    $hub->configure(location => 'nonsense;');
    my ($code, $text) = $hub->nginx_test;
    isnt($code, 0);
    like($text, qr/unknown directive "nonsense" in .*nginx\.conf:\d+/);
    $hub->configure(location => 'return 200;');
    is(($hub->nginx_test)[0], 0);
};

$hub->finish;

subtest 'what the audit finds' => sub {
    my $bad = CredHubTest->new(module => 0, location => 'return 200;');
    my $found = sub { [map {s{^\Q@{[$bad->dir]}\E/}{}r} $bad->_leaks($bad->_raw_redis)] };

    is_deeply($found->(), [], 'nothing');
    $bad->get('/MARKER-1');
    ok(wait_until(60, sub { $bad->access_log ne '' }), 'logged');
    is_deeply($found->(), ['access.log'], 'a secret in a log');

    write_file($bad->dir . '/access.log', '');
    write_file($bad->dir . '/temp/x', MIME::Base64::encode_base64($_ . 'MARKER-1')),
        is_deeply($found->(), ['temp/x'], "in base64 behind \"$_\"")
        for '', 'a', 'ab';
    unlink $bad->dir . '/temp/x';

    $bad->keep_secret('s3cr3t');
    $bad->redis('HSET', 'key', 'field', 'a s3cr3t b');
    is_deeply([grep { !m{^redis/} } @{ $found->() }], ['Redis key key'],
        'in Redis');
    ok((grep {m{^redis/}} @{ $found->() }), 'and in its AOF');

    write_file($bad->dir . '/error.log', "x [alert] y\nx [alert] z\n");
    $bad->expect_log(qr/ y$/);
    my @seen;
    {
        no warnings 'redefine';
        local *CredHubTest::is_deeply = sub { push @seen, $_[0]; 1 };
        local *CredHubTest::is        = sub { push @seen, $_[0]; 1 };
        $bad->_audit_log;
    }
    is_deeply(\@seen, [['x [alert] z'], undef], 'an alert');
    $bad->quit;
};

subtest 'reports of sanitizers' => sub {
    my $report = sub ($text) {
        return CredHubTest::_sanitizer_report($text);
    };
    my $leak = "==7==ERROR: LeakSanitizer: detected memory leaks\n\n"
        . "Direct leak of 9 byte(s) in 1 object(s) allocated from:\n"
        . "    #0 0x1 in malloc x.cpp:69\n";
    my $sum = "SUMMARY: AddressSanitizer: 9 byte(s) leaked in 1 allocation.\n";

    is_deeply([$report->("2026 [notice] 1#1: exit\n")], [undef], 'none');
    is_deeply([$report->("$leak    #1 0x2 (/usr/sbin/nginx+0x3)\n\n$sum")],
        [undef, 7, 1], q(a leak of nginx's own));
    is_deeply([$report->("==8==LeakSanitizer has encountered a fatal error.\n")],
        [undef, 8, 1], 'leaks that could not be looked for');
    like(($report->("$leak    #1 0x2 in credhub_x a.c:1\n\n$sum"))[0],
        qr/credhub_x/, 'a leak');
    like(($report->("==1==ERROR: AddressSanitizer: heap-use-after-free\n#0 x\n"))[0],
        qr/^==1==.*\n#0 x/, 'a wrong access');
    like(($report->("a.c:1:2: runtime error: signed integer overflow\n"))[0],
        qr/overflow/, 'undefined behavior');
};

done_testing();
