# Private links in the store: which one is worked on, by whom, and how they end.

use v5.36;

use lib 't/lib';
use CredHubTest::Objects;
use Test::More;

my $HOUR  = 3_600_000;
my $store = CredHubTest::Objects->new;

sub link_key ($id) {"private-links/$id"}

sub made ($id, %opt) {
    return is($store->put(link_key($id), state => 'CREATING', due => 1, %opt),
        'ok', "create $id");
}

# The key that is handed out; or the word.
sub next_due ($ms = $HOUR) {
    my $claim = $store->claim('', $ms);
    return ref $claim ? $claim->{key} =~ s{.*/}{}r : $claim;
}

sub fate ($id, $state, %opt) {
    return $store->change(link_key($id), state => $state, %opt)->[0];
}

sub due () { return [$store->members('provision')] }


subtest 'one worker at a time' => sub {
    made('a');
    my $first = $store->claim('', $HOUR);
    my $time  = $store->redis('GET', $store->key('clock'));

    is($first->{key}, link_key('a'), 'is handed out');
    is($first->{until}, $time + $HOUR * 1000, 'for that time');
    is_deeply($store->object(link_key('a')), $first, 'the row says so');
    is($store->claim, 'none', 'not twice');
    is($store->claim(link_key('a')), 'leased', 'not when it is asked for');
    $store->agree('the keys agree');

    is($store->put(link_key('a'), expect => $first->{version}, state => 'OK',
        lease => $first->{lease} + 1), 'lease', 'a lease that was never given');
    is_deeply($store->object(link_key('a')), $first, 'changes nothing');
    is(fate('a', 'OK', lease => $first->{lease}), 'ok', 'its lease ends it');
    is_deeply([@{ $store->object(link_key('a')) }{qw(lease until)}],
        [undef, undef], 'no lease stands');
    is_deeply(due(), [], 'and nothing is due');
    is(fate('a', 'FAIL', lease => $first->{lease}), 'lease', 'once');
    is($store->claim(link_key('a')), 'state', 'it does not wait');
    is($store->claim(link_key('none')), 'missing', 'nor one that is not there');
    $store->agree('the keys agree');
};


subtest 'a lease that ends is taken over' => sub {
    made('b');
    my $lost = $store->claim('', 0);
    is($store->put(link_key('b'), expect => $lost->{version}, state => 'OK',
        lease => $lost->{lease}), 'lease', 'who is late');

    my $next = $store->claim('', $HOUR);
    is($next->{key}, link_key('b'), 'it is handed out again');
    cmp_ok($next->{lease}, '>', $lost->{lease}, 'with a higher number');
    is($next->{version}, $lost->{version}, 'it is the same object');
    is($store->put(link_key('b'), expect => $lost->{version}, state => 'FAIL',
        lease => $lost->{lease}), 'lease', 'the first one is stale');
    is(fate('b', 'OK', lease => $next->{lease}), 'ok', 'the second one counts');

    made('c');
    is($store->claim(link_key('c'), 0)->{key}, link_key('c'), 'by its key');
    is(ref $store->claim(link_key('c'), 0), 'HASH', 'again');
    is(next_due(), 'c', 'or as the next one');
    is(next_due(), 'none', 'once');
    $store->agree('the keys agree');
    is(fate('c', 'OK'), 'ok', 'a write without a lease');
    is_deeply(due(), [], 'ends it, too');
    $store->agree('the keys agree');
};


