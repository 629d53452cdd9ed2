# Clients with certificates that a connection or destination approves.

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
my $up  = $hub->port('upstream');
my $log = $hub->dir . '/upstream.log';

my $edge = <<"END";
    proxy_set_header X-Secret "\$credhub_trust_id|\$credhub_trust_hash|\$credhub_trust_by|\$credhub_trust_date";

    location /c/ {
        credhub_trust connections \$arg_id;
        proxy_pass http://127.0.0.1:$up;

        location /c/off/ {
            credhub_trust off;
            proxy_pass http://127.0.0.1:$up;
        }
    }
    location /d/ {
        credhub_trust destinations \$arg_id;
        proxy_pass http://127.0.0.1:$up;
    }
    location /dry/ {
        credhub_trust connections \$arg_id;
        credhub_trust_dry_run on;
        proxy_pass http://127.0.0.1:$up;
    }
    location /both/ {
        credhub_access read /apps/both;
        credhub_trust connections \$arg_id;
        proxy_pass http://127.0.0.1:$up;
    }
    location /any/ {
        satisfy any;
        deny all;
        credhub_trust connections \$arg_id;
        proxy_pass http://127.0.0.1:$up;
    }
END

$hub->configure(
    http => <<"END",
    server {
        listen 127.0.0.1:$up;
        access_log $log;
        location / {
            add_header X-Got \$http_x_secret;
            return 200 "upstream\\n";
        }
    }
END
    servers => [
        { port => 'edge', verify => 'optional_no_ca',
            server => 'ssl_session_cache shared:edge:1m;'
                . " ssl_protocols TLSv1.2 TLSv1.3; $edge" },
        { port => 'strict', verify => 'optional', server => $edge },
    ]);
$hub->start;

my $CLIENT = 'extendedKeyUsage = clientAuth';
my $CA     = 'basicConstraints = critical,CA:TRUE';

sub made ($name, @more) {
    return make_certificate(subject => "/CN=$name", @more);
}

my $root   = made('root', extensions => [$CA]);
my $middle = made('middle', extensions => [$CA], signer => $root);
my $leaf   = made('leaf', extensions => [$CLIENT], signer => $middle);
my $other  = made('other', extensions => [$CLIENT]);
my $old    = made('old', extensions => [$CLIENT], days => [-10, -1]);
my $server = made('server', extensions => ['extendedKeyUsage = serverAuth'],
    signer => $middle);
my $evil_ca = made('root', extensions => [$CA]);
my $evil    = made('leaf', extensions => [$CLIENT], signer => $evil_ca);

sub hash_of ($c) { return encode_base64(sha256(der($c->{certificate})), '') }

sub approve ($path, $c) {
    my $r = $hub->post("$path/certificates", { hash => hash_of($c),
        encoded_cert => encode_base64(der($c->{certificate}), '') });
    $r->status == 201 or die 'not approved: ', $r->body;
    return;
}

sub revoke ($path, $c) {
    my $id = hash_of($c) =~ tr{+/}{-_}r =~ s/=+\z//r;
    my $r  = $hub->delete("$path/certificates/$id");
    $r->status == 200 or die 'not revoked: ', $r->body;
    return;
}

my $serial = 0;

