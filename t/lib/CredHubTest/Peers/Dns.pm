package CredHubTest::Peers::Dns;

# A DNS server that knows a few names, and may change its mind.

use v5.36;

use Net::DNS ();
use IO::Socket::INET;

use CredHubTest::Process ();


sub new ($class, %names) {
    my $socket = IO::Socket::INET->new(Proto => 'udp',
        LocalAddr => '127.0.0.1') or die "a UDP port: $!";
    my ($reader, $writer);
    pipe $reader, $writer or die "pipe: $!";

    my $self = bless { port => $socket->sockport, seen => $reader }, $class;

    $self->{pid} = CredHubTest::Process::spawn_code(sub {
        _serve($socket, $writer, %names);
    });
    close $writer;
    return $self;
}


sub port ($self) { return $self->{port} }


# The name and the type of the next question, in time.
sub question ($self, $seconds = 60) {
    my $bits = '';
    vec($bits, fileno $self->{seen}, 1) = 1;
    return if !select $bits, undef, undef, $seconds;
    return scalar readline $self->{seen};
}


# An array of answers is taken in turn, the last one again and again. No answer
# to a name that is not there, and none to undef.
sub _serve ($socket, $writer, %names) {
    $writer->autoflush(1);

    while (1) {
        my $from   = recv $socket, my $bytes, 4096, 0;
        my $packet = defined $from && Net::DNS::Packet->decode(\$bytes)
            or next;
        my ($asked) = $packet->question;
        my ($name, $type) = ($asked->qname, $asked->qtype);

        print {$writer} "$name $type\n";

        my $answers = $names{"$name $type"};
        my $reply   = $packet->reply;

        my $known = grep { /^\Q$name\E / } keys %names;
        $reply->header->rcode($known ? 'NOERROR' : 'NXDOMAIN');

        if ($answers) {
            my $now = @$answers > 1 ? shift @$answers : $answers->[0];
            next if !defined $now;
            $reply->push(answer => map { Net::DNS::RR->new(
                "$name. 1 IN $type $_") } ref $now ? @$now : $now);
        }

        send $socket, $reply->data, 0, $from;
    }
}


1;

__END__

=head1 NAME

CredHubTest::Peers::Dns - a DNS server

=head1 SYNOPSIS

    my $dns = CredHubTest::Peers::Dns->new(
        'db.test A'    => [['127.0.0.1', '127.0.0.2']],
        'turns.test A' => ['127.0.0.1', '10.0.0.1'],
        'silent.test A' => [undef],
    );

    $dns->port;        # of a resolver
    $dns->question;    # "db.test A\n"

=cut
