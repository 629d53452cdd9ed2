# Certificates are regenerated: by POST /api/v1/regenerate, POST /api/v1/data
# with "regenerate": true, and POST /api/v1/certificates/{id}/regenerate.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Certificates qw(authority leaf versions issued_by same_key days);
use CredHubTest::Errors qw(answers is_error);
use CredHubTest::Pki qw(describe key_matches make_certificate name_der
    name_types);
use JSON::PP ();
use Test::More;

my $hub   = CredHubTest->new(
    leaks => 0,
    keep        => 1,
    permissions => [['good', '/*', 'read,write,delete,read_acl,write_acl'],
        ['second', '/mine/*', 'write'], ['third', '/*', 'read']],
    servers => [{ port => 'long', server => 'credhub_certificate_min_duration '
        . 'ca=4000 leaf=90; credhub_default_ca_key_usages on;' }],
);
my $JSON  = JSON::PP->new->canonical->allow_nonref;
my $LIST  = '/api/v1/certificates';
my $count = 0;

my %ID;    # credential ids by name

sub id_of ($name) {
    return $ID{$name} //=
        $hub->get("$LIST?name=$name")->json->{certificates}[0]{id};
}

# The three spellings of one request; more options are those of the request.
my %ENDPOINT = (
    data => sub ($hub, $name, $body = {}, %opt) {
        return $hub->made($hub->post('/api/v1/data',
            { name => $name, regenerate => \1, %$body }, %opt));
    },
    name => sub ($hub, $name, $body = {}, %opt) {
        return $hub->made($hub->post('/api/v1/regenerate',
            { name => $name, %$body }, %opt));
    },
    id => sub ($hub, $name, $body = {}, %opt) {
        return $hub->made($hub->post("$LIST/" . id_of($name) . '/regenerate',
            $body, %opt));
    },
);
my $by_id = $ENDPOINT{id};


sub new_name () { return '/re/' . ++$count }

sub generated ($parameters, %opt) {
    my $name = delete $opt{name} // new_name();
    my $port = delete $opt{port} // 'main';
    my $r = $hub->made($hub->post('/api/v1/data', { name => $name,
        type => 'certificate', parameters => { common_name => 'x',
            key_type => 'ec', %$parameters }, %opt }, port => $port));
    $r->status == 200 or die $JSON->encode($parameters), $r->body;
    return $r->json;
}

sub each_endpoint ($name, $code) {
    subtest "$_: $name" => sub { $code->($ENDPOINT{$_}, $_) }
        for sort keys %ENDPOINT;
    return;
}

# What a new certificate keeps of the old one.
sub kept ($view) {
    my $pem  = $view->{value}{certificate};
    my %x509 = %{ describe($pem) };
    my $days = days($view);

    delete @x509{qw(serial from to key_id)};
    $_->[2] =~ s/^([0-9A-F]{2}(?::|\z)){20}/identifier/
        for @{ $x509{extensions} };
    return { %x509, days => $days, types => [name_types($pem, 'subject')],
        bytes => unpack 'H*', name_der($pem, 'subject') };
}


my $CA  = authority($hub, '/ca');
my %ALL = (
    common_name        => 'a, "b" + \\c',
    organization_unit  => 'unit',
    country            => 'DE',
    state              => 'state',
    organization       => "m\x{fc}ller",
    locality           => 'locality',
    alternative_names  => ['a.example', '10.0.0.1', '*.b.example', '::1'],
    key_usage          => [qw(decipher_only digital_signature)],
    extended_key_usage => [qw(server_auth client_auth timestamping)],
    duration           => 30,
);

my @KEPT = (
    { %ALL, ca => '/ca' },
    { %ALL, self_sign => \1, key_curve => 'P-384' },
    { ca => '/ca', key_type => 'ed25519' },
    { ca => '/ca', is_ca => \1, duration => 3650, key_usage => ['crl_sign'] },
    { is_ca => \1 },
    { self_sign => \1, duration => 1, key_type => 'rsa' },
    { ca => '/ca', alternative_names => [map {"host-$_"} 1 .. 1000] },
);

