# chain=true: the certificates above one.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Certificates;
use CredHubTest::Errors;
use CredHubTest::Pki;
use JSON::PP qw(decode_json);
use Test::More;

my $DATA = '/api/v1/data';
my $LIST = '/api/v1/certificates';
my $MAX  = 16;    # certificates of a chain

my $hub = CredHubTest->new(
    proxy       => 1,
    workers     => 1,
    http        => 'keepalive_requests 10000;',
    permissions => [
        ['good', '/*', 'read,write,delete,read_acl,write_acl'],
        ['second', '/leaf', 'read'],
    ],
);

sub id_of ($name) {
    return $hub->get("$LIST?name=$name")->json->{certificates}[0]{id};
}

sub chain ($name) {
    my $r = $hub->get("$DATA?name=$name&current=true&chain=true");
    is($r->status, 200, "chain of $name") or diag($r->body);
    return $r->json->{data}[0]{value}{chain};
}

sub text ($view) { return $view->{value}{certificate} }

sub row ($view) { return "{credhub}:version:$view->{id}" }

my $root = authority($hub, '/root');
my $int  = authority($hub, '/int', ca => '/root');
my $sub  = authority($hub, '/sub', ca => '/int');
my $leaf = leaf($hub, '/leaf', '/sub');


subtest 'what it is' => sub {
    my @above = map { text($_) } $sub, $int, $root;

    is(chain('/leaf'), join('', @above), 'the issuer first, the root last');
    is(chain('/sub'), join('', @above[1, 2]), 'of an intermediate CA');
    is(chain('/int'), $above[2], 'of the one below the root');
    is(chain('/root'), $above[2], 'a root is its own');

    for my $name (qw(/leaf /sub /int /root)) {
        my ($view) = versions($hub, $name);
        is(index(chain($name), $view->{value}{ca}), 0, "$name: begins with ca");
    }

    my @parts = chain('/leaf') =~ /(-----BEGIN .*?-----END [^\n]*\n)/sg;
    is(@parts, 3, 'three certificates');
    is(CredHubTest::Pki::verified(text($leaf), $parts[2],
        chain => join '', @parts[0, 1]), 'OK', 'that openssl verifies it with');
};


subtest 'where it is asked for' => sub {
    my $id  = id_of('/leaf');
    my @all = versions($hub, '/leaf');
    my $with = { %{ $all[0] }, value => { %{ $all[0]{value} },
        chain => chain('/leaf') } };

    my @rows = (
        # target, what is around the view
        ["$DATA?name=/leaf",              sub { { data => [$_[0]] } }],
        ["$DATA?name=/leaf&current=true", sub { { data => [$_[0]] } }],
        ["$DATA?name=/leaf&versions=2",   sub { { data => [$_[0]] } }],
        ["$DATA/$leaf->{id}?",            sub { $_[0] }],
        ["$LIST/$id/versions?",           sub { [$_[0]] }],
        ["$LIST/$id/versions?current=true", sub { [$_[0]] }],
    );

    for (@rows) {
        my ($target, $around) = @$_;
        is_deeply($hub->get("$target&chain=$_")->json, $around->($with),
            "$target: $_") for 'true', 'True';
        is_deeply($hub->get("$target&chain=$_")->json, $around->($all[0]),
            "$target: '$_'") for 'false', '';
        is_error($hub->get("$target&chain=maybe"), 'bad_query:chain', $target);
    }

    is_error($hub->get("$DATA/x?chain=maybe"), 'bad_query:chain', 'no id');
    is_error($hub->get("$DATA/x?chain=true"), 'credential', 'an id that is none');
    is_error($hub->get("$DATA?name=/none&chain=true"), 'credential', 'no name');
    is_error($hub->get("$DATA?name=/none&chain=true&current=true"),
        'credential', 'no name, current');
};


subtest 'other types' => sub {
    my %made = (value => 'MARKER-v', password => 'MARKER-p',
        json => { chain => 'MARKER-j' }, rsa => { public_key => 'x' },
        user => { password => 'MARKER-u' });

    for my $type (sort keys %made) {
        my $view = $hub->set("/type/$type", $type, $made{$type})->json;
        for my $target ("$DATA?name=/type/$type", "$DATA/$view->{id}?",
            "$DATA?name=/type/$type&current=true")
        {
            is($hub->get("$target&chain=true")->body,
                $hub->get($target)->body, $target);
        }
    }
};


subtest 'what clients gave' => sub {
    my $made  = CredHubTest::Pki::make_certificate(subject => '/CN=given');
    my $given = leaf($hub, '/given/from', '/int')->{value};
    my $trim  = text($int) =~ s/\s+\z//r;

    my @rows = (
        # value, chain
        [{ certificate => $given->{certificate} }, undef],
        [{ certificate => $given->{certificate}, ca => $given->{ca} },
            $given->{ca}],
        [{ certificate => $given->{certificate}, ca => "$given->{ca}\n\n" },
            "$given->{ca}\n\n"],
        [{ certificate => $given->{certificate}, ca_name => '/int' },
            $given->{ca} . text($root)],
        [{ certificate => $given->{certificate}, ca => $trim }, $trim],
    );

    for (@rows) {
        my ($value, $chain) = @$_;
        my $r = $hub->set('/given/leaf', 'certificate', $value);
        is($r->status, 200) or diag($r->body);
        is(chain('/given/leaf'), $chain, join ' ', sort keys %$value);
    }

    # a CA without a newline at its end
    $hub->set('/given/int', 'certificate', { certificate => $trim,
        ca_name => '/root' });
    $hub->set('/given/leaf', 'certificate',
        { certificate => $given->{certificate}, ca_name => '/given/int' });
    is(chain('/given/leaf'), "$trim\n" . text($root), 'one begins on a new line');

    my $ca = CredHubTest::Pki::make_certificate(subject => '/CN=own',
        extensions => ['basicConstraints = critical, CA:TRUE']);
    $hub->set('/given/ca', 'certificate', { certificate => $ca->{certificate},
        private_key => $ca->{private_key} });
    is(chain('/given/ca'), $ca->{certificate},
        'one that signs itself is its own chain');
    my $below = leaf($hub, '/given/below', '/given/ca');
    is(chain('/given/below'), $ca->{certificate}, 'and ends that of others');
};


