# /api/v1/certificates/{id}/versions: GET, POST, DELETE.

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
        ['second', '/p/r', 'read'], ['second', '/p/w', 'write'],
        ['second', '/p/d', 'delete'], ['third', '/p/*', 'write'],
        ['third', '/open', 'read'],
    ],
);

sub id_of ($name) {
    return $hub->get("$LIST?name=$name")->json->{certificates}[0]{id};
}

sub url ($name, $version = undef) {
    return "$LIST/" . id_of($name) . '/versions'
        . (defined $version ? "/$version" : '');
}

# What stands: the versions by id, newest first, and the flag of each
sub standing ($name) {
    return [map { "$_->{id} $_->{transitional}" } versions($hub, $name)];
}

sub make (%opt) { return CredHubTest::Pki::make_certificate(%opt) }

sub flag ($name, $version) {
    my $r = $hub->put("$LIST/" . id_of($name) . '/update_transitional_version',
        { version => $version });
    is($r->status, 200, "flag $name") or diag($r->body);
    return;
}

my $CA_EXT = ['basicConstraints = critical, CA:TRUE'];

my $root  = authority($hub, '/root');
my $rsa   = $hub->made($hub->generate('/rsa', 'rsa'))->json;
my $value = $hub->set('/value', 'value', 'MARKER-value')->json;


subtest 'GET' => sub {
    my @made;
    unshift @made, leaf($hub, '/get', '/root', duration => $_,
        metadata => { n => $_ }) for 1 .. 4;

    my $url = url('/get');
    my $r   = $hub->get($url);
    is($r->status, 200);
    is_deeply($r->json, $hub->get("$DATA?name=/get")->json->{data},
        'all, as GET data shows them');
    is_deeply([map { $_->{id} } @{ $r->json }], [map { $_->{id} } @made],
        'newest first');
    is($hub->get("$url?current=$_")->body, $r->body, "current=$_")
        for 'false', 'False', '';

    my $list = $r->json;
    is_deeply($hub->get("$url?current=true")->json, [$list->[0]],
        'the active one');

    flag('/get', $made[2]{id});
    my $old = { %{ $list->[2] }, transitional => \1 };
    is_deeply($hub->get("$url?current=true")->json, [$list->[0], $old],
        'the active and the transitional one');
    is_deeply($hub->get($url)->json, [@$list[0, 1], $old, $list->[3]],
        'the flag changes no order');
    is_deeply($hub->get("$DATA?name=/get&current=TRUE")->json->{data},
        [$list->[0], $old], 'GET data, current');
    is_deeply($hub->get("$DATA/$old->{id}")->json, $old, 'by id');
    is_deeply($hub->get("$DATA?name=/get&versions=3")->json->{data},
        [@$list[0, 1], $old], 'versions=3');

    flag('/get', 'latest');
    my $new = { %{ $list->[0] }, transitional => \1 };
    is_deeply($hub->get("$url?current=true")->json, [$list->[1], $new],
        'the newest may be the transitional one');
    is_deeply($hub->get("$DATA?name=/get&current=true")->json->{data},
        [$list->[1], $new], 'GET data, current');
    is_deeply($hub->get("$DATA?name=/get&versions=1")->json->{data}, [$new],
        'versions=1 is by date');

    is_error($hub->get("$url?current=maybe"), 'bad_query:current', 'maybe');
    is_error($hub->get("$url?chain=maybe"), 'bad_query:chain', 'chain');
    is($hub->get($url =~ s/([0-9a-f-]{36})/uc $1/er)->body,
        $hub->get($url)->body, 'an id in capital letters');
    is($hub->head($url)->status, 200, 'HEAD');
    is($hub->get("$url/")->body, $hub->get($url)->body, 'a slash behind');

    leaf($hub, '/only', '/root');
    flag('/only', 'latest');
    my ($only) = versions($hub, '/only');
    is($only->{transitional}, 1, 'one that is transitional');
    is_deeply($hub->get(url('/only') . '?current=true')->json, [$only],
        'is all there is');
    is_deeply($hub->get("$DATA?name=/only&current=true")->json->{data},
        [$only], 'GET data');
};


