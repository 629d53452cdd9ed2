# 1,000 rights that end while two workers and their cache are busy with them:
# 100 ms after a DELETE was answered nobody gets through, whether the feed of
# changes is alive, cut, frozen or slow.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Permissions qw(permit withdraw);
use Test::More;
use Time::HiRes qw(sleep);

my $ROUNDS = 4;
my $EACH   = 250;
my $ONCE   = 25;    # rights that end before one wait

my $hub = CredHubTest->new(proxy => 1, workers => 2, keep => 1,
    http => 'credhub_cache zone=hub:4m;', server => <<'END');
    keepalive_requests 100000;
    location /need/file/ {
        credhub_access read $uri;
        add_header X-Cache $credhub_cache_status always;
        root /nowhere;
    }
END

my $actor  = $hub->actor('second');
my $direct = CredHubTest->new(start => 0, redis => 0, keep => 1,
    keys => $hub->{opt}{keys}, http => $hub->redis_line($hub->{redis}->socket));
my @readers = map { $hub->connect(cert => 'second') } 1 .. 4;
$direct->start;

# 404: allowed, since there is no such file.
sub ask ($i, $reader) {
    return $reader->request('GET', "/need/file/$i", keep => 1)->response;
}

sub round ($what, $at) {
    my ($early, $late, $hits) = (0, 0, 0);

    for my $first (map { $at + $_ * $ONCE } 0 .. $EACH / $ONCE - 1) {
        my @names = $first .. $first + $ONCE - 1;
        my @views = map { permit($direct, "/need/file/$_", $actor, 'read') }
            @names;
        sleep 0.1;

        for my $i (@names) {
            for my $reader (@readers) {
                my $answer = ask($i, $reader);
                $early++ if $answer->status == 403;
                $hits++ if ($answer->header('X-Cache') // '') eq 'HIT';
            }
        }

        withdraw($direct, @views);
        ask($names[$_ % @names], $readers[$_ % @readers]) for 0 .. 9;
        sleep 0.1;

        for my $i (@names) {
            $late += grep { ask($i, $_)->status == 404 } @readers;
        }
    }

    is($early, 0, "$what: allowed before");
    is($late, 0, "$what: $EACH rights have ended");
    return $hits;
}

my $at = 0;
sub next_round ($what) { $at += $EACH; return round($what, $at) }

cmp_ok(next_round('alive'), '>', 0, 'and the cache was used');

$hub->proxy->freeze('XREAD');
next_round('frozen');
$hub->proxy->thaw;

my $cutter = fork // die $!;
if (!$cutter) {
    # the connections of the feeds end again and again
    while (1) { $hub->proxy->cut; sleep 0.5 }
}
next_round('cut');
kill 'KILL', $cutter;
waitpid $cutter, 0;

splice @readers, 1;    # each request waits
$hub->proxy->delay(0.03);
next_round('slow');
$hub->proxy->delay(0);

$direct->quit;
done_testing();
