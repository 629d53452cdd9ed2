# Clients that leave: at every moment of a request, in every way. Nothing of a
# request stays behind, and a write that was sent to Redis is done.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Process qw(read_file);
use JSON::PP qw(encode_json);
use Test::More;

my $hub = CredHubTest->new(
    proxy      => 1,
    workers    => 1,
    config     => sub ($hub) {
        my $plain = $hub->port('plain');
        return join "\n", $hub->hub_lines,
            q(log_format rows '$http_x_row $status "$request_completion"';),
            $hub->server_block(port => 'main', listen => 'sndbuf=32k',
                server => 'access_log rows.log rows;'),
            "server { listen 127.0.0.1:$plain; access_log rows.log rows;
                location / { credhub; credhub_management local; } }";
    },
);
my $proxy = $hub->proxy;
my $LISTEN = '0A';    # a state in /proc/net/tcp
my $rows  = 0;

my $ROOM = 16384;    # what comes to a client that does not read


# Requests that are not waited for. Options: method, target, body, part (bytes of
# the body that are sent), wait (for the first byte of the answer).

sub http1 ($row, %opt) {
    my $c    = $opt{client} // $hub->connect(room => $ROOM);
    my $body = $opt{body};
    my %head = ('X-Row' => $row);

    # nginx has read the head when it asks for the body
    if (defined $opt{part}) {
        @head{'Content-Type', 'Content-Length', 'Expect'}
            = ('application/json', length $body, '100-continue');
        $c->request($opt{method}, $opt{target}, headers => \%head, keep => 1);
        is($c->bytes(25), "HTTP/1.1 100 Continue\r\n\r\n", 'asked for more');
        $c->send(substr $body, 0, $opt{part});
        return $c;
    }

    $c->request($opt{method}, $opt{target}, headers => \%head, keep => 1,
        defined $body ? (body => $body) : ());
    $c->bytes(1) if $opt{wait};
    return $c;
}


sub used ($row, %opt) {
    my $client = $hub->connect(room => $ROOM);
    $client->request('GET', '/version', keep => 1)->response;
    return http1($row, %opt, client => $client);
}


