package CredHubTest::Scripts;

# The Lua scripts of the store on a Redis of their own, without nginx: what the
# module would send, and whether the keys agree with each other.

use v5.36;

use File::Temp qw(tempdir);
use Test::More;

use CredHubTest::Nginx;
use CredHubTest::Process qw(read_file);
use CredHubTest::Redis;

my $PREFIX = '{credhub}:';
my $HUB    = 'hub-of-a-test';
my $LIFE   = 3_600_000_000;
my @ROW    = qw(version created name facts signer digest issuer expires);
my @ALL    = ('', '');                 # of a guard: nobody has to be asked


sub new ($class) {
    my $dir  = tempdir('credhub-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $self = bless {
        redis => CredHubTest::Redis->new(dir => $dir),
        ids   => 0,
        made  => [],
        names => {},
    }, $class;

    $self->{redis}->start;
    $self->run('handshake', 1, $HUB);
    return $self;
}

sub stop ($self) {
    ok($self->{redis}->stop, 'redis-server left after TERM');
    done_testing();
    return;
}

sub redis ($self, @command) { return $self->{redis}->command(@command) }
sub key ($self, $key)       { return $PREFIX . $key }
sub next_id ($self)         { return sprintf 'id-%04d', ++$self->{ids} }


# The answer of a script: an array.
sub run ($self, $name, @args) {
    my $lua = CredHubTest::Nginx->root . '/src/store/lua';
    my $hub = $name eq 'handshake' ? '' : $HUB;

    $self->{body}{$name} //= read_file("$lua/prelude.lua")
        . read_file("$lua/$name.lua");
    return $self->redis('EVAL', $self->{body}{$name}, 1, "${PREFIX}schema", 1,
        $hub, @args);
}

# Its first word.
sub word ($self, $name, @args) { return $self->run($name, @args)->[0] }


