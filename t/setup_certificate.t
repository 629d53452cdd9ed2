# Setup tests of connections and destinations: what a database shows is not
# trusted, is approved with what the failed test has said, is trusted, and is
# noticed when it changes.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Pki qw(make_certificate);
use CredHubTest::Peers::MariaDB;
use CredHubTest::Peers::Postgres;
use CredHubTest::Peers::TlsServer;
use CredHubTest::Trust qw(connection destination retest outcome outcomes);
use Digest::SHA qw(sha1_hex sha256 sha256_hex);
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;

my $CERTIFICATE = 'Validate Certificate';
my $UNTRUSTED   = 'No trust anchors for this connection';
my $TRUE        = JSON::PP::true();

my @CA = ('basicConstraints = critical, CA:TRUE', 'keyUsage = keyCertSign');

my $root = make_certificate(subject => '/C=US/O=Acme, Inc./CN=root',
    extensions => \@CA);
my $middle = make_certificate(subject => '/CN=middle', signer => $root,
    extensions => \@CA);
my $leaf = make_certificate(subject => '/CN=db.example.com', signer => $middle,
    key => 'rsa 2048', extensions => ['basicConstraints = CA:FALSE']);
my $next = make_certificate(subject => '/CN=db.example.com', signer => $middle,
    extensions => ['basicConstraints = CA:FALSE']);
my $alien = make_certificate(subject => '/CN=db.example.com');
my $expired = make_certificate(subject => '/CN=old', days => [-30, -1]);

