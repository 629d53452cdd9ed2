# Many nodes at once: what objects and approvals do in any order, step by step,
# beside a model of what readers must see. The seed is fixed, so a failure comes
# again.

use v5.36;

use lib 't/lib';
use CredHubTest::Objects;
use Test::More;

my $STEPS   = 1000;
my $HOUR    = 3_600_000;
my @GROUPS  = map {"groups/g$_"} 1 .. 2;
my @LINKS   = map {"private-links/l$_"} 1 .. 4;
my @OWNERS  = map {"connections/c$_"} 1 .. 4;
my @ALL     = (@GROUPS, @LINKS, @OWNERS);
my @TYPES   = qw(certificates fingerprints);
my @UNIQUE  = ('', 'one', 'two');

my $store = CredHubTest::Objects->new;
my ($order, $lease, $uids, %model, %done) = (0, 0, 0);

srand 20262;

sub pick (@list) { return $list[rand @list] }
sub kind ($key) { return $key =~ s{/.*}{}r }

sub users ($key) {
    return sort { $model{$a}{order} <=> $model{$b}{order} }
        grep { my $user = $_; grep { $_ eq $key } @{ $model{$user}{refs} } }
        keys %model;
}

sub taken ($key, $text) {
    return $text ne '' && grep { $_ ne $key && kind($_) eq kind($key)
        && $model{$_}{unique} eq $text } keys %model;
}

