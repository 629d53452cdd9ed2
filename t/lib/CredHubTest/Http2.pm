package CredHubTest::Http2;

# One HTTP/2 connection whose streams overlap, are sent in pieces and are cut.
# Of a response's header it reads the status only.

use v5.36;

use JSON::PP ();

use CredHubTest::Response;

my ($DATA, $HEADERS, $RST_STREAM, $SETTINGS, $PING, $GOAWAY, $WINDOW_UPDATE)
    = (0, 1, 3, 4, 6, 7, 8);
my ($ACK, $END_STREAM, $END_HEADERS) = (1, 1, 4);

my $FRAME   = 16384;
my $WINDOW  = 65535;
my $LARGE   = 0x7fffffff;
my $TIMEOUT = 120;
my @STATUS = (200, 204, 206, 304, 400, 404, 500);    # of the static table
my $JSON   = JSON::PP->new->utf8->canonical->allow_nonref;


# client: a CredHubTest::Client that has just connected, with ALPN "h2"; window:
# how many bytes of a body may come, of each stream and of all together.
sub new ($class, $client, $window = $LARGE) {
    my $self = bless { client => $client, next => 1, streams => {},
        initial => $WINDOW, window => $WINDOW }, $class;

    $client->send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    $self->_send($SETTINGS, 0, 0, pack 'nN', 4, $window);
    $self->_send($WINDOW_UPDATE, 0, 0, pack 'N', $window - $WINDOW)
        if $window > $WINDOW;
    return $self;
}


# Opens a stream and returns its number. Options: json or body (sent, and the
# end of the stream); open (data follows); headers (an array of names in lower
# case and values).
sub request ($self, $method, $target, %opt) {
    my $body = exists $opt{json} ? $JSON->encode($opt{json}) : $opt{body};
    my $id   = $self->{next};
    my $more = defined $body || $opt{open};
    my @list = (':method' => $method, ':scheme' => 'https',
        ':path' => $target, ':authority' => $self->{client}{host});

    my %given = @{ $opt{headers} // [] };
    push @list, 'content-type' => 'application/json'
        if $more && !exists $given{'content-type'};
    push @list, 'content-length' => length $body     if defined $body;
    push @list, @{ $opt{headers} // [] };

    my $block = '';
    while (my ($name, $value) = splice @list, 0, 2) {
        $block .= "\0" . _string($name) . _string($value);
    }

    $self->{next} += 2;
    $self->{streams}{$id} = { window => $self->{initial}, body => '' };
    $self->_send($HEADERS, $END_HEADERS | ($more ? 0 : $END_STREAM), $id,
        $block);
    $self->data($id, $body, 1) if defined $body;
    return $id;
}


# Waits while the server's windows are closed.
sub data ($self, $id, $bytes, $last = 0) {
    my $stream = $self->{streams}{$id};

    while (1) {
        my $size = length $bytes;

        for my $room ($FRAME, $stream->{window}, $self->{window}) {
            $size = $room if $room < $size;
        }

        if ($size > 0 || $bytes eq '') {
            my $piece = substr $bytes, 0, $size, '';
            my $end   = $last && $bytes eq '' ? $END_STREAM : 0;

            $_ -= $size for $stream->{window}, $self->{window};
            $self->_send($DATA, $end, $id, $piece);
            return if $bytes eq '';

        } else {
            return if defined $stream->{end};
            $self->_frame($TIMEOUT);
        }
    }
}


# RST_STREAM, with CANCEL as its code.
sub cancel ($self, $id) {
    return $self->_send($RST_STREAM, 0, $id, pack 'N', 8);
}


# As of a CredHubTest::Client: always an object.
sub response ($self, $id, $timeout = $TIMEOUT) {
    my $stream = $self->{streams}{$id};

    while (!defined $stream->{end}) {
        eval { $self->_frame($timeout); 1 } or $stream->{end} = $@ =~ s/\n//r;
    }

    delete $self->{streams}{$id};
    return CredHubTest::Response->new(error => $stream->{end})
        if $stream->{end} ne '';
    return CredHubTest::Response->new(
        status => $stream->{status}, body => $stream->{body});
}


# Returns when a part of the response's body has come.
sub begun ($self, $id) {
    my $stream = $self->{streams}{$id};
    $self->_frame($TIMEOUT) while $stream->{body} eq '' && !defined $stream->{end};
    return;
}


# Returns when the server has answered a PING: it has seen all before.
sub ping ($self) {
    $self->{pong} = 0;
    $self->_send($PING, 0, 0, 'x' x 8);
    $self->_frame($TIMEOUT) while !$self->{pong};
    return;
}


sub close ($self) { return $self->{client}->close }
sub reset ($self) { return $self->{client}->reset }


sub _send ($self, $type, $flags, $id, $payload) {
    return $self->{client}->send(
        substr(pack('N', length $payload), 1) . pack('CCN', $type, $flags, $id)
        . $payload);
}


sub _frame ($self, $timeout) {
    my $head = $self->{client}->bytes(9, $timeout);
    my ($high, $low, $type, $flags, $id) = unpack 'CnCCN', $head;
    my $payload = $self->{client}->bytes($high << 16 | $low, $timeout);
    my $stream  = $self->{streams}{$id} // {};

    if ($type == $SETTINGS && !($flags & $ACK)) {
        $self->_settings($payload);

    } elsif ($type == $WINDOW_UPDATE) {
        ($id ? $stream : $self)->{window} += unpack 'N', $payload;

    } elsif ($type == $HEADERS) {
        $stream->{status} //= _status($payload);

    } elsif ($type == $DATA) {
        $stream->{body} .= $payload;

    } elsif ($type == $RST_STREAM) {
        $stream->{end} //= 'stream reset with code ' . unpack 'N', $payload;

    } elsif ($type == $PING && $flags & $ACK) {
        $self->{pong} = 1;

    } elsif ($type == $GOAWAY) {
        my ($last) = unpack 'N', $payload;
        $self->{streams}{$_}{end} //= 'connection going away'
            for grep { $_ > $last } keys %{ $self->{streams} };
    }

    $stream->{end} //= ''
        if ($type == $DATA || $type == $HEADERS) && $flags & $END_STREAM;
    return;
}


sub _settings ($self, $payload) {
    for my $at (map { $_ * 6 } 0 .. length($payload) / 6 - 1) {
        my ($name, $value) = unpack 'nN', substr $payload, $at, 6;
        next if $name != 4;

        $_->{window} += $value - $self->{initial}
            for values %{ $self->{streams} };
        $self->{initial} = $value;
    }

    return $self->_send($SETTINGS, $ACK, 0, '');
}


# The first field of a header block, behind updates of the table's size.
sub _status ($block) {
    my @bytes = unpack 'C*', $block;
    shift @bytes while ($bytes[0] & 0xe0) == 0x20;

    return $STATUS[$bytes[0] - 0x88] if $bytes[0] & 0x80;
    return join '', map {chr} @bytes[2 .. 4];
}


# A string literal of HPACK, its length with a prefix of 7 bits.
sub _string ($text) {
    my $length = length $text;
    return chr($length) . $text if $length < 127;

    my $bytes = chr 127;
    for ($length -= 127; $length > 127; $length >>= 7) {
        $bytes .= chr($length & 127 | 128);
    }

    return $bytes . chr($length) . $text;
}


1;
