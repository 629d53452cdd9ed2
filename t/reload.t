# Workers that come and go under load: no request that reached one is lost, and
# nothing that was answered is forgotten.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Load;
use CredHubTest::Nginx;
use CredHubTest::Process qw(read_file run_command);
use Test::More;

my $RELOADS = $ENV{CREDHUB_SANITIZE} ? 20 : 100;


sub versions ($hub, $name) {
    my $list = $hub->get("/api/v1/data?name=$name")->json;
    return scalar @{ $list->{data} // [] };
}

# In flight: a request on a connection of its own, of which the answer is still
# to come.
sub begin ($hub, $method, $json) {
    my $client = $hub->connect;
    $client->request($method, '/api/v1/data', json => $json);
    return $client;
}

sub set ($hub, $name) {
    return begin($hub, 'PUT', { name => $name, type => 'value',
        value => "MARKER$name" });
}

sub key ($hub, $name, $bits = 4096) {
    return begin($hub, 'POST', { name => $name, type => 'rsa',
        parameters => { key_length => $bits } });
}


my $hub = CredHubTest->new(server => 'keepalive_requests 100000;');

# A request that got no answer is lost, unless its connection had answered one
# before and closed before a byte of this answer: then it is sent again.
subtest "$RELOADS reloads under load" => sub {
    my $load = CredHubTest::Load->new($hub, 0, 0, 1, 1);
    my $done = 0;

    for (1 .. $RELOADS) {
        $hub->reload(old => 1);
        $done++ if $load->wait_for(8);
    }
    is($done, $RELOADS, 'requests are answered between them');

    for my $client ($load->stop) {
        my $what = $client->{keep} ? 'keep-alive' : 'one per connection';
        my ($sent, $repeated) = @$client{qw(sent repeated)};
        note "$what: $sent sent, $repeated repeated";

        is_deeply($client->{lost}, [], "$what: none is lost");
        is_deeply($client->{answered}, { 200 => $sent }, 'all are answered');
        is_deeply($client->{wrong}, [], 'with what was written');
        is($repeated, 0, 'none is repeated') if !$client->{keep};
        is(versions($hub, $client->{name}), $client->{set},
            'each is done once');
    }

    ok(wait_until(60, sub { $hub->worker_pids == 2 }), 'no old worker stays');
};


subtest 'workers that are killed under load' => sub {
    my $load = CredHubTest::Load->new($hub, 0, 0, 1, 1);
    my $killed = 0;

    for (1 .. 5) {
        $load->wait_for(50);
        $killed++ if $hub->kill_worker;
    }

    is($killed, 5, 'another one follows');
    ok($load->wait_for(50), 'requests are answered');

    for my $client ($load->stop) {
        my $versions = versions($hub, $client->{name});
        is_deeply([keys %{ $client->{answered} }], [200], 'answers are good');
        is_deeply($client->{wrong}, [], 'and right');
        cmp_ok($versions, '>=', $client->{set}, 'no answered write is lost');
        cmp_ok($versions, '<=', $client->{set} + $client->{open}
            + $client->{repeated}, 'and none is done without a request');
    }
};

$hub->finish;


# Work in flight. The proxy holds the replies of Redis back.
my $slow  = CredHubTest->new(proxy => 1);
my $proxy = $slow->proxy;

# The handshakes of both workers are over, so that the write passes.
sub held ($name) {
    ok($proxy->wait_ready(4), 'all links stand');
    $proxy->forget;
    $proxy->hold;
    my $client = set($slow, $name);
    ok($proxy->wait_for('EVALSHA'), 'a write waits for Redis');
    return $client;
}

sub hup () { kill 'HUP', $slow->nginx_pid }

sub old_workers_leave (@old) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %old = map { $_ => 1 } @old;
    return ok(wait_until(60, sub { !grep { $old{$_} } $slow->worker_pids }),
        'the old workers leave');
}


subtest 'a reload while a write waits' => sub {
    is(set($slow, '/warm')->response->status, 200);
    my @old    = $slow->worker_pids;
    my $client = held('/hup');

    hup();
    ok(wait_until(60, sub { $slow->worker_pids == 3 }),
        'new workers, and the old one that has work');
    $proxy->release;

    is($client->response->json->{value}, 'MARKER/hup', 'it is answered');
    old_workers_leave(@old);
    is($slow->current('/hup')->{value}, 'MARKER/hup');
};


subtest 'a reload while keys are made' => sub {
    my @old     = $slow->worker_pids;
    my @clients = map { key($slow, "/hup/$_") } 1, 2;
    is($slow->get('/version')->status, 200);

    hup();
    is($_->response(300)->status, 200, 'it is answered') for @clients;
    old_workers_leave(@old);
    ok(defined $slow->current("/hup/$_"), 'and stored') for 1, 2;
};


subtest 'QUIT while a write waits' => sub {
    my $client = held('/quit');
    kill 'QUIT', $slow->nginx_pid;
    ok($slow->wait_log(qr/gracefully shutting down/), 'it shuts down');
    $proxy->release;

    is($client->response->json->{value}, 'MARKER/quit', 'it is answered');
    ok($slow->quit, 'and nginx leaves');
    $slow->start;
    is($slow->current('/quit')->{value}, 'MARKER/quit');
};


