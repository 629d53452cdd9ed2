# Private links that the hub provisions itself: what it finds at their
# endpoints, one node and one lease for each, whatever happens to the nodes.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Envelope;
use CredHubTest::Peers::Dns;
use CredHubTest::Peers::Hostile;
use CredHubTest::Process qw(wait_until);
use Test::More;

my $L    = '/v1/private-links';
my $KEYS = [['k1', sprintf '%-32s', 'MARKER-key-k1']];

my $dns = CredHubTest::Peers::Dns->new(
    'inside.test A'     => ['127.0.0.1'],
    'inside.test AAAA'  => [[]],
    'outside.test A'    => ['127.9.0.1'],
    'outside.test AAAA' => [[]],
    'held.test A'       => [undef, '127.0.0.1'],
    'held.test AAAA'    => [[]],
    map { ("$_.test A" => [undef], "$_.test AAAA" => [undef]) }
        qw(late dying),
);
my $target = CredHubTest::Peers::Hostile->new;
my $PORT   = $target->port;

sub server ($timeout) {
    return 'credhub_probe_allow 127.0.0.0/16; resolver 127.0.0.1:' . $dns->port
        . " valid=1s; resolver_timeout $timeout;";
}

my $hub = CredHubTest->new(workers => 2, keys => $KEYS, server => server('8s'));

my $count = 0;

sub made ($endpoint, %more) {
    my $r = $hub->post($L, { name => 'l' . ++$count, service => 'SOURCE_AWS',
        region => 'AWS_US_EAST_1',
        config => { connection_service_name => $endpoint, %more } });
    is($r->status, 201, "made: $endpoint") or diag $r->body;
    return $r->json->{data}{id};
}

sub data ($id) { return $hub->get("$L/$id")->json->{data} }

# What became of it: state, host and summary.
sub outcome ($id) {
    wait_until(120, sub { data($id)->{state} !~ /ING$/ });
    return [@{ data($id) }{qw(state host state_summary)}];
}

sub reached ($host, $port = $PORT) {
    return ['OK', $host, "$host port $port: reached"];
}

sub failed ($endpoint, $reason) {
    return ['FAIL', undef,
        "$endpoint: $reason. A PATCH of its config makes the hub try again."];
}

# The lease that is out, and its end long ago.
sub lease ($id) {
    return $hub->redis('HGET', "{credhub}:object:private-links/$id", 'lease');
}

sub expire ($id) {
    $hub->redis('HSET', "{credhub}:object:private-links/$id", 'until', 1);
    $hub->redis('ZADD', '{credhub}:provision', 1, "private-links/$id");
    return;
}


subtest 'endpoints' => sub {
    my $data = $hub->post($L, { name => 'first', service => 'SOURCE_AWS',
        region => 'AWS_US_EAST_1',
        config => { connection_service_name => "127.0.0.1:$PORT" } })
        ->json->{data};
    is($data->{state}, 'CREATING', 'at first it is created');
    is($data->{state_summary}, 'The hub is about to reach the endpoint.');
    is_deeply(outcome($data->{id}), reached('127.0.0.1'), 'an address');
    is($target->connections, 1, 'one connection');

    is_deeply(outcome(made("inside.test:$PORT")), reached('inside.test'),
        'a name');
    is_deeply(outcome(made("https://inside.test:$PORT/x")),
        reached('inside.test'), 'a URL');
    is_deeply(outcome(made('com.amazonaws.vpce.x',
        endpoint => "127.0.0.1:$PORT")), reached('127.0.0.1'),
        'the endpoint, if there is one');
    is($target->connections, 4, 'one connection each');
    is($target->received, '', 'and nothing was said');
};

subtest 'failures' => sub {
    my $gone = CredHubTest::Nginx->free_port;
    my $no   = 'The address is outside of the networks that this hub may reach '
        . '(credhub_probe_allow)';

    is_deeply(outcome(made("127.9.0.1:$PORT")),
        failed("127.9.0.1 port $PORT", $no), 'an address that is forbidden');
    is_deeply(outcome(made("outside.test:$PORT")),
        failed("outside.test port $PORT", $no), 'the same by its name');
    is_deeply(outcome(made("nowhere.test:$PORT")),
        failed("nowhere.test port $PORT", 'The host is not known'), 'no name');

    my $id   = made("127.0.0.1:$gone");
    my $what = outcome($id);
    is($what->[0], 'FAIL', 'nobody listens');
    like($what->[2], qr/^127\.0\.0\.1 port $gone: .+ try again\.$/, 'is told');

    my $r = $hub->patch("$L/$id",
        { config => { connection_service_name => "127.0.0.1:$PORT" } });
    is($r->json->{data}{state}, 'UPDATING', 'another endpoint');
    is_deeply(outcome($id), reached('127.0.0.1'), 'is reached');

    $r = $hub->patch("$L/$id",
        { config => { connection_service_name => "127.9.0.1:$PORT" } });
    is($r->json->{data}{host}, undef, 'the host of before is none any more');
    is_deeply(outcome($id), failed("127.9.0.1 port $PORT", $no),
        'nor that it was reached');
};

