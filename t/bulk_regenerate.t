# POST /api/v1/bulk-regenerate: who gets a new certificate, who may ask for it,
# and who signs.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Certificates;
use CredHubTest::Errors qw(is_error answers);
use CredHubTest::Permissions qw(permit withdraw);
use CredHubTest::Pki qw(describe key_matches);
use CredHubTest::Process qw(read_file);
use Test::More;

my $BULK = '/api/v1/bulk-regenerate';

my $hub = CredHubTest->new(
    http => "log_format rows escape=none '\$credhub_operation|\$credhub_resource|"
        . "\$credhub_details|\$status';",
    server  => 'access_log rows.log rows;',
    servers => [
        { port => 'long', server => 'credhub_certificate_min_duration ca=900 '
            . 'leaf=400; credhub_default_ca_key_usages on;' },
        { port => 'narrow', server => 'location /api/ { credhub credentials; }' },
    ],
);
my $second = $hub->as('second');


sub bulk ($by, $name, %opt) {
    return $by->post($BULK, { signed_by => $name }, %opt);
}

# The names of the answer; undef when it is another one.
sub regenerated ($name, %opt) {
    my $r = bulk($hub, $name, %opt);
    return $r->status == 200 ? $r->json->{regenerated_credentials} : undef;
}

sub ids (@names) { return map { join ' ', map { $_->{id} } versions($hub, $_) } @names }

sub newest ($name) { return (versions($hub, $name))[0] }

# What was asked for, without key, signer, serial number and dates
sub profile ($view) {
    my $it = describe(pem($view));
    return [$it->{key}, $it->{subject}, [grep { $_->[0] !~ /Key Identifier/ }
        @{ $it->{extensions} }]];
}

# Its extensions, as one text
sub extensions ($view) {
    return join "\n", map {"@$_"} @{ describe(pem($view))->{extensions} };
}


# body => answer
my @INPUT = (
    ['{}',                                'no_signed_by'],
    ['{"signed_by":null}',                'no_signed_by'],
    ['{"signed_by":""}',                  'no_signed_by'],
    ['{"signed_by":"/ca","name":"/x"}',   'unknown_key:name'],
    ['{"signed_by":["/ca"]}',             'bad_request'],
    ['{"signed_by":{}}',                  'bad_request'],
    ['["/ca"]',                           'bad_request'],
    ['{"signed_by":"/ca"',                'bad_request'],
    ['{"signed_by":"/ca","signed_by":"/ca"}', 'bad_request'],
    ['{"signed_by":"/none"}',             200],
    ['{"signed_by":"none"}',              200],
    ['{"signed_by":"/"}',                 'credential'],
    ['{"signed_by":"' . 'x' x 1024 . '"}', 'credential'],
);

subtest 'bodies' => sub {
    for (@INPUT) {
        my ($body, $answer) = @$_;
        my $r = $hub->post($BULK, $body);

        answers($r, $answer, substr $body, 0, 60);
        is($r->body, '{"regenerated_credentials":[]}', 'nothing is')
            if $answer eq '200';
    }

    is_error($hub->post($BULK, ''), 'bad_request', 'no body');
    is_error($hub->get($BULK), 'method', 'GET');
    is_error(bulk($hub, '/none', port => 'narrow'), 'not_found',
        'a location without certificates');
    is_error(bulk($hub, '/none', cert => undef), 'unauthenticated', 'nobody');
};

