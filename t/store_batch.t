# Batches of certificate versions: staged, committed, stale, folded, thrown
# away. Nobody finishes what was begun: that is how a node dies here.

use v5.36;

use lib 't/lib';
use CredHubTest::Scripts;
use Test::More;

my $store = CredHubTest::Scripts->new;
my @leaves = map { sprintf '/leaf%03d', $_ } 1 .. 5;
my $n = 0;

sub new_batch () { return 'batch-' . ++$n }

# A batch with a version for each leaf; ids by name.
sub staged ($batch, @names) {
    my %ids;

    for (@names) {
        is($store->stage($_, $batch, ca => '/ca'), 'ok', "$_ is staged")
            or last;
        $ids{$_} = $store->last_id;
    }
    return \%ids;
}

sub actives (@names) { return { map { $_ => $store->active($_) } @names } }


is($store->put('/ca', expect => '', signer => '/ca'), 'ok', 'a CA');
is($store->put($_, expect => '', ca => '/ca'), 'ok', "$_ below it") for @leaves;
is($store->count('/CA'), 5, 'each is counted');


subtest 'staged is invisible, committed is there' => sub {
    my $batch = new_batch();
    my $old   = actives(@leaves);
    my $seen  = $store->visible;
    my $ids   = staged($batch, @leaves);

    is_deeply($store->visible, $seen, 'nothing is seen of it');
    is($store->run('version', $_, '', 'version')->[0], 'missing', 'by id')
        for values %$ids;
    is($store->count('/ca'), 5, 'the same certificates');
    $store->agree('the keys agree');

    my $before = $store->raw("batch:$batch");
    is($store->commit($batch, '/ca'), 'ok', 'commit');
    is_deeply($store->raw("batch:$batch"), $before, 'touches one key');
    is_deeply(actives(@leaves), $ids, 'all are active');
    is_deeply([$store->versions($_)], [$ids->{$_}, $old->{$_}], "$_: versions")
        for @leaves;
    is_deeply([$store->versions($leaves[0], 1)],
        [$ids->{ $leaves[0] }, $old->{ $leaves[0] }], 'one at a time');
    is($store->run('version', $_, '', 'version')->[2][0], $_, 'by id')
        for values %$ids;

    my $committed = $store->visible;
    delete $committed->{"current $_"} for @leaves;
    is($store->finish($batch), 0, 'fold');
    my $folded = $store->visible;
    my %current = map { $_ => delete($folded->{"current $_"})->[1] } @leaves;

    is_deeply($folded, $committed, 'changes nothing for readers');
    is_deeply(\%current, $ids, 'the rows by name follow');
    is_deeply([$store->key_names('batch*')], [], 'and the batch is gone');
    $store->agree('the keys agree');
    is($store->commit($batch, '/ca'), 'stale', 'once');
};


# A row: what happens to one certificate in between, and what that answers.
my @between = (
    ['a version', sub ($leaf) { $store->put($leaf, ca => '/ca') }],
    ['a transitional version',
        sub ($leaf) { $store->put($leaf, ca => '/ca', transitional => 1) }],
    ['another flag', sub ($leaf) { $store->flag($leaf, '') }],
    ['one version less',
        sub ($leaf) { $store->drop($leaf, ($store->versions($leaf))[1]) }],
    ['a deletion', sub ($leaf) { $store->word('delete', $leaf, '') }],
    ['another batch',
        sub ($leaf) { $store->stage($leaf, new_batch(), ca => '/ca') }],
    ['a new certificate below the CA',
        sub ($leaf) { $store->put('/leaf-new', ca => '/ca') }],
    ['a version of the CA', sub ($leaf) { $store->put('/ca') }],
    ['a transitional version of the CA',
        sub ($leaf) { $store->put('/ca', transitional => 1) }],
    ['another flag of the CA', sub ($leaf) { $store->flag('/ca', '') }],
);