# What a write would answer.
sub verdict ($key, %opt) {
    my $o     = $model{$key} // {};
    my @users = users($key);

    return 'exists' if %$o && !$opt{expect};
    return 'stale'  if $opt{expect} && ($o->{version} // '') ne $opt{expect};
    return 'lease'  if $opt{lease} && (!$o->{lease} || $o->{over}
        || $o->{lease} ne $opt{lease});
    return 'used' if $opt{state} eq 'DESTROYING' && @users;
    return 'ref'  if grep { !$model{$_} || $model{$_}{state} eq 'DESTROYING' }
        @{ $opt{refs} };
    return taken($key, $opt{unique}) ? 'taken' : 'ok';
}

sub try ($key, %opt) {
    my $o     = $model{$key};
    my $state = kind($key) eq 'private-links'
        ? $opt{state} // pick(qw(CREATING UPDATING OK FAIL DESTROYING)) : '';
    my $due = $state =~ /ING\z/ && pick(0, 1);

    %opt = (refs => [], %opt, state => $state, due => $due,
        unique => $state eq 'DESTROYING' ? '' : pick(@UNIQUE),
        uid => $o && $opt{expect} ? $o->{uid} : 'u' . ++$uids);
    $opt{refs} = [grep { $_ ne '' } pick('', @GROUPS), pick('', @LINKS)]
        if kind($key) eq 'connections';

    my $want = verdict($key, %opt);
    is($store->put($key, %opt), $want, "write $key");
    return if $want ne 'ok';
    $model{$key} = { uid => $opt{uid}, version => $store->version,
        refs => $opt{refs}, unique => $opt{unique}, state => $state,
        order => $o ? $o->{order} : ++$order,
        due => $due && $state ne 'DESTROYING' ? ++$order : 0,
        approvals => $o ? $o->{approvals} : { map { $_ => [] } @TYPES } };
    return;
}

# Who is handed out.
sub leased ($key, $ms, $claim) {
    my $o = $model{$key};

    is($claim->{key}, $key, "claim $key") or return;
    is($claim->{lease} > $lease, 1, 'a number above all others');
    $lease = $claim->{lease};
    @$o{qw(lease over)} = ($lease, $ms == 0);
    $o->{due} = ++$order if $o->{due};
    return;
}

my %actions = (
    create => sub { try(pick(@ALL)) },
    change => sub {
        my $key = pick(sort keys %model) or return;
        try($key, expect => pick(($model{$key}{version}) x 5, 'other'));
    },
    finish => sub {
        my $key = pick(grep { $model{$_} && $model{$_}{lease} } @LINKS)
            or return;
        try($key, expect => $model{$key}{version}, state => pick(qw(OK FAIL)),
            lease => $model{$key}{lease} + pick(0, 0, 0, -1));
    },
    claim => sub {
        my $key = pick(@LINKS);
        my $o   = $model{$key};
        my $ms  = pick(0, $HOUR);
        my $got = $store->claim($key, $ms);

        return leased($key, $ms, $got) if $o
            && $o->{state} =~ /^(?:CREA|UPDA)TING\z/
            && (!$o->{lease} || $o->{over});
        is($got, !$o ? 'missing' : $o->{state} !~ /^(?:CREA|UPDA)TING\z/
            ? 'state' : 'leased', "claim $key");
    },
    next => sub {
        my $ms    = pick(0, $HOUR);
        my ($key) = sort { $model{$a}{due} <=> $model{$b}{due} }
            grep { $model{$_}{due} && (!$model{$_}{lease} || $model{$_}{over}) }
            keys %model;
        my $got = $store->claim('', $ms);

        return is($got, 'none', 'nothing is due') if !$key;
        leased($key, $ms, $got);
    },
    delete => sub {
        my $key   = pick(@ALL);
        my @users = users($key);
        my $got   = $store->remove($key);

        return is($got->[0], 'missing', "delete $key") if !$model{$key};
        return is_deeply($got, ['used', scalar @users, 0, \@users],
            "delete $key") if @users;
        is($got->[0], 'ok', "delete $key");
        delete $model{$key};
    },
    approve => sub {
        my ($key, $type, $hash) = (pick(@OWNERS), pick(@TYPES), 'h' . int rand 5);
        my $o   = $model{$key} // { uid => 'none' };
        my $got = $store->approve($key, $type, $hash, uid => $o->{uid});

        return is($got, 'missing', "approve for $key") if !$model{$key};
        is($got->{hash}, $hash, "approve for $key");
        my $list = $o->{approvals}{$type};
        push @$list, $hash if !grep { $_ eq $hash } @$list;
    },
    revoke => sub {
        my ($key, $type, $hash) = (pick(@OWNERS), pick(@TYPES), 'h' . int rand 5);
        my $o    = $model{$key} // { uid => '', approvals => {} };
        my $list = $o->{approvals}{$type} // [];
        my $here = grep { $_ eq $hash } @$list;

        is_deeply($store->revoke($key, $type, $hash),
            $here ? ['ok', $o->{uid}, $hash] : ['missing', $o->{uid}],
            "revoke of $key");
        @$list = grep { $_ ne $hash } @$list;
    },
    sweep => sub {
        $store->sweep;
        delete @model{ grep { $model{$_}{state} eq 'DESTROYING' } keys %model };
    },
);

sub shown () {
    my %shown;
    for my $key (@ALL) {
        my $o = $store->object($key);
        $shown{$key} = $o && [@$o{qw(uid version lease)}];
        next if kind($key) eq 'private-links' || kind($key) eq 'groups';
        $shown{"$key $_"} = [$store->hashes($key, $_)] for @TYPES;
    }
    $shown{$_} = [$store->keys_of($_)] for map { ("objects:$_", "used:$_") }
        map { kind($_->[0]) } \@GROUPS, \@LINKS, \@OWNERS;
    $shown{"used:$_"} = [$store->keys_of("used:$_")] for @GROUPS, @LINKS;
    return \%shown;
}

sub expected () {
    my @in = sort { $model{$a}{order} <=> $model{$b}{order} } keys %model;
    my %want;

    for my $key (@ALL) {
        my $o = $model{$key};
        $want{$key} = $o && [@$o{qw(uid version lease)}];
        next if kind($key) ne 'connections';
        $want{"$key $_"} = $o ? $o->{approvals}{$_} : [] for @TYPES;
    }
    for my $kind (map { kind($_->[0]) } \@GROUPS, \@LINKS, \@OWNERS) {
        $want{"objects:$kind"} = [grep { kind($_) eq $kind } @in];
        $want{"used:$kind"}    = [grep {
            grep { kind($_) eq $kind } @{ $model{$_}{refs} } } @in];
    }
    $want{"used:$_"} = [users($_)] for @GROUPS, @LINKS;
    return \%want;
}

my @weighted = map { my $what = $_; ($what) x ($what =~ /create|change/ ? 5
    : $what =~ /delete|sweep/ ? 1 : 3) } sort keys %actions;

for my $step (1 .. $STEPS) {
    my $what = pick(@weighted);

    $actions{$what}->();
    $done{$what}++;
    is_deeply(shown(), expected(), "$step: $what") or last;
    is_deeply([sort { $a cmp $b } $store->members('provision')],
        [sort grep { $model{$_}{due} } keys %model], "$step: what is due")
        or last;
    $store->agree("$step: the keys agree") or last;
}

is_deeply([sort keys %done], [sort keys %actions], 'everything was done');
for my $key (@OWNERS, @LINKS, @GROUPS) {
    is($store->remove($key)->[0], $model{$key} ? 'ok' : 'missing', "$key goes");
}
$store->sweep;
is_deeply([$store->key_names('*')], [qw(changes clock schema seq)],
    'nothing is left');
$store->stop;