subtest 'the order' => sub {
    made($_) for qw(d e f);
    is($store->claim(link_key('e'), $HOUR)->{key}, link_key('e'), 'one ahead');
    is(next_due(), 'd', 'who waits longest');
    is(next_due(), 'f', 'the next');
    is(next_due(), 'none', 'all are at work');

    is(fate('e', 'UPDATING', due => 1), 'ok', 'one has changed');
    is($store->object(link_key('e'))->{lease}, undef, 'its lease is gone');
    is(next_due(), 'e', 'it is due again');
    $store->agree('the keys agree');
    is(fate($_, 'OK'), 'ok', "$_ is done") for qw(d e f);

    made('g', due => 0);
    is(next_due(), 'none', 'one that somebody else provisions');
    my $claim = $store->claim(link_key('g'), $HOUR);
    is($claim->{key}, link_key('g'), 'when it asks for it');
    is($store->claim(link_key('g')), 'leased', 'once');
    is_deeply(due(), [], 'never for the hub');
    is(fate('g', 'CREATING', lease => $claim->{lease}), 'ok', 'it gives up');
    is(ref $store->claim(link_key('g'), 0), 'HASH', 'it can be asked for again');
    is(fate('g', 'OK', due => 1), 'ok', 'what does not wait');
    is_deeply(due(), [], 'is not due');
    $store->agree('the keys agree');
};


subtest 'destroyed' => sub {
    made('h');
    is($store->put('connections/h', refs => [link_key('h')]), 'ok', 'a user');
    is(fate('h', 'DESTROYING'), 'used', 'not in use');
    is_deeply(due(), [link_key('h')], 'it waits as before');
    is($store->remove('connections/h')->[0], 'ok', 'the user goes');

    my $lease = $store->claim('', $HOUR)->{lease};
    is(fate('h', 'DESTROYING'), 'ok', 'now it can go');
    is_deeply(due(), [], 'it is not due any more');
    is(fate('h', 'OK', lease => $lease), 'lease', 'who works on it is late');
    is($store->put('connections/i', refs => [link_key('h')]), 'ref',
        'nobody can refer to it');
    is($store->claim(link_key('h')), 'state', 'or work on it');
    $store->agree('the keys agree');

    $store->redis('SET', $store->key('read_only'), 1);
    is_deeply($store->run('object_sweep'), ['ok', 0], 'not in read-only mode');
    $store->redis('DEL', $store->key('read_only'));
    is($store->object(link_key('h'))->{key}, link_key('h'), 'it stays');

    made($_), fate($_, 'DESTROYING') for qw(i j);
    is($store->sweep, 3, 'each in a step');
    is($store->object(link_key($_)), undef, "$_ is gone") for qw(h i j);
    $store->agree('the keys agree');

    made('h');
    is(fate('h', 'DESTROYING'), 'ok', 'a new one');
    is($store->remove(link_key('h'))->[0], 'ok', 'or at once');
    is($store->redis('EXISTS', $store->key('destroying')), 0, 'nothing is left');

    # what nobody writes
    $store->redis('SADD', $store->key('destroying'), link_key($_)) for qw(a none);
    is($store->sweep, 2, 'one that is not, and one that never was');
    is($store->object(link_key('a'))->{key}, link_key('a'), 'stay as they are');
    $store->agree('the keys agree');
};


subtest 'a clock that was ahead' => sub {
    made('k');
    my $ahead = $store->redis('GET', $store->key('clock')) + $HOUR * 1000;
    $store->redis('SET', $store->key('clock'), $ahead);

    my $claim = $store->claim('', 1000);
    is($claim->{until}, $ahead + 1_000_000, 'leases never go back');
    is($store->redis('GET', $store->key('clock')), $ahead, 'nor does the clock');
    is($store->claim(link_key('k')), 'leased', 'it stands');
    $store->redis('SET', $store->key('clock'), $ahead + 999_999);
    is($store->claim(link_key('k')), 'leased', 'to its end');
    $store->redis('SET', $store->key('clock'), $ahead + 1_000_000);
    is(fate('k', 'OK', lease => $claim->{lease}), 'lease', 'and no longer');
    my $next = $store->claim('', 1000);
    is($next->{key}, link_key('k'), 'then it is due');
    $store->redis('SET', $store->key('clock'), $ahead + 1_999_999);
    is(fate('k', 'OK', lease => $next->{lease}), 'ok', 'who is in time counts');
};

$store->stop;