# A connection as that client, with these certificates behind its own.
sub client ($c, $behind = [], %opt) {
    my $at = $hub->scratch . '/client' . $serial++;

    write_file("$at.pem",
        join '', map { $_->{certificate} } $c, @$behind);
    write_file("$at.key", $c->{private_key}, 0600);
    return $hub->connect(cert => undef, port => $opt{port} // 'edge',
        tls => { SSL_cert_file => "$at.pem", SSL_key_file => "$at.key",
            %{ $opt{tls} // {} } });
}

sub ask ($client, $target, %opt) {
    return $client->request($opt{method} // 'GET', $target, keep => 1)->response;
}

sub upstreams () { return -e $log ? read_file($log) =~ tr/\n// : 0 }

# One request on a connection of its own.
sub asks ($c, $behind, $target, $status, $label, %opt) {
    my $before = upstreams();
    my $client = client($c, $behind, %opt);
    my $r      = ask($client, $target);
    my $times  = $status == 200;

    $client->close;
    is($r->status, $status, "$label: $status") or diag $r->body // $r->error;
    wait_until(20, sub { upstreams() - $before >= $times });
    is(upstreams() - $before, $times + 0, "$label: upstream " . ($times + 0));
    return $r;
}

my $id   = connection($hub, {})->{id};
my $C    = "/v1/connections/$id";
my $path = "/c/?id=$id";
my $DATE = qr/\d{4}-\d\d-\d\dT[\d:.]+Z/;


subtest 'an approved leaf' => sub {
    asks($leaf, [], $path, 403, 'nothing is approved');
    approve($C, $leaf);
    my $r = asks($leaf, [], $path, 200, 'the leaf');
    like($r->header('X-Got'), qr/^\Q$id|${\hash_of($leaf)}|\E[^|]+\|$DATE$/,
        'the variables');
    asks($leaf, [$middle, $root], $path, 200, 'with its chain');
    asks($other, [], $path, 403, 'another one');
    asks($other, [$leaf], $path, 403, 'another one with the approved one behind');
    asks($evil, [], $path, 403, 'another one of that name');
    revoke($C, $leaf);
    asks($leaf, [], $path, 403, 'revoked');
};


subtest 'an approved issuer' => sub {
    approve($C, $middle);
    my $r = asks($leaf, [], $path, 200, 'the issuer');
    like($r->header('X-Got'), qr/^\Q$id|${\hash_of($middle)}|\E/, 'is told');
    asks($leaf, [$middle], $path, 200, 'that was sent too');
    asks($evil, [], $path, 403, 'another issuer of that name');
    asks($evil, [$evil_ca, $middle], $path, 403,
        'an own leaf with the approved CA appended');
    asks($evil, [$middle], $path, 403, 'and without its own');
    asks($other, [$middle, $root], $path, 403, 'a leaf that signs itself');
    isnt(ask(client($server, [$middle]), $path)->status, 200,
        'no certificate of a client');
    asks($middle, [], $path, 200, 'the issuer itself');
    revoke($C, $middle);

    approve($C, $root);
    asks($leaf, [$middle], $path, 200, 'a root, the path was sent');
    asks($leaf, [], $path, 403, 'a root, the path is not known');
    asks($evil, [$evil_ca, $root], $path, 403, 'a root appended');
    revoke($C, $root);
};


subtest 'dates' => sub {
    approve($C, $old);
    isnt(ask(client($old), $path)->status, 200, 'one that has expired');
    revoke($C, $old);
};


subtest 'ids' => sub {
    approve($C, $leaf);
    asks($leaf, [], "/c/?id=$_", 403, "'$_'")
        for '', 'x', "$id/", "../$id", '*', 'x' x 2000, "$id%00";
    asks($leaf, [], "/d/?id=$id", 403, 'of the other kind');

    my $destination = destination($hub, {})->{id};
    approve("/v1/destinations/$destination", $leaf);
    asks($leaf, [], "/d/?id=$destination", 200, 'a destination');
    revoke("/v1/destinations/$destination", $leaf);

    is(ask($hub->connect(cert => undef, port => 'edge'), $path)->status, 401,
        'no certificate');
    is(ask($hub->connect(cert => undef, port => 'edge'), '/c/off/x')->status,
        200, 'off');
    revoke($C, $leaf);
};


subtest 'an open connection' => sub {
    approve($C, $middle);
    my $client = client($leaf);

    for my $round (1 .. 3) {
        is(ask($client, $path)->status, 200, "approved, $round");
        $hub->proxy->forget;
        is(ask($client, $path)->status, 200, 'again');
        is($hub->proxy->count, 1, 'in one round trip');
        revoke($C, $middle);
        is(ask($client, $path)->status, 403, 'revoked');
        approve($C, $middle);
    }

    approve($C, $leaf);
    revoke($C, $middle);
    is(ask($client, $path)->status, 200, 'by another approval');
    revoke($C, $leaf);
    is(ask($client, $path)->status, 403, 'by none');

    my $second = connection($hub, {})->{id};
    approve($C, $leaf);
    is(ask($client, $path)->status, 200, 'by one');
    is(ask($client, "/c/?id=$second")->status, 403, 'by another one not');
    is(ask($client, $path)->status, 200, 'by the first again');
    revoke($C, $leaf);
    $client->close;
};


subtest 'HTTP/2' => sub {
    approve($C, $middle);
    my $at = $hub->scratch . '/h2client';
    write_file("$at.pem", $leaf->{certificate});
    write_file("$at.key", $leaf->{private_key}, 0600);
    my $h2 = CredHubTest::Http2->new($hub->connect(cert => undef,
        port => 'edge', tls => { SSL_alpn_protocols => ['h2'],
            SSL_cert_file => "$at.pem", SSL_key_file => "$at.key" }));
    my @ids = map { $h2->request('GET', $path) } 1 .. 5;
    is_deeply([map { $h2->response($_)->status } @ids], [(200) x 5],
        'five at a time');
    revoke($C, $middle);
    is($h2->response($h2->request('GET', $path))->status, 403, 'revoked');
    $h2->close;
};


subtest 'resumed sessions' => sub {
    for my $version ('TLSv1_2', 'TLSv1_3') {
        approve($C, $root);
        my @open;    # a session ends with its connection
        my $at = $hub->scratch . "/resumed$version";
        write_file("$at.pem", $leaf->{certificate} . $middle->{certificate});
        write_file("$at.key", $leaf->{private_key}, 0600);
        my $cache = IO::Socket::SSL::Session_Cache->new(10);
        my $once  = sub {
            my $client = $hub->connect(cert => undef, port => 'edge', tls => {
                SSL_version => $version, SSL_cert_file => "$at.pem",
                SSL_key_file => "$at.key", SSL_session_cache => $cache,
                SSL_session_key => 'edge' });
            my $r = ask($client, $path);
            my $reused = $client->socket->get_session_reused;
            push @open, $client;
            return ($r->status, $reused);
        };
        is_deeply([($once->())[0]], [200], "$version: with the chain");
        my ($status, $reused) = $once->();
        ok($reused, "$version: resumed");
        is($status, 403, "$version: no chain, no path");
        revoke($C, $root);
        approve($C, $middle);
        is_deeply([$once->()], [200, 1], "$version: by its issuer");
        revoke($C, $middle);
        is_deeply([$once->()], [403, 1], "$version: revoked");
    }
};


subtest 'a server that verifies' => sub {
    approve($C, $leaf);
    isnt(ask(client($leaf, [], port => 'strict'), $path)->status, 200,
        'nginx refuses what it does not trust itself');
    revoke($C, $leaf);
};


subtest 'with others' => sub {
    asks($leaf, [], "/dry/?id=$id", 200, 'dry run');
    ok($hub->wait_log(qr/trust of "nobody" .*forbidden: .*, dry run/), 'is logged');
    asks($leaf, [], "/any/?id=$id", 403, 'satisfy any');
    approve($C, $leaf);
    asks($leaf, [], "/any/?id=$id", 200, 'satisfy any, approved');
    isnt(ask(client($leaf), "/both/?id=$id")->status, 200,
        'approved, but no right');
    revoke($C, $leaf);
};


subtest 'a forged approval' => sub {
    approve($C, $leaf);
    my ($key) = grep { /approval:[^:]*\/certificates\/./ }
        @{ $hub->redis('KEYS', '*approval:*') };
    ok($key, 'its row') or return;
    $hub->expect_log(qr/credhub/);
    $hub->redis('HSET', $key, 'by', 'somebody else');
    asks($leaf, [], $path, 403, 'is none');
};


subtest 'Redis is down' => sub {
    $hub->stop_redis;
    $hub->proxy->cut;
    asks($leaf, [], $path, 503, 'no decision');
    asks($leaf, [], '/c/off/x', 200, 'off');
    asks($leaf, [], "/dry/?id=$id", 200, 'dry run');
};

done_testing;