sub http2 ($row, %opt) {
    my $c    = $hub->connect_h2(window => $ROOM);
    my @head = ('x-row' => $row);

    if (!defined $opt{body}) {
        my $id = $c->request($opt{method}, $opt{target}, headers => \@head);
        $c->begun($id) if $opt{wait};
        return ($c, $id);
    }

    push @head, 'content-length' => length $opt{body};
    my $id = $c->request($opt{method}, $opt{target}, headers => \@head,
        open => 1);
    $c->data($id, substr($opt{body}, 0, $opt{part} // length $opt{body}),
        !defined $opt{part});
    $c->ping;
    return ($c, $id);
}


# Functions that ask, and return how to leave; that returns the connection when
# it goes on.
my @ways = (
    ['HTTP/1.1, closed' => sub { my $c = http1(@_); sub { $c->close } }],
    ['HTTP/1.1, reset'  => sub { my $c = http1(@_); sub { $c->reset } }],
    ['keep-alive, closed' => sub { my $c = used(@_); sub { $c->close } }],
    ['HTTP/2, stream reset' => sub {
        my ($c, $id) = http2(@_);
        return sub { $c->cancel($id); return $c };
    }],
    ['HTTP/2, closed' => sub { my ($c) = http2(@_); sub { $c->close } }],
    ['HTTP/2, reset'  => sub { my ($c) = http2(@_); sub { $c->reset } }],
);


# What the access log says of a request: its status, and "OK" when the answer
# was sent.
sub logged ($row) {
    my $found = wait_until(60,
        sub { read_file($hub->dir . '/rows.log') =~ /^$row (.*)$/m && $1 });

    return $found // 'nothing';
}


sub name ($row) { return "/leave/$row" }

sub set_body ($row) {
    return encode_json({ name => name($row), type => 'value',
        value => "MARKER-$row" });
}

sub put ($row) {
    return (method => 'PUT', target => '/api/v1/data', body => set_body($row));
}

sub value ($row) { return ($hub->current(name($row)) // {})->{value} }


my ($worker) = $hub->worker_pids;

# The descriptors of the worker, those of clients and all others.
sub files () {
    my %ports  = map { sprintf('%04X', $hub->port($_)) => 1 } qw(main plain);
    my %client = map { $_->[9] => 1 }
        grep { $_->[1] =~ /:(.*)/ && $ports{$1} && $_->[3] ne $LISTEN }
        map { [split] } split /\n/, read_file('/proc/net/tcp');
    my @files = map { readlink // () } glob "/proc/$worker/fd/*";
    my $clients = grep { /^socket:\[(\d+)\]/ && $client{$1} } @files;

    return ($clients, @files - $clients);
}

# How many there are when the last client has been let go.
sub files_at_rest () {
    my ($clients, $others);
    wait_until(60, sub { ($clients, $others) = files(); $clients == 0 });
    return "$clients of clients, $others";
}


# Runs the code for each way, and looks at what is left each time.
sub each_way ($moment, $code, @which) {
    my $files = files_at_rest();
    like($files, qr/^0 /, "$moment: nobody is connected");

    for my $way (@which ? @ways[@which] : @ways) {
        my ($name, $ask) = @$way;
        my $row = 'row' . ++$rows;

        subtest "$moment: $name" => sub {
            my $still = $code->($row, $ask);

            if (ref $still eq 'CredHubTest::Http2') {
                my $id = $still->request('GET', '/version');
                is($still->response($id)->status, 200, 'the other streams');
                $still->close;
            }

            is($hub->get('/version')->status, 200, 'the next request');
            is_deeply([$hub->worker_pids], [$worker], 'the same worker');
            is($proxy->links, 2, 'the same links');
            is(files_at_rest(), $files, 'no descriptor stays');
        };
    }

    return;
}


# The links of the only worker are ready with the first answers.
$hub->set('/leave/first', 'value', 'MARKER-first');
ok($proxy->wait_ready(2), 'two links');
is($hub->get('/api/v1/data?path=/leave')->status, 200);


# What nginx logs before the body is complete: it learns of it while it reads, or
# while it opens the window of a stream.
my $incomplete = qr/^(?:400|499|500) ""/;

each_way('before the body is complete', sub ($row, $ask) {
    my $before = $proxy->count;
    $ask->($row, put($row), part => 20)->();

    like(logged($row), $incomplete, 'logged');
    is($proxy->count, $before, 'Redis was not asked');
    is(value($row), undef, 'nothing was stored');
    return;
}, 0, 1, 2, 4, 5);


each_way('a stream before its body is complete', sub ($row, $ask) {
    my $before = $proxy->count;
    my $still  = $ask->($row, put($row), part => 20)->();

    like(logged($row), $incomplete, 'logged');
    is($proxy->count, $before, 'Redis was not asked');
    return $still;
}, 3);


each_way('while a write waits for its answer', sub ($row, $ask) {
    $proxy->forget;
    $proxy->hold;
    my $leave = $ask->($row, put($row));
    ok($proxy->wait_for('EVALSHA'), 'the write was sent');

    my $still = $leave->();
    is(logged($row), '499 ""', 'logged');
    $proxy->release;

    is(value($row), "MARKER-$row", 'it is done');
    return $still;
});


each_way('while a read waits for its answer', sub ($row, $ask) {
    $proxy->forget;
    $proxy->hold;
    my $leave = $ask->($row, method => 'GET',
        target => '/api/v1/data?current=true&name=/leave/first');
    ok($proxy->wait_for('HMGET'), 'the read was sent');

    my $still = $leave->();
    is(logged($row), '499 ""', 'logged');
    $proxy->release;
    return $still;
});


each_way('while Redis is stopped', sub ($row, $ask) {
    $proxy->forget;
    $hub->pause_redis;
    my $leave = $ask->($row, put($row));
    ok($proxy->wait_for('EVALSHA'), 'the write was sent');

    my $still = $leave->();
    is(logged($row), '499 ""', 'logged');
    $hub->resume_redis;

    is(value($row), "MARKER-$row", 'it is done');
    return $still;
}, 0, 3);


# Asks for a key, and stops the worker while a thread makes it: whatever the
# client does then, the worker learns of it before the key is there. A key that
# came sooner is of no use, the next one is. Returns the row and how to leave.
sub being_made ($row, $ask) {
    for my $try (1 .. 20) {
        $proxy->forget;
        my $leave = $ask->("$row-$try", method => 'POST',
            target => '/api/v1/data', body => encode_json({
                name => name($row), type => 'rsa', mode => 'overwrite',
                parameters => { key_length => 4096 } }));
        wait_until(60, sub {
            $hub->busy_threads || $proxy->count('EVALSHA') });
        kill 'STOP', $worker;

        # the second look sees what was on its way at the first one
        return ("$row-$try", $leave) if !grep { $proxy->count('EVALSHA') } 1, 2;

        kill 'CONT', $worker;
        $leave->();
    }

    die "every key was made too soon\n";
}

each_way('while a key is made', sub ($row, $ask) {
    my ($asked, $leave) = being_made($row, $ask);
    my $still = $leave->();
    kill 'CONT', $worker;

    is(logged($asked), '499 ""', 'logged');
    ok(wait_until(60, sub { $hub->busy_threads == 0 }),
        'the thread has stopped');
    is($proxy->count('EVALSHA'), 0, 'nothing was sent to Redis');
    return $still;
});


my $large = 'MARKER-' . 'x' x 60_000;
$hub->set('/leave/large', 'value', $large) for 1 .. 24;
my $versions = '/api/v1/data?name=/leave/large';

cmp_ok(length $hub->get($versions)->body, '>', 24 * 60_000, 'a large answer');

each_way('while the answer is sent', sub ($row, $ask) {
    my $still = $ask->($row, method => 'GET', target => $versions, wait => 1)
        ->();
    like(logged($row), qr/^(?:200|499) ""/, 'logged');
    return $still;
});


each_way('behind the answer', sub ($row, $ask) {
    my $leave = $ask->($row, put($row));
    is(logged($row), '200 "OK"', 'logged');
    $leave->();
    is(value($row), "MARKER-$row", 'stored');
    return;
}, 0, 1, 2, 4, 5);


subtest 'without TLS' => sub {
    my $ask = sub ($row) {
        return http1($row, method => 'GET', target => '/management',
            client => $hub->connect(port => 'plain', plain => 1));
    };

    for my $how (qw(close reset)) {
        $proxy->forget;
        $proxy->hold;
        my $client = $ask->("plain-$how");
        ok($proxy->wait_for('EXISTS'), 'the read was sent');
        $client->$how;
        is(logged("plain-$how"), '499 ""', $how);
        $proxy->release;
    }

    is($ask->('plain')->response->status, 200, 'the next request');
};


# One request is cut while others on the same link go on.
subtest 'many at once' => sub {
    $proxy->hold;
    $proxy->forget;
    my @clients = map {
        my $row = "many$_";
        [$row, http1($row, put($row))];
    } 1 .. 20;
    ok($proxy->wait_for('EVALSHA', 20), 'all writes were sent');

    my @gone = grep { $_->[0] =~ /[02468]$/ } @clients;
    my @stay = grep { $_->[0] =~ /[13579]$/ } @clients;
    $_->[1]->reset for @gone;
    is(logged($_->[0]), '499 ""', $_->[0]) for @gone;

    $proxy->release;
    is($_->[1]->response->json->{value}, "MARKER-$_->[0]", $_->[0])
        for @stay;
    is(value($_->[0]), "MARKER-$_->[0]", "$_->[0] is done") for @gone;
};

$hub->done;
