# The setup test "External Secrets": named keys are read from the manager, and
# nothing that was read stays.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Aws;
use CredHubTest::Azure;
use CredHubTest::Pki qw(make_certificate file_of);
use CredHubTest::Trust qw(connection destination retest outcome);
use CredHubTest::Vault;
use Test::More;

my $TEST = 'External Secrets';

my $authority = make_certificate(subject => '/CN=authority',
    extensions => ['basicConstraints=critical,CA:TRUE']);
my $server = make_certificate(subject => '/CN=localhost',
    signer => $authority, extensions => ['subjectAltName=DNS:localhost']);
my %tls = (cert => file_of($server->{certificate}),
    key => file_of($server->{private_key}));
my $ca = file_of($authority->{certificate});

my $hub = CredHubTest->new(
    server  => "credhub_probe_allow 127.0.0.0/8; credhub_external_ca $ca;",
    servers => [
        { port => 'stranger', server => 'credhub_probe_allow 127.0.0.0/8;' },
        { port => 'closed',   server => "credhub_external_ca $ca;" },
    ],
);

my $names = 0;

# A manager in the hub; its data.
sub made ($type, $config) {
    my $r = $hub->post('/v1/external-secrets-managers',
        { name => 'm' . $names++, type => $type, config => $config });
    is($r->status, 201, $type) or diag $r->body;
    return $r->json->{data};
}

sub manager ($type, $config) { return made($type, $config)->{id} }

# The test of a connection whose keys are there.
sub tested ($id, $keys, @server) {
    my $made = connection($hub, {}, external_secrets_manager_id => $id,
        external_secrets_keys_config => $keys);
    my $r = $hub->post("/v1/connections/$made->{id}/test", {}, @server);
    is($r->status, 200, 'the tests were run') or diag $r->body;
    unlike($r->body, qr/MARKER/, 'no secret in the answer');
    return outcome($r->json->{data}, $TEST);
}

sub passes ($what, @test) {
    my $test = tested(@test);
    is($test->{status}, 'PASSED', $what) or diag $test->{message};
    return;
}

sub fails ($what, $like, @test) {
    my $test = tested(@test);
    is($test->{status}, 'FAILED', $what);
    like($test->{message}, $like, "$what: why");
    return;
}


my $vault = CredHubTest::Vault->new(%tls, secret_id => 'MARKER-secret-id',
    token => 'MARKER-token', secrets => { 'apps/db' =>
        { user => 'MARKER-user', password => 'MARKER-password' } });
my $id = manager('HASHICORP_VAULT', $vault->config);
my %keys = (user => 'apps/db#user', password => 'apps/db#password');

subtest 'Vault' => sub {
    passes('its keys', $id, {%keys});
    ok($vault->requests > 2, 'it was asked');

    fails('a field that is not there', qr/password: There is no such member/, $id,
        { password => 'apps/db#nothing' });
    fails('a path that is not there', qr/404/, $id,
        { password => 'apps/nothing#password' });

    is(outcome(retest($hub, 'connections/' . connection($hub, {})->{id}),
        $TEST)->{status}, 'SKIPPED', 'without a manager');
    is(tested($id, {})->{status}, 'SKIPPED', 'without keys');
};

subtest 'a destination' => sub {
    my $made = destination($hub, {}, external_secrets_manager_id => $id,
        external_secrets_keys_config => {%keys});
    is(outcome(retest($hub, "destinations/$made->{id}"), $TEST)->{status},
        'PASSED');
};

subtest 'AWS' => sub {
    my %aws = (%tls, port => CredHubTest::Nginx->free_port,
        secret_access_key => 'MARKER-key',
        role => { access_key_id => 'ASIA', secret_access_key => 'MARKER-role',
            token => 'MARKER-session' },
        secrets => { db => '{"password":"MARKER-aws"}' });
    my $data = made('AWS_SECRET_MANAGER',
        CredHubTest::Aws->new(%aws, start => 0)->config);
    my $aws_id = $data->{id};
    my $aws = CredHubTest::Aws->new(%aws,
        external_id => $data->{config}{external_id});

    passes('a member of a secret', $aws_id, { password => 'db#password' });
    passes('a whole secret', $aws_id, { password => 'db' });
    fails('another secret', qr/400/, $aws_id, { password => 'other' });
};

subtest 'Azure' => sub {
    my $azure = CredHubTest::Azure->new(%tls,
        client_secret => 'MARKER-client', token => 'MARKER-azure-token',
        secrets => { db => 'MARKER-azure' });
    my $azure_id = manager('AZURE_KEY_VAULT', $azure->config);

    passes('a secret', $azure_id, { password => 'db' });
    fails('another secret', qr/404/, $azure_id, { password => 'other' });
};

subtest 'what is not allowed, or not trusted' => sub {
    fails('a CA that nobody knows', qr/certificate/i, $id, {%keys},
        port => 'stranger');
    fails('an address that is not allowed', qr/credhub_probe_allow/, $id,
        {%keys}, port => 'closed');
};

subtest 'a manager that misbehaves' => sub {
    my $login = 'POST /v1/auth/approle/login';

    for my $how (['answered 403' => { status => 403 }], ['answered 302' =>
        { status => 302, headers => { Location => 'https://localhost/' } }],
        [closed => { do => 'close' }],
        ['large|long' => { body => 'x' x (2 << 20) }])
    {
        my ($like, $answer) = @$how;
        $vault->behave($login => $answer);
        fails($like, qr/$like/i, $id, {%keys});
    }

    $vault->behave;
    passes('and then behaves', $id, {%keys});
};

$hub->done;