subtest 'versions' => sub {
    my @made;
    my $before = authority($hub, '/v/ca', ca => '/root');
    unshift @made, leaf($hub, '/v/leaf', '/v/ca') for 1 .. 2;
    my $after = authority($hub, '/v/ca', ca => '/int');
    unshift @made, leaf($hub, '/v/leaf', '/v/ca') for 1 .. 3;
    unshift @made, leaf($hub, '/v/leaf', '/root');

    my @expected = (text($root), (text($after) . text($int) . text($root)) x 3,
        (text($before) . text($root)) x 2);
    my $id = id_of('/v/leaf');

    my $proxy = $hub->proxy;
    for my $target ("$DATA?name=/v/leaf&", "$LIST/$id/versions?") {
        $proxy->forget;
        my $json = $hub->get("${target}chain=true")->json;
        is_deeply([map { $_->{value}{chain} }
            @{ ref $json eq 'ARRAY' ? $json : $json->{data} }], \@expected,
            'each has the chain of its own CA');
        is($proxy->count('chain'), 3, 'those of one CA share the look-up');
    }

    $hub->put("$LIST/$id/update_transitional_version",
        { version => $made[4]{id} });
    is_deeply([map { $_->{value}{chain} } @{ $hub->get(
        "$DATA?name=/v/leaf&current=true&chain=true")->json->{data} }],
        [@expected[0, 4]], 'of the active and the transitional version');
    is_deeply([map { $_->{value}{chain} } @{ $hub->get(
        "$LIST/$id/versions?current=true&chain=true")->json }],
        [@expected[0, 4]], 'there too');

    $proxy->forget;
    chain('/root');
    $hub->get("$DATA?name=/leaf&current=true");
    is($proxy->count('chain'), 0, 'none where there is nothing to look up');
};


subtest 'what is missing ends it' => sub {
    my $ca    = authority($hub, '/m/ca', ca => '/int');
    my $below = leaf($hub, '/m/leaf', '/m/ca');
    my $full  = text($ca) . text($int) . text($root);

    is(chain('/m/leaf'), $full, 'all are there');
    my $newer = authority($hub, '/m/ca', ca => '/root');
    is(chain('/m/leaf'), $full, 'an older version of the CA is found');

    $hub->delete("$LIST/" . id_of('/m/ca') . "/versions/$ca->{id}");
    is(chain('/m/leaf'), text($ca), 'until it is deleted');
    $hub->delete("$DATA?name=/m/ca");
    is(chain('/m/leaf'), text($ca), 'or all of the CA');
    authority($hub, '/m/ca', ca => '/root');
    is(chain('/m/leaf'), text($ca), 'another one is not it');
};


subtest 'what was changed in the store' => sub {
    my $loud = qr/\[crit\][^"]*credential "[^"]*", version \S+: its/;
    my $full = chain('/leaf');
    my $new  = authority($hub, '/sub', ca => '/root');
    $hub->expect_log($loud);

    my @rows = (
        # row, field, what it becomes, chain, is it told to the log?
        [$int, head => $hub->redis('HGET', row($sub), 'head'),
            text($sub) . text($int), 1],
        [$int, signer => '/sub', text($sub) . text($int), 1],
        [$int, mac => 'x' x 40, text($sub) . text($int), 1],
        [$int, name => '/leaf', text($sub) . text($int), 1],
        [$leaf, issuer => $hub->redis('HGET', row($new), 'digest'),
            text($sub), 0],
        [$leaf, issuer => '', text($sub), 0],
        [$int, digest => 'x', text($sub) . text($int), 0],
    );

    for (@rows) {
        my ($view, $field, $value, $chain, $told) = @$_;
        my $was = $hub->redis('HGET', row($view), $field);
        my $before = () = $hub->error_log =~ /$loud/g;

        $hub->redis('HSET', row($view), $field, $value);
        my $found = decode_json($hub->get("$DATA/$leaf->{id}?chain=true")
            ->body)->{value}{chain};
        is($found, $chain, "$field of $view->{name}");
        my $after = () = $hub->error_log =~ /$loud/g;
        is($after - $before, $told, 'what the log is told');
        $hub->redis('HSET', row($view), $field, $was);
    }

    is(decode_json($hub->get("$DATA/$leaf->{id}?chain=true")->body)
        ->{value}{chain}, $full, 'as it was');
};


subtest 'how long' => sub {
    my @above = authority($hub, '/long/0');
    push @above, authority($hub, "/long/$_", ca => '/long/' . ($_ - 1))
        for 1 .. $MAX + 1;
    my @pems = map { text($_) } @above;

    is(chain('/long/' . $MAX), join('', reverse @pems[0 .. $MAX - 1]),
        'the longest that is whole');
    is(chain('/long/' . ($MAX + 1)), join('', reverse @pems[1 .. $MAX]),
        'a longer one is cut');
};


subtest 'rights' => sub {
    my $second = $hub->as('second');
    is($second->get("$DATA?name=/leaf&current=true&chain=true")->json
        ->{data}[0]{value}{chain}, chain('/leaf'), 'of the certificate');
    is_error($second->get("$DATA?name=/sub&chain=true"), 'credential',
        'not of the CA');
};


$hub->done;
