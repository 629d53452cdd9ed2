# The files in examples/ as they stand, with the paths and names of a test.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use CredHubTest::Nginx;
use CredHubTest::Process qw(run_command read_file write_file);
use Digest::SHA qw(sha256_hex);
use File::Copy qw(copy);
use File::Path qw(make_path);
use Test::More;

my $SECRET = 'redis-password-of-a-test';
my $ADMIN  = 'admin-password-of-a-test';
my $ZEROS  = '0' x 64;
my $ROWS   = 1500;    # versions; more than one step of a deletion

my $examples = CredHubTest::Nginx->root . '/examples';
my $drop_in  = read_file("$examples/systemd/credhub.conf");
my $dir;


# Redis takes the lines of the example; where its files are says the test.
sub redis_conf () {
    my $text = read_file("$examples/redis.conf");

    $text =~ s/^(?:unixsocket|unixsocketperm|dir) .*\n//mg;
    $text =~ s/#$ZEROS/'#' . sha256_hex($_)/e for $SECRET, $ADMIN;
    return $text;
}

# An example of nginx.conf, changed by rows [what stands there, what to put].
sub write_conf ($name, @changes) {
    my $text   = read_file("$examples/$name");
    my $module = CredHubTest::Nginx->module;

    for (['user www-data[^;]*;', $> == 0 ? 'user root;' : ''],
        ['load_module [^;]*;', "load_module $module;"], @changes)
    {
        my ($old, $new) = @$_;
        $text =~ s/$old/$new/g or die "$name has no $old";
    }

    return write_file("$dir/nginx.conf", "daemon off;\n$text");
}


my $hub = CredHubTest->new(
    start      => 0,
    redis_conf => redis_conf(),
    redis_auth => ['admin', $ADMIN],
    config     => sub ($hub) {''},
);
my $pki  = $hub->pki;
$dir = $hub->dir;
my $keys = "$dir/keys";

$hub->keep_secret($_) for $SECRET, $ADMIN;

write_file("$keys/k1.key", $hub->keep_secret('k' x 32), 0600);
write_file("$keys/redis.password", "$SECRET\n", 0600);
copy($pki->cert('ca'), "$keys/$_") for qw(clients.pem ca.pem managers.pem);
copy($pki->cert('server'), "$keys/server.pem");
copy($pki->key('server'), "$keys/server.key");


subtest 'hub.conf' => sub {
    make_path("$dir/logs");
    write_conf('hub.conf',
        ['/srv/credhub/(?=logs|temp|redis|nginx)', "$dir/"],
        ['/srv/credhub', $keys],
        ['127\.0\.0\.1:8844', '127.0.0.1:' . $hub->port]);

    my ($code, $output) = $hub->nginx_test;
    is($code, 0, 'nginx -t') or diag $output;
};


my $temp = join ' ', map {"${_}_temp_path $dir/temp/$_;"}
    qw(client_body proxy fastcgi uwsgi scgi);
my @actors = read_file("$examples/nginx.conf") =~ /(mtls-app:[0-9a-f-]+)/g;

subtest 'trust.conf' => sub {
    write_conf('trust.conf',
        ['http \{', "http { $temp"],
        ['/run/redis/redis-server\.sock', "$dir/redis/redis.sock"],
        ['/run/nginx\.pid', "$dir/nginx.pid"],
        ['/var/log/nginx', $dir],
        [' /etc/nginx/credhub', " $keys"],
        ['=/etc/nginx/credhub', "=$keys"],
        ['listen 8844', 'listen 127.0.0.1:' . $hub->port]);

    my ($code, $output) = $hub->nginx_test;
    is($code, 0, 'nginx -t') or diag $output;
    unlike($output, qr/\[warn\]/, 'without a warning') if $> == 0;
};


write_conf('nginx.conf',
    ['http \{', "http { $temp"],
    ['/run/redis/redis-server\.sock',
        "$dir/redis/redis.sock timeout=100s connect_timeout=100s"],
    ['/run/nginx\.pid', "$dir/nginx.pid"],
    ['/var/log/nginx', $dir],
    [' /etc/nginx/credhub', " $keys"],
    ['=/etc/nginx/credhub', "=$keys"],
    ['listen 8844', 'listen 127.0.0.1:' . $hub->port],
    [$actors[0], $hub->actor('good')],
    [$actors[1], $hub->actor('second')],
    [$actors[2], $hub->actor('third')]);

