# Upstreams whose certificates a connection or destination must approve.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Pki qw(der make_certificate);
use CredHubTest::Process qw(read_file write_file);
use CredHubTest::Trust qw(connection destination);
use Digest::SHA qw(sha256);
use IO::Socket::SSL;
use MIME::Base64 qw(encode_base64);
use Test::More;

my $hub = CredHubTest->new(start => 0, proxy => 1, workers => 1,
    redis_args => 'timeout=2s');
my ($a, $b, $plain, $grpc) = map { $hub->port($_) } qw(a b plain grpc);
my $pairs = $hub->scratch;
my $log   = $hub->dir . '/upstream.log';

my $early = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1')
    or die $@;

# Each handshake of an upstream reads its certificate anew.
sub upstream_server ($name, $port) {
    return <<"END";
    server {
        listen 127.0.0.1:$port ssl http2;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate $pairs/$name\$empty.pem;
        ssl_certificate_key $pairs/$name\$empty.key;
        ssl_session_cache shared:$name:1m;
        access_log $log seen;
        client_max_body_size 10m;
        location / {
            add_header X-Got "$name|\$ssl_session_reused|\$connection_requests|\$ssl_protocol";
            proxy_pass http://127.0.0.1:$plain;
        }
        location /missing/ { return 404; }
    }
END
}

sub upstream ($name, @lines) {
    return "upstream $name { " . join('; ', @lines, '') . "}\n";
}

my $trust = 'credhub_upstream_trust destinations $arg_id';