subtest 'ids that are none' => sub {
    my ($version) = versions($hub, '/get');
    my $other = $hub->redis('HGET', '{credhub}:credential:/value',
        'credential') // $NEVER;
    my $gone = do {
        leaf($hub, '/gone', '/root');
        my $id = id_of('/gone');
        $hub->delete("$DATA?name=/gone");
        $id;
    };
    my $given = { value => { certificate => $root->{value}{certificate} } };

    for my $id ($version->{id}, $other, $gone, $NEVER, 'x', '1-1-1-1-1',
        id_of('/get') . '0', substr(id_of('/get'), 1), '*')
    {
        my $url = "$LIST/$id";
        is_error($hub->get("$url/versions"), 'credential', "GET $id");
        is_error($hub->get("$url/versions?current=true"), 'credential', 'current');
        is_error($hub->post("$url/versions", $given), 'credential', 'POST');
        is_error($hub->delete("$url/versions/$version->{id}"), 'credential',
            'DELETE');
        is_error($hub->put("$url/update_transitional_version",
            { version => 'latest' }), 'credential', 'flag');
    }

    my $before = standing('/get');
    my ($mine) = versions($hub, '/only');
    for my $id ($mine->{id}, id_of('/get'), $NEVER, 'x', 'latest', 'null',
        $value->{id}, $rsa->{id}, "$version->{id}0")
    {
        is_error($hub->delete(url('/get', $id)), 'credential', "DELETE $id");
    }
    is_deeply(standing('/get'), $before, 'nothing has changed');
};


subtest 'POST' => sub {
    my $first = leaf($hub, '/post', '/root', metadata => { k => 1 });
    my $url   = url('/post');
    my $made  = make(subject => '/CN=post', days => [-1, 40]);

    my @rows = (
        # label, body, answer beside what all have
        ['a certificate', { certificate => $made->{certificate} },
            { ca => undef, private_key => undef }, {}],
        ['with its key', $made, { ca => undef }, {}],
        ['transitional', $made, { ca => undef },
            { transitional => \1 }],
        ['under a name',
            { %{ leaf($hub, '/from', '/root', duration => 9)->{value} }{
                qw(certificate private_key) }, ca_name => 'ROOT' },
            { ca => $root->{value}{certificate} }, {}],
        ['with a PEM',
            leaf($hub, '/from', '/root', duration => 8)->{value}, {}, {}],
        ['flags of clients', { certificate => $made->{certificate},
            transitional => \1, certificate_authority => \1,
            self_signed => \1, generated => \1, expiry_date => 'x' },
            { ca => undef, private_key => undef }, {}],
    );
    my @views;

    for (@rows) {
        my ($label, $value, $shown, $more) = @$_;
        my $r = $hub->post($url, { value => $value, %$more });
        is($r->status, 200, $label) or diag($r->body);
        my $view = $r->json;
        unshift @views, $view;

        is_deeply([sort keys %$view], [sort qw(type version_created_at id name
            metadata value expiry_date certificate_authority self_signed
            generated transitional)], 'its fields');
        is_deeply($view->{value}, { ca => undef, private_key => undef,
            (map { $_ => $value->{$_} } grep { defined $value->{$_} }
                qw(ca certificate private_key)), %$shown }, 'its value');
        is($view->{name}, '/post', 'its name');
        is($view->{metadata}, undef, 'no metadata');
        is($view->{generated}, 0, 'not generated');
        is($view->{certificate_authority}, 0, 'no CA');
        is($view->{transitional}, $more->{transitional} ? 1 : 0, 'the flag');
        is_deeply($hub->get("$DATA/$view->{id}")->json, $view, 'is stored');
        flag('/post', undef) if $more->{transitional};
        $view->{transitional} = $hub->get("$DATA/$view->{id}")
            ->json->{transitional};
    }

    is_deeply($hub->get($url)->json, [@views, $hub->get("$DATA/$first->{id}")
        ->json], 'newest first');
    is($hub->get("$LIST?name=/post")->json->{certificates}[0]{id},
        $url =~ m{/([0-9a-f-]{36})/} && $1, 'the same certificate');

    my $ca = make(subject => '/CN=ca', extensions => $CA_EXT);
    my $r  = $hub->post($url, { value => { %$ca, ca => $ca->{certificate} } });
    is($r->json->{certificate_authority}, 1, 'a CA is one');
    is($r->json->{self_signed}, 1, 'and signs itself');
    is($hub->get("$LIST?name=/post")->json->{certificates}[0]{signed_by},
        '/post', 'as lists say too');
};


