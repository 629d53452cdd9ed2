# POST /api/v1/data for certificates: what can be asked for, and who signs.

use v5.36;
use utf8;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors qw(answers is_error);
use CredHubTest::Permissions qw(permit);
use CredHubTest::Pki qw(describe key_matches make_certificate name_der
    verified);
use JSON::PP ();
use Test::More;

binmode Test::More->builder->$_, ':encoding(UTF-8)'
    for qw(output failure_output todo_output);

my $hub   = CredHubTest->new(
    leaks => 0,
    keep        => 1,
    permissions => [['good', '/*', 'read,write,delete,read_acl,write_acl'],
        ['second', '/mine/*', 'write'], ['third', '/*', 'read']],
);
my $JSON  = JSON::PP->new->canonical->allow_nonref;
my $EC    = 'ec P-256';
my $DAY   = 24 * 60 * 60;
my $count = 0;

my %KEY = (
    'rsa 2048' => { key_type => 'rsa' },
    'rsa 3072' => { key_length => 3072 },
    'rsa 4096' => { key_length => 4096, key_type => 'rsa' },
    'ec P-256' => { key_type => 'ec' },
    'ec P-384' => { key_type => 'ec', key_curve => 'P-384' },
    'ed25519'  => { key_type => 'ed25519' },
);


sub new_name () { return '/new/' . ++$count }

# P-256 unless the parameters speak of a key.
sub ask ($parameters, %opt) {
    my $as   = delete $opt{as}   // $hub;
    my $name = delete $opt{name} // new_name();
    my %key  = grep({/^key_(?!usage)/} keys %$parameters)
        ? () : (key_type => 'ec');

    return $hub->made($as->generate($name, 'certificate',
        { %key, %$parameters }, %opt));
}

sub made ($parameters, %opt) {
    my $r = ask($parameters, %opt);
    $r->status == 200 or die $JSON->encode($parameters), $r->status, $r->body;
    return $r->json;
}

sub set_made ($name, $made, @parts) {
    @parts = qw(certificate private_key) if !@parts;
    my $r = $hub->set($name, 'certificate',
        { map { $_ => $made->{$_} } @parts });
    $r->status == 200 or die $r->body;
    return $hub->keep_secret((split /\n/, $made->{private_key})[2]);
}



made({ common_name => 'root', is_ca => \1 }, name => '/ca');

subtest 'the answer' => sub {
    my $r   = ask({ common_name => 'a', ca => '/ca' }, metadata => { m => 1 });
    my $got = $r->json;

    is($r->header('Content-Type'),  'application/json;charset=UTF-8');
    like($r->header('Cache-Control'), qr{no-store});
    is_deeply([sort keys %$got], [sort qw(type version_created_at id name
        metadata value expiry_date certificate_authority self_signed generated
        transitional duration_overridden duration_used key_length)]);
    is_deeply([sort keys %{ $got->{value} }],
        [qw(ca certificate private_key)], 'no flag inside the value');
    is_deeply($got->{metadata}, { m => 1 });

    my %shown = %$got;
    delete @shown{qw(duration_overridden duration_used key_length)};
    is_deeply($hub->current($got->{name}), \%shown, 'GET has the rest of it');

    my $x509 = describe($got->{value}{certificate});
    my @t    = gmtime $x509->{to};
    is($got->{expiry_date}, sprintf('%04d-%02d-%02dT%02d:%02d:%02dZ',
        $t[5] + 1900, $t[4] + 1, @t[3, 2, 1, 0]), 'expiry_date');
};


