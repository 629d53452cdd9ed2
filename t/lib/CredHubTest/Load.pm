package CredHubTest::Load;

# Clients that write and read without pause, each in a process of its own and
# with a credential of its own: what it reads must be what it was told it had
# written. An answer other than 200 leaves open what was written; the next read
# must show one of the values in question.
#
# A client that keeps its connection repeats a request when the connection
# closed before a byte of the answer and had served one before; every other
# request without an answer is lost.

use v5.36;

use IO::Select;
use JSON::PP ();
use Time::HiRes qw(time);

use CredHubTest::Process qw(stop_process wait_until write_file);
use CredHubTest::Response;

my $JSON = JSON::PP->new->utf8;
my $next = 0;


# clients: an array with 1 for each that keeps its connection, and 0 for each
# that makes a new one for each request.
sub new ($class, $hub, @clients) {
    my $self = bless { hub => $hub, stop => $hub->scratch . '/stop',
        answers => 0, clients => [] }, $class;

    unlink $self->{stop};

    for my $keep (@clients) {
        my $name = '/load/' . ++$next;
        pipe my $out, my $in or die "pipe: $!";

        my $pid = CredHubTest::Process::spawn_code(sub {
            local $SIG{PIPE} = 'IGNORE';
            close $out;
            $in->autoflush;
            print {$in} "\n", $JSON->encode(_run($hub, $name, $keep,
                $self->{stop}, sub { print {$in} '.' }));
        });

        close $in;
        push @{ $self->{clients} }, { name => $name, keep => $keep,
            pid => $pid, out => $out, text => '' };
    }

    return $self;
}


# Returns when that many more requests have been answered.
sub wait_for ($self, $more, $seconds = 120) {
    my $want = $self->{answers} + $more;

    return wait_until($seconds, sub {
        $self->_read($_) for @{ $self->{clients} };
        return $self->{answers} >= $want;
    });
}


# Ends the clients. One hash for each: name, keep, sent, answered (status =>
# number), repeated, lost (texts), wrong (reads that showed another value), set
# (how many writes were answered with 200), open (writes of which it is not
# known), unfit (answers 503 that do not say when to retry).
sub stop ($self) {
    write_file($self->{stop}, '');
    my @results;

    for my $client (@{ $self->{clients} }) {
        my $done = wait_until(120, sub { !$self->_read($client) });
        stop_process($client->{pid});

        my ($result) = $client->{text} =~ /\n(.*)/s;
        die "a client of the load did not end\n" if !$done || !$result;
        push @results, { %{ $JSON->decode($result) },
            map { $_ => $client->{$_} } qw(name keep) };
    }

    return @results;
}


# False at the end.
sub _read ($self, $client) {
    while (IO::Select->new($client->{out})->can_read(0)) {
        my $n = sysread $client->{out}, my $bytes, 65536;
        return 0 if !$n;
        $client->{text} .= $bytes;
        $self->{answers} += () = $bytes =~ /^\.+/ ? $& =~ /\./g : ();
    }

    return 1;
}


# From here on: the child.

sub _run ($hub, $name, $keep, $stop, $told) {
    my $me = { hub => $hub, keep => $keep, sent => 0, repeated => 0,
        answered => {}, lost => [], wrong => [], unfit => 0 };
    my ($set, $open, $n, @possible) = (0, 0, 0);

    while (!-e $stop) {
        my $value = "MARKER-$name-" . ++$n;
        my $r = _ask($me, 'PUT', '/api/v1/data', json => { name => $name,
            type => 'value', value => $value });
        my $done = $r->status == 200;

        $told->();
        ($done ? $set : $open)++;
        @possible = ($done ? () : @possible, $value);

        # before the first answered write nothing has to be there
        next if !$set;

        $r = _ask($me, 'GET', "/api/v1/data?current=true&name=$name");
        $told->();
        next if $r->status != 200;

        my $found = $r->json->{data}[0]{value};
        push @{ $me->{wrong} }, "$found, not @possible"
            if !grep { $_ eq $found } @possible;
        @possible = ($found) if $done;
    }

    return { set => $set, open => $open,
        map { $_ => $me->{$_} }
            qw(sent repeated answered lost wrong unfit) };
}


sub _ask ($me, $method, $target, %opt) {
    my $client = delete $me->{client};
    my $r;
    $me->{sent}++;

    if ($client) {
        $r = $client->request($method, $target, %opt, keep => 1)->response;

        if (!$r->status && $r->error eq 'connection closed'
            && !$client->partial)
        {
            $me->{repeated}++;
            $client = undef;
        }
    }

    if (!$client) {
        $client = eval { $me->{hub}->connect };
        $r = $client ? $client->request($method, $target, %opt,
            keep => $me->{keep})->response
            : CredHubTest::Response->new(error => $@);
    }

    if (!$r->status) {
        push @{ $me->{lost} }, sprintf '%.3f: %s', time, $r->error;
        return $r;
    }

    $me->{answered}{ $r->status }++;
    $me->{unfit}++
        if $r->status == 503 && ($r->header('Retry-After') // '') ne '1';

    if ($me->{keep} && ($r->header('Connection') // '') ne 'close') {
        $me->{client} = $client;
    } else {
        $client->close;
    }

    return $r;
}


1;
