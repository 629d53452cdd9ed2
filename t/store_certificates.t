# Certificates in the store: which version is active, who decides when two write
# at once, what is counted, and what a deletion leaves.

use v5.36;

use lib 't/lib';
use CredHubTest::Scripts;
use Test::More;

my $store = CredHubTest::Scripts->new;

# active, transitional, newest; the versions are numbered in the order of $ids.
sub is_stamp ($name, $stamp, $label, @ids) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %number = map { $ids[$_] => $_ + 1 } 0 .. $#ids;
    my $have = $store->stamp($name) =~ s{([^/]+)}{$number{$1} // $1}ger;
    return is($have, $stamp, $label);
}

# The row by name, as the hot read takes it.
sub current ($name, @fields) {
    return $store->redis('HMGET', $store->key("credential:$name"), @fields);
}

sub word_of_write ($name, %opt) {
    my $id = $store->next_id;
    return $store->word('put', $name, lc $name, $opt{type} // 'value', $id,
        $store->next_id, $opt{expect} // '*', 0, '', 'head', '', '', '', 'mac',
        '');
}


subtest 'active, transitional, newest' => sub {
    my @ids;
    my $put = sub (%opt) {
        my $word = $store->put('/Flags', %opt);
        push @ids, $store->last_id if $word eq 'ok';
        return $word;
    };

    is($put->(expect => ''), 'ok', 'the first');
    is_stamp('/flags', '1//1', 'is active', @ids);
    is($put->(), 'ok', 'another');
    is_stamp('/flags', '2//2', 'is the active one', @ids);
    is($put->(transitional => 1), 'ok', 'a transitional one');
    is_stamp('/flags', '2/3/3', 'stands beside', @ids);
    is_deeply(current('/flags', qw(version transitional newest name)),
        [$ids[1], $ids[2], $ids[2], '/Flags'], 'the row by name');
    is($put->(transitional => 1), 'transitional', 'one at a time');
    is($put->(), 'ok', 'one on top');
    is_stamp('/flags', '4/3/4', 'is active', @ids);

    is($store->flag('/flags', $ids[0]), 'ok', 'the flag moves');
    is_stamp('/flags', '4/1/4', 'to an old one', @ids);
    is($store->flag('/flags', 'latest'), 'ok', 'to the newest');
    is_stamp('/flags', '3/4/4', 'the one below is active', @ids);
    is_deeply(current('/flags', qw(version transitional newest)),
        [@ids[2, 3, 3]], 'the row by name');
    is($store->flag('/flags', $ids[2]), 'ok', 'to the active one');
    is_stamp('/flags', '4/3/4', 'which is no more', @ids);
    is($store->flag('/flags', ''), 'ok', 'away');
    is_stamp('/flags', '4//4', 'nowhere', @ids);
    is_deeply(current('/flags', 'transitional'), [undef], 'in no row');

    $store->put('/other');
    is($store->flag('/flags', $store->last_id), 'mismatched',
        'a version of another certificate');
    is($store->flag('/flags', 'x'), 'mismatched', 'no version at all');

    is($store->flag('/flags', 'latest'), 'ok');
    is($store->drop('/flags', $ids[2]), 'ok', 'the active version goes');
    is_stamp('/flags', '2/4/4', 'an older one is active', @ids);
    is($store->drop('/flags', $ids[3]), 'ok', 'the transitional one goes');
    is_stamp('/flags', '2//2', 'with the flag', @ids);
    is($store->drop('/flags', $ids[3]), 'missing', 'it is gone');
    is($store->drop('/flags', ($store->versions('/other'))[0]), 'missing',
        'one of another certificate');
    is($store->drop('/flags', $ids[0]), 'ok', 'the oldest one goes');
    is($store->drop('/flags', $ids[1]), 'last', 'the last one stays');
    is_deeply([$store->versions('/flags')], [$ids[1]], 'one is left');
    $store->agree('the keys agree');
};


subtest 'only a transitional version' => sub {
    is($store->put('/only', transitional => 1, expires => 5), 'ok');
    my $id = $store->last_id;

    is_stamp('/only', '/1/1', 'nothing is active', $id);
    is_deeply(current('/only', qw(version transitional)), [$id, $id],
        'the row by name is that one');
    is($store->run('find', '/only', '', '', 'names', '', '')->[2], undef,
        'find does not');
    is($store->run('find', '/only', '', '', 'certificates', 1e15, '')->[2],
        undef, 'by expiry neither');
    is($store->run('certificates', '/only', '', '', '')->[2][4], $id,
        'the list has it');

    is($store->put('/only', expires => 7), 'ok', 'one more');
    is_stamp('/only', '2/1/2', 'is active', $id, $store->last_id);
    is($store->run('find', '/only', '', '', 'names', '', '')->[2][4], 7,
        'and found');
    is($store->drop('/only', $store->last_id), 'ok');
    is_stamp('/only', '/1/1', 'and gone again', $id);
    is($store->flag('/only', ''), 'ok');
    is_stamp('/only', '1//1', 'active', $id);
    is($store->flag('/only', 'latest'), 'ok', 'and back');
    is_stamp('/only', '/1/1', 'again', $id);
    $store->agree('the keys agree');
};


