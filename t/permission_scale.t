# A store with 100,000 permissions is asked exactly what one with ten is: the
# same commands with as many arguments, and it answers with as many bytes.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CryptX;
use Crypt::KeyDerivation qw(hkdf);
use Crypt::Mac::HMAC qw(hmac);
use IO::Socket::UNIX;
use Test::More;

my $MANY = 50_000;    # of one actor, and as many on one path
my $V1   = '/api/v1/permissions';
my $V2   = '/api/v2/permissions';
my $DATA = '/api/v1/data';

my $KEY = sprintf '%-32s', 'MARKER-key-k1';
my $hub = CredHubTest->new(keys => [['k1', $KEY]], workers => 1,
    redis_conf => "slowlog-log-slower-than 0\nslowlog-max-len 100");
my $actor = $hub->actor('second');


# What the hub itself would write.

my $store = $hub->set('/own/7', 'value', 'MARKER-own')
    && $hub->redis('HGET', '{credhub}:schema', 'hub');
my $print = substr hmac('SHA256', $KEY, 'credhub v1 fingerprint'), 0, 8;
my $row   = hkdf($KEY, '', 'SHA256', 32, 'credhub v1 row');

sub mac ($place, @parts) {
    return $print . hmac('SHA256', $row, join '', map {
        pack('N*', scalar @$_, map { length } @$_), @$_ } $place, \@parts);
}

sub id ($n) { return sprintf '%08x-0000-4000-8000-000000000000', $n }

# Genuine permissions to read, with all that stands for them: [number, actor,
# path]...
sub permissions (@all) {
    my (@rows, %index);

    for (@all) {
        my ($n, $actor, $path) = @$_;
        my $id = id($n);

        push @rows, ['HSET', "{credhub}:permission:$id", path => $path,
            actor => $actor, operations => 1, mac => mac([$store,
                'permission', '', $id, $path], $path, $actor, "\x01")];
        push @{ $index{"HSET {credhub}:actor:$actor"} }, $path, $id;
        push @{ $index{"ZADD {credhub}:path:$path"} }, $n, $id;
        push @{ $index{"HSET {credhub}:grants:$actor"} }, "r$path",
            mac([$store, 'grant', 'r', $actor, $path]);
    }

    return @rows, map { [split(/ /), @{ $index{$_} }] } keys %index;
}

# Sends commands without waiting for each reply; none may be an error.
sub pipeline (@commands) {
    my $link = IO::Socket::UNIX->new(Peer => $hub->dir . '/redis/redis.sock')
        or die $!;

    while (my @some = splice @commands, 0, 2000) {
        print {$link} map { '*' . @$_ . "\r\n",
            map { '$' . length . "\r\n$_\r\n" } @$_ } @some;
        $link->flush;

        for (@some) {
            my $line = <$link>;
            $line =~ /^:/ or die $line;
        }
    }

    return;
}


