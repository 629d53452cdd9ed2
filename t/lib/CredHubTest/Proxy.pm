package CredHubTest::Proxy;

# Stands between the module and Redis, on a unix socket: counts the commands
# that pass, and does to the replies what a test asks for. Commands and replies
# are told apart, so that a fault hits exactly the one that is meant.
#
# A command has a name such as "HMGET"; one that runs a script of the module has
# that of the script too, such as "put". What each worker runs by itself, about
# once a minute, has the name of its script only: it is met by nothing, and
# counted by nothing, that does not say so.
#
# A child process does the work; each call of the test is one message to it
# and one answer from it.

use v5.36;

use Digest::SHA qw(sha1_hex);
use IO::Select;
use IO::Socket::UNIX;
use JSON::PP ();
use Socket qw(AF_UNIX SOCK_STREAM PF_UNSPEC);
use Time::HiRes qw(sleep time);

use CredHubTest::Nginx;
use CredHubTest::Process qw(wait_until stop_process run_command);

my $JSON       = JSON::PP->new->latin1->allow_nonref;
my %BACKGROUND = map { $_ => 1 } qw(SWEEP BATCH_FINISH OBJECT_SWEEP);


# Options: socket (path to listen on), redis (path to connect to).
sub new ($class, %opt) {
    my $listen = IO::Socket::UNIX->new(Local => $opt{socket}, Listen => 64)
        or die "$opt{socket}: $!";

    socketpair my $mine, my $its, AF_UNIX, SOCK_STREAM, PF_UNSPEC
        or die "socketpair: $!";

    my $scripts = scripts();
    my $pid     = CredHubTest::Process::spawn_code(sub {
        close $mine;
        _work({ %opt, listen => $listen, control => $its, links => {},
            commands => [], answers => [], delay => 0, split => 0,
            scripts => $scripts });
    });

    close $its;
    return bless { %opt, control => $mine, pid => $pid }, $class;
}


sub socket ($self) { return $self->{socket} }


# Every reply waits that many seconds.
sub delay ($self, $seconds) { return $self->_call(delay => $seconds) }


# Replies leave in pieces of that many bytes; 0: as they come.
sub split ($self, $bytes) { return $self->_call(split => $bytes) }


# Commands reach Redis, replies wait until release.
sub hold ($self)    { return $self->_call(hold => 1) }
sub release ($self) { return $self->_call(hold => 0) }

# The same from the command on that is the `times`th of that name from now on.
sub hold_at ($self, $name, $times = 1) {
    return $self->_call(hold_at => [uc $name, $times]);
}


# The replies of links that carry commands of that name wait until thaw.
sub freeze ($self, $name) { return $self->_call(freeze => uc $name) }
sub thaw ($self)          { return $self->_call(freeze => undef) }


# The next commands (of that name, when one is given) never reach Redis; the
# line, such as "-LOADING Redis is loading", is their answer. "" cuts the
# connection in its place.
sub answer ($self, $line, $name = '', $times = 1) {
    return $self->_call(answer => [$line, uc $name, $times]);
}


# The next command (of that name) reaches Redis; its reply is lost with the
# connection.
sub lose ($self, $name = '') { return $self->_call(lose => uc $name) }


# The next command (of that name) reaches Redis; the connection ends behind that
# many bytes of its reply.
sub tear ($self, $bytes, $name = '') {
    return $self->_call(tear => [$bytes, uc $name]);
}


# Cuts the connections that stand.
sub cut ($self) { return $self->_call('cut') }


# The names of the commands that reached Redis since the start or `forget`, in
# order, those of scripts for what workers do by themselves only; count: how
# many, of all or of one name.
sub commands ($self) { return map { $_->[0] } @{ $self->_call('commands') } }
sub forget ($self)   { return $self->_call('forget') }

sub count ($self, $name = '') {
    my $all = $self->_call('commands');
    return scalar grep { _named(uc $name, @$_) } @$all;
}


# True when that many commands of that name have passed in time.
sub wait_for ($self, $name, $times = 1, $seconds = 60) {
    return wait_until($seconds, sub { $self->count($name) >= $times });
}


# How many connections of the module stand.
sub links ($self) { return $self->_call('links') }


