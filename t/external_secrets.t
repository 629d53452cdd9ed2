# /v1/external-secrets-managers: what an operator keeps of a manager, and which
# connections and destinations have their secrets there.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Trust qw(connection destination group);
use Test::More;

my $MANAGERS = '/v1/external-secrets-managers';
my $DATE     = qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\z/;
my $TRUE     = JSON::PP::true();
my $FALSE    = JSON::PP::false();

my $hub   = CredHubTest->new(keep => 1);
my $other = $hub->as('second');

my %VAULT = (vault_address => 'https://vault.example.com:8200',
    role_id => 'role', secret_id => 'MARKER-secret-id', namespace => 'n');

sub manager ($name, $type = 'HASHICORP_VAULT', $config = {%VAULT}, %more) {
    return $hub->post($MANAGERS,
        { name => $name, type => $type, config => $config, %more });
}

sub refused ($r, $status, $code, $message, $what) {
    is($r->status, $status, $what);
    is_deeply($r->json, { code => $code, message => $message }, "$what: why");
    return;
}


subtest 'create, details, list' => sub {
    my $r = manager('vault1');
    is($r->status, 201) or diag $r->body;
    my $data = $r->json->{data};

    like($data->{$_}, $DATE, $_) for qw(created_at updated_at);
    is_deeply($r->json, {
        code => 'Success',
        message => 'External Secrets Manager has been created',
        data => {
            id => $data->{id}, type => 'HASHICORP_VAULT', name => 'vault1',
            config => { %VAULT, secret_id => '******' },
            is_hybrid_deployment => $FALSE,
            is_hybrid_deployment_compatible => $FALSE,
            map { $_ => $data->{$_} } qw(created_at updated_at),
        },
    }, 'the answer');

    is_deeply($hub->get("$MANAGERS/$data->{id}")->json,
        { code => 'Success', data => $data }, 'details');

    my $list = $hub->get($MANAGERS)->json->{data}{items};
    is_deeply($list, [{ map { $_ => $data->{$_} } grep { $_ ne 'config' }
        keys %$data }], 'the list');
    is_deeply($other->get($MANAGERS)->json->{data}{items}, [], 'of others');
};

subtest 'providers' => sub {
    my $aws = manager('aws', 'AWS_SECRET_MANAGER',
        { role_arn => 'arn:aws:iam::123456789012:role/hub',
            region => 'eu-west-1' })->json->{data};
    like($aws->{config}{external_id}, qr/\A[0-9a-f]{32}\z/, 'an external id');

    my $given = manager('aws2', 'AWS_SECRET_MANAGER',
        { role_arn => 'arn:aws:iam::123456789012:role/hub',
            region => 'eu-west-1', external_id => 'mine' })->json->{data};
    is($given->{config}{external_id}, 'mine', 'unless there is one');
    is($hub->delete("$MANAGERS/$given->{id}")->status, 200);

    is(manager('azure', 'AZURE_KEY_VAULT', { tenant_id => 't',
        vault_url => 'https://v.vault.azure.net' })->status, 201, 'Azure');

    for my $flag (qw(is_hybrid_deployment is_hybrid_deployment_compatible)) {
        my $r = manager($flag, 'HASHICORP_VAULT',
            { vault_address => 'https://vault.example.com' }, $flag => $TRUE);
        is($r->status, 201, "$flag needs less") or diag $r->body;
        is_deeply([@{ $r->json->{data} }{qw(is_hybrid_deployment
            is_hybrid_deployment_compatible)}], [$TRUE, $TRUE], 'both names');
    }
};

subtest 'bad input' => sub {
    refused($hub->post($MANAGERS, { name => 'x', type => 'HASHICORP_VAULT' }),
        400, 'BadRequest', 'ESM config is required.', 'no config');

    my @rows = (
        ['a name that is taken', 'vault1', 'HASHICORP_VAULT', {%VAULT}],
        ['no secret_id', 'x', 'HASHICORP_VAULT',
            { map { $_ => $VAULT{$_} } qw(vault_address role_id) }],
        ['no vault_address', 'x', 'HASHICORP_VAULT', { role_id => 'r',
            secret_id => 'MARKER-s' }],
        ['not https', 'x', 'HASHICORP_VAULT',
            { %VAULT, vault_address => 'http://vault.example.com' }],
        ['no role_arn', 'x', 'AWS_SECRET_MANAGER', { region => 'eu-west-1' }],
        ['no tenant_id', 'x', 'AZURE_KEY_VAULT',
            { vault_url => 'https://v.vault.azure.net' }],
        ['an address that is a number', 'x', 'HASHICORP_VAULT',
            { %VAULT, vault_address => 1 }],
    );

    for my $row (@rows) {
        my ($what, @request) = @$row;
        my $r = manager(@request);
        is($r->status, 400, $what);
        is($r->json->{code}, 'BadRequest', "$what: its code");
        ok(length $r->json->{message}, "$what: $r->{body}");
    }

    is(manager('x', 'GOOGLE', {%VAULT})->status, 400, 'an unknown type');
    is(manager('x', 'HASHICORP_VAULT', { %VAULT, secret_id => '******' })
        ->status, 400, 'a mask');
    is(@{ $hub->get($MANAGERS)->json->{data}{items} }, 5, 'nothing was kept');

    refused($hub->$_("$MANAGERS/nobody", $_ eq 'patch'
        ? { config => {} } : ()), 404, 'NotFound',
        q(External Secrets Manager with 'nobody' id is not found.), $_)
        for qw(get patch delete);
};

