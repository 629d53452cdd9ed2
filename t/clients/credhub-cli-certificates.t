# What CredHub's command line, its Go library and `credhub curl` send for
# certificates, in their order, with their headers and bodies, on one
# connection that is kept.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use CredHubTest::Pki qw(describe make_certificate verified);
use JSON::PP qw(decode_json encode_json);
use Test::More;

my $hub = CredHubTest->new(
    http => "keepalive_requests 10000;\ngzip on;\ngzip_types *;\n"
        . 'gzip_min_length 1;',
);
my $client = $hub->connect;
my $data   = '/api/v1/data';
my $list   = '/api/v1/certificates';
my $UUID   = qr/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\z/;


# Every request, GET and DELETE too, names a type of body.
sub go ($method, $target, $body = undef) {
    my $r = $client->request($method, $target, keep => 1,
        headers => [
            Accept => undef,
            'User-Agent' => 'Go-http-client/1.1',
            defined $body ? ('Content-Length' => length $body) : (),
            'Content-Type' => 'application/json',
            'Accept-Encoding' => 'gzip',
        ],
        defined $body ? (body => $body) : ())->response;

    is($r->header('Content-Encoding'), undef, "$method $target: plain");
    return $hub->made($r);
}

sub query ($text) { return $text =~ s{/}{%2F}gr }

# `credhub get -n`
sub got ($name) {
    my $r = go('GET', "$data?current=true&name=" . query($name));
    return $r->status == 200 ? $r->json->{data}[0] : undef;
}

# `credhub curl -p`: without data it sends the body "null", also with GET.
sub curl ($target, $method = 'GET', $body = 'null') {
    my $r = go($method, $target, $body);
    ok(defined $r->json, "$method $target: a body that can be decoded");
    return $r;
}

sub listed ($name) {
    return curl("$list?name=" . query($name))->json->{certificates}[0];
}

# A certificate, as the client decodes it.
sub certificate ($r, $name, $label) {
    my $view = $r->json;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is($r->status, 200, $label) or diag $r->body;
    like($view->{id}, $UUID, "$label: id");
    is("$view->{type} $view->{name}", "certificate $name", "$label: name");
    is(join(' ', sort keys %{ $view->{value} }), 'ca certificate private_key',
        "$label: value");
    return $view;
}


# name, parameters as the library writes them, certificate_authority,
# self_signed, openssl's words for the usages
my @GENERATE = (
    ['/cli/root', '{"common_name":"root","ca":"","is_ca":true}', 1, 1],
    ['/cli/int', '{"common_name":"int","ca":"/cli/root","is_ca":true}', 1, 0],
    ['/cli/leaf', '{"duration":30,"common_name":"leaf","organization":"o",'
        . '"alternative_names":["leaf.example","10.0.0.1"],'
        . '"key_usage":["digital_signature"],'
        . '"extended_key_usage":["server_auth"],"ca":"/cli/int"}', 0, 0,
        'Digital Signature', 'TLS Web Server Authentication'],
    ['/cli/self', '{"key_length":2048,"common_name":"self","ca":"",'
        . '"self_sign":true}', 0, 1],
);

subtest 'generate' => sub {
    for my $row (@GENERATE) {
        my ($name, $parameters, $ca, $self, @usages) = @$row;
        my $send = sub ($overwrite) {
            return go('POST', $data, qq({"name":"$name","type":"certificate",)
                . qq("parameters":$parameters,"overwrite":$overwrite}));
        };

        my $first = certificate($send->('true'), $name, $name);
        is(join('', map { $first->{$_} ? 1 : 0 } qw(certificate_authority
            self_signed generated transitional duration_overridden)),
            "$ca${self}100", "$name: flags");
        is("$first->{key_length} $first->{duration_used}",
            $name eq '/cli/leaf' ? '2048 30' : '2048 365', "$name: numbers");
        like($first->{value}{private_key}, qr/^-----BEGIN RSA PRIVATE KEY-----\n/);

        my $x509 = describe($first->{value}{certificate});
        is_deeply([map { $_->[2] } grep { $_->[0] =~ /Usage/ }
            @{ $x509->{extensions} }], \@usages, "$name: usages");

        my $kept = $send->('false')->json;
        delete @$_{qw(duration_overridden duration_used key_length)}
            for $first, $kept;
        is_deeply($kept, $first, "$name: --no-overwrite keeps all");
        is_deeply(got($name), $first, "$name: get shows the same");
    }

    my ($leaf, $int, $root) = map { got("/cli/$_")->{value}{certificate} }
        qw(leaf int root);
    is(verified($leaf, $root, chain => $int), 'OK', 'openssl verifies them');
    is(verified($leaf, "$root$int"), 'OK', 'also out of one file');
};

