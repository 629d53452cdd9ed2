# Several encryption keys: which one seals, which ones open, and what is left
# when one is gone.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use Digest::SHA qw(hmac_sha256);
use MIME::Base64 qw(encode_base64);
use Test::More;

my %BYTES = map { $_ => sprintf '%-32s', "MARKER-key-$_" } qw(k1 k2 k3);
my ($K1, $K2, $K3) = map { [$_, $BYTES{$_}] } qw(k1 k2 k3);

my $hub = CredHubTest->new(keys => [$K1]);
my $FAILED = qr/\[crit\][^"]*credential "[^"]*", version [0-9a-f-]{36}: its /;

$hub->expect_log($FAILED);


sub with_keys (@keys) {
    $hub->configure(keys => \@keys);
    $hub->reload;
    return;
}

sub current ($name, $from = $hub) {
    return $from->get("/api/v1/data?current=true&name=$name");
}

sub list ($name) { return $hub->get("/api/v1/data?name=$name") }

# The ids of the keys that sealed the secret and the parameters that stand.
my %NAME = map {
    unpack('H16', hmac_sha256('credhub v1 fingerprint', $BYTES{$_})) => $_
} keys %BYTES;

sub sealed_with ($name) {
    my @blobs = grep {defined} map {
        $hub->redis('HGET', '{credhub}:credential:' . lc $name, $_)
    } qw(secret params);
    return join ' ', map { $NAME{ unpack 'x H16', $_ } // 'unknown' } @blobs;
}

sub missing ($r, $what) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_error($r, 'key_missing', $what);
}


subtest 'the first key seals, all open' => sub {
    my %before = map {
        my $name = "/two/$_";
        $name => ($_ eq 'made' ? $hub->made($hub->generate($name, 'user'))
            : $hub->set($name, 'value', "MARKER-$_"))->json;
    } qw(one two made);
    is(sealed_with('/two/one'),  'k1');
    is(sealed_with('/two/made'), 'k1 k1', 'parameters, too');

    with_keys($K2, $K1);
    is_deeply(current($_)->json->{data}[0], $before{$_}, "$_: the same")
        for sort keys %before;

    $hub->set('/two/one', 'value', 'MARKER-again');
    is(sealed_with('/two/one'), 'k2', 'a new version');
    is(sealed_with('/two/two'), 'k1', 'what is not written stays');
    is_deeply([map { $_->{value} } @{ list('/two/one')->json->{data} }],
        ['MARKER-again', 'MARKER-one'], 'a list over both');

    is($hub->generate('/two/made', 'user')->json->{id}, $before{'/two/made'}{id},
        'converge opens the parameters');
    my $again = $hub->made($hub->post('/api/v1/regenerate',
        { name => '/two/made' }));
    is($again->status, 200, 'regenerate, too');
    is(sealed_with('/two/made'), 'k2 k2');

    with_keys($K1, $K2);
    is(current('/two/made')->status, 200, 'the other way round');
    is(current('/two/two')->status,  200);
};

subtest 'the id of a key is only a name' => sub {
    with_keys(['other', $BYTES{k1}], ['another', $BYTES{k2}]);
    is(current('/two/one')->json->{data}[0]{value}, 'MARKER-again');
    is(current('/two/two')->json->{data}[0]{value}, 'MARKER-two');
};


# What stands while k1 is missing: all under it but what says otherwise.
subtest 'a key that is gone' => sub {
    with_keys($K1);
    my ($first) = map { $_->json } $hub->set('/gone/a', 'password', 'MARKER-a');
    $hub->set("/gone/$_", 'password', "MARKER-$_") for qw(b c);
    $hub->set('/gone/json', 'json', { a => 'MARKER-json' });
    $hub->made($hub->generate('/gone/made', 'password'));
    $hub->set('/gone/public', 'rsa', { public_key => 'public' });

    with_keys($K2);
    missing(current('/gone/a'), 'current');
    missing(list('/gone/a'), 'list');
    missing($hub->get("/api/v1/data/$first->{id}"), 'by id');
    missing($hub->post('/api/v1/regenerate', { name => '/gone/made' }),
        'regenerate');
    missing($hub->generate('/gone/made', 'password'), 'converge');
    missing($hub->generate('/gone/made', 'password', {},
        mode => 'no-overwrite'), 'no-overwrite');
    missing($hub->post('/api/v1/interpolate',
        { s => [{ credentials => { 'credhub-ref' => '/gone/json' } }] }),
        'interpolate');

    # what has no secret is not believed either without the key of its MAC
    missing(list('/gone/public'), 'public');

    my $failed = grep {/$FAILED/} split /\n/, $hub->error_log;
    is($failed, 8, 'each is in the log');

    is(@{ $hub->get('/api/v1/data?path=/gone')->json->{credentials} }, 6, 'find');
    is($hub->get('/api/v1/data?name-like=gone/a')->status, 200, 'find by part');
    is($hub->get('/api/v1/key-usage')->status, 200, 'key-usage');

    is($hub->delete('/api/v1/data?name=/gone/b')->status, 204, 'delete');
    is(list('/gone/b')->status, 404);

    is($hub->set('/gone/a', 'password', 'MARKER-new')->status, 200, 'set');
    is(current('/gone/a')->json->{data}[0]{value}, 'MARKER-new');
    is($hub->get('/api/v1/data?versions=1&name=/gone/a')->status, 200);
    missing(list('/gone/a'), 'one of the list');
    missing($hub->get("/api/v1/data/$first->{id}"), 'the old one');

    my $made = $hub->made($hub->generate('/gone/made', 'password', {},
        mode => 'overwrite'));
    is($made->status, 200, 'overwrite');

    with_keys($K2, $K1);
    is_deeply([map { $_->{value} } @{ list('/gone/a')->json->{data} }],
        ['MARKER-new', 'MARKER-a'], 'and back again');
};


# name, the key that seals it
my @COVERED = (
    ['/x',              'k1'],
    ['/apps',           'k1'],
    ['/appsx/y',        'k1'],
    ['/apps/x',         'k2'],
    ['/apps/bill',      'k2'],
    ['/apps/billing',   'k2'],
    ['/apps/billing/x', 'k3'],
    ['/APPS/Billing/y', 'k3'],
    ['/apps/billing/x/y', 'k3'],
    ['/x/apps/billing/y', 'k1'],
);

my $APPS    = [@$K2, 'path=/apps/*'];
my $BILLING = [@$K3, 'path=/Apps/Billing/*'];

subtest 'the longest path seals' => sub {
    for my $keys ([$K1, $APPS, $BILLING], [$BILLING, $APPS, $K1]) {
        with_keys(@$keys);

        for my $row (@COVERED) {
            my ($name, $key) = @$row;
            $hub->delete("/api/v1/data?name=$name");
            $hub->set($name, 'value', "MARKER-$name");

            is(sealed_with($name), $key, $name);
            is(current($name)->json->{data}[0]{value}, "MARKER-$name");
        }
    }

    with_keys($K1, [@$K2, 'path=/*']);
    $hub->set('/equal', 'value', 'MARKER-equal');
    is(sealed_with('/equal'), 'k1', 'of equal paths the first');
};

subtest 'a key does not open outside its path' => sub {
    with_keys($K1, [@$K2, 'path=/other/*'], $BILLING);
    missing(current('/apps/x'), '/apps/x');
    is(current('/apps/billing/x')->status, 200);

    with_keys($K1, [@$K2, 'path=/apps/billing/*']);
    missing(current('/apps/x'), 'a path too long');
    with_keys($K1, $K2);
    is(current('/apps/x')->status, 200, 'no path is every path');
    missing(current('/apps/billing/x'), 'a key that is not there');
    with_keys($K1, $APPS, [@$K3, 'path=/apps/*']);
    is(current('/apps/billing/x')->status, 200, 'a shorter path covers it');
};

subtest 'an instance with the key of a subtree only' => sub {
    with_keys($K1, $APPS, $BILLING);
    my $edge = CredHubTest->new(redis => 0, keys => [$BILLING],
        http => $hub->redis_line($hub->dir . '/redis/redis.sock'));
    $edge->expect_log($FAILED);

    for my $row (@COVERED) {
        my ($name, $key) = @$row;
        my $r = current($name, $edge);
        $key eq 'k3' ? is($r->json->{data}[0]{value}, "MARKER-$name", $name)
            : missing($r, $name);
    }

    is(@{ $edge->get('/api/v1/data?path=')->json->{credentials} },
        @{ $hub->get('/api/v1/data?path=')->json->{credentials} }, 'find');

    my $count = $hub->redis('DBSIZE');
    missing($edge->set('/apps/new', 'value', 'MARKER-new'), 'set elsewhere');
    missing($edge->generate('/apps/new', 'password'), 'generate elsewhere');
    is($hub->redis('DBSIZE'), $count, 'nothing was written');
    is($edge->set('/apps/billing/new', 'value', 'MARKER-new')->status, 200);
    is(current('/apps/billing/new')->json->{data}[0]{value}, 'MARKER-new',
        'what it writes the other one reads');

    is($edge->delete('/api/v1/data?name=/apps/x')->status, 204,
        'a delete needs no key');
    $edge->finish;
};


my %FILE = (
    'raw'                   => $BYTES{k1},
    'base64'                => encode_base64($BYTES{k1}, ''),
    'base64 with a newline' => encode_base64($BYTES{k1}, "\n"),
);

subtest 'forms of a key file' => sub {
    my %names;

    for my $form (sort keys %FILE) {
        with_keys(['k1', $FILE{$form}]);
        my $name = '/form/' . $form =~ s/ /_/gr;
        $hub->set($name, 'value', "MARKER-$form");
        $names{$name} = "MARKER-$form";

        is(sealed_with($name), 'k1', $form);
        is(current($_)->json->{data}[0]{value}, $names{$_}, "$form reads $_")
            for sort keys %names;
    }
};


my %BAD = (    # a file that nginx must refuse: what it says
    'too short'        => [substr($BYTES{k1}, 1),                qr/32 bytes/],
    'too long'         => ["$BYTES{k1}\n",                       qr/32 bytes/],
    'base64 too short' => [encode_base64('x' x 30, ''),          qr/32 bytes/],
    'base64 and more'  => [encode_base64($BYTES{k1}, '') . "\n\n", qr/32 bytes/],
    'not base64'       => ['?' x 43 . '=',                       qr/32 bytes/],
    'base64, tail bits' => [substr(encode_base64($BYTES{k1}, ''), 0, 42) . 'B=',
        qr/32 bytes/],
);

subtest 'files that hold no key' => sub {
    for my $what (sort keys %BAD) {
        $hub->configure(keys => [['k1', $BAD{$what}[0]]]);
        my ($code, $text) = $hub->nginx_test;
        isnt($code, 0, $what);
        like($text, qr/$BAD{$what}[1].* in .*nginx\.conf:\d+/s,
            "$what: file and line");
        unlike($text, qr/MARKER/, "$what: not the key");
    }

    $hub->configure(keys => [$K1, ['k2', $BYTES{k1}]]);
    isnt(($hub->nginx_test)[0], 0, 'the same key twice');
    $hub->configure(keys => [$K1]);
    is(($hub->nginx_test)[0], 0, 'a good one');
};

$hub->done;