subtest 'the store decides' => sub {
    $store->put('/race', expect => '') for 1 .. 2;
    is(scalar $store->versions('/race'), 1, 'one of two is the first');
    $store->put('/race-ca', expect => '');

    my ($stamp, $ca) = map { $store->stamp($_) } '/race', '/race-ca';
    is($store->put('/race', expect => $stamp, ca => '/race-ca'), 'ok', 'one');
    my $before = $store->raw;
    my @late = (
        ['a version',
            sub { $store->put('/race', expect => $stamp) }],
        ['a first version',
            sub { $store->put('/race', expect => '') }],
        ['a flag', sub { $store->flag('/race', '', stamp => $stamp) }],
        ['a deletion', sub { $store->drop('/race', 'x', stamp => $stamp) }],
        ['a flag of nothing', sub { $store->flag('/race-none', '') }],
        ['under a CA that is gone',
            sub { $store->put('/race', ca => '/race-none', ca_stamp => $ca) }],
    );
    for (@late) {
        is($_->[1]->(), 'stale', "$_->[0], too late");
        is_deeply($store->raw, $before, 'nothing is written');
    }

    for my $change (
        sub { $store->put('/race-ca') },
        sub { $store->put('/race-ca', transitional => 1) },
        sub { $store->flag('/race-ca', '') },
        sub { $store->drop('/race-ca', $store->active('/race-ca')) })
    {
        my $old = $store->stamp('/race-ca');
        is($change->(), 'ok', 'the CA changes');
        is($store->put('/race', ca => '/race-ca', ca_stamp => $old), 'stale',
            'who has signed with it comes back');
    }

    is($store->put('/race', id => 'again', ca => '/race-ca'), 'ok',
        'a version');
    $before = $store->raw;
    is($store->put('/race', id => 'again', expect => 'x//x'), 'ok',
        'the same request once more');
    is_deeply($store->raw, $before, 'writes nothing');
    $store->agree('the keys agree');
};


subtest 'types' => sub {
    is(word_of_write('/plain'), 'ok');
    $store->put('/typed');

    my $before = $store->raw;
    is($store->put('/plain'), 'type', 'a certificate over a value');
    is($store->put('/plain', expect => ''), 'type', 'whatever was expected');
    is(word_of_write('/typed'), 'type', 'a value over a certificate');
    is($store->flag('/plain', ''), 'stale', 'a flag of a value');
    is($store->put('/typed', ca => '/plain', ca_stamp => ''), 'stale',
        'a value as a CA');
    is_deeply($store->raw, $before, 'nothing is written');

    my $look = $store->look('/plain');
    is_deeply([@$look{qw(type stamp active)}], ['value', '', undef],
        'the look-up says what it is');
    is($store->run('certificates', '/plain', '', '', '')->[2], undef,
        'the list leaves it out');
};


subtest 'who was signed' => sub {
    $store->put($_, signer => $_) for '/CA-one', '/ca-two';
    my $signed = sub { [map { $store->count($_) } '/ca-one', '/ca-two'] };

    is_deeply($signed->(), [0, 0], 'itself does not count');
    $store->put('/child', ca => '/ca-one');
    $store->put('/child', ca => '/ca-one');
    is_deeply($signed->(), [1, 0], 'a certificate counts once');
    $store->put('/child', ca => '/ca-two');
    $store->put('/child', signer => '/child');
    is_deeply($signed->(), [1, 1], 'for each CA');
    is_deeply([$store->children('/ca-one')], ['/child'],
        'any version names it');

    my @ids = reverse $store->versions('/child');
    my ($credential) = $store->look('/child')->{credential};
    is_deeply($store->hash("signers:$credential"),
        { '/ca-one' => 2, '/ca-two' => 1 }, 'how many versions do');

    is($store->drop('/child', $ids[0]), 'ok');
    is_deeply([$store->children('/ca-one')], ['/child'], 'one less');
    is($store->drop('/child', $ids[1]), 'ok');
    is_deeply([$store->children('/ca-one')], [], 'none');
    is_deeply([$store->children('/ca-two')], ['/child'], 'the other has it');
    $store->put('/child', ca => '/ca-one');
    is_deeply($signed->(), [2, 1], 'who comes back counts again');

    my $newest = $store->run('children', '/ca-two', '', '', 'w')->[3][3];
    is($newest, '/ca-one', 'the newest version names another');
    $store->agree('the keys agree');

    is($store->word('delete', '/child', ''), 'ok');
    is_deeply([map { $store->children($_) } '/ca-one', '/ca-two'], [],
        'a deleted one names nobody');
    is_deeply($signed->(), [2, 1], 'what was counted stays');
    $store->put('/child', ca => '/ca-two');
    is_deeply($signed->(), [2, 2], 'a new one of the name counts');
    $store->word('delete', '/ca-two', '');
    is_deeply([$store->children('/ca-two')], ['/child'],
        'a CA that is gone has signed it');
    $store->agree('the keys agree');
};


