# TLS servers whose certificates come from the hub: by a fixed name, by the name
# that the client asks for, of two kinds of key, and what is served when nothing
# comes.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Permissions qw(permit withdraw);
use IO::Socket::SSL;
use Test::More;
use Time::HiRes qw(sleep time);

my $hub = CredHubTest->new(start => 0, proxy => 1, workers => 1,
    redis_args => 'timeout=2s');
my @PORTS = qw(fixed sni both);

sub server ($port, $lines) {
    return <<"END";
    server {
        listen 127.0.0.1:@{[$hub->port($port)]} ssl;
        ssl_certificate @{[$hub->pki->cert('server')]};
        ssl_certificate_key @{[$hub->pki->key('server')]};
        $lines
        location / { return 200 "\$ssl_session_reused"; }
    }
END
}

sub configure ($cache, %server) {
    my %all = (
        fixed => 'credhub_certificate /tls/fixed identity=edge:tls;',
        sni   => 'credhub_certificate /tls/$ssl_server_name identity=edge:tls;',
        both  => 'credhub_certificate /tls/ec /tls/rsa identity=edge:tls;
            ssl_protocols TLSv1.2;',
        %server,
    );
    return $hub->configure(http => join "\n", $cache,
        map { server($_, $all{$_}) } @PORTS);
}

# The subject of the certificate that is served, and its kind of key; what went
# wrong.
sub served ($port, %tls) {
    my $client = IO::Socket::SSL->new(PeerAddr => '127.0.0.1',
        PeerPort => $hub->port($port), SSL_verify_mode => SSL_VERIFY_NONE,
        SSL_hostname => '', Timeout => 30, %tls) or return "$SSL_ERROR";
    my $subject = $client->peer_certificate('commonName');
    my $serial  = Net::SSLeay::P_ASN1_INTEGER_get_hex(
        Net::SSLeay::X509_get_serialNumber($client->peer_certificate));
    close $client;
    return wantarray ? ($subject, $serial) : $subject;
}

sub make ($name, $common, %more) {
    my $r = $hub->generate($name, 'certificate', { common_name => $common,
        self_sign => \1, %more }, mode => 'overwrite');
    is($r->status, 200, $name) or diag $r->body;
    return;
}

my $fallback;


subtest 'configuration' => sub {
    for my $case (
        ['credhub_certificate /tls/x;', qr/invalid number of arguments/],
        ['credhub_certificate /tls/x /tls/y;', qr/needs "identity="/],
        ['credhub_certificate /tls/x identity=;', qr/has no valid actor/],
        ['credhub_certificate x identity=a;', qr/"x" is no name of a certif/],
        ['credhub_certificate /x/$host identity=a;', qr/is the only variable/],
        ['credhub_certificate /x identity=a; credhub_certificate /y identity=a;',
            qr/is duplicate/],
    ) {
        configure('', fixed => $case->[0]);
        my ($code, $said) = $hub->nginx_test;
        is($code, 1, $case->[0]);
        like($said, $case->[1], 'is told');
    }

    configure('');
    my ($code, $said) = $hub->nginx_test;
    is($code, 0, 'all of them') or diag $said;
};

