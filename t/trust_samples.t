# The samples of the trust API's documentation: status, message, and of each
# answer the names of its members, their types and their nulls, at each level.
# The sixteen calls for approvals are made at every path they have.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Peers::Sshd;
use CredHubTest::Peers::TlsServer;
use CredHubTest::Pki qw(make_certificate der);
use CredHubTest::Trust qw(connection destination group outcome);
use Digest::SHA qw(sha1_hex sha256 sha256_hex);
use Math::BigInt;
use MIME::Base64 qw(encode_base64);
use Test::More;

my $DATE = qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\z/;
my $TRUE = JSON::PP::true();

my %CERTIFICATE = map { $_ => 'string' } qw(id hash public_key name type
    validated_date validated_by sha1 sha256);
my %FINGERPRINT = map { $_ => 'string' } qw(id hash public_key validated_date
    validated_by);

my $hub = CredHubTest->new(
    server => 'credhub_probe_allow 127.0.0.0/8; credhub_api_keys /api-keys;',
    permissions => [['good', '/*', 'read,write,delete'],
        ['api-key:deploy', '/trust/*', 'read,write,delete']],
);

is($hub->set('/api-keys/deploy', 'user', { username => 'deploy',
    password => 'MARKER-deploy' }, metadata => { display_name => 'Go 5Tran' })
    ->status, 200, 'there is an API key');
my %KEY = (Authorization => 'Basic '
    . encode_base64('deploy:MARKER-deploy', ''));


# A structure with the types of its values in the place of the values.
sub shape ($value) {
    return 'null' if !defined $value;
    return 'bool' if JSON::PP::is_bool($value);
    return [map { shape($_) } @$value] if ref $value eq 'ARRAY';
    return { map { $_ => shape($value->{$_}) } keys %$value }
        if ref $value eq 'HASH';
    return JSON::PP::encode_json([$value]) =~ /^\["/ ? 'string' : 'number';
}

# By an API key. An answer: its status, its message (undef: it has none), the
# shape of its data (undef: it has none).
sub answers ($what, $method, $path, $body, $status, $message, $data) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $r = $hub->as(undef)->request($method, $path, headers => {%KEY},
        defined $body ? (json => $body) : ());
    is($r->status, $status, "$what: status") or diag $r->body;
    is($r->header('Content-Type'), 'application/json;charset=UTF-8',
        "$what: content type");

    my $got = $r->json;
    is_deeply(shape($got), { code => 'string',
        (defined $message ? (message => 'string') : ()),
        (defined $data ? (data => $data) : ()) }, "$what: members")
        or diag $r->body;
    is($got->{code}, 'Success', "$what: code");
    is($got->{message}, $message, "$what: message") if defined $message;
    return $got->{data};
}


# A certificate as it is shown

sub encoded ($made) { return encode_base64(der($made->{certificate}), '') }

sub hash_of ($made) {
    return encode_base64(sha256(der($made->{certificate})), '');
}

sub modulus ($made) {
    my $file = CredHubTest::Pki::file_of($made->{certificate});
    my ($hex) = CredHubTest::Pki::openssl('x509', '-in', $file, '-noout',
        '-modulus') =~ /=([0-9A-F]+)/;
    return Math::BigInt->from_hex($hex)->bstr;
}

my $NAME = 'CN=Amazon RDS Root CA, OU=Amazon RDS, O="Amazon Web Services, '
    . 'Inc.", L=Seattle, ST=Washington, C=US';

my @made = map { make_certificate(key => 'rsa 2048', subject =>
    '/C=US/ST=Washington/L=Seattle/O=Amazon Web Services, Inc.'
    . '/OU=Amazon RDS/CN=Amazon RDS Root CA') } 1 .. 3;

