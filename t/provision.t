# Who provisions a private link: one worker at a time, whatever happens to it.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Peers::Dns;
use CredHubTest::Peers::Hostile;
use Test::More;

my $LINKS = '/v1/private-links';
my $MANY  = 20;

# a name without an answer holds whoever looks it up
my $dns = CredHubTest::Peers::Dns->new(
    'held.test A' => [undef, '127.0.0.1'],
    'held.test AAAA' => [[]],
    'lost.test A' => [undef], 'lost.test AAAA' => [undef],
);
my $target = CredHubTest::Peers::Hostile->new;

my $resolver = 'resolver 127.0.0.1:' . $dns->port . '; resolver_timeout 100s;';
my $allow    = "credhub_probe_allow 127.0.0.0/16; $resolver";

my $hub = CredHubTest->new(server => $allow);

# Another node of the same hub: its own nginx, the same Redis and keys.
my $node = CredHubTest->new(redis => 0, keys => $hub->{opt}{keys},
    http => $hub->redis_line($hub->{redis}->socket), server => $allow);

my $count = 0;

sub link_to ($endpoint) {
    my $r = $hub->post($LINKS, { name => 'link' . ++$count,
        region => 'AWS_US_EAST_1', service => 'SOURCE_AWS',
        config => { connection_service_name => $endpoint } });
    is($r->status, 201, "a link to $endpoint") or diag $r->body;
    return $r->json->{data}{id};
}

sub details ($id) { return $hub->get("$LINKS/$id")->json->{data} }

sub wait_state ($id, $state, $seconds = 120) {
    my $seen = wait_until($seconds, sub { details($id)->{state} eq $state });
    ok($seen, "it becomes $state") or diag explain details($id);
    return details($id);
}


subtest 'states' => sub {
    my $made = wait_state(link_to($target->endpoint), 'OK');
    is($made->{host}, '127.0.0.1', 'where it ends');

    my $gone = wait_state(link_to('127.0.0.1:'
        . CredHubTest::Nginx->free_port), 'FAIL');
    ok(length $gone->{state_summary}, $gone->{state_summary});

    my $far = wait_state(link_to('127.9.0.1:80'), 'FAIL');
    like($far->{state_summary}, qr/credhub_probe_allow/, 'not allowed');

    my $r = $hub->patch("$LINKS/$gone->{id}", { config =>
        { connection_service_name => $target->endpoint } });
    is($r->json->{data}{state}, 'UPDATING', 'another endpoint');
    wait_state($gone->{id}, 'OK');
};

subtest 'many links, two nodes' => sub {
    my $before = $target->connections;
    my @ids    = map { link_to($target->endpoint) } 1 .. $MANY;

    wait_state($_, 'OK') for @ids;
    is($target->connections, $before + $MANY, 'each was worked on once');
};

subtest 'a link that is deleted goes' => sub {
    my $id = link_to($target->endpoint);

    is($hub->delete("$LINKS/$id")->status, 200, 'deleted');
    ok(wait_until(120, sub { $hub->get("$LINKS/$id")->status == 404 }),
        'and gone');
};

subtest 'reload' => sub {
    my $id = link_to('held.test:' . $target->port);

    like($dns->question, qr/^held/, 'a worker is at it');
    $hub->reload;
    wait_state($id, 'OK');
};

subtest 'kill -9' => sub {
    my $id = link_to('lost.test:' . $target->port);

    1 while $dns->question !~ /^lost/;

    my $lease = $hub->redis('HGET', "{credhub}:object:private-links/$id",
        'lease');
    ok($lease, 'a worker is at it');

    for my $nginx ($hub, $node) {
        ok($nginx->kill_worker($_), 'killed') for $nginx->worker_pids;
    }
    is(details($id)->{state}, 'CREATING', 'nobody is any more');

    my $taken = wait_until(120, sub {
        my $now = $hub->redis('HGET', "{credhub}:object:private-links/$id",
            'lease');
        return $now && $now ne $lease;
    });
    ok($taken, 'the lease runs out, and another worker takes the link');
};

$node->finish;
$hub->done;
