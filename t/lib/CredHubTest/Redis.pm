package CredHubTest::Redis;

# A redis-server of a test, on a unix socket, with every write in its AOF.

use v5.36;

use IO::Socket::UNIX;

use CredHubTest::Process
    qw(spawn running stop_process wait_until read_file write_file);


# Options: dir (exists), conf (more lines), auth ([user, password] of ours).
sub new ($class, %opt) {
    my $self = bless {
        dir    => $opt{dir},
        socket => "$opt{dir}/redis.sock",
        auth   => $opt{auth},
    }, $class;

    my $extra = $opt{conf} // '';
    write_file("$self->{dir}/redis.conf", <<"END");
port 0
unixsocket $self->{socket}
unixsocketperm 666
dir $self->{dir}
logfile $self->{dir}/redis.log
daemonize no
save ""
rdbcompression no
appendonly yes
appendfsync always
no-appendfsync-on-rewrite no
$extra
END
    return $self;
}


sub socket ($self) { return $self->{socket} }
sub pid ($self)    { return $self->{pid} }


# Returns when it answers (also with an error such as NOAUTH), not while it
# still loads.
sub start ($self) {
    die 'redis-server runs already' if running($self->{pid});

    unlink $self->{socket};
    $self->{pid} = spawn(['redis-server', "$self->{dir}/redis.conf"],
        out => "$self->{dir}/redis.log");

    my $ready = wait_until(60, sub {
        my $answer = eval { $self->command('PING') } // $@;
        return $answer =~ /^(?:PONG|redis: (?:NOAUTH|NOPERM|WRONGPASS))/;
    });

    die 'redis-server did not start: ' . read_file("$self->{dir}/redis.log")
        if !$ready;
    return;
}


sub stop ($self, $signal = 'TERM') {
    delete $self->{link};
    kill 'CONT', $self->{pid} if running($self->{pid});
    return stop_process($self->{pid}, $signal);
}


sub pause ($self)  { kill 'STOP', $self->{pid}; return }
sub resume ($self) { kill 'CONT', $self->{pid}; return }


# One command. An array reply is a reference, nil is undef; an error dies with
# "redis: ERR ...".
sub command ($self, @args) {
    my $link = $self->{link};

    if (!$link) {
        $link = IO::Socket::UNIX->new(Peer => $self->{socket})
            or die "$self->{socket}: $!\n";
        $self->{link} = $link;
        $self->command('AUTH', @{ $self->{auth} }) if $self->{auth};
    }

    my $answer = eval {
        local $SIG{ALRM} = sub { die "redis: no answer in time\n" };
        local $SIG{PIPE} = 'IGNORE';
        alarm 120;
        print {$link} '*' . @args . "\r\n",
            map { '$' . length($_) . "\r\n$_\r\n" } @args;
        $link->flush;
        my $value = _read($link);
        alarm 0;
        $value;
    };
    my $error = $@;
    alarm 0;

    if ($error) {
        delete $self->{link} if $error !~ /^redis: [A-Z]+\b/;
        die $error;
    }

    return $answer;
}


# An error inside an array is its text.
sub _read ($link, $nested = 0) {
    defined(my $line = <$link>) or die "redis: connection closed\n";
    $line =~ s/\r\n\z//;
    my ($type, $rest) = $line =~ /^(.)(.*)\z/s;

    return $rest              if $type eq '+' || $type eq ':';
    return $line              if $type eq '-' && $nested;
    die "redis: $rest\n"      if $type eq '-';
    return undef              if $rest eq '-1';
    return [map { scalar _read($link, 1) } 1 .. $rest] if $type eq '*';

    my $bytes = '';
    while (length $bytes < $rest + 2) {
        read $link, $bytes, $rest + 2 - length $bytes, length $bytes
            or die "redis: connection closed\n";
    }
    return substr $bytes, 0, $rest;
}


# Every key name, and every value in the form that Redis would store it.
sub raw ($self) {
    my ($cursor, %found) = (0);

    do {
        ($cursor, my $keys) = @{ $self->command('SCAN', $cursor) };
        $found{$_} = $self->command('DUMP', $_) // '' for @$keys;
    } while ($cursor ne '0');

    return \%found;
}


1;
