# Basic authentication: API keys that are "user" credentials, alone and beside
# certificates and tokens. Whatever is wrong with one, the answer is the same.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Authority;
use CredHubTest::Errors qw(is_error answers);
use CredHubTest::Process qw(read_file write_file wait_until);
use MIME::Base64 qw(encode_base64);
use Test::More;

my $DATA  = '/api/v1/data';
my $BASIC = 'Basic realm="credhub"';
my $LOUD  = qr/\[crit\][^"]*credential "[^"]*", version \S+: its/;

my $hub = CredHubTest->new(workers => 1, start => 0, permissions => [
    ['good', '/*', 'read,write,delete'],
    ['api-key:app', '/app/*', 'read,write'],
    ['api-key:people', '/trust/*', 'read,write'],
    ['api-key:nameless', '/trust/*', 'read,write'],
    ['second', '/second/*', 'read'],
    ['uaa-client:app', '/token/*', 'read'],
]);
my $uaa = CredHubTest::Authority->new($hub, start => 0);
my $set = write_file($hub->scratch . '/set.json', $uaa->set_text);

$hub->expect_log($LOUD);
$hub->configure(
    http => q(log_format who '$credhub_actor|$credhub_auth|$credhub_user|$status $arg_mark';),
    server  => 'credhub_api_keys /Api-Keys; access_log who.log who;',
    servers => [
        { port => 'tokens', server => 'credhub_api_keys /api-keys;'
            . " credhub_jwt_key_file $set;" },
        { port => 'without', location => 'access_log who.log who;' },
        { port => 'short', server => 'credhub_api_keys /api-keys;'
            . ' credhub_max_name_length 12;' },
    ],
);
$hub->start;

my $admin = $hub->as('good');
my $none  = $hub->as(undef);

sub basic ($text) { return 'Basic ' . encode_base64($text, '') }

sub ask ($key, $method, $target, %opt) {
    return $none->request($method, $target, %opt,
        headers => { Authorization => basic($key) });
}

sub get ($key, $name, %opt) { return ask($key, 'GET', "$DATA?name=$name", %opt) }

# What is logged of the last request: a line is written behind its answer, but
# before those of requests that come later.
sub who () {
    state $mark = 0;
    my $log;

    $mark++;
    $none->get("/info?mark=$mark")->status == 200 or die 'not marked';
    wait_until(60, sub {
        $log = read_file($hub->dir . '/who.log');
        return $log =~ / $mark$/m;
    }) or die 'not logged';

    my ($line) = $log =~ /^(.*) -\n.* $mark$/m;
    return $line;
}

# How often the store was asked for a current version since the last call
sub reads () {
    state $before = 0;
    my ($now) = $hub->redis('INFO', 'commandstats')
        =~ /^cmdstat_hmget:calls=(\d+)/m;
    my $since = ($now // 0) - $before;
    $before = $now // 0;
    return $since;
}

sub challenges ($r) {
    return [map { $_->[1] } grep { lc $_->[0] eq 'www-authenticate' }
        @{ $r->{headers} }];
}


for (
    ['/api-keys/App', 'user', { username => 'MARKER-u',
        password => 'MARKER:one' }],
    ['/api-keys/unicode', 'user', { password => "MARKER-\x{e9}\x{20ac}" }],
    ['/api-keys/word', 'password', 'MARKER-word'],
    ['/api-keys/plain', 'value', 'MARKER-word'],
    ['/api-keys/json', 'json', { password => 'MARKER-word' }],
    ['/api-keys/deep/er', 'user', { password => 'MARKER-word' }],
    ['/api-keys', 'user', { password => 'MARKER-word' }],
    ['/other/app', 'user', { password => 'MARKER-word' }],
    ['/app/x', 'value', 'MARKER-x'],
    ['/token/x', 'value', 'MARKER-x'],
    ['/second/x', 'value', 'MARKER-x'],
) {
    my $r = $admin->set(@$_);
    $r->status == 200 or die $r->body;
}


subtest 'right' => sub {
    is(get('app:MARKER:one', '/app/x')->status, 200, 'may read its names');
    is(who(), 'api-key:App|basic|App|200', 'who that was');

    is(get('aPP:MARKER:one', '/app/x')->status, 200, 'in another case');
    is(who(), 'api-key:App|basic|App|200', 'is the same one');

    is_error(get('app:MARKER:one', '/token/x'), 'credential',
        'may not read others');

    is(ask('app:MARKER:one', 'PUT', $DATA, json => { name => '/app/y',
        type => 'value', value => 'MARKER-y' })->status, 200, 'may write');
    is(get("unicode:MARKER-\xc3\xa9\xe2\x82\xac", '/app/x')->status, 404,
        'a secret in UTF-8');
    is(who(), 'api-key:unicode|basic|unicode|404', 'who that was');

    for my $scheme ('basic', 'BASIC', 'Basic   ') {
        is($none->get('/version', headers => { Authorization =>
            "$scheme " . encode_base64('app:MARKER:one', '') })->status, 200,
            qq("$scheme"));
    }

    is($none->h2('GET', '/version', headers => { Authorization =>
        basic('app:MARKER:one') })->status, 200, 'over HTTP/2');

    my $client = $hub->connect(cert => undef);
    for my $i (1 .. 3) {
        is($client->request('GET', '/version', keep => 1, headers => {
            Authorization => basic('app:MARKER:one') })->response->status, 200,
            "request $i of a connection");
    }
    is($client->request('GET', '/version')->response->status, 401,
        'and none without it');
    $client->close;
};


subtest 'wrong' => sub {
    # label, the header behind the scheme, reads
    my @rows = (
        ['another secret', basic('app:MARKER-two'), 1],
        ['no secret',      basic('app:'), 1],
        ['part of it',     basic('app:MARKER:on'), 1],
        ['more than it',   basic('app:MARKER:one '), 1],
        ['in another case', basic('app:marker:one'), 1],
        ['the user name',  basic('app:MARKER-u'), 1],
        ['no such key',    basic('nobody:MARKER:one'), 1],
        ['no such key, no secret', basic('nobody:'), 1],
        ['a password',     basic('word:MARKER-word'), 1],
        ['a value',        basic('plain:MARKER-word'), 1],
        ['no value',       basic('plain:'), 1],
        ['a JSON value',   basic('json:MARKER-word'), 1],
        ['two segments',   basic('deep/er:MARKER-word'), 0],
        ['a path',         basic('/api-keys/app:MARKER:one'), 0],
        ['no key',         basic(':MARKER-word'), 0],
        ['a dot segment',  basic('../other/app:MARKER-word'), 0],
        ['odd characters', basic('a*:MARKER-word'), 0],
        ['a control',      basic("app\n:MARKER:one"), 0],
        ['a NUL',          basic("app\0:MARKER:one"), 0],
        ['too long',       basic(('x' x 300) . ':MARKER-word'), 0],
        ['no colon',       basic('app'), 0],
        ['nothing',        'Basic', 0],
        ['blanks',         'Basic    ', 0],
        ['no base64',      'Basic $$$$', 0],
        ['base64 of URLs', basic("app:\xff\xff\xfe") =~ tr{+/}{-_}r, 0],
        ['in clear',       'Basic app:MARKER:one', 0],
    );
    my $first;

    for (@rows) {
        my ($label, $header, $reads) = @$_;

        reads();
        my $r = $none->get("$DATA?name=/app/x",
            headers => { Authorization => $header });
        is(reads(), $reads, "$label: reads of the store");
        is($r->status, 401, "$label: status");
        is_deeply(challenges($r), [$BASIC], "$label: challenge");
        is(who(), '-|none|-|401', "$label: nobody");

        $first //= $r->body;
        is($r->body, $first, "$label: the same answer");
    }

    is(get('app:MARKER:one', '/app/x', port => 'short')->status, 401,
        'a name that is too long here');
    is($none->get('/v1/nothing')->body,
        ask('app:x', 'GET', '/v1/nothing')->body, 'an envelope below /v1');
    is(ask('app:x', 'GET', '/v1/nothing')->json->{code}, 'AuthFailed',
        'with its code');

    my $two = $none->get('/version', headers => [
        Authorization => basic('app:MARKER:one'),
        Authorization => basic('app:MARKER:one') ]);
    is($two->status, 400, 'twice');
};


subtest 'what is open' => sub {
    is($none->get('/info')->status, 200, 'to nobody');
    is(ask('app:MARKER:one', 'GET', '/info')->status, 200, 'to a key');
    is(ask('app:x', 'GET', '/info')->status, 401, 'not to a wrong one');
    is($none->get('/info', headers => { Authorization => 'Digest x' })->status,
        200, 'another scheme is not looked at');
};


subtest 'beside a certificate' => sub {
    my $second = $hub->as('second');
    my $get = sub ($key, $name, %opt) {
        return $second->get("$DATA?name=$name", %opt,
            headers => { Authorization => basic($key) });
    };

    is($second->get("$DATA?name=/second/x")->status, 200, 'without a key');
    is($get->('app:MARKER:one', '/app/x')->status, 200, 'the key is who asks');
    is(who(), 'api-key:App|basic|App|200', 'who that was');
    is_error($get->('app:MARKER:one', '/second/x'), 'credential',
        'with the rights of the key only');
    is($get->('app:x', '/second/x')->status, 401, 'a wrong key');

    is($hub->as('revoked')->get('/version', headers => { Authorization =>
        basic('app:MARKER:one') })->status,
        $hub->as('revoked')->get('/version')->status,
        'a certificate counts first');
    is($hub->as('eku_server')->get('/version', headers => { Authorization =>
        basic('app:MARKER:one') })->body,
        $hub->as('eku_server')->get('/version')->body,
        'one that is no identity');
};


subtest 'where tokens are taken, too' => sub {
    my $token = 'Bearer ' . $uaa->token;
    my $ask   = sub ($header) {
        return $none->get("$DATA?name=/token/x", port => 'tokens',
            headers => { Authorization => $header });
    };

    is($ask->($token)->status, 200, 'a token');
    is_error($ask->(basic('app:MARKER:one')), 'credential', 'a key');
    is_deeply(challenges($ask->('Bearer x')), [
        (grep { /^Bearer / } @{ challenges($ask->('Bearer x')) }), $BASIC],
        'challenges of a token');
    is_deeply(challenges($ask->(basic('x:y'))), ['Bearer', $BASIC],
        'and of a key');
};


subtest 'where no keys are configured' => sub {
    my $r = get('app:MARKER:one', '/app/x', port => 'without');
    is($r->status, 401, 'nobody');
    is_deeply(challenges($r), [], 'no challenge');
    is($admin->get('/version', port => 'without', headers => {
        Authorization => basic('app:x') })->status, 200,
        'a certificate does not need it');
};


subtest 'keys change' => sub {
    my $new = { password => 'MARKER-new' };
    is($admin->set('/api-keys/app', 'user', $new)->status, 200, 'a new secret');
    is(get('app:MARKER:one', '/app/x')->status, 401, 'the old one');
    is(get('app:MARKER-new', '/app/x')->status, 200, 'the new one');

    is($admin->delete("$DATA?name=/api-keys/app")->status, 204, 'deleted');
    is(get('app:MARKER-new', '/app/x')->status, 401, 'it is none any more');

    is($admin->set('/api-keys/app', 'value', 'MARKER-new')->status, 200,
        'of another type');
    is(get('app:MARKER-new', '/app/x')->status, 401, 'it is none');
    $admin->delete("$DATA?name=/api-keys/app");
    $admin->set('/api-keys/app', 'user', $new);
};


subtest 'rows that somebody has changed' => sub {
    my $key  = '{credhub}:credential:/api-keys/app';
    my $evil = '{"username":null,"password":"evil-secret","password_hash":""}';

    $admin->set('/api-keys/other', 'user', { password => 'MARKER-other' });
    my $other = '{credhub}:credential:/api-keys/other';

    for (
        ['a secret in clear', 'evil-secret', head => $evil, secret => undef],
        ['metadata', 'MARKER-new', metadata => '{"display_name":"evil"}'],
        ['no MAC', 'MARKER-new', mac => undef],
        ['all of another', 'MARKER-other', map { $_ => $hub->redis('HGET',
            $other, $_) } qw(secret mac)],
    ) {
        my ($label, $secret, %change) = @$_;
        my $saved = $hub->redis('DUMP', $key);

        for (sort keys %change) {
            defined $change{$_} ? $hub->redis('HSET', $key, $_, $change{$_})
                : $hub->redis('HDEL', $key, $_);
        }

        my $loud = () = $hub->error_log =~ /$LOUD/g;
        is(get("app:$secret", '/app/x')->status, 401, "$label: denied");
        is(scalar(() = $hub->error_log =~ /$LOUD/g), $loud + 1,
            "$label: loudly");

        $hub->redis('DEL', $key);
        $hub->redis('RESTORE', $key, 0, $saved);
        is(get('app:MARKER-new', '/app/x')->status, 200, "$label: put back");
    }
};


subtest 'a name for people' => sub {
    my @keys = (
        # key, metadata, who has approved
        ['people', { display_name => "J. \x{d6}, \"x\"" }, "J. \x{d6}, \"x\""],
        ['nameless', undef, 'api-key:nameless'],
        ['nameless', { display_name => '' }, 'api-key:nameless'],
        ['nameless', { display_name => 7 }, 'api-key:nameless'],
        ['nameless', { name => 'x' }, 'api-key:nameless'],
        ['nameless', { display_name => 'now' }, 'now'],
    );
    my $n = 0;

    for (@keys) {
        my ($key, $metadata, $name) = @$_;
        is($admin->set("/api-keys/$key", 'user', { password => 'MARKER-p' },
            metadata => $metadata)->status, 200, "a key: $key");

        my $ask = sub ($path, $body) {
            my $r = ask("$key:MARKER-p", 'POST', "/v1/$path", json => $body);
            is($r->status, 201, $path) or diag $r->body;
            return $r->json->{data};
        };
        my $group = $ask->('groups', { name => 'g' })->{id};
        my $id    = $ask->('connections', { group_id => $group,
            service => 's', run_setup_tests => \0 })->{id};

        is($ask->("connections/$id/fingerprints", { hash => "h" . $n++,
            public_key => 'k' })->{validated_by}, $name, 'is called so');
    }
};


subtest 'a client that does not wait' => sub {
    $hub->pause_redis;

    for (1 .. 3) {
        my $client = $hub->connect(cert => undef);
        $client->request('GET', '/version', headers => {
            Authorization => basic('app:MARKER-new') });
        $client->close;
    }

    my $client = $hub->connect(cert => undef);
    $client->request('GET', '/version', headers => {
        Authorization => basic('app:MARKER-new') });
    $hub->resume_redis;
    is($client->response->status, 200, 'one that does');
    $client->close;
};


subtest 'no store' => sub {
    $hub->stop_redis;
    ok(wait_until(60, sub { get('app:MARKER-new', '/app/x')->status == 503 }),
        'it is gone');

    my $r = get('app:MARKER-new', '/app/x');
    is($r->status, 503, 'a right key');
    is($r->header('Retry-After'), 1, 'may come again');
    is_deeply(challenges($r), [], 'and need not come with another');
    is(get('nobody:x', '/app/x')->status, 503, 'a wrong one');
    is(get('a/b:x', '/app/x')->status, 401, 'one that cannot be');
};

$hub->done;
