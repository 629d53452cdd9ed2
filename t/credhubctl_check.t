# `credhubctl check`: what it finds before a reload, and that it tells no
# secret.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Nginx;
use CredHubTest::Process qw(run_command read_file write_file);
use Digest::SHA qw(sha256_hex);
use File::Basename qw(dirname);
use Test::More;

my $PASSWORD = 'MARKER-redis-password';
my $tool     = dirname(CredHubTest::Nginx->module) . '/credhubctl';
my $rules    = read_file(CredHubTest::Nginx->root . '/examples/redis.conf');

my %rights = map { /^user (\w+) on \S+ (.*)/ ? ($1 => $2) : () }
    split /\n/, $rules;
my @KEYS = (['k1', '1' x 32], ['k2', '2' x 32]);
my $HUB  = qr/[0-9a-f-]{36}/;

my $hub = CredHubTest->new(keys => [$KEYS[0]]);
my $dir = $hub->dir;
my $redis = 'unix:' . "$dir/redis/redis.sock";

$hub->set("/demo/$_", 'password', "MARKER-$_") for 1 .. 20;
$hub->post('/v1/destinations', {});

write_file("$dir/keys/$_->[0].ctl", $_->[1], 0600) for @KEYS;
write_file("$dir/keys/redis.password", "$PASSWORD\n", 0600);

sub key ($id, $more = '') { return ('--key', "$id:$dir/keys/$id.ctl$more") }

# A user with these rights, as arguments.
sub user ($name, $rules, $password = $PASSWORD) {
    $hub->redis('ACL', 'SETUSER', $name, 'reset', 'on',
        '#' . sha256_hex($password), split / /, $rules);
    return ('--user', $name, '--password-file', "$dir/keys/redis.password");
}

# Exit status, and the lines of the report.
sub check (@args) {
    my ($code, $output) = run_command(
        [$tool, 'check', '--redis', $redis, @args]);

    unlike($output, qr/MARKER-|Sanitizer|runtime error/, 'no secret, no fault');
    return ($code, $output);
}

# Rows of what is expected: exit status, lines that are there.
sub finds ($title, $args, $status, @lines) {
    subtest $title => sub {
        my ($code, $output) = check(@$args);

        is($code, $status, 'exit status') or diag $output;
        like($output, qr/^$_$/m, $_) for @lines;
    };
    return;
}


my @hub = user('credhub', $rights{credhub});

finds('a hub as it is to be', [@hub, key('k1')], 1,
    'ok   key "k1": .*', 'ok   redis ".*": connected', 'ok   role: master',
    'ok   redis_version: 7\..*', 'ok   maxmemory_policy: noeviction',
    'ok   appendfsync: this user may not see it',
    'ok   rights: all that a hub needs',
    'ok   rights: none that endanger others',
    'warn rights: Redis answers without a password, too',
    "ok   schema: layout \\d+, hub $HUB",
    'ok   key [0-9a-f]{16}: given; of a sample of its versions 10 open,'
        . ' 0 do not, 0 are not for it');

finds('an edge', [user('edge', $rights{edge}), '--edge', key('k1')], 1,
    'ok   rights: all that an edge needs',
    'ok   keys: this user may not see them');

finds('an edge where a hub is needed', [user('edge', $rights{edge}),
    key('k1')], 2, 'fail rights: missing eval evalsha exists .*', 'fail keys: NOPERM.*');