# Waits for that many connections that have shaken hands, and on which nothing
# is to be answered: none of them is held up by `hold` before a command comes.
sub wait_ready ($self, $links, $seconds = 60) {
    return wait_until($seconds,
        sub { "@{ $self->_call('ready') }" eq "$links $links" });
}


sub stop ($self) { return stop_process($self->{pid}) }


# The scripts of the module: SHA-1 => name, both in capitals
sub scripts () {
    my $root = CredHubTest::Nginx->root;
    my ($code, $text) = run_command(
        ['sh', "$root/tools/embed-lua", "$root/src/store/lua"]);
    die $text if $code != 0;
    return { reverse map {uc} $text =~ /^    \{ "(\w+)", "(\w+)"/mg };
}


sub _named ($wanted, @names) {
    return grep { $_ eq $wanted } @names if $BACKGROUND{ $names[0] };
    return $wanted eq '' || grep { $_ eq $wanted } @names;
}


sub _call ($self, $what, $value = undef) {
    syswrite $self->{control}, $JSON->encode([$what, $value]) . "\n";
    my $line = readline $self->{control};
    die "the proxy is gone\n" if !defined $line;
    return $JSON->decode($line)->[0];
}


# From here on: the child.

sub _work ($me) {
    my $select = IO::Select->new($me->{listen}, $me->{control});
    $SIG{PIPE} = 'IGNORE';

    while (1) {
        my @links = values %{ $me->{links} };
        my $wait  = (grep { @{ $_->{out} } } @links) ? 0.005 : 1;

        for my $socket ($select->can_read($wait)) {
            if ($socket == $me->{control}) {
                return if !_obey($me, $select);

            } elsif ($socket == $me->{listen}) {
                _accept($me, $select);

            } elsif (my $link = $me->{links}{$socket}) {
                _feed($me, $select, $link, $socket);
            }
        }

        @links = values %{ $me->{links} };
        _flush($me, $select, $_) for @links;
    }
}


sub _obey ($me, $select) {
    my $line = readline $me->{control};
    return 0 if !defined $line;

    my ($what, $value) = @{ $JSON->decode($line) };
    my $result = 1;

    if    ($what eq 'commands') { $result = $me->{commands} }
    elsif ($what eq 'forget')   { $me->{commands} = [] }
    elsif ($what eq 'answer')   { push @{ $me->{answers} }, $value }
    elsif ($what eq 'lose')     { $me->{lose} = $value }
    elsif ($what eq 'cut') {
        my @links = values %{ $me->{links} };
        _close($me, $select, $_) for @links;
    }
    elsif ($what eq 'links') { $result = () = _links($me) }
    elsif ($what eq 'ready') {
        my @links = _links($me);
        $result = [scalar @links, scalar grep {
            $_->{used} && !@{ $_->{asked} } && !@{ $_->{out} }
        } @links];
    }
    else { $me->{$what} = $value }

    syswrite $me->{control}, $JSON->encode([$result]) . "\n";
    return 1;
}


sub _links ($me) {
    my %each = map { $_ => $_ } values %{ $me->{links} };
    return values %each;
}


sub _accept ($me, $select) {
    my $client = $me->{listen}->accept or return;
    my $redis  = IO::Socket::UNIX->new(Peer => $me->{redis});

    if (!$redis) {
        close $client;
        return;
    }

    # asked: what the replies to come belong to; out: replies on their way
    my $link = { client => $client, redis => $redis, asked => [], out => [],
        from_client => '', from_redis => '' };

    $me->{links}{$_} = $link for $client, $redis;
    $select->add($client, $redis);
    return;
}


sub _close ($me, $select, $link) {
    for my $socket ($link->{client}, $link->{redis}) {
        delete $me->{links}{$socket} or next;
        $select->remove($socket);
        close $socket;
    }

    return;
}


sub _feed ($me, $select, $link, $socket) {
    my $side = $socket == $link->{client} ? 'from_client' : 'from_redis';

    if (!sysread $socket, $link->{$side}, 65536, length $link->{$side}) {
        _close($me, $select, $link);
        return;
    }

    if ($side eq 'from_client') {
        while (my $n = _complete($link->{from_client})) {
            _command($me, $select, $link,
                substr $link->{from_client}, 0, $n, '');
        }
        return;
    }

    while (my $n = _complete($link->{from_redis})) {
        my $asked = shift @{ $link->{asked} };
        my $reply = substr $link->{from_redis}, 0, $n, '';

        if ($asked && $asked->{lose}) {
            _close($me, $select, $link);
            return;
        }

        if ($asked && $asked->{tear}) {
            syswrite $link->{client}, substr $reply, 0, $asked->{tear};
            _close($me, $select, $link);
            return;
        }

        push @{ $link->{out} }, [time + $me->{delay}, $reply];
        _fake($me, $link);
    }

    return;
}


sub _command ($me, $select, $link, $bytes) {
    my @names  = _names($me, $bytes);
    my $answer = $me->{answers}[0];
    $link->{used} = 1;

    if ($answer && _named($answer->[1], @names)) {
        shift @{ $me->{answers} } if --$answer->[2] <= 0;

        if ($answer->[0] eq '') {
            _close($me, $select, $link);
            return;
        }

        push @{ $link->{asked} }, { fake => "$answer->[0]\r\n" };
        _fake($me, $link);
        return;
    }

    $link->{names}{$_} = 1 for @names;

    my $asked = {};
    if (defined $me->{lose} && _named($me->{lose}, @names)) {
        delete $me->{lose};
        $asked->{lose} = 1;
    }

    if ($me->{tear} && _named($me->{tear}[1], @names)) {
        $asked->{tear} = (delete $me->{tear})->[0];
    }

    my $hold_at = $me->{hold_at};
    if ($hold_at && _named($hold_at->[0], @names) && --$hold_at->[1] == 0) {
        $me->{hold} = 1;
    }

    push @{ $me->{commands} }, \@names;
    push @{ $link->{asked} },  $asked;
    syswrite $link->{redis}, $bytes if $link->{redis};
    return;
}


sub _names ($me, $bytes) {
    my ($name, $size, $at) = $bytes =~ /^\*\d+\r\n\$\d+\r\n([^\r]*)\r\n
        (?:\$(\d+)\r\n)?/x ? (uc $1, $2, $+[0]) : return '';

    return $name if $name !~ /^EVAL(?:SHA)?(?:_RO)?\z/;

    my $body   = substr $bytes, $at, $size;
    my $script = $me->{scripts}{ uc($name =~ /^EVAL(?:_RO)?\z/ ? sha1_hex($body) : $body) };

    return $name if !defined $script;
    return $BACKGROUND{$script} ? $script : ($name, $script);
}


# Made-up replies keep their place behind the replies to earlier commands.
sub _fake ($me, $link) {
    while (@{ $link->{asked} } && $link->{asked}[0]{fake}) {
        my $asked = shift @{ $link->{asked} };
        push @{ $link->{out} }, [time + $me->{delay}, $asked->{fake}];
    }

    return;
}


sub _flush ($me, $select, $link) {
    my $out = $link->{out};
    return if defined $me->{freeze} && $link->{names}{ $me->{freeze} };

    while (@$out && !$me->{hold} && $out->[0][0] <= time) {
        my $size  = $me->{split} || length $out->[0][1];
        my $piece = substr $out->[0][1], 0, $size, '';
        shift @$out if $out->[0][1] eq '';

        while (length $piece) {
            my $n = syswrite $link->{client}, $piece;

            if (!defined $n) {
                _close($me, $select, $link);
                return;
            }

            substr $piece, 0, $n, '';
        }

        sleep 0.0002 if $me->{split};
    }

    return;
}


# Length of the complete RESP value at the start, or 0.
sub _complete ($bytes, $at = 0) {
    my $end = index $bytes, "\r\n", $at;
    return 0 if $end < 0;

    my $type = substr $bytes, $at, 1;
    my $rest = substr $bytes, $at + 1, $end - $at - 1;
    my $next = $end + 2;

    if ($type eq '$' && $rest >= 0) {
        $next += $rest + 2;

    } elsif ($type eq '*') {
        for (1 .. $rest) {
            $next = _complete($bytes, $next) or return 0;
        }
    }

    return $next <= length $bytes ? $next : 0;
}


1;
