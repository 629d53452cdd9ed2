# Permissions in Redis that the hub has not written: they allow nothing, and
# each is told to the log. What is genuine stays in force, until it is removed.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors qw(is_error answers);
use Test::More;

my $DATA = '/api/v1/data';
my $V1   = '/api/v1/permissions';
my $V2   = '/api/v2/permissions';
my %OPS  = (r => 'read', w => 'write', d => 'delete', R => 'read_acl',
    W => 'write_acl');
my @KEYS = (['k1', sprintf '%-32s', 'MARKER-key-k1']);

my $worker = 'add_header X-Worker $pid always;';
my $hub    = CredHubTest->new(keys => \@KEYS, server => $worker);
my $redis  = $hub->dir . '/redis/redis.sock';

# Another node of the hub, and a hub of its own with the same key.
my $node = CredHubTest->new(redis => 0, keys => \@KEYS, server => $worker,
    http => CredHubTest->redis_line($redis));
my $other = CredHubTest->new(redis => 0, keys => \@KEYS,
    http => CredHubTest->redis_line($redis, 'prefix=other'));

my $GRANT = qr/\[crit\].*a grant that is not genuine: "([^"]*)" of "([^"]*)"/;
my $ROW   = qr/\[crit\].*a permission that is not genuine: "([^"]*)"/;
$hub->expect_log($_) for $GRANT, $ROW;

my $second = $hub->as('second');
my %who = map { $_ => $hub->actor($_) } qw(second third);


sub permit ($in, $path, $actor, @operations) {
    my $r = $in->post($V2, { path => $path, actor => $actor,
        operations => [@operations] });
    $r->status == 201 or die $r->body;
    return $r->json->{uuid};
}

sub grants_of ($who, $prefix = 'credhub') {
    return "{$prefix}:grants:$who{$who}";
}

sub grant ($field, $key = grants_of('second')) {
    return $hub->redis('HGET', $key, $field) // die "no $field in $key";
}

sub forge ($field, $value) {
    $hub->redis('HSET', grants_of('second'), $field, $value);
    return;
}

sub flip ($bytes, $at) {
    substr($bytes, $at, 1) ^.= "\x01";
    return $bytes;
}

# What the log has said since the last call.
my $seen = 0;

sub told ($pattern) {
    my $log  = $hub->error_log;
    my @told = substr($log, $seen) =~ /$pattern/g;
    $seen = length $log;
    return \@told;
}


for my $in ($hub, $other) {
    $in->set('/f/x', 'json', { k => 'MARKER-f' })->status == 200 or die;
    permit($in, $_, $who{second}, values %OPS) for '/f/x', '/g/x', '/h/*';
}

my $id     = $hub->current('/f/x')->{id};
my $client = 'uaa-client:f';
permit($hub, '/f/*', $who{third}, values %OPS);
permit($hub, '/f/x', $who{third}, values %OPS);
my $uuid = permit($hub, '/f/x', $client, 'read');

# Requests that need an operation on /f/x: [method, target, body, denied,
# allowed]
my %requests = (
    r => [
        [GET => "$DATA?current=true&name=/f/x", undef, 'credential', 200],
        [GET => "$DATA?name=/f/x",   undef, 'credential', 200],
        [GET => "$DATA/$id",         undef, 'credential', 200],
        [GET => "$DATA?path=/f",     undef, 200, 200],
        [POST => '/api/v1/interpolate', { a => [{ credentials =>
            { 'credhub-ref' => '/f/x' } }] }, 'credential', 200],
    ],
    w => [
        [PUT => $DATA, { name => '/f/x', type => 'json', value =>
            ['MARKER-w'] }, 'denied', 200],
        [POST => '/api/v1/regenerate', { name => '/f/x' }, 'denied', 400],
    ],
    d => [
        [DELETE => "$DATA?name=/f/x", undef, 'credential', 204],
    ],
    R => [
        [GET => "$V2/$uuid", undef, 'credential', 200],
        [GET => "$V2?path=/f/x&actor=$client", undef, 'perm_access', 200],
        [GET => "$V1?credential_name=/f/x", undef, 'credential', 200],
    ],
    W => [
        [POST => $V2, { path => '/f/x', actor => $client,
            operations => ['read'] }, 'credential', 409],
        [PATCH => "$V2/$uuid", { operations => ['read'] }, 'perm_none', 200],
        [POST => $V1, { credential_name => '/f/x', permissions => [
            { actor => $client, operations => ['read'] }] },
            'credential', 409],
    ],
);

