# Names of hosts: all addresses are looked at, however many; several may ask for
# one name, and leave before it is known.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Peers::Dns;
use CredHubTest::Peers::Hostile;
use CredHubTest::Trust qw(connection outcome);
use IO::Select;
use Test::More;

my $HOST      = 'Host Connection';
my $FORBIDDEN = 'The address is outside of the networks that this hub may '
    . 'reach (credhub_probe_allow)';

my @many = map {"127.0.0.$_"} 1 .. 12;

my $dns = CredHubTest::Peers::Dns->new(
    'many.test A'     => [[@many]],
    'many.test AAAA'  => [[]],
    'last.test A'     => [[@many, '127.9.0.1']],
    'last.test AAAA'  => [[]],
    'mixed.test A'    => ['127.0.0.1'],
    'mixed.test AAAA' => ['2001:db8::1'],
    'map.test A'      => [[]],
    'map.test AAAA'   => ['::ffff:127.0.0.1'],
    'late.test A'     => [undef, '127.0.0.1'],
    'late.test AAAA'  => [[]],
    'empty.test A'    => [[]],
    'empty.test AAAA' => [[]],
);

my $hub = CredHubTest->new(workers => 1,
    server => 'credhub_probe_allow 127.0.0.0/16;'
        . ' resolver_timeout 60s; resolver 127.0.0.1:' . $dns->port . ';');
my $peer = CredHubTest::Peers::Hostile->new(close => 1, address => '0.0.0.0');

# The setup tests of a new connection to a host, sent.
sub begin ($host) {
    my $made   = connection($hub, { host => $host, port => $peer->port },
        service => 'x');
    my $client = $hub->connect;

    $client->request('POST', "/v1/connections/$made->{id}/test", json => {});
    return $client;
}

sub ended ($client) {
    my $r = $client->response(120);

    $client->close;
    is($r->status, 200, 'the tests were run') or diag $r->body;
    return outcome($r->json->{data}, $HOST);
}


subtest 'addresses of a name' => sub {
    for my $name (qw(many.test MANY.test many.test. map.test)) {
        my $before = $peer->connections;
        is(ended(begin($name))->{status}, 'PASSED', "$name: reached");
        ok(wait_until(60, sub { $peer->connections == $before + 1 }),
            "$name: once");
    }

    my $before = $peer->connections;
    for my $name (qw(last.test mixed.test)) {
        my $test = ended(begin($name));
        is($test->{status},  'FAILED',   $name);
        is($test->{message}, $FORBIDDEN, "$name: why");
    }
    is($peer->connections, $before, 'nobody was reached');

    is(ended(begin('empty.test'))->{status}, 'FAILED', 'none at all');
};


subtest 'names as they were written' => sub {
    my $made = connection($hub, { host => 'Many.TEST',
        port => $peer->port }, service => 'x');
    my $path = "/v1/connections/$made->{id}";

    $hub->post("$path/test", {});
    is($hub->get($path)->json->{data}{config}{host}, 'Many.TEST',
        'stay as they are');
};


subtest 'hosts that are none' => sub {
    for my $host ('1.2.3', '127.1', '0x7f000001', '02130706433.', '127.0.0.1.',
        '[127.0.0.1]', '[many.test]', '::1%lo', '[::1', '127.0.0.1:80',
        'many.test/x', "many.test\0", 'a b', '256.0.0.1', '.', '..', 'a..b')
    {
        my $before = $peer->connections;
        my $r = $hub->post('/v1/connections', { service => 'x',
            group_id => connection($hub, {})->{group_id},
            config => { host => $host, port => $peer->port } });

        isnt($r->status, 500, "host " . $host =~ s/\0/\\0/r);
        is(outcome($r->json->{data}, $HOST)->{status}, 'FAILED', 'not reached')
            if $r->status == 201;
        is($peer->connections, $before, 'by nobody');
    }
};


# The first question is never answered; nginx asks again after a while.
subtest 'clients that leave while others wait' => sub {
    my @clients = map { begin('late.test') } 1 .. 6;

    my $asked = '';
    $asked = $dns->question while $asked !~ /^late\.test A$/;
    is($hub->get('/health')->status, 200, 'others are served');

    $clients[$_]->close for 0, 2, 5;
    is($hub->get('/health')->status, 200, 'when some have left');

    for (1, 3, 4) {
        my $test = ended($clients[$_]);
        is($test->{status}, 'PASSED', "client $_") or diag $test->{message};
    }
};


# A process that has been told to terminate does not wait for an answer.
subtest 'a worker that dies meanwhile' => sub {
    my $client = begin('late.test');
    $client->close;

    ok($hub->kill_worker, 'another one comes');
    is(ended(begin('many.test'))->{status}, 'PASSED', 'and works');
};

$hub->done;
