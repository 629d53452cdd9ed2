# /v1/connections, and /v1/connectors, their older name: what may stand in one,
# what is told of it, and what its fields have to do with each other.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Envelope;
use CredHubTest::Envelope qw(called id_of cursor_of pages);
use CredHubTest::Permissions qw(permit withdraw);
use CredHubTest::Trust qw(group connection destination);
use JSON::PP qw(decode_json encode_json);
use Test::More;

my $C = '/v1/connections';

my $hub    = CredHubTest->new;
my $second = $hub->as('second');
my $me     = $hub->actor;
my $actor  = $hub->actor('second');
my $group  = called(GROUP => group($hub));

called(ME => $me);


# What stands in every answer, in the order in which it does. Arguments replace
# values, `more` follows what is optional.
sub shown ($id, %other) {
    my @fields = (
        id => qq("$id"), group_id => '"GROUP"', service => '"postgres"',
        service_version => 1, schema => '"postgres"', paused => 'false',
        pause_after_trial => 'false', sync_frequency => 360,
        daily_sync_time => 'null', schedule_type => '"auto"',
        networking_method => '"Directly"', private_link_id => 'null',
        proxy_agent_id => 'null', hybrid_deployment_agent_id => 'null',
        external_secrets_manager_id => undef,
        external_secrets_keys_config => undef,
        data_delay_sensitivity => '"NORMAL"', data_delay_threshold => 0,
        destination_schema_names => undef, destination_configuration => undef,
        connect_card_config => undef, schedule => undef,
        connected_by => '"ME"', created_at => '"DATE"', succeeded_at => 'null',
        failed_at => 'null', status => undef, config => '{}',
    );
    my $status = '{"setup_state":"incomplete","sync_state":"scheduled",'
        . '"update_state":"on_schedule","is_historical_sync":true,'
        . '"tasks":[],"warnings":[]}';
    my @members;

    while (my ($name, $value) = splice @fields, 0, 2) {
        $value = $status if $name eq 'status';
        $value = $other{$name} if exists $other{$name};
        push @members, qq("$name":$value) if defined $value;
    }
    return '{' . join(',', @members) . '}';
}

sub paused ($text) { return $text =~ s/"scheduled"/"paused"/r }

# A new connection without setup tests, called by that name.
sub create ($name, $body, $path = $C) {
    my $r = $hub->post($path, { service => 'postgres', group_id => $group,
        run_setup_tests => JSON::PP::false, %$body });
    id_of($name => $r) if $r->status == 201;
    return $r;
}

sub config_of ($id) {
    return $hub->get("$C/$id")->json->{data}{config};
}

sub refused ($r, $message, $label = $message) {
    return is_refused($r, 400, 'InvalidInput', $message, $label);
}


subtest 'one connection' => sub {
    is_envelope($hub->get($C), 200, 'none yet', data => '{"items":[]}',
        message => 'Connections list retrieved successfully');

    my $r = create(ONE => { config => { host => 'h', port => '5432',
        password => 'MARKER-pw' } });
    my $id = $r->json->{data}{id};

    is(config_of($id)->{password}, '******', 'a secret is masked');
    is_deeply($r->json->{data}, $hub->get("$C/$id")->json->{data},
        'it is shown as it was answered');
    is($r->status, 201, 'created');

    my $body = '{"service":"postgres","group_id":"' . $group . '","config":'
        . '{"host":"h","password":"MARKER-pw","port":"5432","schema":"two"},'
        . '"run_setup_tests":false}';
    $r = $hub->post($C, $body);
    my $two = id_of(TWO => $r);
    my $data = shown('TWO', schema => '"two"', config =>
        '{"host":"h","password":"******","port":5432,"schema":"two"}');
    is_envelope($r, 201, 'created', data => $data,
        message => 'Connection has been created');
    is_envelope($hub->get("$C/$two"), 200, 'details', data => $data);
    is_envelope($hub->patch("$C/$two", '{"paused":true,'
        . '"run_setup_tests":false}'), 200, 'changed',
        data => paused($data =~ s/"paused":false/"paused":true/r),
        message => 'Connection has been updated');

    is_envelope($hub->get("$C?schema=two"), 200, 'listed without config',
        message => 'Connections list retrieved successfully',
        data => '{"items":[' . paused(shown('TWO', schema => '"two"',
            paused => 'true', config => undef)) . ']}');

    is_envelope($hub->delete("$C/$two"), 200, 'deleted',
        message => q(Connection with id 'TWO' has been deleted));
    is_missing($hub->get("$C/$two"), 'NotFound_Connector', 'TWO', 'gone');
    is_missing($hub->delete("$C/$two"), 'NotFound_Connector', 'TWO',
        'twice');
    is_missing($hub->patch("$C/$two", { paused => \1 }), 'NotFound_Connector',
        'TWO', 'not changed');
    is_missing($hub->post("$C/$two/test"), 'NotFound_Connector', 'TWO',
        'not tested');
    is($hub->delete("$C/$id")->status, 200, 'the first one');
    is_deeply([grep { !/groups/ } @{ $hub->redis('KEYS',
        '{credhub}:object:*') }], [], 'nothing is left');
};