subtest 'changes' => sub {
    my $id = $hub->get($MANAGERS)->json->{data}{items}[0]{id};

    refused($hub->patch("$MANAGERS/$id", { name => 'other' }), 400,
        'BadRequest', 'ESM config is required.', 'config only');

    my $r = $hub->patch("$MANAGERS/$id", { name => 'other', type => 'GOOGLE',
        config => { namespace => 'm', secret_id => '******' } });
    is($r->status, 200) or diag $r->body;
    is_deeply([@{ $r->json->{data} }{qw(name type)}],
        ['vault1', 'HASHICORP_VAULT'], 'name and type stay');
    is_deeply($r->json->{data}{config},
        { %VAULT, namespace => 'm', secret_id => '******' }, 'config merges');
};

subtest 'entities, and a manager in use' => sub {
    my $id    = $hub->get($MANAGERS)->json->{data}{items}[0]{id};
    my $group = group($hub, 'payments');
    my %with  = (group_id => $group, external_secrets_manager_id => $id,
        external_secrets_keys_config => { password => 'db#password' });
    my $source = connection($hub, {}, %with);
    my $sink   = destination($hub, {}, %with);

    is($source->{external_secrets_manager_id}, $id, 'attached');
    is_deeply($source->{external_secrets_keys_config},
        { password => 'db#password' }, 'with its keys');

    my %entity = (
        source => { id => $source->{id}, type => 'SOURCE',
            name => $source->{schema}, enabled => $FALSE,
            secret_manager_id => $id, created_at => $source->{created_at} },
        destination => { id => $sink->{id}, type => 'DESTINATION',
            name => 'payments', enabled => $FALSE, secret_manager_id => $id },
    );

    for my $path ("$MANAGERS/$id/entities?",
        "$MANAGERS-entities?esm_id=$id&", "$MANAGERS-entities?")
    {
        for my $type (qw(source destination all)) {
            my $r = $hub->get("${path}type=$type");
            is($r->status, 200, "$path$type") or diag $r->body;
            my $items = $r->json->{data}{items};
            like($_->{created_at}, $DATE) for @$items;
            $entity{destination}{created_at} = $items->[-1]{created_at}
                if $type ne 'source';
            is_deeply($items, [@entity{$type eq 'all'
                ? qw(source destination) : $type}], 'who uses it');
        }
    }

    is($hub->get("$MANAGERS/$id/entities?type=x")->status, 400, 'a type');
    is($hub->get("$MANAGERS/nobody/entities")->status, 404, 'of nobody');
    is($other->get("$MANAGERS/$id/entities")->status, 403, 'of others');

    refused($hub->delete("$MANAGERS/$id"), 400, 'BadRequest',
        "Failed to delete External Secrets Manager with '$id' id, because it "
        . 'is used by 1 connection(s) and 1 destination(s).', 'in use');

    is($hub->patch("/v1/connections/$source->{id}", {
        external_secrets_manager_id => '', run_setup_tests => $FALSE })->status,
        200, 'let go');
    is($hub->delete("/v1/destinations/$sink->{id}")->status, 200);

    my $r = $hub->delete("$MANAGERS/$id");
    is_deeply([$r->status, $r->json], [200, { code => 'Success',
        message => "External Secrets Manager '$id' has been deleted." }],
        'deleted');
    is($hub->get("$MANAGERS/$id")->status, 404, 'gone');
    is(manager('vault1')->status, 201, 'and so is its name');
};

subtest 'rights' => sub {
    my $id = $hub->get($MANAGERS)->json->{data}{items}[0]{id};

    for my $row ([get => "$MANAGERS/$id"], [delete => "$MANAGERS/$id"],
        [patch => "$MANAGERS/$id", { config => {%VAULT} }],
        [get => "$MANAGERS/nobody"], [post => $MANAGERS, { name => 'x',
            type => 'HASHICORP_VAULT', config => {%VAULT} }])
    {
        my ($method, @request) = @$row;
        my $r = $other->$method(@request);
        is($r->status, 403, "$method $request[0]");
        is($r->json->{code}, 'Forbidden');
    }
};

$hub->done;