subtest 'regenerate' => sub {
    my $old = got('/cli/leaf');
    my $new = certificate(go('POST', $data,
        '{"name":"/cli/leaf","regenerate":true}'), '/cli/leaf', 'regenerate');
    isnt($new->{value}{certificate}, $old->{value}{certificate}, 'a new one');
    is($new->{duration_used}, 30, 'of the same duration');
};

subtest 'set' => sub {
    my $ca   = got('/cli/root')->{value};
    my $made = make_certificate(signer => $ca,
        extensions => ['basicConstraints=CA:FALSE']);
    my @rows = (
        ['/cli/named', { ca => '', ca_name => '/cli/root' }, $ca->{certificate}],
        ['/cli/given', { ca => $ca->{certificate} },         $ca->{certificate}],
        ['/cli/set',   { ca => '' },                         undef],
    );

    for my $row (@rows) {
        my ($name, $more, $shown) = @$row;
        my $r = go('PUT', $data, encode_json({ name => $name,
            type => 'certificate', value => { %$made, %$more } }));
        is_deeply(certificate($r, $name, $name)->{value},
            { %$made, ca => $shown }, "$name: the parts");
    }

    is_error(go('PUT', $data, '{"name":"/cli/set","type":"certificate",'
        . '"value":{"ca":"","certificate":"MARKER","private_key":""}}'),
        'bad_cert', 'what is none');
    is_error(go('PUT', $data, '{"name":"/cli/set","type":"certificate",'
        . '"value":{"ca":"","certificate":"","private_key":""}}'),
        'no_cert_fields', 'nothing');
};


subtest 'lists' => sub {
    my @all = @{ go('GET', $list)->json->{certificates} };
    is_deeply([sort map { $_->{name} } @all],
        [map {"/cli/$_"} qw(given int leaf named root self set)]);
    is_deeply(go('GET', "$list/")->json->{certificates}, \@all,
        'with a slash at the end');
    is_deeply(curl($_)->json->{certificates}, \@all, "curl $_")
        for $list, "$list/";

    for my $one (@all) {
        my $name = query($one->{name});
        is_deeply(curl("$_?name=$name")->json, { certificates => [$one] },
            "curl $_?name=$name") for $list, "$list/";
    }

    my %by = map { $_->{name} => $_ } @all;
    is_deeply([map { [$by{"/cli/$_"}{signed_by}, $by{"/cli/$_"}{signs}] }
        qw(root int leaf self named given set)], [
        ['/cli/root', ['/cli/int', '/cli/named']],
        ['/cli/root', ['/cli/leaf']],
        ['/cli/int', []], ['/cli/self', []],
        ['/cli/root', []], ['', []], ['', []],
    ], 'signed_by, signs');
    is_error(curl("$list?name=%2Fnone"), 'credential', 'none');
};

