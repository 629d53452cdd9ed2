# /management: who may use it, and what read-only mode refuses.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors qw(is_error answers);
use Test::More;

my $DATA    = '/api/v1/data';
my $WORKERS = 3;
my @KEYS    = (['k1', 'k' x 32]);

my $hub = CredHubTest->new(start => 0, workers => $WORKERS, keys => \@KEYS,
    permissions => [['good', '/*', 'read,write,delete'],
        ['second', '/management', 'read'], ['third', '/Management', 'write']]);
my $socket = $hub->dir . '/hub.sock';

$hub->configure(config => sub ($hub) {
    my %local = (server => 'credhub_management local;');
    my $realip = 'set_real_ip_from 127.0.0.0/8;';

    return join "\n", $hub->hub_lines,
        'add_header X-Worker $pid always;',
        $hub->server_block,
        $hub->server_block(port => 'local', %local),
        $hub->server_block(port => 'inner', server =>
            'credhub_management off;', location => 'credhub_management local;'),
        $hub->server_block(port => 'off', server => 'credhub_management off;'),
        $hub->server_block(port => 'forwarded', server =>
            "$local{server} $realip real_ip_header X-Forwarded-For;"),
        $hub->server_block(port => 'header', server =>
            "$local{server} $realip real_ip_header X-Client;"),
        $hub->server_block(port => 'proxied', %local,
            listen => 'proxy_protocol'),
        $hub->server_block(port => 'real', listen => 'proxy_protocol',
            server => "$local{server} $realip real_ip_header proxy_protocol;"),
        $hub->server_block(port => 'unix', server =>
            "$local{server} listen unix:$socket ssl;"),
        'server { listen 127.0.0.1:' . $hub->port('plain')
            . "; location / { credhub; $local{server} } }",
        'server { listen 0.0.0.0:' . $hub->port('any')
            . "; location / { credhub; $local{server} } }";
});
$hub->start;

my $on  = { read_only_mode => \1 };
my $off = { read_only_mode => \0 };


sub mode ($as = $hub, @opt) { return $as->get('/management', @opt)->body }

sub switch ($body, @opt) { return $hub->post('/management', $body, @opt) }

