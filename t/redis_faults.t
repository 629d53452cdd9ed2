# A real Redis that is absent, stopped, restarted, full, read-only, emptied or
# locked. What was answered stays; what cannot be answered is 503 in JSON.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use CredHubTest::Load;
use CredHubTest::Process qw(write_file);
use Test::More;

my $CURRENT = '/api/v1/data?current=true&name=';


sub set ($hub, $name, $value = "MARKER$name") {
    return $hub->set($name, 'value', $value);
}

sub is_503 ($response, $label) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_error($response, 'unavailable', $label);
    is($response->header('Retry-After'), 1, 'and when to come back');
    return;
}

# The first answer that is not 503: a link that was lost twice in a row waits a
# moment before it connects.
sub good ($ask) {
    my $r;
    wait_until(60, sub { $r = $ask->(); $r->status != 503 });
    return $r;
}

sub works ($hub, $label = 'it works', $ask = sub { set($hub, '/works') }) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is(good($ask)->status, 200, $label);
    return;
}


subtest 'absent at the start' => sub {
    my $hub = CredHubTest->new(start_redis => 0, workers => 1);

    is_503(set($hub, '/early'), 'a write');
    is_503($hub->get("$CURRENT/early"), 'a read');
    is_503($hub->get('/api/v1/data?path=/'), 'a list');
    is($hub->get('/info')->status, 200, 'what needs no store is there');
    ok($hub->wait_log(qr/\[error\].*credhub: redis "unix:\S+": No such file/),
        'logged');

    $hub->start_redis;
    works($hub, 'when it appears');
    ok($hub->wait_log(qr/\[notice\].*credhub: redis "unix:\S+" connected/),
        'logged');
    is($hub->get("$CURRENT/early")->status, 404, 'nothing was kept back');

    $hub->stop_redis;
    ok($hub->quit, 'QUIT without Redis');
    $hub->finish;
};


my $hub = CredHubTest->new;

subtest 'stopped and restarted' => sub {
    for my $signal (qw(TERM KILL)) {
        my $load = CredHubTest::Load->new($hub, 0, 1, 1);

        for (1 .. 3) {
            ok($load->wait_for(30), 'under load');
            $hub->stop_redis($signal);
            ok($load->wait_for(30), 'without Redis');
            is_503(set($hub, '/restart'), $signal);
            $hub->start_redis;
        }

        ok($load->wait_for(30), 'and again');
        works($hub);
        settle($load);
    }
};