# What is put in the place of the grant of an operation.
my @forgeries = (
    ['a byte of the key flipped',  sub ($op, $own) { flip($own, 0) }],
    ['a byte of the MAC flipped',  sub ($op, $own) { flip($own, 8) }],
    ['its last byte flipped',      sub ($op, $own) { flip($own, -1) }],
    ['a byte less',                sub ($op, $own) { substr $own, 0, -1 }],
    ['a byte more',                sub ($op, $own) { "${own}x" }],
    ['nothing',                    sub { '' }],
    ['the grant of another actor',
        sub ($op, $own) { grant("$op/f/x", grants_of('third')) }],
    ['the grant of another path',  sub ($op, $own) { grant("$op/g/x") }],
    ['the grant of a subtree',     sub ($op, $own) { grant("$op/h/*") }],
    ['the grant of another operation',
        sub ($op, $own) { grant(($op eq 'r' ? 'w' : 'r') . '/f/x') }],
    ['the grant of another hub',
        sub ($op, $own) { grant("$op/f/x", grants_of('second', 'other')) }],
);


for my $op (qw(r w d R W)) {
    subtest "a forged grant: $OPS{$op}" => sub {
        my $field = "$op/f/x";
        my $own   = grant($field);

        for (@forgeries) {
            my ($label, $forgery) = @$_;
            forge($field, $forgery->($op, $own));
            told($GRANT);

            for my $row (@{ $requests{$op} }) {
                my ($method, $target, $body, $denied) = @$row;
                my $r = $second->request($method, $target,
                    defined $body ? (json => $body) : ());

                answers($r, $denied, "$label: $method $target");
                is($r->body, '{"credentials":[]}', "$label: find")
                    if $denied eq 200;
                is_deeply(told($GRANT), [$field, $who{second}],
                    'logged once, with the field');
            }
        }

        forge($field, $own);
        permit($hub, '/*', $who{second}, $OPS{$op});
        forge($field, flip($own, 9));

        for my $row (reverse @{ $requests{$op} }) {
            my ($method, $target, $body, $denied, $allowed) = @$row;
            is($second->request($method, $target,
                defined $body ? (json => $body) : ())->status, $allowed,
                "allowed by another one: $method $target");
        }

        $hub->delete("$V1?credential_name=/*&actor=$who{second}");
        forge($field, $own);
        $hub->set('/f/x', 'json', { k => 'MARKER-f' })->status == 200 or die
            if $op eq 'd';
    };
}

$id = $hub->current('/f/x')->{id};

subtest 'nothing else is affected' => sub {
    my $own = grant('r/f/x');
    forge('r/f/x', flip($own, 20));
    forge('r/*',   grant('r/h/*'));
    forge('r/f/*', grant('r/f/*', grants_of('third')));
    told($GRANT);

    is_error($second->get("$DATA?name=/f/x"), 'credential', 'it is denied');
    is(@{ told($GRANT) }, 2, 'and logged once, however many they are');
    is($second->get("$DATA?path=")->body, '{"credentials":[]}', 'in a list');
    is(@{ told($GRANT) }, 2, 'too');

    is($second->set('/f/x', 'json', ['MARKER-2'])->status, 200,
        'another operation');
    is($second->set('/h/x', 'value', 'MARKER-h')->status, 200, 'another path');
    is($second->get("$DATA?name=/h/x")->status, 200, 'is read');
    is($hub->as('third')->get("$DATA?name=/f/x")->status, 200,
        'another actor');
    is_error($second->get("$DATA?name=/none"), 'credential', 'nothing there');
    told($GRANT);

    my $r = $hub->get("$V2?path=/f/x&actor=$who{second}");
    is($r->status, 200, 'the permission is genuine');
    is($hub->patch("$V2/" . $r->json->{uuid}, { operations =>
        [values %OPS] })->status, 200, 'and when it is written again');
    is(grant('r/f/x'), $own, 'the grant is');
    is($second->get("$DATA?name=/f/x")->status, 200, 'and allows');
    is_deeply(told($GRANT), [], 'nothing is logged');

    $hub->redis('HDEL', grants_of('second'), 'r/*', 'r/f/*');
};

