# SSH certificates: CA keys, templates, requests, retrieval.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Process qw(read_file write_file);
use Test::More;

my $CA    = '\VED\Certificate Authority\SSH';
my $TMPL  = "$CA\\Templates";
my $BASE  = '/vedsdk/SSHCertificates';
my $hub   = CredHubTest->new;
my $admin = $hub->as('good');
my $none  = $hub->as(undef);
my $dir   = $hub->dir;

sub call ($what, $body, %opt) { return $admin->post("$BASE/$what", $body, %opt) }

# What ssh-keygen says about a text in a file.
sub keygen ($name, $text, @args) {
    write_file("$dir/$name", $text);
    chmod 0600, "$dir/$name";
    open my $out, '-|', 'ssh-keygen', @args, '-f', "$dir/$name" or die $!;
    return join '', <$out>;
}

sub refused ($r, $status, $number, $text, $label) {
    is($r->status, $status, "$label: status") or diag $r->body;
    is_deeply($r->json->{Response}, { ErrorCode => $number,
        ErrorMessage => $text, Success => JSON::PP::false() }, "$label: error");
    return;
}

my $r = call('CAKeyPair/Create', { Name => 'Users' });
is($r->status, 200, 'CA key made') or diag $r->body;
my $ca = $r->json;

subtest 'a CA key and its template' => sub {
    is_deeply([sort keys %$ca], [qw(CreatedOn DN FingerprintSHA256 Guid
        KeyAlgorithm KeyStorage Name ProcessingDetails PublicKeyData Response)],
        'members');
    is($ca->{DN}, "$CA\\Users", 'DN');
    is($ca->{KeyAlgorithm}, 'ED25519', 'algorithm');
    like($ca->{PublicKeyData}, qr/^ssh-ed25519 \S+ Users\z/, 'public key');

    my $t = call('Template/Retrieve', { DN => "$TMPL\\Users" });
    is($t->status, 200, 'template') or diag $t->body;
    my $json = $t->json;
    is($json->{CAKeyPairDN}, $ca->{DN}, 'its CA');
    is($json->{CAKeyPair}{PublicKeyData}, $ca->{PublicKeyData}, 'its key');
    is($json->{Certificate}{Type}, 'client', 'type');
    ok($json->{Response}{Success}, 'success');

    my $g = call('template/RETRIEVE/', { Guid => $json->{Guid}, DN => '',
        IncludeCAKeyPairDetails => JSON::PP::false() });
    delete @$json{qw(CAKeyPair)};
    is_deeply($g->json, $json, 'the same by Guid, without the CA');

    is_deeply($admin->get("$BASE/Template/Available")->json,
        [{ DN => "$TMPL\\Users", Guid => $json->{Guid} }], 'available');

    for my $q ("DN=%5CVED%5CCertificate%20Authority%5CSSH%5CTemplates%5CUsers",
        'guid=' . $json->{Guid} =~ s/[{]/%7B/r =~ s/[}]/%7D/r,
        'dn=VED%5C%5CCertificate%20Authority%5C%5CSSH%5C%5Cusers')
    {
        my $k = $none->get("$BASE/Template/Retrieve/PublicKeyData?$q");
        is($k->body, "$ca->{PublicKeyData}\n", "public key: $q");
        is($k->header('Content-Type'), 'text/plain', 'as text');
    }
    for (['', 400, 'Guid or DN is required'],
        ['DN=nothing', 404, 'Public key was not found'],
        ['DN=VED%5CCertificate%20Authority%5CSSH%5CTemplates%5CNone', 404,
            'Template was not found'])
    {
        my $k = $none->get("$BASE/Template/Retrieve/PublicKeyData?$$_[0]");
        is($k->status . ' ' . $k->body, "$$_[1] $$_[2]", "no key: $$_[0]");
    }

    refused(call('CAKeyPair/Create', { Name => 'users' }), 400, 5,
        'An object with this DN exists already.', 'twice');
    is(scalar @{ $admin->get("$BASE/Template/Available")->json }, 1,
        'no template more');
};