sub der ($made) {
    return decode_base64($made->{certificate} =~ s/-----[^-]+-----\n//gr);
}

sub hash_of ($made) { return encode_base64(sha256(der($made)), '') }

sub approval ($made) {
    return { hash => hash_of($made), encoded_cert => encode_base64(der($made), '') };
}


my $hub = CredHubTest->new(server => 'credhub_probe_allow 127.0.0.0/8;');


# What any kind of server goes through.
sub life ($what, $make, $object) {
    my $peer = $make->($leaf);
    my $data = $object->({ host => '127.0.0.1', port => $peer->port });
    my $path = $data->{path};

    subtest "$what: nothing is approved" => sub {
        my $seen = retest($hub, $path);
        my $test = outcome($seen, $CERTIFICATE);

        is(outcomes($seen)->{'Host Connection'}, 'PASSED', 'it is reached');
        is($test->{status}, 'FAILED', 'it is not trusted');
        is($test->{message}, $UNTRUSTED);
        is(ref $test->{details}, 'ARRAY', 'details') or return;
        is_deeply([map { $_->{hash} } @{ $test->{details} }],
            [map { hash_of($_) } $leaf, $middle], 'what was sent, leaf first');

        my $shown = $test->{details}[0];
        is_deeply([sort keys %$shown],
            [qw(encoded_cert hash name public_key sha1 sha256)], 'members');
        is($shown->{encoded_cert}, encode_base64(der($leaf), ''));
        is($shown->{sha1},   sha1_hex(der($leaf)));
        is($shown->{sha256}, sha256_hex(der($leaf)));
        is($shown->{name}, 'CN=db.example.com');
        like($shown->{public_key}, qr/\ASun RSA public key, 2048 bits\n/);

        is($hub->post("/v1/$path/certificates",
            { map { $_ => $shown->{$_} } qw(hash encoded_cert) })->status,
            201, 'approved with what the test has said');
        is(outcomes(retest($hub, $path))->{$CERTIFICATE}, 'PASSED',
            'the leaf is trusted');
    };

    subtest "$what: another certificate" => sub {
        $peer->stop;
        $peer = $make->($next, port => $peer->port);

        my $test = outcome(retest($hub, $path), $CERTIFICATE);
        is($test->{status}, 'FAILED', 'the change is noticed');
        is($test->{details}[0]{hash}, hash_of($next));

        is($hub->post("/v1/$path/certificates", approval($middle))->status,
            201, 'the intermediate CA is approved');
        is(outcomes(retest($hub, $path))->{$CERTIFICATE}, 'PASSED',
            'so what it has signed is trusted');
    };

    $peer->stop;

    my $down = outcomes(retest($hub, $path));
    is($down->{'Host Connection'}, 'FAILED',  "$what: gone");
    is($down->{$CERTIFICATE},      'SKIPPED', "$what: nothing to look at");
    return;
}

sub on_connection ($service) {
    return sub ($config) {
        my $data = connection($hub, $config, service => $service);
        return { path => "connections/$data->{id}" };
    };
}

life('PostgreSQL', sub ($made, @more) {
    CredHubTest::Peers::Postgres->new(certificate => $made,
        chain => [$middle], @more);
}, on_connection('postgres_rds'));

life('MariaDB', sub ($made, @more) {
    CredHubTest::Peers::MariaDB->new(certificate => $made,
        chain => [$middle], @more);
}, on_connection('mysql'));

life('plain TLS, a destination', sub ($made, @more) {
    CredHubTest::Peers::TlsServer->new(certificate => $made,
        chain => [$middle], @more);
}, sub ($config) {
    my $data = destination($hub, $config, service => 'snowflake');
    return { path => "destinations/$data->{id}" };
});


my $tls = CredHubTest::Peers::TlsServer->new(certificate => $leaf,
    chain => [$middle]);
my %at = (host => '127.0.0.1', port => $tls->port);

subtest 'a root that was not sent' => sub {
    my $id = connection($hub, {%at}, service => 'x')->{id};

    is($hub->post("/v1/connections/$id/certificates", approval($root))->status,
        201);
    is(outcomes(retest($hub, "connections/$id"))->{$CERTIFICATE}, 'PASSED');

    is($hub->delete("/v1/connections/$id/certificates/" . hash_of($root))
        ->status, 200, 'revoked');
    is(outcomes(retest($hub, "connections/$id"))->{$CERTIFICATE}, 'FAILED');
};

subtest 'what was approved for another is nothing here' => sub {
    my ($one, $two) = map { connection($hub, {%at}, service => 'x')->{id} } 1, 2;

    $hub->post("/v1/connections/$one/certificates", approval($leaf));
    is(outcomes(retest($hub, "connections/$one"))->{$CERTIFICATE}, 'PASSED');
    is(outcomes(retest($hub, "connections/$two"))->{$CERTIFICATE}, 'FAILED');

    $hub->post("/v1/connections/$two/certificates", approval($alien));
    is(outcome(retest($hub, "connections/$two"), $CERTIFICATE)->{message},
        $UNTRUSTED, 'the same name with another key');
};

subtest 'trust on first use' => sub {
    my $made = connection($hub, {%at}, service => 'x');
    my $path = "connections/$made->{id}";

    is(outcomes(retest($hub, $path, trust_certificates => $TRUE))
        ->{$CERTIFICATE}, 'PASSED', 'approved during the test');
    is_deeply([map { $_->{hash} } @{ $hub->get("/v1/$path/certificates")->json
        ->{data}{items} }], [hash_of($middle)], 'the last one that was sent');
    is(outcomes(retest($hub, $path))->{$CERTIFICATE}, 'PASSED', 'and from now on');

    my $r = $hub->post('/v1/connections', { service => 'x', config => {%at},
        group_id => $made->{group_id}, trust_certificates => $TRUE });
    is($r->status, 201, 'on create');
    is(outcomes($r->json->{data})->{$CERTIFICATE}, 'PASSED');
    is($r->json->{data}{status}{setup_state}, 'connected');
};

subtest 'an expired certificate' => sub {
    my $old  = CredHubTest::Peers::TlsServer->new(certificate => $expired);
    my $made = connection($hub, { host => '127.0.0.1', port => $old->port },
        service => 'x');
    my $path = "connections/$made->{id}";

    is($hub->post("/v1/$path/certificates", approval($expired))->status, 201);

    for my $trust (0, 1) {
        my $test = outcome(retest($hub, $path,
            $trust ? (trust_certificates => $TRUE) : ()), $CERTIFICATE);
        is($test->{status}, 'FAILED', "not trusted ($trust)");
        like($test->{message}, qr/expired/i);
    }
};

subtest 'a server without TLS' => sub {
    my $plain = CredHubTest::Peers::Postgres->new;
    my %there = (host => '127.0.0.1', port => $plain->port);

    my $one = connection($hub, {%there});
    is(outcomes(retest($hub, "connections/$one->{id}"))->{$CERTIFICATE},
        'FAILED', 'is not what was asked for');

    my $two = connection($hub, { %there,
        always_encrypted => JSON::PP::false() });
    is(outcomes(retest($hub, "connections/$two->{id}"))->{$CERTIFICATE},
        'SKIPPED', 'unless it was');
};

subtest 'states' => sub {
    my $made = connection($hub, {%at}, service => 'x');
    my $path = "/v1/connections/$made->{id}";
    my $state = sub { $hub->get($path)->json->{data}{status}{setup_state} };

    is($made->{status}{setup_state}, 'incomplete', 'never tested');
    retest($hub, "connections/$made->{id}");
    is($state->(), 'incomplete', 'never well');

    $hub->post("$path/certificates", approval($leaf));
    retest($hub, "connections/$made->{id}");
    is($state->(), 'connected', 'well');

    $hub->delete("$path/certificates/" . hash_of($leaf));
    retest($hub, "connections/$made->{id}");
    is($state->(), 'broken', 'well no more');
};

subtest 'all tests, in their order' => sub {
    my $made = connection($hub, {%at}, service => 'x');

    is_deeply([map { $_->{title} } @{ retest($hub,
        "connections/$made->{id}")->{setup_tests} }],
        ['Host Connection', 'SSH Tunnel Connection', $CERTIFICATE,
        'Private Link', 'External Secrets']);
};

$hub->done;
