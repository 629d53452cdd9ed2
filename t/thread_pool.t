# The threads for CPU and for network work, as the operator wants them.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Process qw(read_file write_file);
use Test::More;

my $SCHED_OTHER = 0;
my $SCHED_IDLE  = 5;

my $hub  = CredHubTest->new(workers => 1, start => 0, polite => 1);
my $conf = $hub->dir . '/nginx.conf';


# Scheduling policies of the threads of the worker, but the first one.
sub policies () {
    my ($worker) = $hub->worker_pids;
    my @threads = grep { !m{/$worker/stat$} } glob "/proc/$worker/task/*/stat";

    return map { (split ' ', read_file($_) =~ s/^\d+ \(.*\) //sr)[38] }
        @threads;
}

sub busiest () { return (sort { $b <=> $a } policies())[0] }

# Written into the configuration: lines of main, of http, and behind http.
sub configure ($main, $http, $behind) {
    $hub->configure(main => $main, http => $http);
    write_file($conf, read_file($conf) . $behind);
    return;
}


my $CPUS   = qx(getconf _NPROCESSORS_ONLN) + 0;
my $OWN    = $CPUS > 3 ? int($CPUS / 2) : 1;
my $PROBES = 16;

# A row: title, lines of main, of http, behind http, threads for CPU work and
# for network work, what the policy of the former is when one has worked.
my @pools = (
    ['our own', '', '', '', $OWN, $PROBES, $SCHED_IDLE],
    ['of another size, set before',
        'thread_pool credhub threads=2;', '', '', 2, $PROBES, $SCHED_IDLE],
    ['of another size, set behind',
        '', '', 'thread_pool credhub threads=3;', 3, $PROBES, $SCHED_IDLE],
    ['named, set before',
        'thread_pool mine threads=2;', 'credhub_thread_pool mine;', '',
        2, $PROBES, $SCHED_OTHER],
    ['named, set behind',
        '', 'credhub_thread_pool mine;', 'thread_pool mine threads=5;',
        5, $PROBES, $SCHED_OTHER],
    ["nginx's own", '', 'credhub_thread_pool default;', '', 32, $PROBES,
        $SCHED_OTHER],
    ['named, like our own',
        'thread_pool credhub threads=2;', 'credhub_thread_pool credhub;', '',
        2, $PROBES, $SCHED_OTHER],
    ['for probes, of another size, set before',
        'thread_pool credhub_probe threads=3;', '', '', $OWN, 3, $SCHED_IDLE],
    ['for probes, of another size, set behind',
        '', '', 'thread_pool credhub_probe threads=4;', $OWN, 4, $SCHED_IDLE],
    ['for probes, named', '', 'credhub_probe_pool mine;',
        'thread_pool mine threads=6;', $OWN, 6, $SCHED_IDLE],
    ['one for both', 'thread_pool mine threads=7;',
        'credhub_thread_pool mine; credhub_probe_pool mine;', '', 7, 0,
        $SCHED_OTHER],
);

for my $row (@pools) {
    my ($title, $main, $http, $behind, $cpu, $probes, $policy) = @$row;

    subtest $title => sub {
        configure($main, $http, $behind);
        is(($hub->nginx_test)[0], 0, 'nginx -t');
        $hub->nginx_pid ? $hub->reload : $hub->start;

        # a polite one runs when nothing else does
        is($hub->connect->request('POST', '/api/v1/data', json => {
            name => '/pool', type => 'rsa', mode => 'overwrite' })
            ->response(600)->status, 200, 'a key');
        is(policies(), $cpu + $probes, 'that many threads');
        is(busiest(), $policy, 'that polite');
        cmp_ok((grep { $_ == $SCHED_OTHER } policies()), '>=', $probes,
            'those for network work are as important as others');
    };
}


# A row: title, lines of main, of http, the message.
my @wrong = (
    ['a pool that is not there', '', 'credhub_thread_pool mine;',
        qr/unknown thread pool "mine" in /],
    ['twice', '', 'credhub_thread_pool default; credhub_thread_pool default;',
        qr/"credhub_thread_pool" directive is duplicate in .*:\d+/],
    ['no name', '', 'credhub_thread_pool;',
        qr/invalid number of arguments in "credhub_thread_pool"/],
    ['a pool for probes that is not there', '', 'credhub_probe_pool mine;',
        qr/unknown thread pool "mine" in /],
);

for my $row (@wrong) {
    my ($title, $main, $http, $message) = @$row;

    configure($main, $http, '');
    my ($code, $text) = $hub->nginx_test;
    isnt($code, 0, $title);
    like($text, $message, 'and why');
}

$hub->done;