subtest 'nginx.conf' => sub {
    is(@actors, 3, 'three actors');

    my ($code, $output) = $hub->nginx_test;
    is($code, 0, 'nginx -t') or diag $output;
    unlike($output, qr/\[warn\]/, 'without a warning') if $> == 0;
};

subtest 'nginx.conf with each log' => sub {
    my $text = read_file("$dir/nginx.conf");

    for my $name (qw(log-cef.conf log-json.conf)) {
        my $log = read_file("$examples/$name");
        $log =~ s{/var/log/nginx/}{$dir/} or die "$name has no such path";
        write_file("$dir/$name", $log);
        write_file("$dir/nginx.conf",
            $text =~ s/http \{/http { include $dir\/$name;/r);

        my ($code, $output) = $hub->nginx_test;
        is($code, 0, $name) or diag $output;
    }

    write_file("$dir/nginx.conf", $text);
};

subtest 'nginx.conf within the limits of the drop-in' => sub {
    plan skip_all => 'a sanitizer needs more memory' if $ENV{CREDHUB_SANITIZE};

    my %limit  = $drop_in =~ /^Limit(\w+)=(\w+)$/mg;
    my @limits = map { '--' . lc($_) . '=' . $limit{$_} } sort keys %limit;
    s/(\d+)M$/$1 * 1048576/e for @limits;

    is_deeply([sort keys %limit], [qw(CORE MEMLOCK NOFILE)], 'the limits');

    my ($code, $output) = run_command(['prlimit', @limits, 'nginx',
        '-p', $dir, '-e', 'stderr', '-c', "$dir/nginx.conf", '-t']);
    is($code, 0, 'nginx -t') or diag $output;
};

subtest 'the drop-in' => sub {
    my ($missing) = run_command(['systemd-analyze', '--version']);
    plan skip_all => 'no systemd-analyze' if $missing;

    my ($unit) = grep {-e} map {"$_/lib/systemd/system/nginx.service"} '', '/usr';
    plan skip_all => 'no nginx.service' if !defined $unit;

    my $units = $hub->scratch . '/units';
    make_path("$units/nginx.service.d");
    copy($unit, "$units/nginx.service");
    write_file("$units/nginx.service.d/credhub.conf", $drop_in);

    my (undef, $output) = run_command(
        ['systemd-analyze', 'verify', "$units/nginx.service"],
        env => { SYSTEMD_UNIT_PATH => "$units:" });
    unlike($output, qr/credhub\.conf/, 'systemd understands it');
};


$hub->start;

subtest 'the rights of the user of Redis are enough' => sub {
    is($hub->set('/apps/billing/db', 'password', 'MARKER-db')->status, 200);
    is($hub->current('/apps/billing/db')->{value}, 'MARKER-db', 'by name');

    my $id = $hub->current('/apps/billing/db')->{id};
    is($hub->get("/api/v1/data/$id")->status, 200, 'by id');
    is($hub->get('/api/v1/data?name=/apps/billing/db')->status, 200,
        'versions');
    is($hub->get('/api/v1/data?path=/apps')->status, 200, 'find');

    my $made = $hub->generate('/apps/billing/made', 'password');
    is($made->status, 200, 'generate');
    $hub->keep_secret($made->json->{value});

    is($hub->get('/api/v1/key-usage')->json->{active_key}, 2, 'key-usage');

    for my $on (1, 0) {
        my $flag = $on ? JSON::PP::true() : JSON::PP::false();
        is($hub->post('/management', { read_only_mode => $flag })->status, 200,
            'read-only ' . ($on ? 'on' : 'off'));
        is($hub->set('/apps/billing/db', 'password', 'MARKER-2')->status,
            $on ? 503 : 200, 'a write');
    }

    my $right = { path => '/apps/*', actor => 'mtls-app:x',
        operations => ['read'] };
    my $given = $hub->post('/api/v2/permissions', $right);
    my $uuid  = $given->json->{uuid};
    is($given->status, 201, 'give a permission');
    is($hub->get('/api/v1/permissions?credential_name=/apps/billing/db')
        ->status, 200, 'list permissions');
    is($hub->delete("/api/v2/permissions/$uuid")->status, 200, 'take it away');

    # certificates: staged, committed, folded, deleted
    my %ca = (is_ca => JSON::PP::true(), common_name => 'ca');
    is($hub->made($hub->generate('/apps/billing/ca', 'certificate', \%ca))
        ->status, 200, 'a CA');
    is($hub->made($hub->generate('/apps/billing/leaf', 'certificate',
        { ca => '/apps/billing/ca', common_name => 'leaf' }))->status, 200,
        'a leaf');
    is_deeply($hub->post('/api/v1/bulk-regenerate',
        { signed_by => '/apps/billing/ca' })->json,
        { regenerated_credentials => ['/apps/billing/leaf'] },
        'bulk regeneration');

    my $leaf = $hub->get('/api/v1/certificates?name=/apps/billing/leaf')
        ->json->{certificates}[0];
    my @ids  = map { $_->{id} } @{ $leaf->{versions} };
    my $path = "/api/v1/certificates/$leaf->{id}";
    is(@ids, 2, 'two versions');
    is($hub->put("$path/update_transitional_version",
        { version => $ids[1] })->status, 200, 'a transitional one');
    is($hub->delete("$path/versions/$ids[1]")->status, 200, 'away');

    # a deletion of more than one step, so that it sweeps
    my $versions = '{credhub}:versions:'
        . $hub->redis('HGET', '{credhub}:credential:/apps/billing/db',
            'credential');
    $hub->redis('ZADD', $versions, map { (-$_, "row-$_") } 1 .. $ROWS);
    is($hub->delete('/api/v1/data?name=/apps/billing/db')->status, 204,
        'delete');
    is($hub->redis('EXISTS', $versions), 0, 'to the last row');

    $hub->redis('SCRIPT', 'FLUSH');
    is($hub->set('/apps/billing/db', 'password', 'MARKER-3')->status, 200,
        'after Redis forgot the scripts');

    unlike($hub->error_log, qr/NOPERM/, 'nothing was refused');
};

# AUTH needs no right, SELECT is for db= only.
subtest 'and no more than enough' => sub {
    my $store  = CredHubTest::Nginx->root . '/src/store';
    my $first  = qr/(?:argv|script)\[(?:0|n\+\+)\] = ([^;]+);/;
    my ($line) = read_file("$examples/redis.conf") =~ /^user credhub (.*)$/m;
    my %used;

    $used{ lc $_ } = 1 for map { /credhub_str\("([A-Z_]+)"\)/g }
        map { read_file($_) =~ /$first/g } glob "$store/*.c";
    $used{ lc $_ } = 1 for map { read_file($_) =~ /redis\.call\('([A-Z]+)'/g }
        glob "$store/lua/*.lua";
    delete @used{qw(auth select)};

    is_deeply([sort $line =~ /\+(\w+)/g], [sort keys %used],
        'the commands of the source');
    like($line, qr/ ~\{credhub\}:\* resetchannels -\@all \+/, 'the keys');
};

subtest 'who may what' => sub {
    my ($deployment, $application) = map { $hub->as($_) } qw(second third);

    is($hub->get('/health', cert => undef)->status, 200, 'health');
    is($deployment->set('/apps/billing/x', 'value', 'MARKER-x')->status, 200,
        'the deployment writes');
    is($application->current('/apps/billing/x')->{value}, 'MARKER-x',
        'the application reads');
    is_error($application->set('/apps/billing/x', 'value', 'MARKER-y'),
        'denied', 'and does not write');
    is_error($deployment->post('/management',
        { read_only_mode => JSON::PP::true() }), 'denied', 'operators only');
};

subtest 'the access log has no names' => sub {
    my $log = read_file("$dir/credhub.log");

    like($log, qr{"[^"]*OU=app:[^"]*" GET /api/v1/data 200 });
    unlike($log, qr/billing/);
};

$hub->done;
