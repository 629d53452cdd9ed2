# /v1/destinations: the one place of a group where its data goes to.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Envelope;
use CredHubTest::Envelope qw(called id_of cursor_of pages);
use CredHubTest::Permissions qw(permit withdraw);
use CredHubTest::Trust qw(group destination);
use Test::More;

my $D = '/v1/destinations';

my $hub    = CredHubTest->new;
my $second = $hub->as('second');
my $actor  = $hub->actor('second');


# What stands in every answer, in the order in which it does.
sub shown ($id, %other) {
    my @fields = (
        id => qq("$id"), group_id => qq("$id"), service => '"snowflake"',
        region => '"GCP_US_EAST4"', time_zone_offset => '"0"',
        daylight_saving_time_enabled => 'false', setup_status => '"incomplete"',
        networking_method => '"Directly"', private_link_id => 'null',
        proxy_agent_id => 'null', hybrid_deployment_agent_id => 'null',
        external_secrets_manager_id => undef,
        external_secrets_keys_config => undef, config => '{}',
    );
    my @members;

    while (my ($name, $value) = splice @fields, 0, 2) {
        $value = $other{$name} if exists $other{$name};
        push @members, qq("$name":$value) if defined $value;
    }
    return '{' . join(',', @members) . '}';
}

sub listed ($id, %other) {
    return shown($id, config => undef, daylight_saving_time_enabled => undef,
        %other);
}

# JSON of a destination in that group; fields replace others.
sub body ($group, %fields) {
    my %all = (service => '"snowflake"', group_id => qq("$group"),
        time_zone_offset => '"0"', config => '{}', run_setup_tests => 'false',
        %fields);
    return '{' . join(',', map { "\"$_\":$all{$_}" }
        grep { defined $all{$_} } sort keys %all) . '}';
}

sub refused ($r, $message, $label = $message) {
    return is_refused($r, 400, 'InvalidInput', $message, $label);
}


