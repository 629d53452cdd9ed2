# Approvals in the store: an order that pages can follow whatever comes and goes,
# and owners that inherit nothing.

use v5.36;

use lib 't/lib';
use CredHubTest::Objects;
use Test::More;

my $MANY  = 10_000;
my $STEP  = 1000;
my $store = CredHubTest::Objects->new;

# Redis need not write each of them to the disk
$store->redis('CONFIG', 'SET', 'appendonly', 'no');

sub approve_all ($key, $type, @hashes) {
    my $n = grep { ref $store->approve($key, $type, $_) } @hashes;
    return is($n, @hashes, scalar(@hashes) . " $type of $key");
}

sub rows ($uid) { return [$store->key_names("approval*:$uid/*")] }


subtest 'approved once' => sub {
    my @key = ('connections/a', 'certificates');
    $store->put('connections/a', uid => 'ua');

    my $row = $store->approve(@key, 'h/+=', uid => 'ua', content => "\0DER",
        by => 'me', date => 42, mac => 'm');
    my %row = (hash => 'h/+=', content => "\0DER", by => 'me', date => 42,
        mac => 'm', sequence => $store->redis('GET', $store->key('seq')));
    is_deeply($row, \%row, 'the row');

    my $before = $store->raw;
    is_deeply($store->approve(@key, 'h/+=', uid => 'ua', content => 'x',
        by => 'you', date => 43, mac => 'n'), \%row, 'the first one stays');
    is($store->approve(@key, 'x', uid => 'ub'), 'missing', 'another owner');
    is($store->approve('connections/b', 'certificates', 'x', uid => 'ua'),
        'missing', 'no owner');
    is_deeply($store->raw, $before, 'nothing is written');

    is_deeply($store->approved(@key, 'x', 'h/+=', 'y'), \%row, 'one of several');
    is($store->approved('connections/a', 'fingerprints', 'h/+='), undef,
        'of this type only');
    is($store->approved(@key), undef, 'none of none');

    is_deeply($store->revoke('connections/a', 'fingerprints', 'h/+='),
        ['missing', 'ua'], 'revoked: of this type only');
    is_deeply($store->revoke('connections/b', 'certificates', 'h/+='),
        ['missing', ''], 'no owner');
    is_deeply($store->revoke(@key, 'x', 'h/+='), ['ok', 'ua', 'h/+='], 'revoked');
    is_deeply($store->revoke(@key, 'x', 'h/+='), ['missing', 'ua'], 'once');
    is($store->approved(@key, 'h/+='), undef, 'gone');
    is_deeply(rows('ua'), [], 'no key is left');

    my @told = map { my %row = @{ $_->[1] }; "@row{qw(op name version)}" }
        @{ $store->redis('XREVRANGE', $store->key('changes'), '+', '-',
            'COUNT', 2) };
    is_deeply(\@told, [('approval connections/a certificates/h/+=') x 2],
        'both are told');
    $store->remove('connections/a');
};


subtest 'what an actor may' => sub {
    my @ask = ('connections/a', 'certificates', '/trust/connections/a', 'me');
    my @may = ('w/trust/*', 'mac');

    $store->redis('HSET', $store->key('grants:me'), @may, 'r/trust/*', 'read');
    is_deeply($store->run('approval', @ask, 'w', 'h'), ['missing', '', \@may],
        'of an owner that is not there');
    is_deeply($store->run('approvals', @ask, 0, 10, 100),
        ['missing', '', ['r/trust/*', 'read']], 'nor its list');

    $store->put('connections/a', uid => 'ua');
    is_deeply($store->run('approval', @ask, 'w', 'h'), ['missing', 'ua', \@may],
        'nothing is approved');
    is_deeply($store->run('approvals', @ask, 0, 10, 100),
        ['ok', 'ua', ['r/trust/*', 'read'], 'certificates', 0], 'an empty list');
    my $row = [@{ $store->approve('connections/a', 'certificates', 'h',
        uid => 'ua') }{qw(hash content by date mac sequence)}];
    is_deeply($store->run('approval', @ask, 'w', 'h'),
        ['ok', 'ua', \@may, 'certificates', $row], 'one is');
    is_deeply($store->run('approvals', @ask, 0, 10, 100),
        ['ok', 'ua', ['r/trust/*', 'read'], 'certificates', 0, $row], 'a list');
    $store->remove('connections/a');
    $store->redis('DEL', $store->key('grants:me'));
};


subtest 'pages' => sub {
    my @list = ('connections/p', 'fingerprints');
    $store->put('connections/p');
    approve_all(@list, map {"h$_"} 1 .. 6);

    my ($next, @rows) = $store->approvals_page(@list, 0, 6);
    is_deeply([$next, map { $_->{hash} } @rows], [0, map {"h$_"} 1 .. 6],
        'as many as there are');
    ($next, @rows) = $store->approvals_page(@list, 0, 4);
    is_deeply([$next, map { $_->{hash} } @rows],
        [$rows[3]{sequence}, map {"h$_"} 1 .. 4], 'in the order of approval');
    $store->revoke(@list, 'h4');
    $store->approve(@list, 'h4');
    ($next, @rows) = $store->approvals_page(@list, $next, 4);
    is_deeply([$next, map { $_->{hash} } @rows], [0, qw(h5 h6 h4)],
        'one that is approved anew comes last');

    (undef, @rows) = $store->approvals_page(@list);
    my $size = length join '', map { values %$_ } @rows[0, 1];
    is(() = $store->approvals_page(@list, 0, 10, $size), 3, 'bytes');
    is(() = $store->approvals_page(@list, 0, 10, $size + 1), 4,
        'at least so many');
    is(() = $store->approvals_page(@list, 0, 10, 1), 2, 'or one row');
    is(() = $store->approvals_page(@list, 0, 5000), 7, 'no more than there are');
    $store->agree('the keys agree');
    $store->remove('connections/p');
};


