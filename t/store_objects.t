# Objects of the trust API in the store: who decides when two write at once,
# what refers to what, how lists go on, and what is counted.

use v5.36;

use lib 't/lib';
use CredHubTest::Objects;
use Test::More;

my $store = CredHubTest::Objects->new;

sub blob ($key, $text) { return "\x01" . $key x 8 . $text }

sub fields ($key, @names) {
    return [@{ $store->object($key) // {} }{@names}];
}


subtest 'created once' => sub {
    my $key  = 'connections/One';
    my @args = $store->write_args($key, uid => 'u1', version => 'v1',
        attributes => '{"a":1}', config => blob('A', 'x'), creator => 'me');
    my $answer = $store->run(@args);
    my (undef, $name, $sequence, $created, $updated, $seals, $rest) = @$answer;

    is_deeply([$answer->[0], $name, $seals, $rest], ['ok', $key, 1, 0], 'ok');
    is($created, $updated, 'one date');
    is($store->redis('GET', $store->key('clock')), $created, 'the clock');
    is_deeply($store->object($key), {
        key => $key, uid => 'u1', version => 'v1', attributes => '{"a":1}',
        config => blob('A', 'x'), creator => 'me', sequence => $sequence,
        created => $created, updated => $created, lease => undef,
        until => undef,
    }, 'the row');

    my $before = $store->raw;
    is_deeply($store->run(@args),
        ['ok', $key, $sequence, $created, $created, 0, 0], 'asked again');
    is($store->put($key), 'exists', 'another one with this key');
    is_deeply($store->raw, $before, 'write nothing');
    is($store->object('connections/one'), undef, 'an id has its letter case');
    $store->agree('the keys agree');
};


subtest 'changed' => sub {
    my $key    = 'connections/One';
    my $object = $store->object($key);
    my %same   = (uid => 'u1', expect => 'v1', version => 'v2');
    my $before = $store->raw;

    is($store->put($key, %same, expect => 'v0'), 'stale', 'another version');
    is($store->put($key, %same, uid => 'u2'), 'stale', 'another object');
    is($store->put('connections/Two', %same), 'stale', 'none');
    is_deeply($store->raw, $before, 'nothing is written');

    # the clock of another node may have been ahead
    my $later = $object->{updated} + 3_600_000_000;
    $store->redis('SET', $store->key('clock'), $later);
    is_deeply($store->write($key, %same, attributes => '{"a":2}'),
        ['ok', $key, $object->{sequence}, $object->{created}, $later, 0, 0],
        'its sequence and its date of creation stay');
    is_deeply($store->object($key), { %$object, version => 'v2',
        attributes => '{"a":2}', creator => 'maker', config => undef,
        updated => $later }, 'the row');
    is_deeply([sort keys %{ $store->hash("object:$key") }],
        [qw(attributes created creator sequence uid updated version)],
        'has no empty field');

    $before = $store->raw;
    is_deeply($store->write($key, %same),
        ['ok', $key, $object->{sequence}, $object->{created}, $later, 0, 0],
        'asked again');
    is_deeply($store->raw, $before, 'nothing is written');
    $store->agree('the keys agree');
};


subtest 'what seals is counted' => sub {
    my ($old, $new) = map { $_ x 8 } qw(41 42);
    my $key   = 'connections/One';
    my $seals = sub {
        return $store->redis('HGET', $store->key('seals'), $_[0]) // 0;
    };

    is($store->change($key, config => blob('A', 'y'))->[5], 2, 'once more');
    is_deeply([$store->members("sealed:$old", 'SMEMBERS')], [$key], 'by A');
    is($store->change($key, config => blob('B', 'y'))->[5], 1, 'by another');
    is_deeply([map { $store->members("sealed:$_", 'SMEMBERS') } $old, $new],
        [$key], 'by that one only');
    is($store->change($key, config => '')->[5], 0, 'by none');
    is_deeply([$store->key_names('sealed:*')], [], 'by none');
    is_deeply([$store->members('keys', 'SMEMBERS')], [$old, $new],
        'both have sealed');
    is_deeply([$seals->($old), $seals->($new)], [2, 1], 'that often');
    is_deeply($store->run('key_usage'), ['ok', [$old, 0], [$new, 0]],
        'no version of a credential');
    $store->agree('the keys agree');
};


subtest 'two at once' => sub {
    my $first  = 'ssh-cas/ca/one';
    my $second = 'ssh-templates/ca/one';
    my @with   = ($second, 'u-second', 'v-second', '{"b":1}', blob('S', 'y'),
        'text');

    is($store->put($first, config => blob('S', 'x'), with => \@with), 'ok',
        'both are written');
    is_deeply(fields($second, qw(uid version attributes config creator)),
        ['u-second', 'v-second', '{"b":1}', blob('S', 'y'), 'maker'],
        'the second one');
    is($store->redis('HGET', $store->key("object:$second"), 'refs'), $first,
        'refers to the first');
    $store->agree('the keys agree');

    my $before = $store->raw;
    is($store->put('ssh-cas/ca/two', with => \@with), 'exists',
        'the second one is there already');
    is($store->put('ssh-cas/ca/two', with => \@with, guard => ['nobody']),
        'denied', 'without the right');
    is_deeply($store->raw, $before, 'none is written');

    is($store->remove($first)->[0], 'used', 'which is referred to');
    is($store->remove($_)->[0], 'ok', "$_ goes") for $second, $first;
};


subtest 'references' => sub {
    my @refs = qw(groups/g private-links/l external-secrets-managers/m);

    is($store->put($_), 'ok', $_) for @refs[0, 1];
    is_deeply($store->write('connections/r', refs => \@refs), ['ref', 2],
        'one is missing');
    is_deeply($store->write('connections/r', refs => ['', 'groups/none']),
        ['ref', 1], 'at its place');
    is($store->put($refs[2]), 'ok', $refs[2]);
    is($store->put('connections/r', refs => \@refs), 'ok', 'all are there');
    is($store->put('destinations/g', refs => ['groups/g']), 'ok', 'another');

    is_deeply([$store->keys_of("used:$_")], ['connections/r'], "used: $_")
        for @refs[1, 2], qw(private-links external-secrets-managers);
    is_deeply([$store->keys_of("used:$_")],
        ['connections/r', 'destinations/g'], "used: $_") for qw(groups/g groups);
    $store->agree('the keys agree');

    is_deeply($store->remove('groups/g'),
        ['used', 1, 1, ['connections/r', 'destinations/g']], 'in use');
    is_deeply($store->change('private-links/l', unused => 1),
        ['used', 1, 0, ['connections/r']], 'changed when it is not');

    is($store->put('private-links/k'), 'ok', 'another link');
    is($store->change('connections/r', refs => ['groups/g', 'private-links/k'])
        ->[0], 'ok', 'a change');
    is_deeply([map { $store->keys_of("used:$_") } @refs[1, 2]], [], 'is free');
    is_deeply([$store->keys_of('used:private-links')], ['connections/r'],
        'still one of the kind');
    $store->agree('the keys agree');

    is($store->change('private-links/l', unused => 1)->[0], 'ok', 'unused');
    is($store->remove($_)->[0], 'ok', "$_ goes")
        for qw(connections/r destinations/g groups/g);
    is_deeply([$store->key_names('used:*')], [], 'nothing is used');
    is($store->remove('groups/g')->[0], 'missing', 'gone');
    $store->agree('the keys agree');
};


subtest 'many users' => sub {
    my @users;

    is($store->put('groups/big'), 'ok', 'a group');
    for (1 .. 1003) {
        push @users, ($_ % 4 ? 'connections' : 'destinations') . "/u$_";
        $store->put($users[-1], refs => ['groups/big']) eq 'ok' or last;
    }
    is(@users, 1003, 'has many');
    is_deeply($store->remove('groups/big'),
        ['used', 750, 250, [@users[0 .. 9]]], 'the first are told');

    $store->remove($_) for @users;
    is($store->remove('groups/big')->[0], 'ok', 'it has none');
    $store->agree('the keys agree');
};


subtest 'unique texts' => sub {
    my $uid = 'uid-private-links-b';

    is($store->put('private-links/a', unique => 'name', state => 'OK'), 'ok');
    is($store->put('private-links/b', unique => 'name'), 'taken', 'by another');
    is($store->put('groups/b', unique => 'name'), 'ok', 'of another kind');
    is($store->put('private-links/b', unique => 'other'), 'ok', 'another text');
    is($store->change('private-links/b', unique => 'name')->[0], 'taken',
        'by another');
    is($store->change('private-links/b', unique => 'other')->[0], 'ok', 'its own');
    is($store->change('private-links/a', unique => 'new', state => 'OK')->[0],
        'ok', 'moves');
    is($store->change('private-links/b', unique => 'name')->[0], 'ok', 'free');
    $store->agree('the keys agree');

    is($store->change('private-links/a', unique => 'new',
        state => 'DESTROYING')->[0], 'ok', 'destroyed');
    is($store->change('private-links/b', unique => 'new')->[0], 'ok', 'free');
    $store->agree('the keys agree');
    is($store->remove('private-links/b')->[0], 'ok', 'deleted');
    is($store->put('private-links/c', unique => 'new'), 'ok', 'free');
    $store->agree('the keys agree');
};


subtest 'lists' => sub {
    my @keys = map { sprintf 'lists/%02d', 100 - $_ } 1 .. 25;

    is($store->put($_, attributes => "{$_}"), 'ok', "create $_") for @keys;
    my ($next, @page) = $store->page('objects:lists', 0, 10);
    is_deeply(\@page, [@keys[0 .. 9]], 'in the order of creation');
    is($next, $store->object($keys[9])->{sequence}, 'to go on behind the last');

    is($store->remove($keys[9])->[0],  'ok', 'that one goes');
    is($store->remove($keys[12])->[0], 'ok', 'and one ahead');
    is($store->put('lists/new'),       'ok', 'one comes');
    ($next, @page) = $store->page('objects:lists', $next, 10);
    is_deeply(\@page, [@keys[10, 11, 13 .. 20]], 'goes on');
    ($next, @page) = $store->page('objects:lists', $next, 5);
    is_deeply([$next, @page], [0, @keys[21 .. 24], 'lists/new'], 'the end');
    is_deeply([$store->page('objects:lists', 1 << 52)], [0], 'behind it');
    is_deeply([$store->page('objects:nothing')], [0], 'nothing at all');

    my $row = $store->run('objects', 'objects:lists', 0, 1, 1000, '', '')->[2][0];
    is_deeply(CredHubTest::Objects::named($row, qw(key uid version attributes)),
        { %{ $store->object($keys[0]) }{qw(key uid version attributes)} },
        'whole rows');

    # of 1,000 bytes each
    my $size = 500 - length blob('A', '');
    for my $key (@keys[0 .. 4]) {
        $store->change($key, attributes => 'x' x 500,
            config => blob('A', 'y' x $size));
    }
    is((($next, @page) = $store->page('objects:lists', 0, 100, 3000)) - 1, 3,
        'a page of so many bytes');
    is($next, $store->object($keys[2])->{sequence}, 'goes on');
    is((($next, @page) = $store->page('objects:lists', 0, 100, 3001)) - 1, 4,
        'it has at least so many');
    is(() = $store->page('objects:lists', 0, 100, 1), 2, 'or one row');
    $store->agree('the keys agree');
};


subtest 'what an actor may' => sub {
    my $grants = $store->key('grants:me');

    $store->redis('HSET', $grants, 'r/trust/connections/*', 'all',
        'r/trust/connections/cap', 'one', 'w/trust/connections/cap', 'write');
    is($store->put('connections/CAP'), 'ok');
    my $answer = $store->run('object',
        'connections/CAP', '/trust/connections/cap', 'w', 'me', '',
        'connections/none', '/trust/connections/none', 'r', 'me', '',
        'connections/CAP', '/trust/connections/cap', 'r', '', '');
    is_deeply([map { [$_->[0][0], $_->[1]] } @$answer[1 .. 3]], [
        ['connections/CAP', ['w/trust/connections/cap', 'write']],
        [undef, ['r/trust/connections/*', 'all']],
        ['connections/CAP', []],
    ], 'is told of each object, there or not');

    my @rows = @{ $store->run('objects', 'objects:connections', 0, 1000,
        1 << 20, 'me', '') };
    my %may  = map { $_->[0][0] => $_->[1] } @rows[2 .. $#rows];
    is_deeply(\%may, {
        'connections/One' => ['r/trust/connections/*', 'all'],
        'connections/CAP' => ['r/trust/connections/cap', 'one',
            'r/trust/connections/*', 'all'],
    }, 'and of each row');
    $store->redis('DEL', $grants);
};


subtest 'by a unique text, with what it refers to' => sub {
    my $grants = $store->key('grants:me');
    my $read = sub ($key, $path = '', $with = '1') {
        my $answer = $store->run('object', $key, $path, 'r', 'me', $with)->[1];
        return [$answer->[0][0], @{ $answer->[1] } / 2, $answer->[2][0]];
    };

    is($store->put('ssh-cas/ved/ca'), 'ok');
    is($store->put('ssh-templates/ved/t', unique => 'guid-t',
        refs => ['ssh-cas/ved/ca']), 'ok');
    $store->redis('HSET', $grants, 'r/ssh/ved/t', 'one');

    is_deeply($read->('ssh-templates?guid-t'),
        ['ssh-templates/ved/t', 1, 'ssh-cas/ved/ca'], 'found, with its grants');
    is_deeply($read->('ssh-templates?guid-t', '', ''),
        ['ssh-templates/ved/t', 1, undef], 'alone');
    is_deeply($read->('ssh-templates/ved/t', '/ssh/ved/t'),
        ['ssh-templates/ved/t', 1, 'ssh-cas/ved/ca'], 'by its key');
    is_deeply($read->('ssh-cas/ved/ca'), ['ssh-cas/ved/ca', 0, undef],
        'one that refers to nothing');
    is_deeply($read->("ssh-templates?$_"), [undef, 0, undef], "not \"$_\"")
        for '', 'guid', 'ved/t', 'guid-t/';
    is_deeply($read->('ssh-cas?guid-t'), [undef, 0, undef], 'of another kind');
    $store->redis('DEL', $grants);
    $store->remove($_) for 'ssh-templates/ved/t', 'ssh-cas/ved/ca';
    $store->agree('the keys agree');
};


subtest 'marks' => sub {
    is($store->put('lists/m1', marks => [['serials', '7', 1], ['keys', 'k']]),
        'ok', 'two new ones');
    is_deeply($store->write('lists/m2',
        marks => [['serials', '8', 1], ['keys', 'k', 1]]), ['marked', 1],
        'the second is there');
    is($store->object('lists/m2'), undef, 'nothing was written');
    is_deeply($store->redis('SMEMBERS', $store->key('mark:serials')), ['7'],
        'no mark either');
    is($store->put('lists/m2', marks => [['serials', '8', 1], ['keys', 'k']]),
        'ok', 'it need not be a new one');
    is_deeply($store->write('lists/m3', marks => [['serials', '8', 1]]),
        ['marked', 0], 'the first is there');
    is($store->remove('lists/m2')->[0], 'ok');
    is($store->write('lists/m3', marks => [['serials', '8', 1]])->[0], 'marked',
        'they stay when the object goes');
    $store->remove('lists/m1');
    $store->redis('DEL', map { $store->key("mark:$_") } qw(serials keys));
    $store->agree('the keys agree');
};


subtest 'what a page costs' => sub {
    my $page = sub ($behind) {
        return $store->calls(sub { $store->page('objects:many', $behind, 50) });
    };
    my $few = do {
        $store->put("many/$_") for 1 .. 51;
        $page->(0);
    };

    is($few->{hmget}, 51, 'one command a row, and one for the schema');
    $store->put("many/$_") for 52 .. 500;
    my $middle = $store->object('many/250')->{sequence};
    is_deeply([$page->(0), $page->($middle)], [$few, $few],
        'the same, wherever, however many there are');
};


subtest 'deleted' => sub {
    my @keys = map { s/^object://r } $store->key_names('object:*');
    my $time = $store->redis('TIME')->[0];

    $store->redis('SET', $store->key('clock'), 0);
    my $object = $store->object($keys[0]);
    is_deeply($store->remove($keys[0]), ['ok', @$object{qw(key sequence created
        updated)}, 0, 0], 'what it was');
    is($store->object($keys[0]), undef, 'gone');
    $store->remove($_) for @keys;
    is($store->sweep, 1, 'nothing is left to sweep');
    is_deeply([$store->key_names('*')],
        [qw(changes clock keys schema seals seq)],
        'nothing that grows with what is there');

    $store->put('groups/last');
    is($store->redis('GET', $store->key('clock')) >= $time * 1_000_000, 1,
        'the clock is that of Redis');
    my ($set, $version) = ($store->redis('XREVRANGE', $store->key('changes'),
        '+', '-', 'COUNT', 1)->[0][1], $store->version);
    is_deeply($set, ['op', 'object', 'name', 'groups/last', 'version', $version],
        'a change is told');
    $store->remove('groups/last');
    is_deeply($store->redis('XREVRANGE', $store->key('changes'), '+', '-',
        'COUNT', 1)->[0][1],
        ['op', 'object', 'name', 'groups/last', 'version', ''], 'a deletion too');
};

$store->stop;
