# What stands in a certificate that the hub issues, as openssl reads it.

use v5.36;
use utf8;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors qw(is_error);
use CredHubTest::Pki qw(der describe make_certificate name_der name_types
    verified);
use JSON::PP ();
use Test::More;

binmode Test::More->builder->$_, ':encoding(UTF-8)'
    for qw(output failure_output todo_output);

my $hub   = CredHubTest->new(leaks => 0, keep => 1);
my $JSON  = JSON::PP->new->canonical->allow_nonref;
my $count = 0;

my $SKI = 'X509v3 Subject Key Identifier';
my $SAN = 'X509v3 Subject Alternative Name';
my $KU  = 'X509v3 Key Usage';
my $EKU = 'X509v3 Extended Key Usage';
my $AKI = 'X509v3 Authority Key Identifier';
my $BC  = 'X509v3 Basic Constraints';


sub new_name () { return '/new/' . ++$count }

sub ask ($parameters, $name = new_name()) {
    return $hub->made($hub->generate($name, 'certificate',
        { key_type => 'ec', %$parameters }));
}

# The certificate as openssl describes it, and in PEM.
sub issued ($parameters, @name) {
    my $r = ask($parameters, @name);
    $r->status == 200 or die $JSON->encode($parameters), $r->body;
    my $pem = $r->json->{value}{certificate};
    return { pem => $pem, %{ describe($pem) } };
}

# The value of an extension; undef when it is not there.
sub extension ($x509, $name) {
    my ($row) = grep { $_->[0] eq $name } @{ $x509->{extensions} };
    return $row && $row->[2];
}

sub colons ($hex) { return join ':', $hex =~ /../g }


my $ROOT = issued({ common_name => 'root', organization => 'o', is_ca => \1 },
    '/ca');

my %ALL = (
    common_name        => 'leaf',
    organization_unit  => 'unit',
    country            => 'DE',
    state              => 'state',
    organization       => 'organization',
    locality           => 'locality',
    alternative_names  => ['a.example', '10.0.0.1', 'b.example'],
    key_usage          => [qw(digital_signature key_encipherment)],
    extended_key_usage => [qw(server_auth client_auth)],
    duration           => 30,
    ca                 => '/ca',
);

subtest 'everything that can be asked for' => sub {
    my $x509 = issued(\%ALL);
    my $at   = time;

    is($x509->{version}, 3, 'version');
    is_deeply($x509->{subject}, [qw(CN=leaf OU=unit C=DE ST=state
        O=organization L=locality)], 'subject, in this order');
    is_deeply([name_types($x509->{pem}, 'subject')],
        [map {"$_ PRINTABLESTRING"} qw(commonName organizationalUnitName
            countryName stateOrProvinceName organizationName localityName)]);
    is(name_der($x509->{pem}, 'issuer'), name_der($ROOT->{pem}, 'subject'),
        'issuer');
    is_deeply($x509->{extensions}, [
        [$SKI, 0, colons($x509->{key_id})],
        [$SAN, 0, 'DNS:a.example, IP Address:10.0.0.1, DNS:b.example'],
        [$KU,  1, 'Digital Signature, Key Encipherment'],
        [$EKU, 0, 'TLS Web Server Authentication, '
            . 'TLS Web Client Authentication'],
        [$AKI, 0, colons($ROOT->{key_id})],
        [$BC,  1, 'CA:FALSE'],
    ], 'extensions, in this order');

    cmp_ok($x509->{from}, '<=', $at, 'valid already');
    cmp_ok($x509->{from}, '>', $at - 60, 'since just now');
    is($x509->{to} - $x509->{from}, 30 * 24 * 60 * 60, 'for 30 days');
    is(verified($x509->{pem}, $ROOT->{pem}, args =>
        [qw(-purpose sslserver -verify_hostname b.example)]), 'OK', 'verified');
};