subtest "$MANY of them, while others come and go" => sub {
    my @list   = ('connections/m', 'certificates');
    my @hashes = map { sprintf 'h%05d', ($_ * 7919) % $MANY } 1 .. $MANY;
    my ($next, @seen, @calls) = (0);

    $store->put('connections/m');
    approve_all(@list, @hashes);
    my %gone;

    do {
        my @rows;
        push @calls, $store->calls(
            sub { ($next, @rows) = $store->approvals_page(@list, $next) });
        push @seen, map { $_->{hash} } @rows;

        # what was seen, what was not, the last one, and new ones
        for my $at (@seen - 500, @seen - 1, @seen + 250) {
            my $hash = $hashes[$at] // next;
            $gone{$hash} = 1
                if $store->revoke(@list, $hash)->[0] eq 'ok';
        }
        $store->approve(@list, 'new' . @calls . "-$_") for 1 .. 20;
    } while ($next && @calls < 20);

    my %times;
    $times{$_}++ for @seen;
    is_deeply([grep { !$gone{$_} && ($times{$_} // 0) != 1 } @hashes], [],
        'each that stayed was seen once');
    is_deeply([grep { $_ > 1 } values %times], [], 'nothing was seen twice');
    is(keys %gone >= 20, 1, 'some went');
    is_deeply([grep { !$gone{$_} } grep {/^h/} @seen],
        [grep { !$gone{$_} } @hashes], 'in their order');
    is(@calls, 11, 'in pages');

    my $full = $calls[0];
    is($full->{hmget}, $STEP + 1, 'one command a row, and one for the schema');
    is_deeply([@calls[1 .. 9]], [($full) x 9], 'each full page costs the same');
    my $middle = $store->approved(@list, @hashes[5000 .. 5010])->{sequence};
    is_deeply($store->calls(sub { $store->approvals_page(@list, $middle, 1) }),
        $store->calls(sub { $store->approvals_page(@list, 0, 1) }),
        'one row, too');
};


subtest 'an owner that is made again inherits nothing' => sub {
    my $key = 'destinations/group';
    my @old = map {"old$_"} 1 .. 1500;

    $store->put($key, uid => 'first');
    for my $type (qw(certificates fingerprints)) {
        is(grep({ ref $store->approve($key, $type, $_, uid => 'first') } @old),
            @old, "$type of the first");
    }
    is($store->remove($key)->[6], 1, 'it goes and leaves some');
    is($store->approve($key, 'certificates', 'x', uid => 'first'), 'missing',
        'nobody approves for it');
    is(@{ rows('first') } > 1, 1, 'they are there');

    $store->put($key, uid => 'second');
    for my $type (qw(certificates fingerprints)) {
        is_deeply([$store->hashes($key, $type)], [], "$type: none");
        is($store->approved($key, $type, @old), undef, 'not one');
        is_deeply($store->revoke($key, $type, @old), ['missing', 'second'],
            'nothing to revoke');
    }
    is($store->approve($key, 'certificates', 'x', uid => 'first'), 'missing',
        'nobody approves for the first one');
    is(ref $store->approve($key, 'certificates', 'old1', uid => 'second'),
        'HASH', 'a new one');
    is(ref $store->approve($key, 'certificates', 'old1400', uid => 'second'),
        'HASH', 'another');

    is($store->sweep, 2, 'the rest goes in two more steps');
    is_deeply(rows('first'), [], 'of the first nothing is left');
    is_deeply([$store->hashes($key, 'certificates')], [qw(old1 old1400)],
        'what the second has stays');
};


subtest 'deleted with 2,500 approvals' => sub {
    my %left = (certificates => 2100, fingerprints => 400);
    my $raw  = sub { $store->raw(qw(changes clock object_trash)) };

    $store->put('connections/near');
    approve_all('connections/near', $_, qw(x1 x2 near)) for sort keys %left;
    my $others = $raw->();

    $store->put('connections/d', uid => 'ud');
    for my $type (sort keys %left) {
        my @hashes = map {"x$_"} 1 .. $left{$type};
        is(grep({ ref $store->approve('connections/d', $type, $_, uid => 'ud') }
            @hashes), @hashes, $type);
    }

    is($store->remove('connections/d')->[6], 1, 'some are left');
    is(@{ rows('ud') } - 2, 1500, 'a step is gone at once');
    is_deeply([$store->members('object_trash', 'SMEMBERS')], ['ud'],
        'who has left them is known');
    my $calls = $store->calls(sub {
        is_deeply($store->run('object_sweep'), ['ok', 1], 'a step');
    });
    is_deeply([@$calls{qw(unlink zrem)}], [1, 1], 'is few commands');
    is(@{ rows('ud') } - 2, 500, 'of so many rows');
    is($store->sweep, 1, 'the last one');
    is_deeply(rows('ud'), [], 'no key is left');
    is_deeply($raw->(), $others, 'and all others are what they were');
};


subtest 'everything goes' => sub {
    $store->remove(s/^object://r) for $store->key_names('object:*');
    $store->sweep;
    is_deeply([$store->key_names('*')], [qw(changes clock schema seq)],
        'and leaves nothing that grows with what is there');
};

$store->stop;
