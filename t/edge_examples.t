# examples/gateway.conf, ingest.conf, edge.conf and tls.conf as they stand, with the paths
# and ports of a test, before a hub of the same store.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Authority;
use CredHubTest::Nginx;
use CredHubTest::Permissions qw(permit);
use CredHubTest::Pki qw(der make_certificate);
use CredHubTest::Process qw(read_file write_file);
use CredHubTest::Trust qw(connection);
use Digest::SHA qw(sha256 sha256_hex);
use File::Copy qw(copy);
use MIME::Base64 qw(encode_base64);
use IO::Socket::SSL qw(SSL_VERIFY_NONE);
use Test::More;

my ($user) = read_file(CredHubTest::Nginx->root . '/examples/redis.conf')
    =~ /^(user edge .*)$/m;
my $hub  = CredHubTest->new(workers => 1, redis_conf => "requirepass it\n"
        . $user =~ s/#0+/'#' . sha256_hex('it')/er . "\n",
    redis_auth => ['default', 'it'],
    config => sub ($hub) {''}, start => 0);
my $pki  = $hub->pki;
my $uaa  = CredHubTest::Authority->new($hub);
my $dir  = $hub->dir;
my $keys = "$dir/keys";
my $up   = $hub->port('upstream');

write_file("$keys/k1.key", $hub->keep_secret('k' x 32), 0600);
write_file("$keys/edge.key", $hub->keep_secret('e' x 32), 0600);
write_file("$keys/redis.password", "it\n", 0600);
write_file("$keys/edge.password",  "it\n", 0600);
write_file("$keys/token-keys.json", $uaa->set_text);
copy($pki->cert('ca'),     "$keys/clients.pem");
copy($pki->cert('server'), "$keys/server.pem");
copy($pki->key('server'),  "$keys/server.key");