subtest 'leaves of one CA' => sub {
    my $ca = authority($hub, '/flat/ca', common_name => 'flat');
    my %more = ('/flat/B' => { duration => 30, metadata => { 'MARKER' => 1 } },
        '/flat/a' => { alternative_names => ['a.example', '10.0.0.1'],
            key_usage => ['digital_signature', 'key_agreement'],
            extended_key_usage => ['server_auth'] },
        '/flat/c' => { key_curve => 'P-384', organization => 'O, "x"+y=z' },
        '/flat/d' => { key_type => 'ed25519', key_curve => undef });
    my %old = map {
        my %p = %{ $more{$_} };
        delete $p{key_curve} if exists $p{key_curve} && !defined $p{key_curve};
        $_ => $p{key_type}
            ? $hub->made($hub->generate($_, 'certificate', { %p,
                common_name => 'd', ca => '/flat/ca' }))->json
            : leaf($hub, $_, '/flat/ca', %p)
    } sort keys %more;
    leaf($hub, '/flat/other', '/flat/ca2')
        if authority($hub, '/flat/ca2', common_name => 'flat');
    my ($ca_ids, $other) = ids('/flat/ca', '/flat/other');

    my $r = bulk($hub, 'FLAT/CA');
    is($r->status, 200, 'answered');
    is($r->body, '{"regenerated_credentials":["/flat/a","/flat/B","/flat/c",'
        . '"/flat/d"]}', 'with the names, in order');
    like($r->header('Cache-Control'), qr{no-store}, 'that nobody keeps');
    is_deeply([ids('/flat/ca', '/flat/other')], [$ca_ids, $other],
        'the CA stays, and what another CA has signed');

    for my $name (sort keys %old) {
        my ($new, @rest) = versions($hub, $name);
        my $was = $old{$name};
        $hub->made(CredHubTest::Response->new(status => 200,
            body => JSON::PP::encode_json($new)));

        is_deeply([map { $_->{id} } @rest], [$was->{id}], "$name: one more");
        ok(issued_by($new, $ca), "$name: is good");
        ok(key_matches(pem($new), $new->{value}{private_key}),
            "$name: has its key");
        ok(!same_key($new, $was), "$name: which is new");
        is_deeply(profile($new), profile($was), "$name: as it was");
        is($new->{value}{ca}, $ca->{value}{certificate}, "$name: its CA");
        is_deeply($new->{metadata}, $was->{metadata}, "$name: its metadata");
        is_deeply([@$new{qw(transitional generated self_signed
                certificate_authority)}],
            [map { $_ ? JSON::PP::true : JSON::PP::false } 0, 1, 0, 0],
            "$name: what it says of itself");
    }

    my ($new) = versions($hub, '/flat/B');
    is(days($new), 30, 'for as many days');
    like(read_file($hub->dir . '/rows.log'),
        qr{^BULK_REGENERATE\|/FLAT/CA\|\{"signedBy":"/FLAT/CA"\}\|200$}m,
        'the log tells what was asked');
};

subtest 'the whole tree' => sub {
    my $root = authority($hub, '/tree/root', common_name => 'root');
    authority($hub, '/tree/int', common_name => 'int', ca => '/tree/root');
    authority($hub, '/tree/low', common_name => 'low', ca => '/tree/int');
    leaf($hub, '/tree/Z', '/tree/root');
    leaf($hub, "/tree/$_", '/tree/int') for qw(m k);
    leaf($hub, '/tree/b', '/tree/low');
    # twice in the tree: by an older version, and by the newest
    leaf($hub, '/tree/twice', $_) for '/tree/root', '/tree/low';
    # no CA, and so without children
    authority($hub, '/tree/none', common_name => 'none', ca => '/tree/root');
    leaf($hub, '/tree/none', '/tree/root');

    is_deeply(regenerated('/tree/root'), [map {"/tree/$_"}
        qw(b int k low m none twice Z)], 'every name once, in order');

    my %new = map { $_ => newest("/tree/$_") } qw(int low Z m k b twice);

    is(versions($hub, "/tree/$_"), 2, "$_: one more") for qw(int low Z m k b);
    is(versions($hub, '/tree/twice'), 3, 'twice: one more');

    for (['Z'], ['int'], ['m', 'int'], ['k', 'int'], ['low', 'int'],
        ['b', 'low', 'int'], ['twice', 'low', 'int'])
    {
        my ($name, @above) = @$_;
        ok(issued_by($new{$name}, @new{@above}, $root),
            "$name is signed by new versions");
        is($new{$name}{value}{ca}, (pem(@above ? $new{ $above[0] } : $root))[0],
            "$name shows it");
    }

    is_deeply(regenerated('/tree/int'),
        [map {"/tree/$_"} qw(b k low m twice)], 'a part of the tree');
    is(versions($hub, '/tree/int'), 2, 'its CA stays');
};

subtest 'a child by any of its versions' => sub {
    my ($one, $two) = map {
        authority($hub, "/any/ca$_", common_name => "any$_") } 1, 2;

    leaf($hub, '/any/leaf', $_) for '/any/ca1', '/any/ca2';
    is_deeply(regenerated('/any/ca1'), ['/any/leaf'], 'an older version counts');
    ok(issued_by(newest('/any/leaf'), $two),
        'the CA of the newest one signs');
    is_deeply(regenerated('/any/ca2'), ['/any/leaf'], 'and its children too');
    is(versions($hub, '/any/leaf'), 4, 'each added one');

    authority($hub, '/any/self', common_name => 'self', ca => '/any/ca1');
    my $self = authority($hub, '/any/self', common_name => 'self');
    is_deeply(regenerated('/any/ca1'), ['/any/leaf', '/any/self'],
        'one that signs itself by now');
    my $new = newest('/any/self');
    ok(issued_by($new, $new), 'still does');
    is($new->{value}{ca}, $new->{value}{certificate}, 'and is its own CA');
};