$hub->configure(
    http => join('',
        "log_format seen '\$request_method \$uri \$content_length';\n",
        "map '' \$empty { default ''; }\n",
        upstream_server('a', $a), upstream_server('b', $b),
        <<"END",
        server {
            listen 127.0.0.1:$plain;
            client_max_body_size 10m;
            default_type application/grpc;
            access_log $log seen if=\$http_x_plain;
            return 200 "";
        }
END
        upstream('one', "server 127.0.0.1:$a", $trust),
        upstream('connection', "server 127.0.0.1:$a",
            'credhub_upstream_trust connections $arg_id'),
        upstream('kept', "server 127.0.0.1:$a", 'keepalive 4', $trust),
        upstream('two', "server 127.0.0.1:$a max_fails=1 fail_timeout=1h",
            "server 127.0.0.1:$b backup", 'least_conn', 'keepalive 4', $trust),
        upstream('open', "server 127.0.0.1:$plain", $trust),
        upstream('early', 'server 127.0.0.1:' . $early->sockport, $trust),
        upstream('late', "server 127.0.0.1:$a",
            'server 127.0.0.1:' . $early->sockport . ' backup', $trust)),
    server => <<'END' =~ s/\@plain\@/$plain/r);
    client_max_body_size 10m;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    location /one/         { proxy_pass https://one; }
    location /connection/  { proxy_pass https://connection; }
    location /kept/        { proxy_pass https://kept; }
    location /two/         { proxy_pass https://two; }
    location /missing/     { proxy_pass https://two; proxy_next_upstream error http_404; }
    location /early/       { proxy_pass https://early; }
    location /open/        { proxy_set_header X-Plain 1; proxy_pass http://open; }
    location /by_variable/ { proxy_pass https://$arg_up; }
    location /no_reuse/    { proxy_pass https://one; proxy_ssl_session_reuse off; }
    location /tls12/       { proxy_pass https://one; proxy_ssl_protocols TLSv1.2; }
    location /file/        { proxy_pass https://kept; client_body_in_file_only clean; }
    location /stream/      { proxy_pass https://two; proxy_request_buffering off; }
    location /late/        { proxy_pass https://late; proxy_request_buffering off; }
    location /call/        { grpc_pass grpcs://two; }
    location /mirrored/    { mirror /mirror/; proxy_pass http://127.0.0.1:@plain@; }
    location /mirror/      { proxy_pass https://kept; }
    location /again/       { error_page 502 = /kept/; proxy_pass https://early; }
END

sub made ($name, @more) {
    return make_certificate(subject => "/CN=$name", @more);
}

my @SERVER = (extensions => ['extendedKeyUsage = serverAuth']);
my @CA     = (extensions => ['basicConstraints = critical,CA:TRUE']);

my $root   = made('root', @CA);
my $middle = made('middle', @CA, signer => $root);
my $leaf   = made('leaf', @SERVER, signer => $middle);
my $second = made('second', @SERVER);
my $other  = made('leaf', @SERVER);
my $old    = made('old', @SERVER, days => [-10, -1]);
my $client = made('client', extensions => ['extendedKeyUsage = clientAuth'],
    signer => $middle);

# What an upstream shows from now on.
sub shows ($name, $c, @behind) {
    write_file("$pairs/$name.new", join('', map { $_->{certificate} } $c, @behind));
    write_file("$pairs/$name.key", $c->{private_key}, 0600);
    rename "$pairs/$name.new", "$pairs/$name.pem" or die $!;
    return;
}

shows('a', $leaf);
shows('b', $second);
$hub->start;

my $id   = destination($hub, {})->{id};
my $path = "/v1/destinations/$id";

sub hash_of ($c) { return encode_base64(sha256(der($c->{certificate})), '') }

sub approve ($c, $at = $path) {
    my $r = $hub->post("$at/certificates", { hash => hash_of($c),
        encoded_cert => encode_base64(der($c->{certificate}), '') });
    $r->status == 201 or die 'not approved: ', $r->body;
    return;
}

sub revoke ($c, $at = $path) {
    my $hash = hash_of($c) =~ tr{+/}{-_}r =~ s/=+\z//r;
    my $r    = $hub->delete("$at/certificates/$hash");
    $r->status == 200 or die 'not revoked: ', $r->body;
    return;
}

sub seen () { return -e $log ? read_file($log) =~ tr/\n// : 0 }

# Tests what the client gets, and that exactly a good request reached an upstream.
sub goes ($method, $target, $status, $label, %opt) {
    my $before = seen();
    my $times  = $status == 200 ? 1 : 0;
    my $r = $hub->request($method, $target, %opt);

    is($r->status, $status, "$label: $status") or diag $r->error // $r->body;
    wait_until(20, sub { seen() - $before >= $times });
    is(seen() - $before, $times, "$label: upstream $times");
    return $r;
}

sub got ($r) { return $r->header('X-Got') // '' }

my $one = "/one/?id=$id";


subtest 'an approved leaf' => sub {
    goes(GET => $one, 502, 'nothing is approved');
    ok($hub->wait_log(
        qr{\[error\].*upstream_trust.*\Q$id\E": forbidden: No trust anchors.*:$a/}),
        'the log says why');
    approve($leaf);
    goes(GET => $one, 200, 'the leaf');
    goes(POST => $one, 200, 'with a body', body => 'x' x 100_000);
    goes(GET => "/by_variable/?up=one&id=$id", 200, 'an upstream by variable');

    shows('a', $other);
    goes(GET => $one, 502, 'another one of that name');
    goes(POST => $one, 502, 'with a body', body => 'x');
    goes(GET => "/by_variable/?up=one&id=$id", 502, 'an upstream by variable');
    shows('a', $other, $leaf);
    goes(GET => $one, 502, 'with the approved one behind');
    shows('a', $leaf);
    goes(GET => $one, 200, 'the leaf again');
    revoke($leaf);
    goes(GET => $one, 502, 'revoked');
};


subtest 'an approved issuer' => sub {
    approve($middle);
    goes(GET => $one, 200, 'the issuer');
    shows('a', $client);
    goes(GET => $one, 502, 'no certificate of a server');
    shows('a', $other, $middle);
    goes(GET => $one, 502, 'another leaf, the issuer appended');
    revoke($middle);

    approve($root);
    shows('a', $leaf);
    goes(GET => $one, 502, 'a root, no path');
    shows('a', $leaf, $middle);
    goes(GET => $one, 200, 'a root, a path');
    revoke($root);
    goes(GET => $one, 502, 'revoked');
};


subtest 'dates' => sub {
    approve($old);
    shows('a', $old);
    goes(GET => $one, 502, 'one that has expired');
    revoke($old);
    shows('a', $leaf);
};


subtest 'ids' => sub {
    approve($leaf);
    goes(GET => "/one/?id=$_", 502, "'$_'")
        for '', 'x', "$id/", "../$id", '*', 'x' x 2000, "$id%00";
    goes(GET => "/connection/?id=$id", 502, 'of the other kind');

    my $connection = connection($hub, {})->{id};
    approve($leaf, "/v1/connections/$connection");
    goes(GET => "/connection/?id=$connection", 200, 'a connection');
    revoke($leaf, "/v1/connections/$connection");
    revoke($leaf);
};


subtest 'no TLS' => sub {
    approve($leaf);
    goes(GET => "/open/?id=$id", 502, 'no request');
    ok($hub->wait_log(qr/\[error\].*The upstream has no certificate/), 'why');
    revoke($leaf);
};


subtest 'sessions' => sub {
    approve($root);
    shows('a', $leaf, $middle);

    for my $location ('one', 'tls12', 'no_reuse') {
        like(got(goes(GET => "/$location/?id=$id", 200, "$location $_")),
            qr/^a\|\.\|1\|/, 'a whole handshake') for 1 .. 3;
    }

    revoke($root);
    goes(GET => "/$_/?id=$id", 502, "$_, revoked") for 'one', 'tls12', 'no_reuse';
    shows('a', $leaf);
};


subtest 'connections that are kept' => sub {
    my $kept = "/kept/?id=$id";

    approve($leaf);
    like(got(goes(GET => $kept, 200, 'the first')), qr/\|1\|/, 'a new one');
    $hub->proxy->forget;
    like(got(goes(GET => $kept, 200, 'the second')), qr/\|2\|/, 'the same');
    is($hub->proxy->count, 1, 'one round trip');

    revoke($leaf);
    approve($middle);
    goes(GET => $kept, 200, 'by its issuer');
    $hub->proxy->forget;
    like(got(goes(GET => $kept, 200, 'again')), qr/\|4\|/, 'the same');
    is($hub->proxy->count, 1, 'one round trip');
    revoke($middle);
    approve($leaf);

    goes(GET => '/kept/?id=none', 502, 'of somebody else');
    like(got(goes(GET => $kept, 200, 'another')), qr/\|1\|/, 'a new one');

    revoke($leaf);
    goes(GET => $kept, 502, 'revoked');
    approve($leaf);
    like(got(goes(GET => $kept, 200, 'approved')), qr/\|1\|/,
        'the first one was closed');

    for my $body ([], [body => 'x' x 300_000]) {
        shows('a', $leaf);
        goes(GET => $kept, 200, 'with the old certificate');
        shows('a', $other);
        approve($other);
        like(got(goes(POST => $kept, 200, 'both are approved', @$body)),
            qr/\|[2-9]\|/, 'the same connection');
        revoke($leaf);
        my $r = goes(POST => "/file/?id=$id", 200, 'the old one is revoked', @$body);
        like(got($r), qr/\|1\|/, 'another connection');
        like(read_file($log), qr/(?:^|\n)POST \S+ ${\length $body->[1]}\n\z/,
            'with the whole body') if @$body;
        revoke($other);
        goes(GET => $kept, 502, 'none is left');
        approve($leaf);
    }

    shows('a', $leaf);
    revoke($leaf);
};


subtest 'many that are kept' => sub {
    approve($leaf);

    # four at a time, while the store says nothing
    $hub->proxy->hold;
    my @clients = map { $hub->connect } 1 .. 4;
    $_->request('GET', "/kept/?id=$id", keep => 1) for @clients;
    $hub->proxy->wait_for('', 1);
    $hub->proxy->release;
    is($_->response->status, 200, 'one of four') for @clients;

    shows('a', $other);
    approve($other);
    revoke($leaf);
    $hub->proxy->forget;
    like(got(goes(GET => "/kept/?id=$id", 200, 'all are old')), qr/\|1\|/,
        'a new one');
    cmp_ok($hub->proxy->count, '<=', 5, 'after one attempt');
    shows('a', $leaf);
    revoke($other);
};


subtest 'another server' => sub {
    my $two = "/two/?id=$id";
    my %small = (body => 'x' x 10);
    my %large = (body => 'x' x 2_000_000);

    approve($second);
    like(got(goes(GET => $two, 200, "$_: only b is approved")), qr/^b/, 'goes to b')
        for 1 .. 3;
    like(got(goes(POST => $two, 200, 'a POST', %large)), qr/^b/, 'goes to b');
    like(read_file($log), qr/ 2000000\n\z/, 'whole');

    approve($leaf);
    like(got(goes(GET => $two, 200, 'both are')), qr/^a/,
        'a refusal was no failure of a');

    my $missing = "/missing/?id=$id";
    my $before  = seen();
    is($hub->get($missing)->status, 404, 'neither has it');
    wait_until(20, sub { seen() - $before >= 2 });
    is(seen() - $before, 2, 'both were asked');
    revoke($second);
    is($hub->get($missing)->status, 502, 'only a is approved');
    wait_until(20, sub { seen() - $before >= 3 });
    is(seen() - $before, 3, 'a was asked alone');
    approve($second);

    for my $body (\%small, \%large) {
        my $size = length $body->{body};
        like(got(goes(GET => $two, 200, 'both are')), qr/^a/, 'to a');
        revoke($leaf);
        my $r = goes(POST => "/stream/?id=$id", 200, "$size, not buffered", %$body);
        like(got($r), qr/^b/, 'goes to b');
        like(read_file($log), qr/ $size\n\z/, 'whole');
        approve($leaf);
    }

    for my $state ('a new connection', 'one that was kept') {
        revoke($leaf);
        my $before = seen();
        my $r = $hub->h2('POST', "/call/?id=$id", body => "\0\0\0\0\0",
            headers => { TE => 'trailers' });
        is($r->status, 200, "gRPC, $state") or diag $r->error;
        like(got($r), qr/^b/, 'goes to b');
        approve($leaf);
        $r = $hub->h2('POST', "/call/?id=$id", body => "\0\0\0\0\0",
            headers => { TE => 'trailers' });
        like(got($r), qr/^a/, 'goes to a');
        wait_until(20, sub { seen() - $before >= 2 });
        is(seen() - $before, 2, 'each once');
    }

    revoke($_) for $leaf, $second;
    goes(GET => $two, 502, 'none is');
    goes(POST => "/stream/?id=$id", 502, 'not buffered', %large);
};


subtest 'a body that comes while the store is asked' => sub {
    approve($_) for $leaf, $second;

    for my $revoked (0, 1) {
        goes(GET => "/two/?id=$id", 200, 'a connection is kept');
        revoke($leaf) if $revoked;

        my $before = seen();
        my $client = $hub->connect;
        $hub->proxy->forget;
        $hub->proxy->hold;
        $client->request('POST', "/stream/?id=$id",
            headers => { 'Content-Length' => 30_000 });
        $hub->proxy->wait_for('', 1);
        $client->send('x' x 5000) for 1 .. 3;
        $hub->proxy->release;
        $client->send('x' x 5000) for 1 .. 3;
        my $r = $client->response;
        is($r->status, 200, 'answered') or diag $r->error;
        like(got($r), $revoked ? qr/^b/ : qr/^a/, 'by the right one');
        wait_until(20, sub { seen() > $before });
        like(read_file($log), qr/ 30000\n\z/, 'whole');
        is(seen() - $before, 1, 'once');
    }

    revoke($second);
};


# An upstream that answers at once, whatever it is asked; or one that waits until
# a file is gone, and then for the whole request.
my $tls = $hub->scratch . '/early';
write_file("$tls.pem", $leaf->{certificate});
write_file("$tls.key", $leaf->{private_key}, 0600);
CredHubTest::Process::spawn_code(sub {
    while (my $c = $early->accept) {
        my ($whole, $text) = (-e "$tls.wait", '');
        wait_until(60, sub { !-e "$tls.wait" });
        IO::Socket::SSL->start_SSL($c, SSL_server => 1,
            SSL_cert_file => "$tls.pem", SSL_key_file => "$tls.key") or next;
        while ($whole && $text !~ /\r\n\r\n.{10}/s) {
            sysread $c, $text, 4096, length $text or last;
        }
        syswrite $c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly";
        sysread $c, $text, 4096 if !$whole;
        write_file("$tls.got", $text // '');
    }
});

subtest 'an upstream that was not asked' => sub {
    for my $approved (0, 1) {
        approve($leaf) if $approved;
        unlink "$tls.got";
        $hub->proxy->forget;
        $hub->proxy->hold;
        my $client = $hub->connect;
        $client->request('GET', "/early/?id=$id");
        $hub->proxy->wait_for('', 1);
        select undef, undef, undef, 0.2;    # what was sent has come
        $hub->proxy->release;
        my $r = $client->response;
        wait_until(20, sub { -e "$tls.got" });

        if ($approved) {
            is($r->status . $r->body, '200early', 'approved');
            like(read_file("$tls.got"), qr{^GET /early/}, 'got the request');

        } else {
            is($r->status, 502, 'not approved');
            is(read_file("$tls.got"), '', 'got nothing');
        }
    }
    revoke($leaf);
};


subtest 'a body that comes between two servers' => sub {
    shows('a', $other);
    approve($leaf);
    unlink "$tls.got";
    write_file("$tls.wait", '');
    my $refusals = () = $hub->error_log =~ /No trust anchors/g;
    my $client = $hub->connect;
    $client->request('POST', "/late/?id=$id", headers => { 'Content-Length' => 10 });
    ok(wait_until(60, sub {
        (() = $hub->error_log =~ /No trust anchors/g) > $refusals
    }), 'the first one is refused');
    $client->send('12345');
    select undef, undef, undef, 0.2;    # nginx has met it
    unlink "$tls.wait";
    $client->send('67890');
    my $r = $client->response;
    is($r->status . ($r->body // ''), '200early', 'the second one answers');
    like(read_file("$tls.got"), qr{^POST /late/.*\r\n\r\n1234567890\z}s,
        'got the whole request');
    revoke($leaf);
    shows('a', $leaf);
};


subtest 'after an internal redirect' => sub {
    goes(GET => "/again/?id=$id", 502, 'both are refused');
};


subtest 'a subrequest' => sub {
    approve($leaf);

    for my $size (10, 100_000) {
        my $before = seen();
        my $r = $hub->post("/mirrored/?id=$id", 'x' x $size);
        is($r->status, 200, "the request itself, $size");
        ok(wait_until(20, sub { seen() > $before }), 'its copy has come');
        like(read_file($log), qr/ $size\n\z/, 'whole');
    }

    revoke($leaf);
    my $before = seen();
    is($hub->post("/mirrored/?id=$id", 'x')->status, 200, 'the request itself');
    ok($hub->wait_log(qr/upstream_trust.*subrequest: "\/mirror\//), 'its copy is refused');
    is(seen(), $before, 'and has not come');
};


subtest 'HTTP/2' => sub {
    approve($leaf);
    my $h2  = $hub->connect_h2;
    my @ids = map { $h2->request('GET', "/kept/?id=$id") } 1 .. 5;
    is_deeply([map { $h2->response($_)->status } @ids], [(200) x 5],
        'five at a time');
    my $post = $h2->request('POST', "/stream/?id=$id", body => 'x' x 200_000);
    is($h2->response($post)->status, 200, 'a body');
    revoke($leaf);
    my $before = seen();
    @ids = map { $h2->request('GET', "/kept/?id=$id") } 1 .. 5;
    is_deeply([map { $h2->response($_)->status } @ids], [(502) x 5], 'revoked');
    is(seen(), $before, 'no request');
    $h2->close;
};


subtest 'a client that leaves' => sub {
    approve($leaf);
    my $before = seen();
    $hub->proxy->forget;
    $hub->proxy->hold;
    my @clients = map { $hub->connect } 1 .. 3;
    $_->request('GET', "/one/?id=$id") for @clients;
    $hub->proxy->wait_for('', 3);
    $_->reset for @clients;
    ok($hub->wait_log(qr/client prematurely closed connection/), 'is noticed');
    $hub->proxy->release;
    goes(GET => $one, 200, 'others go on');
    is(seen() - $before, 1, 'its request was not sent');
};


subtest 'a forged approval' => sub {
    my ($key) = grep { /approval:[^:]*\/certificates\/./ }
        @{ $hub->redis('KEYS', '*approval:*') };
    ok($key, 'its row') or return;
    $hub->expect_log(qr/credhub/);
    $hub->redis('HSET', $key, 'by', 'somebody else');
    goes(GET => $one, 502, 'is none');
    revoke($leaf);
    approve($leaf);
};


subtest 'Redis does not answer' => sub {
    goes(GET => "/kept/?id=$id", 200, 'one that is kept');
    $hub->proxy->hold;
    goes(GET => "/$_/?id=$id", 502, $_) for 'one', 'kept', 'two';
    ok($hub->wait_log(qr/\[error\].*upstream_trust.*unavailable/), 'why');
    my @attempts = $hub->error_log =~ /upstream_trust.*unavailable/g;
    is(@attempts, 3, 'no other server, and no other connection, was tried');
    $hub->proxy->release;
};


subtest 'Redis is down' => sub {
    ok(wait_until(60, sub { $hub->get("/kept/?id=$id")->status == 200 }),
        'it answers again');
    goes(GET => "/kept/?id=$id", 200, 'one that is kept');
    $hub->stop_redis;
    $hub->proxy->cut;
    goes(GET => "/$_/?id=$id", 502, $_) for 'one', 'kept', 'two';
    goes(POST => "/stream/?id=$id", 502, 'not buffered', body => 'x' x 100_000);
};

$hub->done;