# parameters, extensions besides the identifiers
my @LEAST = (
    [{ ca => '/ca' },                  [$BC, 1, 'CA:FALSE']],
    [{ ca => '/ca', is_ca => \1 },     [$BC, 1, 'CA:TRUE']],
    [{ self_sign => \1 },              [$BC, 1, 'CA:FALSE']],
    [{ is_ca => \1 },                  [$BC, 1, 'CA:TRUE']],
    [{ ca => '/ca', alternative_names => [], key_usage => [],
        extended_key_usage => [] },    [$BC, 1, 'CA:FALSE']],
    [{ ca => '/ca', alternative_names => undef, key_usage => undef,
        extended_key_usage => undef }, [$BC, 1, 'CA:FALSE']],
);

subtest 'as little as possible' => sub {
    for my $row (@LEAST) {
        my ($parameters, @more) = @$row;
        my $x509   = issued({ common_name => 'least', %$parameters });
        my $signer = $parameters->{ca} ? $ROOT : $x509;

        is_deeply($x509->{extensions}, [
            [$SKI, 0, colons($x509->{key_id})],
            [$AKI, 0, colons($signer->{key_id})],
            @more,
        ], $JSON->encode($parameters));
        is(name_der($x509->{pem}, 'issuer'),
            name_der($signer->{pem}, 'subject'), 'issuer');
    }
};

subtest 'key identifier of other keys' => sub {
    for my $key ({ key_type => 'rsa' }, { key_type => 'ed25519' },
        { key_curve => 'P-384' })
    {
        my $x509 = issued({ common_name => 'x', self_sign => \1, %$key });
        is(extension($x509, $SKI), colons($x509->{key_id}), $x509->{key});
        is(extension($x509, $AKI), colons($x509->{key_id}), $x509->{key});
    }
};


# CAs by openssl: what is copied from them
subtest 'a CA without key identifier' => sub {
    my $ca = make_certificate(subject => '/CN=bare', extensions =>
        ['basicConstraints=critical,CA:TRUE', 'subjectKeyIdentifier=none']);
    is(extension(describe($ca->{certificate}), $SKI), undef, 'it has none');
    is($hub->set('/bare', 'certificate', $ca)->status, 200);

    my $x509 = issued({ common_name => 'x', ca => '/bare' });
    is_deeply($x509->{extensions}, [[$SKI, 0, colons($x509->{key_id})],
        [$BC, 1, 'CA:FALSE']], 'no authority key identifier');
    is(verified($x509->{pem}, $ca->{certificate}), 'OK', 'verified');
};

subtest 'a CA with names and identifiers of its own' => sub {
    my $ca = make_certificate(subject => '/O=ö/CN=one+CN=two/CN=three', extensions =>
        ['basicConstraints=critical,CA:TRUE', 'subjectKeyIdentifier=01020304']);
    is($hub->set('/odd', 'certificate', $ca)->status, 200);

    my $x509 = issued({ common_name => 'x', ca => '/odd' });
    is(name_der($x509->{pem}, 'issuer'),
        name_der($ca->{certificate}, 'subject'), 'issuer, byte for byte');
    is(extension($x509, $AKI), '01:02:03:04', 'its identifier is copied');
    is(verified($x509->{pem}, $ca->{certificate}), 'OK', 'verified');
};


my @LITERAL = (    # value, type
    ['a,O=evil',                 'PRINTABLESTRING'],
    ['a+O=evil',                 'PRINTABLESTRING'],
    ['a/CN=b',                   'PRINTABLESTRING'],
    ["it's (a) test: -.?",       'PRINTABLESTRING'],
    [' spaces ',                 'PRINTABLESTRING'],
    ['quote "x" back\\slash\\',  'UTF8STRING'],
    ['semi;colon <angle> #hash', 'UTF8STRING'],
    ['#0403616263',              'UTF8STRING'],
    ['\\2C\\,',                  'UTF8STRING'],
    ['mail@example.com',         'UTF8STRING'],
    ['*.example.com',            'UTF8STRING'],
    ['under_score',              'UTF8STRING'],
    ['Jürgen 漢字 🔑',           'UTF8STRING'],
    ["tab\tnew\nline",           'UTF8STRING'],
);

