# Rights and secrets with other protocols than plain HTTP: gRPC, WebSocket,
# FastCGI's parameters, requests that are not buffered.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Process qw(stop_process);
use IO::Socket::INET;
use Test::More;

my $listen = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1')
    or die $@;
my $socket = $listen->sockport;

my $hub = CredHubTest->new(start => 0, proxy => 1, workers => 1,
    permissions => [
        ['good', '/*', 'read,write,delete,read_acl,write_acl'],
        ['edge', '/apps/*', 'read'],
    ]);
my $grpc  = $hub->port('grpc');
my $plain = $hub->port('plain');

$hub->configure(
    http => <<"END",
    server {
        listen 127.0.0.1:$grpc http2;
        location / {
            add_header X-Got "\$server_protocol|\$http_x_secret";
            # reads the body first
            proxy_pass http://127.0.0.1:$plain;
        }
    }
    server {
        listen 127.0.0.1:$plain;
        default_type application/grpc;
        return 200 "";
    }
END
    server => <<"END",
    credhub_identity edge;
    location /svc/ {
        credhub_access read /apps/svc;
        credhub_set \$secret /apps/secret;
        grpc_set_header X-Secret \$secret;
        grpc_pass grpc://127.0.0.1:$grpc;
    }
    location /ws/ {
        credhub_access read /apps/ws;
        credhub_set \$secret /apps/secret;
        proxy_http_version 1.1;
        proxy_set_header Upgrade \$http_upgrade;
        proxy_set_header Connection upgrade;
        proxy_set_header X-Secret \$secret;
        proxy_pass http://127.0.0.1:$socket;
    }
    location /fcgi/ {
        credhub_set \$secret /apps/secret;
        fastcgi_param X_SECRET \$secret;
        fastcgi_pass 127.0.0.1:$socket;
    }
    location /stream/ {
        credhub_set \$secret /apps/secret;
        proxy_http_version 1.1;
        proxy_request_buffering off;
        proxy_set_header X-Secret \$secret;
        proxy_pass http://127.0.0.1:$socket;
    }
END
);

# An upstream that takes one connection at a time, tells what came first, and
# sends everything else back.
my $pid = CredHubTest::Process::spawn_code(sub {
    while (my $c = $listen->accept) {
        my $text = '';
        while ($text !~ /\r\n\r\n/ && $text !~ /MARKER-secret/) {
            sysread $c, $text, 4096, length $text or last;
        }
        my ($secret) = $text =~ /(MARKER-secret)/;
        $secret //= 'none';

        if ($text =~ /^Upgrade: echo/mi) {
            syswrite $c, "HTTP/1.1 101 Switching\r\nUpgrade: echo\r\n"
                . "Connection: upgrade\r\nX-Got: $secret\r\n\r\n";
            syswrite $c, $text while sysread $c, $text, 4096;

        } elsif ($text =~ /^\x01\x01/) {
            my $answer = "X-Got: $secret\r\n\r\n";
            syswrite $c, pack('C2n2C2', 1, 6, 1, length $answer, 0, 0)
                . $answer . pack('C2n2C2 NC4', 1, 3, 1, 8, 0, 0, 0, 0, 0, 0, 0);

        } else {
            while ($text !~ /\r\n0\r\n\r\n\z/) {
                sysread $c, $text, 65536, length $text or last;
            }
            syswrite $c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                . "Connection: close\r\nX-Got: $secret\r\n\r\n";
        }
        close $c;
    }
});

$hub->start;
$hub->set('/apps/secret', 'value', 'MARKER-secret');

my $app = $hub->as('second');


subtest 'gRPC' => sub {
    my %more = (headers => { TE => 'trailers' });
    my $r = $hub->h2('POST', '/svc/Call', body => "\0\0\0\0\0", %more);
    is($r->status, 200, 'let in') or diag $r->error;
    is($r->header('X-Got'), 'HTTP/2.0|MARKER-secret', 'with the secret');
    is($app->h2('POST', '/svc/Call', body => "\0\0\0\0\0", %more)->status, 403,
        'refused');
};


subtest 'WebSocket' => sub {
    my %upgrade = (headers => { Upgrade => 'echo', Connection => 'Upgrade' });
    is($app->get('/ws/', %upgrade)->status, 403, 'refused');

    my $client = $hub->connect;
    $client->request('GET', '/ws/', %upgrade, keep => 1);
    my $text = '';
    $client->socket->sysread($text, 4096, length $text)
        while $text !~ /\r\n\r\n/;
    like($text, qr{^HTTP/1\.1 101 .*X-Got: MARKER-secret\r\n}s, 'upgraded');

    for my $word (qw(one two)) {
        $client->send($word);
        $client->socket->sysread(my $echo, 4096);
        is($echo, $word, 'both ways');
    }
    $client->close;
};


subtest 'FastCGI' => sub {
    is($hub->get('/fcgi/')->header('X-Got'), 'MARKER-secret', 'a parameter');
};


subtest 'a body that is not buffered' => sub {
    my $client = $hub->connect;

    $hub->proxy->hold;
    $client->request('POST', '/stream/', keep => 1,
        headers => { 'Transfer-Encoding' => 'chunked' });
    $client->send_chunk('x' x 50_000);
    ok($hub->proxy->wait_for('HMGET'), 'part of it comes while it waits');
    $client->send_chunk('y' x 50_000);
    $hub->proxy->release;
    $client->send_chunk('');
    my $r = $client->response;
    is($r->status, 200, 'answered');
    is($r->header('X-Got'), 'MARKER-secret', 'with the secret');
};

stop_process($pid, 'TERM');
done_testing;
