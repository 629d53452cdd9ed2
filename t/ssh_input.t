# Bad input of the SSH certificate API, and who may do what.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Process qw(read_file run_command);
use JSON::PP ();
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;

my $BASE  = '/vedsdk/SSHCertificates';
my $TMPL  = '\VED\Certificate Authority\SSH\Templates';
my $true  = JSON::PP::true();
my $false = JSON::PP::false();
my $hub   = CredHubTest->new(start => 0);

$hub->start;

my $admin = $hub->as('good');
my $dir   = $hub->dir;

sub call ($what, $body, $as = $admin) { return $as->post("$BASE/$what", $body) }

# Refused with 400 or what is given, and stores nothing.
sub refused ($what, $body, $text, $label, $status = 400) {
    my $before = objects();
    my $r = call($what, $body);

    is($r->status, $status, "$label: status") or diag $r->body;
    my $json = $r->json;
    my $said = ref $json eq 'HASH' ? $json->{Response}{ErrorMessage} : '';
    ref $text ? like($said, $text, "$label: text")
        : is($said, $text, "$label: text");
    is(objects(), $before, "$label: nothing is stored");
    return;
}

sub objects () {
    return join ' ', map { $hub->redis('ZCARD', "{credhub}:objects:ssh-$_") }
        qw(cas templates certificates);
}

# A public key line of what is in a blob.
sub line ($word, @parts) {
    return "$word " . encode_base64(join('', map { pack 'N/a*', $_ }
        $word, @parts), '');
}

call('CAKeyPair/Create', { Name => 'ca' })->status == 200 or die 'no CA';
call('Template/Create', { Name => 'narrow',
    CAKeyPairDN => '\VED\Certificate Authority\SSH\ca',
    AccessControl => { AllowedPrincipalsPatterns => ['[a-z]+'],
        AllowedExtensions => ['permit-pty'] },
    APIClient => { AllowedToRequestForceCommand => $false },
    Certificate => { MaximumValidityPeriod => '1h',
        ValidityPeriod => '10m' } })->status == 200 or die 'no template';

my %good = (CADN => 'ca', Principals => ['p']);


subtest 'public keys' => sub {
    my %keys = (
        'not base64'      => 'ssh-ed25519 %%%',
        'no key'          => 'hello',
        'wrong type'      => 'ssh-rsa ' . (split ' ', line('ssh-ed25519', 'x' x 32))[1],
        'short'           => line('ssh-ed25519', 'x' x 31),
        'trailing data'   => line('ssh-ed25519', 'x' x 32, 'more'),
        'DSA'             => line('ssh-dss', ("\1" x 20) x 4),
        'RSA 1024'        => line('ssh-rsa', "\1\0\1", "\0" . "\xc1" x 128),
        'certificate'     => line('ssh-ed25519-cert-v01@openssh.com', 'x' x 32),
        'two lines'       => line('ssh-ed25519', 'x' x 32) . "\n" . line('ssh-ed25519', 'y' x 32),
        'long'            => 'ssh-ed25519 ' . 'A' x 20_000,
    );
    for my $name (sort keys %keys) {
        refused('Request', { %good, PublicKeyData => $keys{$name} }, qr/./,
            $name);
    }
};

