# Exchanges that live long and ask again for their rights: WebSockets, streams,
# downloads, uploads. Each ends on both sides when a right has gone.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Authority;
use CredHubTest::Permissions qw(permit withdraw);
use CredHubTest::Pki qw(der make_certificate);
use CredHubTest::Process qw(read_file stop_process write_file);
use CredHubTest::Trust qw(connection);
use Digest::SHA qw(sha256);
use IO::Select;
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(sleep time);

my $EACH = 0.1;    # seconds between two times

my $listen = IO::Socket::INET->new(Listen => 64, LocalAddr => '127.0.0.1')
    or die $@;
my $up  = $listen->sockport;
my $hub = CredHubTest->new(start => 0, proxy => 1, workers => 1,
    redis_args => 'timeout=2s',
    permissions => [
        ['good', '/*', 'read,write,delete,read_acl,write_acl'],
    ]);
my $uaa  = CredHubTest::Authority->new($hub);
my $set  = write_file($hub->scratch . '/set.json', $uaa->set_text);
my $grpc = $hub->port('grpc');
my $log  = $hub->scratch . '/upstream.log';

my $pass = <<"END";
        proxy_http_version 1.1;
        proxy_set_header Upgrade \$http_upgrade;
        proxy_set_header Connection upgrade;
        proxy_set_header Authorization "";
        proxy_request_buffering off;
        proxy_pass http://127.0.0.1:$up;
END

my $edge = <<"END";
    credhub_recheck @{[$EACH * 1000]}ms;
    proxy_read_timeout 300s;

    location /ws/ {
        credhub_access read /apps/ws;
        $pass
    }
    location /off/ {
        credhub_recheck off;
        credhub_access read /apps/ws;
        $pass
    }
    location /dry/ {
        credhub_access read /apps/ws;
        credhub_access_dry_run on;
        $pass
    }
    location /any/ {
        satisfy any;
        allow all;
        credhub_access read /apps/ws;
        $pass
    }
    location /two/ {
        credhub_access read /apps/ws;
        credhub_access write /apps/two;
        $pass
    }
    location /name/ {
        credhub_access read \$arg_n;
        $pass
    }
    location /buffered/ {
        credhub_access read /apps/ws;
        proxy_pass http://127.0.0.1:$up;
    }
    location /set/ {
        credhub_identity edge;
        credhub_set \$secret \$arg_n;
        proxy_set_header X-Secret \$secret;
        $pass
    }
    location /mine/ {
        credhub_set \$secret /apps/secret;
        proxy_set_header X-Secret \$secret;
        $pass
    }
    location /first/ {
        credhub_access read /apps/ws;
        proxy_set_header X-Lead yes;
        proxy_pass http://127.0.0.1:$up;
    }
    location /then/ {
        internal;
        credhub_recheck off;
        $pass
    }
    location /svc/ {
        credhub_access read /apps/svc/\$arg_n;
        grpc_pass grpc://127.0.0.1:$grpc;
    }
    location /trust/ {
        credhub_trust connections \$arg_id;
        $pass
    }
END

sub configure ($main = '') {
    return $hub->configure(
        main => $main,
        http => <<"END",
    server {
        listen 127.0.0.1:$grpc http2;
        default_type application/grpc;
        location / {
            proxy_buffering off;
            proxy_request_buffering off;
            proxy_http_version 1.1;
            proxy_pass http://127.0.0.1:$up;
        }
    }
END
        server => <<"END",
    credhub_jwt_key_file $set;
    credhub_api_keys /api-keys;
    $edge
END
        servers => [
            { port => 'edge', verify => 'optional_no_ca', server => $edge },
        ]);
}

