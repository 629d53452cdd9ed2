# The demo hub: what `make run` and `make stop` do, in a directory of its own.

use v5.36;

use lib 't/lib';
use CredHubTest::Nginx;
use CredHubTest::Process qw(run_command read_file write_file);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use JSON::PP qw(decode_json);
use Test::More;

plan skip_all => 'the demo runs in the stock environment'
    if $ENV{CREDHUB_SANITIZE};

my $base   = tempdir('credhub-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $dir    = "$base/run";
chmod 0755, $base;

my $root   = CredHubTest::Nginx->root;
my $module = CredHubTest::Nginx->module;
my $port   = CredHubTest::Nginx->free_port;

my @once = qw(ca.pem server.pem server.key client.pem client.key k1.key);
my @made = (@once, qw(nginx.conf redis.conf redis.sock nginx.pid redis.pid
    logs data));


sub start () {
    return run_command(["$root/tools/run", $module, $port, $dir]);
}

sub stop () { return run_command(["$root/tools/stop", $dir]) }

sub mode ($file) { return sprintf '%o', (stat "$dir/$file")[2] & 07777 }

# The commands as a user pastes them: the answers.
sub paste ($text) {
    return map { decode_json((run_command(['sh', '-c', "$_ 2>/dev/null"]))[1]) }
        $text =~ /^(curl .*)$/mg;
}

sub files () { return join '', map { read_file("$dir/$_") } @once }


END {
    my $status = $?;
    stop() if defined $root;
    $? = $status;
}


my ($code, $text) = start();
is($code, 0, 'it starts') or BAIL_OUT($text);
like($text, qr{https://localhost:$port\b}, 'and says where');
ok(-e "$dir/$_", $_) for @made;
is(mode($_), '600', "$_ is private")
    for qw(k1.key ca.key server.key client.key);

my ($set, $got, $generated) = paste($text);
is($set->{value}, 's3cret', 'set');
is($got->{data}[0]{value}, 's3cret', 'get');
is(length $generated->{value}, 32, 'generate');

subtest 'nobody else can use it' => sub {
    my $name = "https://localhost:$port/api/v1/data?name=/demo/db";
    my (undef, $status) = run_command(['curl', '-s', '-o', '/dev/null',
        '-w', '%{http_code}', '--cacert', "$dir/ca.pem", $name]);
    is($status, 401);
};

subtest 'who runs it' => sub {
    plan skip_all => 'only root changes users' if $> != 0;

    my $www  = getpwnam 'www-data';
    my $uid  = sub ($pid) { (stat "/proc/$pid")[4] };
    my $main = read_file("$dir/nginx.pid") + 0;
    my @workers = CredHubTest::Nginx->new(pid => $main)->worker_pids;

    is($uid->($main), 0, 'root reads the keys');
    is($uid->(read_file("$dir/redis.pid") + 0), $www, 'Redis as www-data');
    is_deeply([map { $uid->($_) } @workers], [$www, $www], 'the workers too');
};

subtest 'a second run replaces the first and keeps the data' => sub {
    my $before = files();
    my $old    = read_file("$dir/nginx.pid");

    my ($status, $again) = start();
    is($status, 0);
    is(files(), $before, 'keys and certificates');
    isnt(read_file("$dir/nginx.pid"), $old, 'a new nginx');
    is((paste($again =~ s/^curl .*PUT.*\n//mr))[0]{data}[0]{id}, $set->{id},
        'the credential');
};

subtest 'stop' => sub {
    is((stop())[0], 0);
    ok(!-e "$dir/$_", "no $_") for qw(nginx.pid redis.pid redis.sock);
    is((stop())[0], 0, 'stopping twice is no error');
};

subtest 'stale pid files' => sub {
    my $other = CredHubTest::Process::spawn(['sleep', 60]);
    write_file("$dir/nginx.pid", "$other\n");
    write_file("$dir/redis.pid", "no number\n");

    is((stop())[0], 0);
    ok(CredHubTest::Process::running($other), 'they kill nobody');
};

subtest 'the port is taken' => sub {
    my $taken = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $port, Listen => 1, ReuseAddr => 1) or die $!;
    my ($status, $message) = start();

    is($status, 1);
    like($message, qr/^run: port $port is in use/);
    ok(!-e "$dir/redis.pid", 'nothing was started');
};

subtest 'a directory that www-data cannot reach' => sub {
    chmod 0700, $base;
    is((start())[0], 0);
    is((stop())[0], 0);
};

done_testing();
