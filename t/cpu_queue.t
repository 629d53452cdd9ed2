# Work for CPU threads: who waits for whom, how many may wait, and what is left
# when nobody waits any more. Counts only; the order is that of the access log.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use CredHubTest::Process qw(read_file);
use JSON::PP qw(encode_json);
use Test::More;

my $WAITING = 512;    # most that one actor may have: half of the queue
my $RUNNING = CredHubTest::threads();

my $hub = CredHubTest->new(
    workers     => 1,
    http        => q(log_format rows '$ssl_client_s_dn $request_method $status';),
    server      => 'access_log rows.log rows;',
    permissions => [map { [$_, '/*', 'read,write,delete'] }
        qw(good second third)],
);
my ($worker) = $hub->worker_pids;


# Rows of the access log: [who, method, status].
sub rows () {
    return map { [/CN=(\w+),.* (\w+) (\d+)$/] }
        split /\n/, read_file($hub->dir . '/rows.log');
}

# How many keys and hashes were asked for, and answered or given up.
sub made () { return scalar grep { $_->[1] eq 'POST' } rows() }

sub refusals () { return scalar grep { $_->[2] == 503 } rows() }

# Returns when all that the connection has sent stands in the queue: a request
# looks into Redis before, and replies come in order.
sub queued ($client) {
    $client->ping;
    $hub->get('/api/v1/data?current=true&name=/none');
    $client->ping;
    return;
}

sub key ($name, $bits) {
    return json => { name => $name, type => 'rsa',
        parameters => { key_length => $bits } };
}


subtest 'two actors, 32 keys' => sub {
    my $keys = 16;
    my %clients = map { $_ => $hub->connect_h2(cert => $_) } qw(good second);
    my %ids;

    # the second one asks when all of the first one wait
    for my $who (qw(good second)) {
        push @{ $ids{$who} }, $clients{$who}->request('POST', '/api/v1/data',
            key("/queue/$who/$_", 2048)) for 1 .. $keys;
        queued($clients{$who});
    }

    my $before = grep { $_->[0] eq 'good' && $_->[1] eq 'POST' } rows();
    my $gets   = 10;
    my $reader = $hub->connect(cert => 'third');
    my $good   = 0;

    for (1 .. $gets) {
        $good++ if $reader->request('GET', '/version', keep => 1)
            ->response->status == 200;
        $good++ if $reader->request('GET', '/api/v1/data?current=true&name=/x',
            keep => 1)->response->status == 404;
    }

    is($good, 2 * $gets, 'reads are answered meanwhile');

    for my $who (qw(good second)) {
        is_deeply([map { $clients{$who}->response($_, 300)->status }
                @{ $ids{$who} }], [(200) x $keys], "keys for $who");
    }

    ok(wait_until(60, sub { made() == 2 * $keys }), 'every key in the log');
    my @rows = rows();
    my @made = grep { $_->[1] eq 'POST' } @rows;
    my @reads = grep { $rows[$_][0] eq 'third' } 0 .. $#rows;

    cmp_ok($reads[1], '<', $#rows, 'neither kind waited for the last key');

    # In turn: while both wait, neither is ahead by more than what ran before
    # the second one came, and what runs at the moment.
    my ($first, %done) = 0;
    my $ahead = 0;

    for my $row (@made) {
        $first = $done{good} // 0 if $row->[0] eq 'second' && !$done{second};
        $done{ $row->[0] }++;
        next if !$done{second} || grep { $_ == $keys } values %done;

        my $lead = abs $done{good} - $first - $done{second};
        $ahead = $lead if $lead > $ahead;
    }

    # how many were made before the second one stood in the queue does not count
    cmp_ok($first - $before, '<=', $RUNNING + 1,
        'the second one did not wait for the first');
    cmp_ok($ahead, '<=', $RUNNING + 1, 'they take turns');
};


subtest 'a hash of a password takes its turn' => sub {
    my $keys  = 20 * $RUNNING;
    my $all   = $keys + made();
    my $queue = $hub->connect_h2(cert => 'good');
    $queue->request('POST', '/api/v1/data', key("/hash/$_", 2048))
        for 1 .. $keys;
    queued($queue);

    # keys that come before the hash stands in the queue do not count
    my $second = $hub->connect_h2(cert => 'second');
    my $id = $second->request('PUT', '/api/v1/data', json => {
        name => '/hash', type => 'user',
        value => { username => 'u', password => 'MARKER-hash' } });
    queued($second);

    my $before = rows();
    is($second->response($id)->status, 200);

    my @meanwhile;
    ok(wait_until(60, sub {
        my @rows  = rows();
        my ($end) = grep { $rows[$_][1] eq 'PUT' } 0 .. $#rows;
        @meanwhile = @rows[$before .. $end] if defined $end;
        return defined $end;
    }), 'it is in the log');
    cmp_ok((grep { $_->[1] eq 'POST' } @meanwhile), '<=', 2 * $RUNNING,
        'what ran, and one turn of the other');

    $queue->close;
    ok(wait_until(60, sub { made() == $all }), 'all leave');
    ok(wait_until(60, sub { $hub->busy_threads == 0 }),
        'nothing runs any more');
};


# HTTP/2 makes a request one stream: many clients in few connections.
subtest 'as many as may wait for one, and all leave' => sub {
    my $streams = 100;
    my @clients = map { $hub->connect_h2(cert => 'good') }
        0 .. ($WAITING + $RUNNING) / $streams;
    my $n = 0;
    my $before = made();

    for my $client (@clients) {
        for (1 .. $streams) {
            last if $n == $WAITING + $RUNNING;
            $client->request('POST', '/api/v1/data',
                key('/full/' . ++$n, 4096));
        }
        queued($client);
    }

    # A place is free whenever a key is done: streams take them all, until one
    # of them is refused, and then so is a client that sees the whole answer.
    my $more = $hub->connect_h2(cert => 'good');
    my ($refused, @more);

    for my $try (1 .. 20) {
        my $seen = refusals();
        ok(wait_until(60, sub {
            $more->request('POST', '/api/v1/data', key('/full/' . ++$n, 4096));
            return refusals() > $seen;
        }), 'the places are taken');

        push @more, $hub->connect(cert => 'good');
        $more[-1]->request('POST', '/api/v1/data', key("/more/$try", 4096));
        $refused = $more[-1]->response(5);
        last if $refused->status;
    }

    is_error($refused, 'busy', 'one more is told to come back');
    is($refused->header('Retry-After'), 1, 'and when');
    is($hub->get('/version')->status, 200, 'what needs no thread is served');
    is($hub->set('/full', 'value', 'MARKER-full')->status, 200, 'writes too');
    is($hub->connect(cert => 'second')->request('POST', '/api/v1/data',
            key('/full/second', 2048))->response(300)->status, 200,
        'another actor finds a place');

    $_->reset for @clients, $more, @more;
    ok(wait_until(60, sub { made() == $before + $n + @more + 1 }), 'all leave');
    ok(wait_until(60, sub { $hub->busy_threads == 0 }),
        'nothing runs any more');

    # behind the whole queue it would come after half an hour
    is($hub->generate('/full/after', 'rsa', { key_length => 2048 })->status,
        200, 'the queue is empty');
    is_deeply([$hub->worker_pids], [$worker], 'the same worker');
    is($hub->current("/full/$n"), undef, 'what nobody waits for is not stored');
};

$hub->done;