# parameters beside { common_name }, error; "-" stands for no common name
my @REFUSED = (
    [undef,                                     'no_cert_params'],
    [{ '-' => 1, self_sign => \1 },             'no_subject'],
    [{ '-' => 1, self_sign => \1, common_name => '', organization => undef,
        alternative_names => ['a.b'] },         'no_subject'],
    [{},                                        'no_signer'],
    [{ ca => '' },                              'no_signer'],
    [{ ca => undef },                           'no_signer'],
    [{ self_sign => \0, is_ca => \0 },          'no_signer'],
    [{ ca => '/ca', self_sign => \1 },          'ca_and_self_sign'],
    [{ ca => '/ca', self_sign => \1, is_ca => \1 }, 'ca_and_self_sign'],

    (map { [{ self_sign => \1, $_->[0] => 'x' x ($_->[2] + 1) },
            "cert_param_long:$_->[1] may have at most $_->[2] characters"] }
        ['common_name',  'common name', 64], ['organization', 'organization', 64],
        ['organization_unit', 'organization unit', 64],
        ['locality', 'locality', 128], ['state', 'state', 128],
        ['country', 'country', 2]),
    [{ self_sign => \1, common_name => 'ü' x 65 },
        'cert_param_long:common name may have at most 64 characters'],
    [{ self_sign => \1, alternative_names => ['a', 'b' x 254] },
        'cert_param_long:alternative name may have at most 253 characters'],

    (map { [{ self_sign => \1, key_usage => $_->[0] }, "key_usage:$_->[1]"] }
        [['digital_signature', 'nope'], 'nope'],
        [['Digital_Signature'], 'Digital_Signature'], [[''], ''],
        [['server_auth'], 'server_auth'], [[1], '1'], [["a'b"], 'ab']),
    (map { [{ self_sign => \1, extended_key_usage => $_->[0] },
            "ext_key_usage:$_->[1]"] }
        [['client_auth', 'nope'], 'nope'], [['any'], 'any'], [[''], ''],
        [['crl_sign'], 'crl_sign'], [['1.3.6.1.5.5.7.3.9'], '1.3.6.1.5.5.7.3.9']),

    (map { [{ self_sign => \1, key_length => $_ }, 'key_length'] }
        1024, 2047, 2049, 8192, 256, -1, '1024'),
    (map { [{ self_sign => \1, key_type => 'ec', key_length => $_ },
            'key_length'] } 2048, 384, 521),
    [{ self_sign => \1, key_type => 'ed25519', key_length => 2048 },
        'key_length'],
    (map { [{ self_sign => \1, key_type => $_ }, 'key_type'] }
        'dsa', 'x25519', 'P-256'),
    (map { [{ self_sign => \1, key_type => 'ec', key_curve => $_ },
            'key_curve'] } 'P-521', 'prime256v1', 'ed25519'),
    [{ self_sign => \1, key_curve => 'P-256' }, 'key_curve'],
    [{ self_sign => \1, key_type => 'rsa', key_curve => 'P-256' }, 'key_curve'],
    [{ self_sign => \1, key_type => 'ed25519', key_curve => 'P-256' },
        'key_curve'],

    (map { [{ self_sign => \1, duration => $_ }, 'duration'] }
        0, -1, 3651, '0', 9_007_199_254_740_993),
    (map { [{ self_sign => \1, @$_ }, 'bad_request'] }
        [duration => undef], [duration => 'x'], [duration => ''],
        [duration => []], [key_length => undef], [key_length => 'long'],
        [is_ca => undef], [is_ca => 'yes'], [self_sign => undef],
        [self_sign => {}], [common_name => ['a']], [ca => {}],
        [alternative_names => 'a.b'], [alternative_names => { a => 1 }],
        [alternative_names => [undef]], [alternative_names => [['a']]],
        [key_usage => 'crl_sign'], [key_usage => [undef]],
        [extended_key_usage => 1], [extended_key_usage => [{}]],
        [key_type => []]),

    (map { [{ self_sign => \1, $_ => 'x' }, "unknown_key_generate:$_"] }
        qw(mode overwrite name ca_name commonName length ssh_comment)),
);

subtest 'parameters that are refused' => sub {
    for my $row (@REFUSED) {
        my ($more, $error) = @$row;
        my $name = new_name();
        my %more = $more ? (common_name => 'x', %$more) : ();
        delete $more{common_name} if delete $more{'-'} && !defined $more->{common_name};

        my $r = $hub->generate($name, 'certificate', $more ? \%more : undef);
        is_error($r, $error, substr $JSON->encode($more), 0, 80);
        is($hub->current($name), undef, 'nothing was written');
    }
};