subtest 'members' => sub {
    my @rows = (
        ['principals empty', Principals => ['']],
        ['with a comma', Principals => ['a,b']],
        ['with a space', Principals => ['a b']],
        ['with a newline', Principals => ["a\nb"]],
        ['257 of them', Principals => [map {"p$_"} 1 .. 257]],
        ['principals as text', Principals => 'p'],
        ['as numbers', Principals => [1]],
        ['extension with NUL', Extensions => { "permit-pty\0" => '' }],
        ['its value', Extensions => { 'permit-pty' => "\0" }],
        ['extensions as a list', Extensions => ['permit-pty']],
        ['validity 0', ValidityPeriod => '0h'],
        ['negative', ValidityPeriod => '-1h'],
        ['no unit', ValidityPeriod => '1y'],
        ['too long', ValidityPeriod => '99999d'],
        ['a number', ValidityPeriod => 3600],
        ['key id', KeyId => "a\nb"],
        ['long key id', KeyId => 'k' x 1025],
        ['dots', ObjectName => '..'],
        ['a slash', ObjectName => 'a/b'],
        ['a backslash', ObjectName => 'a\b'],
        ['folder', PolicyDN => '\VED\Policy\..\x'],
        ['mixed slashes', PolicyDN => '\VED/Policy\x'],
        ['folder elsewhere', PolicyDN => '\VED\Certificate Authority'],
        ['source', SourceAddresses => ['10.0.0.1,10.0.0.2']],
        ['passphrase of 10 KiB', PrivateKeyPassphrase => 'x' x 10_240],
        ['flag as text', IncludePrivateKeyData => 'true'],
        ['command with NUL', ForceCommand => "\0"],
    );
    refused('Request', { %good, @$_[1, 2] }, qr/./, $$_[0]) for @rows;
    refused('Request', { CADN => $_, Principals => ['p'] }, qr/./,
        "template $_") for 'a/b', '..', "$TMPL\\..\\ca";
    refused('Request', { Principals => ['p'] }, "The field 'CADN' is required.",
        'no template');
    refused('Request', { CADN => 'ca' }, qr/./, 'no principal');
    refused('Request', { CADN => 'none', Principals => ['p'] },
        'Template was not found', 'unknown template', 404);
    for my $body ('', '[]', '{', '"x"', 'null', '{"CADN":"ca","CADN":"ca"}') {
        my $r = $admin->post("$BASE/Request", $body,
            headers => { 'Content-Type' => 'application/json' });
        is($r->status, 400, "body '$body'");
    }
};

