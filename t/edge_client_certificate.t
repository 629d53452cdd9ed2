# Client certificates for upstreams that come out of credhub_set: who is who, what
# nginx cannot use, and what nginx would mix.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Permissions qw(permit);
use CredHubTest::Pki qw(make_certificate new_key);
use CredHubTest::Process qw(write_file);
use Test::More;

my $hub = CredHubTest->new(start => 0, workers => 2);
my $port = $hub->port('upstream');
my $files = $hub->scratch;

my @CA    = (extensions => ['basicConstraints = critical,CA:TRUE']);
my @USAGE = (extensions => ['extendedKeyUsage = clientAuth']);

my $root   = make_certificate(subject => '/CN=root', @CA);
my $middle = make_certificate(subject => '/CN=middle', @CA, signer => $root);
my %made   = map {
    ($_ => make_certificate(subject => "/CN=$_", @USAGE, signer => $root))
} qw(alice bob);
my $server = make_certificate(subject => '/CN=server');

$made{deep} = make_certificate(subject => '/CN=deep', @USAGE, signer => $middle);

write_file("$files/ca.pem",     $root->{certificate});
write_file("$files/server.pem", $server->{certificate});
write_file("$files/server.key", $server->{private_key}, 0600);

my $UPSTREAM = <<"END";
    server {
        listen 127.0.0.1:$port ssl;
        ssl_certificate $files/server.pem;
        ssl_certificate_key $files/server.key;
        ssl_client_certificate $files/ca.pem;
        ssl_verify_client on;
        ssl_verify_depth 3;
        ssl_session_cache shared:upstream:1m;
        access_log $files/upstream.log;
        location / {
            add_header X-Seen "\$ssl_client_s_dn|\$ssl_session_reused" always;
            return 204;
        }
    }
    upstream kept { server 127.0.0.1:$port; keepalive 8; }
END

my $PAIR = <<'END';
    proxy_ssl_certificate "data:$certificate";
    proxy_ssl_certificate_key "data:$key";
END
my $SET = <<'END';
    credhub_set $certificate $arg_of certificate;
    credhub_set $key $arg_with private_key;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
END

sub configure (%location) {
    $hub->configure(http => $UPSTREAM, server => join '', map {
        "location /$_/ {\n$SET$location{$_}\n}\n" } sort keys %location);
    return;
}

my $SAFE = "proxy_ssl_session_reuse off; proxy_pass https://127.0.0.1:$port;";

my $ALONE = $PAIR . $SAFE;

configure(alone => $ALONE, chain => <<"END");
    credhub_set \$ca \$arg_of ca;
    proxy_ssl_certificate "data:\$certificate\$ca";
    proxy_ssl_certificate_key "data:\$key";
    $SAFE
END
$hub->start;

for my $name (sort keys %made) {
    my $ca = $name eq 'deep' ? $middle : $root;
    my $r = $hub->set("/$name", certificate => { ca => $ca->{certificate},
        map { $_ => $made{$name}{$_} } qw(certificate private_key) });
    $r->status == 200 or die $r->body;
}

sub seen ($where, $of, $with = $of) {
    my $r = $hub->get("/$where/?of=/$of&with=/$with");
    return $r->status == 204 ? $r->header('X-Seen') : $r->status;
}


subtest 'each request shows its own' => sub {
    my @who = map { $_ % 3 ? 'alice' : 'bob' } 1 .. 60;

    is_deeply([map { seen('alone', $_) } @who], [map {"CN=$_|."} @who],
        'one after the other');
};


subtest 'a chain' => sub {
    is(seen('alone', 'deep'), 400, 'without the CA that is between');
    is(seen('chain', 'deep'), 'CN=deep|.', 'with it');
};