# the body of a request, error
my @BODIES = (
    ['"parameters":null',                                'no_cert_params'],
    ['"parameters":[]',                                  'bad_request'],
    ['"parameters":"x"',                                 'bad_request'],
    ['"parameters":{"common_name":"x","common_name":"x","self_sign":true}',
        'bad_request'],
    ['"parameters":{"common_name":"a\\u0000b","self_sign":true}', 'bad_request'],
    ['PARAMETERS,"value":{"username":"x"}', 'unknown_key_generate:value'],
    ['PARAMETERS,"surprise":1',             'unknown_key_generate:surprise'],
    ['PARAMETERS,"duration":1',             'unknown_key_generate:duration'],
    ['PARAMETERS,"mode":"Converge"',        'bad_request'],
    ['PARAMETERS,"mode":"converge","overwrite":true', 'mode_and_overwrite'],
);

subtest 'bodies that are refused' => sub {
    for my $row (@BODIES) {
        my ($body, $error) = @$row;
        $body =~ s/PARAMETERS/"parameters":{"common_name":"x","self_sign":true}/;
        my $send = qq({"name":"/body","type":"certificate",$body});
        is_error($hub->post('/api/v1/data', $send), $error, $body);
    }
    is($hub->current('/body'), undef, 'nothing was written');
};


# parameters, and some of what openssl says: days, key, subject
my @FORMS = (
    [{ common_name => 'x' },                    365, $EC, 'CN=x'],
    [{ common_name => 'x', duration => 1 },       1, $EC, 'CN=x'],
    [{ common_name => 'x', duration => 3650 }, 3650, $EC, 'CN=x'],
    [{ common_name => 'x', duration => '30' },   30, $EC, 'CN=x'],
    [{ common_name => 'x' x 64 }, 365, $EC, 'CN=' . 'x' x 64],
    [{ common_name => 'ü' x 64 }, 365, $EC, 'CN=' . 'ü' x 64],
    [{ common_name => 17 },       365, $EC, 'CN=17'],
    [{ organization => 'o', common_name => undef }, 365, $EC, 'O=o'],
    [{ organization_unit => 'u', common_name => '' }, 365, $EC, 'OU=u'],
    [{ locality => 'l' x 128 },   365, $EC, 'L=' . 'l' x 128],
    [{ state => 's' x 128 },      365, $EC, 'ST=' . 's' x 128],
    [{ country => 'de' },         365, $EC, 'C=de'],
    [{ common_name => 'x', key_type => 'EC', key_length => 256 },
        365, $EC, 'CN=x'],
    [{ common_name => 'x', key_type => 'ec', key_length => 0 },
        365, $EC, 'CN=x'],
    [{ common_name => 'x', key_type => 'ec', key_curve => 'p-384',
        key_length => '384' }, 365, 'ec P-384', 'CN=x'],
    [{ common_name => 'x', key_type => 'Ed25519', key_curve => undef,
        key_length => 256 }, 365, 'ed25519', 'CN=x'],
    [{ common_name => 'x', key_type => '', key_length => '2048' },
        365, 'rsa 2048', 'CN=x'],
);

subtest 'forms of parameters' => sub {
    for my $row (@FORMS) {
        my ($parameters, $days, $key, $subject) = @$row;
        my $what = substr $JSON->encode($parameters), 0, 60;
        my $got  = made({ %$parameters, self_sign => 'true', is_ca => 'false',
            ca => '' });
        my $x509 = describe($got->{value}{certificate});

        utf8::encode($subject);
        is($x509->{to} - $x509->{from}, $days * $DAY, "$what: exact days");
        is("$x509->{key} @{ $x509->{subject} }", "$key $subject",
            "$what: key, subject");
        is("$got->{duration_used} $got->{duration_overridden}", "$days 0",
            "$what: duration_used");
    }
};


# parameters, [certificate_authority, self_signed], verified by
my @SIGNERS = (
    [{ self_sign => \1 },                    [0, 1]],
    [{ is_ca => \1 },                        [1, 1]],
    [{ is_ca => \1, self_sign => \1 },       [1, 1]],
    [{ is_ca => \1, self_sign => \0, ca => '' }, [1, 1]],
    [{ ca => '/ca' },                        [0, 0]],
    [{ ca => '/ca', self_sign => \0, is_ca => \0 }, [0, 0]],
    [{ ca => 'ca' },                         [0, 0]],
    [{ ca => '/CA' },                        [0, 0]],
    [{ ca => '/ca', is_ca => \1 },           [1, 0]],
);

