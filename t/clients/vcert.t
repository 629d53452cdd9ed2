# What vcert asks, in its order and with its headers.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Process qw(read_file run_command write_file);
use JSON::PP ();
use Test::More;

my $TMPL = '\VED\Certificate Authority\SSH\Templates\users';
my $true = JSON::PP::true();
my $hub  = CredHubTest->new(start => 0);

$hub->configure(server => 'credhub_api_keys /api-keys;',
    http => 'credhub_permission api-key:vcert /ssh/* read,write;');
$hub->start;

my $admin = $hub->as('good');
my $none  = $hub->as(undef);
my $dir   = $hub->dir;
my @AUTH;

sub ask ($method, $path, $body = undef, @headers) {
    return $none->request($method, $path,
        ($body ? (body => JSON::PP->new->encode($body)) : ()),
        headers => { 'Content-Type' => 'application/json',
            'Cache-Control' => 'no-cache', Connection => 'close', @headers });
}

sub ssh ($what, $body) {
    return ask('POST', "/vedsdk/SSHCertificates/$what", $body, @AUTH);
}

sub keygen (@args) {
    my ($code, $text) = run_command(['ssh-keygen', @args]);
    is($code, 0, "ssh-keygen @args") or diag $text;
    return $text;
}

# Writes what came, as vcert does, and reads it with ssh-keygen.
sub enrolled ($json, $key_id) {
    write_file("$dir/$key_id-cert.pub", $json->{CertificateData});
    like(keygen('-L', '-f', "$dir/$key_id-cert.pub"), qr/Key ID: "\Q$key_id\E"/,
        'the certificate');
    is($json->{CertificateDetails}{KeyID}, $key_id, 'and its details');
    is($json->{ProcessingDetails}{Status}, 'Issued', 'issued');
    return;
}

$admin->set('/api-keys/vcert', 'user', { password => 'MARKER-vcert' })->status
    == 200 or die 'no user';
$admin->post('/vedsdk/SSHCertificates/CAKeyPair/Create', { Name => 'users' })
    ->status == 200 or die 'no CA';
$admin->post('/vedsdk/SSHCertificates/Template/Create', { Name => 'slow',
    ApprovalRequired => $true,
    CAKeyPairDN => '\VED\Certificate Authority\SSH\users' })->status == 200
    or die 'no template';

subtest 'getcred, checkcred' => sub {
    my $r = ask('POST', '/vedauth/authorize/oauth', { client_id => 'vcert-cli',
        username => 'vcert', password => 'MARKER-vcert',
        scope => 'ssh:manage' });
    is($r->status, 200, 'oauth') or diag $r->body;
    my $n = ask('POST', '/vedauth/authorize/token', { client_id => 'vcert-cli',
        refresh_token => $r->json->{refresh_token} });
    is($n->status, 200, 'refresh');
    @AUTH = (Authorization => 'Bearer ' . $n->json->{access_token});
    is(ask('GET', '/vedauth/authorize/verify', undef, @AUTH)->json->{identity},
        'api-key:vcert', 'verify');
};

subtest 'sshenroll, a local key' => sub {
    is(ask('GET', '/vedsdk/', undef, @AUTH)->status, 200, 'ping');
    keygen('-q', '-t', 'rsa', '-b', '3072', '-N', '', '-C', 'local', '-f',
        "$dir/local");
    my %ask = (CADN => $TMPL, KeyId => 'local', Principals => ['bob'],
        PublicKeyData => read_file("$dir/local.pub"), ValidityPeriod => '4h',
        IncludePrivateKeyData => $true, IncludeCertificateDetails => $true);
    my $r = ssh('request', \%ask);
    is($r->status, 200, 'request') or diag $r->body;
    is($r->json->{PublicKeyData}, $ask{PublicKeyData}, 'byte for byte');
    is($r->json->{PrivateKeyData}, undef, 'no private key');
    enrolled($r->json, 'local');

    my $again = ssh('request', \%ask);
    is($again->status, 400, 'once more');
    is($again->json->{Response}{ErrorCode}, 41, 'number');
};

subtest 'sshenroll --public-key service, sshpickup' => sub {
    is(ask('GET', '/vedsdk/', undef, @AUTH)->status, 200, 'ping');
    my $r = ssh('request', { CADN => $TMPL, KeyId => 'key2',
        Principals => ['bob'], IncludePrivateKeyData => $true,
        IncludeCertificateDetails => $true });
    is($r->status, 200, 'request') or diag $r->body;
    my $json = $r->json;
    enrolled($json, 'key2');

    for my $name ([DN => $json->{DN}, Guid => ''],
        [DN => '', Guid => $json->{Guid}])
    {
        my $p = ssh('retrieve', { @$name, IncludePrivateKeyData => $true,
            PrivateKeyPassphrase => 'pw', PrivateKeyFormat => '',
            IncludeCertificateDetails => $true });
        is($p->status, 200, 'pick-up') or diag $p->body;
        is_deeply($p->json->{CertificateDetails}, $json->{CertificateDetails},
            'the same certificate');
        write_file("$dir/key2", $p->json->{PrivateKeyData}, 0600);
        is((split ' ', keygen('-y', '-P', 'pw', '-f', "$dir/key2"))[1],
            (split ' ', $json->{PublicKeyData})[1], 'its key');
    }
    is(ssh('retrieve', { DN => '\VED\Policy\none', Guid => '' })->status, 404,
        'nothing');
};

subtest 'sshenroll, pending' => sub {
    my $r = ssh('request', { CADN => 'slow', KeyId => 'wait',
        Principals => ['bob'], IncludePrivateKeyData => $true,
        IncludeCertificateDetails => $true });
    is($r->json->{ProcessingDetails}{Status}, 'Pending Issue', 'pending');
    my %get = (Guid => '', DN => $r->json->{DN},
        IncludePrivateKeyData => $true, PrivateKeyFormat => '',
        IncludeCertificateDetails => $true);
    is(ssh('retrieve', \%get)->json->{ProcessingDetails}{Status},
        'Pending Issue', 'still');
    is($admin->post('/vedsdk/SSHCertificates/Approve',
        { DN => $r->json->{DN} })->status, 200, 'approved');
    enrolled(ssh('retrieve', \%get)->json, 'wait');
};

subtest 'sshgetconfig' => sub {
    my $url = '/vedsdk/SSHCertificates/Template/Retrieve/PublicKeyData?DN='
        . $TMPL =~ s/\\/%5C/gr =~ s/ /%20/gr;
    my $key = ask('GET', $url);
    is($key->status, 200, 'public key, without a token');
    like($key->body, qr/^ssh-ed25519 \S+ users$/, 'a line');
    my $t = ssh('Template/Retrieve', { DN => $TMPL });
    is($t->status, 200, 'template') or diag $t->body;
    is_deeply($t->json->{AccessControl}{DefaultPrincipals}, [], 'principals');
    is($t->json->{CAKeyPair}{PublicKeyData} . "\n", $key->body, 'the same key');
};

subtest 'voidcred' => sub {
    is(ask('GET', '/vedauth/revoke/token', undef, @AUTH)->status, 200, 'revoked');
    my $r = ssh('retrieve', { DN => '\VED\Policy\key2', Guid => '' });
    is($r->status, 401, 'no token any more');
    is_deeply([sort keys %{ $r->json }], [qw(error error_description)], 'said so');
};

done_testing;