subtest 'POST that is refused' => sub {
    my $made  = make(subject => '/CN=refused');
    my $other = make(subject => '/CN=other');
    my $mine  = leaf($hub, '/refused', '/root')->{value};
    my $plain = leaf($hub, '/plain', '/root');
    leaf($hub, '/flagged', '/root');
    flag('/flagged', 'latest');

    my $url    = url('/refused');
    my $before = standing('/refused');
    my %cert   = (certificate => $made->{certificate});

    my @rows = (
        # body                                        error
        [{}                                        => 'no_value'],
        [{ value => undef }                        => 'no_value'],
        [{ transitional => \1 }                    => 'no_value'],
        [{ value => {} }                           => 'no_cert_fields'],
        [{ value => { certificate => '' } }        => 'no_cert_fields'],
        [{ value => { ca => $root->{value}{ca} } } => 'need_cert'],
        [{ value => { private_key => $made->{private_key} } } => 'need_cert'],
        [{ value => { certificate => 'x' } }       => 'bad_cert'],
        [{ value => { %cert, private_key => $other->{private_key} } }
            => 'key_mismatch'],
        [{ value => { %cert, private_key => 'x' } } => 'private_key_format'],
        [{ value => { %cert, ca => $other->{certificate} } }
            => 'not_signed_by_ca'],
        [{ value => { %cert, ca => $made->{certificate}, ca_name => '/root' } }
            => 'ca_and_ca_name'],
        [{ value => { %cert, ca_name => '/none' } }    => 'ca'],
        [{ value => { %cert, ca_name => '/value' } }   => 'ca'],
        [{ value => { %cert, ca_name => '/rsa' } }     => 'ca'],
        [{ value => { %cert, ca_name => '/flagged' } } => 'ca'],
        [{ value => { %cert, ca_name => '/plain' } }   => 'not_ca'],
        [{ value => { %cert, ca_name => '/root' } }
            => 'not_signed_by_ca_name'],
        [{ value => { %cert, x => 1 } }            => 'unknown_key:x'],
        [{ value => \%cert, x => 1 }               => 'unknown_key:x'],
        [{ value => \%cert, name => '/refused' }   => 'unknown_key:name'],
        [{ value => \%cert, metadata => {} }       => 'unknown_key:metadata'],
        [{ value => \%cert, mode => 'overwrite' }  => 'unknown_key:mode'],
        [{ value => 'x' }                          => 'bad_request'],
        [{ value => 1 }                            => 'bad_request'],
        [{ value => [] }                           => 'bad_request'],
        [{ value => \1 }                           => 'bad_request'],
        [{ value => { certificate => {} } }        => 'bad_request'],
        [{ value => { certificate => [$made->{certificate}] } }
            => 'bad_request'],
        [{ value => \%cert, transitional => undef }    => 'bad_request'],
        [{ value => \%cert, transitional => 'maybe' }  => 'bad_request'],
        [{ value => \%cert, transitional => 2 }        => 'bad_request'],
        [{ value => \%cert, transitional => {} }       => 'bad_request'],
        [{ value => { certificate => "$made->{certificate}\n" . 'x' x 7000 } }
            => 'cert_long'],
        [{ value => { certificate => 'x' x 65537 } }   => 'too_large'],
        [[]           => 'bad_request'], ['"x"' => 'bad_request'],
        ['null'       => 'bad_request'], [''    => 'bad_request'],
        ['{"value":{}'                          => 'bad_request'],
        ['{"value":{},"value":{}}'              => 'bad_request'],
        ['{"value":{"ca":"","ca":""}}'          => 'bad_request'],
    );

    is_error(ref $_->[0] ? $hub->post($url, $_->[0])
        : $hub->post($url, undef, body => $_->[0]),
        $_->[1], substr ref $_->[0] ? $_->[1] . ': '
        . JSON::PP->new->canonical->encode($_->[0]) : "$_->[1]: $_->[0]", 0, 100)
        for @rows;

    is_error($hub->post($url, undef, body => '{}',
        headers => { 'Content-Type' => 'text/plain' }), 'content_type', 'text');
    is_error($hub->post(url('/flagged'), { value => \%cert,
        transitional => \1 }), 'too_many_transitional', 'a second one');
    is($hub->post(url('/flagged'), { value => \%cert,
        transitional => 'false' })->status, 200, 'one that is not');
    is_error($hub->post(url('/flagged'), { value => \%cert,
        transitional => 'true' }), 'too_many_transitional', 'a string');

    is_deeply(standing('/refused'), $before, 'nothing was written');
    is(@{ standing('/flagged') }, 2, 'nor there');
};


