# Keys of tokens that change: who asks for them again, how often, and what
# becomes of tokens that were seen before.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Authority;
use CredHubTest::Errors qw(is_error);
use Test::More;
use Time::HiRes qw(time);

my $DATA = '/api/v1/data';
my $MANY = 12;

my $hub = CredHubTest->new(start => 0, permissions => [
    ['uaa-client:app', '/*', 'read,write']]);
my $uaa = CredHubTest::Authority->new($hub);
$hub = $hub->as(undef);
$hub->expect_log(qr/upstream/);


# A hub that knows no keys, and an authority that is as it should be
sub fresh (%opt) {
    $hub->quit if $hub->nginx_pid;
    $uaa->publish(qw(rsa ed25519));
    $uaa->behave;
    $uaa->forget;
    $hub->configure(workers => 2, %opt, server => $uaa->location('/keys')
        . 'credhub_jwt_key_request /keys; add_header X-Worker $pid always;'
        . ' location = /status { stub_status; }');
    $hub->start;
    return;
}

sub headers ($token) { return { Authorization => "Bearer $token" } }

sub ask ($token, $target = '/version') {
    return $hub->get($target, headers => headers($token));
}

# Connections with a request under way, each with the token. They stand before
# the first one asks: requests do not wait for ever.
sub begin ($token, $count = $MANY) {
    my @clients = map { $hub->connect } 1 .. $count;

    $_->request('GET', '/version', headers => headers($token)) for @clients;
    return @clients;
}

# How often the source was asked since that time: once, and once more whenever
# so many seconds have passed.
sub asked_once ($since, $seconds, $label) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $count = $uaa->count;
    my $most  = 1 + int((time - $since) / $seconds);

    return ok($count >= 1 && $count <= $most, $label)
        || diag("$count times, not $most");
}

# True when that many requests wait for an answer
sub under_way ($count) {
    my $client = $hub->connect;

    return wait_until(60, sub {
        my ($writing) = $client->request('GET', '/status', keep => 1)
            ->response->body =~ /Writing: (\d+)/;
        return $writing == $count + 1;
    });
}

sub statuses (@clients) {
    my %seen;
    $seen{ $_->response->status }++ for @clients;
    return \%seen;
}

