# Writes of objects and approvals that the store refuses: nothing is written.

use v5.36;

use lib 't/lib';
use CredHubTest::Objects;
use Digest::SHA qw(sha1_hex);
use Test::More;

my $BLOB  = "\x01AAAAAAAAx";
my $store = CredHubTest::Objects->new;

# Each write that there is, with a guard at its end.
my %writes = (
    create => sub (@guard) { $store->run($store->write_args('connections/new',
        config => $BLOB, unique => 'new', refs => ['private-links/a'],
        guard => \@guard)) },
    change => sub (@guard) { $store->change('connections/a', config => $BLOB,
        unique => 'text', refs => ['private-links/b'], guard => \@guard) },
    destroy => sub (@guard) { $store->change('private-links/c',
        state => 'DESTROYING', guard => \@guard) },
    due => sub (@guard) { $store->change('private-links/c', due => 1,
        state => 'UPDATING', guard => \@guard) },
    remove => sub (@guard) { $store->run('object_delete', 'connections/a',
        @guard) },
    claim => sub (@guard) { $store->run('link_claim', 'private-links/a', 1000,
        @guard) },
    approve => sub (@guard) { $store->run('approve', 'connections/a',
        'uid-connections-a', 'certificates', 'new', 'content', 'by', 1, 'mac',
        @guard) },
    revoke => sub (@guard) { $store->run('revoke', 'connections/a',
        'certificates', 2, 'none', 'old', @guard) },
);
my @all = sort keys %writes;

sub nothing ($before, $label) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_deeply($store->raw, $before, "$label: nothing is written");
}

$store->put("private-links/$_", state => 'CREATING', due => 1) for qw(a b);
$store->put('private-links/c', state => 'OK', unique => 'c');
$store->put('connections/a', config => $BLOB, unique => 'text',
    refs => ['private-links/a']);
$store->approve('connections/a', 'certificates', 'old');
$store->agree('the keys agree');


subtest 'rights' => sub {
    my $field  = 'w/trust/*';
    my $before = $store->raw;

    for my $write (@all) {
        is_deeply($writes{$write}->('me', $field, sha1_hex('mac')), ['denied'],
            "$write: no grant");
        nothing($before, $write);
    }

    $store->redis('HSET', $store->key('grants:me'), $field, 'false');
    $before = $store->raw;
    for my $write (@all) {
        is_deeply($writes{$write}->('me', $field, sha1_hex('mac')),
            ['forged', 'me', $field], "$write: a grant that is not genuine");
        nothing($before, $write);
    }
    is($store->claim('private-links/none', 1, 'me', $field, sha1_hex('mac')),
        'forged', 'before it is looked up');

    $store->redis('HSET', $store->key('grants:me'), $field, 'mac');
    for my $write (qw(claim approve revoke)) {
        is($writes{$write}->('me', $field, sha1_hex('mac'))->[0], 'ok',
            "$write: a grant");
    }
    $store->redis('DEL', $store->key('grants:me'));
    is($store->change('private-links/a', state => 'CREATING', due => 1)->[0],
        'ok', 'as it was');
    is($store->revoke('connections/a', 'certificates', 'new')->[0], 'ok');
    $store->approve('connections/a', 'certificates', 'old');
};


subtest 'read-only mode' => sub {
    $store->run('read_only', 'on', '');
    my $before = $store->raw;

    for my $write (@all) {
        is_deeply($writes{$write}->('me'), ['read_only'],
            "$write: before the rights");
        nothing($before, $write);
    }
    is($store->claim, 'none', 'nothing is due');
    is_deeply($store->run('object_sweep'), ['ok', 0], 'nothing is swept');
    nothing($before, 'jobs');
    $store->run('read_only', 'off', '');
};


subtest 'another store' => sub {
    my $schema = $store->key('schema');

    $store->redis('HSET', $schema, 'hub', 'another');
    my $before = $store->raw;
    for my $write (@all) {
        is_deeply($writes{$write}->(''), ['schema'], $write)
            if $write !~ /change|destroy|due/;
    }
    is_deeply($store->write('connections/a', expect => 'x'), ['schema'],
        'change');
    is_deeply($store->run($_, 'connections/a'), ['schema'], $_)
        for qw(object objects approval approvals object_sweep);
    is($store->claim, 'schema', 'link_claim');
    nothing($before, 'all');
    $store->redis('HSET', $schema, 'hub', 'hub-of-a-test');
};


subtest 'out of memory' => sub {
    my @refused = grep { $_ !~ /remove|revoke/ } @all;

    $store->redis('CONFIG', 'SET', 'maxmemory', 1);
    for my $write (@refused) {
        my $before = $store->raw;
        is(eval { $writes{$write}->('') }, undef, $write);
        like($@, qr/OOM/, 'is refused');
        nothing($before, $write);
    }
    is($writes{$_}->('')->[0], 'ok', $_) for qw(revoke remove);
    $store->redis('CONFIG', 'SET', 'maxmemory', 0);
    $store->agree('the keys agree');

    $store->put('connections/a', config => $BLOB, unique => 'text',
        refs => ['private-links/a']);
    $store->approve('connections/a', 'certificates', 'old');
};


subtest 'keys of other types' => sub {
    my @objects = qw(create change destroy due remove);
    my @linked  = qw(create change remove);
    my %stops   = (
        changes                         => [grep { $_ ne 'claim' } @all],
        clock                           => [qw(create change destroy due claim)],
        'objects:connections'           => [@linked],
        'objects:private-links'         => [qw(destroy due)],
        'unique:connections'            => [@linked],
        'unique:private-links'          => [qw(destroy due)],
        'used:private-links'            => [@linked],
        'used:private-links/a'          => [@linked],
        'used:private-links/b'          => [qw(change)],
        'sealed:' . '41' x 8            => [@linked],
        seals                           => [grep { $_ ne 'remove' } @objects],
        keys                            => [grep { $_ ne 'remove' } @objects],
        provision                       => [@objects, 'claim'],
        destroying                      => [@objects],
        object_trash                    => [qw(remove)],
        'object:private-links/a'        => [qw(create claim)],
        'object:connections/new'        => [qw(create)],
        'approvals:uid-connections-a/certificates'
            => [qw(approve revoke remove)],
        'approvals:uid-connections-a/fingerprints'    => [qw(remove)],
        'approval:uid-connections-a/certificates/new' => [qw(approve)],
        'approval:uid-connections-a/certificates/old' => [qw(revoke)],
    );

    for my $suffix (sort keys %stops) {
        my $at     = $store->key($suffix);
        my $exists = $store->redis('EXISTS', $at);

        $store->redis('RENAME', $at, 'kept') if $exists;
        $store->redis('LPUSH', $at, 'MARKER');
        my $before = $store->raw;

        for my $write (@{ $stops{$suffix} }) {
            is(eval { $writes{$write}->('') }, undef, "$suffix: $write");
            like($@, qr/WRONGTYPE/, 'stops');
            nothing($before, $write);
        }

        $store->redis('DEL', $at);
        $store->redis('RENAME', 'kept', $at) if $exists;
    }

    $store->agree('the keys agree');
    is($writes{$_}->('')->[0], 'ok', $_)
        for qw(create change approve revoke claim due destroy remove);
    $store->agree('the keys agree');
};

$store->stop;
