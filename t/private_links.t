# /v1/private-links on a hub that reaches nothing itself: what may stand in one,
# its states, and who else may provision it.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Envelope;
use CredHubTest::Envelope qw(called id_of cursor_of pages);
use CredHubTest::Permissions qw(permit withdraw);
use CredHubTest::Trust qw(group connection);
use Test::More;

my $L = '/v1/private-links';

my $hub    = CredHubTest->new;
my $second = $hub->as('second');

called(ME => $hub->actor);
called(ACCOUNT => $hub->get('/v1/account/info')->json->{data}{account_id});

my $count = 0;

# A body that is good; arguments replace fields, undef takes one out, and
# a reference to undef is null.
sub body (%other) {
    my %body = (
        name => 'link-' . ++$count, region => 'AWS_US_EAST_1',
        service => 'SOURCE_AWS',
        config  => { connection_service_name => 'com.amazonaws.vpce.test' },
        %other,
    );
    delete @body{ grep { !defined $body{$_} } keys %body };
    $_ = undef for grep { ref eq 'SCALAR' } values %body;
    return \%body;
}

sub made (%other) {
    my $r = $hub->post($L, body(%other));
    is($r->status, 201, 'made') or diag $r->body;
    return called(LINK => $r->json->{data}{id});
}

sub claimed ($id, $by = $hub) {
    my $r = $by->post("$L/$id/claim");
    is($r->status, 200, 'claimed') or diag $r->body;
    return $r->json->{data}{lease};
}

# What stands in every answer, in its order.
sub shown (%other) {
    my %field = (
        id => '"LINK"', name => '"a"', region => '"AWS_US_EAST_1"',
        service => '"SOURCE_AWS"', state => '"CREATING"',
        state_summary => '"The config names no endpoint (HOST:PORT or a URL) '
            . 'that the hub could reach. A provisioner has to claim it: '
            . 'POST /v1/private-links/LINK/claim"',
        host => 'null', cloud_provider => '"AWS"', account_id => '"ACCOUNT"',
        created_at => '"DATE"', created_by => '"ME"',
        config => '{"connection_service_name":"com.amazonaws.vpce.test"}',
        %other,
    );
    return '{' . join(',', map { qq("$_":$field{$_}) } qw(id name region
        service state state_summary host cloud_provider account_id created_at
        created_by config)) . '}';
}

sub is_state ($id, $state, $label = $state) {
    return is($hub->get("$L/$id")->json->{data}{state}, $state, $label);
}


subtest 'created and shown' => sub {
    my $r = $hub->post($L, body(name => 'a'));
    my $id = id_of(LINK => $r);

    is_envelope($r, 201, 'created', message => 'Private link has been created',
        data => shown());
    is_envelope($hub->get("$L/$id"), 200, 'details', data => shown());
    is_envelope($hub->get($L), 200, 'a list',
        data => '{"items":[' . shown() . ']}');

    is_refused($hub->post($L, body(name => 'a')), 409, 'Conflict',
        q(A private link with name 'a' already exists));

    my $other = body(name => 'b', region => 'GCP_US_EAST4',
        service => 'SOURCE_GCP', state => 'OK', host => 'h', id => 'x',
        lease => 'x', config => undef);
    $other->{config} = { zone => { deep => [1, '******'] }, password => 'p',
        private_connection_service_id => 'gcp-1' };
    $r = $hub->post($L, $other);
    called('LINK-B' => $r->json->{data}{id});
    my $data = $r->json->{data};
    is_deeply($data->{config}, $other->{config},
        'a config is kept as it was given, masks and all');
    is($data->{cloud_provider}, 'GCP', 'the cloud is that of the region');
    is($data->{state}, 'CREATING', 'a state is not for clients to say');
    is($data->{host}, undef, 'nor is a host');
    isnt($data->{id}, 'x', 'nor an id');

    is($hub->delete("$L/$data->{id}")->status, 200);
    is($hub->delete("$L/$id")->status, 200);
};