subtest 'who may use it' => sub {
    my @line = (prelude => "PROXY TCP4 127.0.0.1 127.0.0.1 5000 443\r\n");
    my @far  = (from => '127.0.0.2');
    my @rows = (
        # port, options, answer to GET, to POST
        ['main', [],                     200, 200],
        ['main', [cert => 'second'],     200, 'denied'],
        ['main', [cert => 'third'],      'credential', 200],
        ['main', [cert => undef],        'unauthenticated', 'unauthenticated'],
        ['main', [cert => 'noou'],       'mtls_id', 'mtls_id'],
        ['main', [@far],                 200, 200],
        ['off',  [],                     'not_found', 'not_found'],
        ['off',  [cert => undef], 'unauthenticated', 'unauthenticated'],
        ['local', [],                    200, 200],
        ['local', [cert => 'second'],    200, 200],
        ['local', [cert => undef],       200, 200],
        ['local', [cert => 'noou'],      'mtls_id', 'mtls_id'],
        ['inner', [cert => undef],       200, 200],
        ['plain', [cert => undef, plain => 1], 200, 200],
        ['any',   [cert => undef, plain => 1], 200, 200],
        (map { [@$_, 'remote_address', 'remote_address'] }
            ['local', [@far]],
            ['local', [@far, cert => undef]],
            ['plain', [@far, plain => 1]],
            ['any',   [@far, plain => 1]],
            ['forwarded', [@far, headers =>
                { 'X-Forwarded-For' => '127.0.0.1' }]],
            ['header', [@far, headers => { 'X-Client' => '127.0.0.1' }]],
            ['proxied', [@line]],
            ['real',    [@line]],
            ['real',    [@line, cert => undef]],
            ['unix',    [unix => $socket]],
            ['unix',    [unix => $socket, cert => undef]]),
        ['header', [headers => { 'X-Client' => '10.0.0.1' }], 200, 200],
        ['unix',   [],                   200, 200],
        (map { ['local', [headers => { $_ => 'x' }],
            'remote_address', 'remote_address'] }
            'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto',
            'x-forwarded-anything', 'X-Real-IP', 'Forwarded', 'Via', 'VIA'),
    );

    for (@rows) {
        my ($port, $opt, $get, $post) = @$_;
        my %opt = (port => $port, @$opt);
        my $label = join ' ', $port, map { ref ? %$_ : $_ // 'none' } @$opt;
        $label =~ s/\s+/ /g;

        answers($hub->get('/management', %opt), $get, "GET $label");
        answers(switch($off, %opt), $post, "POST $label");
        answers(switch('{', %opt), $post =~ /^(?:200|denied)$/
            ? 'bad_request' : $post, "POST $label, a bad body");
    }

    is($hub->h2('GET', '/management', port => 'local', cert => undef)->status,
        200, 'over HTTP/2');
    is_error($hub->h2('GET', '/management', port => 'local', headers =>
        { 'X-Forwarded-For' => '127.0.0.1' }), 'remote_address', 'forwarded');
    is_error($hub->get('/%6danagement', port => 'local', @far),
        'remote_address', 'an encoded path');
    is_error($hub->post('/management', 'x', port => 'local', @far,
        headers => { 'Content-Type' => 'text/plain' }), 'remote_address',
        'the address before the content type');
    is($hub->head('/management')->header('Content-Length'),
        length mode(), 'HEAD');
};

subtest 'bodies' => sub {
    my ($true, $false) = map {"{\"read_only_mode\":$_}"} qw(true false);
    my @rows = (
        # body, answer (a body, or an error)
        [$true,                                $true],
        [$false,                               $false],
        ['{"read_only_mode":"true"}',          $true],
        ['{"read_only_mode":"false"}',         $false],
        [" {\n\"read_only_mode\" : true } \n", $true],
        ['{}',                                 $false],
        ['{"read_only_mode":null}',            'bad_request'],
        ['{"read_only_mode":"maybe"}',         'bad_request'],
        ['{"read_only_mode":""}',              'bad_request'],
        ['{"read_only_mode":[]}',              'bad_request'],
        ['{"read_only_mode":{}}',              'bad_request'],
        ['{"x":1}',                            'unknown_key:x'],
        ['{"read_only_mode":true,"x":1}',      'unknown_key:x'],
        ['{"readOnlyMode":true}',              'unknown_key:readOnlyMode'],
        ['{"read_only_mode":true,"read_only_mode":true}', 'bad_request'],
        ["$true$true",                         'bad_request'],
        ["$true x",                            'bad_request'],
        ["[$true]",                            'bad_request'],
        ['true',                               'bad_request'],
        ['null',                               'bad_request'],
        ['',                                   'bad_request'],
        ['{',                                  'bad_request'],
        ["{\"read_only_mode\":tru\xff}",       'bad_request'],
    );

    for (@rows) {
        my ($body, $expected) = @$_;

        for my $before ($off, $on) {
            switch($before);
            my $r = switch($body);
            my $good = $expected =~ /^\{/;
            my $now  = $good ? $expected : $before == $on ? $true : $false;

            $good ? is($r->body, $expected, $body)
                : is_error($r, $expected, $body);
            is(mode(), $now, "$body: the mode");
        }
    }

    switch($off);
};


# What a write is, right and wrong
my $put    = { name => '/m/x', type => 'value', value => 'MARKER-x' };
my @WRITES = (
    ['PUT',    $DATA, json => $put],
    ['PUT',    $DATA, body => '{'],
    ['PUT',    $DATA, body => ''],
    ['PUT',    $DATA],
    ['PUT',    $DATA, json => {}],
    ['PUT',    $DATA, json => { %$put, x => 1 }],
    ['PUT',    $DATA, json => { %$put, name => '//' }],
    ['PUT',    $DATA, json => { %$put, type => 'none' }],
    ['PUT',    $DATA, json => { %$put, type => 'password' }],
    ['PUT',    $DATA, json => { %$put, value => 'x' x 70_000 }],
    ['PUT',    $DATA, json => $put, headers => ['Content-Type' => 'x/y']],
    ['PUT',    $DATA, chunks => ['{', '}']],
    ['PUT',    "$DATA?x=%zz", json => $put],
    ['PUT',    "$DATA/", json => $put],
    ['POST',   $DATA, json => { name => '/m/p', type => 'password' }],
    ['POST',   $DATA, json => { name => '/m/r', type => 'rsa',
        parameters => { key_length => 1 } }],
    ['POST',   $DATA, json => { name => '/m/x', type => 'password',
        mode => 'no-overwrite' }],
    ['POST',   $DATA, json => { name => '/m/x', regenerate => \1 }],
    ['POST',   $DATA, body => 'x'],
    ['POST',   '/api/v1/regenerate', json => { name => '/m/x' }],
    ['POST',   '/api/v1/regenerate', json => { name => '/none' }],
    ['POST',   '/api/v1/regenerate', body => ''],
    ['DELETE', "$DATA?name=/m/x"],
    ['DELETE', "$DATA?name=/none"],
    ['DELETE', $DATA],
    ['DELETE', "$DATA?name=%zz"],
);

subtest 'read-only mode refuses every write' => sub {
    $hub->set('/m/x', 'value', 'MARKER-x');
    my $before = $hub->current('/m/x');
    switch($on);

    for (@WRITES) {
        my $label = substr join(' ', map { ref ? 'json' : $_ } @$_), 0, 60;

        for my $cert (qw(good second)) {
            my $r = $hub->as($cert)->request(@$_);
            is_error($r, 'read_only', "$cert $label");
            is($r->header('Retry-After'), 1, 'and may try again')
                if $r->status == 503;
        }

        is_error($hub->as(undef)->request(@$_), 'unauthenticated',
            "who comes first: $label");
    }

    is_error($hub->h2('PUT', $DATA, json => $put), 'read_only', 'HTTP/2');
    is_error($hub->put($DATA, $put, cert => 'noou'), 'mtls_id', 'noou');
    is_error($hub->put('/none', $put), 'not_found', 'an unknown URL');
    is_error($hub->patch($DATA, $put), 'method', 'a wrong method');
    is_deeply($hub->current('/m/x'), $before, 'nothing was changed');
};

subtest 'what it lets through' => sub {
    $hub->post('/management', $off);
    $hub->set('/m/json', 'json', { a => 'MARKER-json' });
    switch($on);

    my $id   = $hub->current('/m/x')->{id};
    my @rows = (
        # request, status
        (map { my $t = $_; map { [[$_, $t], 200] } qw(GET HEAD OPTIONS) }
            "$DATA?name=/m/x", "$DATA?name=/m/x&current=true", "$DATA/$id",
            "$DATA?path=/m", "$DATA?name-like=x", '/version', '/info',
            '/health', '/api/v1/key-usage', '/management'),
        [['OPTIONS', '/api/v1/regenerate'], 200],
        [['GET', "$DATA?name=/none"],       404],
        [['GET', $DATA],                    400],
        [['POST', '/api/v1/interpolate', body => '{'], 400],
        [['POST', '/api/v1/interpolate', json => {}],  200],
    );

    for (@rows) {
        my ($request, $status) = @$_;
        is($hub->request(@$request)->status, $status, "@$request[0, 1]");
    }

    my $r = $hub->post('/api/v1/interpolate', { s => [
        { credentials => { 'credhub-ref' => '((/m/json))' } }] });
    is($r->body, '{"s":[{"credentials":{"a":"MARKER-json"}}]}',
        'interpolate');
};


# Asks until every worker has answered; the statuses that came
sub from_all_workers ($as, $request) {
    my (%workers, %statuses);

    my $all = wait_until(60, sub {
        for my $client (map { $as->connect } 1 .. 2 * $WORKERS) {
            my $r = $client->request(@$request)->response;
            $workers{ $r->header('X-Worker') // '' }++;
            $statuses{ $r->status }++;
        }
        return keys %workers >= $WORKERS;
    });

    ok($all, 'every worker has answered');
    return [sort keys %statuses];
}

subtest 'all workers and nodes at once' => sub {
    my $node = CredHubTest->new(redis => 0, keys => \@KEYS,
        http => $hub->redis_line($hub->dir . '/redis/redis.sock'));
    my $write = ['PUT', $DATA, json => $put];

    for my $round (1, 2) {
        is(switch($off)->status, 200);
        is_deeply(from_all_workers($hub, $write), [200], 'all write');
        is($node->set('/m/x', 'value', 'MARKER-x')->status, 200, 'and a node');

        is(switch($on)->status, 200);
        is_deeply(from_all_workers($hub, $write), [503], 'none writes');
        is_error($node->set('/m/x', 'value', 'MARKER-x'), 'read_only',
            'neither does a node');
    }

    is(mode($node), '{"read_only_mode":true}', 'it knows');
    is($node->post('/management', $off)->status, 200, 'and may end it');
    is_deeply(from_all_workers($hub, $write), [200], 'for all');
    $node->finish;
};

subtest 'it survives' => sub {
    switch($on);

    my @events = (
        ['a reload',           sub { $hub->reload }],
        ['a worker killed',    sub { $hub->kill_worker }],
        ['a restart of nginx', sub { $hub->quit; $hub->start }],
        ['a restart of Redis', sub { $hub->stop_redis; $hub->start_redis }],
        ['a crash of Redis',
            sub { $hub->stop_redis('KILL'); $hub->start_redis }],
    );

    for (@events) {
        my ($label, $event) = @$_;
        $event->();
        ok(wait_until(60, sub {
            "@{ from_all_workers($hub, ['GET', '/management']) }" eq '200' }),
            "$label: there again");
        is(mode(), '{"read_only_mode":true}', "$label: the mode");
        is_deeply(from_all_workers($hub, ['PUT', $DATA, json => $put]), [503],
            "$label: no write");
    }

    is(switch($off)->status, 200, 'and ends');
    is($hub->put($DATA, $put)->status, 200);
};

$hub->done;