subtest 'subjects stand literally' => sub {
    for my $row (@LITERAL) {
        my ($value, $type) = @$row;
        my $x509  = issued({ common_name => $value, locality => $value,
            ca => '/ca' });
        my $bytes = $value;
        utf8::encode($bytes);

        is_deeply([name_types($x509->{pem}, 'subject')],
            ["commonName $type", "localityName $type"], "$value: $type");
        my $in = chr($type eq 'UTF8STRING' ? 0x0c : 0x13)
            . chr(length $bytes) . $bytes;
        is(() = name_der($x509->{pem}, 'subject') =~ /\Q$in\E/g, 2,
            "$value: to the byte");
    }

    my $x509 = issued({ ca => '/ca', map { $_ => '+,' } qw(common_name
        organization organization_unit locality state country) });
    is_deeply($x509->{subject}, ['CN=+,', 'OU=+,', 'C=+,', 'ST=+,', 'O=+,',
        'L=+,'], 'all of them');
};


my @NAMES = (    # as openssl shows them, where that is not DNS:NAME
    ['10.0.0.1',        'IP Address:10.0.0.1'],
    ['255.255.255.255', 'IP Address:255.255.255.255'],
    ['::1',             'IP Address:0:0:0:0:0:0:0:1'],
    ['2001:DB8::5',     'IP Address:2001:DB8:0:0:0:0:0:5'],
    ['::ffff:1.2.3.4',  'IP Address:0:0:0:0:0:FFFF:102:304'],
    (map { [$_] } 'localhost', 'a', 'A.Example.COM', 'a.example.com',
        'a.example.com.', 'a-b.c-d', 'a_b.example', 'a.1b.c', '1.a', 'xn--mller-kva.de',
        'l' x 63 . '.de', join('.', ('a') x 127), 'v' . '.abcdefgh' x 28,
        '*.example.com', '*', '.foo', '.1', '*.a.b-', ''),
);

