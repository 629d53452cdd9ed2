package CredHubTest::Peers::Hostile;

# A server that does not keep to any protocol. It works in a program of its own,
# which `serve` runs.

use v5.36;

use parent 'CredHubTest::Peer';

use CredHubTest::Process qw(wait_until);
use MIME::Base64 qw(decode_base64 encode_base64);
use Mojo::IOLoop;

my @BYTES   = qw(hello reply endless drip);
my $SECONDS = 1;    # between the bytes of a drip


sub command ($self) {
    my @words = map { "$_=" . encode_base64($self->{$_}, '') }
        grep { defined $self->{$_} } @BYTES;
    my $lib = CredHubTest::Nginx->root . '/t/lib';

    push @words, 'close=' if $self->{close};
    return ($^X, "-I$lib", '-MCredHubTest::Peers::Hostile',
        '-e', __PACKAGE__ . '->serve(@ARGV)',
        $self->address, $self->port, @words);
}


# The connection that saw it start has been counted when this returns.
sub start ($self) {
    my $before = -e $self->dir . '/log' ? $self->connections : -1;

    $self->SUPER::start;
    wait_until(120, sub { $self->connections > $before })
        or die 'the first connection was not seen';
    return;
}


# How many connections there were, without the one that saw it start.
sub connections ($self) {
    my $n = () = $self->log =~ /^connection$/mg;
    return $n - 1;
}


# What its clients have said, all of them together.
sub received ($self) {
    return pack 'H*', join '', $self->log =~ /^read (\w+)$/mg;
}


sub serve ($class, $address, $port, @words) {
    my %do = map { my ($name, $text) = split /=/, $_, 2;
        ($name => decode_base64($text)) } @words;

    STDOUT->autoflush;
    Mojo::IOLoop->server({ address => $address, port => $port },
        sub ($loop, $stream, $id) {
            say 'connection';
            _behave(\%do, $stream);
        });
    Mojo::IOLoop->start;
    return;
}


sub _behave ($do, $stream) {
    my $reply = $do->{reply};

    $stream->timeout(0);
    $stream->on(error => sub (@) { });
    $stream->write($do->{hello}) if defined $do->{hello};
    _drip($stream, split //, $do->{drip}) if defined $do->{drip};

    # what follows the reply follows the first bytes of the client
    $stream->on(read => sub ($stream, $bytes) {
        say 'read ', unpack 'H*', $bytes;
        $stream->write($reply) if defined $reply;
        _endless($stream, $do->{endless})
            if defined $reply && defined $do->{endless};
        $reply = undef;
    });

    _endless($stream, $do->{endless})
        if !defined $reply && defined $do->{endless};
    $stream->close_gracefully if defined $do->{close};
    return;
}


sub _endless ($stream, $bytes) {
    $stream->write($bytes => sub ($stream, @) { _endless($stream, $bytes) });
    return;
}


sub _drip ($stream, @bytes) {
    my $id = Mojo::IOLoop->recurring($SECONDS => sub (@) {
        $stream->write(shift @bytes) if @bytes;
    });
    $stream->on(close => sub (@) { Mojo::IOLoop->remove($id) });
    return;
}


1;

__END__

=head1 NAME

CredHubTest::Peers::Hostile - a server that keeps to nothing

=head1 SYNOPSIS

    my $silent  = CredHubTest::Peers::Hostile->new;
    my $garbage = CredHubTest::Peers::Hostile->new(hello => 'x' x 100);
    my $banner  = CredHubTest::Peers::Hostile->new(endless => "word\n");

    $silent->connections;    # 0
    $silent->received;       # ''

=head1 DESCRIPTION

Options besides those of L<CredHubTest::Peer>, all of them bytes: C<hello> (to
each client), C<reply> (to the first bytes of a client), C<endless> (again and
again, behind a reply when there is one), C<drip> (a byte each second). C<close>:
the connection ends behind the hello. Without any it never says a word.

=cut