each_endpoint 'parameters are read back' => sub ($again, $which) {
    for my $parameters (@KEPT) {
        my $what = substr $JSON->encode($parameters), 0, 60;
        my $old  = generated($parameters);
        my $r    = $again->($hub, $old->{name});
        my $new  = $r->json;

        is($r->status, 200, $what) or diag $r->body;
        isnt($new->{id}, $old->{id}, "$what: a new version");
        ok(!same_key($new, $old), "$what: a new key");
        is_deeply(kept($new), kept($old), "$what: all the rest");
        ok(issued_by($new, $parameters->{ca} ? $CA : $new), "$what: verified");
        ok(key_matches(@{ $new->{value} }{qw(certificate private_key)}),
            "$what: key");

        delete @$_{qw(id version_created_at value expiry_date)} for $new, $old;
        is_deeply($new, $old, "$what: the members of the answer");
    }
};

each_endpoint 'again and again' => sub ($again, $which) {
    my $old = generated({ ca => '/ca', duration => 2 }, metadata => [1]);
    my @all = ($old, map { $again->($hub, $old->{name})->json } 1 .. 3);
    my %serials = map { describe($_->{value}{certificate})->{serial} => 1 } @all;

    is(keys %serials, 4, 'each has its own number');
    is_deeply([map { kept($_) } @all], [(kept($old)) x 4], 'nothing is lost');
    is_deeply([map { $_->{id} } versions($hub, $old->{name})],
        [reverse map { $_->{id} } @all], 'the old versions stay');
    is_deeply($hub->current($old->{name})->{value}, $all[-1]{value},
        'GET shows the last');
};


my $openssl = make_certificate(subject => '/O=o/CN=theirs/CN=too',
    signer => $CA->{value}, days => [-3, 27], extensions =>
    ['basicConstraints=CA:FALSE', 'subjectAltName=email:a@b.c,URI:urn:x',
        'extendedKeyUsage=OCSPSigning,1.2.3.4', 'keyUsage=digitalSignature']);
my %part = (certificate => $openssl->{certificate});

# what was set, error where it cannot be regenerated
my @SET = (
    [{ %$openssl, ca_name => '/ca' }],
    [{ %part, ca_name => '/ca' }],
    [make_certificate()],
    [make_certificate(extensions => ['basicConstraints=critical,CA:TRUE'])],
    [$openssl,                                     'not_regenerable_cert'],
    [{ %$openssl, ca => $CA->{value}{certificate} }, 'not_regenerable_cert'],
);