# What a request costs Redis: the calls of each command, and of each call, in
# order, the number of arguments (of a long one Redis says how many it has
# left out). What scripts call is among them.
sub cost ($as, $method, $target, $body) {
    my $stats = sub {
        return map { /^cmdstat_(\S+?):calls=(\d+)/ ? ($1 => $2) : () }
            split /\r\n/, $hub->redis('INFO', 'commandstats');
    };

    $hub->redis('SLOWLOG', 'RESET');
    my %before = $stats->();
    my $r = $as->request($method, $target,
        defined $body ? (json => $body) : ());
    my %after = $stats->();

    my %calls = map { $_ => $after{$_} - ($before{$_} // 0) }
        grep { !/^(?:info|slowlog)/ } keys %after;
    my @sent = map { my $args = $_->[3];
        join ' ', $args->[0], scalar @$args, grep {/more arguments/} @$args;
    } grep { $_->[3][0] !~ /^(?:INFO|SLOWLOG)$/ }
        reverse @{ $hub->redis('SLOWLOG', 'GET', 100) };

    return ({ status => $r->status, bytes => length $r->body, sent => \@sent,
        calls => { map { $calls{$_} ? ($_ => $calls{$_}) : () }
            keys %calls } });
}


my $second = $hub->as('second');
my $third  = $hub->as('third');
my @items  = ({ actor => 'uaa-client:more', operations => ['write'] });

my @rows = (
    # label, who, request, status
    ['GET', $second, GET => "$DATA?current=true&name=/own/7", undef, 200],
    ['GET, denied', $third, GET => "$DATA?current=true&name=/own/7", undef,
        404],
    ['GET, all versions', $second, GET => "$DATA?name=/own/7", undef, 200],
    ['GET of a shared path', $second, GET => "$DATA?name=/all", undef, 200],
    ['PUT', $second, PUT => $DATA, { name => '/w/a/b/c', type => 'value',
        value => 'MARKER-w' }, 200],
    ['PUT, denied', $third, PUT => $DATA, { name => '/w/a/b/c',
        type => 'value', value => 'MARKER-w' }, 403],
    ['find', $second, GET => "$DATA?path=/own", undef, 200],
    ['find by part of the name', $second, GET => "$DATA?name-like=a",
        undef, 200],
    ['find of one who sees nothing', $third, GET => "$DATA?path=", undef, 200],
    ['v2 POST', $second, POST => $V2, { path => '/w/all', operations =>
        ['read'], actor => 'uaa-client:more' }, 201],
    ['v2 POST what exists', $second, POST => $V2, { path => '/w/all',
        operations => ['read'], actor => 'uaa-client:more' }, 409],
    ['v2 GET', $second, GET => "$V2?path=/w/all&actor=uaa-client:more", undef,
        200],
    ['v2 GET of another', $hub, GET => "$V2?path=/own/7&actor=$actor",
        undef, 200],
    ['v1 GET', $second, GET => "$V1?credential_name=/w/all", undef, 200],
    ['v1 POST', $second, POST => $V1, { credential_name => '/w/all',
        permissions => \@items }, 201],
    ['v1 POST on a shared path', $hub, POST => $V1, { credential_name =>
        '/all', permissions => \@items }, 201],
    ['v1 DELETE on a shared path', $hub, DELETE =>
        "$V1?credential_name=/all&actor=uaa-client:more", undef, 204],
    ['v1 DELETE', $second, DELETE =>
        "$V1?credential_name=/w/all&actor=uaa-client:more", undef, 204],
    ['DELETE, denied', $third, DELETE => "$DATA?name=/own/7", undef, 404],
);

# A new worker, with links that stand: it sweeps after a minute at the earliest,
# and that is not among what requests cost.
sub costs () {
    $hub->reload;
    $hub->get($_) for "$DATA?current=true&name=/own/7", "$DATA?name=/own/7";

    return map { my ($label, @request) = @$_; cost(@request[0 .. 3]) } @rows;
}


$hub->set($_, 'value', 'MARKER-all') for '/all', '/w/all', '/own/x';
$hub->post($V2, { path => '/w/*', actor => $actor,
    operations => [qw(write read_acl write_acl)] })->status == 201 or die;
pipeline(permissions((map { [$_, $actor, "/own/$_"] } 5 .. 9),
    [10, $actor, '/all'], map { [$_, "uaa-client:$_", '/all'] } 11 .. 13));

costs();    # Redis learns the scripts
my @ten = costs();

for (0 .. $#rows) {
    is($ten[$_]{status}, $rows[$_][-1], $rows[$_][0]);
}

my $first = 1000;
my $last  = $first + $MANY - 1;

for (my $n = $first; $n <= $last; $n += 500) {
    pipeline(permissions(map { [$_, $actor, "/own/$_"],
        [$MANY + $_, "uaa-client:$_", '/all'] } $n .. $n + 499));
}

cmp_ok($hub->redis('HLEN', "{credhub}:grants:$actor"), '>', $MANY,
    'many of one actor');
cmp_ok($hub->redis('ZCARD', '{credhub}:path:/all'), '>', $MANY,
    'many on one path');

my @many = costs();
is_deeply($many[$_], $ten[$_], "$rows[$_][0]: as with ten") for 0 .. $#rows;

# those that were put there are as good as any
$hub->set("/own/$last", 'value', 'MARKER-last');
is($second->get("$DATA?name=/own/$last")->status, 200, 'the last one allows');
is_deeply($hub->get("$V2?path=/own/$last&actor=$actor")->json,
    { path => "/own/$last", actor => $actor, operations => ['read'],
        uuid => id($last) }, 'and is shown');

$hub->redis('FLUSHALL');
$hub->done;