subtest 'CAs in a circle' => sub {
    authority($hub, '/round/a', common_name => 'a');
    authority($hub, '/round/b', common_name => 'b', ca => '/round/a');
    authority($hub, '/round/a', common_name => 'a', ca => '/round/b');
    leaf($hub, '/round/leaf', '/round/b');

    is_deeply(regenerated('/round/a'), ['/round/b', '/round/leaf'],
        'the CA that was named is left out');
    ok(issued_by(newest('/round/leaf'), newest('/round/b'),
        newest('/round/a'), (versions($hub, '/round/b'))[1],
        (versions($hub, '/round/a'))[1]), 'the leaf is good');

    my $top = authority($hub, '/round/top', common_name => 'top');
    authority($hub, '/round/a', common_name => 'a', ca => '/round/top');
    authority($hub, '/round/a', common_name => 'a', ca => '/round/b');
    is_deeply(regenerated('/round/top'),
        [map {"/round/$_"} qw(a b leaf)], 'a circle below a CA');
};

subtest 'what cannot be regenerated' => sub {
    my $ca = authority($hub, '/set/ca', common_name => 'set');
    leaf($hub, "/set/$_", '/set/ca') for 1 .. 3;
    my $set = leaf($hub, '/set/set', '/set/ca');
    my @ids = ids(map {"/set/$_"} 1 .. 3, 'ca');

    is($hub->set('/set/set', 'certificate', { certificate => pem($set),
        private_key => $set->{value}{private_key} })->status, 200,
        'a version that nobody is named for');
    is_error(bulk($hub, '/set/ca'), 'not_regenerable_cert', 'is refused');
    is_deeply([ids(map {"/set/$_"} 1 .. 3, 'ca')], \@ids, 'nothing changes');

    is($hub->set('/set/set', 'certificate', { certificate => pem($set),
        private_key => $set->{value}{private_key}, ca_name => '/set/ca' })
        ->status, 200, 'one with its CA');
    is_deeply(regenerated('/set/ca'), [map {"/set/$_"} 1 .. 3, 'set'],
        'is regenerated');
    is(newest('/set/set')->{generated}, JSON::PP::true, 'and generated now');

    # a CA that can not sign
    authority($hub, '/set/bare', common_name => 'bare');
    leaf($hub, '/set/under', '/set/bare');
    $hub->set('/set/bare', 'certificate',
        { certificate => pem(newest('/set/bare')) });
    is_error(bulk($hub, '/set/bare'), 'ca_no_key', 'a CA without its key');
    leaf($hub, '/set/bare', '/set/ca');
    is_error(bulk($hub, '/set/bare'), 'not_ca', 'no CA any more');
    is(versions($hub, '/set/under'), 1, 'nothing changes');

    is($hub->delete('/api/v1/data?name=/set/bare')->status, 204, 'it is gone');
    is_deeply(regenerated('/set/bare'), [], 'a CA that is gone has none');
};

subtest 'whose versions are transitional' => sub {
    my $ca = authority($hub, '/trans/ca', common_name => 'trans');
    my $leaf = leaf($hub, '/trans/leaf', '/trans/ca');
    my %id = map { $_ => $hub->get("/api/v1/certificates?name=/trans/$_")
        ->json->{certificates}[0]{id} } qw(ca leaf);
    my sub again ($name, %more) {
        return $hub->made($hub->post(
            "/api/v1/certificates/$id{$name}/regenerate", { %more }))->json;
    }
    my $next = again('ca', set_as_transitional => \1);

    is_deeply(regenerated('/trans/ca'), ['/trans/leaf'], 'a child');
    ok(issued_by(newest('/trans/leaf'), $ca),
        'the active version signs');

    is($hub->put("/api/v1/certificates/$id{ca}/update_transitional_version",
        { version => $ca->{id} })->status, 200, 'now the other one is');
    is_deeply(regenerated('/trans/ca'), ['/trans/leaf'], 'again');
    ok(issued_by(newest('/trans/leaf'), $next), 'it signs');

    my $one = again('leaf', set_as_transitional => \1, duration => 77);
    ok($one->{transitional}, 'the newest version of the child is transitional');
    is_deeply(regenerated('/trans/ca'), ['/trans/leaf'], 'a third time');
    my $new = newest('/trans/leaf');
    ok(!$new->{transitional}, 'the new one is not');
    is(days($new), 77, 'and has what the newest one had');
    is((versions($hub, '/trans/leaf'))[1]{id}, $one->{id}, 'which stays');

    $hub->put("/api/v1/certificates/$id{ca}/update_transitional_version",
        { version => undef });
    $hub->delete("/api/v1/certificates/$id{ca}/versions/$ca->{id}");
    $hub->put("/api/v1/certificates/$id{ca}/update_transitional_version",
        { version => 'latest' });
    is_error(bulk($hub, '/trans/ca'), 'ca', 'a CA with no active version');
};