# What stands around an example: an upstream that tells what it got, and a hub.
my $more = <<"END";
    server {
        listen 127.0.0.1:$up;
        access_log off;
        location / {
            add_header X-Got "\$http_authorization|\$http_x_db_user|\$http_x_db_password|\$http_x_caller|\$http_x_connection";
            return 200;
        }
    }
    server {
        listen 127.0.0.1:@{[$hub->port('hub')]} ssl;
        ssl_certificate $keys/server.pem;
        ssl_certificate_key $keys/server.key;
        ssl_client_certificate $keys/clients.pem;
        ssl_verify_client optional;
        credhub_role hub;
        credhub_redis unix:$dir/redis/redis.sock user=default
            password_file=$keys/redis.password
            timeout=100s connect_timeout=100s;
        credhub_encryption_key k1 $keys/k1.key;
        credhub_encryption_key edge $keys/edge.key path=/apps/edge/*;
        location / { credhub; }
    }
END

sub use_example ($name) {
    my $text = read_file(CredHubTest::Nginx->root . "/examples/$name");
    my $temp = join ' ', map {"${_}_temp_path $dir/temp/$_;"}
        qw(client_body proxy fastcgi uwsgi scgi);
    my $all = 'read,write,delete,read_acl,write_acl';

    for (['user www-data[^;]*;', $> == 0 ? 'user root;' : ''],
        ['load_module [^;]*;', 'load_module ' . CredHubTest::Nginx->module . ';'],
        ['worker_processes auto', 'worker_processes 1'],
        ['http \{', "http { $temp credhub_permission " . $hub->actor
            . " /* $all; $more"],
        ['/run/redis/redis-server\.sock',
            "$dir/redis/redis.sock timeout=100s connect_timeout=100s"],
        ['user=credhub', 'user=default'],
        ['/run/nginx\.pid', "$dir/nginx.pid"],
        ['/var/log/nginx', $dir],
        [' /etc/nginx/credhub', " $keys"],
        ['=/etc/nginx/credhub', "=$keys"],
        ['127\.0\.0\.1:810\d', "127.0.0.1:$up"],
        ['listen 8443', 'listen 127.0.0.1:' . $hub->port])
    {
        my ($old, $new) = @$_;
        $text =~ s/$old/$new/g or $old =~ /^user=/ or die "$name has no $old";
    }

    mkdir "$dir/temp";
    write_file("$dir/nginx.conf", "daemon off;\n$text");

    my ($code, $output) = $hub->nginx_test;
    is($code, 0, "$name: nginx -t") or diag $output;
    unlike($output, qr/\[warn\]/, "$name: no warning") if $> == 0;
    return;
}

# The same hub by its API
my $api = bless { %$hub, ports => { %{ $hub->{ports} },
    main => $hub->port('hub') } }, ref $hub;


use_example('gateway.conf');
$hub->start;

subtest 'gateway.conf' => sub {
    my $none  = $hub->as(undef);
    my $token = sub ($client) {
        return { Authorization => 'Bearer ' . $uaa->token(client_id => $client,
            azp => $client) };
    };

    is($api->set('/apps/billing/db', 'user',
        { username => 'billing', password => 'MARKER-db' })->status, 200, 'set');
    is($api->set('/apps/partner/oauth', 'password', 'MARKER-oauth')->status,
        200, 'set');
    permit($api, '/apps/billing/*', 'uaa-client:shop', 'read');

    my $ask = sub ($target, $client) {
        return $none->get($target, headers => $token->($client));
    };

    is($none->get('/billing/x')->status, 401, 'nobody');
    is($ask->('/billing/x', 'other')->status, 403, 'somebody else');
    is($ask->('/billing/x', 'shop')->status, 403, 'the gateway has no right yet');
    permit($api, '/apps/*', 'edge:gateway', 'read');

    my $r = $ask->('/billing/x', 'shop');
    is($r->status, 200, 'billing') or diag $r->body;
    is($r->header('X-Got'), '|billing|MARKER-db|uaa-client:shop|', 'its secrets');
    is($ask->('/partner/x', 'shop')->status, 403, 'another service');
    $r = $hub->get('/partner/x');
    is($r->header('X-Got'), 'Bearer MARKER-oauth||||',
        'by certificate, with an OAuth header');
    is($hub->get('/')->status, 404, 'nothing else');
};


use_example('ingest.conf');
$hub->reload;

subtest 'ingest.conf' => sub {
    my $source = make_certificate(subject => '/CN=source',
        extensions => ['extendedKeyUsage = clientAuth']);
    my $at = $hub->scratch . '/source';
    write_file("$at.pem", $source->{certificate});
    write_file("$at.key", $source->{private_key}, 0600);

    my $id  = connection($api, {})->{id};
    my $ask = sub {
        return $hub->request('POST', "/ingest/$id/x", body => 'x' x 100_000,
            cert => undef, tls => { SSL_cert_file => "$at.pem",
                SSL_key_file => "$at.key" });
    };

    is($hub->as(undef)->get("/ingest/$id/x")->status, 401, 'no certificate');
    is($ask->()->status, 403, 'not approved');

    my $der = der($source->{certificate});
    is($api->post("/v1/connections/$id/certificates", {
        hash => encode_base64(sha256($der), ''),
        encoded_cert => encode_base64($der, '') })->status, 201, 'approved');

    my $r = $ask->();
    is($r->status, 200, 'let in') or diag $r->body;
    is($r->header('X-Got'), "||||$id", 'as that connection');
};


use_example('edge.conf');
$hub->reload;

subtest 'edge.conf' => sub {
    my $app = $hub->as('second');

    is($api->set('/apps/edge/billing/db', 'user',
        { username => 'billing', password => 'MARKER-edge' })->status, 200, 'set');
    permit($api, '/apps/edge/billing/*', 'edge:billing', 'read');

    is($app->get('/billing/x')->status, 403, 'no right');
    permit($api, '/apps/edge/billing/*', $hub->actor('second'), 'read');
    my $r = $app->get('/billing/x');
    is($r->status, 200, 'let in') or diag $r->body;
    is($r->header('X-Got'), '|billing|MARKER-edge|' . $hub->actor('second') . '|',
        'with its secrets');
};


use_example('tls.conf');
$hub->reload;

subtest 'tls.conf' => sub {
    my $host   = 'www.example.com';
    my $served = sub {
        my $client = $hub->connect(cert => undef, sni => $host,
            tls => { SSL_verify_mode => SSL_VERIFY_NONE });
        my $name = $client->socket->peer_certificate('commonName');
        $client->close;
        return $name;
    };

    my $fallback = $served->();
    is($api->generate("/tls/$host", 'certificate', { common_name => $host,
        self_sign => \1 })->status, 200, 'a certificate');
    isnt($fallback, $host, 'not before');
    permit($api, '/tls/*', 'edge:tls', 'read');
    ok(wait_until(60, sub { $served->() eq $host }), 'is served by its name');
};

done_testing;