subtest 'a template decides' => sub {
    my %narrow = (CADN => 'narrow', Principals => ['abc']);
    refused('Request', { %narrow, Principals => ['ABC'] }, qr/./, 'principal');
    refused('Request', { %narrow, Principals => ['abc', 'a1'] }, qr/./,
        'one of them');
    refused('Request', { %narrow, Extensions => { 'permit-X11-forwarding' => '' } },
        qr/./, 'extension');
    refused('Request', { %narrow, ValidityPeriod => '61m' }, qr/./, 'validity');
    my $r = call('Request', { %narrow, ForceCommand => 'rm',
        IncludeCertificateDetails => $true });
    is($r->status, 200, 'a command that may not be asked for') or diag $r->body;
    is($r->json->{CertificateDetails}{ForceCommand} // '', '', 'is not there');
    is($r->json->{CertificateDetails}{ValidTo}
        - $r->json->{CertificateDetails}{ValidFrom}, 600, 'validity preset');

    refused('Template/Create', { Name => 'bad', CAKeyPairDN =>
        '\VED\Certificate Authority\SSH\ca', @$_ }, qr/./, "@$_[0]")
        for [AccessControl => { AllowedPrincipalsPatterns => ['('] }],
            [Type => 'server'], [Certificate => { ValidityPeriod => '0' }],
            [Certificate => { DefaultPrivateKeyAlgorithm => 'DSA' }];
    refused('Template/Create', { Name => 'x', CAKeyPairDN => '\VED\Policy\x' },
        'The CA key pair was not found.', 'no CA', 404);
    refused('Template/Create', { Name => '..', CAKeyPairDN =>
        '\VED\Certificate Authority\SSH\ca' }, qr/./, 'name');
};

subtest 'CA keys' => sub {
    refused('CAKeyPair/Create', { Name => 'x', @$_ }, qr/./, "@$_")
        for [KeyAlgorithm => 'DSA'], [KeyAlgorithm => 7], [KeyStorage => 'HSM'],
            [ParentDN => '\VED\Policy'], [ParentDN => $TMPL],
            [PrivateKeyData => 'no key'], [PrivateKeyPassphrase => 'x' x 1025];
    refused('CAKeyPair/Create', { Name => $_ }, qr/./, "name $_")
        for '', '..', 'a\b', 'a/b', 'Templates';

    for (['rsa', 1024], ['rsa', 3072, '-m', 'PEM'], ['ed25519', 256]) {
        my ($type, $bits, @more) = @$_;
        my ($code) = run_command(['ssh-keygen', '-q', '-t', $type, '-b', $bits,
            '-N', 'a word', @more, '-f', "$dir/$type$bits"]);
        is($code, 0, "$type $bits") or next;
        my %body = (Name => "$type$bits",
            PrivateKeyData => read_file("$dir/$type$bits"));
        refused('CAKeyPair/Create', { %body, PrivateKeyPassphrase => 'other' },
            qr/./, 'another passphrase');
        my $r = call('CAKeyPair/Create',
            { %body, PrivateKeyPassphrase => 'a word' });
        is($r->status, $bits == 1024 ? 400 : 200, 'imported') or diag $r->body;
        is((split ' ', $r->json->{PublicKeyData})[1],
            (split ' ', read_file("$dir/$type$bits.pub"))[1], 'that key')
            if $bits != 1024;
    }
};

subtest 'names of what is not there' => sub {
    my $guid = '{00000000-0000-0000-0000-000000000000}';
    is(call('Retrieve', $_)->status, 404, JSON::PP->new->canonical->encode($_))
        for { Guid => $guid }, { DN => '\VED\Policy\x' };
    is(call('Retrieve', $_)->status, 400, JSON::PP->new->canonical->encode($_))
        for {}, { DN => '', Guid => '' }, { Guid => 'x' }, { DN => '..' },
            { DN => 'a/b' }, { DN => 1 }, { Guid => [] };
    is(call('Template/Retrieve', { Guid => $guid })->status, 404, 'template');
    is(call('Approve', { Guid => $guid })->status, 404, 'approve');
    is(call('Revoke', { CAGuid => $guid, KeyId => 'x' })->status, 404, 'revoke');
    is($hub->as(undef)->get("$BASE/KRL")->status, 400, 'KRL');
    is(call('Revoke', { CADN => "$TMPL\\ca", @$_ })->status, 400, "revoke @$_")
        for [], [SerialNumber => '-1'], [SerialNumber => 1],
            [SerialNumber => '18446744073709551616'], [PublicKeyData => 'x'];
};

subtest 'rights' => sub {
    my $other = $hub->as('second');
    my $actor = $other->actor;
    my $made = call('Request', { %good, KeyId => 'mine' })->json;

    my $may = sub ($path, @operations) {
        $admin->post('/api/v2/permissions', { path => $path, actor => $actor,
            operations => \@operations })->status == 201 or die $path;
    };
    my %get = (DN => $made->{DN});
    my $status = sub ($what, $body) {
        my $r = call($what, $body, $other);
        $r->status == 403 and is($r->json->{Response}{ErrorCode}, 12,
            "$what: insufficient rights");
        return $r->status;
    };

    is($status->('Request', { %good }), 403, 'no template');
    is($status->('Retrieve', \%get), 403, 'no certificate');
    is($status->('Retrieve', { Guid => $made->{Guid} }), 403, 'by its Guid');
    is($status->('CAKeyPair/Create', { Name => 'x' }), 403, 'no CA');
    is($status->('Revoke', { CADN => 'VED\Certificate Authority\SSH\ca',
        KeyId => 'x' }), 403, 'no revocation');
    is_deeply($other->get("$BASE/Template/Available")->json, [], 'nothing seen');

    $may->('/ssh/VED/Certificate+Authority/SSH/Templates/ca', 'read');
    is($status->('Request', { %good }), 403, 'no folder');
    is(scalar @{ $other->get("$BASE/Template/Available")->json }, 1, 'seen');

    $may->('/ssh/VED/Policy/team/*', 'write');
    my %team = (%good, PolicyDN => '\VED\Policy\team', KeyId => 'k');
    is($status->('Request', \%team), 200, 'in its folder');
    is($status->('Request', { %team, IncludePrivateKeyData => $true }), 403,
        'no key without read');
    is($status->('Request', { %good }), 403, 'and not elsewhere');
    is($status->('Retrieve', { DN => '\VED\Policy\team\k' }), 403,
        'writes, but does not read');

    $may->('/ssh/VED/Policy/mine', 'read');
    is($status->('Retrieve', \%get), 200, 'reads');
    is($status->('Retrieve', { %get, IncludePrivateKeyData => $true }), 403,
        'but not the key');
    $may->('/ssh/VED/Policy/*', 'write');
    is($status->('Retrieve', { %get, IncludePrivateKeyData => $true }), 200,
        'the key with both');
    is($status->('Approve', \%get), 403, 'no approval');
};

done_testing;