subtest 'a request for a key of the hub' => sub {
    my $q = call('Request', { CADN => 'Users', KeyId => 'key one',
        Principals => ['alice', 'bob'], ValidityPeriod => '4h',
        SourceAddresses => ['10.0.0.0/8', 'test.com'],
        Extensions => { 'permit-pty' => '', 'login@github.com' => 'alice' },
        ForceCommand => '/bin/true', DestinationAddress => 'db.example.com',
        IncludePrivateKeyData => JSON::PP::true(),
        IncludeCertificateDetails => JSON::PP::true() });
    is($q->status, 200, 'status') or diag $q->body;
    my $json = $q->json;
    is($json->{DN}, '\VED\Policy\key one', 'DN');
    is_deeply($json->{ProcessingDetails},
        { Status => 'Issued', StatusDescription => undef }, 'issued');
    like($json->{Guid}, qr/^[{][0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}[}]\z/,
        'Guid');

    my $d = $json->{CertificateDetails};
    my $shown = keygen('one-cert.pub', $json->{CertificateData}, '-L');
    like($shown, qr/Type: ssh-ed25519-cert-v01\@openssh.com user certificate/,
        'type');
    like($shown, qr/Serial: \Q$d->{SerialNumber}\E\n/, 'serial');
    like($shown, qr/Key ID: "key one"\n/, 'key id');
    like($shown, qr/Signing CA: ED25519 SHA256:\Q$d->{CAFingerprintSHA256}\E /,
        'CA');
    is("SHA256:$ca->{FingerprintSHA256}", "SHA256:$d->{CAFingerprintSHA256}",
        'the same as of its key');
    like($shown, qr/Public key: ED25519-CERT SHA256:\Q$d->{PublicKeyFingerprintSHA256}\E\n/,
        'public key');
    is_deeply($d->{Principals}, ['alice', 'bob'], 'principals');
    like($shown, qr/Principals: \n +alice\n +bob\n/, 'and in it');
    is($d->{ValidTo} - $d->{ValidFrom}, 4 * 3600, 'validity');
    like($shown, qr/force-command \/bin\/true\n +source-address 10.0.0.0\/8,test.com\n/,
        'critical options');
    like($shown, qr/Extensions: \n +login\@github.com UNKNOWN OPTION: \S+ \(len \d+\)\n +permit-pty\n/,
        'extensions');
    is_deeply($d->{Extensions}, { 'permit-pty' => '',
        'login@github.com' => 'alice' }, 'and in the details');

    my $public = keygen('one', $json->{PrivateKeyData}, '-y');
    $hub->keep_secret((split /\n/, $json->{PrivateKeyData})[3]);
    is($public =~ s/\n//r, $json->{PublicKeyData}, 'the key is its own');

    my $again = call('Retrieve', { DN => $json->{DN}, Guid => '',
        IncludePrivateKeyData => JSON::PP::true(),
        IncludeCertificateDetails => JSON::PP::true() });
    is($again->status, 200, 'retrieved') or diag $again->body;
    my $same = $again->json;
    is_deeply({ %$same, PrivateKeyData => 1 }, { %$json, PrivateKeyData => 1 },
        'the same');

    my $bare = call('Retrieve', { Guid => $json->{Guid} })->json;
    is_deeply([sort keys %$bare], [qw(CADN CAGuid CertificateData DN Guid KeyID
        ProcessingDetails RequestDetails Response)], 'members without more');

    my $locked = call('Retrieve', { DN => $json->{DN},
        IncludePrivateKeyData => JSON::PP::true(),
        PrivateKeyPassphrase => 'MARKER-pass word' })->json;
    is(keygen('locked', $locked->{PrivateKeyData}, '-y', '-P', 'MARKER-pass word')
        =~ s/ .*| ?\n//rs, $public =~ s/ .*//rs, 'locked');

    is(call('Request', { CADN => 'Users', KeyId => 'key one',
        Principals => ['alice'] })->json->{DN} =~ s/-[0-9a-f]+\z/-X/r,
        '\VED\Policy\key one-X', 'a name that is taken');
    refused(call('Request', { CADN => 'Users', ObjectName => 'KEY one',
        Principals => ['alice'] }), 400, 5,
        'An object with this DN exists already.', 'one that was asked for');
};

subtest 'every kind of key' => sub {
    for my $alg (qw(ED25519 P256 P384 P521 RSA3072)) {
        my $c = call('CAKeyPair/Create', { Name => $alg, KeyAlgorithm => $alg,
            CreateTemplate => JSON::PP::false() });
        is($c->status, 200, "$alg: CA") or diag $c->body;
        is($c->json->{KeyAlgorithm}, $alg, 'its algorithm');
        my $t = call('Template/Create', { Name => "t-$alg",
            CAKeyPairDN => "$CA\\$alg",
            Certificate => { DefaultPrivateKeyAlgorithm => $alg } });
        is($t->status, 200, 'template') or diag $t->body;

        my $q = call('Request', { CADN => "t-$alg", KeyId => "k-$alg",
            Principals => ['p'] });
        is($q->status, 200, 'request') or diag $q->body;
        for my $pass ('', 'secret') {
            my $json = call('Retrieve', { DN => $q->json->{DN},
                IncludePrivateKeyData => JSON::PP::true(),
                PrivateKeyPassphrase => $pass })->json;
            my $y = keygen("k-$alg", $json->{PrivateKeyData}, '-y', '-P', $pass);
            is((split ' ', $y)[1], (split ' ', $json->{PublicKeyData})[1],
                "key, passphrase '$pass'");
        }

        system('ssh-keygen', '-q', '-N', '', '-t', $alg =~ /^P/ ? 'ecdsa'
            : $alg =~ /^R/ ? 'rsa' : 'ed25519', $alg =~ /^P(\d+)/ ? ('-b', $1)
            : (), '-C', 'a comment', '-f', "$dir/c-$alg") == 0 or die;
        my $line = read_file("$dir/c-$alg.pub");
        my $own = call('Request', { CADN => "t-$alg", KeyId => "c-$alg",
            Principals => ['p'], PublicKeyData => $line,
            IncludePrivateKeyData => JSON::PP::true() });
        is($own->status, 200, 'own key') or diag $own->body;
        is($own->json->{PublicKeyData}, $line, 'as it was sent');
        ok(!exists $own->json->{PrivateKeyData}, 'no private key');
        like(keygen("c-$alg-cert.pub", $own->json->{CertificateData}, '-L'),
            qr/user certificate/, 'a certificate');
        my $hash = call('Request', { CADN => "t-$alg", Principals => ['q'],
            PublicKeyData => $line });
        is($hash->status, 400, 'reused') or diag $hash->body;
        like($hash->json->{Response}{ErrorMessage}, qr/^Unique public key data must be used\. Requested public key hash: [0-9A-F]{40}\z/, 'says so');
        is($hash->json->{Response}{ErrorCode}, 41, 'number');
    }
};

subtest 'approval' => sub {
    call('Template/Create', { Name => 'slow', CAKeyPairDN => $ca->{DN},
        ApprovalRequired => JSON::PP::true() })->status == 200 or die;
    my $q = call('Request', { CADN => 'slow', Principals => ['p'],
        KeyId => 'wait', IncludePrivateKeyData => JSON::PP::true() });
    is($q->status, 200, 'status') or diag $q->body;
    is($q->json->{ProcessingDetails}{Status}, 'Pending Issue', 'pending');
    is($q->json->{CertificateData}, undef, 'nothing yet');
    my $dn = $q->json->{DN};
    my $a = call('Approve', { DN => $dn });
    is($a->status, 200, 'approved') or diag $a->body;
    is($a->json->{ProcessingDetails}{Status}, 'Issued', 'issued');
    my $g = call('Retrieve', { DN => $dn,
        IncludePrivateKeyData => JSON::PP::true() })->json;
    like($g->{CertificateData}, qr/^ssh-ed25519-cert/, 'there it is');
    is(keygen('waited', $g->{PrivateKeyData}, '-y') =~ s/\n//r,
        $g->{PublicKeyData}, 'and its key');
    refused(call('Approve', { DN => $dn }), 400, 18,
        'The certificate request is not pending any more.', 'again');

    my $no = call('Request', { CADN => 'slow', Principals => ['p'] })->json;
    refused(call('Reject', { Guid => $no->{Guid} }), 400, 11,
        'A reason is required.', 'no reason');
    is(call('Reject', { Guid => $no->{Guid}, Reason => 'not now' })->status, 200,
        'rejected');
    is_deeply(call('Retrieve', { DN => $no->{DN} })->json->{ProcessingDetails},
        { Status => 'Rejected', StatusDescription => 'not now' }, 'with it');
    is(call('Approve', { DN => $no->{DN} })->status, 400, 'for good');
};

subtest 'revocation' => sub {
    my $q = call('Request', { CADN => 'Users', Principals => ['x'],
        KeyId => 'gone', IncludeCertificateDetails => JSON::PP::true() })->json;
    my $dn = 'VED%5CCertificate%20Authority%5CSSH%5CTemplates%5CUsers';
    my $krl = sub {
        my $k = $none->get("$BASE/KRL?DN=$dn");
        is($k->status, 200, 'KRL') or diag $k->body;
        is($k->header('Content-Type'), 'application/octet-stream', 'binary');
        write_file("$dir/krl", $k->body);
        write_file("$dir/gone-cert.pub", $q->{CertificateData});
        return system("ssh-keygen -Q -f $dir/krl $dir/gone-cert.pub >/dev/null 2>&1");
    };
    is($krl->(), 0, 'not revoked');
    my $s = $q->{CertificateDetails}{SerialNumber};
    for (1 .. 2) {
        is(call('Revoke', { CADN => 'VED\Certificate Authority\SSH\Templates\Users',
            SerialNumber => $s })->status, 200, 'revoked');
    }
    isnt($krl->(), 0, 'revoked');
    is(call('Revoke', { CADN => $ca->{DN}, KeyId => 'key one' })->status, 200,
        'by key id');
    $krl->();
    isnt(system("ssh-keygen -Q -f $dir/krl $dir/one-cert.pub >/dev/null 2>&1"), 0,
        'that, too');
    refused(call('Revoke', { CADN => $ca->{DN}, SerialNumber => '0' }), 400, 400,
        "The field 'SerialNumber' is not valid.", 'no serial');
    is(call('Revoke', { CADN => $ca->{DN}, SerialNumber => '1', KeyId => 'x' })
        ->status, 400, 'two at once');
};

subtest 'hosts' => sub {
    is(call('Template/Create', { Name => 'hosts', CAKeyPairDN => $ca->{DN},
        Type => 'host' })->status, 200, 'template');
    my $q = call('Request', { CADN => 'hosts',
        Principals => ['a.example.com', 'b.example.com'] });
    is($q->status, 200, 'host') or diag $q->body;
    like(keygen('host-cert.pub', $q->json->{CertificateData}, '-L'),
        qr/host certificate/, 'type');
    my ($word, $blob) = split ' ', call('Retrieve', { DN => $q->json->{DN},
        IncludePrivateKeyData => JSON::PP::true() })->json->{PublicKeyData};
    my $dn = 'VED%5CCertificate%20Authority%5CSSH%5C';
    for ("${dn}Templates%5Chosts", "${dn}users") {
        is($none->get("$BASE/KnownHosts?DN=$_")->body,
            "a.example.com,b.example.com $word $blob\n", "known hosts: $_");
    }
    is($none->get("$BASE/CertAuthority?DN=${dn}users")->body,
        "\@cert-authority * $ca->{PublicKeyData}\n", 'CA');
};

subtest 'the service' => sub {
    is($none->get('/vedsdk/')->status, 200, 'ping');
    is($none->get('/VEDSDK')->status, 200, 'in any case');
    is($admin->get('/vedsdk/Identity/Self')->json->{Identities}[0]{PrefixedName},
        $hub->actor('good'), 'self');
    ok($none->get('/vedsdk/systemstatus/version')->json->{Version}, 'version');
    is($none->post("$BASE/Request", { CADN => 'Users' })->status, 401, 'nobody');
};

subtest 'no other way to a key' => sub {
    for (qw(/ssh/VED/Certificate+Authority/SSH/Users /ssh/ved/policy/gone)) {
        is($admin->get("/api/v1/data?name=$_")->status, 404, "not $_");
    }
    my $nf = call('Retrieve', { DN => '\VED\Policy\nothing' });
    is($nf->status, 404, 'not found');
    is_deeply($nf->json, { DN => undef, Guid => undef,
        ProcessingDetails => { Status => undef, StatusDescription => undef },
        RequestDetails => { DestinationAddress => undef,
            OriginatingIP => undef, RequestedBy => undef },
        Response => { ErrorCode => 1, Success => JSON::PP::false(),
            ErrorMessage => 'The SSH certificate was not found.' } }, 'body');
};

done_testing;
