package CredHubTest::Race;

# Two nodes on one Redis that do something at once. A proxy holds what they have
# asked Redis for; a third node asks directly, and so changes something in
# between, and sees what stands.

use v5.36;

use Test::More;

use CredHubTest;
use CredHubTest::Process qw(wait_until);


# Options: http (more lines of all nodes), env (variables of the first node),
# warm (a function of a hub: what makes scripts known to Redis).
sub new ($class, %opt) {
    my @keys = (['k1', sprintf '%-32s', 'MARKER-key-k1']);
    my $http = $opt{http} // '';
    my $one  = CredHubTest->new(start => 0, leaks => 0, proxy => 1, keys => \@keys,
        redis_args => 'timeout=20s', http => $http);
    my $proxy = $one->proxy;

    {
        my %env = %{ $opt{env} // {} };
        local @ENV{ keys %env } = values %env;
        $one->start;
    }

    my ($two, $direct) = map {
        CredHubTest->new(redis => 0, leaks => 0, keys => \@keys,
            http => "credhub_redis unix:$_ timeout=20s; $http")
    } $proxy->socket, $one->dir . '/redis/redis.sock';

    my $self = bless { one => $one, two => $two, direct => $direct,
        proxy => $proxy }, $class;

    # each worker has its links before one is held
    my $links = 0;
    wait_until(60, sub {
        $opt{warm}->($_) for ($one, $two) x 4;
        my $now = $proxy->links;
        return $now == $links && $now >= 8 || do { $links = $now; 0 };
    }) or die "not all links stand\n";

    return $self;
}


sub one ($self)    { return $self->{one} }
sub direct ($self) { return $self->{direct} }
sub proxy ($self)  { return $self->{proxy} }


# Sends all requests (arguments of CredHubTest::Client's request) to the two nodes
# in turn, then reads all answers.
sub send_all ($self, @requests) { return $self->_send(0, @requests) }

# The same, but each has asked for something before any may go on.
sub meet ($self, @requests) { return $self->_send(1, @requests) }

sub _send ($self, $held, @requests) {
    local $Test::Builder::Level = $Test::Builder::Level + 2;
    my $proxy   = $self->{proxy};
    my @clients = map { $self->{ $_ % 2 ? 'two' : 'one' }->connect }
        0 .. $#requests;
    my $i = 0;

    $proxy->forget;
    $proxy->hold if $held;
    $_->request(@{ $requests[$i++] }) for @clients;

    if ($held) {
        ok(wait_until(60, sub { $proxy->count >= @clients }), 'they met');
        $proxy->release;
    }

    return map { $self->_answer($_) } @clients;
}


# One request of the first node; something else happens when the command of this
# name has been answered, and nothing behind it.
sub between ($self, $command, $request, $happens) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $proxy  = $self->{proxy};
    my $client = $self->{one}->connect;

    $proxy->forget;
    $proxy->hold_at($command);
    $client->request(@$request);
    ok($proxy->wait_for($command), "it has come to $command");
    $happens->();
    $proxy->release;
    return $self->_answer($client);
}


sub _answer ($self, $client) {
    my $r = $client->response;
    $client->close;
    return $self->{one}->made($r);
}


sub done ($self) {
    $_->finish for @$self{qw(two direct)};
    return $self->{one}->done;
}


1;
