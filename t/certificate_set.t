# PUT /api/v1/data for certificates, with certificates made by openssl.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors qw(answers is_error);
use CredHubTest::Permissions qw(permit);
use CredHubTest::Pki qw(der describe file_of make_certificate name_der new_key
    openssl verified);
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Test::More;

my $hub   = CredHubTest->new(
    keep        => 1,
    permissions => [['good', '/*', 'read,write,delete,read_acl,write_acl'],
        ['second', '/mine/*', 'read,write'], ['third', '/*', 'read']],
);
my $JSON  = JSON::PP->new->canonical->allow_nonref;
my $count = 0;

my @CA   = (extensions => ['basicConstraints=critical,CA:TRUE']);
my @LEAF = (extensions => ['basicConstraints=CA:FALSE']);


sub new_name () { return '/set/' . ++$count }

# A PUT; secrets of the answer are remembered.
sub set ($value, %opt) {
    my $as   = delete $opt{as}   // $hub;
    my $name = delete $opt{name} // new_name();
    return $hub->made($as->set($name, 'certificate', $value, %opt));
}

sub listed ($name) {
    my $r = $hub->get("/api/v1/certificates?name=$name");
    return $r->json->{certificates}[0];
}

sub export_key ($private, @args) {
    return openssl(@args, '-in', file_of($private));
}

sub armor ($label, $bytes) {
    return "-----BEGIN $label-----\n"
        . join("\n", encode_base64($bytes, '') =~ /.{1,64}/g)
        . "\n-----END $label-----\n";
}


my $ca     = make_certificate(subject => '/CN=ca', @CA);
my $twin   = make_certificate(subject => '/CN=ca', @CA);
my $middle = make_certificate(subject => '/CN=middle', signer => $ca, @CA);
my $leaf   = make_certificate(subject => '/CN=leaf', signer => $ca, @LEAF);
my $deep   = make_certificate(subject => '/CN=deep', signer => $middle, @LEAF);
my $self   = make_certificate(subject => '/CN=self', @LEAF);
my $v1     = make_certificate(subject => '/CN=v1');
my $rsa    = make_certificate(subject => '/CN=rsa', key => 'rsa 2048',
    signer => $ca, @LEAF);
my $small  = make_certificate(key => 'rsa 1024', @LEAF);
my $ed     = make_certificate(key => 'ed25519', signer => $ca, @LEAF);
my $p384   = make_certificate(key => 'ec P-384', @LEAF);
my $p521   = make_certificate(key => 'ec P-521', @LEAF);
my $dsa    = make_certificate(key => 'dsa', @LEAF);
my $gone   = make_certificate(signer => $ca, days => [-9, -2], @LEAF);
my $coming = make_certificate(signer => $ca, days => [5, 30], @LEAF);

my ($C, $K, $A) = qw(certificate private_key ca);

my $PKCS1 = export_key($rsa->{$K}, qw(rsa -traditional));
my $SEC1  = export_key($leaf->{$K}, qw(ec));


is($hub->set('/ca', 'certificate', $ca)->status, 200);

subtest 'the answer' => sub {
    my $r   = set({ %$leaf, ca => $ca->{$C} }, metadata => { m => 1 });
    my $got = $r->json;

    is($r->status, 200);
    is_deeply([sort keys %$got], [sort qw(type version_created_at id name
        metadata value expiry_date certificate_authority self_signed generated
        transitional)], 'nothing of a generation');
    is_deeply($got->{value}, { %$leaf, ca => $ca->{$C} });
    is_deeply($got->{metadata}, { m => 1 });
    is($got->{generated} . $got->{transitional}, '00', 'generated, transitional');

    my @t = gmtime describe($leaf->{$C})->{to};
    is($got->{expiry_date}, sprintf('%04d-%02d-%02dT%02d:%02d:%02dZ',
        $t[5] + 1900, $t[4] + 1, @t[3, 2, 1, 0]), 'expiry_date');
    is_deeply($hub->current($got->{name}), $got, 'GET shows the same');
};


