# PUT /api/v1/certificates/{id}/update_transitional_version

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Certificates;
use CredHubTest::Errors;
use CredHubTest::Pki;
use Test::More;

my $DATA  = '/api/v1/data';
my $LIST  = '/api/v1/certificates';
my $NEVER = '00000000-0000-4000-8000-000000000000';

my $hub = CredHubTest->new(
    http        => 'keepalive_requests 10000;',
    permissions => [
        ['good', '/*', 'read,write,delete,read_acl,write_acl'],
        ['second', '/p/w', 'write'], ['second', '/p/r', 'read'],
        ['second', '/p/d', 'delete'],
    ],
);

sub id_of ($name, $on = $hub) {
    return $on->get("$LIST?name=$name")->json->{certificates}[0]{id};
}

sub flag ($name, $body, $client = $hub) {
    return $client->put("$LIST/" . id_of($name)
        . '/update_transitional_version', $body);
}

sub current ($name) { return $hub->get("$DATA?name=$name&current=true")->json->{data} }

# The ids of all versions that are transitional
sub flagged ($name) {
    return [map { $_->{id} } grep { $_->{transitional} } versions($hub, $name)];
}

my $root = authority($hub, '/root');


subtest 'which one' => sub {
    my @made;
    unshift @made, leaf($hub, '/one', '/root', duration => $_) for 1 .. 4;
    my @dates = map { $_->{version_created_at} } versions($hub, '/one');

    my @rows = (
        # version asked for, active then, transitional then; by age, 0: newest
        [2, 0, 2], [1, 0, 1], [3, 0, 3], [0, 1, 0], [0, 1, 0],
        [1, 0, 1], ['latest', 1, 0], ['latest', 1, 0], [undef, 0],
        [undef, 0], [3, 0, 3], ['absent', 0], ['latest', 1, 0], [2, 0, 2],
    );

    for (@rows) {
        my ($version, $active, $transitional) = @$_;
        my $asked = defined $version && $version =~ /^\d/
            ? $made[$version]{id} : $version;
        my $label = 'version ' . ($version // 'null');
        my $r = flag('/one', ($version // '') eq 'absent' ? {} : { version => $asked });

        is($r->status, 200, $label) or diag($r->body);
        my @expected = { %{ $made[$active] }, transitional => \0 };
        push @expected, { %{ $made[$transitional] }, transitional => \1 }
            if defined $transitional;
        delete @$_{qw(duration_overridden duration_used key_length)}
            for @expected;

        is_deeply($r->json, \@expected, 'the versions in force');
        is_deeply(current('/one'), \@expected, 'GET data agrees');
        is_deeply(flagged('/one'), defined $transitional
            ? [$made[$transitional]{id}] : [], 'no other has the flag');
    }

    is_deeply([map { $_->{version_created_at} } versions($hub, '/one')],
        \@dates, 'dates stay');
    is_deeply([map { $_->{id} } versions($hub, '/one')],
        [map { $_->{id} } @made], 'and the order');

    my $r = flag('/one', { version => uc $made[1]{id} });
    is($r->json->[1]{id}, $made[1]{id}, 'in capital letters');
    is(flag('/one', { version => undef })->body,
        flag('/one', {})->body, 'null is like nothing');
};


subtest 'the only version' => sub {
    my $only = leaf($hub, '/only', '/root');
    my $r    = flag('/only', { version => $only->{id} });

    is_deeply([map {"$_->{id} $_->{transitional}"} @{ $r->json }],
        ["$only->{id} 1"], 'may be transitional');
    is_deeply(current('/only'), $r->json, 'and is all that is in force');
    is_deeply([map { $_->{name} } @{ $hub->get("$DATA?path=")->json
        ->{credentials} }], [qw(/one /root)], 'find does not see it');
    is($hub->get("$LIST?name=/only")->json->{certificates}[0]{versions}[0]
        {transitional}, 1, 'the list does');

    my $ca = authority($hub, '/only-ca');
    flag('/only-ca', { version => 'latest' });
    is_error($hub->generate('/x', 'certificate', { common_name => 'x',
        ca => '/only-ca' }), 'ca', 'it signs nothing');
    is(flag('/only-ca', {})->json->[0]{id}, $ca->{id}, 'until it is active');
    is($hub->made($hub->generate('/x', 'certificate', { common_name => 'x',
        key_type => 'ec', key_curve => 'P-256', ca => '/only-ca' }))->status,
        200, 'again');
};


subtest 'what comes later' => sub {
    my $old = leaf($hub, '/later', '/root');
    flag('/later', { version => 'latest' });
    my $new = leaf($hub, '/later', '/root');

    is_deeply([map { $_->{id} } @{ current('/later') }],
        [$new->{id}, $old->{id}], 'a new version is active, the flag stays');

    my $r = $hub->made($hub->post("$LIST/" . id_of('/later') . '/regenerate',
        { set_as_transitional => \1 }));
    is_error($r, 'too_many_transitional', 'there is one already');
    flag('/later', {});
    is($hub->made($hub->post("$LIST/" . id_of('/later') . '/regenerate',
        { set_as_transitional => \1 }))->status, 200, 'none any more');
    is(@{ flagged('/later') }, 1, 'one again');

    $hub->delete("$DATA?name=/later");
    $new = leaf($hub, '/later', '/root');
    is_deeply(current('/later'), [$hub->get("$DATA/$new->{id}")->json],
        'a new certificate of that name has no such version');
};


subtest 'refused' => sub {
    my ($mine)  = versions($hub, '/one');
    my ($other) = versions($hub, '/only');
    my $value   = $hub->set('/value', 'value', 'MARKER-value')->json;
    flag('/one', { version => $mine->{id} });
    my $before = current('/one');

    my @rows = (
        # body                                       error
        [{ version => $other->{id} }              => 'mismatched_version'],
        [{ version => $value->{id} }              => 'mismatched_version'],
        [{ version => $NEVER }                    => 'mismatched_version'],
        [{ version => id_of('/one') }             => 'mismatched_version'],
        [{ version => 'x' }                       => 'mismatched_version'],
        [{ version => '' }                        => 'mismatched_version'],
        [{ version => 'Latest' }                  => 'mismatched_version'],
        [{ version => ' latest' }                 => 'mismatched_version'],
        [{ version => 'null' }                    => 'mismatched_version'],
        [{ version => '1-1-1-1-1' }               => 'mismatched_version'],
        [{ version => "$mine->{id} " }            => 'mismatched_version'],
        [{ version => 5 }                         => 'mismatched_version'],
        [{ version => \1 }                        => 'mismatched_version'],
        [{ version => {} }                        => 'bad_request'],
        [{ version => [$mine->{id}] }             => 'bad_request'],
        [{ version => $mine->{id}, x => 1 }       => 'unknown_key:x'],
        [{ Version => $mine->{id} }               => 'unknown_key:Version'],
        [{ id => $mine->{id} }                    => 'unknown_key:id'],
        [[]                                       => 'bad_request'],
    );
    for (@rows) {
        is_error(flag('/one', $_->[0]), $_->[1],
            JSON::PP->new->canonical->encode($_->[0]));
    }

    my $url = "$LIST/" . id_of('/one') . '/update_transitional_version';
    is_error($hub->put($url, undef, body => $_), 'bad_request', "'$_'")
        for '', 'null', '"latest"', '{"version":null', '{"version":null}x',
            '{"version":null,"version":null}';
    is_error($hub->put($url, undef, body => '{}',
        headers => { 'Content-Type' => 'text/plain' }), 'content_type', 'text');

    $hub->post('/management', { read_only_mode => \1 });
    is_error(flag('/one', {}), 'read_only', 'read-only mode');
    $hub->post('/management', { read_only_mode => \0 });

    is_deeply(current('/one'), $before, 'nothing has changed');
};


subtest 'who may' => sub {
    my @names = qw(/p/w /p/r /p/d);
    my %new;
    for my $name (@names) {
        leaf($hub, $name, '/root');
        $new{$name} = leaf($hub, $name, '/root');
    }
    my %id = map { $_ => id_of($_) } @names;
    my $put = sub ($name, $body) {
        return $hub->as('second')->put(
            "$LIST/$id{$name}/update_transitional_version", $body);
    };

    is_error($put->($_, { version => 'latest' }), 'denied', $_)
        for qw(/p/r /p/d);
    is_error($put->('/p/r', { version => $NEVER }), 'denied',
        'before the version is looked at');
    my $r = $put->('/p/w', { version => 'latest' });
    is($r->status, 200, 'write is enough');
    is($r->json->[1]{id}, $new{'/p/w'}{id}, 'to see what it did');
    is_deeply(flagged($_), [], "$_ as before") for qw(/p/r /p/d);
    is_error($hub->as(undef)->put(
        "$LIST/$id{'/p/w'}/update_transitional_version", {}),
        'unauthenticated', 'nobody');
};

$hub->finish;


# Two nginx on one Redis; a proxy holds what they have looked up until all have.
my @KEYS = (['k1', sprintf '%-32s', 'MARKER-key-k1']);

$hub = CredHubTest->new(proxy => 1, keys => \@KEYS,
    redis_args => 'timeout=20s', http => 'keepalive_requests 10000;');
my $proxy = $hub->proxy;
my $two = CredHubTest->new(redis => 0, keys => \@KEYS,
    http => 'credhub_redis unix:' . $proxy->socket . ' timeout=20s;');


# All look up, then all write; the answers.
sub meet (@requests) {
    my @clients = map { ($_ % 2 ? $two : $hub)->connect } 0 .. $#requests;
    my $i = 0;

    $proxy->forget;
    $proxy->hold;
    $_->request(@{ $requests[$i++] }) for @clients;
    my $met = $proxy->wait_for('certificate', scalar @requests);
    $proxy->release;
    my @answers = map { $hub->made($_->response) } @clients;
    ok($met, 'they met');
    return @answers;
}


{
    my $links = 0;
    ok(wait_until(20, sub {
        $_->get("$LIST/$NEVER/versions") for ($hub, $two) x 4;
        my $now = $proxy->links;
        return $now == $links && $now >= 4 || do { $links = $now; 0 };
    }), 'all links stand');
}


subtest 'two hubs at once' => sub {
    authority($hub, '/race');
    my @made = map { authority($hub, '/race') } 1 .. 6;
    my $url  = "$LIST/" . id_of('/race');
    my $given = { certificate => $made[0]{value}{certificate} };
    my %won;

    for my $round (1 .. 8) {
        flag('/race', {});
        my @all = versions($hub, '/race');
        my @requests = (
            (map { ['PUT', "$url/update_transitional_version",
                json => { version => $_ }] } $all[1]{id}, $all[2]{id}, 'latest'),
            (map { ['POST', "$url/regenerate",
                json => { set_as_transitional => \1 }] } 1 .. 2),
            ['POST', "$url/versions",
                json => { value => $given, transitional => \1 }],
        );
        my @answers = meet($round % 2 ? @requests : reverse @requests);

        my $good = grep { $_->status == 200 } @answers;
        cmp_ok($good, '>=', 1, 'one is done');
        is_deeply([grep { $_->status !~ /^(?:200|400|503)$/ } @answers], [],
            'the others are refused, or too late');
        is_error($_, $_->status == 400 ? 'too_many_transitional' : 'busy',
            'and told so') for grep { $_->status != 200 } @answers;

        my @flagged = @{ flagged('/race') };
        is(@flagged, 1, 'there is one transitional version');
        is_deeply([map { $_->{id} } grep { $_->{transitional} }
            @{ $two->get("$DATA?name=/race&current=true")->json->{data} }],
            \@flagged, 'for the other hub too');
        is(@{ current('/race') }, 2, 'and an active one');
        $won{ $_->status }++ for @answers;
    }

    ok($won{200} < 8 * 6, 'not all were done');
    note(join ' ', map {"$_: $won{$_}"} sort keys %won);
};


subtest 'a version is deleted while it becomes the transitional one' => sub {
    authority($hub, '/gone-ca');
    leaf($hub, '/gone', '/gone-ca') for 1 .. 9;
    my $url = "$LIST/" . id_of('/gone');

    for my $round (1 .. 4) {
        my @all = versions($hub, '/gone');
        my $id  = $all[1]{id};
        my @answers = meet(
            ['PUT', "$url/update_transitional_version",
                json => { version => $id }],
            ['DELETE', "$url/versions/$id"]);
        my @there = grep { $_->{id} eq $id } versions($hub, '/gone');

        is($answers[1]->status, 200, 'it is deleted');
        like($answers[0]->status, qr/^(?:200|400)$/, 'the other one came before, or is refused');
        is(@there, 0, 'it is gone');
        is_deeply(flagged('/gone'), [], 'and so is the flag');
    }
};


subtest 'who is always too late gives up' => sub {
    my $stale = "*1\r\n\$5\r\nstale";

    authority($hub, '/stale-ca');
    leaf($hub, '/stale', '/stale-ca') for 1 .. 3;
    my $url = "$LIST/" . id_of('/stale');
    my @all = versions($hub, '/stale');

    my @rows = (
        # script, request
        ['transitional', 'PUT', "$url/update_transitional_version",
            json => { version => $all[1]{id} }],
        ['version_delete', 'DELETE', "$url/versions/$all[2]{id}"],
        ['certificate_put', 'POST', "$url/versions", json => { value =>
            { certificate => $all[0]{value}{certificate} } }],
    );

    for (@rows) {
        my ($script, @request) = @$_;
        my @before = versions($hub, '/stale');

        $proxy->answer($stale, $script, 4);
        is_error($hub->connect->request(@request)->response, 'busy',
            "$script: four times");
        is_deeply([versions($hub, '/stale')], \@before, 'nothing was written');

        $proxy->forget;
        $proxy->answer($stale, $script, 3);
        my $r = $hub->connect->request(@request)->response;
        is($r->status, 200, 'three times') or diag($r->body);
        is($proxy->count($script), 1, 'the fourth is written');
        cmp_ok($proxy->count('certificate'), '>=', 4,
            'after it was looked up again each time');
    }
};


$two->finish;
$hub->done;
