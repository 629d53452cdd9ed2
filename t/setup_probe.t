# What setup tests may reach, and what may come back: networks, names, servers
# that keep to nothing.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Peers::Dns;
use CredHubTest::Peers::Hostile;
use CredHubTest::Trust qw(connection retest outcome outcomes);
use Test::More;

my $HOST      = 'Host Connection';
my $FORBIDDEN = 'The address is outside of the networks that this hub may '
    . 'reach (credhub_probe_allow)';

my $dns = CredHubTest::Peers::Dns->new(
    'inside.test A'     => ['127.0.0.1'],
    'inside.test AAAA'  => [[]],
    'outside.test A'    => ['127.9.0.1'],
    'outside.test AAAA' => [[]],
    'both.test A'       => [['127.0.0.1', '127.9.0.1']],
    'both.test AAAA'    => [[]],
    'turns.test A'      => ['127.0.0.1', '127.9.0.1'],
    'turns.test AAAA'   => [[]],
    'six.test A'        => [[]],
    'six.test AAAA'     => ['::ffff:127.9.0.1'],
    'silent.test A'     => [undef],
    'silent.test AAAA'  => [undef],
);

my $resolver = 'resolver 127.0.0.1:' . $dns->port . ' valid=1s; '
    . 'resolver_timeout 2s;';

my $hub = CredHubTest->new(
    server  => "credhub_probe_allow 127.0.0.0/16; $resolver",
    servers => [
        { port => 'nothing', server => $resolver },
        { port => 'nobody',  server => 'credhub_probe_allow 127.0.0.0/16;' },
    ],
);

my $silent = CredHubTest::Peers::Hostile->new;

# The test "Host Connection" of a host at that port; on another server's hub.
sub reach ($host, $port = $silent->port, @server) {
    my $made = connection($hub, { host => $host, port => $port },
        service => 'x');
    my $r = $hub->post("/v1/connections/$made->{id}/test", {}, @server);
    is($r->status, 200, "$host: the tests were run") or diag $r->body;
    return outcome($r->json->{data}, $HOST);
}


subtest 'nothing is allowed unless it is configured' => sub {
    for my $host ('127.0.0.1', 'localhost', 'inside.test') {
        my $test = reach($host, $silent->port, port => 'nothing');
        is($test->{status},  'FAILED');
        is($test->{message}, $FORBIDDEN);
    }
};

subtest 'addresses' => sub {
    for my $host (qw(127.9.0.1 10.0.0.1 [::1] ::1 ::ffff:127.9.0.1
        [::ffff:10.0.0.1] outside.test both.test six.test))
    {
        my $test = reach($host);
        is($test->{status},  'FAILED',   $host);
        is($test->{message}, $FORBIDDEN, $host);
    }

    is($silent->connections, 0, 'nobody was connected to');
};

subtest 'names' => sub {
    my $gone = CredHubTest::Nginx->free_port;

    is(reach('inside.test', $gone)->{message},
        reach('127.0.0.1', $gone)->{message}, 'a name is its address');
    is(reach('nowhere.test')->{message}, 'The host is not known');
    is(reach('silent.test')->{message},
        'The name of the host could not be looked up in time');

    my $test = reach('inside.test', $silent->port, port => 'nobody');
    is($test->{status}, 'FAILED', 'no resolver');
    like($test->{message}, qr/resolver/);
};

subtest 'a name that turns' => sub {
    my $made = connection($hub, { host => 'turns.test',
        port => $silent->port }, service => 'x');
    my $before = $silent->connections;
    my $data   = retest($hub, "connections/$made->{id}");

    is(outcomes($data)->{$HOST}, 'PASSED', 'what was looked up is reached');
    is($silent->connections, $before + 1, 'once');

    my $turned = wait_until(60, sub {
        my $again = outcome(retest($hub, "connections/$made->{id}"), $HOST);
        return $again->{message} eq $FORBIDDEN;
    });
    ok($turned, 'and when it means something else, that is looked at again');
};


# The service (none: SSH), what a server does, and how.
my @HOSTILE = (
    ['x',        'never answers',         {}],
    ['postgres', 'never answers',         {}],
    ['mysql',    'never answers',         {}],
    ['',         'never answers',         {}],
    ['x',        'says garbage',          { hello => 'x' x 100 }],
    ['postgres', 'says garbage',          { reply => 'x' x 100 }],
    ['mysql',    'says garbage',          { hello => 'x' x 100 }],
    ['',         'says garbage',          { hello => "x\n" x 99 }],
    ['x',        'never ends',            { endless => 'x' x 1000 }],
    ['postgres', 'never ends',            { endless => 'S' x 1000 }],
    ['mysql',    'never ends',            { endless => "\0" x 1000 }],
    ['',         'has an endless banner', { endless => "word\r\n" }],
    ['',         'has a long line',       { endless => 'x' x 100 }],
    ['mysql',    'drips',                 { drip => "\x4a" }],
    ['',         'drips',                 { drip => 'x' }],
    ['x',        'ends',                  { close => 1, hello => 'x' }],
);

# all at the same time: each may take as long as a probe may
for my $row (@HOSTILE) {
    my ($service, $what, $options) = @$row;
    my $peer   = CredHubTest::Peers::Hostile->new(%$options);
    my %at     = (host => '127.0.0.1', port => $peer->port);
    my $made   = connection($hub, $service ? {%at}
        : { map { ("tunnel_$_" => $at{$_}) } keys %at },
        service => $service || 'postgres');
    my $client = $hub->connect;

    $client->request('POST', "/v1/connections/$made->{id}/test", json => {});
    push @$row, $client, $peer;
}

for my $row (@HOSTILE) {
    my ($service, $what, undef, $client) = @$row;
    my $title = $service ? 'Validate Certificate' : 'SSH Tunnel Connection';

    subtest(($service || 'SSH') . ": a server that $what" => sub {
        my $r = $client->response(120);
        is($r->status, 200) or return;

        my $test = outcome($r->json->{data}, $title);
        is($test->{status}, 'FAILED');
        ok(length $test->{message}, "says why: $test->{message}");
        is($test->{details}, undef, 'has nothing to show');
    });
}

subtest 'others are served meanwhile' => sub {
    my @made = map { connection($hub, { host => '127.0.0.1',
        port => $silent->port }, service => 'x')->{id} } 1 .. 4;
    my @clients = map { $hub->connect } @made;

    $clients[$_]->request('POST', "/v1/connections/$made[$_]/test",
        json => {}) for 0 .. $#made;
    is($hub->get("/v1/connections/$made[0]")->status, 200, 'a read')
        for 1 .. 50;
    is($_->response->status, 200, 'in the end') for @clients;
};

$hub->done;
