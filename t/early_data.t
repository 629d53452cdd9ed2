# TLS early data, which somebody may have sent again: it reads, and never
# writes, whoever says to ask.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Authority;
use CredHubTest::Errors qw(is_error);
use CredHubTest::Nginx;
use CredHubTest::Process
    qw(spawn running stop_process run_command read_file write_file);
use IO::Select;
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use Test::More;

my $DATA = '/api/v1/data';

my $hub = CredHubTest->new(start => 0, permissions => [
    ['good', '/*', 'read,write'], ['uaa-client:app', '/*', 'read,write']]);
my $uaa = CredHubTest::Authority->new($hub, start => 0);
my $at  = $hub->scratch;
my $set = write_file("$at/set.json", $uaa->set_text);

$hub->configure(server => "credhub_jwt_key_file $set; ssl_early_data on;"
    . ' credhub_api_keys /keys;'
    . ' ssl_protocols TLSv1.2 TLSv1.3; lingering_close off;');
$hub->start;
$hub->set('/keys/k', 'user', { password => 'MARKER-k' })->status == 200 or die;


# Passes bytes on to the hub, and what the hub says only when the file exists:
# until then the client cannot end its handshake.
sub relay ($port, $file) {
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $port, Listen => 1) or die $!;

    return CredHubTest::Process::spawn_code(sub {
        while (my $client = $listen->accept) {
            my $server = IO::Socket::INET->new(
                PeerAddr => '127.0.0.1', PeerPort => $hub->port) or die $!;
            my $select = IO::Select->new($client, $server);
            my $said   = '';

            while ($select->exists($client)
                && ($select->exists($server) || length $said))
            {
                for ($select->can_read(0.01)) {
                    sysread $_, my $bytes, 65536 or $select->remove($_);
                    $_ == $client ? syswrite $server, $bytes
                        : ($said .= $bytes);
                }
                syswrite $client, substr $said, 0, length $said, ''
                    if -e $file;
            }
        }
    });
}


my $port  = CredHubTest::Nginx->free_port;
my $relay = relay($port, "$at/go");
my $token = 'Authorization: Bearer ' . $uaa->token . "\r\n";
my $key   = 'Authorization: Basic ' . encode_base64('k:MARKER-k', '') . "\r\n";
my @tool  = ('openssl', 's_client', '-ign_eof', '-servername', 'localhost',
    '-connect');
my @cert  = ('-cert', $hub->pki->cert('good'), '-key', $hub->pki->key('good'));

sub bytes ($header, $method, $target) {
    my $body = $method eq 'GET' ? ''
        : '{"name":"/early","type":"value","value":"MARKER-early"}';

    return write_file("$at/request", "$method $target HTTP/1.1\r\n"
        . "Host: localhost\r\nConnection: close\r\n$header"
        . "Content-Type: application/json\r\nContent-Length: "
        . length($body) . "\r\n\r\n$body");
}

my @rows = (
    # who, header, arguments of the client, request, status
    ['a token',       $token, [],     'GET',  '/version', 200],
    ['a token',       $token, [],     'HEAD', '/version', 200],
    ['a token',       $token, [],     'PUT',  $DATA,      425],
    ['a token',       $token, [],     'POST', $DATA,      425],
    ['an API key',    $key,   [],     'GET',  '/version', 200],
    ['an API key',    $key,   [],     'PUT',  $DATA,      425],
    ['a certificate', '',     \@cert, 'GET',  '/version', 200],
    ['a certificate', '',     \@cert, 'PUT',  $DATA,      425],
    ['both',          $token, \@cert, 'PUT',  $DATA,      425],
    ['nobody',        '',     [],     'PUT',  $DATA,      401],
);

for my $i (0 .. $#rows) {
    my ($who, $header, $more, $method, $target, $status) = @{ $rows[$i] };
    my $line = qr/"$method \Q$target\E\?$i HTTP\S+ (\d+)/;

    subtest "$method by $who" => sub {
        run_command([@tool, '127.0.0.1:' . $hub->port, @$more, '-sess_out',
            "$at/session"], in => bytes($header, 'GET', '/info'));

        unlink "$at/go", "$at/said";
        my $pid = spawn([@tool, "127.0.0.1:$port", @$more, '-sess_in',
            "$at/session", '-early_data',
            bytes($header, $method, "$target?$i")], out => "$at/said");

        ok(wait_until(60, sub { $hub->access_log =~ $line }),
            'answered before the handshake ends');
        is($hub->access_log =~ $line ? $1 : '', $status, 'status');

        write_file("$at/go", '');
        ok(wait_until(60, sub { !running($pid) }), 'the client ends');
        ok(read_file("$at/said") =~ /Early data was accepted/, 'accepted');
        ok(read_file("$at/said") =~ m{^HTTP/1\.1 $status }m, 'answered');
    };
}

is_error($hub->get("$DATA?name=/early"), 'credential', 'nothing is set');
stop_process($relay);
$hub->done;