subtest 'a forged row' => sub {
    my $key  = "{credhub}:permission:$uuid";
    my $far  = permit($hub, '/far', 'uaa-client:far', values %OPS);
    my %mine = @{ $hub->redis('HGETALL', $key) };
    my %far  = @{ $hub->redis('HGETALL', "{credhub}:permission:$far") };

    my @rows = (
        # label, fields
        ['more operations',  { operations => 31 }],
        ['none',             { operations => 0 }],
        ['another actor',    { actor => 'uaa-client:far' }],
        ['another path',     { path => '/far' }],
        ['a subtree',        { path => '/f/*' }],
        ['another spelling', { path => '/F/x' }],
        ['a byte of its MAC flipped', { mac => flip($mine{mac}, 30) }],
        ['no MAC',           { mac => '' }],
        ['another row',      \%far],
        ['another row, its own MAC', { %far, mac => $mine{mac} }],
    );

    for (@rows) {
        my ($label, $fields) = @$_;
        $hub->redis('HSET', $key, %$fields);
        told($ROW);

        my $is_told = sub ($what, $n = 1) {
            is_deeply(told($ROW), [($uuid) x $n], "$label: $what is logged");
        };

        is_error($hub->get("$V2/$uuid"), 'credential', "$label: GET");
        $is_told->('GET');
        is_error($hub->get("$V2?path=/f/x&actor=$client"), 'perm_access',
            "$label: find");
        $is_told->('find');
        is_error($hub->patch("$V2/$uuid", {}), 'perm_none', "$label: PATCH");
        $is_told->('PATCH');
        is_error($hub->put("$V2/$uuid", { path => $fields->{path} // '/f/x',
            actor => $fields->{actor} // $client, operations => ['read'] }),
            'perm_none', "$label: PUT");
        $is_told->('PUT');
        is_error($hub->delete("$V2/$uuid"), 'perm_none', "$label: DELETE");
        $is_told->('DELETE');

        my $r = $hub->get("$V1?credential_name=/f/x");
        is_deeply([map { $_->{actor} } @{ $r->json->{permissions} }],
            [@who{qw(second third)}], "$label: v1 GET shows the others");
        $is_told->('v1 GET');
        is_error($hub->post($V1, { credential_name => '/f/x', permissions => [
            { actor => $client, operations => ['write'] }] }), 'internal',
            "$label: v1 POST");
        $is_told->('v1 POST');
        is_error($hub->delete("$V1?credential_name=/f/x&actor=$client"),
            'internal', "$label: v1 DELETE");
        $is_told->('v1 DELETE');

        is_deeply({ @{ $hub->redis('HGETALL', $key) } },
            { %mine, %$fields }, "$label: the row is as it was");
        $hub->redis('HSET', $key, %mine);
        is($hub->get("$V2/$uuid")->status, 200, "$label: and genuine again");
        told($ROW);
    }

    $hub->redis('HSET', $key, operations => 'all');
    is_error($hub->get("$V2/$uuid"), 'internal', 'a row that cannot be read');
    $hub->redis('HSET', $key, %mine);

    is($second->get("$DATA?name=/f/x")->status, 200, 'access is unaffected');
    $hub->delete("$V2/$far");
};

# The indexes say where a row is. One that points to another row must not make
# it answer for this one.
subtest 'an index that points elsewhere' => sub {
    my $far  = permit($hub, '/far', 'uaa-client:far', 'read');
    my $free = permit($hub, '/free/*', $who{third}, qw(read_acl write_acl));
    my $near = permit($hub, '/free/x', 'uaa-client:near', 'read');
    my $third = $hub->as('third');
    my $path  = '{credhub}:path:/free/x';

    $hub->set('/free/x', 'value', 'MARKER-free');
    $hub->redis('HSET', '{credhub}:actor:uaa-client:far', '/free/x', $far);
    $hub->redis('HSET', '{credhub}:actor:uaa-client:near', '/free/x', $far);
    $hub->redis('ZADD', $path, 0, $far);
    told($ROW);

    for my $actor ('uaa-client:far', 'uaa-client:near') {
        for my $as ($hub, $third) {
            is_error($as->get("$V2?path=/free/x&actor=$actor"), 'perm_access',
                "find $actor");
            is_error($as->post($V1, { credential_name => '/free/x',
                permissions => [{ actor => $actor, operations =>
                    ['write'] }] }), 'internal', "v1 POST $actor");
            is_error($as->delete("$V1?credential_name=/free/x&actor=$actor"),
                'internal', "v1 DELETE $actor");
        }
    }

    is_error($third->patch("$V2/$near", {}), 'busy', 'the row that was lost');
    is_deeply([map { $_->{actor} } @{ $third->get(
        "$V1?credential_name=/free/x")->json->{permissions} }],
        ['uaa-client:near'], 'v1 GET');
    is_deeply($hub->get("$V2/$far")->json->{operations}, ['read'],
        'the row is as it was');
    is_deeply([grep { $_ ne $far } @{ told($ROW) }], [], 'and named');
};

subtest 'the end of a permission' => sub {
    my %clients;

    for my $in ($hub, $node) {
        for (1 .. 500) {
            my $c = $in->connect(cert => 'second');
            my $r = $c->request(GET => "$DATA?name=/e/x", keep => 1)->response;
            my $at = $r->header('X-Worker') or die $r->error;
            $clients{$at} //= $c;
            last if keys %clients == 2 * ($in == $node ? 2 : 1);
        }
    }

    is(keys %clients, 4, 'two workers of two nodes');
    $hub->set('/e/x', 'value', 'MARKER-e');

    my $all = sub ($status, $label) {
        for my $pid (sort keys %clients) {
            my $r = $clients{$pid}->request(GET => "$DATA?current=true&"
                . 'name=/e/x', keep => 1)->response;
            is($r->header('X-Worker'), $pid, $label);
            is($r->status, $status, "$label: status");
        }
    };

    for my $by ($hub, $node) {
        for my $end (
            ['v2 DELETE', sub ($id) { $by->delete("$V2/$id") }],
            ['v2 PATCH',  sub ($id) { $by->patch("$V2/$id", {}) }],
            ['v2 PUT',    sub ($id) { $by->put("$V2/$id", { path => '/e/*',
                actor => $who{second}, operations => ['write'] }) }],
            ['v1 DELETE', sub ($id) { $by->delete(
                "$V1?credential_name=/e/*&actor=$who{second}") }])
        {
            $all->(404, 'before');
            my $permission = permit($by, '/e/*', $who{second}, 'read');
            $all->(200, 'with it');
            like($end->[1]->($permission)->status, qr/^20[04]$/, $end->[0]);
            $all->(404, "after $end->[0]");
            $by->delete("$V2/$permission");
        }
    }

    $_->close for values %clients;
};

subtest 'grants that are no hash' => sub {
    $hub->redis('RENAME', grants_of('second'), 'kept');
    $hub->redis('SET', grants_of('second'), 'MARKER');
    is_error($second->get("$DATA?name=/f/x"), 'internal', 'by script');
    is_error($second->get("$DATA?current=true&name=/f/x"), 'internal', 'read');
    is_error($second->set('/f/x', 'json', [1]), 'internal', 'write');
    is($hub->as('third')->get("$DATA?name=/f/x")->status, 200, 'by another');
    $hub->redis('RENAME', 'kept', grants_of('second'));
    is($second->get("$DATA?name=/f/x")->status, 200, 'a hash again');
};

# Who reads the commands of Redis would have what he needs to write the grant.
subtest 'what is refused is not shown to the store' => sub {
    my $shown = sub ($ask) {
        $hub->redis('SLOWLOG', 'RESET');
        my $r = $ask->();
        my @puts = grep { grep { $_ eq 'put' } @{ $_->[3] } }
            @{ $hub->redis('SLOWLOG', 'GET', -1) };
        return ($r, scalar @puts);
    };
    my $add = sub ($path, $actor) {
        sub { $second->post($V2, { path => $path, actor => $actor,
            operations => ['read'] }) }
    };
    my $add_v1 = sub ($path, $actor) {
        sub { $second->post($V1, { credential_name => $path, permissions =>
            [{ actor => $actor, operations => ['read'] }] }) }
    };
    my @rows = (
        # label, request, answer
        ['of others',          $add->('/hidden', $who{third}),    'credential'],
        ['of himself',         $add->('/shown', $who{second}),    'perm_self'],
        ['v1: of others',      $add_v1->('/hidden', $who{third}), 'credential'],
        ['v1: of himself',     $add_v1->('/shown', $who{second}), 'perm_self'],
    );

    permit($hub, '/shown', $who{second}, 'write_acl');
    $hub->redis('CONFIG', 'SET', 'slowlog-log-slower-than', 0);

    for (@rows) {
        my ($label, $ask, $error) = @$_;
        my ($r, $puts) = $shown->($ask);
        is_error($r, $error, $label);
        is($puts, 0, "$label: not shown");
    }

    my ($r, $puts) = $shown->($add->('/shown', $who{third}));
    is($r->status, 201, 'what is allowed');
    is($puts, 1, 'is shown');
};

$_->finish for $node, $other;
$hub->done;