subtest 'DELETE' => sub {
    my @made;
    unshift @made, leaf($hub, '/del', '/root', duration => $_) for 1 .. 5;
    my $list = $hub->get(url('/del'))->json;
    flag('/del', $made[1]{id});
    $list->[1]{transitional} = \1;

    my $r = $hub->delete(url('/del', uc $made[3]{id}));
    is($r->status, 200, 'an old one') or diag($r->body);
    is_deeply($r->json, $list->[3], 'as it was, with its key');
    is_error($hub->get("$DATA/$made[3]{id}"), 'credential', 'it is gone');
    is_error($hub->delete(url('/del', $made[3]{id})), 'credential', 'again');
    is_deeply($hub->get(url('/del'))->json, [@$list[0, 1, 2, 4]],
        'the others stay');

    is_deeply($hub->delete(url('/del', $made[0]{id}))->json, $list->[0],
        'the active one');
    is_deeply($hub->get("$DATA?name=/del&current=true")->json->{data},
        [@$list[2, 1]], 'the next older one is active');

    is_deeply($hub->delete(url('/del', $made[1]{id}))->json, $list->[1],
        'the transitional one');
    is_deeply($hub->get(url('/del') . '?current=true')->json, [$list->[2]],
        'there is none now');
    is_deeply($hub->post("$LIST/" . id_of('/del') . '/regenerate',
        { set_as_transitional => \1 })->status, 200, 'so there may be one');

    my ($new) = versions($hub, '/del');
    $hub->made($hub->get("$DATA/$new->{id}"));
    is($hub->delete(url('/del', $_))->status, 200, "down to one")
        for $made[2]{id}, $made[4]{id};
    is_deeply($hub->get("$DATA?name=/del&current=true")->json->{data}, [$new],
        'which is transitional');
    is_error($hub->delete(url('/del', $new->{id})), 'last_version', 'the last');
    flag('/del', undef);
    is_error($hub->delete(url('/del', $new->{id})), 'last_version', 'active');
    is_deeply([map { $_->{id} } versions($hub, '/del')], [$new->{id}],
        'it stays');

    is($hub->delete("$DATA?name=/del")->status, 204, 'all of it');
    is_error($hub->get("$LIST?name=/del"), 'credential', 'is gone');
};