subtest 'each right of the example is looked for' => sub {
    for my $name (qw(credhub edge)) {
        my @needed = map { s/^\+//r } grep {/^\+/} split / /, $rights{$name};
        my @edge   = $name eq 'edge' ? '--edge' : ();
        my $rest   = join ' ', map {"+$_"} 'eval_ro', @edge ? () : 'role';
        my $keys   = $rights{$name} =~ s/ .*//r;

        my ($code, $output) = check(
            user('little', "$keys -\@all $rest +config|get +ping"), @edge, key('k1'));
        my ($missing) = $output =~ /^fail rights: missing (.*)/m;

        my %given = map { $_ => 1 } $rest =~ /\+(\S+)/g;
        is_deeply([sort split / /, $missing], [sort grep { !$given{$_} } @needed],
            "of $name, and no other");
    }
};

finds('too many rights', [user('admin', '~* &* +@all'), key('k1')], 1,
    'warn rights: more than needed flushall flushdb keys config\|set'
        . ' acl\|setuser shutdown replicaof .*',
    'warn appendfsync: .*|ok   appendfsync: .*');

finds('keys of another prefix only', [
    user('other', $rights{credhub} =~ s/\{credhub\}/{other}/r), key('k1')], 2,
    'fail rights: .*');

finds('a key that is missing', [@hub, key('k2')], 2,
    'fail key [0-9a-f]{16}: not given; 20 versions and \d objects need it');

finds('a key of another subtree', [@hub, key('k1', ':/Other/*')], 1,
    'ok   key [0-9a-f]{16}: given; .* 0 open, 0 do not, 10 are not for it');

finds('a key of this subtree', [@hub, key('k1', ':/DEMO/*')], 1,
    'ok   key [0-9a-f]{16}: given; .* 10 open, 0 do not, 0 are not for it');

finds('a wrong password', [
    user('credhub', $rights{credhub}, 'another'), key('k1')], 2,
    'fail AUTH: WRONGPASS .*');
user('credhub', $rights{credhub});

subtest 'files' => sub {
    chmod 0640, "$dir/keys/k1.ctl";
    finds('a key that others may read', [@hub, key('k1')], 2,
        'fail key "k1": .*');
    chmod 0600, "$dir/keys/k1.ctl";
    finds('a file that is not there', [@hub, key('k2'), '--key', 'x:/none'], 2,
        'fail key "x": "/none" .*No such file or directory');
    finds('no key', [@hub], 2, 'fail no key');
};


subtest 'settings' => sub {
    my @good = @{ $hub->redis('CONFIG', 'GET', 'maxmemory-policy') };

    $hub->redis('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    finds('eviction', [@hub, key('k1')], 2,
        'fail maxmemory_policy: allkeys-lru, .*');
    $hub->redis('CONFIG', 'SET', @good);
};


subtest 'values' => sub {
    my ($set) = @{ $hub->redis('KEYS', '{credhub}:key:*') };
    my @ids = @{ $hub->redis('SMEMBERS', $set) };
    my $secret = $hub->redis('HGET', "{credhub}:version:$ids[0]", 'secret');

    $hub->redis('SREM', $set, @ids[5 .. $#ids]);
    $hub->redis('HSET', "{credhub}:version:$ids[1]", 'secret', $secret);
    $hub->redis('HDEL', "{credhub}:version:$ids[2]", 'secret');
    finds('one in a wrong place, one that is gone', [@hub, key('k1')], 2,
        'fail key [0-9a-f]{16}: given; .* 3 open, 1 do not, 1 are not for it');
};


subtest 'schema' => sub {
    my $schema = '{credhub}:schema';

    finds('no store', [@hub, key('k1'), '--db', 0, '--prefix', 'credhub.'], 2,
        'fail schema: NOPERM.*|fail rights: .*');
    finds('an empty store', [user('any', '~* &* +@all'), key('k1'),
        '--db', 3], 1, 'warn schema: no store under "\{credhub\}:" yet; .*');

    my $writer = $hub->redis('HGET', $schema, 'writer');
    $hub->redis('HSET', $schema, 'writer', $writer + 1);
    finds('a newer layout', [@hub, key('k1')], 2,
        'fail schema: the store has a newer layout .*');
    $hub->redis('HSET', $schema, 'writer', 'x');
    finds('a damaged one', [@hub, key('k1')], 2, 'fail schema: it is damaged');
    $hub->redis('HSET', $schema, 'writer', $writer);
};


subtest 'what is asked wrongly' => sub {
    for my $args ([], ['--none'], ['--redis'], ['--db', 'x'],
        ['--prefix', 'a b'], ['--key', 'k1'], ['--key', 'k1:/x:/no'], ['more'])
    {
        my ($code, $output) = run_command([$tool, @$args == 0 ? () : 'check',
            @$args == 0 ? () : ('--redis', $redis), @$args]);
        is($code, 2, "status of \"@$args\"");
        like($output, qr/^usage: credhubctl/m, 'usage');
    }

    $redis = 'unix:/none';
    finds('no Redis', [key('k1')], 2,
        'fail redis "unix:/none": .*No such file or directory');
    for my $address (qw(127.0.0.1 127.0.0.1:0 127.0.0.1:1x :1 [::1] []:1)) {
        $redis = $address;
        finds("\"$address\"", [key('k1')], 2,
            'fail redis .*: invalid address');
    }
};

$hub->done;
