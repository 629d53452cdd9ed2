# What a link makes of the replies of Redis: errors, wrong shapes, late, torn
# and lost ones. A proxy stands in for a Redis that is unwell.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use Test::More;

my $hub = CredHubTest->new(proxy => 1, workers => 1);
my $proxy = $hub->proxy;
my $value = 0;


sub set () { return $hub->set('/fault', 'value', 'MARKER-' . ++$value) }
sub read_current () { return $hub->get('/api/v1/data?current=true&name=/fault') }
sub read_versions () { return $hub->get('/api/v1/data?name=/fault') }

# Each of the two links answers; one that was lost twice in a row waits a moment
# before it connects.
sub works ($label = 'the next request') {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    ok(wait_until(60, sub { read_current()->status == 200
        && read_versions()->status == 200 }), $label);
    return;
}

sub versions () { works(); return scalar @{ read_versions()->json->{data} } }

sub is_503 ($response, $label) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is_error($response, 'unavailable', $label);
    is($response->header('Retry-After'), 1, 'and when to come back');
    return;
}


is(set()->status, 200);
is(read_versions()->status, 200);
ok($proxy->wait_ready(2), 'both links stand');


# Error replies: the link stays. A row: text, what the client is told.
my @errors = (
    [LOADING     => 'unavailable'],
    [READONLY    => 'unavailable'],
    [OOM         => 'unavailable'],
    [MISCONF     => 'unavailable'],
    [MASTERDOWN  => 'unavailable'],
    [NOAUTH      => 'unavailable'],
    [NOPERM      => 'unavailable'],
    [BUSY        => 'unavailable'],
    [CLUSTERDOWN => 'unavailable'],
    [TRYAGAIN    => 'unavailable'],
    [NOREPLICAS  => 'unavailable'],
    [ERR         => 'internal'],
    [WRONGTYPE   => 'internal'],
    [UNKNOWN     => 'internal'],
);

# Commands of an operation. A row: command, a function that asks.
my @commands = (
    ['EVALSHA', 'a write', \&set],
    ['HMGET',   'a read',  \&read_current],
    ['EVALSHA_RO', 'a list',  \&read_versions],
);

my $before = versions();

for my $row (@errors) {
    my ($word, $error) = @$row;

    for my $command (@commands) {
        my ($name, $what, $ask) = @$command;

        $proxy->answer("-$word a text", $name);
        my $r = $ask->();
        is_error($r, $error, "$word to $what");
        is($r->header('Retry-After'), $error eq 'unavailable' ? 1 : undef,
            'when to come back');
        works();
    }
}

is($proxy->links, 2, 'the links stand');
is(versions(), $before, 'nothing was written');
like($hub->error_log,
    qr/credhub: redis "unix:\S+" answered to "put": LOADING a text/,
    'the first one is logged');
unlike($hub->error_log, qr/redis "unix:\S+" connected/, 'and no link was renewed');


# Replies that no command of ours gets: errors of the server, and no more.
my @shapes = (':1', '+OK', '$-1', '$0' . "\r\n", '*-1', '*0', "*1\r\n:5",
    "*1\r\n*0", "*2\r\n\$2\r\nok\r\n:1");

for my $shape (@shapes) {
    (my $shown = $shape) =~ s/\r\n/ /g;

    for my $command (@commands) {
        my ($name, $what, $ask) = @$command;

        $proxy->answer($shape, $name);
        my $r = $ask->();
        is_error($r, 'internal', "$shown to $what");
        works();
    }
}

is($proxy->links, 2, 'the links stand');
is(versions(), $before, 'nothing was written');


# Replies that end the connection: the next request finds another one. A row:
# what it is, how the proxy makes it, the reason in the log.
my $nested = join '', ("*1\r\n") x 9, ':1';

my @ends = (
    ['no RESP at all', sub { $proxy->answer('nonsense', $_[0]) },
        qr/Protocol error/],
    ['arrays in arrays', sub { $proxy->answer($nested, $_[0]) },
        qr/No support for nested/],
    ['an endless array', sub { $proxy->answer('*2147483647', $_[0]) },
        qr/too large a reply/],
    ['an endless string', sub { $proxy->answer('$-7', $_[0]) },
        qr/Protocol error|out of range/],
    ['the end in the place of a reply', sub { $proxy->answer('', $_[0]) },
        qr/closed the connection|reset/],
    ['the end in the middle of a reply', sub { $proxy->tear(3, $_[0]) },
        qr/closed the connection|reset/],
);

for my $row (@ends) {
    my ($what, $make, $reason) = @$row;

    for my $command (@commands) {
        my ($name, $op, $ask) = @$command;

        subtest "$what, to $op" => sub {
            $proxy->forget;
            $make->($name);
            my $r = $ask->();
            is_503($r, 'unavailable');
            cmp_ok($proxy->count($name), '<=', 1, 'not sent again');
            works();
        };
    }

    like($hub->error_log, qr/credhub: redis "unix:\S+": [^\n]*$reason/, 'logged');
}