subtest 'what a link must have' => sub {
    my sub refused ($message, %other) {
        is_refused($hub->post($L, body(%other)), 400, 'InvalidInput', $message);
    }

    for my $field (qw(name region service config)) {
        refused("Field '$field' is required", $field => undef);
        refused("Field '$field' is required", $field => \undef);
        next if $field eq 'config';
        refused("Field '$field' is required", $field => '');
        refused("Field '$field' is invalid",  $field => ['x']);
    }

    refused("Field 'name' is invalid", name => 'x' x 65);
    refused("Field 'region' is invalid", region => 'AWS_MOON_1');
    refused("Field 'region' is invalid", region => 'aws_us_east_1');
    refused("Field 'service' is invalid", service => 'SOURCE');
    refused("Field 'service' is invalid", service => 'SOURCE_AWS2');
    refused(q(Invalid 'config' object), config => []);
    refused(q(Invalid 'config' object), config => 'x');

    my %keys = (
        SOURCE_AWS => ['connection_service_name'],
        DATABRICKS_AWS => ['connection_service_name'],
        SNOWFLAKE_AWS => ['account_url', 'vpce_id'],
        REDSHIFT_AWS => ['aws_account_id', 'cluster_identifier'],
        SOURCE_AZURE => ['connection_service_id', 'sub_resource_name'],
        DATABRICKS_AZURE => ['connection_service_id', 'workspace_url'],
        SNOWFLAKE_AZURE => ['account_url', 'pls_id'],
        ONELAKE_AZURE => ['connection_service_id'],
        POSTGRES_WAREHOUSE_AZURE => ['connection_service_id'],
        SQL_DATA_WAREHOUSE_AZURE => ['connection_service_id'],
        SOURCE_GCP => ['private_connection_service_id'],
        SNOWFLAKE_GCP => ['account_url', 'pls_id'],
        DATABRICKS_GCP => ['connection_service_id', 'workspace_url'],
    );

    for my $service (sort keys %keys) {
        my %config = map { $_ => 'x' } @{ $keys{$service} };

        for my $key (sort keys %config) {
            my %less = %config;
            delete $less{$key};
            refused("Field '$key' is required",
                service => $service, config => \%less);
            refused("Field '$key' is required", service => $service,
                config => { %config, $key => '' });
            refused("Field '$key' is invalid", service => $service,
                config => { %config, $key => 5 });
        }
        made(service => $service, config => \%config, name => 'x' x 50
            . ++$count);
    }

    made(name => '1234567890123456789');
    made(name => 'pl-source-aws-prod');
};

subtest 'regions' => sub {
    my @regions = map { my ($cloud, @names) = @$_; map { "${cloud}_$_" } @names }
        [GCP => qw(US_EAST4 US_WEST1 US_CENTRAL1 EUROPE_WEST3
            AUSTRALIA_SOUTHEAST1 NORTHAMERICA_NORTHEAST1 EUROPE_WEST2
            ASIA_SOUTHEAST1 ASIA_SOUTHEAST2 ASIA_SOUTH1 ASIA_NORTHEAST1)],
        [AWS => qw(US_EAST_1 US_EAST_2 US_WEST_2 AP_NORTHEAST_1 AP_SOUTHEAST_1
            AP_SOUTHEAST_2 EU_CENTRAL_1 EU_WEST_1 EU_WEST_2 AP_SOUTH_1
            CA_CENTRAL_1 US_GOV_WEST_1)],
        [AZURE => qw(EASTUS2 AUSTRALIAEAST UKSOUTH WESTEUROPE CENTRALUS
            CANADACENTRAL UAENORTH SOUTHEASTASIA EASTUS JAPANEAST
            CENTRALINDIA)];

    for my $region (@regions) {
        my $data = $hub->get("$L/" . made(region => $region))->json->{data};
        is("$data->{region} $data->{cloud_provider}",
            "$region " . ($region =~ /^([A-Z]+)/)[0]);
    }
};