# An upstream that echoes what comes over an upgraded connection, sends without
# an end, or reads without an end, and says when the other side has gone.
sub serve ($c) {
    my $text = '';
    while ($text !~ /\r\n\r\n/) {
        sysread $c, $text, 4096, length $text or return;
    }

    my ($target) = $text =~ /^\w+ (\S+)/;
    my $note = sub ($what) {
        open my $out, '>>', $log or die $!;
        syswrite $out, "$what $target\n";
    };
    local $SIG{PIPE} = 'IGNORE';
    $note->('open');

    if ($text =~ /^X-Lead: yes/mi) {
        syswrite $c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
            . "X-Accel-Redirect: /then/$target\r\nConnection: close\r\n\r\n";
        return;

    } elsif ($text =~ /^Upgrade: echo/mi) {
        syswrite $c, "HTTP/1.1 101 Switching\r\nUpgrade: echo\r\n"
            . "Connection: upgrade\r\n\r\n";
        syswrite $c, $text while sysread $c, $text, 4096;

    } elsif ($target =~ /upload/) {
        1 while sysread $c, $text, 65536;

    } else {
        my $size  = $target =~ /fast/ ? 32768 : 1024;
        my $chunk = sprintf("%x\r\n", $size) . 'x' x $size . "\r\n";
        my $ended = IO::Select->new($c);
        syswrite $c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
            . "Content-Type: application/grpc\r\n\r\n";
        while (syswrite $c, $chunk) {
            my $pause = $target =~ /quiet/ ? undef : 0.02;
            last if $ended->can_read($pause) && !sysread $c, $text, 4096;
        }
    }

    $note->('closed');
    return;
}

my $pid = CredHubTest::Process::spawn_code(sub {
    $SIG{CHLD} = 'IGNORE';
    while (1) {
        my $c = $listen->accept or next;
        my $child = fork // die $!;
        if ($child == 0) {
            serve($c);
            POSIX::_exit(0);
        }
        close $c;
    }
});
close $listen;

configure();
$hub->start;
$hub->set('/apps/secret', 'value', 'MARKER-secret');

my $app   = $hub->as('second');
my $none  = $hub->as(undef);
my $actor = $hub->actor('second');
my $proxy = $hub->proxy;
my $count = 0;

# A target of its own for each exchange.
sub target ($path) { return $path . ($path =~ /\?/ ? '&' : '?') . 't=' . ++$count }

sub noted ($what, $target) {
    return wait_until(60, sub { read_file($log) =~ /^$what \Q$target\E$/m });
}

my %UPGRADE = (Upgrade => 'echo', Connection => 'Upgrade');