# Every answered write is there, none is there twice, and nothing was mixed up.
sub settle ($load) {
    for my $client ($load->stop) {
        my $name = $client->{name};
        my $list = good(sub { $hub->get("/api/v1/data?name=$name") })->json;
        my @versions = @{ $list->{data} // [] };

        is_deeply($client->{lost},  [], "$name: no request is lost");
        is_deeply($client->{wrong}, [], 'what was written is read');
        is($client->{unfit}, 0, 'each 503 says when to come back');
        is_deeply([grep { !/^(?:200|404|503)$/ }
                keys %{ $client->{answered} }], [], 'nothing but 200 and 503');
        cmp_ok(@versions, '>=', $client->{set}, 'no write is lost');
        cmp_ok(@versions, '<=', $client->{set} + $client->{open},
            'none is done twice');
    }

    return;
}


subtest 'CLIENT KILL under load' => sub {
    my $load = CredHubTest::Load->new($hub, 0, 1, 1, 1);

    for my $round (1 .. 20) {
        ok($load->wait_for(20), "round $round");
        ok(wait_until(60, sub { $hub->redis('CLIENT', 'KILL', 'TYPE',
                'normal', 'SKIPME', 'yes') }), 'killed');
    }

    ok($load->wait_for(20), 'and again');
    settle($load);
};


# Longer than the timeout. All answers come before Redis goes on.
# From here on there is one worker: each fault is met once.
subtest 'paused' => sub {
    for (0, 1) {
        is(set($hub, '/paused', "MARKER-before-$_")->status, 200, 'before');
    }

    $hub->configure(redis_args => 'timeout=500ms', workers => 1);
    $hub->reload;
    works($hub, 'it works', sub { $hub->get("$CURRENT/paused") });

    $hub->pause_redis;
    my @clients = map { $hub->connect } 1 .. 6;
    $clients[$_]->request('PUT', '/api/v1/data', json => {
            name => "/paused/$_", type => 'value', value => "MARKER-$_",
        }) for 0 .. 2;
    $clients[$_]->request('GET', "$CURRENT/paused") for 3 .. 5;

    is_503($_->response, 'answered') for @clients;
    is_503($hub->get("$CURRENT/paused"), 'and again');
    ok($hub->wait_log(qr/credhub: redis "\S+": "\w+" timed out/), 'logged');

    $hub->resume_redis;
    my $late = good(sub { $hub->get("$CURRENT/paused") });
    is($late->status, 200, 'when it goes on');
    is($late->json->{data}[0]{value}, 'MARKER-before-1',
        'late replies belong to nobody');

    for my $n (0 .. 2) {
        my $r = good(sub { $hub->get("/api/v1/data?name=/paused/$n") });
        cmp_ok($r->status == 200 ? @{ $r->json->{data} } : 0, '<=', 1,
            'a write is done once or not at all');
    }

    $hub->configure(redis_args => '');
    $hub->reload;
};


subtest 'SCRIPT FLUSH' => sub {
    for (1 .. 3) {
        $hub->redis('SCRIPT', 'FLUSH');
        is(set($hub, '/script')->status, 200, 'a write');
        $hub->redis('SCRIPT', 'FLUSH');
        is($hub->get('/api/v1/data?name=/script')->status, 200, 'a list');
    }

    is(@{ $hub->get('/api/v1/data?name=/script')->json->{data} }, 3,
        'each once');
};


subtest 'out of memory' => sub {
    set($hub, '/memory', "MARKER-memory-$_") for 1 .. 3;
    $hub->redis('CONFIG', 'SET', 'maxmemory', 1);

    is_503(set($hub, '/memory'), 'a write');
    is_503($hub->generate('/memory/new', 'password'), 'a generation');
    is($hub->current('/memory')->{value}, 'MARKER-memory-3', 'a read');
    is($hub->get('/api/v1/data?path=/memory')->status, 200, 'a list');
    is($hub->delete('/api/v1/data?name=/memory')->status, 204, 'deletion');
    is($hub->current('/memory'), undef, 'is possible');

    $hub->redis('CONFIG', 'SET', 'maxmemory', 0);
    is(set($hub, '/memory')->status, 200);
    is(@{ $hub->get('/api/v1/data?name=/memory')->json->{data} }, 1,
        'nothing half-written');
};


subtest 'a replica' => sub {
    set($hub, '/replica', 'MARKER-replica');
    $hub->redis('REPLICAOF', '127.0.0.1', 1);

    is_503(set($hub, '/replica'), 'a write');
    is($hub->current('/replica')->{value}, 'MARKER-replica', 'a read');

    $hub->redis('CONFIG', 'SET', 'replica-serve-stale-data', 'no');
    is_503($hub->get("$CURRENT/replica"), 'without its master');

    $hub->redis('REPLICAOF', 'NO', 'ONE');
    works($hub);
    is($hub->current('/replica')->{value}, 'MARKER-replica');
};


subtest 'large replies' => sub {
    my $key = '{credhub}:credential:/large';
    $hub->redis('CONFIG', 'SET', 'appendonly', 'no');
    my $grow = sub ($bytes) {
        $hub->redis('EVAL', q(return redis.call('HSET', KEYS[1], 'head',
            string.rep('x', ARGV[1]))), 1, $key, $bytes);
    };

    $hub->set('/large', 'value', 'MARKER-' . 'x' x 65_000) for 1 .. 17;
    my $r = $hub->get('/api/v1/data?name=/large');
    is($r->status, 200, '1 MiB');
    cmp_ok(length $r->body, '>', 1 << 20);

    $grow->(64 << 20);
    is_503($hub->get("$CURRENT/large"), '64 MiB');
    ok($hub->wait_log(qr/credhub: redis "\S+": too large a reply/), 'logged');

    $hub->redis('DEL', $key);
    $hub->redis('CONFIG', 'SET', 'appendonly', 'yes');
    works($hub);
};


# Restores what FLUSHALL and a wrong layout did to it.
subtest 'another layout' => sub {
    set($hub, '/layout');
    $hub->redis('HSET', '{credhub}:schema', 'writer', 2);

    is_503(set($hub, '/layout'), 'a write');
    ok($hub->wait_log(
            qr/credhub: redis "\S+": the store has a newer layout/), 'logged');
    $hub->reload;
    is_503($hub->get("$CURRENT/layout"), 'a read');
    is_503($hub->get('/api/v1/data?path=/'), 'a list');

    $hub->redis('HSET', '{credhub}:schema', 'writer', 1);
    works($hub);
    is($hub->current('/layout')->{value}, 'MARKER/layout');
};


# A script that stops half-way leaves what it has done, so each looks at the
# keys before.
subtest 'keys of another type' => sub {
    my $path = '/api/v2/permissions';
    my $who  = 'mtls-app:2d0a9f2e-3c4b-4d5e-8f60-718293a4b5c6';

    works($hub);
    set($hub, '/types', "MARKER-types-$_") for 1 .. 2;
    my $id = $hub->post($path, { path => '/types', actor => $who,
        operations => ['read'] })->json->{uuid};

    my $credential = $hub->redis('HGET', '{credhub}:credential:/types',
        'credential');
    my ($key) = @{ $hub->redis('SMEMBERS', '{credhub}:keys') };

    my %writes = (
        set    => sub { set($hub, '/types') },
        delete => sub { $hub->delete('/api/v1/data?name=/types') },
        patch  => sub { $hub->patch("$path/$id", { operations => ['write'] }) },
        remove => sub { $hub->delete("$path/$id") },
    );
    my %stops = (
        "versions:$credential" => [qw(set delete)],
        "key:$key"             => [qw(set delete)],
        names                  => [qw(set delete)],
        keys                   => [qw(set delete)],
        seals                  => [qw(set)],
        trash                  => [qw(delete)],
        changes                => [qw(set delete patch remove)],
        'path:/types'          => [qw(patch remove)],
        "grants:$who"          => [qw(patch remove)],
    );

    # what a write that stops may use up
    my $state = sub {
        my %all = map { $_ => $hub->redis('DUMP', $_) }
            @{ $hub->redis('KEYS', '*') };
        delete @all{ map {"{credhub}:$_"} qw(seq seals) };
        return \%all;
    };

    for my $suffix (sort keys %stops) {
        my $at     = "{credhub}:$suffix";
        my $exists = $hub->redis('EXISTS', $at);

        $hub->redis('RENAME', $at, 'kept') if $exists;
        $hub->redis('SET', $at, 'MARKER');
        my $before = $state->();

        for my $write (@{ $stops{$suffix} }) {
            is_error($writes{$write}->(), 'internal', "$suffix: $write");
            is_deeply($state->(), $before, 'nothing is written');
        }

        $hub->redis('DEL', $at);
        $hub->redis('RENAME', 'kept', $at) if $exists;
    }

    is($hub->current('/types')->{value}, 'MARKER-types-2', 'as it was');
    is($writes{$_}->()->status, $_ eq 'delete' ? 204 : 200, $_)
        for qw(set patch remove delete);
};


subtest 'a row with another name' => sub {
    my $key = '{credhub}:credential:/named';
    my @damage = (['HSET', $key, 'name', "/other\xff"], ['HDEL', $key, 'name']);

    set($hub, '/Named');

    for (@damage) {
        $hub->redis(@$_);
        is_error($hub->get("$CURRENT/named"), 'internal', 'is no answer');
        is(set($hub, '/named')->status, 200, 'a write');
        is($hub->current('/named')->{name}, '/named', 'puts it right');
    }

    is(@{ $hub->get('/api/v1/data?name=/named')->json->{data} }, 1 + @damage,
        'every version is there');
    $hub->expect_log(qr{credential "/other.*damaged});
};


subtest 'FLUSHALL under a running hub' => sub {
    works($hub);
    set($hub, '/flushed');
    my $old = $hub->redis('HGET', '{credhub}:schema', 'hub');
    $hub->redis('FLUSHALL');

    is_503(set($hub, '/flushed'), 'the first write');
    ok($hub->wait_log(qr/\[warn\].*holds another store than before/),
        'logged');
    works($hub);
    isnt($hub->redis('HGET', '{credhub}:schema', 'hub'), $old,
        'another hub');
    is($hub->current('/flushed'), undef, 'is empty');
    is(set($hub, '/flushed')->status, 200);
    is($hub->current('/flushed')->{value}, 'MARKER/flushed', 'and works');
};

$hub->finish;


# A row: title, users of Redis, arguments, whether it works, reason in the log
my $ADMIN = 'user admin on >admin ~* &* +@all';
my $WORD  = '">pass\"w or\'d"';
my $HUB   = "user default off\nuser hub on $WORD ~{credhub}:* -\@all +\@read"
    . ' +@write +eval +evalsha +role +time +client|setname';
my $OTHER = $HUB =~ s/~\{credhub\}/~{other}/r;
my $WEAK  = "$HUB -hset";
my $ALL   = "user default on $WORD ~* &* +\@all";

my @auth = (
    ['a user',            $HUB,   'user=hub', 1],
    ['the wrong user',    $HUB,   'user=bob', 0, qr/WRONGPASS/],
    ['no user',           $HUB,   '',         0, qr/WRONGPASS/],
    ['no password',       $HUB,   undef,      0, qr/NOAUTH/],
    ['a user without keys', $OTHER, 'user=hub', 0, qr/[^\n]*permission/],
    ['a user without a command', $WEAK, 'user=hub', 0,
        qr/[^\n]*can't run this command/],
    ['a password for all', $ALL, '', 1],
);

for my $row (@auth) {
    my ($title, $user, $args, $good, $reason) = @$row;

    subtest "authentication: $title" => sub {
        my $one = CredHubTest->new(start => 0, workers => 1,
            redis_conf => "$ADMIN\n$user",
            redis_auth => ['admin', 'admin']);
        my $file = write_file($one->dir . '/keys/redis', "pass\"w or'd\n",
            0600);

        $one->configure(redis_args => "$args password_file=$file")
            if defined $args;
        $one->start;

        if ($good) {
            works($one);
        } else {
            is_503(set($one, '/auth'), 'a write');
            is_503($one->get("$CURRENT/auth"), 'a read');
            ok($one->wait_log(qr/credhub: redis "\S+": $reason/), 'logged');
        }

        unlike($one->error_log, qr/pass"/, 'no password in the log');
        $one->finish;
    };
}

done_testing();
