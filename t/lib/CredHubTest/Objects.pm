package CredHubTest::Objects;

# The scripts of objects and their approvals, on a Redis of their own.

use v5.36;

use parent 'CredHubTest::Scripts';
use Test::More;

# in the order of the scripts' answers
my @ROW      = qw(key uid version attributes config creator sequence created
    updated lease until);
my @APPROVAL = qw(hash content by date mac sequence);
my @TYPES    = qw(certificates fingerprints);

# What is no row, and no index of rows.
my $ASIDE = qr/^(?:schema|seq|clock|seals|keys|changes|read_only)\z/;


# What a write of an object has to say. Options: uid, version, expect,
# attributes, config, creator, unique, refs, state, lease, due, unused, marks
# ([set, member, fresh]...), with (what the second object is), guard.
sub write_args ($self, $key, %opt) {
    my @refs = @{ $opt{refs} // [] };
    my @marks = @{ $opt{marks} // [] };

    $self->{version} = $opt{version} // $self->next_id;
    return ('object_write', $key, $opt{uid} // "uid-$key" =~ tr{/}{-}r,
        $self->{version}, $opt{expect} // '', $opt{attributes} // '{}',
        $opt{config} // '', $opt{creator} // 'maker', $opt{unique} // '',
        (map { $refs[$_] // '' } 0 .. 2), $opt{state} // '',
        $opt{lease} // '', $opt{due} ? 1 : '', $opt{unused} ? 1 : '',
        (map { my $mark = $marks[$_] // []; map { $mark->[$_] // '' } 0 .. 2 }
            0 .. 1), (map { $_ // '' } @{ $opt{with} // [] }[0 .. 5]),
        @{ $opt{guard} // [''] });
}

# Its answer; the word of it.
sub write ($self, $key, %opt) { return $self->run($self->write_args($key, %opt)) }
sub put ($self, $key, %opt) { return $self->write($key, %opt)->[0] }

# The version that was given last.
sub version ($self) { return $self->{version} }

# The same for an object that stands.
sub change ($self, $key, %opt) {
    my $object = $self->object($key) // {};

    return $self->write($key, uid => $object->{uid} // 'none',
        expect => $object->{version} // 'none', %opt);
}

sub remove ($self, $key) { return $self->run('object_delete', $key, '') }

# An object as readers get it; undef.
sub object ($self, $key) {
    my $row = $self->run('object', $key, "/trust/$key", 'r', '', '')->[1][0];
    return named($row, @ROW);
}

sub named ($row, @names) {
    return if !@$row;
    my %named;
    @named{@names} = @$row;
    return \%named;
}

# One step of an index: next, keys.
sub page ($self, $index, $behind = 0, $limit = 1000, $bytes = 1 << 20) {
    my (undef, $next, @rows) = @{ $self->run('objects', $index, $behind, $limit,
        $bytes, '', '') };
    return ($next, map { $_->[0][0] } @rows);
}

# All of it.
sub keys_of ($self, $index) {
    my ($next, @keys) = $self->page($index);
    die "$index is too long" if $next;
    return @keys;
}

# The answer of a claim: a word, or an object.
sub claim ($self, $key = '', $ms = 3_600_000, @guard) {
    my ($word, $row) = @{ $self->run('link_claim', $key, $ms,
        @guard ? @guard : '') };
    return $word eq 'ok' ? named($row, @ROW) : $word;
}

# Steps until nothing is left; how many.
sub sweep ($self) {
    for my $steps (1 .. 1000) {
        my ($word, $rest) = @{ $self->run('object_sweep') };
        die "object_sweep: $word" if $word ne 'ok';
        return $steps if !$rest;
    }
    die 'the sweep has no end';
}


# The answer of an approval: a word, or the row. Options: uid, content, by,
# date, mac, guard.
sub approve ($self, $key, $type, $hash, %opt) {
    my ($word, $row) = @{ $self->run('approve', $key,
        $opt{uid} // "uid-$key" =~ tr{/}{-}r, $type, $hash,
        $opt{content} // "content of $hash", $opt{by} // 'approver',
        $opt{date} // 1_700_000_000_000_000, $opt{mac} // "mac of $hash",
        @{ $opt{guard} // [''] }) };
    return $word eq 'ok' ? named($row, @APPROVAL) : $word;
}

sub revoke ($self, $key, $type, @hashes) {
    return $self->run('revoke', $key, $type, scalar @hashes, @hashes, '');
}

# The first of the hashes that is approved; undef.
sub approved ($self, $key, $type, @hashes) {
    my $row = $self->run('approval', $key, $type, "/trust/$key", '', 'r',
        @hashes)->[4] // return;
    return named($row, @APPROVAL);
}

# One step of the list: next, rows.
sub approvals_page ($self, $key, $type, $behind = 0, $limit = 1000,
    $bytes = 1 << 20)
{
    my ($word, undef, undef, undef, $next, @rows) = @{ $self->run('approvals',
        $key, $type, "/trust/$key", '', $behind, $limit, $bytes) };
    return if $word ne 'ok';
    return ($next, map { named($_, @APPROVAL) } @rows);
}

# The hashes of all of them, in order.
sub hashes ($self, $key, $type) {
    my ($next, @hashes) = (0);

    do {
        ($next, my @rows) = $self->approvals_page($key, $type, $next);
        push @hashes, map { $_->{hash} } @rows;
    } while ($next);

    return @hashes;
}


# How often each command was called while `code` ran, by scripts too.
sub calls ($self, $code) {
    $self->redis('CONFIG', 'RESETSTAT');
    $code->();
    my %calls = map { /^cmdstat_(\S+?):calls=(\d+)/ ? ($1 => $2) : () }
        split /\r\n/, $self->redis('INFO', 'commandstats');
    delete @calls{qw(config|resetstat info)};
    return \%calls;
}


# Do all keys say what the rows say, and is there no other key? What deletions
# have left is known by its uid only.
sub agree ($self, $label) {
    my (%want, %have, %uid, %waits);

    for my $name ($self->key_names('object:*')) {
        my $row = $self->hash($name);
        my ($key, $kind, $id) = $name =~ m{^object:(([^/]+)/(.+))\z};

        $uid{ $row->{uid} } = 1;
        $want{"objects:$kind"}{$key} = $row->{sequence};
        $want{"unique:$kind"}{ $row->{unique} } = $id if exists $row->{unique};
        $want{ 'sealed:' . unpack 'H16', substr $row->{config}, 1, 8 }{$key} = 1
            if exists $row->{config};
        $want{destroying}{$key} = 1 if ($row->{state} // '') eq 'DESTROYING';
        for my $ref (split / /, $row->{refs} // '') {
            $want{"used:$ref"}{$key} = $row->{sequence};
            $want{ 'used:' . $ref =~ s{/.*}{}r }{$key} = $row->{sequence};
        }
        $waits{$key} = $row if ($row->{state} // '') =~ /^(?:CREA|UPDA)TING\z/;
    }
    for my $name ($self->key_names('approval:*')) {
        my ($uid, $list, $hash) = $name =~ m{^approval:(.+?)/(\w+)/(.*)\z}s;
        $want{"approvals:$uid/$list"}{$hash} = $self->redis('HGET',
            $self->key($name), 'sequence');
        $want{object_trash}{$uid} = 1 if !$uid{$uid};
    }
    for my $name ($self->key_names('*')) {
        next if $name =~ /^(?:object|approval):/ || $name =~ $ASIDE;
        my $type = $self->redis('TYPE', $self->key($name));
        $have{$name} = $type eq 'hash' ? $self->hash($name)
            : $type eq 'zset' ? { @{ $self->redis('ZRANGE',
                $self->key($name), 0, -1, 'WITHSCORES') } }
            : { map { $_ => 1 } $self->members($name, 'SMEMBERS') };
    }

    # not every link that waits is one for the hub
    for my $key (keys %{ $have{provision} // {} }) {
        my $row = $waits{$key} // next;
        $want{provision}{$key} = $row->{until} // $row->{updated};
    }

    return is_deeply(\%have, \%want, $label);
}


1;