subtest 'the older name' => sub {
    my $r = create(OLD => {}, '/v1/connectors');
    my $id = $r->json->{data}{id};

    is_envelope($r, 201, 'created', data => shown('OLD'),
        message => 'Connector has been created');
    is_envelope($hub->get("/v1/connectors/$id"), 200, 'details',
        data => shown('OLD'));
    is_envelope($hub->get("$C/$id"), 200, 'the same', data => shown('OLD'));
    is_envelope($hub->get('/v1/connectors'), 200, 'listed',
        data => '{"items":[' . shown('OLD', config => undef) . ']}',
        message => 'Connectors list retrieved successfully');
    is_envelope($hub->patch("/v1/connectors/$id", '{"paused":false,'
        . '"run_setup_tests":false}'), 200, 'changed', data => shown('OLD'),
        message => 'Connector has been updated');
    is_envelope($hub->delete("/v1/connectors/$id"), 200, 'deleted',
        message => q(Connector with id 'OLD' has been deleted));
    is_missing($hub->get("/v1/connectors/$id"), 'NotFound_Connector', 'OLD',
        'gone');

    for (['POST', "$C/$id/sync"], ['POST', "$C/$id/force"],
        ['POST', "$C/$id/resync"], ['GET', "$C/$id/state"],
        ['PATCH', "$C/$id/state"], ['POST', "$C/$id/connect-card"],
        ['POST', '/v1/certificates'], ['POST', '/v1/fingerprints'],
        ['GET', '/v1/Connections'])
    {
        my $r = $hub->request(@$_, body => '{}');
        is($r->status, 404, "$_->[0] $_->[1]");
        is($r->json->{code}, 'NotFound', 'its code');
    }
};