# Writes a version of a certificate; the word of the answer. Options: id,
# expect, transitional, ca, ca_stamp, mode, batch, life, count, secret, signer,
# digest, issuer, expires. A CA is its own unless another is named.
sub put ($self, $name, %opt) {
    my $id     = $opt{id} // $self->next_id;
    my $ca     = $opt{ca} // '';
    my $stamp  = $opt{ca_stamp} // ($ca eq '' ? '' : $self->stamp($ca));
    my $secret = $opt{secret} // "\x01FFFFFFFFMARKER";

    push @{ $self->{made} }, $id;
    $self->{names}{ lc $name } = 1;
    $self->{last} = $id;

    return $self->word('certificate_put', $name, lc $name, 'certificate', $id,
        $self->next_id, $opt{expect} // '*', $opt{transitional} ? 1 : '',
        lc $ca, $stamp, $opt{mode} // '', $opt{batch} // '',
        $opt{life} // $LIFE, $opt{count} // 0, '', 'head', 'tail', $secret,
        '', 'mac', 'facts', $opt{signer} // $ca, '', $opt{digest} // "d-$id",
        $opt{issuer} // "d-$id", $opt{expires} // 0, '');
}

sub last_id ($self) { return $self->{last} }

sub stage ($self, $name, $batch, %opt) {
    return $self->put($name, expect => $self->stamp($name), mode => 'stage',
        batch => $batch, %opt);
}

# A batch commits under the CAs as they are, or as `%$cas` has them.
sub commit ($self, $batch, @cas) {
    return $self->word('batch_commit', $batch, map {
        ref ? @$_ : ($_, $self->stamp($_), $self->count($_))
    } @cas);
}

sub finish ($self, $batch = '') {
    my $answer = $self->run('batch_finish', $batch);
    die "batch_finish: $answer->[0]" if $answer->[0] ne 'ok';
    return $answer->[1];
}

# Steps until nothing is left.
sub finish_all ($self, $batch = '') {
    for my $steps (1 .. 100) {
        return $steps if !$self->finish($batch);
    }
    die 'batches have no end';
}


# What the look-up says of a name: undef, or a hash.
sub look ($self, $name) {
    my $row = $self->run('certificate', '', 1, 'name', lc $name, 'r',
        @ROW)->[2];
    return if $row->[2] eq '';

    my %look;
    @look{qw(name folded credential type stamp count newest grants)} = @$row;
    $look{active}       = $row->[8][0];
    $look{transitional} = $row->[9][0];
    return \%look;
}

sub stamp ($self, $name) { return ($self->look($name) // {})->{stamp} // '' }
sub active ($self, $name) { return ($self->look($name) // {})->{active} }

sub count ($self, $ca) {
    return $self->redis('HGET', $self->key('signed'), lc $ca) // 0;
}

sub flag ($self, $name, $version, %opt) {
    return $self->word('transitional', lc $name,
        $opt{stamp} // $self->stamp($name), $version, $opt{batch} // '',
        $opt{count} // $self->count($name), '');
}

sub drop ($self, $name, $version, %opt) {
    return $self->word('version_delete', lc $name,
        $opt{stamp} // $self->stamp($name), $version, $opt{batch} // '',
        $opt{count} // $self->count($name), '');
}

# Ids of the versions, newest first.
sub versions ($self, $name, $limit = 1000) {
    my ($cursor, @ids) = ('');

    do {
        my $answer = $self->run('versions', lc $name, $limit, 1 << 20, $cursor,
            '', @ROW);
        return if $answer->[0] ne 'ok';
        $cursor = $answer->[1];
        push @ids, map { $_->[0] } @$answer[5 .. $#$answer];
    } while ($cursor ne '');

    return @ids;
}

# Names of the certificates that have a version by a CA, in order.
sub children ($self, $ca) {
    my $answer = $self->run('children', lc $ca, '', '', 'w');
    return sort map { $_->[1] } @$answer[3 .. $#$answer];
}


# Everything that readers can see; how much was sealed is not counted.
sub visible ($self) {
    my %all = (
        find    => $self->run('find', '/', '', '', 'names', '', ''),
        expires => $self->run('find', '', '', '', 'certificates', 1e15, ''),
        list    => $self->run('certificates', '', '', 1, ''),
    );

    for my $name (sort keys %{ $self->{names} }) {
        $all{"look $name"}     = $self->look($name);
        $all{"versions $name"} = [$self->versions($name)];
        $all{"children $name"} = $self->run('children', $name, '', '', 'w');
        $all{"chain $name"}    = $self->run('chain', $name, "d-$name", @ROW);
        $all{"list $name"}     = $self->run('certificates', $name, '', '', '');
        $all{"current $name"}  = $self->redis('HMGET',
            $self->key("credential:$name"), 'transitional', @ROW);
    }

    for my $id (@{ $self->{made} }) {
        my $answer = $self->run('version', $id, '', @ROW);
        $all{"version $id"} = $answer if $answer->[0] eq 'ok';
    }
    return \%all;
}


# Every key with its value. What a refused write may use up is left out.
sub raw ($self, @but) {
    my %all = map { $_ => $self->redis('DUMP', $_) }
        @{ $self->redis('KEYS', '*') };
    delete @all{ map { $self->key($_) } qw(seq seals), @but };
    return \%all;
}

sub key_names ($self, $pattern) {
    return sort map {s/^\Q$PREFIX\E//r}
        @{ $self->redis('KEYS', $PREFIX . $pattern) };
}

sub hash ($self, $key) {
    return { @{ $self->redis('HGETALL', $self->key($key)) } };
}

sub members ($self, $key, $command = 'ZRANGE') {
    return sort @{ $self->redis($command, $self->key($key),
        $command eq 'SMEMBERS' ? () : (0, -1)) };
}


# Do all keys say what the rows of versions and credentials say?
sub agree ($self, $label) {
    my %row  = map { (substr $_, 8) => $self->hash($_) }
        $self->key_names('version:*');
    my %here = map { (substr $_, 11) => $self->hash($_) }
        $self->key_names('credential:*');
    my (%want, %have);

    for my $id (keys %row) {
        my ($row, $signer) = ($row{$id}, lc($row{$id}{signer} // ''));
        my $credential = $row->{credential};

        push @{ $want{"versions:$credential"} }, $id if !$row->{batch};
        push @{ $want{'key:' . unpack 'H16', substr $row->{secret}, 1, 8} }, $id
            if $row->{secret};
        push @{ $want{"pending $id"} }, $row->{batch} if $row->{batch};

        next if $signer eq '' || $signer eq $row->{folded};
        my $here = $here{ $row->{folded} };
        next if !$here || $here->{credential} ne $credential;
        $want{"signers:$credential"}{$signer}++;
        $want{"signs:$signer"}{$credential} = 1;
    }
    for my $key ($self->key_names('batch_rows:*')) {
        my $batch = substr $key, 11;
        for my $id (@{ $self->redis('LRANGE', $self->key($key), 0, -1) }) {
            push @{ $have{"pending $id"} }, $batch
                if ($row{$id}{batch} // '') eq $batch;
        }
    }
    for my $name (keys %here) {
        next if $here{$name}{type} ne 'certificate';
        my %shown  = %{ $here{$name} };
        my %stored = %{ $row{ $shown{version} } // {} };
        delete @shown{qw(newest transitional pending)};
        delete @stored{qw(folded batch)};
        $have{"row of $name"} = \%shown;
        $want{"row of $name"} = \%stored;
        push @{ $want{certificates} }, $name;
        $want{"certificate:$here{$name}{credential}"} = $name;
    }

    # what is left of deleted ones is for the sweep
    my ($live) = map {qr/:(?:$_)$/} join '|', 'none',
        map { $_->{credential} } values %here;
    for my $key ($self->key_names('*')) {
        $have{$key} = [$self->members($key)]
            if $key =~ /^versions:/ && $key =~ $live || $key eq 'certificates';
        $have{$key} = [$self->members($key, 'SMEMBERS')] if $key =~ /^key:/;
        $have{$key} = $self->hash($key) if $key =~ /^signers:/ && $key =~ $live;
        $have{$key} = $self->redis('GET', $self->key($key))
            if $key =~ /^certificate:/;
        next if $key !~ /^signs:/;

        my %signs = map { $_ => 1 }
            grep { $self->redis('EXISTS', $self->key("certificate:$_")) }
            $self->members($key);
        $have{$key} = \%signs if %signs;
    }
    $_ = ref eq 'ARRAY' ? [sort @$_] : $_ for values %want, values %have;
    delete @want{ grep { /^versions:/ && !/$live/ } keys %want };

    return is_deeply(\%have, \%want, $label);
}


1;