# Asks until each worker has answered: the errors, by worker
sub every_worker ($token) {
    my %answer;
    my @pids = $hub->worker_pids;

    wait_until(60, sub {
        my $r = ask($token);
        $answer{ $r->header('X-Worker') } = $r->status == 200 ? 200
            : $r->json->{error_description};
        return keys %answer == @pids;
    });
    return join '; ', map { $answer{$_} // 'none' } @pids;
}


subtest 'the first requests' => sub {
    fresh();
    $uaa->behave(hold => 1);

    my @clients = begin($uaa->token);
    ok($uaa->wait_for(1), 'the source is asked');
    ok(under_way($MANY), 'all wait');
    is($hub->get('/health')->status, 200, 'others do not');
    is($uaa->count, 1, 'asked once');

    $uaa->release;
    is_deeply(statuses(@clients), { 200 => $MANY }, 'all are answered');
    is(every_worker($uaa->token), '200; 200', 'each worker knows the keys');
    is($uaa->count, 1, 'still once');
};

subtest 'the first requests, in vain' => sub {
    fresh();
    $uaa->behave(hold => 1, status => 500);

    my @clients = begin($uaa->token);
    ok(under_way($MANY), 'all wait');
    my $since = time;
    $uaa->release;
    is_deeply(statuses(@clients), { 503 => $MANY }, 'all are answered');
    asked_once($since, 1, 'asked once');
};

subtest 'an unknown key' => sub {
    fresh();
    $uaa->key('new', 'ed25519');
    my %token = map { $_ => $uaa->token(kid => $_) } qw(rsa new);

    is(every_worker($token{rsa}), '200; 200', 'an old one');
    $uaa->publish(qw(rsa ed25519 new));
    $uaa->behave(hold => 1);
    $uaa->forget;

    my $since   = time;
    my @clients = begin($token{new});
    ok($uaa->wait_for(1), 'the source is asked');
    ok(under_way($MANY), 'all wait');
    is($uaa->count, 1, 'asked once');
    is(ask($token{rsa})->status, 200, 'a known key does not wait');
    is(ask($uaa->token(kid => 'ed25519'))->status, 200, 'nor does a new token');

    $uaa->release;
    is_deeply(statuses(@clients), { 200 => $MANY }, 'all are answered');
    is(every_worker($_), '200; 200', 'each worker knows it') for values %token;

    @clients = begin($uaa->token(header => { kid => 'newer' }));
    is_deeply(statuses(@clients), { 401 => $MANY }, 'another at once');
    is(every_worker($uaa->token(header => { kid => 'x' })),
        join('; ', ('The key of the token is not known.') x 2), 'and another');
    asked_once($since, 10, 'is not asked for');
};

subtest 'an unknown key that nobody has' => sub {
    fresh();
    is(every_worker($uaa->token), '200; 200', 'before');
    $uaa->behave(hold => 1);
    $uaa->forget;

    my @clients = begin($uaa->token(header => { kid => 'x' }));
    ok(under_way($MANY), 'all wait');
    my $since = time;
    $uaa->release;
    is_deeply(statuses(@clients), { 401 => $MANY }, 'all are answered');
    asked_once($since, 10, 'asked once');
};

subtest 'no reason to ask' => sub {
    fresh();
    is(every_worker($uaa->token), '200; 200', 'before');
    $uaa->forget;

    my ($header, $claims, $signature) = split /\./, $uaa->token;
    my $wrong = substr($signature, 0, -6) . 'AAAAAA';

    ask($_) for $uaa->keep("$header.$claims.$wrong"), 'x', 'a.b.c',
        $uaa->token(exp => 1), $uaa->token(iss => undef),
        $uaa->token(alg => 'RS384', header => { kid => 'ed25519' });
    is($uaa->count, 0, 'tokens that are wrong');
};

subtest 'a key that left' => sub {
    fresh();
    $uaa->key('next', 'ed25519');
    my $token = $uaa->token;

    is(every_worker($token), '200; 200', 'the token is known') for 1 .. 3;
    $uaa->publish('next');
    is(ask($token)->status, 200, 'until somebody asks');
    is(ask($uaa->token(kid => 'next'))->status, 200, 'for another key');
    is(every_worker($token), join('; ',
        ('The key of the token is not known.') x 2), 'then no more');
};

subtest 'a key that was replaced' => sub {
    fresh();
    my $token = $uaa->token(kid => 'ed25519');

    is(every_worker($token), '200; 200', 'the token is known');
    $uaa->key($_, 'ed25519') for 'ed25519', 'later';
    $uaa->publish(qw(ed25519 later));
    is(ask($uaa->token(kid => 'later'))->status, 200, 'another key');
    is(every_worker($token), join('; ',
        ('The signature of the token is not right.') x 2), 'no more');
    is(every_worker($uaa->token(kid => 'ed25519')), '200; 200', 'a new token');
};

subtest 'reload' => sub {
    fresh();
    my $token = $uaa->token;
    is(every_worker($token), '200; 200', 'before');
    $uaa->forget;

    $hub->reload;
    is(every_worker($token), '200; 200', 'the keys are still known');
    is($uaa->count, 0, 'nobody asked');

    $uaa->behave(hold => 1);
    my @clients = begin($uaa->token(header => { kid => 'x' }), 3);
    ok(under_way(3), 'some wait');
    $hub->reload(old => 1);
    $uaa->release;
    is_deeply(statuses(@clients), { 401 => 3 }, 'those of the old workers');
    is(every_worker($token), '200; 200', 'and after that')
        if ok(wait_until(60, sub { $hub->worker_pids == 2 }), 'they leave');

    $hub->configure(server => $uaa->location('/other')
        . 'credhub_jwt_key_request /other; add_header X-Worker $pid always;');
    $uaa->forget;
    $hub->reload;
    is(every_worker($token), '200; 200', 'another location');
    is($uaa->count, 1, 'is asked');
};

subtest 'a client that leaves' => sub {
    my $token = $uaa->token;
    my %leave = (
        'HTTP/1.1, closed' => sub { my ($c) = begin($token, 1);
            sub { $c->close } },
        'HTTP/1.1, reset' => sub { my ($c) = begin($token, 1);
            sub { $c->reset } },
        'a PUT, cut short' => sub {
            my $c = $hub->connect;
            $c->request('PUT', $DATA, headers => { %{ headers($token) },
                'Content-Type' => 'application/json', 'Content-Length' => 99 },
                body => '{"name"');
            sub { $c->reset };
        },
        'HTTP/2, a stream' => sub {
            my $c = $hub->connect_h2;
            my $id = $c->request('GET', '/version',
                headers => [authorization => "Bearer $token"]);
            sub { $c->cancel($id); $c->ping; $c };
        },
        'HTTP/2, the connection' => sub {
            my $c = $hub->connect_h2;
            $c->request('GET', '/version',
                headers => [authorization => "Bearer $token"]);
            sub { $c->reset };
        },
    );

    for my $how (sort keys %leave) {
        fresh();
        $uaa->behave(hold => 1);

        my $leave = $leave{$how}->();
        ok($uaa->wait_for(1), "$how: it asks");
        my @others = begin($token, 3);
        ok(under_way(4), 'others wait');

        my $left = $leave->();
        ok($uaa->wait_for(2), 'one of them asks');
        $uaa->release;
        is_deeply(statuses(@others), { 200 => 3 }, 'all are answered');
        is($uaa->count, 2, 'asked no more');
    }

    fresh();
    $uaa->behave(hold => 1);
    my ($first) = begin($token, 1);
    ok($uaa->wait_for(1), 'one asks');
    my @others = begin($token, 2);
    ok(under_way(3), 'two wait');
    $_->reset for @others;
    $uaa->release;
    is($first->response->status, 200, 'who waits may leave');
};

subtest 'HTTP/2' => sub {
    fresh();
    $uaa->behave(hold => 1);

    my $client = $hub->connect_h2;
    my @with = (headers => [authorization => 'Bearer ' . $uaa->token]);
    my @ids = map { $client->request('PUT', $DATA, @with, json => {
        name => "/h2/$_", type => 'value', value => "MARKER-$_" }) } 1 .. 5;
    push @ids, map { $client->request('GET', '/version', @with) } 1 .. 5;

    ok($uaa->wait_for(1), 'the source is asked');
    $uaa->release;
    is($client->response($_)->status, 200, "stream $_") for @ids;
    is($uaa->count, 1, 'asked once');
};

subtest 'a source that is slow' => sub {
    fresh();
    $uaa->behave(hold => 1);
    my ($first) = begin($uaa->token, 1);
    ok($uaa->wait_for(1), 'one asks');

    is_error(ask($uaa->token), 'no_token_keys', 'others do not wait for ever');
    $uaa->release;
    is($first->response->status, 200, 'who asked gets it');

    my ($last) = do { $uaa->behave(hold => 1);
        begin($uaa->token(header => { kid => 'x' }), 1) };
    ok($uaa->wait_for(2), 'another one asks');
    kill 'QUIT', $hub->nginx_pid;
    $uaa->release;
    is($last->response->status, 401, 'and nginx waits before it leaves');
    ok(wait_until(60, sub { !$hub->worker_pids }), 'then it does');
};

$hub->done;