subtest 'a link without an endpoint waits for somebody else' => sub {
    my $id = made('com.amazonaws.vpce.x');
    is_deeply(outcome(made("127.0.0.1:$PORT")), reached('127.0.0.1'),
        'one that came later');
    is(data($id)->{state}, 'CREATING');
    is(lease($id), undef, 'nobody works on it');

    my $r = $hub->patch("$L/$id", { state => 'OK',
        lease => $hub->post("$L/$id/claim")->json->{data}{lease} });
    is($r->json->{data}{state}, 'OK');
};

subtest 'destroyed' => sub {
    my $id = made("127.0.0.1:$PORT");
    is($hub->delete("$L/$id")->status, 200);
    ok(wait_until(60, sub { $hub->get("$L/$id")->status == 404 }), 'it goes');
    is_missing($hub->get("$L/$id"), NotFound_PrivateLink => $id, 'as if it '
        . 'had never been there');
    is($hub->redis('EXISTS', "{credhub}:object:private-links/$id"), 0);
};

subtest 'a result that comes too late' => sub {
    my $id = made("late.test:$PORT");
    ok(wait_until(60, sub { defined lease($id) }), 'a node works on it');
    my $theirs = lease($id);
    expire($id);

    my $lease = $hub->post("$L/$id/claim")->json->{data}{lease};
    isnt($lease, $theirs, 'its lease has ended, and somebody has claimed it');
    is($hub->patch("$L/$id", { lease => $lease, state => 'OK',
        state_summary => 'by hand' })->status, 200);
    ok($hub->wait_log(qr{"private-links/$id" was changed by somebody else}),
        'the node has noticed');
    is_deeply(outcome($id), ['OK', undef, 'by hand'], 'and changed nothing');
};

subtest 'a node that dies' => sub {
    my $id = made("dying.test:$PORT");
    ok(wait_until(60, sub { defined lease($id) }), 'a node works on it');
    my $lease = lease($id);

    for my $pid ($hub->worker_pids) {
        ok($hub->kill_worker($pid), 'a worker was killed');
    }
    is(lease($id), $lease, 'its lease is still out');
    is(data($id)->{state}, 'CREATING');
    expire($id);

    ok(wait_until(60, sub { lease($id) // $lease ne $lease
        || data($id)->{state} eq 'FAIL' }), 'another takes it up');
    is_deeply(outcome($id), failed("dying.test port $PORT",
        'The name of the host could not be looked up in time'), 'and ends it');
};

my $second = CredHubTest->new(redis => 0, leaks => 0, keys => $KEYS,
    server => server('8s'),
    http => 'credhub_redis unix:' . $hub->dir . '/redis/redis.sock;');

subtest 'two nodes' => sub {
    my $before = $target->connections;
    my @ids    = map { made("127.0.0.1:$PORT") } 1 .. 40;

    is_deeply(outcome($_), reached('127.0.0.1'), 'reached') for @ids;
    is($target->connections - $before, 40, 'by one node each');
};

subtest 'reloads' => sub {
    my $before = $target->connections;
    my @ids    = made("held.test:$PORT");

    ok(wait_until(60, sub { defined lease($ids[0]) }), 'a node works on one');
    $hub->reload(old => 1);
    is_deeply(outcome(shift @ids), reached('held.test'), 'to its end');
    is($target->connections - $before, 1, 'once');

    $before = $target->connections;

    for (1 .. 4) {
        push @ids, map { made("127.0.0.1:$PORT") } 1 .. 5;
        $hub->reload(old => 1);
    }
    is_deeply(outcome($_), reached('127.0.0.1'), 'reached') for @ids;
    is($target->connections - $before, 20, 'once each');
};

subtest 'a hub that may reach nothing leaves them alone' => sub {
    $second->finish;
    $hub->configure(server => '');
    $hub->reload;

    my $before = $target->connections;
    my $id     = made("127.0.0.1:$PORT");
    is(data($id)->{state}, 'CREATING');

    $hub->configure(server => server('8s'));
    $hub->reload;
    is_deeply(outcome($id), reached('127.0.0.1'), 'it was kept for one that may');
    is($target->connections - $before, 1);
};

$hub->done;
