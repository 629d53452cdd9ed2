# How the setup tests of a connection or a destination went, as it is told: when
# they run, and what a change of it makes of it.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Trust qw(group outcomes);
use Test::More;

my $TRUE  = JSON::PP::true;
my $FALSE = JSON::PP::false;

# The hub's own port is a TLS server as good as any.
my $hub = CredHubTest->new(http => 'credhub_probe_allow 127.0.0.0/8;');

my %good = (host => '127.0.0.1', port => $hub->port);
my %bad  = (host => '192.0.2.1', port => $hub->port);

my %state = (
    connections  => sub ($data) { $data->{status}{setup_state} },
    destinations => sub ($data) { $data->{setup_status} },
);

sub stored ($kind, $id) {
    return $state{$kind}->($hub->get("/v1/$kind/$id")->json->{data});
}

sub version ($kind, $id) {
    return $hub->redis('HGET', "{credhub}:object:$kind/$id", 'version');
}


for my $kind (sort keys %state) {
    my %fields = (service => 'other', group_id => group($hub),
        $kind eq 'destinations' ? (time_zone_offset => '0') : ());

    my $create = sub (%more) {
        return $hub->post("/v1/$kind", { %fields, %more });
    };

    subtest "$kind: when tests run" => sub {
        my $r  = $create->(config => \%bad);
        my $id = $r->json->{data}{id};

        is($r->status, 201, 'made, although a test has failed');
        is(outcomes($r->json->{data})->{'Host Connection'}, 'FAILED',
            'tests run unless they are not wanted');
        is($state{$kind}->($r->json->{data}), 'incomplete', 'never passed');

        my $was = version($kind, $id);
        $r = $hub->post("/v1/$kind/$id/test");
        is($r->status, 200, 'tests, without a body');
        is($r->json->{message}, 'Setup tests have been completed', 'they say');
        is(outcomes($r->json->{data})->{'Host Connection'}, 'FAILED', 'ran');
        is(version($kind, $id), $was, 'nothing new, nothing written');

        $r = $hub->patch("/v1/$kind/$id",
            { config => { user => 'u' }, run_setup_tests => $FALSE });
        ok(!exists $r->json->{data}{setup_tests}, 'none when not wanted');
        $r = $hub->patch("/v1/$kind/$id", { config => { user => 'v' } });
        is(outcomes($r->json->{data})->{'Host Connection'}, 'FAILED',
            'a change runs them, too');
        ok(!exists $hub->get("/v1/$kind/$id")->json->{data}{setup_tests},
            'they are not stored');

        is($hub->post("/v1/$kind/$id/test", $_)->status, 400, "body $_")
            for '[]', '{', '"x"', '{"trust_certificates":1}';
        is($hub->delete("/v1/$kind/$id")->status, 200, 'deleted');
    };

    subtest "$kind: what is told of them" => sub {
        my $r  = $create->(config => \%good, trust_certificates => $TRUE);
        my $id = $r->json->{data}{id};
        is($state{$kind}->($r->json->{data}), 'connected', 'passed at once');
        is(stored($kind, $id), 'connected', '... and stored');

        my @rows = (
            # change, state
            [\%bad,  'broken'],
            [\%bad,  'broken'],
            [\%good, 'connected'],
        );
        for (@rows) {
            my ($config, $expected) = @$_;
            $r = $hub->patch("/v1/$kind/$id", { config => $config });
            is($state{$kind}->($r->json->{data}), $expected,
                "now $expected");
            is(stored($kind, $id), $expected, '... and stored');
        }

        $r = $hub->patch("/v1/$kind/$id", { config => \%bad,
            run_setup_tests => $FALSE });
        is($state{$kind}->($r->json->{data}), 'connected', 'not tested');
        $r = $hub->post("/v1/$kind/$id/test", {});
        is($state{$kind}->($r->json->{data}), 'broken', 'tested');
        is(stored($kind, $id), 'broken', '... and stored');

        $hub->patch("/v1/$kind/$id", { config => {}, run_setup_tests => $TRUE });
        is(stored($kind, $id), 'broken', 'a change of nothing');
        is($hub->delete("/v1/$kind/$id")->status, 200, 'deleted');
    };
}

$hub->done;
