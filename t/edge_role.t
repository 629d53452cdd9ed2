# An edge that never writes: an nginx of its own, a user of Redis that can only
# read, and the key of its own subtree.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Permissions qw(permit withdraw);
use CredHubTest::Pki qw(der make_certificate);
use CredHubTest::Process qw(read_file write_file);
use CredHubTest::Trust qw(connection);
use Digest::SHA qw(sha256 sha256_hex);
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(sleep);

my $KNOWN = 0.1;    # seconds until a change is known to a cache

my $ALL   = 'MARKER-' . 'a' x 25;
my $APPS  = 'MARKER-' . 'b' x 25;
my $TRUST = 'MARKER-' . 'c' x 25;

my ($user) = read_file('examples/redis.conf') =~ /^(user edge .*)$/m;
my $hub = CredHubTest->new(
    keys => [['all', $ALL], ['apps', $APPS, 'path=/apps/*'],
        ['trust', $TRUST, 'path=/trust/*']],
    redis_conf => $user =~ s/#0+/'#' . sha256_hex('it')/er . "\n",
);
my $up     = $hub->port('upstream');
my $redis  = $hub->{redis}->socket;
my $config = '';

my $edge = CredHubTest->new(redis => 0, start => 0, workers => 1,
    config => sub ($edge) { $config });
my $dir = $edge->dir;

write_file("$dir/keys/apps.key",  $APPS,  0600);
write_file("$dir/keys/trust.key", $TRUST, 0600);
write_file("$dir/keys/password",  'it',   0600);

