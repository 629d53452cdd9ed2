# Chains of certificates, lists, and look-ups, as the scripts of the store see
# them.

use v5.36;

use lib 't/lib';
use CredHubTest::Scripts;
use Test::More;

my $store = CredHubTest::Scripts->new;

# A version of a certificate below a version of a CA: digests are names here.
sub issue ($name, $digest, $ca, $issuer, %opt) {
    return $store->put($name, ca => $ca, signer => $ca, digest => $digest,
        issuer => $issuer, %opt);
}

sub self_signed ($name, $digest, %opt) {
    return $store->put($name, signer => $name, digest => $digest,
        issuer => $digest, %opt);
}

# Digests above.
sub chain ($signer, $issuer) {
    my $answer = $store->run('chain', $signer, $issuer, 'digest');
    return map { $_->[1][0] } @$answer[1 .. $#$answer];
}

sub list ($name, $chains = '') {
    return $store->run('certificates', $name, '', $chains, '')->[2];
}


subtest 'up to the root' => sub {
    self_signed('/Root', 'root1');
    issue('/inter', 'inter1', '/root', 'root1');
    issue('/leaf', 'leaf1', '/INTER', 'inter1');

    is_deeply([chain('/Inter', 'inter1')], ['inter1', 'root1'], 'a leaf');
    is_deeply([chain('/root', 'root1')], ['root1'], 'the root, by itself');
    is_deeply($store->run('chain', '/inter', 'inter1', 'name')->[2][0], '/root',
        'names are folded');

    self_signed('/root', 'root2');
    issue('/inter', 'inter2', '/root', 'root2', transitional => 1);
    is_deeply([chain('/inter', 'inter1')], ['inter1', 'root1'],
        'each version has the one that it was signed with');
    is_deeply([chain('/inter', 'inter2')], ['inter2', 'root2'],
        'the transitional one too');
    self_signed('/root', "root$_") for 3 .. 20;
    is_deeply([chain('/inter', 'inter1')], ['inter1', 'root1'],
        'however old it is');
};


subtest 'where it ends' => sub {
    is_deeply([chain('', '')], [], 'nobody signed it');
    is_deeply([chain('/inter', '')], [], 'it does not say with what');
    is_deeply([chain('/nobody', 'x')], [], 'no such CA');
    is_deeply([chain('/root', 'root99')], [], 'no such version');

    issue('/gap', 'gap1', '/root', 'root99');
    is_deeply([chain('/gap', 'gap1')], ['gap1'], 'a gap');

    my $id = ($store->versions('/gap'))[0];
    $store->put('/gap');
    is($store->drop('/gap', $id), 'ok');
    is_deeply([chain('/gap', 'gap1')], [], 'a version that was deleted');

    is($store->stage('/gap', 'b1', digest => 'gap2'), 'ok');
    is_deeply([chain('/gap', 'gap2')], [], 'one that is staged');
    is($store->commit('b1'), 'ok');
    is_deeply([chain('/gap', 'gap2')], ['gap2'], 'until it is committed');
    $store->finish_all('b1');

    self_signed('/one', 'one1');
    issue('/two', 'two1', '/one', 'one1');
    issue('/one', 'one1', '/two', 'two1');
    is_deeply([chain('/one', 'one1')], ['one1', 'two1'], 'a loop');

    self_signed('/deep00', 'deep0');
    issue(sprintf('/deep%02d', $_), "deep$_", sprintf('/deep%02d', $_ - 1),
        'deep' . ($_ - 1)) for 1 .. 20;
    is_deeply([chain('/deep20', 'deep20')], [map {"deep$_"} reverse 5 .. 20],
        'sixteen levels are enough');
    is_deeply([chain('/deep15', 'deep15')], [map {"deep$_"} reverse 0 .. 15],
        'with the root as the last');
};


# Rows that are looked at, not rows that are there.
subtest 'a CA with a long history' => sub {
    self_signed('/long', "long$_") for 1 .. 1100;
    issue('/long-child', 'lc1', '/long', 'long200');

    is_deeply([chain('/long', 'long200')], ['long200'], 'is found');
    is_deeply([chain('/long', 'long50')], [], 'not beyond a thousand');
    is_deeply([chain('/long', 'long1100')], ['long1100'], 'the active one');
};


subtest 'what expires first' => sub {
    self_signed('/x-root', 'xr', expires => 50);
    issue('/x-inter', 'xi', '/x-root', 'xr', expires => 30);
    issue('/x-leaf', 'xl', '/x-inter', 'xi', expires => 40);
    my ($inter) = $store->versions('/x-inter');

    is_deeply([list('/x-leaf')->@[6 .. 8]], [undef, undef, undef],
        'nobody asks');
    is_deeply([list('/x-leaf', 1)->@[6 .. 8]], ['/x-inter', $inter, 30],
        'a CA');

    issue('/x-leaf', 'xl2', '/x-inter', 'xi', expires => 20,
        transitional => 1);
    is(list('/x-leaf', 1)->[8], 30, 'of the active version');
    issue('/x-leaf', 'xl3', '/x-inter', 'xi', expires => 10);
    is_deeply([list('/x-leaf', 1)->@[6 .. 8]],
        ['/x-leaf', $store->active('/x-leaf'), 10], 'itself');
    is(list('/x-root', 1)->[8], 50, 'a root');
};


subtest 'the list' => sub {
    my $row = list('/x-leaf');
    my @ids = $store->versions('/x-leaf');

    is_deeply([@$row[0, 1, 4]], ['/x-leaf', '/x-leaf', $ids[1]],
        'name, and the transitional version');
    is_deeply([map { $_->[0] } @{ $row->[9] }], \@ids, 'newest first');
    is_deeply($row->[9][1], [$ids[1], 'facts', '/x-inter', 20], 'a version');
    is($store->run('certificates', '/none', '', '', '')->[2], undef,
        'no such name');
    is($store->run('certificates', '', '/z', '', '')->[2], undef,
        'behind the last');
};


subtest 'the list in steps' => sub {
    my @names;
    my $cursor = '';
    my $steps  = 0;

    $store->put("/many/$_") for 1 .. 1050;
    do {
        my $answer = $store->run('certificates', '', $cursor, 1, '');
        my @rows   = @$answer[2 .. $#$answer];
        my $count  = 0;

        $cursor = $answer->[1];
        $count += @{ $_->[9] } for @rows;
        push @names, map { $_->[1] } @rows;
        cmp_ok($count, '<=', 1000, 'a step has no more than a thousand rows');
        $steps++;
    } while ($cursor ne '');

    is_deeply(\@names, [$store->members('certificates')],
        'each is there once, in order');
    cmp_ok($steps, '>', 2, 'in several steps');
};


subtest 'children in steps' => sub {
    my ($cursor, $steps, @names) = ('', 0);

    $store->put('/parent');
    $store->put("/child/$_", ca => '/parent', ca_stamp =>
        $store->stamp('/parent')) for 1 .. 1050;
    do {
        my $answer = $store->run('children', '/parent', $cursor, '', 'w');
        $cursor = $answer->[1];
        is($answer->[2], 1050, 'with how many there were ever');
        push @names, map { $_->[1] } @$answer[3 .. $#$answer];
        $steps++;
    } while ($cursor ne '');

    is($steps, 5, 'at most 250 in a step');
    is_deeply([sort @names], [sort map {"/child/$_"} 1 .. 1050], 'all of them');
};


subtest 'look-ups' => sub {
    $store->redis('HSET', $store->key('grants:me'), 'r/x-leaf', 'G', 'w/none',
        'H');
    my $id = $store->look('/x-leaf')->{credential};
    my @two = $store->run('certificate', 'me', 2, 'id', $id, 'r', 'name',
        '/none', 'w', 'version', 'digest')->@*;

    is_deeply([@two[0, 1]], ['ok', 0], 'the hub is not read-only');
    is_deeply([$two[2]->@[0 .. 3]], ['/x-leaf', '/x-leaf', $id, 'certificate'],
        'by id');
    is_deeply($two[2][7], ['r/x-leaf', 'G'], 'with grants');
    is($two[2][8][1], 'xl3', 'the active version');
    is($two[2][9][1], 'xl2', 'the transitional one');
    is_deeply($two[3],
        ['', '/none', '', '', '', 0, '', ['w/none', 'H'], [], []],
        'a name that is none');

    my $version = ($store->versions('/x-leaf'))[0];
    is($store->run('certificate', 'me', 1, 'id', $version, 'r', 'version')
        ->[2][2], '', 'a version is no certificate');
    $store->redis('SET', $store->key('read_only'), 1);
    is($store->run('certificate', '', 1, 'id', $id, 'r', 'version')->[1], 1,
        'the hub is read-only');
};

$store->stop;
