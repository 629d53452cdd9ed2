# Two nodes are asked for SSH certificates at once: names, public keys and
# decisions are given once.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Race;
use CredHubTest::Process qw(read_file run_command);
use JSON::PP ();
use Test::More;

my $BASE = '/vedsdk/SSHCertificates';
my $true = JSON::PP::true();

my $race = CredHubTest::Race->new(http => 'keepalive_requests 10000;',
    warm => sub ($hub) {
        state $n = 0;
        my $name = 'warm' . $n++;
        $hub->post("$BASE/CAKeyPair/Create", { Name => $name });
        $hub->post("$BASE/Request", { CADN => $name, Principals => ['p'] });
    });
my $direct = $race->direct;

sub statuses (@answers) { return [sort map { $_->status } @answers] }

sub request (%more) {
    return [POST => "$BASE/Request", json => { CADN => 'ca',
        Principals => ['p'], %more }];
}

sub count ($kind) { return $race->one->redis('ZCARD', "{credhub}:objects:ssh-$kind") }

my %had = map { $_ => count($_) } qw(cas templates certificates);

my @made = $race->meet(map { [POST => "$BASE/CAKeyPair/Create",
    json => { Name => 'ca' }] } 1 .. 4);
is_deeply(statuses(@made), [200, 400, 400, 400], 'a CA key is made once');
is(count($_), $had{$_} + 1, "$_: one more") for qw(cas templates);

my @named = $race->meet(map { request(ObjectName => 'one') } 1 .. 4);
is_deeply(statuses(@named), [200, 400, 400, 400], 'a name is given once');

my @unnamed = $race->meet(map { request(KeyId => 'two') } 1 .. 4);
is_deeply(statuses(@unnamed), [(200) x 4], 'a key id as often as it is asked');
my %dns = map { $_->json->{DN} => 1 } @unnamed;
is(scalar keys %dns, 4, 'each under a name of its own');

my ($code) = run_command(['ssh-keygen', '-q', '-N', '', '-t', 'ed25519', '-f',
    $direct->dir . '/key']);
is($code, 0, 'a key');
my @same = $race->meet(map { request(KeyId => "k$_",
    PublicKeyData => read_file($direct->dir . '/key.pub')) } 1 .. 4);
is_deeply(statuses(@same), [200, 400, 400, 400], 'a key is certified once');
is_deeply([sort map { $_->json->{Response}{ErrorCode} // 0 } @same],
    [0, 41, 41, 41], 'the others are told so');

is($direct->post("$BASE/Template/Create", { Name => 'slow',
    CAKeyPairDN => '\VED\Certificate Authority\SSH\ca',
    ApprovalRequired => $true })->status, 200, 'a template');
for (1 .. 3) {
    my $r = $direct->post("$BASE/Request", { CADN => 'slow',
        Principals => ['p'] })->json;
    my @decided = $race->meet([POST => "$BASE/Approve",
        json => { DN => $r->{DN} }], [POST => "$BASE/Reject",
        json => { DN => $r->{DN}, Reason => 'no' }]);
    is_deeply(statuses(@decided), [200, 400], 'decided once');
    is($direct->post("$BASE/Retrieve", { DN => $r->{DN} })
        ->json->{ProcessingDetails}{Status},
        $decided[0]->status == 200 ? 'Issued' : 'Rejected', 'and so it stands');
}

my $dn = '\VED\Certificate Authority\SSH\Templates\ca';
my @revoked = $race->meet(map { [POST => "$BASE/Revoke",
    json => { CADN => $dn, SerialNumber => "$_" }] } 1 .. 4, 4);
is_deeply(statuses(@revoked), [(200) x 5], 'revoked');
my $krl = $direct->get("$BASE/KRL?DN=" . $dn =~ s/\\/%5C/gr =~ s/ /%20/gr);
is(unpack('x12 Q>', $krl->body), 4, 'the version of the list: how many');

done_testing;