subtest 'a staged version counts until it is thrown away' => sub {
    $store->put('/ca-staged');
    $store->put('/staged');
    is($store->stage('/staged', 'b1', ca => '/ca-staged'), 'ok');
    is($store->count('/ca-staged'), 1, 'counted');
    $store->agree('the keys agree');
    is($store->finish('b1'), 0, 'thrown away');
    is_deeply([$store->key_names('signs:/ca-staged')], [], 'names nobody');
    $store->agree('the keys agree');

    is($store->stage('/staged', 'b2', ca => '/ca-staged'), 'ok');
    is($store->word('delete', '/staged', ''), 'ok', 'deleted meanwhile');
    is($store->finish('b2'), 0);
    is_deeply([$store->key_names('signs:/ca-staged')], [], 'names nobody');
    is_deeply([grep {/b2|staged/} $store->key_names('batch_rows:*'),
        $store->key_names('signers:*staged*')], [], 'no rows');
    $store->agree('the keys agree');
};


subtest 'expiry' => sub {
    my $now = $store->redis('TIME');
    my $us  = $now->[0] * 1_000_000 + $now->[1];
    my $day = 86_400_000_000;
    my $found = sub ($days) {
        my $answer = $store->run('find', '/exp/', '', '', 'certificates',
            $days * $day, '');
        return { map { @$_[1, 4] } @$answer[2 .. $#$answer] };
    };

    $store->put('/exp/old',  expires => $us - $day);
    $store->put('/exp/soon', expires => $us + 5 * $day);
    $store->put('/exp/late', expires => $us + 50 * $day);
    word_of_write('/exp/value');
    my %at = (old => $us - $day, soon => $us + 5 * $day);

    is_deeply($found->(-2), {}, 'none that long ago');
    is_deeply($found->(0), { '/exp/old' => $at{old} }, 'expired');
    is_deeply($found->(6),
        { '/exp/old' => $at{old}, '/exp/soon' => $at{soon} }, 'soon');

    $store->put('/exp/late', expires => $us + $day, transitional => 1);
    is(keys %{ $found->(6) }, 2, 'a transitional version does not decide');
    $store->flag('/exp/late', '');
    is(keys %{ $found->(6) }, 3, 'an active one does');
    is($store->stage('/exp/old', 'b3', expires => $us + 50 * $day), 'ok');
    is($found->(6)->{'/exp/old'}, $at{old}, 'nor what is staged');
    is($store->commit('b3'), 'ok');
    is($found->(6)->{'/exp/old'}, undef, 'until it is committed');
    $store->finish_all('b3');
    is($found->(6)->{'/exp/old'}, undef, 'or folded');
};


# More versions and more CAs than one step takes.
subtest 'a long history is deleted in steps' => sub {
    my ($rows, $cas) = (2300, 1200);
    $store->put('/long', ca => '/ca-one', signer => "/signer-$_") for 1 .. $cas;
    $store->put('/long', ca => '/ca-one') for $cas + 1 .. $rows;

    my $credential = $store->look('/long')->{credential};
    is($store->redis('ZCARD', $store->key("versions:$credential")), $rows);
    is($store->redis('HLEN', $store->key("signers:$credential")), $cas + 1);
    is($store->run('certificates', '/long', '', '', '')->[2][9]->@*, 1000,
        'the list shows the newest thousand');
    $store->redis('HSET', $store->key("signers:$credential"),
        map { ("/extra-$_" => 1) } 1 .. 2000);

    is_deeply($store->run('delete', '/long', ''), ['ok', 1], 'rows are left');
    is($store->stamp('/long'), '', 'for nobody');
    is_deeply([$store->children('/signer-7')], [], 'no CA has signed it');
    $store->put('/long', ca => '/ca-one');
    $store->agree('a new one of the name, and the keys agree');

    is_deeply([map { $store->run('sweep')->[1] } 1 .. 4], [1, 1, 0, 0],
        'steps');
    is_deeply([$store->key_names("*$credential"), $store->key_names('trash')],
        [], 'nothing is left');
    is_deeply([$store->key_names('signs:/signer-*')], [], 'with any CA');
    $store->agree('the keys agree');
};


# A script that stops half-way leaves what it has done, so each looks at the
# keys before.
subtest 'keys of another type' => sub {
    $store->put('/ca-types');
    $store->put('/types', ca => '/ca-types') for 1 .. 2;
    $store->put('/types-more', ca => '/ca-types');

    my ($credential, $more) =
        map { $store->look($_)->{credential} } '/types', '/types-more';
    is($store->stage('/types',      'b4', ca => '/ca-types'), 'ok');
    is($store->stage('/types-more', 'b5', ca => '/ca-types'), 'ok');
    is($store->commit('b5', '/ca-types'), 'ok');

    my $stamp = $store->stamp('/types');
    my $ca    = $store->stamp('/ca-types');
    my %put   = (expect => '*', ca => '/ca-types', ca_stamp => $ca);
    my %writes = (
        put    => sub { $store->put('/types', %put) },
        stage  => sub { $store->put('/types', %put, mode => 'stage',
            batch => 'b4') },
        over   => sub { $store->put('/types-more', %put) },
        flag   => sub { $store->flag('/types', 'latest', stamp => $stamp) },
        drop   => sub { $store->drop('/types', ($store->versions('/types'))[0],
            stamp => $stamp) },
        delete => sub { $store->word('delete', '/types', '') },
        throw  => sub { $store->finish('b4') },
        fold   => sub { $store->finish('b5') },
    );

    my @all   = sort keys %writes;
    my %stops = (
        changes                => [grep { $_ !~ /stage|throw/ } @all],
        names                  => [qw(put stage over delete)],
        certificates           => [qw(put stage over delete)],
        seals                  => [qw(put stage over)],
        keys                   => [grep { $_ !~ /flag/ } @all],
        'key:' . '46' x 8      => [grep { $_ !~ /flag/ } @all],
        trash                  => [qw(delete)],
        signed                 => [qw(put stage over drop throw fold)],
        batches                => [qw(put stage over throw fold)],
        'signs:/ca-types'      => [grep { $_ !~ /flag/ } @all],
        "signers:$credential"  => [qw(put stage drop delete throw)],
        "signers:$more"        => [qw(over fold)],
        "versions:$credential" => [qw(put stage flag delete throw)],
        "versions:$more"       => [qw(over fold)],
        'batch:b4'             => [qw(put stage throw delete)],
        'batch:b5'             => [qw(over fold)],
        'batch_rows:b4'        => [qw(stage throw)],
        'batch_rows:b5'        => [qw(fold)],
        'credential:/types'    => [qw(put stage delete throw)],
    );

    for my $suffix (sort keys %stops) {
        my $at = $store->key($suffix);
        my $exists = $store->redis('EXISTS', $at);

        $store->redis('RENAME', $at, 'kept') if $exists;
        $store->redis('SET', $at, 'MARKER');
        my $before = $store->raw;

        for my $write (@{ $stops{$suffix} }) {
            is(eval { $writes{$write}->() }, undef, "$suffix: $write");
            like($@, qr/WRONGTYPE/, 'stops');
            is_deeply($store->raw, $before, 'nothing is written');
        }

        $store->redis('DEL', $at);
        $store->redis('RENAME', 'kept', $at) if $exists;
    }

    $store->agree('the keys agree');
    is($writes{$_}->(), /throw|fold/ ? 0 : 'ok', $_)
        for qw(stage put fold throw over);
    is($store->flag('/types', 'latest'), 'ok', 'flag');
    is($store->drop('/types', $store->active('/types')), 'ok', 'drop');
    is($writes{delete}->(), 'ok', 'delete');
    $store->agree('the keys agree');
};


subtest 'what is left when everything is deleted' => sub {
    my @names = map {s/^credential://r} $store->key_names('credential:*');
    is($store->word('delete', $_, ''), 'ok', "delete $_") for @names;
    $store->finish_all;
    1 while $store->run('sweep')->[1];

    my @kept = grep { !/^batch:/ } $store->key_names('*');
    is_deeply(\@kept, [qw(changes clock keys schema seals seq signed)],
        'what counts, and nothing that grows with what is there');
    is_deeply([grep { $store->redis('TTL', $store->key($_)) < 0 }
        $store->key_names('batch:*')], [], 'batches that expire');
};

$store->stop;
