# Sealed replies in shared memory: what they save, and what they never do. The
# feed of changes is cut, frozen and lagging, answers come late, and Redis is
# another one than before.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Permissions qw(permit withdraw);
use CredHubTest::Process qw(read_file);
use Test::More;
use Time::HiRes qw(sleep time);

my $KEY = 'MARKER-' . 'k' x 25;

my $hub = CredHubTest->new(start => 0, proxy => 1, workers => 1,
    keys => [['k1', $KEY]]);
my $other = CredHubTest->new(start => 0, redis => 0, workers => 1,
    keys => [['k1', $KEY]],
    http => $hub->redis_line($hub->{redis}->socket));
my $up = $hub->port('upstream');
my $need;

sub config ($cache) {
    $hub->configure(http => <<"END", server => <<"END2");
    $cache
    log_format cache '\$request_uri \$status "\$credhub_cache_status" \$credhub_redis_time';
    server {
        listen 127.0.0.1:$up;
        location / { return 200 "\$http_x_secret"; }
    }
END
    access_log @{[$hub->dir]}/access.log;
    access_log @{[$hub->dir]}/cache.log cache;

    add_header X-Cache \$credhub_cache_status always;

    location /need/ {
        credhub_access read /need/*;
        proxy_pass http://127.0.0.1:$up;
    }
    location /give/ {
        credhub_set \$secret /give/secret;
        proxy_set_header X-Secret \$secret;
        proxy_pass http://127.0.0.1:$up;
    }
END2
    return;
}

my $other_actor = $hub->actor('second');
my $reader      = $hub->as('second');

# How the cache had the last answer.
my $cached;

sub ask ($target, $who = $hub) {
    my $answer = $who->get($target);
    $cached = $answer->header('X-Cache') // '';
    return $answer;
}

# A value, and how the cache had it.
sub value ($name, $who = $hub) {
    my $answer = ask("/api/v1/data?name=$name&current=true", $who);
    my $value  = $answer->status == 200 ? $answer->json->{data}[0]{value}
        : $answer->status;
    return wantarray ? ($value, $cached) : $value;
}

sub cached ($name) {
    return ok(wait_until(60, sub { (value($name))[1] eq 'HIT' }),
        "$name comes from the cache");
}

# The feed is read again.
sub settled () {
    my $name = '/settle/' . ++state $n;
    $other->set($name, value => 'x');
    return cached($name);
}


subtest 'configuration' => sub {
    for my $case (
        ['zone=a:1k', qr/less than 256k in "zone=a:1k"/],
        ['zone=a', qr/invalid parameter "zone=a"/],
        ['zone=:1m', qr/invalid zone "zone=:1m"/],
        ['zone=a:x', qr/invalid zone/],
        ['max_stale=1s', qr/"credhub_cache" needs "zone"/],
        ['zone=a:1m max_stale=x', qr/invalid parameter "max_stale=x"/],
        ['zone=a:1m zone=b:1m', qr/invalid parameter "zone=b:1m"/],
        ['zone=a:1m; credhub_cache zone=b:1m', qr/is duplicate/],
    ) {
        config("credhub_cache $case->[0];");
        my ($code, $said) = $hub->nginx_test;
        is($code, 1, $case->[0]);
        like($said, $case->[1], 'is told');
    }
};


config('credhub_cache zone=hub:1m;');
$hub->start;
$hub->proxy->wait_ready(3);
$other->start;
$other->set('/give/secret', value => 'one');

subtest 'one round trip, and then none' => sub {
    settled();
    permit($other, '/give/*', $other_actor, 'read');
    $need = permit($other, '/need/*', $other_actor, 'read');
    sleep 0.1;
    $hub->proxy->forget;

    my @case = (['/api/v1/data?name=/give/secret&current=true', 200],
        ['/need/', 200], ['/give/', 200]);

    for my $case (@case) {
        my ($target, $status) = @$case;
        my $hits = 0;

        # a busy machine may read the feed late
        ok(wait_until(60, sub {
            my $before = $hub->proxy->count('HMGET');
            die $target if ask($target, $reader)->status != $status;
            return 0 if $cached ne 'HIT';
            die 'asked' if $hub->proxy->count('HMGET') != $before;
            return ++$hits == 10;
        }), "$target: ten times without Redis");
    }

    like(read_file($hub->dir . '/cache.log'), qr{/give/ 200 "HIT" 0\.000$}m,
        'and no time was spent for it');
};


subtest 'a write of this instance is read back' => sub {
    my $wrong = 0;

    for my $i (1 .. 300) {
        $hub->set('/mine', value => "v$i");
        $wrong++ if value('/mine') ne "v$i";
    }
    is($wrong, 0, '300 times at once');

    $hub->delete('/api/v1/data?name=/mine');
    is(value('/mine'), 404, 'and a deletion');
};


subtest 'writes of others' => sub {
    my ($wrong, $hits) = (0, 0);

    for my $i (1 .. 30) {
        $other->set('/theirs', value => "v$i");
        sleep 0.1;
        $wrong++ if value('/theirs') ne "v$i";
        $hits++ if (value('/theirs'))[1] eq 'HIT';
    }
    is($wrong, 0, 'are known after 100 ms');
    cmp_ok($hits, '>', 0, 'and cached');

    $other->delete('/api/v1/data?name=/theirs');
    sleep 0.1;
    is(value('/theirs'), 404, 'a deletion too');
};


sub revoked ($what) {
    my ($view) = permit($other, '/need/*', $other_actor, 'read');
    sleep 0.2;
    is(ask('/need/', $reader)->status, 200, "$what: allowed") for 1 .. 2;
    withdraw($other, $view);
    sleep 0.1;
    my $status = ask('/need/', $reader)->status;
    is($status, 403, "$what: not any more");
    return;
}

subtest 'a right that is revoked' => sub {
    withdraw($other, $need);
    revoked('feed alive');

    $hub->proxy->freeze('XREAD');
    revoked('feed frozen');
    is($cached, 'BYPASS', 'the cache was not asked');
    $hub->proxy->thaw;
    settled();

    $hub->proxy->cut;
    revoked('feed cut');
    settled();
};


subtest 'an answer that comes late is not kept' => sub {
    $other->set('/late', value => 'old');
    settled();
    my $client = $hub->connect;
    $hub->proxy->hold_at('HMGET');
    $client->request('GET', '/api/v1/data?name=/late&current=true', keep => 1);
    ok($hub->proxy->wait_for('HMGET'), 'Redis has answered') or return;
    $other->set('/late', value => 'new');
    sleep 0.1;
    $hub->proxy->release;
    is($client->response->json->{data}[0]{value}, 'old', 'late');
    $client->close;
    is(value('/late'), 'new', 'and not again') for 1 .. 3;
};


subtest 'Redis is another one' => sub {
    settled();
    cached('/give/secret');
    $hub->redis('DEL', '{credhub}:changes', '{credhub}:credential:/give/secret');
    sleep 0.2;
    is(value('/give/secret'), 404, 'the feed is gone: nothing is believed');

    $other->set('/give/secret', value => 'two');
    settled();
    cached('/give/secret');
    $hub->stop_redis;
    $hub->start_redis;
    settled();
    cached('/give/secret');
};


subtest 'a small zone' => sub {
    config('credhub_cache zone=small:256k max_stale=10s;');
    $hub->reload;
    wait_until(60, sub { $hub->proxy->links <= 3 });
    my ($wrong, $big) = (0, 'y' x 20_000);

    $hub->set("/big/$_", value => "$_ $big") for 1 .. 40;
    for my $round (1 .. 3) {
        $wrong++ for grep { value("/big/$_") ne "$_ $big" } 1 .. 40;
    }
    is($wrong, 0, 'has room for what was used last, and for nothing wrong');
};


subtest 'max_stale' => sub {
    cached('/give/secret');
    $hub->proxy->freeze('XREAD');
    sleep 0.3;
    is((value('/give/secret'))[1], 'STALE', 'a credential');
    is(ask('/need/', $reader)->status, 403, 'a right');
    is($cached, 'BYPASS', 'never');
    $hub->proxy->thaw;
};

$other->quit;
done_testing();
