# Two nodes change the same objects at once: what was answered stands, names are
# given once, and nothing refers to what is gone.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Envelope;
use CredHubTest::Envelope qw(pages);
use CredHubTest::Race;
use CredHubTest::Trust qw(group connection destination);
use Test::More;

my $C = '/v1/connections';
my $D = '/v1/destinations';
my $G = '/v1/groups';

my %QUIET = (run_setup_tests => JSON::PP::false);

my $race = CredHubTest::Race->new(http => 'keepalive_requests 10000;',
    warm => sub ($hub) {
        my $id = connection($hub, {})->{id};
        $hub->patch("$C/$id", { paused => \1, %QUIET });
        $hub->delete("$C/$id");
    });
my $direct = $race->direct;

sub statuses (@answers) { return [sort map { $_->status } @answers] }

sub create ($group, %more) {
    return [POST => $C, json => { service => 's', group_id => $group, %QUIET,
        %more }];
}


subtest 'changes of one object' => sub {
    my $id = connection($direct, {})->{id};

    my @answers = $race->meet(map { [PATCH => "$C/$id",
        json => { config => { "k$_" => $_ }, %QUIET }] } 0 .. 3);
    is_deeply(statuses(@answers), [(200) x 4], 'each is decided anew');
    is_deeply($direct->get("$C/$id")->json->{data}{config},
        { map { ("k$_" => $_) } 0 .. 3 }, 'and none is lost');

    my $request = [PATCH => "$C/$id", json => { config => { k9 => 9 },
        %QUIET }];
    my $r = $race->between('object', $request, sub {
        is($direct->patch("$C/$id", { paused => \1, config => { k0 => 'new' },
            %QUIET })->status, 200, 'somebody was faster');
    });
    is($r->status, 200, 'what was read is not what stands');
    is_deeply($r->json->{data}{config}, { k0 => 'new', k1 => 1, k2 => 2,
        k3 => 3, k9 => 9 }, 'so it is read again');
    ok($r->json->{data}{paused}, 'with everything in it');

    my @mixed = $race->meet([PATCH => "$C/$id", json => { paused => \1,
        %QUIET }], [DELETE => "$C/$id"]);
    is($mixed[1]->status, 200, 'deleted');
    ok((grep { $mixed[0]->status == $_ } 200, 404), 'changed before, or not');
    is($direct->get("$C/$id")->status, 404, 'it is gone');
};

subtest 'names' => sub {
    my $group = group($direct);

    my @answers = $race->meet(map { create($group,
        config => { schema => 'one' }) } 1 .. 6);
    is_deeply(statuses(@answers), [201, (409) x 5], 'one name, one connection');
    is(scalar(map { @$_ } pages($direct, "$C?group_id=$group", 100)), 1,
        'no other was made');

    @answers = $race->meet(map { create($group) } 1 .. 4);
    is_deeply(statuses(@answers), [(201) x 4], 'a name that was not asked for');
    my %names = map { $_->json->{data}{schema} => 1 } @answers;
    is(scalar keys %names, 4, '... is another one each time');
    ok($names{s}, 'one of them is the plain one');

    @answers = $race->meet(map { [POST => $D, json => { service => 's',
        group_id => $group, time_zone_offset => '0', config => {}, %QUIET }] }
        1 .. 4);
    is_deeply(statuses(@answers), [201, (409) x 3], 'one destination a group');
};

subtest 'what is referred to' => sub {
    my $gone = group($direct);
    my $r = $race->between('object', create($gone), sub {
        is($direct->delete("$G/$gone")->status, 200, 'it goes');
    });
    is_missing($r, 'NotFound_Group', $gone, 'it was there when it was read');

    my $id = destination($direct, {})->{id};
    my $request = [PATCH => "$D/$id", json => { region => 'AWS_US_EAST_1',
        %QUIET }];
    $r = $race->between('object', $request, sub {
        is($direct->delete("$D/$id")->status, 200, 'it goes');
    });
    is_missing($r, 'NotFound_Destination', $id, 'what was to be changed');

    $id = destination($direct, {})->{id};
    $request = [POST => "$D/$id/test"];
    $r = $race->between('object', $request, sub {
        is($direct->delete("$D/$id")->status, 200, 'it goes');
    });
    is($r->status, 200, 'tests that had nothing to write');

    for (1 .. 4) {
        my $group = group($direct);
        my @answers = $race->meet(create($group), [DELETE => "$G/$group"]);
        my $outcome = join ' ', map { $_->status } @answers;

        like($outcome, qr/^(?:201 409|404 200)$/, 'one of the two');
        is($direct->get("$G/$group")->status,
            $outcome eq '201 409' ? 200 : 404, '... as it was answered');
        is_missing($answers[0], 'NotFound_Group', $group, 'and it is told why')
            if $outcome eq '404 200';
    }
};

$race->done;