each_endpoint 'certificates that were set' => sub ($again, $which) {
    for my $row (@SET) {
        my ($value, $error) = @$row;
        my $name = new_name();
        my $old  = $hub->made($hub->set($name, 'certificate', $value))->json;
        my $r    = $again->($hub, $name);
        my $what = describe($value->{certificate})->{subject}[0] . ' '
            . join ' ', sort keys %$value;

        answers($r, $error // 200, $what);
        is(versions($hub, $name), $error ? 1 : 2, "$what: versions");
        next if $error;
        is_deeply([$r->json->{generated}, days($r->json)],
            [JSON::PP::true, days($old)], "$what: generated, days");
    }

    my $name = new_name();
    $hub->set($name, 'certificate', { %$openssl, ca_name => '/ca' });
    my $new = kept($again->($hub, $name)->json);
    my $old = kept({ value => $openssl });
    is_deeply([@$new{qw(bytes key days)}], [@$old{qw(bytes key days)}],
        'subject, key and days');

    for my $part (qw(Alternative Usage)) {
        my ($one, $two) = map { [sort map {"@$_[0, 2]"}
                grep { $_->[0] =~ $part } @{ $_->{extensions} }] } $new, $old;
        is_deeply($one, $two, "$part: also what cannot be asked for");
    }
};


# metadata of the request ("-": none), metadata of the new version
my @METADATA = (
    ['-',          { old => [1.5, undef] }],
    [undef,        undef],
    [{ new => 1 }, { new => 1 }],
);

each_endpoint 'metadata' => sub ($again, $which) {
    for my $row (@METADATA) {
        my ($send, $want) = @$row;
        my $old  = generated({ self_sign => \1 },
            metadata => { old => [1.5, undef] });
        my $none = defined $send && $send eq '-';
        my $what = $JSON->encode($send);

        my $new = $again->($hub, $old->{name},
            { $none ? () : (metadata => $send) })->json;
        is_deeply($new->{metadata}, $want, $what);
        is_deeply($hub->current($old->{name})->{metadata}, $want,
            "$what: read again");
    }
    is_error($again->($hub, '/ca', { metadata => 'm' x 6999 }),
        $which eq 'data' ? 'metadata_long' : 'too_large', 'too much');
};


subtest 'bodies, by id' => sub {
    my $url = "$LIST/" . id_of(generated({ self_sign => \1 })->{name})
        . '/regenerate';
    my @rows = (
        [undef, 200], ['', 200], ['{}', 200], [' {} ', 200],
        ['{"set_as_transitional":"false","metadata":null}',     200],
        ['{"key_length":null,"duration":null}',                 200],
        ['{"allow_transitional_parent_to_sign":"true"}',        200],
        ['{"surprise":1}',             'unknown_key:surprise'],
        ['{"name":"/x"}',              'unknown_key:name'],
        ['{"set_as_transitional":"yes"}', 'bad_request'],
        ['{"set_as_transitional":null}',  'bad_request'],
        ['{"set_as_transitional":[]}',    'bad_request'],
        ['{"duration":"x"}',           'bad_request'],
        ['{"duration":1,"duration":1}', 'bad_request'],
        ['[]', 'bad_request'], ['{', 'bad_request'], ['{}}', 'bad_request'],
    );

    for my $row (@rows) {
        my ($body, $answer) = @$row;
        answers($hub->made($hub->post($url, $body)), $answer, $body // 'none');
    }
};

# key of the certificate, body, answer, days and key of the new version
my @CHANGES = (
    [{},                       { duration => 5 },         200, 5, 'ec P-256'],
    [{},                       { duration => '5000' },    200, 5000, 'ec P-256'],
    [{},                       { duration => 0 },         'duration'],
    [{},                       { duration => -1 },        'duration'],
    [{},                       { key_length => 256 },     200, 7, 'ec P-256'],
    [{},                       { key_length => 2048 },    'key_length'],
    [{},                       { key_length => 384 },     'key_length'],
    [{ key_type => 'ed25519' }, { key_length => 256 },    200, 7, 'ed25519'],
    [{ key_type => 'rsa' },    { key_length => '3072' },  200, 7, 'rsa 3072'],
    [{ key_type => 'rsa' },    { key_length => 256 },     'key_length'],
    [{ key_type => 'rsa' },    { key_length => 1024 },    'key_length'],
);

subtest 'another key length and duration, by id' => sub {
    for my $row (@CHANGES) {
        my ($key, $body, $answer, @want) = @$row;
        my $old  = generated({ ca => '/ca', duration => 7, %$key });
        my $what = $JSON->encode([$key, $body]);
        my $r    = $by_id->($hub, $old->{name}, $body);

        answers($r, $answer, $what);
        next if $r->status != 200;

        my ($bits) = $want[1] =~ /rsa (\d+)/;
        is_deeply([@{ $r->json }{qw(duration_used key_length)}],
            [$want[0], $bits // 256], "$what: told");
        is_deeply([days($r->json), describe($r->json->{value}{certificate})
                ->{key}], \@want, "$what: days, key");
    }
};

subtest 'set_as_transitional' => sub {
    for my $true (\1, 'true') {
        my $old = generated({ is_ca => \1 });
        my $new = $by_id->($hub, $old->{name}, { set_as_transitional => $true });
        is($new->json->{transitional}, JSON::PP::true, $JSON->encode($true));
        is_deeply([map { "$_->{id} $_->{transitional}" }
                versions($hub, $old->{name})],
            [$new->json->{id} . ' 1', "$old->{id} 0"], 'as they stand');

        is_error($by_id->($hub, $old->{name}, { set_as_transitional => $true }),
            'too_many_transitional', 'a second one');
        is(versions($hub, $old->{name}), 2, 'is not written');
        is($by_id->($hub, $old->{name}, { set_as_transitional => 'false' })
            ->json->{transitional}, JSON::PP::false, 'an active one is');
    }
};

subtest 'the version that is the base' => sub {
    my $name = generated({ ca => '/ca', duration => 2 })->{name};
    $by_id->($hub, $name, { duration => 3, set_as_transitional => \1 });

    is($ENDPOINT{name}->($hub, $name)->json->{duration_used}, 3,
        'by name: the newest');
    $by_id->($hub, $name, { duration => 2 });
    my $flag = "$LIST/" . id_of($name) . '/update_transitional_version';
    $hub->put($flag, { version => $by_id->($hub, $name, { duration => 4 })
        ->json->{id} });
    is($by_id->($hub, $name)->json->{duration_used}, 2,
        'by id: the newest that is not transitional');

    $name = generated({ ca => '/ca' })->{name};
    $hub->put("$LIST/" . id_of($name) . '/update_transitional_version',
        { version => 'latest' });
    is_error($by_id->($hub, $name), 'credential', 'by id there has to be one');
    is($ENDPOINT{name}->($hub, $name)->status, 200, 'by name not');
};

subtest 'the version of the CA that signs' => sub {
    my $old  = authority($hub, '/turn');
    my $name = leaf($hub, new_name(), '/turn')->{name};
    my $new  = $by_id->($hub, '/turn', { set_as_transitional => \1 })->json;
    my @rows = (
        [{},                                               $old],
        [{ allow_transitional_parent_to_sign => \0 },      $old],
        [{ allow_transitional_parent_to_sign => 'true' },  $new],
        [{ allow_transitional_parent_to_sign => \1 },      $new],
    );

    my $check = sub ($by, $what, $r) {
        is($r->json->{value}{ca}, $by->{value}{certificate}, "$what: ca");
        ok(issued_by($r->json, $by), "$what: verified");
    };

    $check->($_->[1], $JSON->encode($_->[0]), $by_id->($hub, $name, $_->[0]))
        for @rows;
    $check->($old, $_, $ENDPOINT{$_}->($hub, $name)) for qw(data name);

    $hub->put("$LIST/" . id_of('/turn') . '/update_transitional_version',
        { version => $old->{id} });
    $check->($new, 'the older one is transitional', $by_id->($hub, $name,
        { allow_transitional_parent_to_sign => \1 }));
};

# what becomes of the CA, error
my @BROKEN = (
    ['no CA',   make_certificate(extensions => []),       'not_ca'],
    ['no key',  { certificate => $CA->{value}{certificate} }, 'ca_no_key'],
    ['expired', make_certificate(days => [-9, -2], extensions =>
        ['basicConstraints=critical,CA:TRUE']),           'ca_expired'],
    ['none',    undef,                                    'ca'],
);

each_endpoint 'a CA that cannot sign' => sub ($again, $which) {
    for my $row (@BROKEN) {
        my ($what, $value, $error) = @$row;
        my $name = new_name();
        authority($hub, "$name/ca");
        leaf($hub, $name, "$name/ca");
        is($value ? $hub->set("$name/ca", 'certificate', $value)->status
            : $hub->delete("/api/v1/data?name=$name/ca")->status,
            $value ? 200 : 204, $what);

        is_error($again->($hub, $name), $error, $what);
        is(versions($hub, $name), 1, "$what: nothing was written");
    }
};


# certificate, name, answers by name, by id
my @RIGHTS = (
    ['second', '/mine/self', 200,               200],
    ['second', '/mine/leaf', 'credential',      200],
    ['second', '/ca',        'denied',          'denied'],
    ['third',  '/mine/self', 'denied',          'denied'],
    [undef,    '/mine/self', 'unauthenticated', 'unauthenticated'],
);

each_endpoint 'rights' => sub ($again, $which) {
    generated({ self_sign => \1 }, name => '/mine/self');
    generated({ ca => '/ca' }, name => '/mine/leaf');

    for my $row (@RIGHTS) {
        my ($who, $name, $by_name, $by_id) = @$row;
        answers($again->($hub->as($who), $name), $which eq 'id' ? $by_id
            : $by_name, ($who // 'nobody') . " $name");
    }
};

subtest 'ids' => sub {
    my $old = generated({ self_sign => \1 });
    $hub->set('/other', 'value', 'MARKER-v');
    my @rows = (
        [id_of($old->{name}),                    200],
        [uc id_of($old->{name}),                 200],
        [$old->{id},                             'credential'],
        ['00000000-0000-4000-8000-000000000000', 'credential'],
        ['1-1-1-1-1', 'credential'], ['x', 'credential'],
        [$hub->current('/other')->{id}, 'credential'],
    );
    answers($hub->made($hub->post("$LIST/$_->[0]/regenerate")), $_->[1],
        $_->[0]) for @rows;
    is_error($hub->get("$LIST/$rows[0][0]/regenerate"), 'method', 'GET');
};


# parameters, body by id, days, overridden: where CAs live for 4,000 days and
# leaves for 90
my @LEAST = (
    [{ ca => '/ca', duration => 30 },  { duration => 40 },    90, 1],
    [{ ca => '/ca', duration => 30 },  {},                    90, 1],
    [{ ca => '/ca', duration => 90 },  {},                    90, 0],
    [{ ca => '/ca', duration => 91 },  {},                    91, 0],
    [{ self_sign => \1, duration => 1 }, {},                  90, 1],
    [{ is_ca => \1, duration => 3650 }, { duration => 3999 }, 4000, 1],
    [{ is_ca => \1, duration => 3650 }, { duration => 4001 }, 4001, 0],
    [{ ca => '/ca', is_ca => \1 },     {},                    4000, 1],
);

subtest 'durations that are too short' => sub {
    for my $row (@LEAST) {
        my ($parameters, $body, $days, $over) = @$row;
        my $what = $JSON->encode([$parameters, $body]);
        my $told = sub ($view) {
            return [$view->{duration_overridden} ? 1 : 0,
                $view->{duration_used}, days($view)];
        };

        my $old = generated($parameters);
        my $new = $by_id->($hub, $old->{name}, $body, port => 'long')->json;
        is_deeply($told->($new), [$over, $days, $days], $what);

        $new = $ENDPOINT{name}->($hub, $old->{name}, {}, port => 'long')->json;
        is_deeply($told->($new), [0, $days, $days], "$what: once more");

        next if %$body;
        is_deeply($told->(generated($parameters, port => 'long')),
            [$over, $days, $days], "$what: generated");
    }
};

# parameters, key usage when generated, after a regenerate
my $BOTH   = 'Certificate Sign, CRL Sign';
my @USAGES = (
    [{ is_ca => \1 },                                $BOTH, $BOTH],
    [{ is_ca => \1, key_usage => [] },               $BOTH, $BOTH],
    [{ is_ca => \1, key_usage => ['crl_sign'] },     'CRL Sign', 'CRL Sign'],
    [{ is_ca => \1, ca => '/ca' },                   '', $BOTH],
    [{ self_sign => \1 },                            '', ''],
);

subtest 'key usages of CAs' => sub {
    my $usage = sub ($view) {
        my $x509 = describe($view->{value}{certificate});
        return join '', map { $_->[2] }
            grep { $_->[0] eq 'X509v3 Key Usage' } @{ $x509->{extensions} };
    };

    for my $row (@USAGES) {
        my ($parameters, @want) = @$row;
        my $old = generated($parameters, port => 'long');
        my $what = $JSON->encode($parameters);

        is($usage->($old), $want[0], "$what: generated");
        is($usage->($ENDPOINT{$_}->($hub, $old->{name}, {}, port => 'long')
            ->json), $want[1], "$what: $_") for sort keys %ENDPOINT;
    }

    my $name = generated({ is_ca => \1 })->{name};
    is($usage->($by_id->($hub, $name)->json), '', 'not where it is off');
};

$hub->done;