subtest 'durations and key usages that are configured' => sub {
    my $ca = authority($hub, '/min/ca', common_name => 'min');
    authority($hub, '/min/int', ca => '/min/ca', duration => 10);
    leaf($hub, '/min/short', '/min/ca', duration => 10);
    leaf($hub, '/min/long', '/min/ca', duration => 800);

    is_deeply(regenerated('/min/ca', port => 'long'),
        [map {"/min/$_"} qw(int long short)], 'on that server');
    is(days(newest('/min/int')), 900, 'a CA');
    is(days(newest('/min/short')), 400, 'a leaf');
    is(days(newest('/min/long')), 800, 'a longer one stays');
    like(extensions(newest('/min/int')),
        qr/Certificate Sign, CRL Sign/, 'a CA gets its usages');
    unlike(extensions(newest('/min/short')), qr/Key Usage/,
        'a leaf does not');
};

subtest 'rights' => sub {
    my $actor = $hub->actor('second');
    authority($hub, '/may/root', common_name => 'root');
    authority($hub, '/may/int', common_name => 'int', ca => '/may/root');
    authority($hub, '/may/out', common_name => 'out');
    leaf($hub, '/may/one', '/may/root');
    leaf($hub, '/may/two', '/may/int');
    leaf($hub, '/may/three', $_) for '/may/root', '/may/out';
    my @names = map {"/may/$_"} qw(root int out one two three);
    my @ids = ids(@names);
    my @read  = map {"/may/$_"} qw(root int out);
    my @write = map {"/may/$_"} qw(int one two three);
    my @need  = ((map { [$_, 'read'] } @read), map { [$_, 'write'] } @write);
    my %answer = (read => 'credential', write => 'denied');

    is_error(bulk($second, '/may/root'), 'credential', 'none at all');
    is_error(bulk($second, '/may/none'), 'credential',
        'none, of what does not exist');

    for my $i (0 .. $#need) {
        my %got;
        push @{ $got{ $_->[0] } }, $_->[1]
            for @need[grep { $_ != $i } 0 .. $#need];
        my @views = map { permit($hub, $_, $actor, @{ $got{$_} }) } sort keys %got;

        is_error(bulk($second, '/may/root'), $answer{ $need[$i][1] },
            "all but $need[$i][1] on $need[$i][0]");
        withdraw($hub, @views);
    }
    is_deeply([ids(@names)], \@ids, 'nothing changes');

    my %got;
    push @{ $got{ $_->[0] } }, $_->[1] for @need;
    my @views = map { permit($hub, $_, $actor, @{ $got{$_} }) } sort keys %got;
    my $r = bulk($second, '/may/root');
    is($r->status, 200, 'all of them') or diag $r->body;
    is_deeply($r->json->{regenerated_credentials}, [sort @write], 'the names');
    withdraw($hub, @views);

    my $view = permit($hub, '/may/*', $actor, 'read');
    is($second->get('/api/v1/data?name=/may/one')->status, 200, 'reading');
    is_error(bulk($second, '/may/root'), 'denied', 'is not writing');
    is_deeply(bulk($second, '/may/x')->json, { regenerated_credentials => [] },
        'nothing below a name that may be read');
    withdraw($hub, $view);
};

subtest 'read-only' => sub {
    my @ids = ids('/flat/a');
    $hub->post('/management', { read_only_mode => \1 });
    is_error(bulk($hub, '/flat/ca'), 'read_only', 'nothing is written');
    is_error($hub->post($BULK, '{}'), 'read_only', 'whatever is asked');
    $hub->post('/management', { read_only_mode => \0 });
    is_deeply([ids('/flat/a')], \@ids, 'nothing changes');
};

subtest 'too many' => sub {
    authority($hub, '/many/ca', common_name => 'many');

    # rows as far as a list reads them
    my $rows = <<'END';
for i = 1, 10001 do
    local id = string.format('00000000-0000-4000-8000-%012d', i)
    local name = '/many/' .. i
    redis.call('ZADD', KEYS[1] .. 'signs:/many/ca', 0, id)
    redis.call('SET', KEYS[1] .. 'certificate:' .. id, name)
    redis.call('HSET', KEYS[1] .. 'credential:' .. name, 'credential', id,
        'name', name, 'type', 'certificate', 'version', id, 'newest', id)
    redis.call('HSET', KEYS[1] .. 'version:' .. id, 'signer', '/many/ca')
end
END
    $hub->redis('EVAL', $rows, 1, '{credhub}:');
    is_error(bulk($hub, '/many/ca'), 'children_many', 'are refused');
};

$hub->done;