sub facts ($made) {
    my $der = der($made->{certificate});
    return (
        hash       => hash_of($made),
        name       => $NAME,
        public_key => "Sun RSA public key, 2048 bits\n  params: null\n"
            . '  modulus: ' . modulus($made) . "\n  public exponent: 65537",
        sha1       => sha1_hex($der),
        sha256     => sha256_hex($der),
    );
}

sub is_shown ($got, $expected, $what) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %got = %$got;

    like(delete $got{validated_date}, $DATE, "$what: the date");
    return is_deeply(\%got, { %$expected, validated_by => 'Go 5Tran',
        id => encode_base64($expected->{hash}, '') =~ tr{+/}{-_}r =~ s/=+\z//r,
    }, "$what: values");
}


my %ssh_key = map {
    my $blob = "$_" x 99;
    encode_base64(sha256($blob), '') => 'ssh-rsa ' . encode_base64($blob, '')
        . ' fivetran user key'
} 1 .. 3;

# What is approved: [body, what is shown of it].
my %rows = (
    certificates => [map { [
        { hash => hash_of($_), encoded_cert => encoded($_) },
        { facts($_), type => 'TLS' },
    ] } @made],
    fingerprints => [map { my $row = { hash => $_,
        public_key => $ssh_key{$_} }; [$row, $row] } sort keys %ssh_key],
);

my %shape = (certificates => \%CERTIFICATE, fingerprints => \%FINGERPRINT);
my %approved = (certificates => 'The certificate has been approved',
    fingerprints => 'The fingerprint has been approved.');
my %One = (certificates => 'Certificate', fingerprints => 'Fingerprint');

sub eight ($base, $id, $owner, $what) {
    my $path = "$base/$id/$what";
    my $one  = $shape{$what};
    my @rows = @{ $rows{$what} };

    for my $row (@rows) {
        is_shown(answers('approve', 'POST', $path, $row->[0], 201,
            $approved{$what}, $one), $row->[1], 'approve');
    }

    my $page = answers('list', 'GET', "$path?limit=2", undef, 200, undef,
        { items => [$one, $one], next_cursor => 'string' });
    is_shown($page->{items}[$_], $rows[$_][1], "list, $_") for 0, 1;

    my $rest = answers('the last page', 'GET',
        "$path?limit=2&cursor=$page->{next_cursor}", undef, 200, undef,
        { items => [$one] });
    is_shown($rest->{items}[0], $rows[2][1], 'the last page');

    for my $row (@rows) {
        my $hash = $row->[1]{hash};
        is_shown(answers('details', 'GET', "$path/$hash", undef, 200, undef,
            $one), $row->[1], 'details');
        answers('revoke', 'DELETE', "$path/$hash", undef, 200,
            "$One{$what} with hash '$hash' has been revoked for $owner with "
            . "id '$id'", undef);
    }

    answers('nothing is left', 'GET', $path, undef, 200, undef,
        { items => [] });
    return;
}

my $connection  = connection($hub, { host => 'db.example.com' })->{id};
my $destination = destination($hub, { host => 'db.example.com' })->{id};

for my $row (
    ['/v1/connectors',   $connection,  'connector'],
    ['/v1/connections',  $connection,  'connection'],
    ['/v1/destinations', $destination, 'destination'],
    ['/v1/destination',  $destination, 'destination'])
{
    my ($base, $id, $owner) = @$row;

    for my $what (qw(certificates fingerprints)) {
        subtest "$base, $what" => sub { eight($base, $id, $owner, $what) };
    }
}

subtest 'a fingerprint that is no more than a sample' => sub {
    answers('approve', 'POST', "/v1/connectors/$connection/fingerprints",
        { hash => 'eUtPirI6yy...', public_key =>
            'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC6 ... fivetran user key' },
        201, 'The fingerprint has been approved.', \%FINGERPRINT);
};


# What a setup test says