for my $row (@between) {
    my ($what, $do) = @$row;

    subtest "stale by $what" => sub {
        my $batch = new_batch();
        my @cas   = (['/ca', $store->stamp('/ca'), $store->count('/ca')]);
        staged($batch, @leaves);

        is($do->($leaves[2]), 'ok', 'is done');
        my $seen = $store->visible;
        is($store->commit($batch, @cas), 'stale', 'the commit is refused');
        is_deeply($store->visible, $seen, 'and changes nothing');
        $store->agree('the keys agree');

        is($store->finish($batch), 0, 'thrown away');
        is_deeply($store->visible, $seen, 'unseen');
        is_deeply([$store->key_names('batch_rows:*')],
            $what eq 'another batch' ? ["batch_rows:batch-$n"] : [],
            'with its rows');
        $store->agree('the keys agree');
        $store->finish_all("batch-$n");

        is($store->put($leaves[2], ca => '/ca'), 'ok', 'again')
            if $what eq 'a deletion';
    };
}


subtest 'who came too late' => sub {
    my $batch = new_batch();
    staged($batch, $leaves[0]);
    my $stamp = $store->stamp($leaves[1]);
    is($store->put($leaves[1], ca => '/ca'), 'ok', 'a version in between');
    is($store->stage($leaves[1], $batch, expect => $stamp), 'stale',
        'a stage that does not know it');
    is($store->stage('/none', $batch), 'stale', 'for what does not exist');
    is($store->stage($leaves[1], $batch, ca => '/ca', ca_stamp => 'x//x'),
        'stale', 'under a CA that was');
    is($store->stage($leaves[1], $batch, ca => '/gone', ca_stamp => 'x//x'),
        'stale', 'under none');

    is($store->finish($batch), 0, 'given up by somebody');
    is($store->stage($leaves[0], $batch, ca => '/ca'), 'stale',
        'nobody begins it anew');
    is($store->commit($batch), 'stale', 'or commits it');
    my $ttl = $store->redis('TTL', $store->key("batch:$batch"));
    ok($ttl > 0, 'and it is forgotten some day');

    $batch = new_batch();
    is($store->stage($leaves[0], $batch, ca => '/ca', life => -1), 'ok',
        'one whose time is over');
    is($store->stage($leaves[1], $batch, ca => '/ca'), 'stale',
        'grows no more');
    is($store->commit($batch, '/ca'), 'stale', 'and is not committed');
    is($store->finish, 0, 'whoever comes ends it');
    is_deeply([map { $store->key_names($_) } 'batch_rows:*', 'batches'], [],
        'to the last row');
    $store->agree('the keys agree');
};


subtest 'a version replaces one of its own batch' => sub {
    my $batch = new_batch();
    staged($batch, $leaves[0]);
    my $ids = staged($batch, $leaves[0]);
    is($store->commit($batch, '/ca'), 'ok');
    is($store->active($leaves[0]), $ids->{ $leaves[0] }, 'the later one');
    my @versions = $store->versions($leaves[0]);
    is($store->finish_all($batch), 1);
    is_deeply([$store->versions($leaves[0])], \@versions, 'and no other');
    $store->agree('the keys agree');
};


# The write that changes the CA carries the batch.
for my $row (
    ['a version', sub (%opt) {
        $store->put('/ca', expect => $opt{stamp}, mode => 'commit',
            batch => $opt{batch}, count => $opt{count});
    }],
    ['a flag', sub (%opt) { $store->flag('/ca', 'latest', %opt) }],
    ['a deletion of a version', sub (%opt) {
        $store->drop('/ca', ($store->versions('/ca'))[0], %opt);
    }],
) {
    my ($what, $do) = @$row;

    subtest "committed with $what of the CA" => sub {
        my %stale = (
            count => $store->count('/ca') - 1,
            stamp => 'x//x',
            batch => 'no-such-batch',
        );
        my $batch = new_batch();
        my $ids   = staged($batch, @leaves);
        my $seen  = $store->visible;
        my %now   = (batch => $batch, count => $store->count('/ca'),
            stamp => $store->stamp('/ca'));

        for (sort keys %stale) {
            my $before = $store->raw;
            is($do->(%now, $_ => $stale{$_}), 'stale', "another $_");
            is_deeply($store->raw, $before, 'nothing is written');
        }
        is_deeply($store->visible, $seen, 'or seen');

        is($do->(%now), 'ok', 'both');
        isnt($store->stamp('/ca'), $now{stamp}, 'the CA');
        is_deeply(actives(@leaves), $ids, 'and its leaves');
        is($store->finish($batch), 0);
        $store->agree('the keys agree');

    };
}