subtest 'what nginx cannot use goes no further, and into no log' => sub {
    my $before = -s "$files/upstream.log";
    my $openssh = $hub->made($hub->generate('/openssh', 'ssh',
        { key_type => 'ed25519' }))->json->{value}{private_key};
    my $secret = 'MARKER-no-key-at-all';

    $hub->set('/rsa', rsa => { private_key => new_key('rsa 2048') });
    $hub->set('/text', json => { certificate => $made{alice}{certificate} =~ s/\n//gr,
        private_key => $secret });
    $hub->keep_secret($secret);
    $hub->keep_secret((split /\n/, $made{bob}{private_key})[1]);
    $hub->keep_secret((split /\n/, $openssh)[2]);
    $hub->expect_log(qr/credhub: inject of .*: key_mismatch/);

    is(seen('alone', 'alice', 'bob'),     503, 'the key of another');
    is(seen('alone', 'alice', 'rsa'),     503, 'the key of none');
    is(seen('alone', 'alice', 'openssh'), 503, 'a key that it does not read');
    is(seen('alone', 'alice', 'text'),    503, 'no key');
    is(seen('alone', 'text',  'bob'),     503, 'no certificate');
    is(seen('alone', 'text'),             503, 'neither');
    is(-s "$files/upstream.log", $before, 'the upstream has heard of none');
    is(seen('alone', 'bob'), 'CN=bob|.', 'and it goes on');
};


subtest 'a new version' => sub {
    my $new = make_certificate(subject => '/CN=alice/O=new', @USAGE,
        signer => $root);

    $hub->set('/alice', certificate => { ca => $root->{certificate},
        map { $_ => $new->{$_} } qw(certificate private_key) });
    like(seen('alone', 'alice'), qr/O=new/, 'is shown at once');
};


my $KEPT = qr{\[warn\] .*"keepalive" of upstream "kept" lets requests of location "/kept/" use connections that were made with other certificates of "proxy_ssl_certificate", in \S+nginx\.conf:\d+};
my $RESUMED = qr{\[warn\] .*without "proxy_ssl_session_reuse off" requests of location "/resumed/" resume sessions that were made with other certificates of "proxy_ssl_certificate"};

subtest 'nginx -t' => sub {
    my ($code, $said) = $hub->nginx_test;
    is($code, 0, 'what is safe');
    unlike($said, qr/\[warn\]/, 'without a warning');

    configure(kept => $PAIR . 'proxy_ssl_session_reuse off; proxy_pass https://kept;');
    (undef, $said) = $hub->nginx_test;
    like($said, $KEPT, 'a connection that is kept');
    unlike($said, qr/session_reuse/, 'and nothing else');

    configure(resumed => "$PAIR proxy_pass https://127.0.0.1:$port;");
    (undef, $said) = $hub->nginx_test;
    like($said, $RESUMED, 'a session that is resumed');
    unlike($said, qr/"keepalive"/, 'and nothing else');

    configure(fixed => <<"END");
        proxy_ssl_certificate $files/server.pem;
        proxy_ssl_certificate_key $files/server.key;
        proxy_pass https://kept;
END
    (undef, $said) = $hub->nginx_test;
    unlike($said, qr/\[warn\]/, 'a certificate that is a file');

    $hub->configure(http => "$UPSTREAM upstream guarded { server 127.0.0.1:$port;"
        . ' credhub_upstream_trust destinations x; }',
        server => "location /guarded/ { $SET $PAIR proxy_pass https://guarded; }");
    (undef, $said) = $hub->nginx_test;
    unlike($said, qr/\[warn\]/, 'no session is resumed where trust is demanded');

    configure(call => 'grpc_ssl_certificate "data:$certificate";'
        . ' grpc_ssl_certificate_key "data:$key"; grpc_pass grpcs://kept;');
    (undef, $said) = $hub->nginx_test;
    like($said, qr/"grpc_ssl_certificate", in/, 'gRPC: connections');
    like($said, qr/"grpc_ssl_session_reuse off"/, 'and sessions');
};


# The warnings are about something: nginx itself does it.
subtest 'what they warn of' => sub {
    configure(kept => $PAIR . 'proxy_ssl_session_reuse off; proxy_pass https://kept;',
        resumed => "$PAIR proxy_pass https://127.0.0.1:$port;", alone => $ALONE);
    $hub->expect_log(qr/\[warn\]/);
    $hub->reload;

    my @who = map { $_ % 2 ? 'alice' : 'bob' } 1 .. 40;
    for my $where (qw(kept resumed)) {
        ok((grep { seen($where, $_) !~ /^CN=$_\b|CN=$_\|/ } @who) > 0,
            "$where: a request comes as somebody else");
    }
    is((grep { seen('alone', $_) !~ /CN=$_\|/ } @who), 0, 'alone: none does');
};

$hub->done;