# set_as_transitional comes as a boolean and as a string
subtest 'the steps of a rotation' => sub {
    my $id   = listed('/cli/root')->{id};
    my $flag = "$list/$id/update_transitional_version";
    my $old  = got('/cli/root');
    my $post = sub ($body) {
        return curl("$list/$id/regenerate", 'POST', $body);
    };

    my $new = certificate($post->('{"set_as_transitional":"true"}'),
        '/cli/root', 'regenerate');
    is($new->{transitional}, JSON::PP::true, 'as a string');
    is_error($post->('{"set_as_transitional":true}'), 'too_many_transitional',
        'a second one');

    my $r = curl("$list/$id/versions");
    is_deeply([map { $_->{id} } @{ $r->json }], [$new->{id}, $old->{id}],
        'versions, newest first');
    $r = curl($flag, 'PUT', qq({"version":"$old->{id}"}));
    is_deeply([map { $_->{id} } @{ $r->json }], [$new->{id}, $old->{id}],
        'the old one is transitional');

    $r = curl('/api/v1/bulk-regenerate', 'POST', '{"signed_by":"/cli/root"}');
    is_deeply($r->json, { regenerated_credentials =>
        ['/cli/int', '/cli/leaf', '/cli/named'] }, 'bulk-regenerate');
    is(got('/cli/int')->{value}{ca}, $new->{value}{certificate},
        'children have the new one');

    $r = curl($flag, 'PUT', '{"version":null}');
    is_deeply([map { $_->{id} } @{ $r->json }], [$new->{id}], 'null');
    $r = curl($flag, 'PUT', '{"version":"latest"}');
    is_deeply([map { "$_->{id} $_->{transitional}" } @{ $r->json }],
        ["$old->{id} 0", "$new->{id} 1"], 'latest');

    my $leaf = listed('/cli/int')->{id};
    $r = curl("$list/$leaf/regenerate", 'POST', '{"set_as_transitional":false,'
        . '"allow_transitional_parent_to_sign":true}');
    is($r->json->{value}{ca}, $new->{value}{certificate},
        'a transitional parent signs');
    curl($flag, 'PUT', '{"version":null}');
    is(curl("$list/$leaf/regenerate", 'POST', '{"set_as_transitional":"false"}')
        ->json->{transitional}, JSON::PP::false, '"false"');
    is_deeply(curl('/api/v1/bulk-regenerate', 'POST',
        '{"signed_by":"/cli/int"}')->json, { regenerated_credentials =>
        ['/cli/leaf'] }, 'bulk-regenerate below it');
};


# What `credhub export` keeps of a certificate: without `ca`, but with the name
# of its CA unless it has signed itself.
sub exported ($name) {
    my $view   = got($name);
    my $issuer = listed($name)->{signed_by};
    my %value  = %{ $view->{value} };

    $_ //= '' for values %value;
    if (length $issuer && $issuer ne $name) {
        $value{ca}      = '';
        $value{ca_name} = $issuer;
    }
    return { name => $name, type => 'certificate', value => \%value,
        $view->{metadata} ? (metadata => $view->{metadata}) : () };
}

subtest 'export and import' => sub {
    my @names = map {"/cli/$_"} qw(root int leaf self named given set);
    my %old   = map { $_ => got($_) } @names;
    my %by    = map { $_ => listed($_)->{signed_by} } @names;
    my @out   = map { encode_json(exported($_)) } @names;

    is(go('DELETE', "$data?name=" . query($_))->status, 204, "delete $_")
        for @names;

    for my $body (@out) {
        my $name = decode_json($body)->{name};
        my $view = certificate(go('PUT', $data, $body), $name, "import $name");
        is($view->{generated}, JSON::PP::false, "$name: is set");

        my $new = got($name);
        delete @$_{qw(id version_created_at generated)} for $new, $old{$name};
        is_deeply($new, $old{$name}, "$name: comes back equal");
        is(listed($name)->{signed_by}, $by{$name}, "$name: signed_by");
    }
    is_deeply(listed('/cli/root')->{signs}, ['/cli/int', '/cli/named'],
        'signs');
};

subtest 'find' => sub {
    my @rows = (    # query, names
        ['expires-within-days=31&path=%2Fcli' => map {"/cli/$_"}
            qw(set given named leaf)],
        ['expires-within-days=1&path=%2Fcli'  => ()],
        ['expires-within-days=40&name-like=ea' => '/cli/leaf'],
    );

    for my $row (@rows) {
        my ($query, @names) = @$row;
        my $found = go('GET', "$data?$query")->json->{credentials};
        is_deeply([map { $_->{name} } @$found], \@names, $query);
    }
};

subtest 'what a user is shown' => sub {
    my @rows = (    # body of generate, status
        ['"parameters":{"ca":""}',                                400],
        ['"parameters":{"common_name":"x","ca":""}',              400],
        ['"parameters":{"common_name":"x","ca":"/cli/none"}',     404],
        ['"parameters":{"common_name":"x","ca":"/cli/leaf"}',     400],
        ['"parameters":{"common_name":"x","ca":"/cli/root","self_sign":true}',
            400],
    );

    for my $row (@rows) {
        my $r = go('POST', $data, '{"name":"/cli/x","type":"certificate",'
            . "$row->[0],\"overwrite\":true}");
        is($r->status, $row->[1], $row->[0]);
        like($r->json->{error}, qr/^[A-Z].*\.\z/, "$row->[0]: a sentence");
    }
};

$hub->done;