subtest 'a claim, and its end' => sub {
    my $id = made(name => 'claimed');

    is_refused($hub->patch("$L/$id", { config => { a => 1 } }), 409,
        'IllegalState',
        q(Private link with id 'LINK' cannot be changed in state CREATING));

    my $r = $hub->post("$L/$id/claim");
    my $lease = $r->json->{data}{lease};
    like($lease, qr/^\d+$/, 'a lease is a number');
    is_envelope($r, 200, 'a claim', message => 'Private link has been claimed',
        data => qq({"lease":"$lease","expires_at":"DATE"}));

    my sub is_leased ($r, $label) {
        is_refused($r, 409, 'Conflict',
            'Somebody else works on this, or has done so since.', $label);
    }

    is_leased($hub->post("$L/$id/claim"), 'nobody else can claim it');
    is_leased($hub->patch("$L/$id", { lease => '1', state => 'OK' }),
        'another lease ends nothing');
    is_state($id, 'CREATING');

    for (
        [{ lease => $lease }, q(Field 'state' is required)],
        [{ lease => $lease, state => 'DONE' }, q(Field 'state' is invalid)],
        [{ lease => $lease, state => 'CREATING' }, q(Field 'state' is invalid)],
        [{ lease => $lease, state => 5 }, q(Field 'state' is invalid)],
        [{ lease => 5, state => 'OK' }, q(Field 'lease' is invalid)],
        [{ lease => $lease, state => 'OK', host => 'a b' },
            q(Field 'host' is invalid)],
        [{ lease => $lease, state => 'OK', state_summary => ['x'] },
            q(Field 'state_summary' is invalid)],
        [{ lease => $lease, state => 'OK', state_summary => 'x' x 1025 },
            q(Field 'state_summary' is invalid)],
        [{ lease => $lease, state => 'OK', config => { a => 'b' } },
            'A lease is not ended with another config'],
    ) {
        my ($body, $message) = @$_;
        is_refused($hub->patch("$L/$id", $body), 400, 'InvalidInput', $message);
    }

    is_envelope($hub->patch("$L/$id", { lease => $lease, state => 'OK',
            state_summary => 'It is there', host => 'vpce.example' }),
        200, 'the end', message => 'Private link has been updated',
        data => shown(name => '"claimed"', state => '"OK"',
            state_summary => '"It is there"', host => '"vpce.example"'));

    is_leased($hub->patch("$L/$id", { lease => $lease, state => 'FAIL' }),
        'a lease ends once');
    is_refused($hub->post("$L/$id/claim"), 409, 'IllegalState',
        'The private link does not wait for anybody');
    is_state($id, 'OK');
};

subtest 'a claim that was given up' => sub {
    my $id    = made(name => 'late');
    my $lease = claimed($id);
    my $key   = "{credhub}:object:private-links/$id";

    $hub->redis('HSET', $key, 'until', '1');
    is_refused($hub->patch("$L/$id", { lease => $lease, state => 'OK' }), 409,
        'Conflict', 'Somebody else works on this, or has done so since.',
        'a lease that has ended');

    my $next = claimed($id);
    isnt($next, $lease, 'each lease is another one');
    is_refused($hub->patch("$L/$id", { lease => $lease, state => 'OK' }), 409,
        'Conflict', 'Somebody else works on this, or has done so since.',
        'the one before');

    is($hub->patch("$L/$id", { lease => $next, state => "FAIL" })->status, 200,
        "the one that stands");
    is($hub->get("$L/$id")->json->{data}{state_summary},
        'The provisioner has failed', 'a text of our own');
    is_state($id, 'FAIL');
};

subtest 'changed' => sub {
    my $id = made(name => 'changed');
    my $r  = $hub->patch("$L/$id", { lease => claimed($id), state => 'OK',
        host => 'h.example' });
    is($r->status, 200);

    is_refused($hub->patch("$L/$id", { name => 'n', region => 'x' }), 400,
        'InvalidInput', 'At least one field that can be changed is required');
    is_refused($hub->patch("$L/$id",
            { config => { connection_service_name => '' } }), 400,
        'InvalidInput', q(Field 'connection_service_name' is required));
    is_state($id, 'OK', 'nothing of it changed the state');

    is_envelope($hub->patch("$L/$id", { name => 'n', config => { x => 'y' } }),
        200, 'its config', message => 'Private link has been updated',
        data => shown(name => '"changed"', state => '"UPDATING"', config =>
            '{"connection_service_name":"com.amazonaws.vpce.test","x":"y"}'));
    is_refused($hub->patch("$L/$id", { config => { x => 'z' } }), 409,
        'IllegalState',
        q(Private link with id 'LINK' cannot be changed in state UPDATING));

    $r = $hub->patch("$L/$id", { lease => claimed($id), state => 'FAIL' });
    is($r->json->{data}{state}, 'FAIL');
    $r = $hub->patch("$L/$id", { config => { x => 'z' } });
    is($r->json->{data}{state}, 'UPDATING', 'after a failure, too');
};

subtest 'an endpoint that nobody may reach' => sub {
    my $id = made(config => { connection_service_name => '127.0.0.1:9' });

    is($hub->get("$L/$id")->json->{data}{state_summary},
        'This hub may reach no networks (credhub_probe_allow). A provisioner '
        . "has to claim it: POST $L/$id/claim", 'what can be done about it');
    is($hub->patch("$L/$id", { lease => claimed($id), state => 'OK' })->status,
        200, 'somebody else may');
};