# What was sent and not answered may be done, once; and is never sent again.
subtest 'writes of which nobody knows' => sub {
    my @ways = (
        ['its answer is lost', sub { $proxy->lose('EVALSHA') }, 1],
        ['its answer is torn', sub { $proxy->tear(9, 'EVALSHA') }, 1],
        ['it is lost itself', sub { $proxy->answer('', 'EVALSHA') }, 0],
    );

    for my $way (@ways) {
        my ($what, $make, $done) = @$way;
        my $old = versions();

        $proxy->forget;
        $make->();
        is_503(set(), $what);
        is($proxy->count('EVALSHA'), $done, 'it passed once');
        is(versions(), $old + $done, 'done or not');
    }
};


subtest 'requests wait while the link connects' => sub {
    my @clients = map { $hub->connect } 1 .. 20;

    works();
    $proxy->forget;
    $proxy->hold;
    $proxy->cut;
    ok($proxy->wait_for('ROLE', 2), 'both shake hands');

    $_->request('GET', '/api/v1/data?current=true&name=/fault')
        for @clients;
    is($hub->get('/version')->status, 200, 'what needs no store does not');
    is($proxy->count('HMGET'), 0, 'nothing is sent before');
    $proxy->release;
    is_deeply([map { $_->response->status } @clients], [(200) x 20],
        'and are answered');
};


# A row: command of the handshake, its answer, the reason in the log.
my @handshakes = (
    ['ROLE', '-LOADING Redis is loading', qr/LOADING Redis is loading/],
    ['ROLE', '-NOAUTH Authentication required.', qr/NOAUTH/],
    ['ROLE', "*1\r\n\$8\r\nsentinel", qr/neither a master nor a replica/],
    ['ROLE', ':1', qr/neither a master nor a replica/],
    ['EVAL', '-MASTERDOWN Link with MASTER is down', qr/MASTERDOWN/],
    ['EVAL', "*3\r\n\$2\r\nok\r\n\$1\r\n1\r\n\$4\r\nhub1",
        qr/its schema is damaged/],
    ['EVAL', "*3\r\n\$2\r\nok\r\n\$1\r\n9\r\n\$36\r\n" . ('x' x 36),
        qr/newer layout/],
    ['EVAL', '$-1', qr/its schema is damaged/],
    ['CLIENT', '-ERR max number of clients reached', qr/max number/],
);

for my $row (@handshakes) {
    my ($name, $answer, $reason) = @$row;
    (my $shown = $answer) =~ s/\r\n/ /g;

    subtest "handshake: $shown to $name" => sub {
        # a handshake that is under way would take the answer and be cut with it
        works('before');
        ok($proxy->wait_ready(2), 'both links stand');

        my $seen = length $hub->error_log;
        $proxy->answer($answer, $name);
        $proxy->cut;
        ok(wait_until(60,
            sub { substr($hub->error_log, $seen) =~ $reason }), 'logged');
        ok(wait_until(60, sub { read_current()->status == 200 }),
            'and tried again');
        is(set()->status, 200);
    };
}


subtest 'one byte at a time' => sub {
    my $old = versions();
    $proxy->split(1);
    is(set()->status,           200);
    is(read_current()->json->{data}[0]{value}, "MARKER-$value");
    is(versions(),              $old + 1);

    $proxy->cut;
    works('a handshake too');
    $proxy->split(0);
};


# Streams of HTTP/2, each waiting for one command.
subtest 'as many commands as a link takes' => sub {
    my ($most, $more, $streams) = (1024, 50, 100);
    my @clients = map { $hub->connect_h2 } 0 .. ($most + $more) / $streams;
    my @asked;

    $proxy->forget;
    $proxy->hold;
    for my $n (0 .. $most + $more - 1) {
        my $client = $clients[$n / $streams];
        push @asked, [$client, $client->request('GET',
                '/api/v1/data?current=true&name=/fault')];
    }
    $_->ping for @clients;
    ok($proxy->wait_for('HMGET', $most), 'they are sent');

    my $r = read_current();
    is_error($r, 'busy', 'one more is told to come back');
    is($r->header('Retry-After'), 1, 'and when');
    $proxy->release;

    my %seen;
    $seen{ $_->[0]->response($_->[1])->status }++ for @asked;
    is_deeply(\%seen, { 200 => $most, 503 => $more }, 'the others answered');
    is($proxy->count('HMGET'), $most, 'and no more was sent');
};


subtest 'late replies' => sub {
    $proxy->delay(0.05);
    my @clients = map { $hub->connect } 1 .. 10;
    my @sent    = map { "/late/$_" } 1 .. 10;

    $clients[$_]->request('PUT', '/api/v1/data', json => {
            name => $sent[$_], type => 'value', value => "MARKER$sent[$_]",
        }) for 0 .. 9;
    is_deeply([map { $_->response->json->{name} } @clients], \@sent,
        'each has its own');
    $proxy->delay(0);
};

$hub->done;