# An upgraded connection: { client, target }.
sub upgraded ($as, $path, %opt) {
    my $self = { target => target($path),
        client => $opt{client} // $as->connect(%{ $opt{connect} // {} }) };

    $self->{client}->request('GET', $self->{target}, keep => 1,
        headers => { %UPGRADE, %{ $opt{headers} // {} } });
    my $head = '';
    while ($head !~ /\r\n\r\n/) {
        $self->{client}->socket->sysread($head, 4096, length $head) or last;
    }
    like($head, qr{^HTTP/1\.1 101 }, "$path: upgraded");
    return $self;
}

sub echoes ($ws, $label) {
    $ws->{client}->send('word');
    is(eval { $ws->{client}->bytes(4) }, 'word', $label);
    return;
}

# Both sides have seen the end, and the log says once why.
sub closed ($ws, $reason, $label) {
    my $target = $ws->{target};

    eval { $ws->{client}->bytes(1_000_000_000) };
    like($@, qr/connection closed/, "$label: the client's side");
    $ws->{client}->close;
    ok(noted('closed', $target), "$label: the upstream's side");
    my @why = grep { /the exchange is closed.*\Q$target\E / }
        split /\n/, $hub->error_log;
    is(scalar @why, 1, "$label: is logged once");
    like($why[0] // '', $reason, "$label: with the reason");
    return;
}

# That many commands more.
sub asked ($times, $label, $name = 'HMGET') {
    $proxy->forget;
    ok($proxy->wait_for($name, $times), "$label: asks again");
    return;
}


subtest 'a WebSocket' => sub {
    my $view = permit($hub, '/apps/ws', $actor, 'read');
    my $off  = upgraded($app, '/off/');
    my $dry  = upgraded($app, '/dry/');
    my $any  = upgraded($app, '/any/');
    $proxy->forget;
    echoes($off, 'off');
    my $ws = upgraded($app, '/ws/');
    asked(5, 'while the right stands');
    echoes($ws, 'and lives on');
    is($proxy->count, $proxy->count('HMGET'), 'with one command each time');
    withdraw($hub, $view);
    closed($ws, qr/ \[info\] .*access of "\Q$actor\E" on "\/apps\/ws": forbidden, /,
        'withdrawn');
    ok(wait_until(20, sub { $hub->access_log =~
        m{"GET \Q$ws->{target}\E [^"]*" 101 } }), 'as what it was');
    echoes($off, 'off: nothing is asked');
    echoes($dry, 'dry run: nothing is closed');
    echoes($any, 'satisfy any: nothing was granted');
    $_->{client}->close for $off, $dry, $any;
    ok(noted('closed', $any->{target}), 'ended by their clients');
};


subtest 'rights by configuration' => sub {
    $proxy->forget;
    my $ws = upgraded($hub, '/ws/');
    sleep 3 * $EACH;
    echoes($ws, 'live on');
    is($proxy->count, 0, 'and cost nothing');
    $ws->{client}->close;
};


subtest 'several demands, and texts of the request' => sub {
    my $read  = permit($hub, '/apps/ws', $actor, 'read');
    my $write = permit($hub, '/apps/two', $actor, 'write');
    my $ws    = upgraded($app, '/two/');
    my $name  = upgraded($app, '/name/?n=/apps/ws');
    $name->{client}->send('GET /x HTTP/1.1' x 100);
    asked(6, 'two');
    withdraw($hub, $write);
    closed($ws, qr/on "\/apps\/two": forbidden/, 'one of two withdrawn');
    withdraw($hub, $read);
    closed($name, qr/on "\/apps\/ws": forbidden/, 'a name of the request');
};


subtest 'secrets' => sub {
    my $edge = permit($hub, '/apps/secret', 'edge', 'read');
    my $read = permit($hub, '/apps/secret', $actor, 'read');
    my $ws   = upgraded($none, '/set/?n=apps/Secret');
    my $mine = upgraded($app, '/mine/');
    asked(6, 'secrets');
    ok(!(grep { $_ ne 'HMGET' } $proxy->commands), 'for rights only');
    withdraw($hub, $edge);
    closed($ws, qr/inject of "edge" on "\/apps\/secret": forbidden/,
        'another identity');
    echoes($mine, 'the caller');
    withdraw($hub, $read);
    closed($mine, qr/inject of "\Q$actor\E"/, 'the caller');
};


subtest 'downloads' => sub {
    my $view = permit($hub, '/apps/ws', $actor, 'read');
    my %all;
    for my $path ('/ws/slow', '/ws/fast', '/first/slow') {
        my $it = $all{$path} = { target => target($path), client => $app->connect };
        $it->{client}->request('GET', $it->{target}, keep => 1);
        like($it->{client}->bytes(500), qr{^HTTP/1\.1 200 OK\r\n}, "$path: begins");
    }
    $all{'/first/slow'}{target} = "/then/$all{'/first/slow'}{target}";
    asked(6, 'downloads');
    withdraw($hub, $view);
    closed($all{$_}, qr/forbidden/, $_) for '/ws/slow', '/ws/fast';

    my $it = $all{'/first/slow'};
    eval { $it->{client}->bytes(1_000_000_000) };
    like($@, qr/connection closed/, 'after X-Accel-Redirect');
    ok(noted('closed', $it->{target}), 'and its upstream');
};


subtest 'uploads' => sub {
    my $view = permit($hub, '/apps/ws', $actor, 'read');
    my @all  = map { {
        target => target($_), client => $app->connect,
    } } '/ws/upload', '/buffered/upload';

    for my $it (@all) {
        $it->{client}->request('POST', $it->{target}, keep => 1,
            headers => { 'Transfer-Encoding' => 'chunked' });
        $it->{client}->send_chunk('x' x 50_000);
    }
    ok(noted('open', $all[0]{target}), 'begins');
    asked(6, 'uploads');
    $_->{client}->send_chunk('x' x 50_000) for @all;
    withdraw($hub, $view);
    closed($all[0], qr/forbidden/, 'not buffered');

    eval { $all[1]{client}->bytes(1) };
    like($@, qr/connection closed/, 'buffered: the client');
    $all[1]{client}->close;
    is(read_file($log) =~ /\Q$all[1]{target}\E$/m, '', 'buffered: no upstream');
    for my $it (@all) {
        ok(wait_until(20, sub { $hub->access_log =~
            m{"POST \Q$it->{target}\E [^"]*" 444 } }), 'without an answer');
    }
};


subtest 'streams of HTTP/2' => sub {
    my @views = map { permit($hub, "/apps/svc/$_", $actor, 'read') } 'a', 'b';
    my $h2    = $app->connect_h2;
    my %more  = (open => 1, headers => [te => 'trailers',
        'content-type' => 'application/grpc']);
    my ($ta, $tb) = map { target("/svc/quiet?n=$_") } 'a', 'b';
    my ($a, $b)   = map { $h2->request('POST', $_, %more) } $ta, $tb;

    $h2->begun($_) for $a, $b;
    asked(6, 'streams');

    withdraw($hub, $views[0]);
    like($h2->response($a)->error, qr/^stream reset/, 'one is reset');
    ok(noted('closed', $ta), 'and its upstream closed');

    $h2->{streams}{$b}{body} = '';
    $h2->data($b, "\0\0\0\0\0");
    $h2->begun($b);
    isnt($h2->{streams}{$b}{body}, '', 'the other one lives on');
    is(scalar(() = read_file($log) =~ /^closed \Q$tb\E$/mg), 0,
        'with its upstream');
    my $c = $h2->request('GET', '/version');
    is($h2->response($c)->status, 200, 'and the connection');

    withdraw($hub, $views[1]);
    like($h2->response($b)->error, qr/^stream reset/, 'then it is the last');
    ok(noted('closed', $tb), 'and closed as well');
    $c = $h2->request('GET', '/version');
    is($h2->response($c)->status, 200, 'the connection stands');
    $h2->close;
};


subtest 'HTTP/2 with a client that does not read' => sub {
    my $view = permit($hub, '/apps/ws', $actor, 'read');
    my $full = $app->connect_h2(room => 4096);
    my $tiny = $app->connect_h2(window => 1000);
    my ($tf, $tt) = map { target('/ws/fast') } 1, 2;
    my $f = $full->request('GET', $tf);
    my $t = $tiny->request('GET', $tt);

    $tiny->begun($t);
    ok(noted('open', $_), 'begins') for $tf, $tt;
    asked(6, 'both');
    withdraw($hub, $view);
    ok(noted('closed', $_), 'the upstream is closed') for $tf, $tt;
    like($tiny->response($t)->error, qr/^stream reset/, 'a window is closed');
    like($full->response($f)->error, qr/^stream reset/, 'a socket is full');
    is($_->response($_->request('GET', '/version'))->status, 200,
        'the connection stands') for $tiny, $full;
    $_->close for $tiny, $full;
};


sub hash_of ($c) { return encode_base64(sha256(der($c->{certificate})), '') }

sub approve ($id, $c) {
    my $r = $hub->post("/v1/connections/$id/certificates", {
        hash => hash_of($c),
        encoded_cert => encode_base64(der($c->{certificate}), '') });
    $r->status == 201 or die 'not approved: ', $r->body;
    return;
}

sub revoke ($id, $c) {
    my $hash = hash_of($c) =~ tr{+/}{-_}r =~ s/=+\z//r;
    my $r = $hub->delete("/v1/connections/$id/certificates/$hash");
    $r->status == 200 or die 'not revoked: ', $r->body;
    return;
}

my $serial = 0;

# A WebSocket of a client with that certificate.
sub trusted ($c, $behind, $path) {
    my $at = $hub->scratch . '/client' . $serial++;

    write_file("$at.pem", join '', map { $_->{certificate} } $c, @$behind);
    write_file("$at.key", $c->{private_key}, 0600);
    return upgraded($hub, $path, client => $hub->connect(
        cert => undef, port => 'edge', tls => { SSL_cert_file => "$at.pem",
            SSL_key_file => "$at.key" }));
}

subtest 'trust' => sub {
    my $CLIENT = 'extendedKeyUsage = clientAuth';
    my $ca   = make_certificate(subject => '/CN=ca',
        extensions => ['basicConstraints = critical,CA:TRUE']);
    my $leaf = make_certificate(subject => '/CN=leaf',
        extensions => [$CLIENT], signer => $ca);
    my $soon = make_certificate(subject => '/CN=soon',
        extensions => [$CLIENT], days => [-1, 10 / 86400]);
    my $id   = connection($hub, {})->{id};
    my $path = "/trust/?id=$id";

    approve($id, $_) for $ca, $soon;
    my $old = trusted($soon, [], $path);
    my $ws  = trusted($leaf, [$ca], $path);
    asked(8, 'approved', 'APPROVAL');
    is($proxy->count, $proxy->count('APPROVAL'), 'in one round trip');

    approve($id, $leaf);
    revoke($id, $ca);
    asked(4, 'by another approval', 'APPROVAL');
    echoes($ws, 'lives on');
    closed($old, qr/trust of .* on "\/trust\/connections\/\Q$id\E": forbidden/,
        'a certificate that expires');
    revoke($id, $leaf);
    closed($ws, qr/trust of .*: forbidden/, 'revoked');
};


subtest 'identities that end' => sub {
    my $id = 'app:0b5c64a5-0d53-4b8f-9f0a-8c1d2e3f4a5b';
    $hub->pki->issue('soon', 'ca', "/CN=soon/OU=$id", 'clientAuth', 12 / 86400);
    my @views = map { permit($hub, '/apps/ws', $_, 'read') } 'uaa-client:app',
        'api-key:app', "mtls-$id", $actor;

    $hub->set('/api-keys/app', 'user', { password => 'MARKER-app' });
    my $basic = encode_base64('app:MARKER-app', '');

    # clocks may differ by a minute
    my $token = $uaa->token(client_id => 'app', exp => time - 60 + 12);
    my $jwt   = upgraded($none, '/ws/',
        headers => { Authorization => "Bearer $token" });
    my $mtls  = upgraded($hub->as('soon'), '/ws/');
    my $key   = upgraded($none, '/ws/',
        headers => { Authorization => "Basic $basic" });
    my $both  = upgraded($app, '/ws/',
        headers => { Authorization => "Basic $basic" });
    $key->{client}->send('x' x 4096);

    asked(10, 'all');
    echoes($both, 'lives on');
    closed($jwt, qr/identity of "uaa-client:app" .*expired/, 'a token');
    closed($mtls, qr/identity of "mtls-app:.*certificate has expired/,
        'a certificate');

    $hub->set('/api-keys/app', 'user', { password => 'MARKER-new' });
    closed($_, qr/identity of "api-key:app" .*unauthenticated/, 'an API key')
        for $both;
    eval { $key->{client}->bytes(1_000_000_000) };
    like($@, qr/connection closed/, 'and the other one');
    withdraw($hub, @views);
};


subtest 'one at a time' => sub {
    my $view = permit($hub, '/apps/ws', $actor, 'read');
    my $ws   = upgraded($app, '/ws/');
    asked(2, 'it');
    $proxy->forget;
    $proxy->hold;
    ok($proxy->wait_for('HMGET'), 'one waits');
    sleep 5 * $EACH;
    is($proxy->count('HMGET'), 1, 'and no other');
    echoes($ws, 'nothing else does');
    $proxy->release;
    asked(2, 'afterwards');

    $proxy->forget;
    $proxy->hold;
    ok($proxy->wait_for('HMGET'), 'one waits again');
    $ws->{client}->reset;
    ok(noted('closed', $ws->{target}), 'the client leaves meanwhile');
    $proxy->release;

    $ws = upgraded($app, '/ws/');
    asked(2, 'another one');
    $ws->{client}->close;
    ok(noted('closed', $ws->{target}), 'leaves between');
    $proxy->forget;
    sleep 4 * $EACH;
    is($proxy->count, 0, 'nobody asks any more');

    # and with streams
    my $h2 = $app->connect_h2;
    my @targets = map { target('/ws/slow') } 1 .. 3;
    my @ids = map { $h2->request('GET', $_) } @targets;
    $h2->begun($_) for @ids;
    $proxy->hold;
    $proxy->forget;
    ok($proxy->wait_for('HMGET', 3), 'three streams wait');
    $h2->cancel($ids[0]);
    ok(noted('closed', $targets[0]), 'one is cancelled');
    $proxy->release;
    $h2->reset;
    ok(noted('closed', $_), 'the others end with the connection')
        for @targets[1, 2];
    withdraw($hub, $view);
};


subtest 'the store is away' => sub {
    my $view = permit($hub, '/apps/ws', $actor, 'read');
    my $ws   = upgraded($app, '/ws/');
    asked(2, 'it');
    $proxy->answer('-LOADING Redis is loading', 'HMGET');
    asked(3, 'after one that was not answered');
    echoes($ws, 'lives on');
    $proxy->answer('-LOADING Redis is loading', 'HMGET');
    asked(3, 'after another one');
    echoes($ws, 'lives on');

    my $free = upgraded($hub, '/ws/');
    $hub->stop_redis;
    $proxy->cut;
    closed($ws, qr/ \[error\] .*access of .*: unavailable, /, 'for longer');
    echoes($free, 'a right by configuration stands');
    $free->{client}->close;
    $hub->start_redis;
    ok(wait_until(60, sub {
        $hub->delete("/api/v2/permissions/$view->{uuid}")->status == 200
    }), 'and is there again');
};


subtest 'reload' => sub {
    my $view = permit($hub, '/apps/ws', $actor, 'read');
    my $ws   = upgraded($app, '/ws/');
    my ($old) = $hub->worker_pids;
    configure('worker_shutdown_timeout 2s;');
    $hub->reload(old => 1);
    asked(3, 'in the old worker');
    echoes($ws, 'lives on');
    withdraw($hub, $view);
    closed($ws, qr/forbidden/, 'withdrawn');
    ok(wait_until(60, sub { !grep { $_ == $old } $hub->worker_pids }),
        'the old worker leaves');

    $view = permit($hub, '/apps/ws', $actor, 'read');
    $ws = upgraded($app, '/ws/');
    asked(2, 'again');
    $hub->reload;
    ok(noted('closed', $ws->{target}), 'worker_shutdown_timeout ends it');
    eval { $ws->{client}->bytes(1) };
    like($@, qr/connection closed/, 'for the client too');
    $ws->{client}->close;

    $ws = upgraded($app, '/ws/');
    asked(2, 'and again');
    ok($hub->quit, 'a worker that quits');
    ok(noted('closed', $ws->{target}), 'ends it as well');
    $hub->start;
};

stop_process($pid, 'TERM');
$hub->done;