subtest 'destroyed' => sub {
    my $id = made(name => 'gone');
    my $lease = claimed($id);

    for my $time (1, 2) {
        is_envelope($hub->delete("$L/$id"), 200, "marked, $time", message =>
            q(Private link with id 'LINK' is marked for deletion));
        is_state($id, 'DESTROYING');
    }

    is_refused($hub->patch("$L/$id", { config => { x => 'y' } }), 409,
        'IllegalState',
        q(Private link with id 'LINK' cannot be changed in state DESTROYING));
    is($hub->patch("$L/$id", { lease => $lease, state => 'OK' })->status, 409,
        'not even by who has claimed it');
    is_refused($hub->post("$L/$id/claim"), 409, 'IllegalState',
        'The private link does not wait for anybody');
    is_missing($hub->post('/v1/connections', { service => 'postgres',
            group_id => group($hub), networking_method => 'PrivateLink',
            private_link_id => $id, run_setup_tests => JSON::PP::false() }),
        NotFound_PrivateLink => 'LINK', 'nothing can be attached to it');

    made(name => 'gone');
};

subtest 'in use' => sub {
    my $id   = made(name => 'used');
    my $made = connection($hub, {}, networking_method => 'PrivateLink',
        private_link_id => $id);

    is_refused($hub->delete("$L/$id"), 409, 'Conflict',
        "It is used by connections/$made->{id}");
    is_state($id, 'CREATING', 'it stays what it was');

    is($hub->delete("/v1/connections/$made->{id}")->status, 200);
    is($hub->delete("$L/$id")->status, 200, 'free again');
};

subtest 'what there is not' => sub {
    for my $id ('none', 'x' x 65, 'a.b') {
        is_missing($hub->get("$L/$id"), NotFound_PrivateLink => $id, 'GET');
        is_missing($hub->patch("$L/$id", { config => {} }),
            NotFound_PrivateLink => $id, 'PATCH');
        is_missing($hub->delete("$L/$id"), NotFound_PrivateLink => $id,
            'DELETE');
        is_missing($hub->post("$L/$id/claim"), NotFound_PrivateLink => $id,
            'claim');
    }
};

subtest 'rights' => sub {
    my $id    = made(name => 'mine');
    my $other = made(name => 'other');
    my $me    = $hub->actor('second');

    my sub refused ($id) {
        my $text = 'You do not have the right to do this.';
        is_refused($second->get("$L/$id"), 403, 'Forbidden', $text, 'GET');
        is_refused($second->patch("$L/$id", { config => { x => 'y' } }), 403,
            'Forbidden', $text, 'PATCH');
        is_refused($second->delete("$L/$id"), 403, 'Forbidden', $text,
            'DELETE');
        is_refused($second->post("$L/$id/claim"), 403, 'Forbidden', $text,
            'claim');
    }

    refused($id);
    refused('none');
    is_refused($second->post($L, body()), 403, 'Forbidden',
        'You do not have the right to do this.', 'POST');
    is_deeply([pages($second, $L, 100)], [[]], 'an empty list');

    my $read = permit($hub, "/trust/private-links/$id", $me, 'read');
    is($second->get("$L/$id")->status, 200, 'read');
    is_deeply([pages($second, $L, 100)], [[$id]], 'a list of one');
    is($second->post("$L/$id/claim")->status, 403, 'no claim for readers');

    my $write = permit($hub, '/trust/private-links/*', $me, 'write');
    claimed($id, $second);
    is($second->post($L, body())->status, 201, 'write is for all of them');
    is($second->delete("$L/$id")->status, 403, 'and not for their end');

    my $delete = permit($hub, "/trust/private-links/$id", $me . 'x', 'delete');
    is($second->delete("$L/$id")->status, 403, 'nor that of somebody else');
    withdraw($hub, $delete, $write, $read);

    my $all = permit($hub, "/trust/private-links/$id", $me, 'delete');
    is($second->delete("$L/$id")->status, 200, 'delete');
    withdraw($hub, $all);
};

subtest 'pages' => sub {
    my @ids   = map { @$_ } pages($hub, $L, 1000);
    my @pages = pages($hub, $L, 7);

    is_deeply([map { @$_ } @pages], \@ids, 'all of them in their order');
    is_deeply([map { scalar @$_ } @pages[0 .. $#pages - 1]],
        [(7) x $#pages], 'each page is full');

    for my $limit (qw(0 1001 abc -1 1.5), '') {
        is_refused($hub->get("$L?limit=$limit"), 400, 'InvalidInput',
            q(Parameter 'limit' must be a number from 1 to 1000),
            "limit '$limit'");
    }

    my $cursor = cursor_of($hub->get("$L?limit=1"));
    is_refused($hub->get("/v1/groups?cursor=$cursor"), 400, 'InvalidInput',
        q(Parameter 'cursor' is not one of this list), 'of another list');
};

$hub->done;
