# Two hubs on one address, each with a client CA of its own: a certificate of
# one CA never names an actor at the other hub, however it is reached.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use CredHubTest::Process qw(write_file);
use IO::Socket::SSL;
use Test::More;

# localhost is the default server; "good" is of its CA, "otherca" of the CA of
# other.test, and both claim to be the same actor
my %CERT = (localhost => 'good', 'other.test' => 'otherca');

my $hub = CredHubTest->new(start => 0);
my $ticket_key
    = write_file($hub->scratch . '/ticket.key', 'k' x 80, 0600);


# Sessions outlive a reload and are shared by all servers: in tickets on one
# port, in a cache on the other. %first: options of the default servers.
sub configure (%first) {
    $hub->configure(
        http => <<"END",
            ssl_protocols TLSv1.2 TLSv1.3;
            ssl_session_ticket_key $ticket_key;
            ssl_session_cache shared:all:1m;
            add_header X-Reused \$ssl_session_reused always;
END
        servers => [
            map {
                my ($port, $lines) = @$_;
                my %more = (port => $port, server => $lines);
                (
                    { %more, %first,
                        server => $lines . ($first{server} // '') },
                    { %more, name => 'other.test', cert => 'server2',
                        client_ca => 'ca2' },
                    { %more, name => 'loose.test', client_ca => 'ca2',
                        verify => 'optional_no_ca' },
                )
            } ['ticket', ''], ['cache', 'ssl_session_tickets off;']
        ],
    );
    return;
}


# Refused in JSON, or before there was a connection at all
sub refused ($response, $label) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return pass("$label: no connection") if $response->status == 0;

    ok($response->status =~ /^(?:400|421)$/, $label)
        or diag($response->status, ' ', $response->body);
    return like(ref $response->json && $response->json->{error}, qr/\S/,
        "$label: JSON");
}


# A connection whose session can be resumed: (connection, what to resume with)
sub session ($port, $version, $cert, $host) {
    my %tls = (SSL_version => $version, SSL_session_key => 'key',
        SSL_session_cache => IO::Socket::SSL::Session_Cache->new(4));
    my $client = $hub->connect(port => $port, cert => $cert, sni => $host,
        host => $host, tls => \%tls);

    is($client->request('GET', '/version', keep => 1)->response->status, 200,
        "$port $version: a session with $host");
    return ($client, tls => \%tls, port => $port, cert => $cert);
}


configure();
$hub->start;

subtest 'full handshakes' => sub {
    my @rows = (
        # certificate, SNI, Host, status
        ['good',    'localhost',  'localhost',    200],
        ['good',    '',           'localhost',    200],
        ['good',    'unknown',    'localhost',    200],
        ['good',    'unknown',    'unknown.test', 200],
        ['good',    '',           'other.test',   421],
        ['good',    'unknown',    'other.test',   421],
        ['good',    'localhost',  'other.test',   421],
        ['good',    'other.test', 'localhost',    421],
        ['good',    'other.test', 'other.test',   400],
        ['good',    'loose.test', 'loose.test',   400],
        ['good',    'loose.test', 'localhost',    421],
        ['good',    '',           'loose.test',   421],
        ['otherca', 'other.test', 'other.test',   200],
        ['otherca', 'loose.test', 'loose.test',   200],
        ['otherca', 'loose.test', 'localhost',    421],
        ['otherca', 'other.test', 'localhost',    421],
        ['otherca', 'localhost',  'localhost',    400],
        ['otherca', '',           'localhost',    400],
        ['otherca', '',           'other.test',   400],
        ['otherca', '',           'loose.test',   421],
        ['otherca', 'unknown',    'localhost',    400],
        ['otherca', 'unknown',    'other.test',   400],
        ['otherca', 'localhost',  'other.test',   421],
        [undef,     '',           'localhost',    401],
        [undef,     '',           'other.test',   401],
    );

    for (@rows) {
        my ($cert, $sni, $host, $status) = @$_;
        my $r = $hub->get('/version', port => 'ticket', cert => $cert,
            sni => $sni, host => $host);

        is($r->status, $status, join ' ', $cert // 'none', $sni, $host);
        like($r->json->{error}, qr/\S/, 'JSON') if $status != 200;
    }
};

subtest 'HTTP/2' => sub {
    my @rows = (
        # certificate, SNI (none for an address), :authority, status
        ['good',    'localhost',  'localhost',    200],
        ['good',    '127.0.0.1',  'localhost',    200],
        ['good',    '127.0.0.1',  'unknown.test', 200],
        ['good',    '127.0.0.1',  'other.test',   421],
        ['good',    'localhost',  'other.test',   421],
        ['good',    'other.test', 'localhost',    421],
        ['good',    'other.test', 'other.test',   400],
        ['otherca', 'other.test', 'other.test',   200],
        ['otherca', 'other.test', 'localhost',    421],
        ['otherca', '127.0.0.1',  'localhost',    400],
        ['otherca', '127.0.0.1',  'other.test',   400],
        ['otherca', 'localhost',  'other.test',   421],
    );

    for (@rows) {
        my ($cert, $sni, $host, $status) = @$_;
        my $r = $hub->h2('GET', '/version', port => 'ticket', cert => $cert,
            host => $sni, headers => { Host => $host });

        is($r->status, $status, "$cert $sni $host");
        like($r->json->{error}, qr/\S/, 'JSON') if $status != 200;
    }
};

subtest 'one connection, several hosts' => sub {
    my $client = $hub->connect(port => 'ticket', sni => '');
    my @rows = (['localhost', 200], ['other.test', 421], ['localhost', 200],
        ['loose.test', 421], ['unknown.test', 200]);

    for (@rows) {
        my ($host, $status) = @$_;
        is($client->request('GET', '/version', keep => 1,
            headers => { Host => $host })->response->status, $status, $host);
    }
};

subtest 'resumed sessions' => sub {
    my @rows = (
        # session with, SNI, Host, TLS 1.2, TLS 1.3
        ['localhost',  '',           'localhost',  'yes', 'yes'],
        ['localhost',  'unknown',    'localhost',  'yes', 'yes'],
        ['localhost',  'localhost',  'localhost',  'yes', 'yes'],
        ['localhost',  '',           'other.test', 'no',  'no'],
        ['localhost',  'unknown',    'other.test', 'no',  'no'],
        ['localhost',  'localhost',  'other.test', 'no',  'no'],
        ['localhost',  'other.test', 'other.test', 'no',  'no'],
        ['localhost',  'other.test', 'loose.test', 'no',  'no'],
        ['other.test', '',           'localhost',  'no',  'no'],
        ['other.test', 'unknown',    'localhost',  'no',  'no'],
        ['other.test', 'localhost',  'localhost',  'no',  'no'],
        ['other.test', 'other.test', 'localhost',  'no',  'no'],
        ['other.test', 'loose.test', 'localhost',  'no',  'no'],
        ['other.test', '',           'other.test', 'yes', 'no'],
        ['other.test', 'other.test', 'other.test', 'yes', 'yes'],
    );

    for my $port (qw(ticket cache)) {
        for (@rows) {
            my ($from, $sni, $host, %expected) = (@$_[0 .. 2],
                TLSv1_2 => $_->[3], TLSv1_3 => $_->[4]);

            for my $version (sort keys %expected) {
                my $label = "$port $version $from, SNI $sni, Host $host";
                my ($first, %with)
                    = session($port, $version, $CERT{$from}, $from);
                my $r = $hub->get('/version', %with, sni => $sni,
                    host => $host);

                is($r->header('X-Reused'), 'r', "$label: resumed")
                    if $r->status != 0;
                $expected{$version} eq 'yes'
                    ? is($r->status, 200, $label) : refused($r, $label);
            }
        }
    }
};

subtest 'resumed after a reload' => sub {
    my $pki  = $hub->pki;
    my $none = "ssl_crl @{[$pki->cert('ca.none')]};";
    my $list = "ssl_crl @{[$pki->cert('ca.crl')]};";

    my @rows = (
        # certificate, settings before and after, resumed, answer
        ['nothing changes', 'good', {}, {}, 'r', '200'],
        ['not in the list', 'good', { server => $none },
            { server => $list }, 'r', '200'],
        ['revoked', 'revoked', { server => $none }, { server => $list },
            'r', 'certificate:certificate revoked'],
        ['another CA of that name', 'good', {}, { client_ca => 'twin' },
            'r', 'certificate:'],
        ['another CA', 'good', {}, { client_ca => 'ca2' },
            '.', 'certificate:'],
        ['mtls off', 'good', {}, { server => 'credhub_mtls off;' },
            'r', 'unauthenticated'],
    );

    for (@rows) {
        my ($label, $cert, $before, $after, $resumed, $expected) = @$_;
        my @sessions;

        configure(%$before);
        $hub->reload;

        for my $port (qw(ticket cache)) {
            push @sessions, ["$label $port $_",
                session($port, $_, $cert, 'localhost')]
                for qw(TLSv1_2 TLSv1_3);
        }

        configure(%$after);
        $hub->reload;

        for (@sessions) {
            my ($name, $client, %with) = @$_;
            my $r = $hub->get('/version', %with);

            is($r->header('X-Reused'), $resumed, "$name: resumed");
            $expected eq '200' ? is($r->status, 200, $name)
                : is_error($r, $expected, $name);
        }
    }
};

$hub->done;