subtest 'who signs' => sub {
    my $root = $hub->current('/ca')->{value}{certificate};

    for my $row (@SIGNERS) {
        my ($more, $flags) = @$row;
        my $what  = $JSON->encode($more);
        my $got   = made({ common_name => 'x', %$more });
        my $value = $got->{value};
        my $self  = $flags->[1];
        my $ca    = $self ? $value->{certificate} : $root;

        is_deeply([map { $got->{$_} ? 1 : 0 }
                qw(certificate_authority self_signed)], $flags, "$what: flags");
        is($got->{generated} . $got->{transitional}, '10', "$what: generated");
        is($value->{ca}, $ca, "$what: ca");
        is(verified($value->{certificate}, $ca), 'OK', "$what: verified");
        is(name_der($value->{certificate}, 'issuer'), name_der($ca, 'subject'),
            "$what: issuer");
        ok(key_matches(@$value{qw(certificate private_key)}), "$what: key");
    }
};

subtest 'an intermediate signs' => sub {
    my $middle = made({ common_name => 'middle', ca => '/ca', is_ca => \1 },
        name => '/middle')->{value};
    my $leaf = made({ common_name => 'leaf', ca => '/middle' })->{value};
    my $root = $hub->current('/ca')->{value}{certificate};

    is($leaf->{ca}, $middle->{certificate}, 'the CA only, not the chain');
    is(verified($leaf->{certificate}, $root, chain => $leaf->{ca}), 'OK');
    isnt(verified($leaf->{certificate}, $root), 'OK', 'not without it');
};


# name, what openssl makes, parts that are set
my @OTHERS = (
    ['/none/key',    {}, qw(certificate)],
    ['/none/leaf',   { extensions => ['basicConstraints=CA:FALSE'] }],
    ['/none/v1',     { extensions => undef }],
    ['/none/basic',  { extensions => ['keyUsage=critical,keyCertSign'] }],
    ['/none/gone',   { days => [-9, -1] }],
    ['/odd/future',  { days => [5, 9] }],
    ['/odd/path',    { extensions =>
        ['basicConstraints=critical,CA:TRUE,pathlen:0'] }],
    ['/odd/usage',   { extensions => ['basicConstraints=critical,CA:TRUE',
        'keyUsage=critical,digitalSignature'] }],
);

# certificate, name, ca, answer
my @ASKED = (
    ['good', '/x', '/ca',         200],
    ['good', '/x', '/none',       'ca'],
    ['good', '/x', 'none',        'ca'],
    ['good', '/x', '/ca/',        'ca'],
    ['good', '/x', '/c a',        'ca'],
    ['good', '/x', '/password',   'ca'],
    ['good', '/x', '/none/key',   'ca_no_key'],
    ['good', '/x', '/none/leaf',  'not_ca'],
    ['good', '/x', '/none/v1',    'not_ca'],
    ['good', '/x', '/none/basic', 'not_ca'],
    ['good', '/x', '/none/gone',  'ca_expired'],
    ['good', '/x', '/odd/future', 200],
    ['good', '/x', '/odd/path',   200],
    ['good', '/x', '/odd/usage',  200],
    ['second', '/mine/x', '/ca',       'ca'],
    ['second', '/mine/x', '/none',     'ca'],
    ['second', '/mine/x', '/none/key', 'ca'],
    ['second', '/mine/x', '',          200],
    ['second', '/x',      '/ca',       'denied'],
    ['second', '/x',      '/none',     'denied'],
    ['third',  '/mine/x', '/ca',       'denied'],
    ['third',  '/mine/x', '/none/key', 'denied'],
    [undef,    '/mine/x', '/ca',       'unauthenticated'],
);

