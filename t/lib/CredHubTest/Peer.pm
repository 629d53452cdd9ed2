package CredHubTest::Peer;

# A server of others that the hub is to meet: its directory, its port, its
# start and its end. What it is stands in CredHubTest::Peers::*.

use v5.36;

use File::Temp qw(tempdir);
use IO::Socket::IP;

use CredHubTest::Nginx;
use CredHubTest::Process
    qw(spawn running stop_process wait_until run_command read_file write_file);


sub new ($class, %opt) {
    my $self = bless {
        address => '127.0.0.1',
        port    => CredHubTest::Nginx->free_port,
        dir     => tempdir('credhub-peer-XXXXXX', TMPDIR => 1, CLEANUP => 1),
        %opt,
    }, $class;

    $self->_own($self->{dir});
    $self->prepare;
    $self->start if $opt{start} // 1;
    return $self;
}


sub address ($self)  { return $self->{address} }
sub port ($self)     { return $self->{port} }
sub endpoint ($self) { return "$self->{address}:$self->{port}" }
sub dir ($self)      { return $self->{dir} }
sub pid ($self)      { return $self->{pid} }
sub log ($self)      { return read_file("$self->{dir}/log") }


# Of a class: what is made once; the command that runs in the foreground; who
# runs it when the test is root.
sub prepare ($self) { return }
sub command ($self) { die ref $self, ' has no command' }
sub user ($self)    { return 'root' }


# Returns when it listens.
sub start ($self) {
    die ref $self, ' runs already' if running($self->{pid});

    $self->{pid} = spawn([$self->_as_user, $self->command],
        dir => $self->{dir}, out => "$self->{dir}/log");

    my $ready = wait_until(120, sub {
        return 'gone' if !running($self->{pid});
        return IO::Socket::IP->new(PeerHost => $self->{address},
            PeerPort => $self->{port}, Timeout => 10);
    });

    die ref $self, " did not start:\n", $self->log
        if !$ready || $ready eq 'gone';
    return;
}


# True when it ended in time.
sub stop ($self) {
    kill 'CONT', $self->{pid} if running($self->{pid});
    return stop_process($self->{pid});
}


# A file of the peer, of which nobody else can read it.
sub file ($self, $name, $bytes) {
    return $self->_own(write_file("$self->{dir}/$name", $bytes, 0600));
}


# A command of the peer, to its end; dies when it fails.
sub run ($self, @command) {
    my ($code, $text) = run_command([$self->_as_user, @command],
        env => { HOME => $self->{dir} });
    die "@command: $text" if $code != 0;
    return $text;
}


# A change of the user forgets the signal for the death of the parent.
sub _as_user ($self) {
    return () if $> != 0 || $self->user eq 'root';

    my ($uid, $gid) = $self->_ids;
    return ('setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups',
        'setpriv', '--pdeathsig', 'KILL');
}


sub _own ($self, $path) {
    return $path if $> != 0;
    chown $self->_ids, $path or die "$path: $!";
    return $path;
}


sub _ids ($self) {
    my ($uid, $gid) = (getpwnam $self->user)[2, 3];
    die 'there is no user ' . $self->user if !defined $uid;
    return ($uid, $gid);
}


1;

__END__

=head1 NAME

CredHubTest::Peer - a server that the hub connects to

=head1 SYNOPSIS

    my $peer = CredHubTest::Peers::Postgres->new(certificate => $certificate);

    $peer->endpoint;    # 127.0.0.1:23456
    $peer->stop;
    $peer->start;       # on the same port

=head1 DESCRIPTION

Each peer has a directory and a free port of its own, is started by C<new> and
ends with the test, whatever ends that. When the test is root, a program that
wants no root runs as another user.

Options of every class: C<address> (a loopback address to listen on), C<port>,
C<start> (0: later). A certificate is what C<make_certificate> of
L<CredHubTest::Pki> returns.

Methods: C<address>, C<port>, C<endpoint>, C<dir>, C<pid>, C<log> (what it has
written), C<start>, C<stop>.

=cut