$hub->start;
$hub->proxy->wait_ready(2);
$hub->expect_log(qr/no certificate "/);

subtest 'nothing is there' => sub {
    $fallback = served('fixed');
    ok($fallback, 'the configured certificate');
    is(served('sni', SSL_hostname => 'www.example.com'), $fallback, 'by name');
    is(served('sni'), $fallback, 'without one');
    like($hub->error_log, qr{no certificate "/tls/fixed" from the hub},
        'is told');
};

make('/tls/fixed', 'fixed');
make('/tls/www.example.com', 'www');
make('/tls/_.example.com', 'any');
make('/tls/ec', 'ec', key_type => 'ec');
make('/tls/rsa', 'rsa');

subtest 'who may not read' => sub {
    is(served('fixed'), $fallback, 'serves the configured one');
};

my $view = permit($hub, '/tls/*', 'edge:tls', 'read');

for my $cache ('', 'credhub_cache zone=hub:1m;') {
    my $what = $cache || 'no cache';

    if ($cache) {
        configure($cache);
        $hub->reload;
        $hub->proxy->wait_ready(3);
    }

    subtest $what => sub {
        is(served('fixed'), 'fixed', 'a fixed name');
        is(served('fixed'), 'fixed', 'again');
        is(served('sni', SSL_hostname => 'www.example.com'), 'www', 'by name');
        is(served('sni', SSL_hostname => 'WWW.Example.com'), 'www', 'any case');
        is(served('sni', SSL_hostname => 'b.example.com'), 'any', 'wildcard');
        is(served('sni', SSL_hostname => 'a.b.example.com'), $fallback,
            'of one label');
        is(served('sni', SSL_hostname => $_), $fallback, $_)
            for 'a..example.com', '-a.example.com', 'a_b.example.com',
            'x' x 64 . '.example.com', '../fixed';
        is(served('both', SSL_cipher_list => 'ECDHE-ECDSA-AES128-GCM-SHA256'),
            'ec', 'ECDSA');
        is(served('both', SSL_cipher_list => 'ECDHE-RSA-AES128-GCM-SHA256'),
            'rsa', 'RSA');
    };

    subtest "$what: a new version" => sub {
        my ($name, $old) = served('fixed');
        make('/tls/fixed', 'newer');
        sleep 0.1;
        my ($newer, $serial) = served('fixed');
        is($newer, 'newer', 'is served at once');
        isnt($serial, $old, 'and is another one');
        make('/tls/fixed', 'fixed');
    };
}

subtest 'the cache saves the round trips' => sub {
    ok(wait_until(60, sub {
        my $before = $hub->proxy->count('HMGET');
        served('sni', SSL_hostname => 'www.example.com');
        return $hub->proxy->count('HMGET') == $before;
    }), 'of a handshake');
};

# A client that has said hello and waits.
my $context = IO::Socket::SSL::SSL_Context->new(
    SSL_verify_mode => SSL_VERIFY_NONE);

sub hello ($host) {
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $hub->port('sni')) or die $!;
    my $client = IO::Socket::SSL->start_SSL($socket, SSL_startHandshake => 0,
        SSL_reuse_ctx => $context, SSL_hostname => $host);
    $client->blocking(0);
    $client->connect_SSL;
    return $client;
}

# What a worker may ask: 200 at once and 100 a second, of two commands each for a
# name and its wildcard.
subtest 'a flood of unknown names' => sub {
    my ($hosts, $begin, @clients) = (1_000, time);

    $hub->proxy->forget;
    for (1 .. $hosts) {
        push @clients, hello("host$_.test");
        shift @clients if @clients > 100;
    }
    is(served('sni', SSL_hostname => 'www.example.com'), 'www',
        'whom the cache knows is served');
    cmp_ok($hub->proxy->count('HMGET'), '<=',
        4 * (201 + 100 * (time - $begin)), 'asks Redis in measure');
};


subtest 'a client that leaves' => sub {
    $hub->proxy->hold_at('HMGET');
    my $client = hello('left.test');
    ok($hub->proxy->wait_for('HMGET'), 'while it waits');
    $client->close(SSL_no_shutdown => 1);
    sleep 0.2;
    $hub->proxy->release;
    is(served('fixed'), 'fixed', 'disturbs nobody');
};

subtest 'revoked, and Redis gone' => sub {
    withdraw($hub, $view);
    sleep 0.1;
    is(served('fixed'), $fallback, 'no right, no certificate');
    permit($hub, '/tls/*', 'edge:tls', 'read');
    sleep 0.1;
    is(served('fixed'), 'fixed', 'it is back');

    $hub->stop_redis;
    sleep 0.2;
    $hub->expect_log(qr/redis/);
    is(served('fixed'), $fallback, 'without Redis the configured one');
};

done_testing();