subtest 'the CA that is named' => sub {
    $hub->set('/password', 'password', 'MARKER-p');

    for my $row (@OTHERS) {
        my ($name, $opt, @parts) = @$row;
        my $made = make_certificate(subject => '/CN=other', extensions =>
            ['basicConstraints=critical,CA:TRUE'], %$opt);
        set_made($name, $made, @parts);
    }

    for my $row (@ASKED) {
        my ($who, $name, $ca, $answer) = @$row;
        my $r = ask({ common_name => 'x', ca => $ca, is_ca =>
            $ca eq '' || $ca =~ /odd/ ? \1 : \0 },
            as => $hub->as($who), name => $name, mode => 'overwrite');
        answers($r, $answer, ($who // 'nobody') . " $name by '$ca'");
    }

    permit($hub, '/ca', $hub->actor('second'), 'read');
    is(ask({ common_name => 'x', ca => '/CA' }, as => $hub->as('second'),
        name => '/mine/x')->status, 200, 'read on the CA is what was missing');

    is_error(ask({ common_name => '', ca => '/none' }, name => '/x',
        as => $hub->as('second')), 'no_subject',
        'bad parameters are told before the right');
    is_error(ask({ common_name => 'x', ca => '/none' }, name => '/password'),
        'ca', 'the CA before the type');
    is_error(ask({ common_name => 'x', ca => '/ca' }, name => '/password'),
        'type_mismatch', 'another type');
};

subtest 'a certificate may outlive its CA' => sub {
    my $ca = made({ common_name => 'short', is_ca => \1, duration => 2 },
        name => '/short');
    ok($hub->error_log !~ m{"/short" expires}, 'no warning yet');

    my $got = made({ common_name => 'x', ca => '/short', duration => 3 });
    is($got->{duration_used}, 3);
    ok($hub->wait_log(qr{\[warn\].*"/short" expires before}), 'a warning');
};


# key of the CA, key of the leaf, signature
my @MIXES = (
    ['rsa 2048', 'rsa 3072', 'sha256WithRSAEncryption'],
    ['rsa 2048', 'ec P-256', 'sha256WithRSAEncryption'],
    ['rsa 2048', 'ed25519',  'sha256WithRSAEncryption'],
    ['ec P-256', 'rsa 2048', 'ecdsa-with-SHA256'],
    ['ec P-256', 'ec P-384', 'ecdsa-with-SHA256'],
    ['ec P-384', 'ec P-256', 'ecdsa-with-SHA256'],
    ['ec P-384', 'ed25519',  'ecdsa-with-SHA256'],
    ['ed25519',  'rsa 2048', 'ED25519'],
    ['ed25519',  'ec P-384', 'ED25519'],
    ['ed25519',  'ed25519',  'ED25519'],
    ['ec P-256', 'rsa 4096', 'ecdsa-with-SHA256'],
);

my %LENGTH = ('ec P-256' => 256, 'ec P-384' => 384, 'ed25519' => 256);

subtest 'keys, and keys that sign others' => sub {
    my %ca = map { $_ => made({ common_name => $_, is_ca => \1, %{ $KEY{$_} } },
            name => "/ca/$_" =~ s/ /-/r) } map { $_->[0] } @MIXES;

    for my $row (@MIXES) {
        my ($by, $kind, $signature) = @$row;
        my $got = made({ common_name => 'leaf', ca => "/ca/$by" =~ s/ /-/r,
            %{ $KEY{$kind} } });
        my $value = $got->{value};
        my $x509  = describe($value->{certificate});
        my $what  = "$kind by $by";

        is("$x509->{key}, $x509->{signature}", "$kind, $signature", $what);
        is($got->{key_length}, $LENGTH{$kind} // $kind =~ s/rsa //r,
            "$what: key_length");
        is(verified($value->{certificate}, $ca{$by}{value}{certificate}), 'OK',
            "$what: verified");
        ok(key_matches(@$value{qw(certificate private_key)}), "$what: key");

        my $label = $kind =~ /rsa/ ? 'RSA PRIVATE KEY' : 'PRIVATE KEY';
        like($value->{private_key}, qr/^-----BEGIN\ \Q$label\E-----\n
            (?:[\w+\/]{64}\n)*[\w+\/=]{1,64}\n-----END\ \Q$label\E-----\n\z/x,
            "$what: $label");
        like($value->{certificate}, qr/^-----BEGIN\ CERTIFICATE-----\n
            (?:[\w+\/]{64}\n)*[\w+\/=]{1,64}\n-----END\ CERTIFICATE-----\n\z/x,
            "$what: CERTIFICATE");
        is($x509->{exponent}, $kind =~ /rsa/ ? 65537 : undef,
            "$what: exponent");
    }
};

$hub->done;