subtest 'one destination' => sub {
    is_envelope($hub->get($D), 200, 'none yet', data => '{"items":[]}',
        message => 'Destinations list retrieved successfully');

    my $group = called(GROUP => group($hub));
    my $config = '{"host":"h","port":"443","password":"******"}';
    my $r = $hub->post($D, body($group, daylight_saving_time_enabled => 'true',
        config => '{"host":"h","port":443,"password":"MARKER-1"}'));
    my %is = (config => $config, daylight_saving_time_enabled => 'true');

    is_envelope($r, 201, 'created', data => shown('GROUP', %is),
        message => 'Destination has been created');
    is_envelope($hub->get("$D/$group"), 200, 'details',
        data => shown('GROUP', %is));
    is_envelope($hub->get("/v1/destination/$group"), 200, 'the same',
        data => shown('GROUP', %is));
    is_envelope($hub->get($_), 200, "$_: listed without config",
        data => '{"items":[' . listed('GROUP') . ']}',
        message => 'Destinations list retrieved successfully')
        for $D, '/v1/destination';

    is_refused($hub->post($D, body($group)), 409, 'Conflict',
        'The group has a destination already');

    $r = $hub->patch("$D/$group", '{"run_setup_tests":false,"config":'
        . '{"password":"******","port":"1433","user":"u"},'
        . '"region":"AWS_EU_WEST_1","time_zone_offset":"+5"}');
    %is = (%is, region => '"AWS_EU_WEST_1"', time_zone_offset => '"+5"', config
        => '{"host":"h","port":"1433","password":"******","user":"u"}');
    is_envelope($r, 200, 'changed', data => shown('GROUP', %is),
        message => 'Destination has been updated');
    is_envelope($hub->get("$D/$group"), 200, 'stored',
        data => shown('GROUP', %is));

    is_envelope($hub->delete("$D/$group"), 200, 'deleted',
        message => q(Destination with id 'GROUP' has been deleted));
    is_missing($hub->request($_->[0], $_->[1] . $_->[2], @{ $_ }[3 .. $#$_]),
        'NotFound_Destination', 'GROUP', "$_->[0] $_->[1] of what was deleted")
        for map { my $path = "$_/$group"; ['GET', $path, ''],
            ['DELETE', $path, ''], ['POST', $path, '/test', body => '{}'],
            ['PATCH', $path, '', json => { region => 'AWS_EU_WEST_1' }] }
            $D, '/v1/destination';

    is($hub->post('/v1/destination', body($group))->status, 201,
        'the group may have another one');
    is($hub->delete("/v1/destination/$group")->status, 200, 'deleted');
};

subtest 'what may be sent' => sub {
    my $there = called(THERE => destination($hub, { host => 'h' },
        service => 'snowflake')->{id});
    my $group = group($hub);

    my @both = (
        # field, its JSON, message
        ['region', '"EU"',             q(Field 'region' is invalid)],
        ['time_zone_offset', '"13"',   q(Field 'time_zone_offset' is invalid)],
        ['time_zone_offset', '"-12"',  q(Field 'time_zone_offset' is invalid)],
        ['time_zone_offset', '"+-1"',  q(Field 'time_zone_offset' is invalid)],
        ['time_zone_offset', '"+"',    q(Field 'time_zone_offset' is invalid)],
        ['time_zone_offset', '"UTC"',  q(Field 'time_zone_offset' is invalid)],
        ['time_zone_offset', '1.5',    q(Field 'time_zone_offset' is invalid)],
        ['time_zone_offset', '[]',     q(Field 'time_zone_offset' is invalid)],
        ['time_zone_offset', '""',     q(Field 'time_zone_offset' is required)],
        ['daylight_saving_time_enabled', '1',
            q(Field 'daylight_saving_time_enabled' is invalid)],
        ['networking_method', '"Tunnel"',
            q(Field 'networking_method' is invalid)],
        ['private_link_id', '"x"', 'Networking method must be PrivateLink in '
            . 'order to set private_link_id'],
        ['config', '"{}"',             q(Invalid 'config' object)],
        ['config', '{"port":70000}',   q(Invalid 'config' object)],
        ['config', '{"secret":"******"}', q(Invalid 'config' object)],
    );
    for (@both) {
        my ($field, $json, $message) = @$_;
        refused($hub->post($D, body($group, $field => $json)), $message,
            "POST $field $json");
        refused($hub->patch("$D/$there", qq({"$field":$json})), $message,
            "PATCH $field $json");
    }

    for my $field (qw(group_id service time_zone_offset config)) {
        refused($hub->post($D, body($group, $field => $_)),
            "Field '$field' is required", "$field " . ($_ // 'missing'))
            for undef, 'null';
    }

    is_refused($hub->post($D, body($_)), 404, 'NotFound',
        "Destination with id $_ not found") for 'nobody', 'a.b';
    refused($hub->patch("$D/$there", $_),
        'At least one field that can be changed is required', "PATCH $_")
        for '{}', '{"run_setup_tests":true}', '{"setup_status":"connected"}',
            '{"group_id":"x"}';

    my @offsets = (
        # as sent, as shown
        ['"-11"', '-11'], ['"0"', '0'], ['"+0"', '0'], ['"+12"', '+12'],
        ['"12"', '+12'], ['7', '+7'], ['-3', '-3'], ['"+05"', '+5'],
    );
    for (@offsets) {
        my ($sent, $shown) = @$_;
        my $r = $hub->patch("$D/$there",
            qq({"time_zone_offset":$sent,"run_setup_tests":false}));
        is_envelope($r, 200, "time zone $sent",
            message => 'Destination has been updated', data => shown('THERE',
                time_zone_offset => qq("$shown"), config => '{"host":"h"}'));
    }

    is_deeply([map { @$_ } pages($hub, $D, 1)], [$there],
        'nothing else was made');
    is($hub->delete("$D/$there")->status, 200, 'deleted');
};

subtest 'lists' => sub {
    my @ids = map { destination($hub, { host => 'h' })->{id} } 1 .. 5;

    is_deeply([map { @$_ } pages($hub, $D, $_)], \@ids, "pages of $_")
        for 1, 2, 5, 1000;

    my $cursor = cursor_of($hub->get("$D?limit=2"));
    is_deeply([map { $_->{id} } @{ $hub->get("/v1/destination?cursor=$cursor")
        ->json->{data}{items} }], [@ids[2 .. 4]], 'both names, one list');
    refused($hub->get("$_?cursor=$cursor"),
        q(Parameter 'cursor' is not one of this list), "a cursor in $_")
        for '/v1/groups', '/v1/connections',
            "/v1/groups/$ids[0]/connections";

    my @views = map { permit($hub, "/trust/destinations/$_", $actor, 'read') }
        @ids[1, 3];
    is_deeply([map { @$_ } pages($second, $D, 1)], [@ids[1, 3]],
        'what the caller may read');
    withdraw($hub, @views);
    is($hub->delete("$D/$_")->status, 200, 'deleted') for @ids;
};

subtest 'rights' => sub {
    my $id    = destination($hub, { host => 'h' })->{id};
    my $group = group($hub);
    my %calls = (
        read   => sub { $second->get("$D/$id") },
        write  => sub { $second->patch("$D/$id", body($group)) },
        test   => sub { $second->post("$D/$id/test") },
        create => sub { $second->post($D, body($group)) },
        delete => sub { $second->delete("$D/$id") },
    );
    my $in_group = permit($hub, "/trust/groups/$group", $actor, 'read');
    my @rows = (
        # path, operation, what it allows
        ["/trust/destinations/$id",    'read',   'read'],
        ["/trust/destinations/$id",    'write',  'write test'],
        ["/trust/destinations/$group", 'write',  ''],
        ["/trust/destination/$id",     'write',  ''],
        ['/trust/destinations/*',      'write',  'write test create'],
        ["/trust/destinations/$id",    'delete', 'delete'],
    );

    for (undef, @rows) {
        my ($path, $operation, $allowed) = $_ ? @$_ : ('nothing', 'none', '');
        my $view = $_ && permit($hub, $path, $actor, $operation);

        for my $call (sort keys %calls) {
            my $r = $calls{$call}->();
            my $label = "$call with $operation on $path";

            if (" $allowed " =~ / $call /) {
                is($r->status, $call eq 'create' ? 201 : 200, $label);
                $hub->delete("$D/$group") if $call eq 'create';
            } else {
                is_refused($r, 403, 'Forbidden',
                    'You do not have the right to do this.', $label);
            }
        }

        withdraw($hub, $view) if $view;
    }

    withdraw($hub, $in_group);
};

$hub->done;
