# Lists of 10,000 objects: a page asks the store for itself and for one more row,
# what the caller may not read is passed over in big steps, and pages stay in
# order while others write.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Envelope qw(cursor_of);
use CredHubTest::Permissions qw(permit withdraw);
use List::Util qw(uniq);
use Test::More;

my $MANY = 10_000;
my $G    = '/v1/groups';

my $hub    = CredHubTest->new(workers => 1);
my $second = $hub->as('second');
my $actor  = $hub->actor('second');

is($hub->get($G)->status, 200, 'the hub is ready');

# What the hub itself would write.
is($hub->redis('EVAL', <<~'LUA', 0, $MANY), $MANY, 'groups');
    for i = 1, tonumber(ARGV[1]) do
        local id = string.format('%032x', i)
        redis.call('HSET', '{credhub}:object:groups/' .. id, 'uid', id,
            'version', id, 'attributes', '{"name":"g' .. i .. '"}',
            'creator', 'test', 'sequence', i, 'created', i, 'updated', i)
        redis.call('ZADD', '{credhub}:objects:groups', i, 'groups/' .. id)
    end
    redis.call('SET', '{credhub}:seq', ARGV[1])
    return tonumber(ARGV[1])
    LUA

sub id ($n) { return sprintf '%032x', $n }

# How many steps of a list the store has made for it.
sub steps ($code) {
    $hub->redis('CONFIG', 'RESETSTAT');
    $code->();
    my ($n) = $hub->redis('INFO', 'commandstats')
        =~ /^cmdstat_zrangebyscore:calls=(\d+)/m;
    return $n // 0;
}

# The ids of one page, and the cursor behind it.
sub page ($by, $limit, $cursor = undef) {
    my $r = $by->get("$G?limit=$limit" . ($cursor ? "&cursor=$cursor" : ''));
    is($r->status, 200, 'a page');
    return ([map { $_->{id} } @{ $r->json->{data}{items} }], cursor_of($r));
}


subtest 'page by page' => sub {
    my (@ids, $cursor);

    my $steps = steps(sub {
        do {
            (my $ids, $cursor) = page($hub, 1000, $cursor);
            push @ids, @$ids;
        } while ($cursor);
    });

    is(scalar @ids, $MANY, 'all of them');
    is_deeply(\@ids, [map { id($_) } 1 .. $MANY], 'in order');
    is($steps, 2 * $MANY / 1000 - 1, 'two steps a page, but for the last one');
    is(steps(sub { page($hub, 7) }), 1, 'a short page is no more');
};

subtest 'what the caller may read' => sub {
    my @mine  = map { id($_) } 1, 5_000, 5_001, $MANY;
    my @views = map { permit($hub, "/trust/groups/$_", $actor, 'read') } @mine;

    # steps double up to 1,000 rows
    my $most = 10 + $MANY / 1000 + 1;
    my ($cursor, @ids);

    for my $i (0 .. $#mine) {
        my $ids;
        my $steps =
            steps(sub { ($ids, $cursor) = page($second, 1, $cursor) });
        push @ids, @$ids;
        cmp_ok($steps, '<=', $most, "element $i by $steps steps");
    }
    is_deeply(\@ids, \@mine, 'it is his');
    is($cursor, undef, 'and that is all');

    withdraw($hub, @views);
    is(steps(sub { is_deeply([page($second, 1000)], [[], undef], 'nothing') }),
        10, 'he who may read nothing makes no more steps');
};

subtest 'while others write' => sub {
    my (@ids, $cursor, %gone);

    do {
        (my $ids, $cursor) = page($hub, 500, $cursor);
        push @ids, @$ids;

        # one that was seen, one that was not, one more
        for my $n (@ids + 1 - 250, @ids + 250) {
            next if $n > $MANY;
            is($hub->delete("$G/" . id($n))->status, 200, "$n goes");
            $gone{ id($n) } = 1;
        }
        is($hub->post($G, { name => 'new' })->status, 201, 'a new one')
            if @ids < $MANY / 2;
    } while ($cursor);

    my @old = grep { /^0{20}/ } @ids;
    is_deeply([sort { $a cmp $b } @old], \@old, 'in order');
    is(scalar @ids, scalar uniq(@ids), 'none twice');

    my %seen = map { $_ => 1 } @ids;
    is_deeply([grep { !$seen{$_} && !$gone{$_} } map { id($_) } 1 .. $MANY], [],
        'none is missing that stayed');
};

$hub->done;
