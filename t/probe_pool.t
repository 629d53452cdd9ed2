# The threads that wait for others: so many at a time, beside CPU work, and no
# longer than the process that they belong to.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Peers::Hostile;
use CredHubTest::Trust qw(connection outcome);
use IO::Select;
use Test::More;

my $PROBES = 16;
my $MORE   = 4;
my $TITLE  = 'Validate Certificate';

my @server = (workers => 1, server => 'credhub_probe_allow 127.0.0.1;');
my $hub    = CredHubTest->new(@server);

# The setup tests of a new connection to that server: sent, not answered.
sub begin ($at, $peer) {
    my $made   = connection($at, { host => '127.0.0.1',
        port => $peer->port }, service => 'x');
    my $client = $at->connect;

    $client->request('POST', "/v1/connections/$made->{id}/test", json => {});
    return $client;
}


subtest 'as many as there are threads' => sub {
    my $silent  = CredHubTest::Peers::Hostile->new;
    my @clients = map { begin($hub, $silent) } 1 .. $PROBES + $MORE;

    ok(wait_until(60, sub { $silent->connections >= $PROBES }),
        'that many are at work');
    is($hub->set('/beside', 'user', { password => 'MARKER-beside' })->status,
        200, 'what needs a CPU does not wait for them');
    is($silent->connections, $PROBES, 'not one more');

    my %said;
    for my $client (@clients) {
        my $r = $client->response(120);
        my $test = outcome($r->json->{data}, $TITLE);

        is($r->status, 200, 'answered');
        is($test->{status}, 'FAILED', "says why: $test->{message}");
        $said{ $test->{message} }++;
        $client->close;
    }
    ok($silent->connections <= $PROBES + $MORE, 'nobody was asked twice');
    ok(!grep({ !length } keys %said), 'always');

    my $peer = CredHubTest::Peers::Hostile->new(close => 1);
    is(begin($hub, $peer)->response(120)->status, 200, 'and then the next');
    is($peer->connections, 1, 'is at work at once');
};


subtest 'a process that terminates' => sub {
    my $silent = CredHubTest::Peers::Hostile->new;
    my $ends   = CredHubTest->new(@server);
    my $other  = begin($hub, $silent);
    my $client = begin($ends, $silent);

    ok(wait_until(60, sub { $silent->connections == 2 }), 'both are at work');
    ok($ends->quit('TERM'), 'one terminates');
    ok(!IO::Select->new($other->socket)->can_read(0),
        'before the other one has given up');

    is($other->response(120)->status, 200, 'which it does');
    $client->close;
    $ends->finish;
};


subtest 'a client that leaves' => sub {
    my $silent = CredHubTest::Peers::Hostile->new;
    my $count  = 0;

    for my $round (1 .. 2) {
        my @clients = map { begin($hub, $silent) } 1 .. $PROBES;
        $count += $PROBES;
        ok(wait_until(60, sub { $silent->connections == $count }),
            "round $round: they are at work");
        $_->close for @clients;
    }
};

$hub->done;
