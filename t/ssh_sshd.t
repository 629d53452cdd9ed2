# Certificates, revocation lists and lines of known_hosts, as sshd and ssh take
# them.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Peers::Sshd;
use CredHubTest::Process qw(read_file run_command wait_until write_file);
use JSON::PP ();
use Test::More;

my $BASE  = '/vedsdk/SSHCertificates';
my $CA    = 'VED%5CCertificate%20Authority%5CSSH%5Cca';
my $true  = JSON::PP::true();
my $hub   = CredHubTest->new;
my $admin = $hub->as('good');
my $none  = $hub->as(undef);
my $dir   = $hub->dir;

sub call ($what, $body) {
    my $r = $admin->post("$BASE/$what", $body);
    $r->status == 200 or die "$what: " . $r->body;
    return $r->json;
}

sub plain ($what) {
    my $r = $none->get("$BASE/$what?DN=$CA");
    $r->status == 200 or die "$what: " . $r->body;
    return $r->body;
}

call('CAKeyPair/Create', { Name => 'ca' });
call('Template/Create', { Name => 'hosts', Type => 'host',
    CAKeyPairDN => '\VED\Certificate Authority\SSH\ca' });

my $sshd = CredHubTest::Peers::Sshd->new(start => 0);
my $user = $sshd->login;
my $home = $sshd->dir;
my $host = '[' . $sshd->address . ']:' . $sshd->port;

# What sshd reads.
sub put ($name, $text) { $sshd->file($name, $text); return }

# PAM lets in who has no password.
put('sshd_config', <<"END" . read_file("$home/sshd_config"));
UsePAM yes
TrustedUserCAKeys $home/ca.pub
RevokedKeys $home/krl
HostCertificate $home/host-cert.pub
END

put('ca.pub', plain('Template/Retrieve/PublicKeyData'));
put('krl', plain('KRL'));
put('host-cert.pub', call('Request', { CADN => 'hosts', KeyId => 'host',
    Principals => [$sshd->address],
    PublicKeyData => $sshd->public_key })->{CertificateData});

# A certificate for a key of the hub, or a client's; the name of its files.
sub issue ($name, %more) {
    my $json = call('Request', { CADN => 'ca', KeyId => $name,
        Principals => [$user], IncludePrivateKeyData => $true,
        IncludeCertificateDetails => $true, %more });

    write_file("$dir/$name", $json->{PrivateKeyData}, 0600)
        if $json->{PrivateKeyData};
    write_file("$dir/$name-cert.pub", $json->{CertificateData});
    return $json;
}

# ssh's words. `known`: lines of known_hosts.
sub ssh ($name, $known = plain('CertAuthority')) {
    write_file("$dir/known_hosts", $known);
    my (undef, $text) = run_command(['ssh', '-F', 'none', '-v', '-i', "$dir/$name",
        '-o', "CertificateFile=$dir/$name-cert.pub",
        '-o', "UserKnownHostsFile=$dir/known_hosts",
        '-o', 'GlobalKnownHostsFile=/dev/null', '-o', 'IdentitiesOnly=yes',
        '-o', 'IdentityAgent=none', '-o', 'BatchMode=yes',
        '-o', 'StrictHostKeyChecking=yes', '-p', $sshd->port,
        '-s', $user . '@' . $sshd->address, 'sftp']);
    return $text;
}

sub lets_in ($name, $label, @known) {
    my $text = ssh($name, @known);
    like($text, qr/Authenticated to /, $label) or diag $text;
    return;
}

sub refuses ($name, $label) {
    my $text = ssh($name);
    like($text, qr/Permission denied \(publickey\)/, $label)
        or diag $text;
    return;
}

$sshd->start;


subtest 'users' => sub {
    issue('hub-key');
    lets_in('hub-key', 'a key of the hub');

    my ($code) = run_command(['ssh-keygen', '-q', '-N', '', '-t', 'ed25519',
        '-f', "$dir/own"]);
    is($code, 0, 'a key of a client');
    issue('own', PublicKeyData => read_file("$dir/own.pub"));
    lets_in('own', 'a key of the client');

    issue('principal', Principals => ['somebody']);
    refuses('principal', 'another principal');

    issue('source', SourceAddresses => ['192.0.2.0/24']);
    refuses('source', 'another address');
    issue('here', SourceAddresses => ['127.0.0.0/8']);
    lets_in('here', 'this address');

    my $end = issue('short', ValidityPeriod => '1s')
        ->{CertificateDetails}{ValidTo};
    wait_until(60, sub { time > $end }) or die 'no end';
    refuses('short', 'one that has expired');
};

subtest 'revocation' => sub {
    my %json = map { $_ => issue($_) } qw(serial key_id public other);

    lets_in($_, "$_: before") for sort keys %json;

    my $ca = '\VED\Certificate Authority\SSH\Templates\ca';
    call('Revoke', { CADN => $ca,
        SerialNumber => $json{serial}{CertificateDetails}{SerialNumber} });
    call('Revoke', { CADN => $ca, KeyId => 'key_id' });
    call('Revoke', { CADN => $ca,
        PublicKeyData => $json{public}{PublicKeyData} });

    lets_in('serial', 'the list of before');
    put('krl', plain('KRL'));
    refuses($_, "$_: revoked") for qw(serial key_id public);
    lets_in('other', 'the others are not');
};

subtest 'hosts' => sub {
    my $text = ssh('other', '');
    like($text, qr/Host key verification failed/, 'nothing is known')
        or diag $text;

    lets_in('other', 'by the CA', plain('CertAuthority'));

    my $address = $sshd->address;
    my $known   = plain('KnownHosts');
    like($known, qr/^\Q$address\E ssh-ed25519 \S+\n\z/, 'its line');
    lets_in('other', 'by its key', $known =~ s/^\S+/$host/r);
};

subtest 'why' => sub {
    my $log = $sshd->log;

    like($log, qr/$_/, $_) for 'name is not a listed principal',
        'Certificate invalid: expired', 'Refused by certificate options',
        'revoked by file';
};

done_testing;
