# A thousand leaves at once: what that asks of Redis is counted. No script does
# more the more leaves there are, but for those that are limited.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Certificates;
use CredHubTest::Process qw(read_file stop_process);
use CredHubTest::Proxy;
use POSIX ();
use Test::More;

my $LEAVES = $ENV{CREDHUB_SANITIZE} ? 120 : 1000;    # it is slow
my $FOLDS  = 100;     # versions that one step folds
my $ROWS   = 250;     # names that one step looks at
my $MOST   = 2000;    # commands of a script

my $hub = CredHubTest->new(leaks => 0, workers => 1,
    http => 'keepalive_requests 10000;');
my $client  = $hub->connect;
my $script  = CredHubTest::Proxy::scripts();
my $watched = 0;


sub ask ($method, $target, $body = undef) {
    return $client->request($method, $target, keep => 1,
        defined $body ? (json => $body) : ())->response(300);
}

sub make ($name, %parameters) {
    my $r = ask('POST', '/api/v1/data', { name => $name,
        type => 'certificate', parameters => { common_name => 'scale',
            key_type => 'ec', %parameters } });
    return $r->status == 200;
}

# The script that a line of the monitor runs, and its first argument
sub ran ($line) {
    my ($sha, @args) = $line =~ /^\S+\ \[[^]]*\]\ "EVALSHA(?:_RO)?"\ "(\w+)"
        \ "1"(?:\ "[^"]*"){3}(?:\ "([^"]*)")?/x or return;
    return lc $script->{ uc $sha }, $args[0] // '';
}


# Regenerates all; the answer, and the scripts that were run: name => a number
# of commands for each run. Those of the background, which has no batch in mind,
# are left out.
sub watched ($ca) {
    my $monitor = $hub->scratch . '/monitor' . ++$watched;
    my $pid = CredHubTest::Process::spawn(['redis-cli', '-s', $hub->dir . '/redis/redis.sock',
        'monitor'], out => $monitor);
    wait_until(20, sub { read_file($monitor) =~ /^OK/ }) or die 'no monitor';

    my $r = ask('POST', '/api/v1/bulk-regenerate', { signed_by => $ca });
    $hub->redis('PING', 'the end');
    wait_until(20, sub { read_file($monitor) =~ /"PING" "the end"/ })
        or die 'no end';
    stop_process($pid);

    my (%runs, $run);
    for my $line (split /\n/, read_file($monitor)) {
        if ($line =~ /^\S+ \[\d+ lua\] /) {
            $$run++ if $run;

        } else {
            undef $run;
            my ($name, $first) = ran($line);
            next if !$name || $name =~ /sweep|finish/ && $first eq '';
            push @{ $runs{$name} }, 0;
            $run = \$runs{$name}[-1];
        }
    }
    return $r, \%runs;
}

sub most (@numbers) { return (sort { $b <=> $a } @numbers)[0] }


ok(make($_, is_ca => \1), "the CA $_") for '/few/ca', '/many/ca';
is(scalar(grep { make("/few/$_", ca => '/few/ca') } 1 .. 10), 10, 'a few leaves');
is(scalar(grep { make("/many/$_", ca => '/many/ca') } 1 .. $LEAVES), $LEAVES,
    'and many');

watched('/few/ca');    # Redis knows the scripts from here on
my ($few, $small) = watched('/few/ca');
my ($many, $large) = watched('/many/ca');

is(@{ $few->json->{regenerated_credentials} }, 10, 'the few are regenerated');
is_deeply($many->json->{regenerated_credentials},
    [sort map {"/many/$_"} 1 .. $LEAVES], 'and the many');

subtest 'scripts' => sub {
    my %runs = map { my $name = $_; $name => [map { scalar @{ $_->{$name} } }
        $small, $large] } keys %$large;
    my %most = map { my $name = $_; $name => [map { most(@{ $_->{$name} }) }
        $small, $large] } keys %$large;

    my ($steps) = @{ delete $runs{batch_finish} }[1];

    is_deeply(\%runs, {
        certificate     => [10 + 1, $LEAVES + 1],
        certificate_put => [10, $LEAVES],
        children        => [1, 1 + int $LEAVES / $ROWS],
        batch_commit    => [1, 1],
    }, 'each leaf is looked up once and staged once');
    cmp_ok($steps, '<=', POSIX::ceil($LEAVES / $FOLDS),
        "$FOLDS are folded in a step");

    for my $name (qw(certificate certificate_put batch_commit)) {
        my ($few, $many) = @{ $most{$name} };
        cmp_ok($many, '<=', $few, "$name: as long for many as for few");
    }

    for my $name (sort keys %most) {
        cmp_ok($most{$name}[1], '<=', $MOST, "$name: within the limit");
        note "$name: at most $most{$name}[1] commands";
    }
};

subtest 'leaves' => sub {
    my $ca = $hub->current('/many/ca');

    is(scalar(grep { @{ ask('GET', "/api/v1/data?name=/many/$_")
        ->json->{data} } == 2 } 1 .. $LEAVES), $LEAVES,
        'one version more each');
    ok(issued_by($hub->current("/many/$_"), $ca), "/many/$_ is good")
        for 1, 99, $LEAVES;
    is($hub->redis('SCARD', '{credhub}:batches'), 0, 'nothing is left to fold');
};

$client->close;
$hub->done;