# A connection that is made at this path: its data.
sub made ($path, $config, $message, $service = 'postgres_rds') {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $r = $hub->post($path, { service => $service,
        group_id => group($hub), config => $config });

    is($r->status, 201, 'it is made') or diag $r->body;
    is_deeply([sort keys %{ $r->json }], [qw(code data message)], 'envelope');
    is($r->json->{code}, 'Success');
    is($r->json->{message}, $message);
    return $r->json->{data};
}

subtest 'Validate Certificate' => sub {
    my $peer = CredHubTest::Peers::TlsServer->new(certificate => $made[0]);
    my $data = made('/v1/connectors', { host => '127.0.0.1',
        port => $peer->port }, 'Connector has been created', 'redis');
    my $test = outcome($data, 'Validate Certificate');

    is_deeply($test, {
        title => 'Validate Certificate', status => 'FAILED',
        message => 'No trust anchors for this connection',
        details => [{ facts($made[0]), encoded_cert => encoded($made[0]) }],
    }, 'all that is said');
};

subtest 'SSH Tunnel Connection' => sub {
    my $peer = CredHubTest::Peers::Sshd->new(keys => ['rsa 2048']);
    my $data = made('/v1/connectors', { host => 'db', port => 5432,
        tunnel_host => '127.0.0.1', tunnel_port => $peer->port,
        tunnel_user => 'x' }, 'Connector has been created');
    my $name = '127.0.0.1:' . $peer->port;

    is_deeply(outcome($data, 'SSH Tunnel Connection'), {
        title => 'SSH Tunnel Connection', status => 'FAILED',
        message => 'The ssh key might have changed',
        details => { hash => $peer->hash('rsa 2048'), type => 'ssh-rsa',
            public_key => $peer->public_key('rsa 2048') . " $name",
            name => $name },
    }, 'all that is said');
};


# External secrets managers: their attributes, and every operation

my %MANAGER = (
    (map { $_ => 'string' } qw(id name type created_at updated_at)),
    (map { $_ => 'bool' } qw(is_hybrid_deployment
        is_hybrid_deployment_compatible)),
);
my %CONFIG = (
    AWS_SECRET_MANAGER => { role_arn => 'arn:aws:iam::1:role/r' },
    AZURE_KEY_VAULT => { vault_url => 'https://v.vault.azure.net',
        tenant_id => 't' },
    HASHICORP_VAULT => { vault_address => 'https://v:8200', role_id => 'r',
        secret_id => 'MARKER-secret-id', namespace => 'n' },
);

for my $type (sort keys %CONFIG) {
    subtest $type => sub {
        my $base   = '/v1/external-secrets-managers';
        my %config = %{ $CONFIG{$type} };
        my %shown  = (%config, ($config{secret_id}
            ? (secret_id => '******') : ()));
        my %shape  = (%MANAGER, config => { %{ shape(\%config) },
            ($type =~ /^AWS/ ? (external_id => 'string') : ()) });

        my $data = answers('create', 'POST', $base, { name => "a $type",
            type => $type, config => \%config }, 201,
            'External Secrets Manager has been created', \%shape);
        like($data->{$_}, $DATE, $_) for qw(created_at updated_at);
        is_deeply([@$data{qw(name type)}], ["a $type", $type], 'who it is');
        is_deeply({ %{ $data->{config} }, %shown }, $data->{config},
            'its config');

        my $at = "$base/$data->{id}";
        is_deeply(answers('details', 'GET', $at, undef, 200, undef, \%shape),
            $data, 'details are the same');
        answers('update', 'PATCH', $at, { config => \%config }, 200,
            'External Secrets Manager has been updated', \%shape);
        answers('list', 'GET', $base, undef, 200, undef,
            { items => [\%MANAGER] });

        my $used = connection($hub, { host => 'x' },
            external_secrets_manager_id => $data->{id});
        my %entity = ((map { $_ => 'string' } qw(id type name created_at
            secret_manager_id)), enabled => 'bool');

        for my $path ("$at/entities?type=source",
            "/v1/external-secrets-managers-entities?esm_id=$data->{id}")
        {
            my $users = answers($path, 'GET', $path, undef, 200, undef,
                { items => [\%entity] });
            is_deeply([@{ $users->{items}[0] }{qw(id type secret_manager_id)}],
                [$used->{id}, 'SOURCE', $data->{id}], 'who uses it');
        }

        is($hub->delete("/v1/connections/$used->{id}")->status, 200);
        answers('delete', 'DELETE', $at, undef, 200, "External Secrets Manager "
            . "'$data->{id}' has been deleted.", undef);
    };
}