subtest 'a damaged version is not deleted' => sub {
    my $old = leaf($hub, '/damaged', '/root');
    my $new = leaf($hub, '/damaged', '/root');
    my $loud = qr/\[crit\][^"]*credential "\/damaged", version \S+: its/;
    $hub->expect_log($loud);

    my $key = "{credhub}:version:$old->{id}";
    my $was = $hub->redis('HGET', $key, 'facts');
    $hub->redis('HSET', $key, 'facts', $was =~ s/false/true/r);

    is_error($hub->delete(url('/damaged', $old->{id})), 'internal', 'DELETE');
    is_error($hub->get(url('/damaged')), 'internal', 'GET');
    is(scalar @{ $hub->get("$LIST?name=/damaged")->json->{certificates}[0]
        {versions} }, 2, 'it is still there');

    $hub->redis('HSET', $key, 'facts', $was);
    is($hub->delete(url('/damaged', $old->{id}))->status, 200, 'now it goes');
};


subtest 'who may' => sub {
    my %id;
    for my $name (qw(/p/r /p/w /p/d /other)) {
        leaf($hub, $name, '/root') for 1 .. 2;
        $id{$name} = id_of($name);
    }
    authority($hub, '/open');
    my $under = leaf($hub, '/under', '/open');
    my $second = $hub->as('second');
    my %given  = (certificate => $under->{value}{certificate});
    my @names  = qw(/p/r /p/w /p/d /other);

    my $all = sub ($code) { return join ' ', map { $code->($_)->status } @names };

    is($all->(sub ($n) { $second->get("$LIST/$id{$n}/versions") }),
        '200 404 404 404', 'GET needs read');
    is_error($second->get("$LIST/$id{'/p/w'}/versions?current=true"),
        'credential', 'and hides');
    is($all->(sub ($n) { $second->post("$LIST/$id{$n}/versions",
        { value => \%given }) }), '403 200 403 403', 'POST needs write');
    is_error($second->post("$LIST/$id{'/other'}/versions", { value => \%given }),
        'denied', 'and says so');
    is($all->(sub ($n) { my ($v) = versions($hub, $n);
        $second->delete("$LIST/$id{$n}/versions/$v->{id}") }),
        '404 404 200 404', 'DELETE needs delete');
    is_error($second->delete("$LIST/$id{'/p/r'}/versions/$NEVER"),
        'credential', 'and hides');

    is_error($second->post("$LIST/$id{'/p/w'}/versions",
        { value => { %given, ca_name => '/open' } }), 'ca',
        'a CA needs read');
    is_error($second->post("$LIST/$id{'/p/r'}/versions",
        { value => { %given, ca_name => '/open' } }), 'denied',
        'the name is looked at first');
    is($hub->as('third')->post("$LIST/$id{'/p/w'}/versions",
        { value => { %given, ca_name => '/open' } })->status, 200, 'with both');
    is_error($hub->as(undef)->get("$LIST/$id{'/p/r'}/versions"),
        'unauthenticated', 'nobody');
    is_error($second->post("$LIST/$id{'/other'}/versions", { value => {} }),
        'no_cert_fields', 'a bad value is told before');
};


subtest 'methods and read-only mode' => sub {
    my $url = "$LIST/" . id_of('/get');
    my ($version) = versions($hub, '/get');

    is_error($hub->request($_->[0], "$url$_->[1]", json => {}), 'method', "@$_")
        for ['PUT', '/versions'], ['DELETE', '/versions'],
        ['PATCH', '/versions'], ['POST', "/versions/$version->{id}"],
        ['GET', "/versions/$version->{id}"],
        ['GET', '/update_transitional_version'],
        ['POST', '/update_transitional_version'];
    is_error($hub->get("$url$_"), 'not_found', $_)
        for '', '/none', '/versions/x/y';

    my $before = standing('/get');
    $hub->post('/management', { read_only_mode => \1 });
    is_error($hub->post("$url/versions", { value =>
        { certificate => $root->{value}{certificate} } }), 'read_only', 'POST');
    is_error($hub->delete("$url/versions/$version->{id}"), 'read_only',
        'DELETE');
    is($hub->get("$url/versions")->status, 200, 'GET');
    is($hub->get("$url/versions?current=true")->status, 200, 'current');
    is($hub->get($LIST)->status, 200, 'the list');
    $hub->post('/management', { read_only_mode => \0 });
    is_deeply(standing('/get'), $before, 'nothing has changed');
};


$hub->done;