subtest 'QUIT while a key is made' => sub {
    my $client = key($slow, '/quit/key');
    $proxy->forget;
    is($slow->get('/version')->status, 200);

    kill 'QUIT', $slow->nginx_pid;
    is($client->response(300)->status, 200, 'it is answered');
    ok($slow->quit, 'and nginx leaves');
    $slow->start;
    ok(defined $slow->current('/quit/key'), 'and stored');
};


# So many keys that the last ones cannot be there yet.
subtest 'TERM while a write waits and keys are made' => sub {
    my $client = held('/term');
    my @keys   = map { key($slow, "/term/$_") } 1 .. 8 * CredHubTest::threads();
    $proxy->release;
    is($client->response->status, 200);

    ok($slow->quit('TERM'), 'nginx leaves');
    # its thread has stopped, and the loop may still come to say so
    my @without = grep { $keys[$_ - 1]->response->status =~ /^(?:0|503)$/ }
        1 .. @keys;
    cmp_ok(@without, '>', 0, 'without all of the keys');
    $slow->start;
    is($slow->current('/term')->{value}, 'MARKER/term');
    is($slow->current("/term/$_"), undef, 'nor are they stored') for @without;
};


# What does not end in time is cut.
subtest 'worker_shutdown_timeout' => sub {
    $slow->configure(main => 'worker_shutdown_timeout 1s;');
    $slow->reload;
    is(set($slow, '/cut')->response->status, 200);

    my @old    = $slow->worker_pids;
    my @keys   = map { key($slow, "/cut/$_") } 1 .. 8;
    my $client = held('/cut');

    hup();
    is($client->response->status, 0, 'the write is not answered');
    ok((grep { $_->response->status == 0 } @keys) > 0, 'nor are all keys');
    old_workers_leave(@old);
    $proxy->release;
    is(versions($slow, '/cut'), 2, 'but it was done');

    $slow->configure(main => '');
    $slow->reload;
};


# The masters of the upgrade are no children of this process.
my @masters;

END {
    my $status = $?;
    kill 'KILL', grep { read_file("/proc/$_/cmdline") =~ /\Q@{[$slow->dir]}\E/ }
        @masters if $slow;
    $? = $status;
}

# Who their parent is, and when it asks for them, is not known here.
sub gone ($pid) { return read_file("/proc/$pid/stat") !~ /^\d+ \(.*\) [^Z]/s }

subtest 'a binary upgrade' => sub {
    ok($slow->quit, 'stopped');
    my $dir = $slow->dir;
    my $pid = sub ($file) { return read_file("$dir/$file") =~ /(\d+)/ ? $1 : 0 };

    # nginx goes by its parent: only when that has left it upgrades
    my %env = CredHubTest::Nginx->environment;
    my @env = map {"$_=$env{$_}"} sort keys %env;
    $slow->configure(main => join ' ', map {"env $_;"} sort keys %env);
    run_command(['sh', '-c', 'env "$@" "$(command -v nginx)" -p "$0" \
        -e "$0/error.log" -c "$0/nginx.conf" >> "$0/stderr.log" 2>&1 &
        while [ ! -s "$0/nginx.pid" ]; do sleep 0.01; done', $dir, @env]);
    ok(wait_until(60, sub { $slow->get('/version')->status == 200 }),
        'started');

    my $old = $pid->('nginx.pid');
    push @masters, $old;
    my $load = CredHubTest::Load->new($slow, 0, 1);
    ok($load->wait_for(20), 'under load');

    kill 'USR2', $old;
    ok(wait_until(60, sub { $pid->('nginx.pid.oldbin') == $old
        && $pid->('nginx.pid') && $pid->('nginx.pid') != $old }),
        'a second master');
    my $new = $pid->('nginx.pid');
    push @masters, $new;

    ok($load->wait_for(20), 'both serve');
    kill 'QUIT', $old;
    ok(wait_until(60, sub { gone($old) }), 'the first one leaves');
    ok($load->wait_for(20), 'the other serves');

    for my $client ($load->stop) {
        is_deeply($client->{lost}, [], 'none is lost');
        is_deeply($client->{answered}, { 200 => $client->{sent} }, 'all good');
        is(versions($slow, $client->{name}), $client->{set}, 'each once');
    }

    kill 'QUIT', $new;
    ok(wait_until(60, sub { gone($new) }), 'the second one leaves too');
    $slow->start;
};


# Other ways to run. A row: title, lines of main, of events, whether there is a
# master that can reload.
my @ways = (
    ['without a master', 'master_process off;', '', 0],
    ['accept_mutex', '', 'accept_mutex on;', 1],
    ['many at once', '', 'multi_accept on;', 1],
);

for my $row (@ways) {
    my ($title, $main, $events, $reload) = @$row;

    subtest $title => sub {
        ok($slow->quit, 'stopped');
        $slow->configure(main => $main, events => $events);
        $slow->start;

        is(set($slow, "/way/$title" =~ tr/ /-/r)->response->status, 200,
            'a write');
        is(key($slow, '/way/key', 2048)->response->status, 200, 'a key');
        my $load = CredHubTest::Load->new($slow, 0, 1);

        for (1 .. 3) {
            $slow->reload(old => 1) if $reload;
            ok($load->wait_for(20), 'under load');
        }

        for my $client ($load->stop) {
            is_deeply($client->{lost}, [], 'none is lost');
            is_deeply($client->{answered}, { 200 => $client->{sent} },
                'all good');
            is(versions($slow, $client->{name}), $client->{set}, 'each once');
        }
    };
}

$slow->done;