subtest 'a change of a CA with which nobody was signed' => sub {
    my $count = $store->count('/ca');
    my $seen  = $store->visible;
    is($store->put('/ca', mode => 'commit', count => $count - 1), 'stale',
        'somebody was: a version');
    is($store->flag('/ca', 'latest', count => $count - 1), 'stale',
        'the transitional version');
    is($store->drop('/ca', $store->active('/ca'), count => $count - 1), 'stale',
        'one version less');
    is_deeply($store->visible, $seen, 'nothing changes');
    is($store->flag('/ca', '', count => ''), 'ok', 'who does not ask');
    is($store->put('/ca', mode => 'commit', count => $count), 'ok',
        'nobody was');
};


# A write to a certificate of a committed batch moves its version first. A row:
# what is done, and what is active then.
for my $row (
    ['a version', sub ($leaf) { $store->put($leaf, ca => '/ca') }, 'last'],
    ['another batch',
        sub ($leaf) { $store->stage($leaf, new_batch(), ca => '/ca') }, 'id'],
    ['a flag', sub ($leaf) { $store->flag($leaf, 'latest') }, 'old'],
    ['the version away',
        sub ($leaf) { $store->drop($leaf, ($store->versions($leaf))[0]) },
        'old'],
    ['an older one away',
        sub ($leaf) { $store->drop($leaf, ($store->versions($leaf))[1]) },
        'id'],
    ['all away', sub ($leaf) { $store->word('delete', $leaf, '') }, 'none'],
) {
    my ($what, $do, $active) = @$row;

    subtest "before it was folded: $what" => sub {
        my $leaf  = '/fold';
        my $batch = new_batch();

        $store->word('delete', $leaf, '');
        $store->put($leaf, ca => '/ca') for 1 .. 2;
        my $old = $store->active($leaf);
        my $ids = staged($batch, $leaf, $leaves[0]);
        is($store->commit($batch, '/ca'), 'ok');

        my @versions = $store->versions($leaf);
        is($do->($leaf), 'ok', 'is done');
        my %want = (last => $store->last_id, id => $ids->{$leaf}, old => $old,
            none => undef);
        is($store->active($leaf), $want{$active}, 'what is active');
        is($store->active($leaves[0]), $ids->{ $leaves[0] }, 'the other one');

        my $seen = $store->visible;
        delete $seen->{"current $leaves[0]"};
        $store->finish_all($batch);
        my $after = $store->visible;
        delete $after->{"current $leaves[0]"};
        is_deeply($after, $seen, 'folding the rest changes nothing');
        $store->agree('the keys agree');
        $store->finish_all("batch-$n");
    };
}


subtest 'the stream of changes' => sub {
    my $name    = '/stream';
    my @entries = (['set', 1], ['stage', 2], ['stage', 3], ['set', 2],
        ['set', 4], ['transitional', 2],
        ['delete', 1], ['delete', '']);
    my (@ids, @have);

    $store->put($name);
    push @ids, $store->last_id;
    for my $batch (new_batch(), new_batch()) {
        is($store->stage($name, $batch), 'ok');
        push @ids, $store->last_id;
        is($store->commit($batch), 'ok') if @ids == 2;
    }
    $store->put($name);
    push @ids, $store->last_id;
    is($store->flag($name, $ids[1]), 'ok');
    is($store->drop($name, $ids[0]), 'ok');
    is($store->word('delete', $name, ''), 'ok');

    my $stream = $store->redis('XRANGE', $store->key('changes'), '-', '+');
    for my $entry (@$stream) {
        my %entry = @{ $entry->[1] };
        push @have, [@entry{qw(op version)}] if $entry{name} eq $name;
    }
    my @want = map { [$_->[0], $_->[1] && $ids[$_->[1] - 1]] } @entries;
    is_deeply(\@have, \@want,
        'a staged version is told of, and again when it is folded');
    $store->finish_all;
};


