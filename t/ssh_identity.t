# Who asks for SSH certificates: whoever is known by a client certificate, a
# token of the identity provider, an API key or a token of the hub.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Authority;
use CredHubTest::Process qw(write_file);
use MIME::Base64 qw(encode_base64);
use Test::More;

my $BASE = '/vedsdk/SSHCertificates';

my $hub = CredHubTest->new(start => 0, permissions => [
    ['good', '/*', 'read,write'],
    ['uaa-client:app', '/ssh/*', 'read,write'],
    ['api-key:app', '/ssh/*', 'read,write'],
]);
my $uaa = CredHubTest::Authority->new($hub);
my $set = write_file($hub->scratch . '/set.json', $uaa->set_text);

$hub->configure(server =>
    "credhub_jwt_key_file $set; credhub_api_keys /api-keys;");
$hub->start;

my $admin = $hub->as('good');
my $none  = $hub->as(undef);

$admin->set('/api-keys/app', 'user', { password => 'MARKER-app' })->status == 200
    or die 'no user';
$admin->post("$BASE/CAKeyPair/Create", { Name => 'ca' })->status == 200
    or die 'no CA';

my $own = $none->post('/vedauth/authorize/oauth', { client_id => 'x',
    username => 'app', password => 'MARKER-app',
    scope => 'ssh:manage' })->json->{access_token};
my $legacy = $none->post('/vedsdk/authorize/', { Username => 'app',
    Password => 'MARKER-app' })->json->{APIKey};

sub request ($as, @headers) {
    return $as->post("$BASE/Request", { CADN => 'ca', Principals => ['p'] },
        headers => { 'Content-Type' => 'application/json', @headers });
}

my @rows = (
    ['a client certificate', $admin, $admin->actor, []],
    ['a token of the provider', $none, 'uaa-client:app',
        [Authorization => 'Bearer ' . $uaa->token(client_id => 'app')]],
    ['an API key', $none, 'api-key:app',
        [Authorization => 'Basic ' . encode_base64('app:MARKER-app', '')]],
    ['a token of the hub', $none, 'api-key:app',
        [Authorization => "Bearer $own"]],
    ['one of the old way', $none, 'api-key:app',
        ['X-Venafi-Api-Key' => $legacy]],
);

for my $row (@rows) {
    my ($label, $as, $actor, $headers) = @$row;
    my $r = request($as, @$headers);

    is($r->status, 200, $label) or diag $r->body;
    is($r->json->{RequestDetails}{RequestedBy}, $actor, 'that is who');
    is($r->json->{RequestDetails}{OriginatingIP}, '127.0.0.1', 'and from where');
}

for (['nobody'], ['no such token', Authorization => 'Bearer x.y.z'],
    ['one that only reads', Authorization => 'Bearer '
        . $uaa->token(client_id => 'app', scope => ['credhub.read'])])
{
    my ($label, @headers) = @$_;
    my $r = request($none, @headers);
    like($r->status, qr/^40[13]\z/, $label);
    is_deeply([sort keys %{ $r->json }], ['error', 'error_description'],
        'said in words');
}

done_testing;