subtest 'alternative names' => sub {
    my @names = map { $_->[0] } @NAMES;
    my @shown = map { $_->[1] // "DNS:$_->[0]" } @NAMES;
    my $x509  = issued({ common_name => 'x', ca => '/ca',
        alternative_names => [@names, 'a', 'a'] });

    is_deeply([split /, /, extension($x509, $SAN), -1],
        [@shown, 'DNS:a', 'DNS:a'], 'in order, also twice');

    $x509 = issued({ common_name => 'x', ca => '/ca',
        alternative_names => ['müller.example'] });
    utf8::encode(my $name = 'müller.example');
    is(index(der($x509->{pem}), "\x82\x0f$name") > 0, 1,
        'not ASCII: as written');
};

my @NO_NAMES = ('a@example.com', 'http://example.com', 'a b', '1.2.3.999',
    '1.2.3', '1.2.3.4.5', '10.0.0.0/8', '[::1]', ':::', 'fe80::1%1', '-a.de',
    'a-.de', '_a.de', 'a_.de', 'a..de', '.', '..', '*.', '*a.de', 'a.*.de',
    '*.*.de', '*.a_b', '*.a..b', '.foo.', 'a.de..', 'a.1', 'a.1b', '7', ' a',
    'a ', "a\n", 'a:b', '$', 'l' x 64 . '.de');

subtest 'what is no alternative name' => sub {
    for my $name (@NO_NAMES) {
        my $r = ask({ common_name => 'x', ca => '/ca',
            alternative_names => ['good.example', $name] });
        is_error($r, "alt_name:$name" =~ s/\]//r, "'$name'");
    }
};

subtest 'many alternative names' => sub {
    my @names = map {"host-$_.example.com"} 1 .. 1000;
    my $x509  = issued({ common_name => 'x', ca => '/ca',
        alternative_names => \@names });
    is_deeply([split /, /, extension($x509, $SAN)], [map {"DNS:$_"} @names],
        '1,000');

    is_error(ask({ common_name => 'x', ca => '/ca',
        alternative_names => ['a', ('b') x 10_000] }), 'alt_names_many',
        '10,001');

    my $name = new_name();
    is_error(ask({ common_name => 'x', ca => '/ca',
        alternative_names => [map {"host-$_.example.com"} 1 .. 5000] }, $name),
        'too_large', 'a certificate of more than 64 KiB');
    is($hub->current($name), undef, 'is not stored');
};


my @USAGES = (
    [digital_signature => 'Digital Signature'],
    [non_repudiation   => 'Non Repudiation'],
    [key_encipherment  => 'Key Encipherment'],
    [data_encipherment => 'Data Encipherment'],
    [key_agreement     => 'Key Agreement'],
    [key_cert_sign     => 'Certificate Sign'],
    [crl_sign          => 'CRL Sign'],
    [encipher_only     => 'Encipher Only'],
    [decipher_only     => 'Decipher Only'],
);

my @EXTENDED = (
    [client_auth      => 'TLS Web Client Authentication'],
    [server_auth      => 'TLS Web Server Authentication'],
    [code_signing     => 'Code Signing'],
    [email_protection => 'E-mail Protection'],
    [timestamping     => 'Time Stamping'],
);

subtest 'usages' => sub {
    my %table = (key_usage => [$KU, 1, \@USAGES],
        extended_key_usage => [$EKU, 0, \@EXTENDED]);

    for my $parameter (sort keys %table) {
        my ($name, $critical, $rows) = @{ $table{$parameter} };

        for my $asked ((map { [$_] } @$rows), $rows) {
            my $x509 = issued({ common_name => 'x', ca => '/ca',
                $parameter => [map { $_->[0] } @$asked] });
            my ($row) = grep { $_->[0] eq $name } @{ $x509->{extensions} };
            is_deeply($row, [$name, $critical, join ', ',
                map { $_->[1] } @$asked], "@{[map { $_->[0] } @$asked]}");
        }
    }

    my $x509 = issued({ common_name => 'x', ca => '/ca',
        key_usage => [qw(crl_sign digital_signature crl_sign)],
        extended_key_usage => [qw(server_auth client_auth)] });
    is(extension($x509, $KU), 'Digital Signature, CRL Sign',
        'bits have no order');
    is(extension($x509, $EKU), 'TLS Web Server Authentication, '
        . 'TLS Web Client Authentication', 'objects have theirs');
};

subtest 'a usage that does not fit is issued as asked' => sub {
    my @rows = (
        [{ is_ca => \1, key_usage => ['digital_signature'] },
            'Digital Signature', 'CA:TRUE'],
        [{ self_sign => \1, key_usage => ['key_cert_sign'] },
            'Certificate Sign', 'CA:FALSE'],
    );

    for my $row (@rows) {
        my ($parameters, $usage, $basic) = @$row;
        my $x509 = issued({ common_name => 'x', %$parameters });
        is(extension($x509, $KU) . " $basic",
            "$usage " . extension($x509, $BC), $JSON->encode($parameters));
    }
};

subtest 'serial numbers' => sub {
    my @serials = map { issued({ common_name => 'x', ca => '/ca' })->{serial} }
        1 .. 30;
    my %seen = map { $_ => 1 } @serials;

    is(keys %seen, @serials, 'all differ');
    is((grep { length > 40 || /^-/ || (length == 40 && !/^[0-7]/) } @serials), 0,
        'never more than 159 bits, never negative');
    ok((grep {/^[4-7].{39}\z/} @serials), 'the 159th bit is used');
};

$hub->done;
