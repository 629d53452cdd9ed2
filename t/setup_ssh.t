# Setup tests of SSH tunnels: the host key is approved with what the failed test
# has said, and noticed when it changes.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Peers::Sshd;
use CredHubTest::Process qw(write_file read_file);
use CredHubTest::Trust qw(connection retest outcome outcomes);
use Test::More;

my $TUNNEL  = 'SSH Tunnel Connection';
my $CHANGED = 'The ssh key might have changed';
my $TRUE    = JSON::PP::true();

my $hub = CredHubTest->new(server => 'credhub_probe_allow 127.0.0.0/8;');

sub tunnel ($sshd) {
    my $made = connection($hub, { host => 'db.internal', port => 5432,
        tunnel_host => '127.0.0.1', tunnel_port => $sshd->port,
        tunnel_user => 'nobody' });
    is($made->{networking_method}, 'SshTunnel', 'a tunnel, by its config');
    return "connections/$made->{id}";
}


for my $key ('ed25519', 'ecdsa 256', 'rsa 2048') {
    subtest $key => sub {
        my $sshd = CredHubTest::Peers::Sshd->new(keys => [$key]);
        my $path = tunnel($sshd);
        my $seen = retest($hub, $path);
        my $test = outcome($seen, $TUNNEL);

        is($test->{status},  'FAILED');
        is($test->{message}, $CHANGED);
        is(ref $test->{details}, 'HASH', 'details') or return;

        my %shown = %{ $test->{details} };
        my ($type, $blob) = split / /, $sshd->public_key($key);
        my $name = '127.0.0.1:' . $sshd->port;

        is_deeply(\%shown, { hash => $sshd->hash($key), type => $type,
            name => $name, public_key => "$type $blob $name" }, 'its key');

        is_deeply([@{ outcomes($seen) }{'Host Connection',
            'Validate Certificate'}], ['SKIPPED', 'SKIPPED'],
            'what is behind it is not looked at');

        is($hub->post("/v1/$path/fingerprints",
            { map { $_ => $shown{$_} } qw(hash public_key) })->status, 201,
            'approved with what the test has said');
        is(outcomes(retest($hub, $path))->{$TUNNEL}, 'PASSED', 'trusted');

        $sshd->stop;
        my $other = CredHubTest::Peers::Sshd->new(keys => [$key],
            port => $sshd->port);
        my $now = outcome(retest($hub, $path), $TUNNEL);
        is($now->{status}, 'FAILED', 'another key is noticed');
        is($now->{details}{hash}, $other->hash($key));
    };
}

subtest 'the approved one of several keys is asked for' => sub {
    my $sshd = CredHubTest::Peers::Sshd->new(keys => ['ed25519', 'rsa 2048']);
    my $path = tunnel($sshd);

    is(outcome(retest($hub, $path), $TUNNEL)->{details}{type}, 'ssh-ed25519',
        'without an approval ed25519');
    $hub->post("/v1/$path/fingerprints", { hash => $sshd->hash('rsa 2048'),
        public_key => $sshd->public_key('rsa 2048') });
    is(outcomes(retest($hub, $path))->{$TUNNEL}, 'PASSED', 'then rsa');
};

subtest 'a hash alone, or a key alone, is nothing' => sub {
    my $sshd  = CredHubTest::Peers::Sshd->new;
    my $other = CredHubTest::Peers::Sshd->new;
    my $path  = tunnel($sshd);

    for my $pair ([$sshd->hash('ed25519'), $other->public_key('ed25519')],
        [$other->hash('ed25519'), $sshd->public_key('ed25519')],
        ['test_hash', 'test_public_key'])
    {
        is($hub->post("/v1/$path/fingerprints",
            { hash => $pair->[0], public_key => $pair->[1] })->status, 201);
        is(outcomes(retest($hub, $path))->{$TUNNEL}, 'FAILED', $pair->[0]);
    }
};

subtest 'trust on first use' => sub {
    my $sshd = CredHubTest::Peers::Sshd->new;
    my $path = tunnel($sshd);

    is(outcomes(retest($hub, $path, trust_fingerprints => $TRUE))->{$TUNNEL},
        'PASSED');
    is_deeply([map { $_->{hash} } @{ $hub->get("/v1/$path/fingerprints")->json
        ->{data}{items} }], [$sshd->hash('ed25519')]);
};

$hub->done;
