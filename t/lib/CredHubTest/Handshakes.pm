package CredHubTest::Handshakes;

# Clients that shake hands with servers all the time, each in a process of its
# own. A client has a directory with ca.pem, certificate.pem and private_key.pem,
# which it reads anew for each handshake; the directory is a symbolic link, so
# that all three can change at once. It trusts what is in ca.pem, nothing else.

use v5.36;

use Exporter 'import';
use IO::Select;
use Time::HiRes qw(sleep);

use CredHubTest::Client;
use CredHubTest::Process qw(stop_process wait_until write_file);

our @EXPORT_OK = qw(handshake);

my @VERSIONS = ('TLSv1_2', 'TLSv1_3');
my $PAUSE    = 0.03;    # others want to work too


# A handshake, and a request over it, since servers refuse the certificates of
# clients there: the status, or what went wrong.
sub handshake ($dir, $port, $version = $VERSIONS[1]) {
    my $files = readlink $dir;
    $files = $files ? $dir =~ s{[^/]*\z}{$files}r : $dir;

    my $client = eval {
        CredHubTest::Client->new(port => $port, ca => "$files/ca.pem",
            cert => "$files/certificate.pem",
            key  => "$files/private_key.pem",
            tls  => { SSL_version => $version });
    };
    return $@ =~ s/\s+\z//r if !$client;

    my $r = $client->request('GET', '/')->response;
    $client->close;
    return $r->status || $r->error;
}


# Options: stop (a file that ends them), clients (name => directory), servers
# (name => port).
sub new ($class, %opt) {
    my $self = bless { %opt, children => [], count => {}, failed => {} }, $class;

    unlink $self->{stop};

    for my $name (sort keys %{ $opt{clients} }) {
        pipe my $out, my $in or die "pipe: $!";

        my $pid = CredHubTest::Process::spawn_code(sub {
            close $out;
            $in->autoflush;
            _run($self, $name, $in);
        });

        close $in;
        push @{ $self->{children} }, { pid => $pid, out => $out, text => '' };
    }

    return $self;
}


# True when each client has shaken hands with each server that often in time, all
# of it begun after the call.
sub wait_for ($self, $more = 1, $seconds = 30) {
    my @pairs = map { my $c = $_; map {"$c $_"} keys %{ $self->{servers} } }
        keys %{ $self->{clients} };
    $self->_read;
    my %want = map { $_ => ($self->{count}{$_} // 0) + $more + 1 } @pairs;

    return wait_until($seconds, sub {
        $self->_read;
        return !grep { ($self->{count}{$_} // 0) < $want{$_} } @pairs;
    });
}


# "CLIENT SERVER" => how many, and the failed ones: => array of texts
sub count ($self) { $self->_read; return $self->{count} }
sub failed ($self) { $self->_read; return $self->{failed} }


sub stop ($self) {
    write_file($self->{stop}, '');
    stop_process($_->{pid}, 0) for @{ $self->{children} };
    $self->_read;
    return;
}


sub _read ($self) {
    for my $child (@{ $self->{children} }) {
        while (IO::Select->new($child->{out})->can_read(0)) {
            sysread $child->{out}, $child->{text}, 65536,
                length $child->{text} or last;
        }

        while ($child->{text} =~ s/^(\S+ \S+) (.*)\n//) {
            $self->{count}{$1}++;
            push @{ $self->{failed}{$1} }, $2 if $2 ne '200';
        }
    }

    return;
}


# From here on: the child.

sub _run ($self, $name, $in) {
    for (my $i = 0; !-e $self->{stop}; $i++) {
        for my $server (sort keys %{ $self->{servers} }) {
            my $result = handshake($self->{clients}{$name},
                $self->{servers}{$server}, $VERSIONS[$i % @VERSIONS]);

            print {$in} "$name $server $result\n";
        }

        sleep $PAUSE;
    }

    return;
}


1;