subtest 'every field' => sub {
    my %sent = (
        paused => 'true', pause_after_trial => 'true', sync_frequency => 1440,
        daily_sync_time => '"07:00"', schedule_type => '"manual"',
        networking_method => '"ProxyAgent"', proxy_agent_id => '"agent"',
        hybrid_deployment_agent_id => '"hybrid"',
        external_secrets_keys_config => '{"user":"db/user"}',
        data_delay_sensitivity => '"CUSTOM"', data_delay_threshold => 30,
        destination_schema_names => '"SOURCE_NAMING"',
        destination_configuration => '{"virtual_warehouse":"W"}',
        connect_card_config => '{"redirect_uri":"https://a","all_fields":true}',
    );
    my $r = $hub->post($C, '{"service":"postgres","group_id":"' . $group
        . '","run_setup_tests":false,"trust_certificates":true,"unknown":1,'
        . '"trust_fingerprints":true,"config":{"schema":"all"},"auth":{"a":1},'
        . join(',', map { "\"$_\":$sent{$_}" } sort keys %sent) . '}');
    my $id = id_of(ALL => $r);

    is_envelope($r, 201, 'created', message => 'Connection has been created',
        data => paused(shown('ALL', %sent, schema => '"all"',
            config => '{"schema":"all"}')));

    my %texts = (paused => '"false"', pause_after_trial => '"false"',
        sync_frequency => '"30"', data_delay_threshold => '"45"');
    my %kept = map { $_ => $texts{$_} =~ tr/"//dr } keys %texts;
    $r = $hub->patch("$C/$id", '{"run_setup_tests":"false",'
        . join(',', map { "\"$_\":$texts{$_}" } sort keys %texts) . '}');
    is_envelope($r, 200, 'texts of numbers and flags; the time goes',
        message => 'Connection has been updated',
        data => shown('ALL', %sent, %kept, schema => '"all"',
            config => '{"schema":"all"}', daily_sync_time => 'null'));

    $r = $hub->patch("$C/$id", '{"run_setup_tests":false,'
        . '"is_historical_sync":false,"schema_status":"ready",'
        . '"schedule":{"schedule_type":"CRON"},"schedule_type":"auto",'
        . '"data_delay_sensitivity":"LOW","networking_method":"Directly",'
        . '"proxy_agent_id":"","service":"mysql","group_id":"other"}');
    is_envelope($r, 200, 'what only a change has; the threshold goes',
        message => 'Connection has been updated',
        data => shown('ALL', %sent, %kept, schema => '"all"',
            config => '{"schema":"all"}', daily_sync_time => 'null',
            schedule_type => '"auto"', data_delay_sensitivity => '"LOW"',
            data_delay_threshold => 0, networking_method => '"Directly"',
            proxy_agent_id => 'null', schedule => '{"schedule_type":"CRON"}',
            status => '{"setup_state":"incomplete","sync_state":"scheduled",'
            . '"update_state":"on_schedule","is_historical_sync":false,'
            . '"schema_status":"ready","tasks":[],"warnings":[]}'));

    $r = create(NULLS => { map { $_ => undef } keys %sent, 'auth',
        'config', 'trust_certificates', 'private_link_id', 'schedule' });
    is_envelope($r, 201, 'null is as good as absent',
        message => 'Connection has been created', data => shown('NULLS'));

    is($hub->delete("$C/$_")->status, 200, 'deleted')
        for $id, $r->json->{data}{id};
};

subtest 'what may be sent' => sub {
    my $id = create(BAD => {})->json->{data}{id};

    my $networking = 'Networking method must be PrivateLink in order to set '
        . 'private_link_id';
    my @rows = (
        # a field's JSON, message; both in POST and PATCH
        ['"paused":1',             q(Field 'paused' is invalid)],
        ['"paused":"yes"',         q(Field 'paused' is invalid)],
        ['"run_setup_tests":0',    q(Field 'run_setup_tests' is invalid)],
        ['"trust_certificates":[]', q(Field 'trust_certificates' is invalid)],
        ['"trust_fingerprints":""', q(Field 'trust_fingerprints' is invalid)],
        ['"sync_frequency":7',     q(Field 'sync_frequency' is invalid)],
        ['"sync_frequency":"x"',   q(Field 'sync_frequency' is invalid)],
        ['"sync_frequency":5.0',   q(Field 'sync_frequency' is invalid)],
        ['"schedule_type":"Auto"', q(Field 'schedule_type' is invalid)],
        ['"sync_frequency":1440,"daily_sync_time":"7:00"',
            q(Field 'daily_sync_time' is invalid)],
        ['"sync_frequency":1440,"daily_sync_time":"24:00"',
            q(Field 'daily_sync_time' is invalid)],
        ['"sync_frequency":1440,"daily_sync_time":"07:30"',
            q(Field 'daily_sync_time' is invalid)],
        ['"sync_frequency":720,"daily_sync_time":"07:00"',
            'daily_sync_time requires a sync_frequency of 1440'],
        ['"daily_sync_time":"07:00"',
            'daily_sync_time requires a sync_frequency of 1440'],
        ['"data_delay_threshold":5',
            'data_delay_threshold requires a data_delay_sensitivity of '
            . 'CUSTOM'],
        ['"data_delay_sensitivity":"CUSTOM","data_delay_threshold":-1',
            q(Field 'data_delay_threshold' is invalid)],
        ['"data_delay_sensitivity":"low"',
            q(Field 'data_delay_sensitivity' is invalid)],
        ['"networking_method":"Unknown"',
            q(Field 'networking_method' is invalid)],
        ['"private_link_id":"a"',  $networking],
        ['"networking_method":"SshTunnel","private_link_id":"a"',
            $networking],
        ['"destination_schema_names":"NONE"',
            q(Field 'destination_schema_names' is invalid)],
        ['"destination_configuration":"W"',
            q(Field 'destination_configuration' is invalid)],
        ['"connect_card_config":{"hide_setup_guide":true}',
            q(Field 'connect_card_config.redirect_uri' is required)],
        ['"external_secrets_keys_config":[]',
            q(Field 'external_secrets_keys_config' is invalid)],
        ['"external_secrets_keys_config":{"user":1}',
            q(Field 'external_secrets_keys_config' is invalid)],
        ['"config":[]',            q(Invalid 'config' object)],
        ['"config":"{}"',          q(Invalid 'config' object)],
        ['"config":{"port":"x"}',  q(Invalid 'config' object)],
        ['"config":{"port":0}',    q(Invalid 'config' object)],
        ['"config":{"port":65536}', q(Invalid 'config' object)],
        ['"config":{"tunnel_port":"22a"}', q(Invalid 'config' object)],
        ['"config":{"password":"******"}', q(Invalid 'config' object)],
    );

    for (@rows) {
        my ($field, $message) = @$_;
        refused($hub->post($C, qq({"service":"s","group_id":"$group",$field})),
            $message, "POST $field");
        refused($hub->patch("$C/$id", "{$field}"), $message,
            "PATCH $field");
    }

    my @create = (
        ['{}',                      q(Field 'group_id' is required)],
        ['{"service":"s"}',         q(Field 'group_id' is required)],
        ['{"service":"s","group_id":""}', q(Field 'group_id' is required)],
        ['{"service":"s","group_id":[]}', q(Field 'group_id' is invalid)],
        ['{"group_id":"g"}',        q(Field 'service' is required)],
        ['{"service":null,"group_id":"g"}', q(Field 'service' is required)],
        ['[]',                      'The body has to be a JSON object'],
        ['1',                       'The body has to be a JSON object'],
    );
    refused($hub->post($C, $_->[0]), $_->[1], "POST $_->[0]") for @create;

    refused($hub->patch("$C/$id", $_),
        'At least one field that can be changed is required', "PATCH $_")
        for '{}', '{"run_setup_tests":false}', '{"trust_certificates":true}',
            '{"trust_fingerprints":true,"run_setup_tests":true}',
            '{"paused":null}', '{"service":"x"}', '{"schema":"x"}',
            '{"setup_state":"connected"}';

    is_missing($hub->post($C, { service => 's', group_id => $_ }),
        'NotFound_Group', $_, "group $_") for 'nobody', 'a/b', '*';
    is_missing($hub->post($C, { service => 's', group_id => $group,
        networking_method => 'PrivateLink', private_link_id => 'nobody' }),
        'NotFound_PrivateLink', 'nobody', 'no such link');
    is_refused($hub->request(@$_), 404, 'NotFound',
        q(External Secrets Manager with 'nobody' id is not found.))
        for ['POST', $C, json => { service => 's', group_id => $group,
                external_secrets_manager_id => 'nobody' }],
            ['PATCH', "$C/$id", json =>
                { external_secrets_manager_id => 'nobody' }];

    for my $type ('text/plain', undef) {
        my $r = $hub->request('POST', $C, body => '{}',
            headers => { 'Content-Type' => $type });
        is($r->status, 415, 'as ' . ($type // 'nothing'));
        is($r->json->{code}, 'UnsupportedMediaType', 'its code');
    }

    my $big = $hub->post($C, { service => 's', group_id => $group,
        config => { a => 'x' x 65536 } });
    is($big->status, 413, 'a config that is too large');
    ok(length $big->json->{code}, 'is an envelope');

    is_envelope($hub->get("$C/$id"), 200, 'nothing changed',
        data => shown('BAD'));
    is_deeply([map { @$_ } pages($hub, $C, 1000)], [$id], 'nothing was made');
    $hub->delete("$C/$id");
};

subtest 'config' => sub {
    my $id = create(CONF => { config => { host => 'h', port => 1,
        password => 'MARKER-1', nested => { api_key => 'MARKER-2', a => 1 },
        list => [{ token => 'MARKER-3' }], empty_token => '' } })
        ->json->{data}{id};
    my $masked = '******';

    my $patch = sub ($config, $expected, $label) {
        my $r = $hub->patch("$C/$id", { config => $config,
            run_setup_tests => JSON::PP::false });
        is_deeply($r->json->{data}{config}, $expected, $label);
        is_deeply(config_of($id), $expected, '... and stored');
    };

    is_deeply(config_of($id), { host => 'h', port => 1, password => $masked,
        nested => { api_key => $masked, a => 1 },
        list => [{ token => $masked }], empty_token => '' }, 'masked');

    $patch->({ user => 'u', nested => { b => 2 } },
        { host => 'h', port => 1, password => $masked, user => 'u',
        nested => { api_key => $masked, a => 1, b => 2 },
        list => [{ token => $masked }], empty_token => '' }, 'merged');
    $patch->({ password => $masked, list => [1], port => '70',
        tunnel_port => '22', host => undef },
        { host => 'h', port => 70, tunnel_port => 22, password => $masked,
        user => 'u', nested => { api_key => $masked, a => 1, b => 2 },
        list => [1], empty_token => '' }, 'a mask keeps, null does nothing');

    my $raw = $hub->redis('HGET', "{credhub}:object:connections/$id",
        'config');
    unlike($raw, qr/host|MARKER/, 'it lies sealed in Redis');

    my $other = create(OTHER => { config => { schema => 'other',
        password => 'MARKER-4' } })->json->{data}{id};
    $hub->redis('HSET', "{credhub}:object:connections/$other", 'config', $raw);
    $hub->expect_log(qr/the config of "connections\/$other"/);
    my $r = $hub->get("$C/$other");
    is($r->status, 500, 'one that was moved does not open');
    is($hub->delete("$C/$_")->status, 200, 'deleted') for $id, $other;
};

subtest 'schema' => sub {
    my @rows = (
        # config, schema in the answer
        [{ schema => 's1' },                          's1'],
        [{ schema => 's1', table => 't' },            's1.t'],
        [{ schema => 's2', table_group_name => 'g' }, 's2'],
        [{ schema_prefix => 'p' },                    'p'],
        [{ table => 't' },                            'postgres'],
        [{ schema => '' , schema_prefix => undef },   undef],
        [undef,                                       undef],
    );
    my @ids;

    for (@rows) {
        my ($config, $schema) = @$_;
        my $r = create("S$#ids" => { config => $config });
        is($r->status, 201, 'created');
        my $data = $r->json->{data};
        push @ids, $data->{id};
        is($data->{schema}, $schema // 'postgres_' . substr($data->{id}, 0, 8),
            'schema of ' . encode_json($config // {}));
    }

    is_refused(create(NEVER => { config => $_->[0] }), 409, 'Conflict',
        "A connection with schema '$_->[1]' already exists in the group")
        for grep { defined $_->[1] && $_->[1] ne 'postgres' } @rows;
    is_refused(create(NEVER => { config => { schema => 'postgres' } }), 409,
        'Conflict',
        q(A connection with schema 'postgres' already exists in the group),
        'a name that was given is not changed');

    my $elsewhere = create(ELSE => { config => { schema => 's1' },
        group_id => group($hub) });
    is($elsewhere->json->{data}{schema}, 's1', 'another group');

    my $r = $hub->patch("$C/$ids[0]", { config => { schema => 's9' },
        run_setup_tests => JSON::PP::false });
    is($r->json->{data}{schema}, 's1', 'it stays what it was');

    is($hub->delete("$C/$ids[0]")->status, 200, 'it goes');
    $r = create(AGAIN => { config => { schema => 's1' } });
    is($r->status, 201, 'its name is free');

    is($hub->delete("$C/$_")->status, 200, 'deleted')
        for @ids[1 .. $#ids], map { $_->json->{data}{id} } $elsewhere, $r;
};

subtest 'the way to it' => sub {
    my $tunnel = create(TUNNEL => { config => { tunnel_host => 't' } });
    is($tunnel->json->{data}{networking_method}, 'SshTunnel',
        'a tunnel needs no more');
    my $direct = create(DIRECT => { networking_method => 'Directly',
        config => { tunnel_host => 't' } });
    is($direct->json->{data}{networking_method}, 'Directly', 'what was given');

    is($hub->delete("$C/" . $_->json->{data}{id})->status, 200, 'deleted')
        for $tunnel, $direct;
};

subtest 'what it refers to' => sub {
    my $link = called(LINK => $hub->post('/v1/private-links', {
        name => 'link', region => 'AWS_US_EAST_1', service => 'SOURCE_AWS',
        config => { connection_service_name => 'com.amazonaws.vpce.x' } })
        ->json->{data}{id});
    my $manager = called(MANAGER => $hub->post('/v1/external-secrets-managers',
        { name => 'vault', type => 'HASHICORP_VAULT', config => {
        vault_address => 'https://vault:8200', role_id => 'r',
        secret_id => 'MARKER-s' } })->json->{data}{id});

    my %is = (networking_method => '"PrivateLink"', private_link_id => '"LINK"',
        external_secrets_manager_id => '"MANAGER"',
        external_secrets_keys_config => '{"user":"db#user"}');
    my $r = $hub->post($C, '{"service":"postgres","group_id":"' . $group
        . '","run_setup_tests":false,"networking_method":"PrivateLink",'
        . qq("private_link_id":"$link","external_secrets_manager_id":"$manager",)
        . '"external_secrets_keys_config":{"user":"db#user"}}');
    my $id = id_of(REFS => $r);

    is_envelope($r, 201, 'created', data => shown('REFS', %is),
        message => 'Connection has been created');
    is_envelope($hub->get($C), 200, 'listed with them', data => '{"items":['
        . shown('REFS', %is, config => undef) . ']}',
        message => 'Connections list retrieved successfully');
    is($hub->delete("/v1/private-links/$link")->status, 409,
        'a link in use stays');
    is($hub->delete("/v1/external-secrets-managers/$manager")->status, 400,
        'a manager in use, too');

    # who changes it need not see what is attached already
    my $view = permit($hub, "/trust/connections/$id", $actor, 'write');
    is($second->patch("$C/$id", { paused => \0, run_setup_tests => \0 })
        ->status, 200, 'what stays needs no right');
    is($hub->patch("$C/$id", { networking_method => 'Directly',
        external_secrets_manager_id => '', run_setup_tests => \0 })->status,
        200, 'they go');
    is_envelope($hub->get("$C/$id"), 200, 'no link without its method',
        data => shown('REFS', external_secrets_keys_config =>
            '{"user":"db#user"}'));

    is_refused($second->patch("$C/$id", $_), 403, 'Forbidden',
        'You do not have the right to do this.',
        'what is attached has to be read')
        for { external_secrets_manager_id => $manager },
            { external_secrets_manager_id => 'nobody' },
            { networking_method => 'PrivateLink', private_link_id => $link };
    withdraw($hub, $view);

    is($hub->delete("/v1/private-links/$link")->status, 200,
        'the link may go now');
    is($hub->delete("/v1/external-secrets-managers/$manager")->status, 200,
        'and the manager');
    is($hub->delete("$C/$id")->status, 200, 'deleted');
};

subtest 'lists' => sub {
    my %group = map { $_ => group($hub, $_) } qw(a b);
    my %ids;

    for my $i (1 .. 6) {
        my $of = $i % 2 ? 'a' : 'b';
        my $r = create("L$i" => { group_id => $group{$of},
            config => { schema => 's' . int(($i + 1) / 2) } });
        push @{ $ids{$_} }, $r->json->{data}{id} for $of, 'all';
    }
    destination($hub, { host => 'h' }, group_id => $group{a});

    for my $limit (1, 2, 1000) {
        is_deeply([map { @$_ } pages($hub, $_->[0], $limit)], $_->[1],
            "$_->[0] by $limit")
            for [$C, $ids{all}],
                ["$C?group_id=$group{a}", $ids{a}],
                ["$C?group_id=$group{b}", $ids{b}],
                ["$C?group_id=nobody", []],
                ["$C?group_id=a/b", []],
                ["$C?schema=s2", [@{ $ids{all} }[2, 3]]],
                ["$C?schema=none", []],
                ["$C?schema=s2&group_id=$group{b}", [$ids{b}[1]]],
                ["/v1/groups/$group{a}/connections", $ids{a}],
                ["/v1/groups/$group{b}/connections?schema=s3", [$ids{b}[2]]];
    }

    my @lists = ($C, "$C?group_id=$group{a}", "$C?group_id=$group{b}",
        "$C?schema=s1", "/v1/groups/$group{a}/connections?schema=s1");
    my $cursor = cursor_of($hub->get("$C?group_id=$group{a}&limit=1"));
    refused($hub->get($_ . ($_ =~ /\?/ ? '&' : '?') . "cursor=$cursor"),
        q(Parameter 'cursor' is not one of this list), "a cursor in $_")
        for grep { $_ ne $lists[1] } @lists;

    is_missing($hub->get('/v1/groups/nobody/connections'), 'NotFound_Group',
        'nobody', 'of no group');
    is_refused($second->get("/v1/groups/$_/connections"), 403, 'Forbidden',
        'You do not have the right to do this.', 'the group has to be read')
        for $group{a}, 'nobody';

    my @views = (permit($hub, "/trust/groups/$group{a}", $actor, 'read'),
        permit($hub, "/trust/connections/$ids{a}[1]", $actor, 'read'));
    is_deeply([map { @$_ } pages($second, $_, 1)], [$ids{a}[1]],
        "$_ has what the caller may read")
        for $C, "$C?group_id=$group{a}", "/v1/groups/$group{a}/connections";
    withdraw($hub, @views);

    $hub->delete("$C/$_") for @{ $ids{all} };
};

subtest 'rights' => sub {
    my $id    = called(MINE => connection($hub, {}, group_id => $group)->{id});
    my $body  = { service => 's', group_id => $group,
        run_setup_tests => JSON::PP::false };
    my %calls = (
        read   => sub { $second->get("$C/$id") },
        write  => sub { $second->patch("$C/$id",
            { paused => \1, run_setup_tests => \0 }) },
        test   => sub { $second->post("$C/$id/test") },
        create => sub { $second->post($C, $body) },
        delete => sub { $second->delete("$C/$id") },
    );
    my $in_group = permit($hub, "/trust/groups/$group", $actor, 'read');
    my @rows = (
        # path, operation, what it allows
        ["/trust/connections/$id",  'read',   'read'],
        ["/trust/connections/$id",  'write',  'write test'],
        ['/trust/connections/*',    'write',  'write test create'],
        ['/trust/connectors/*',     'write',  ''],
        ['/trust/destinations/*',   'delete', ''],
        ["/trust/connections/$id",  'delete', 'delete'],
    );

    for (undef, @rows) {
        my ($path, $operation, $allowed) = $_ ? @$_ : ('nothing', 'none', '');
        my $view = $_ && permit($hub, $path, $actor, $operation);

        for my $call (sort keys %calls) {
            my $r = $calls{$call}->();
            my $label = "$call with $operation on $path";

            if (" $allowed " =~ / $call /) {
                is($r->status, $call eq 'create' ? 201 : 200, $label);
                $hub->delete("$C/" . $r->json->{data}{id})
                    if $call eq 'create';
            } else {
                is_refused($r, 403, 'Forbidden',
                    'You do not have the right to do this.', $label);
            }
        }

        withdraw($hub, $view) if $view;
    }

    withdraw($hub, $in_group);
    my $view = permit($hub, '/trust/connections/*', $actor, 'write');
    is_refused($second->post($C, { %$body, group_id => $_ }), 403,
        'Forbidden', 'You do not have the right to do this.',
        'who attaches a group has to read it')
        for $group, 'nobody';
    withdraw($hub, $view);
};

$hub->done;