# what, value, [certificate_authority, self_signed], signed by itself?
my @ACCEPTED = (
    ['leaf and CA',           { %$leaf, ca => $ca->{$C} },  '00'],
    ['leaf alone',            $leaf,                        '00'],
    ['certificate alone',     { $C => $leaf->{$C} },        '00'],
    ['empty parts',           { $C => $leaf->{$C}, $K => '', $A => '',
        ca_name => '' },                                    '00'],
    ['null parts',            { $C => $leaf->{$C}, $K => undef, $A => undef,
        ca_name => undef },                                 '00'],
    ['CA',                    $ca,                          '11'],
    ['CA and itself',         { %$ca, ca => $ca->{$C} },    '11'],
    ['CA of another',         $middle,                      '10'],
    ['CA of another and it',  { %$middle, ca => $ca->{$C} }, '10'],
    ['leaf of another CA',    { %$deep, ca => $middle->{$C} }, '00'],
    ['self-signed leaf',      $self,                        '01'],
    ['self-signed, itself',   { %$self, ca => $self->{$C} }, '01'],
    ['self-signed, trimmed',  { %$self, ca => $self->{$C} =~ s/\n\z//r }, '01'],
    ['version 1',             $v1,                          '01'],
    ['expired',               { %$gone, ca => $ca->{$C} },  '00'],
    ['of the future',         { %$coming, ca => $ca->{$C} }, '00'],
    ['RSA',                   { %$rsa, ca => $ca->{$C} },   '00'],
    ['RSA, PKCS#1',           { %$rsa, $K => $PKCS1 },      '00'],
    ['RSA of 1024 bits',      $small,                       '01'],
    ['EC, SEC 1',             { %$leaf, $K => $SEC1 },      '00'],
    ['EC, P-384',             $p384,                        '01'],
    ['Ed25519',               $ed,                          '00'],
    ['EC, P-521, no key',     { $C => $p521->{$C} },        '01'],
    ['DSA, no key',           { $C => $dsa->{$C} },         '01'],

    ['chain',       { %$deep, $C => "$deep->{$C}$middle->{$C}$ca->{$C}",
        ca => "$middle->{$C}$ca->{$C}" },                   '00'],
    ['text before', { %$leaf, $C => "subject=CN = leaf\n\n$leaf->{$C}",
        ca => "text\n$ca->{$C}", $K => "text\n$leaf->{$K}" }, '00'],
    ['text behind', { %$leaf, $C => "$leaf->{$C}text\n-----BEGIN",
        ca => "$ca->{$C}\n\ntext ", $K => "$leaf->{$K}text" }, '00'],
    ['text on the BEGIN line', { $C => $leaf->{$C} =~ s/-\n/- text\n/r }, '00'],
    ['CR LF',       { $C => $leaf->{$C} =~ s/\n/\r\n/gr,
        $K => $leaf->{$K} =~ s/\n/\r\n/gr, ca => $ca->{$C} =~ s/\n/\r\n/gr },
        '00'],
    ['no newline at the end', { map { $_ => $leaf->{$_} =~ s/\n\z//r } $C, $K },
        '00'],
    ['EC parameters before the key', { %$leaf, $K =>
        openssl(qw(ecparam -name prime256v1)) . $SEC1 },    '00'],
);

subtest 'what is accepted' => sub {
    for my $row (@ACCEPTED) {
        my ($what, $value, $flags) = @$row;
        my $r   = set($value);
        my $got = $r->json;
        my %ask = map { my $part = $value->{$_};
            $_ => length($part // '') ? $part : undef } $A, $C, $K;

        is($r->status, 200, $what) or diag $r->body;
        is_deeply($got->{value}, \%ask, "$what: byte for byte");
        is(join('', map { $got->{$_} ? 1 : 0 }
            qw(certificate_authority self_signed)), $flags, "$what: flags");
        is_deeply($hub->current($got->{name} // '/none'), $got,
            "$what: GET shows the same");

        is(listed($got->{name})->{signed_by},
            $flags =~ /1\z/ ? $got->{name} : '', "$what: signed_by");
    }
};


my $broken_key = $leaf->{$C};
{
    my $der = der($leaf->{$C});
    my ($point) = openssl('asn1parse', '-in', file_of($leaf->{$C}))
        =~ /prime256v1\n *(\d+):d=3 .*BIT STRING/;
    substr $der, $point + 3, 1, "\x05";    # no kind of point
    $broken_key = armor('CERTIFICATE', $der);
}

my $bad_signature = do {
    my $der = der($leaf->{$C});
    substr $der, -1, 1, chr(ord(substr $der, -1) ^ 1);
    armor('CERTIFICATE', $der);
};

my @PASS    = qw(-passout pass:x);
my $DER     = der($leaf->{$C});
my $LATIN   = $DER =~ tr/\0/\1/r;
my $REQUEST = openssl('req', '-new', '-key', file_of($leaf->{$K}), '-subj', '/');
my $PKCS7   = openssl('crl2pkcs7', '-nocrl', '-certfile', file_of($leaf->{$C}));

# what, value, error
my @REFUSED = (
    ['no part',         {},                                 'no_cert_fields'],
    ['empty parts',     { $A => '', $C => '', $K => '' },   'no_cert_fields'],
    ['null parts',      { $A => undef, $C => undef },       'no_cert_fields'],
    ['only ca_name',    { ca_name => '/ca' },               'no_cert_fields'],
    ['null',            undef,                              'no_value'],
    ['a string',        $leaf->{$C},                        'bad_request'],
    ['an array',        [$leaf->{$C}],                      'bad_request'],
    ['an object',       { $C => { pem => $leaf->{$C} } },   'bad_request'],
    ['unknown key',     { %$leaf, surprise => 1 },  'unknown_key:surprise'],
    ['key only',        { $K => $leaf->{$K} },              'need_cert'],
    ['ca only',         { $A => $ca->{$C} },                'need_cert'],
    ['ca and ca_name',  { %$leaf, $A => $ca->{$C}, ca_name => '/ca' },
        'ca_and_ca_name'],

    (map { ["certificate: $_->[0]", { $C => $_->[1] }, 'bad_cert'] }
        ['text', 'certificate'], ['space', ' '],
        ['base64 of DER', encode_base64($DER)],
        ['DER', $LATIN],
        ['DER in PEM lines',
            "-----BEGIN CERTIFICATE-----\n$LATIN\n-----END CERTIFICATE-----\n"],
        ['PEM of half of it',
            armor('CERTIFICATE', substr $DER, 0, length($DER) / 2)],
        ['PEM of nothing', armor('CERTIFICATE', '')],
        ['PEM of a sequence', armor('CERTIFICATE', "\x30\x00")],
        ['no END', $leaf->{$C} =~ s/-----END.*//sr],
        ['other END', $leaf->{$C} =~ s/END CERT/END X509 CERT/r],
        ['private key', $leaf->{$K}], ['request', $REQUEST],
        ['and its key', $leaf->{$C} . $leaf->{$K}],
        ['PKCS#7', $PKCS7]),
    ['DER with NUL',    { $C => $DER },                     'bad_request'],
    ['broken public key', { $C => $broken_key },            'unreadable_cert'],

    (map { ["ca: $_->[0]", { %$leaf, $A => $_->[1] }, 'bad_ca'] }
        ['text', 'ca'], ['key', $ca->{$K}], ['DER', $LATIN],
        ['and its key', $ca->{$K} . $ca->{$C}]),
    ['ca: a leaf',      { %$leaf, $A => $deep->{$C} },    'not_signed_by_ca'],
    ['ca: no CA',       { %{ make_certificate(signer => $self, @LEAF) },
        $A => $self->{$C} },                                'bad_ca'],
    ['ca: version 1',   { %{ make_certificate(signer => $v1, @LEAF) },
        $A => $v1->{$C} },                                  'bad_ca'],
    ['ca: another',     { %$deep, $A => $ca->{$C} },        'not_signed_by_ca'],
    ['ca: its name, another key', { %$leaf, $A => $twin->{$C} },
        'not_signed_by_ca'],
    ['ca: itself, not self-signed', { %$leaf, $A => $leaf->{$C} },
        'not_signed_by_ca'],
    ['ca: only second in the PEM', { %$leaf, $A => "$twin->{$C}$ca->{$C}" },
        'not_signed_by_ca'],
    ['ca: bad signature', { $C => $bad_signature, $A => $ca->{$C} },
        'not_signed_by_ca'],

    (map { ["key: $_->[0]", { $C => ($_->[2] // $leaf)->{$C}, $K => $_->[1] },
            'private_key'] }
        ['DSA', $dsa->{$K}, $dsa], ['P-521', $p521->{$K}, $p521],
        ['X25519', new_key('x25519')], ['Ed448', new_key('ed448')]),
    (map { ["key: $_->[0]", { $C => $leaf->{$C}, $K => $_->[1] },
            'private_key_format'] }
        ['text', 'MARKER-key'], ['certificate', $leaf->{$C}],
        ['request', $REQUEST],
        ['public', export_key($leaf->{$K}, qw(pkey -pubout))],
        ['encrypted PKCS#8', export_key($leaf->{$K}, qw(pkcs8 -topk8), @PASS)],
        ['encrypted SEC 1', export_key($leaf->{$K}, qw(ec -aes128), @PASS)],
        ['encrypted PKCS#1',
            export_key($rsa->{$K}, qw(rsa -traditional -aes128), @PASS)]),
    (map { ["key: undecodable $_", { $C => $leaf->{$C},
            $K => armor($_, 'MARKER-key') }, 'private_key_pem'] }
        'PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY'),
    ['another RSA key', { $C => $small->{$C}, $K => $rsa->{$K} },
        'key_mismatch'],
    ['another EC key',  { $C => $leaf->{$C}, $K => $ca->{$K} }, 'key_mismatch'],
    ['EC key for RSA',  { $C => $rsa->{$C}, $K => $ca->{$K} },  'key_mismatch'],
    ['RSA key for Ed25519', { $C => $ed->{$C}, $K => $PKCS1 },  'key_mismatch'],
);

subtest 'what is refused' => sub {
    for my $row (@REFUSED) {
        my ($what, $value, $error) = @$row;
        my $name = new_name();
        is_error(set($value, name => $name), $error, $what);
        is($hub->current($name), undef, "$what: nothing was written");
    }

    my $name = new_name();
    $hub->set($name, 'password', 'MARKER-p');
    is_error(set($leaf, name => $name), 'type_mismatch', 'another type');
    is_error(set({}, name => $name), 'no_cert_fields', 'a bad value before it');
    is_error(set($leaf, mode => 'converge'), 'unknown_key:mode', 'a mode');
};

subtest 'the limit of 7000 bytes' => sub {
    my $fill = sub ($pem, $size) { $pem . '#' x ($size - length $pem) };

    for my $row ([7000, 200], [7001, 'cert_long']) {
        my ($size, $want) = @$row;
        answers(set({ %$leaf, $C => $fill->($leaf->{$C}, $size) }), $want,
            "certificate: $size");
        answers(set({ %$leaf, ca => $fill->($ca->{$C}, $size) }), $want,
            "ca: $size");
    }
    is(set({ $C => $leaf->{$C}, $K => $fill->($leaf->{$K}, 9000) })->status,
        200, 'keys have none');
    is_error(set({ $C => $leaf->{$C}, $K => $fill->($leaf->{$K}, 65_536) }),
        'too_large', 'but that of all values');
};

subtest 'what a client says of a certificate' => sub {
    my $got = set({ %$leaf, self_signed => \1, certificate_authority => \1,
        transitional => \1, generated => \1, expiry_date => '2000-01-01' })->json;

    is(join('', map { $got->{$_} ? 1 : 0 } qw(self_signed generated
        certificate_authority transitional)), '0000', 'is ignored');
    unlike($got->{expiry_date}, qr/^2000/);
};

subtest 'parts come from no older version' => sub {
    my $name = set({ %$leaf, ca => $ca->{$C} }, metadata => [1])->json->{name};
    my $got  = set({ $C => $rsa->{$C} }, name => $name)->json;

    is_deeply([$got->{value}, $got->{metadata}],
        [{ $C => $rsa->{$C}, $K => undef, $A => undef }, undef]);
    is(@{ $hub->get("/api/v1/data?name=$name")->json->{data} }, 2,
        'always a new version');
};


$hub->set('/password', 'password', 'MARKER-p');
for my $row (['/leaf', $self], ['/twin', $twin],
    ['/no-key', { $C => $ca->{$C} }])
{
    $hub->set($row->[0], 'certificate', $row->[1])->status == 200 or die;
}

# certificate, name, ca_name, what is set, answer
my @CA_NAMES = (
    ['good', '/x', '/ca',       $leaf,   200],
    ['good', '/x', 'CA',        $leaf,   200],
    ['good', '/x', '/no-key',   $leaf,   200],
    ['good', '/x', '/ca',       $middle, 200],
    ['good', '/x', '/ca',       $gone,   200],
    ['good', '/x', '/none',     $leaf,   'ca'],
    ['good', '/x', '/password', $leaf,   'ca'],
    ['good', '/x', '/leaf',     $self,   'not_ca'],
    ['good', '/x', '/twin',     $leaf,   'not_signed_by_ca_name'],
    ['good', '/x', '/ca',       $self,   'not_signed_by_ca_name'],
    ['good', '/x', '/ca',       $deep,   'not_signed_by_ca_name'],
    ['good', '/password', '/none', $leaf, 'ca'],
    ['good', '/password', '/ca',   $leaf, 'type_mismatch'],
    ['second', '/mine/x', '/ca',   $leaf, 'ca'],
    ['second', '/mine/x', '/none', $leaf, 'ca'],
    ['second', '/mine/x', '',      $leaf, 200],
    ['second', '/x',      '/ca',   $leaf, 'denied'],
    ['third',  '/x',      '/ca',   $leaf, 'denied'],
    ['third',  '/x',      '/none', $leaf, 'denied'],
    [undef,    '/x',      '/ca',   $leaf, 'unauthenticated'],
);

subtest 'ca_name' => sub {
    for my $row (@CA_NAMES) {
        my ($who, $name, $ca_name, $made, $answer) = @$row;
        my $r = set({ %$made, ca => '', ca_name => $ca_name },
            name => $name, as => $hub->as($who));
        my $what = ($who // 'nobody') . " $name by '$ca_name'";

        answers($r, $answer, $what);
        next if $r->status != 200 || $ca_name eq '';

        is_deeply($r->json->{value}, { %$made, ca => $ca->{$C} },
            "$what: its certificate, and no name");
        is(listed($name)->{signed_by}, lc '/' . $ca_name =~ s{^/}{}r,
            "$what: signed_by");
    }

    permit($hub, '/ca', $hub->actor('second'), 'read');
    is(set({ %$leaf, ca_name => '/ca' }, name => '/mine/x',
        as => $hub->as('second'))->status, 200, 'read on the CA is enough');
};


subtest 'their CA signs ours' => sub {
    my %form = ('rsa 2048' => [qw(rsa -traditional)], 'ec P-384' => ['ec'],
        'ed25519' => ['pkey']);

    for my $kind (sort keys %form) {
        my $theirs = make_certificate(key => $kind, subject => "/O=$kind", @CA);
        my $name   = new_name();
        my $key    = export_key($theirs->{$K}, @{ $form{$kind} });
        is(set({ %$theirs, $K => $key }, name => $name)->status, 200, $kind);

        my $r = $hub->made($hub->generate("$name/leaf", 'certificate',
            { common_name => 'x', ca => $name, key_type => 'ec' }));
        my $pem = $r->json->{value}{$C};
        is(verified($pem, $theirs->{$C}), 'OK', "$kind: verified");
        is(name_der($pem, 'issuer'), name_der($theirs->{$C}, 'subject'),
            "$kind: issuer");
    }
};

subtest 'our CA, with which openssl signs' => sub {
    for my $key ({ key_type => 'rsa' }, { key_type => 'ec' },
        { key_type => 'ed25519' })
    {
        my $name = new_name();
        my $ours = $hub->made($hub->generate($name, 'certificate',
            { common_name => 'ours', is_ca => \1, %$key }))->json->{value};
        my $theirs = make_certificate(signer => $ours, @LEAF);

        is(verified($theirs->{$C}, $ours->{$C}), 'OK', "$key->{key_type}: verified");
        my $r = set({ %$theirs, ca_name => $name });
        is_deeply($r->json->{value}, { %$theirs, ca => $ours->{$C} },
            "$key->{key_type}: accepted by its name");
        is_deeply(listed($name)->{signs}, [$r->json->{name}],
            "$key->{key_type}: signs");
        is(set({ %$theirs, ca => $ours->{$C} })->status, 200,
            "$key->{key_type}: and by its certificate");
    }
};

subtest 'what was exported is imported' => sub {
    my %asked = (
        leaf => { self_sign => \1 },
        root => { is_ca => \1 },
        child => { ca => '/ca' },
    );

    for my $kind (sort keys %asked) {
        my $name = new_name();
        $hub->made($hub->generate($name, 'certificate', { common_name => 'x',
            key_type => 'ec', %{ $asked{$kind} } }, metadata => { m => 1 }));
        my $before = $hub->current($name);
        my $issuer = listed($name)->{signed_by};
        my %value  = %{ $before->{value} };

        if ($issuer ne $name) {
            delete $value{ca};
            $value{ca_name} = $issuer;
        }

        $hub->delete("/api/v1/data?name=$name");
        my $r = set(\%value, name => $name, metadata => $before->{metadata});
        is($r->status, 200, $kind);

        my $after = $hub->current($name);
        delete @$_{qw(id version_created_at generated)} for $before, $after;
        is_deeply($after, $before, "$kind: comes back");
        is(listed($name)->{signed_by}, $issuer, "$kind: signed_by");
    }
};

$hub->done;