sub text ($server, $more = '') {
    my $pki = $hub->pki;

    return <<"END";
    credhub_redis unix:$redis user=edge password_file=$dir/keys/password
        timeout=100s connect_timeout=100s;
    credhub_encryption_key apps $dir/keys/apps.key path=/apps/*;
    credhub_encryption_key trust $dir/keys/trust.key path=/trust/*;
    credhub_cache zone=edge:1m;
    $more
    server {
        listen 127.0.0.1:$up;
        location / { add_header X-Got "\$http_x_secret"; return 200; }
    }
    server {
        listen 127.0.0.1:@{[$edge->port]} ssl http2;
        ssl_certificate @{[$pki->cert('server')]};
        ssl_certificate_key @{[$pki->key('server')]};
        ssl_client_certificate @{[$pki->cert('ca')]};
        ssl_verify_client optional_no_ca;
        $server
    }
END
}

sub use_text ($text) {
    $config = $text;
    $edge->configure;
    return $edge->nginx_test;
}


subtest 'configuration' => sub {
    my ($code, $said) = use_text(text(
        'credhub_role edge; location / { credhub; }'));
    is($code, 1, 'no API on an edge');
    like($said, qr/\[emerg\] .*"credhub" is not allowed in a server with "credhub_role edge"/,
        'is told');

    ($code, $said) = use_text(text('credhub_role reader;'));
    is($code, 1, 'another role');
    like($said, qr/invalid value "reader"/, 'is told');
};


my $server = <<"END";
    credhub_api_keys /apps/keys;
    location /a/ {
        credhub_access read /apps/a/*;
        credhub_set \$secret /apps/a/db;
        credhub_identity edge:a;
        proxy_set_header X-Secret \$secret;
        proxy_pass http://127.0.0.1:$up;
    }
    location /other/ {
        credhub_set \$secret /other/db;
        credhub_identity edge:all;
        proxy_set_header X-Secret \$secret;
        proxy_pass http://127.0.0.1:$up;
    }
    location /t/ {
        credhub_trust connections \$arg_id;
        proxy_pass http://127.0.0.1:$up;
    }
END

my ($code, $said) = use_text(text($server,
    'credhub_role edge; credhub_permission edge:all /* read;'));
is($code, 0, 'nginx -t') or diag $said;
$edge->start;

subtest 'rights and secrets' => sub {
    $hub->set('/apps/a/db', 'value', 'MARKER-a');
    $hub->set('/other/db',  'value', 'MARKER-other');
    $hub->set('/apps/keys/app', 'user', { password => 'MARKER-app' });

    my $app  = $edge->as('second');
    my $view = permit($hub, '/apps/a/*', $edge->actor('second'), 'read');
    permit($hub, '/apps/a/*', 'edge:a', 'read');
    sleep $KNOWN;

    my $r = $app->get('/a/x');
    is($r->status, 200, 'let in') or diag $r->body;
    is($r->header('X-Got'), 'MARKER-a', 'with the secret');
    is($edge->as('third')->get('/a/x')->status, 403, 'somebody else');

    my $key = permit($hub, '/apps/a/*', 'api-key:app', 'read');
    sleep $KNOWN;
    is($edge->as(undef)->get('/a/x', headers => { Authorization => 'Basic '
        . encode_base64('app:MARKER-app', '') })->status, 200, 'an API key');

    withdraw($hub, $view, $key);
    sleep $KNOWN;
    is($app->get('/a/x')->status, 403, 'withdrawn');

    permit($hub, '/*', $edge->actor('third'), 'read');
    sleep $KNOWN;
    $edge->expect_log(qr{a grant that is not genuine: "r/\*"});
    is($edge->as('third')->get('/a/x')->status, 403,
        'a permission above its keys');

    $edge->expect_log(qr{credential "/other/db"});
    is($edge->as(undef)->get('/other/x')->status, 503,
        'what its keys do not open');
};

subtest 'approved clients' => sub {
    my $ca = make_certificate(subject => '/CN=ca',
        extensions => ['basicConstraints = critical,CA:TRUE']);
    my $leaf = make_certificate(subject => '/CN=leaf', signer => $ca,
        extensions => ['extendedKeyUsage = clientAuth']);
    my $at  = $edge->scratch . '/leaf';
    my $der = der($ca->{certificate});
    my $id  = connection($hub, {})->{id};
    my $ask = sub {
        return $edge->request('GET', "/t/?id=$id", cert => undef, tls => {
            SSL_cert_file => "$at.pem", SSL_key_file => "$at.key" })->status;
    };

    write_file("$at.pem", $leaf->{certificate});
    write_file("$at.key", $leaf->{private_key}, 0600);

    is($ask->(), 403, 'not approved');
    is($hub->post("/v1/connections/$id/certificates", {
        hash => encode_base64(sha256($der), ''),
        encoded_cert => encode_base64($der, '') })->status, 201, 'approve');
    sleep $KNOWN;
    is($ask->(), 200, 'approved');
};

subtest 'Redis forgot the scripts' => sub {
    $hub->redis('SCRIPT', 'FLUSH');
    is($edge->get('/t/?id=none')->status, 403, 'they are loaded again');
};

subtest 'its user cannot write' => sub {
    unlike($edge->error_log, qr/NOPERM/, 'nothing was refused to the edge');

    my $said = join '', map {
        $hub->redis('ACL', 'DRYRUN', 'edge', @$_), "\n" }
        ['SET', '{credhub}:x', 1], ['HSET', '{credhub}:x', 'a', 1],
        ['EVAL', 'return 1', 1, '{credhub}:x'],
        ['EVALSHA', 'x', 1, '{credhub}:x'], ['HGET', 'other', 'a'];
    unlike($said, qr/^OK$/m, 'no write, no script that writes, no other key');
};

subtest 'an empty store' => sub {
    $hub->redis('FLUSHALL');
    sleep $KNOWN;
    $edge->expect_log(qr/credhub/);
    is($edge->as('second')->get('/a/x')->status, 403, 'grants nothing');
    $edge->reload;
    is($edge->as('second')->get('/a/x')->status, 503,
        'and is none to begin with');
    is($hub->redis('DBSIZE'), 0, 'nothing was written');
};

$edge->quit;
done_testing;
