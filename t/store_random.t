# Many nodes at once: what certificates do in any order, step by step, beside a
# model of what readers must see. The seed is fixed, so a failure comes again.

use v5.36;

use lib 't/lib';
use CredHubTest::Scripts;
use List::Util qw(first);
use Test::More;

my $STEPS = 1200;
my @NAMES = map {"/c$_"} 1 .. 6;
my @CAS   = @NAMES[0, 1];

my $store = CredHubTest::Scripts->new;
my (%model, %batch, %done, $batches);    # batch: state, begun, rows

srand 20261;

sub pick (@list) { return $list[rand @list] }

# What the model says: active, transitional, newest.
sub stamp_of ($name) {
    my $c = $model{$name} or return '';
    my $flag = $c->{flag} // '';
    return join '/', (first { $_ ne $flag } @{ $c->{ids} }) // '', $flag,
        $c->{ids}[0];
}

# A write to a certificate ends the batches that wait there.
sub touch ($name) {
    for my $b (values %batch) {
        $b->{state} = 'stale'
            if $b->{state} eq 'staging' && exists $b->{rows}{$name};
    }
    return;
}

sub commit_model ($b) {
    my $rows = $b->{rows};
    unshift @{ $model{$_}{ids} }, $rows->{$_} for keys %$rows;
    $b->{state} = 'committed';
    return;
}

sub write_one ($name, $flag) {
    my $ca     = pick('', grep { $_ ne $name && $model{$_} } @CAS);
    my $taken  = $flag && $model{$name} && defined $model{$name}{flag};
    my $word   = $store->put($name, ca => $ca, transitional => $flag,
        expect => stamp_of($name));

    is($word, $taken ? 'transitional' : 'ok', "put $name") or return;
    return if $taken;
    touch($name);
    unshift @{ $model{$name}{ids} }, $store->last_id;
    $model{$name}{flag} = $store->last_id if $flag;
    return;
}

my %actions = (
    put   => sub { write_one(pick(@NAMES), 0) },
    flag  => sub { write_one(pick(@NAMES), 1) },
    stage => sub {
        my $id = pick(sort(keys %batch), 'new');
        if ($id eq 'new') {
            $id = 'batch' . ++$batches;
            $batch{$id} = { state => 'staging', rows => {} };
        }
        my $name = pick(@NAMES);
        my $good = $model{$name} && $batch{$id}{state} eq 'staging';

        is($store->stage($name, $id), $good ? 'ok' : 'stale', "stage $name");
        return if !$good;
        delete $batch{$id}{rows}{$name};
        touch($name);
        $batch{$id}{rows}{$name} = $store->last_id;
        $batch{$id}{begun} = 1;
    },
    commit => sub {
        my $id = pick(sort keys %batch) or return;
        my $b  = $batch{$id};
        my $good = $b->{state} eq 'staging' && $b->{begun};

        is($store->commit($id), $good ? 'ok' : 'stale', "commit $id");
        commit_model($b) if $good;
    },
    carry => sub {
        my $id   = pick(sort keys %batch) or return;
        my $name = pick(@CAS);
        my $b    = $batch{$id};
        my $good = $b->{state} eq 'staging' && $b->{begun} && $model{$name};

        my $word = $store->flag($name, 'latest', batch => $id);
        is($word, $good ? 'ok' : 'stale', "flag of $name with $id");
        return if !$good;
        $model{$name}{flag} = $model{$name}{ids}[0];
        delete $b->{rows}{$name};
        touch($name);
        commit_model($b);
    },
    drop => sub {
        my $name = pick(@NAMES);
        my $c    = $model{$name} or return;
        my $id   = pick(@{ $c->{ids} });
        my $last = @{ $c->{ids} } == 1;

        is($store->drop($name, $id), $last ? 'last' : 'ok', "drop $id");
        return if $last;
        $c->{ids}  = [grep { $_ ne $id } @{ $c->{ids} }];
        $c->{flag} = undef if ($c->{flag} // '') eq $id;
        touch($name);
    },
    move => sub {
        my $name = pick(@NAMES);
        my $c    = $model{$name} or return;
        my $id   = pick(@{ $c->{ids} }, '', 'latest');

        is($store->flag($name, $id), 'ok', "flag of $name");
        $c->{flag} = $id eq '' ? undef : $id eq 'latest' ? $c->{ids}[0] : $id;
        touch($name);
    },
    delete => sub {
        my $name = pick(@NAMES);
        is($store->word('delete', $name, ''), $model{$name} ? 'ok' : 'missing',
            "delete $name");
        delete $model{$name};
        touch($name);
    },
    finish => sub {
        my $id = pick(sort keys %batch) or return;
        $store->finish($id);
        delete $batch{$id};
    },
    sweep => sub {
        $store->run('sweep');
        $store->finish_all;
        delete @batch{ grep { $batch{$_}{state} eq 'committed' } keys %batch };
    },
);

my @weighted = map { my $what = $_; ($what) x (/put|stage/ ? 5
    : /commit|carry|flag|move|drop/ ? 2 : 1) } sort keys %actions;

for my $step (1 .. $STEPS) {
    my $what = pick(@weighted);

    $actions{$what}->();
    $done{$what}++;
    my %have = map { $_ => [$store->stamp($_), [$store->versions($_)]] } @NAMES;
    my %want = map { $_ => [stamp_of($_), []] } @NAMES;
    $want{$_}[1] = $model{$_}{ids} for keys %model;

    is_deeply(\%have, \%want, "$step: $what") or last;
    $store->agree("$step: the keys agree") or last;
}

is_deeply([sort keys %done], [sort keys %actions], 'everything was done');
$store->finish_all($_) for sort keys %batch;
is_deeply([map { $store->key_names($_) } 'batch_rows:*', 'batches'], [],
    'no batch is left');
$store->stop;