# Private links: from one that is made to a connection that may run

my %LINK = ((map { $_ => 'string' } qw(id name region service cloud_provider
    account_id state state_summary created_at created_by)),
    config => { connection_service_name => 'string' });

subtest 'a private link, and a connection that uses it' => sub {
    my %asked = (name => 'pl-source-aws-prod', region => 'AWS_US_EAST_1',
        service => 'SOURCE_AWS', config => { connection_service_name =>
            'com.amazonaws.vpce.us-east-1.vpce-svc-1' });
    my $link = answers('create', 'POST', '/v1/private-links', \%asked, 201,
        'Private link has been created', { %LINK, host => 'null' });

    like($link->{created_at}, $DATE, 'created_at');
    is_deeply({ %$link, %asked, state => 'CREATING', cloud_provider => 'AWS' },
        $link, 'what was asked for, and its state');
    isnt($link->{$_}, '', $_) for qw(id account_id created_by state_summary);

    my $at    = "/v1/private-links/$link->{id}";
    my $lease = answers('claim', 'POST', "$at/claim", undef, 200,
        'Private link has been claimed',
        { lease => 'string', expires_at => 'string' })->{lease};
    answers('made', 'PATCH', $at, { lease => $lease, state => 'OK',
        state_summary => 'made', host => 'vpce.example.com' }, 200,
        'Private link has been updated', { %LINK, host => 'string' });

    my $now = answers('poll', 'GET', $at, undef, 200, undef,
        { %LINK, host => 'string' });
    is_deeply([@$now{qw(state state_summary)}], ['OK', 'made'], 'it is ready');

    my $r = $hub->post('/v1/connections', { service => 'postgres_rds',
        group_id => group($hub), paused => $TRUE,
        networking_method => 'PrivateLink', private_link_id => $link->{id},
        config => { host => '127.0.0.1', port => '1', database => 'd',
            user => 'u', password => 'MARKER-password' } });
    is($r->status, 201, 'a connection') or diag $r->body;
    is($r->json->{message}, 'Connection has been created');

    my $data = $r->json->{data};
    is_deeply($data->{status}, { setup_state => 'incomplete',
        sync_state => 'paused', update_state => 'on_schedule',
        is_historical_sync => $TRUE, tasks => [], warnings => [] }, 'status');
    is(shape($data->{config}{port}), 'number', 'its port is a number');
    is_deeply([@$data{qw(networking_method private_link_id)}],
        ['PrivateLink', $link->{id}], 'its network');

    $r = $hub->post("/v1/connections/$data->{id}/test");
    is($r->status, 200, 'tested, without a body');
    is($r->json->{message}, 'Setup tests have been completed');
    is(outcome($r->json->{data}, 'Private Link')->{status}, 'PASSED');

    $r = $hub->patch("/v1/connections/$data->{id}",
        { paused => JSON::PP::false() });
    is($r->status, 200, 'unpaused');
    is($r->json->{message}, 'Connection has been updated');
    is_deeply([$r->json->{data}{paused},
        $r->json->{data}{status}{sync_state}],
        [JSON::PP::false(), 'scheduled'], 'it may run');

    is($hub->delete("/v1/connections/$data->{id}")->status, 200);
    answers('delete', 'DELETE', $at, undef, 200, "Private link with id "
        . "'$link->{id}' is marked for deletion", undef);
};

$hub->done;
