# credhub_metrics: what is counted, over workers and reloads, and the text that
# says so.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Certificates qw(authority leaf);
use CredHubTest::Permissions qw(permit);
use CredHubTest::Process qw(read_file wait_until);
use Mojo::JSON qw(decode_json);
use Test::More;

my $hub = CredHubTest->new(start => 0, workers => 2, redis_args => 'timeout=1s');

sub configure (%more) {
    $hub->configure(server => <<'END', %more);
    location = /metrics { credhub_metrics; }
    location = /named { credhub_metrics names; }
    location /guarded/ { credhub_access read /guarded/*; return 404; }
    location /asked/ { credhub_access read /guarded/*; empty_gif; }
    location /given/ { credhub_set $secret /given/x; empty_gif; }
END
    return;
}

configure();
$hub->start;

# { name => { labels => number } }, and what is no line of the format.
sub parsed ($text) {
    my (%got, %type, @wrong);
    for my $line (split /\n/, $text) {
        if ($line =~ /^# (HELP|TYPE) (\w+) (\S.*)$/) {
            push @wrong, $line if $1 eq 'TYPE' && $type{$2}++;
        } elsif ($line =~ /^(\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\[\\"n])*",?)+)\})? (-?[\d.]+)$/) {
            my ($name, $labels, $number) = ($1, $2 // '', $3);
            my $family = $name =~ s/_(?:bucket|sum|count)$//r;
            push @wrong, $line if !$type{$name} && !$type{$family}
                || exists $got{$name}{$labels};
            $got{$name}{$labels} = $number;
        } else {
            push @wrong, $line;
        }
    }
    return (\%got, @wrong);
}

sub metrics ($where = '/metrics') {
    my $r = $hub->get($where);
    $r->status == 200 or die $r->status;
    my ($got, @wrong) = parsed($r->body);
    is_deeply(\@wrong, [], 'the format holds') if @wrong;
    return $got;
}

sub requests ($got, $operation, $status) {
    return $got->{credhub_requests_total}
        {qq(operation="$operation",status="$status")} // 0;
}


subtest 'the answer' => sub {
    my $r = $hub->get('/metrics');
    is($r->header('Content-Type'), 'text/plain; version=0.0.4; charset=utf-8',
        'its type');
    like($r->header('Cache-Control'), qr/no-store/, 'is not kept');
    is($hub->head('/metrics')->status, 200, 'HEAD');
    is($hub->post('/metrics', {})->status, 405, 'nothing else');
};


subtest 'requests' => sub {
    my $before = metrics();
    $hub->made($hub->set("/count/$_", value => 'x')) for 1 .. 3;
    $hub->get("/api/v1/data?name=/count/1") for 1 .. 5;
    $hub->get('/api/v1/data?name=/count/none') for 1 .. 2;
    $hub->get('/nowhere');
    $hub->get('/api/v1/data/');
    my $after = metrics();

    for (['SET', 200, 3], ['GET', 200, 5], ['GET', 404, 2], ['none', 404, 1]) {
        my ($operation, $status, $n) = @$_;
        is(requests($after, $operation, $status)
                - requests($before, $operation, $status), $n,
            "$operation $status");
    }

    my $sum = 0;
    my $all = $after->{credhub_requests_total};
    $sum += $all->{$_} for grep {/operation="GET"/} keys %$all;
    is($after->{credhub_request_duration_seconds_count}{'operation="GET"'}, $sum,
        'each has a duration');

    my $buckets = $after->{credhub_request_duration_seconds_bucket};
    my @counts = map { $buckets->{$_} } sort { ($a =~ /le="([^"]+)/)[0]
        <=> ($b =~ /le="([^"]+)/)[0] } grep {/operation="GET"/} keys %$buckets;
    is_deeply(\@counts, [sort { $a <=> $b } @counts], 'buckets add up');
    is($counts[-1], $sum, 'to all of them');
};


subtest 'the edge' => sub {
    is($hub->as(undef)->get('/asked/x')->status, 401, 'nobody');
    is($hub->get('/asked/x')->status,            200, 'somebody');
    is($hub->get('/given/x')->status,            404, 'no such secret');
    my $got = metrics()->{credhub_edge_decisions_total};
    is($got->{'operation="access",result="refused"'}, 1, 'refused');
    is($got->{'operation="access",result="ok"'},      1, 'allowed');
    is($got->{'operation="inject",result="refused"'}, 1, 'a secret that is missing');
};


subtest 'links and threads' => sub {
    ok(wait_until(30, sub {
        my $got = metrics();
        return $got->{credhub_workers}{''} == 2
            && $got->{credhub_redis_links}{'link="commands",state="ready"'} == 2
            && $got->{credhub_redis_links}{'link="commands",state="down"'} == 0;
    }), 'two workers, two links');

    my $got = metrics();
    cmp_ok($got->{credhub_redis_call_duration_seconds_count}{'link="commands"'},
        '>', 5, 'calls are measured');
    is($got->{credhub_thread_tasks}{'pool="cpu",state="running"'}, 0, 'no task');
};


subtest 'the store' => sub {
    authority($hub, '/ca', duration => 400);
    leaf($hub, '/soon', '/ca', duration => 5);
    leaf($hub, '/later', '/ca', duration => 100);

    my $got = metrics();
    is($got->{credhub_store_up}{''}, 1, 'is there');
    is_deeply([map { $got->{credhub_certificates}{qq(within_days="$_")} }
        0, 1, 7, 30, 90, 365, '+Inf'], [0, 0, 1, 1, 1, 2, 3],
        'certificates by days');
    is($got->{credhub_certificates_complete}{''}, 1, 'all of them');
    is($got->{credhub_key_versions}{'key="active"'}, 6, 'versions by key');
    ok(!$got->{credhub_certificate_expiry_timestamp_seconds}, 'no names');

    my $named = metrics('/named')->{credhub_certificate_expiry_timestamp_seconds};
    is_deeply([sort keys %$named], ['name="/soon"'], 'unless asked for');
    my $in = (values %$named)[0] - time;
    ok($in > 4 * 86400 && $in < 6 * 86400, 'with the date');
};


subtest 'reload and the death of a worker' => sub {
    my $before = requests(metrics(), 'GET', 200);
    $hub->reload;
    $hub->get('/api/v1/data?name=/count/1');
    is(requests(metrics(), 'GET', 200), $before + 1, 'counting goes on');

    $hub->expect_log(qr/exited on signal 9/);
    $hub->kill_worker;
    $hub->get('/api/v1/data?name=/count/1');
    is(requests(metrics(), 'GET', 200), $before + 2, 'over the death of a worker');
};


subtest 'readiness' => sub {
    is($hub->get('/health')->body,         '{"status":"UP"}', 'health');
    is($hub->get('/health?ready=1')->body, '{"status":"UP"}', 'ready');
};


subtest 'without a store' => sub {
    $hub->expect_log(qr/credhub: redis/);
    $hub->stop_redis;
    is($hub->get('/health')->status, 200, 'nginx is up');

    my $r = $hub->get('/health?ready=1');
    is($r->status, 503, 'and not ready');
    ok($r->header('Retry-After'), 'come again');

    my $got = metrics();
    is($got->{credhub_store_up}{''}, 0, 'the metrics say so');
    ok(!$got->{credhub_certificates}, 'and nothing that they do not know');
    ok(wait_until(30, sub {
        metrics()->{credhub_redis_links}{'link="commands",state="down"'} == 2;
    }), 'links are down');

    $hub->start_redis;
    ok(wait_until(60, sub { $hub->get('/health?ready=1')->status == 200 }),
        'ready again');
    ok(wait_until(60, sub { metrics()->{credhub_store_up}{''} }),
        'and in the metrics');
};


subtest 'the dashboard' => sub {
    my $text  = $hub->get('/metrics')->body;
    my $board = decode_json(read_file('examples/grafana-dashboard.json'));
    my @asked = map { $_->{expr} =~ /\b(credhub_\w+)/g }
        map { @{ $_->{targets} } } @{ $board->{panels} };
    my %there = map { $_ => 1 } $text =~ /^# TYPE (\w+)/mg;

    is_deeply([grep { !$there{s/_bucket$//r} } @asked], [],
        'asks for what there is');
    my %used = map { s/_bucket$//r => 1 } @asked;
    is_deeply([grep { !$used{$_} } sort keys %there],
        ['credhub_certificates_complete'], 'and shows all');
};


subtest 'the documentation' => sub {
    my $text = $hub->get('/named')->body;
    my $docs = read_file('docs/configuration.md');
    is_deeply([grep { index($docs, "`$_`") < 0 } $text =~ /^# TYPE (\w+)/mg], [],
        'names all metrics');
};


subtest 'nginx -t' => sub {
    for (['credhub_metrics all;', qr/invalid parameter "all" in "credhub_metrics" in \S+:\d+/],
        ['credhub_metrics; credhub_metrics;', qr/"credhub_metrics" directive is duplicate in \S+:\d+/],
        ['credhub_metrics names 1;', qr/invalid number of arguments in "credhub_metrics"/])
    {
        my ($line, $said) = @$_;
        $hub->configure(server => "location = /m { $line }");
        my ($code, $text) = $hub->nginx_test;
        isnt($code, 0, $line);
        like($text, $said, 'is told');
    }
    configure();
};

$hub->done;
