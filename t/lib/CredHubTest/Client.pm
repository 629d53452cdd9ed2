package CredHubTest::Client;

# One HTTP/1.1 connection, over TLS or plain, that sends exactly the bytes it
# is told to. Several of them at once make concurrent requests.

use v5.36;

use IO::Select;
use IO::Socket::SSL;
use IO::Socket::UNIX;
use JSON::PP ();
use Time::HiRes qw(time);

use CredHubTest::Response;

my $TIMEOUT = 120;
my $JSON    = JSON::PP->new->utf8->canonical->allow_nonref;


# Options: port, or unix (a path), from (an address of this host), room (bytes for
# what comes and is not read yet), ca, cert and key (files), host (for the Host header and as SNI), sni (another one; '' for
# none), plain (no TLS), prelude (bytes that are sent before TLS), tls (more
# arguments of IO::Socket::SSL). Dies when there is no connection.
sub new ($class, %opt) {
    my $host = $opt{host} // 'localhost';
    my $self = bless { host => "$host:$opt{port}", buffer => '' }, $class;

    my $socket = defined $opt{unix}
        ? IO::Socket::UNIX->new(Peer => $opt{unix})
        : IO::Socket::INET->new(PeerAddr => '127.0.0.1',
            PeerPort => $opt{port}, LocalAddr => $opt{from},
            Timeout  => $TIMEOUT, $opt{room} ? (Sockopts =>
                [[Socket::SOL_SOCKET, Socket::SO_RCVBUF, $opt{room}]]) : ());

    $self->{socket} = $socket or die "connect: $@\n";
    $self->send($opt{prelude} // '');
    return $self if $opt{plain};

    my %identity;
    %identity = (SSL_cert_file => $opt{cert}, SSL_key_file => $opt{key})
        if defined $opt{cert};

    IO::Socket::SSL->start_SSL(
        $socket, %identity,
        Timeout             => $TIMEOUT,
        SSL_ca_file         => $opt{ca},
        SSL_verify_mode     => SSL_VERIFY_PEER,
        SSL_verifycn_scheme => 'http',
        SSL_verifycn_name   => 'localhost',
        SSL_hostname        => $opt{sni} // $host,
        SSL_alpn_protocols  => ['http/1.1'],
        %{ $opt{tls} // {} },
    ) or die "connect: $IO::Socket::SSL::SSL_ERROR\n";

    return $self;
}


sub socket ($self) { return $self->{socket} }


# Raw bytes. False when the peer has gone; what it said is still to be read.
sub send ($self, $bytes) {
    local $SIG{PIPE} = 'IGNORE';

    while (length $bytes) {
        my $n = syswrite $self->{socket}, $bytes, 16384;
        return 0 if !$n;
        substr $bytes, 0, $n, '';
    }

    return 1;
}


# Sends a request: method, target (as it is), and options
#   headers  a hash, or an array of names and values (kept in order, doubles
#            too); a value of undef leaves a default header out
#   json     a structure; or body, a string of bytes; or chunks, an array of
#            strings (chunked encoding)
#   keep     keeps the connection for another request
sub request ($self, $method, $target, %opt) {
    my $body = exists $opt{json} ? $JSON->encode($opt{json}) : $opt{body};
    my @given = ref $opt{headers} eq 'ARRAY' ? @{ $opt{headers} }
        : %{ $opt{headers} // {} };
    my @default = (Host => $self->{host}, Accept => 'application/json');

    push @default, Connection => 'close' if !$opt{keep};
    push @default, 'Content-Type' => 'application/json'
        if defined $body || $opt{chunks};
    push @default, 'Transfer-Encoding' => 'chunked' if $opt{chunks};
    push @default, 'Content-Length' => length $body if defined $body;

    my %own;
    for (my $i = 0; $i < @given; $i += 2) {
        $own{ lc $given[$i] } = 1;
    }

    my $head = "$method $target HTTP/1.1\r\n";
    while (my ($name, $value) = splice @default, 0, 2) {
        $head .= "$name: $value\r\n" if !$own{ lc $name };
    }
    while (my ($name, $value) = splice @given, 0, 2) {
        $head .= "$name: $value\r\n" if defined $value;
    }

    $self->{method} = $method;
    $self->send("$head\r\n" . ($body // ''));

    if ($opt{chunks}) {
        $self->send_chunk($_) for @{ $opt{chunks} };
        $self->send_chunk('');
    }

    return $self;
}


# An empty chunk is the last one.
sub send_chunk ($self, $bytes) {
    return $self->send(sprintf("%x\r\n", length $bytes) . "$bytes\r\n");
}


# The response to the oldest request: always an object. Status 0 with an error
# text: the connection ended, or nothing came in time.
sub response ($self, $timeout = $TIMEOUT) {
    $self->{deadline} = time + $timeout;

    my $response = eval { $self->_response };
    return $response if $response;
    chomp(my $error = $@);
    return CredHubTest::Response->new(error => $error);
}


# Exactly that many bytes of what comes; dies when they do not.
sub bytes ($self, $n, $timeout = $TIMEOUT) {
    $self->{deadline} = time + $timeout;
    return $self->_bytes($n);
}


# Has a part of a response come, and not been used?
sub partial ($self) { return length $self->{buffer} > 0 }


sub close ($self) {
    my $socket = delete $self->{socket} or return;
    $socket->isa('IO::Socket::SSL')
        ? $socket->close(SSL_fast_shutdown => 1) : CORE::close $socket;
    return;
}


# Ends the connection with a TCP reset.
sub reset ($self) {
    my $socket = delete $self->{socket};
    setsockopt $socket, Socket::SOL_SOCKET, Socket::SO_LINGER,
        pack 'ii', 1, 0;
    $socket->isa('IO::Socket::SSL')
        ? $socket->close(SSL_no_shutdown => 1) : CORE::close $socket;
    return;
}


sub _response ($self) {
    my @interim;

    while (1) {
        my ($line, @lines) = split /\r\n/, $self->_until("\r\n\r\n");
        my ($status, $reason) = $line =~ m{^HTTP/1\.[01] (\d{3}) ?(.*)}
            or die "bad status line: $line\n";

        if ($status < 200) {
            push @interim, $status;
            next;
        }

        my $response = CredHubTest::Response->new(
            status  => $status,
            reason  => $reason,
            headers => [map { [split /:[ \t]*/, $_, 2] } @lines],
            interim => \@interim,
        );
        $response->{body} = $self->_body($response);
        return $response;
    }
}


sub _body ($self, $response) {
    my $length = $response->header('Content-Length');

    return ''
        if $self->{method} eq 'HEAD' || $response->status =~ /^(?:204|304)$/;

    if (lc($response->header('Transfer-Encoding') // '') eq 'chunked') {
        my $body = '';

        while (1) {
            my $size = hex $self->_until("\r\n") =~ s/\r\n//r;
            my $data = $self->_bytes($size + 2);
            return $body if $size == 0;
            $body .= substr $data, 0, $size;
        }
    }

    return $self->_bytes($length) if defined $length;

    while ($self->_read) { }
    return substr $self->{buffer}, 0, length $self->{buffer}, '';
}


sub _until ($self, $mark) {
    while (1) {
        my $at = index $self->{buffer}, $mark;
        return substr $self->{buffer}, 0, $at + length $mark, '' if $at >= 0;
        $self->_read or die "connection closed\n";
    }
}


sub _bytes ($self, $n) {
    while (length $self->{buffer} < $n) {
        $self->_read or die "connection closed in the body\n";
    }

    return substr $self->{buffer}, 0, $n, '';
}


sub _read ($self) {
    my $socket = $self->{socket} // die "connection closed\n";
    my $tls    = $socket->isa('IO::Socket::SSL');

    if (!$tls || !$socket->pending) {
        my $left = $self->{deadline} - time;
        $left > 0 && IO::Select->new($socket)->can_read($left)
            or die "no answer in time\n";
    }

    return sysread $socket, $self->{buffer}, 65536, length $self->{buffer};
}


1;