# Steps of a hundred; other things happen between them.
subtest 'in steps' => sub {
    my @many = map { sprintf '/many/%03d', $_ } 1 .. 250;
    $store->put($_, ca => '/ca') for @many;

    for my $good (1, 0) {
        my $batch = new_batch();
        my $old   = actives(@many);
        my %ids;
        for (@many) {
            $store->stage($_, $batch, ca => '/ca');
            $ids{$_} = $store->last_id;
        }
        is($store->commit($batch, '/ca'), 'ok', 'committed') if $good;

        for my $rest (1, 1, 0) {
            is($store->finish($good ? '' : $batch), $rest, 'a step');
            is_deeply(actives(@many), $good ? \%ids : $old,
                'nothing changes for readers');
            $store->agree('the keys agree');
        }
        is($store->finish($batch), 0, 'once more is harmless');
        is_deeply([$store->key_names('batch_rows:*')], [], 'no row is left');
        is($store->redis('EXISTS', $store->key("batch:$batch")), $good ? 0 : 1,
            'nor the batch, unless it was given up');
    }
};


subtest 'several batches, and a hub that is read-only' => sub {
    my @batches = map { new_batch() } 1 .. 4;
    staged($batches[$_], $leaves[$_]) for 0 .. 3;
    is($store->commit($batches[0], '/ca'), 'ok', 'one is committed');
    $store->put($leaves[1], ca => '/ca');
    is($store->redis('HGET', $store->key("batch:$batches[1]"), 'state'),
        'stale', 'one is stale');

    $store->redis('SET', $store->key('read_only'), 1);
    my $before = $store->raw;
    is($store->finish($_), 0, 'no step') for '', $batches[0];
    is($store->commit($batches[2], '/ca'), 'read_only', 'no commit');
    is_deeply($store->raw, $before, 'nothing is written');
    $store->redis('DEL', $store->key('read_only'));

    is($store->finish_all, 2, 'what has ended is finished');
    is_deeply([$store->members('batches', 'SMEMBERS')], [sort @batches[2, 3]],
        'what has not is left alone');
    is($store->commit($batches[2], '/ca'), 'ok', 'one more');
    is($store->finish_all, 1);
    is($store->finish_all($batches[3]), 1, 'the last one is given up');
    is_deeply([map { $store->key_names($_) } 'batch_rows:*', 'batches'], [],
        'nothing is left');
    $store->agree('the keys agree');
};


subtest 'out of memory' => sub {
    my @batches = map { new_batch() } 1 .. 2;
    my $ids = staged($batches[0], $leaves[0]);
    staged($batches[1], $leaves[1]);
    is($store->commit($batches[0], '/ca'), 'ok');

    my @refused = (
        sub { $store->put($leaves[0], ca => '/ca') },
        sub { $store->stage($leaves[0], new_batch(), ca => '/ca') },
        sub { $store->flag($leaves[0], 'latest') },
        sub { $store->commit($batches[1], '/ca') },
    );

    $store->redis('CONFIG', 'SET', 'maxmemory', 1);
    for (@refused) {
        my $before = $store->raw;
        is(eval { $_->() }, undef, 'a write is refused');
        like($@, qr/OOM/, 'for that reason');
        is_deeply($store->raw, $before, 'and nothing is written');
    }
    is($store->drop($leaves[2], ($store->versions($leaves[2]))[1]), 'ok',
        'a version goes');
    is($store->finish($_), 0, 'a batch ends') for @batches;
    is($store->word('delete', $leaves[4], ''), 'ok', 'a certificate goes');
    $store->redis('CONFIG', 'SET', 'maxmemory', 0);

    is($store->active($leaves[0]), $ids->{ $leaves[0] }, 'folded');
    $store->agree('the keys agree');
};

$store->stop;
