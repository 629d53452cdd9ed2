package CredHubTest::Pki;

# The certificates of the tests, made once for a run and shared by its files;
# and what openssl makes of certificates, and says of them.

use v5.36;

use Exporter 'import';
use Fcntl ':flock';
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use MIME::Base64 qw(decode_base64);
use Net::SSLeay ();
use Time::Local qw(timegm);

use CredHubTest::Process qw(run_command read_file write_file);

our @EXPORT_OK = qw(openssl file_of describe der name_der name_types verified
    key_matches new_key make_certificate);

my $MAX_AGE_DAYS = 0.25;

my %APP = (
    good   => 'a12345e5-b2b0-4648-a0d0-772d3d399dcb',
    second => '2f1ea0a8-4f11-4a3c-9b1f-3c8f1f0d7e11',
    third  => '7d3c9f52-66a0-4c8e-8a55-0f1f6f1d2c33',
);

my $DAY = 86400;
my $OU  = "app:$APP{good}";

# name => subject; the twin has the name of ca and another key
my %CAS = (
    ca   => '/CN=test ca',
    ca2  => '/CN=test ca2',
    twin => '/CN=test ca',
);

# name => [CA, subject, extended key usage, days]
my %CERTS = (
    server  => ['ca',  '/CN=localhost', 'serverAuth'],
    server2 => ['ca2', '/CN=localhost', 'serverAuth'],

    good    => ['ca',  "/OU=app:$APP{good}/CN=good",     'clientAuth'],
    second  => ['ca',  "/OU=app:$APP{second}/CN=second", 'clientAuth'],
    third   => ['ca',  "/OU=app:$APP{third}/CN=third",   'clientAuth'],
    noou    => ['ca',  '/CN=noou',                       'clientAuth'],
    badou   => ['ca',  '/OU=app:not-a-uuid/CN=badou',    'clientAuth'],
    noeku   => ['ca',  "/OU=app:$APP{good}/CN=noeku",    undef],
    srveku  => ['ca',  "/OU=app:$APP{good}/CN=srveku",   'serverAuth'],
    otherca => ['ca2', "/OU=app:$APP{good}/CN=otherca",  'clientAuth'],
    expired => ['ca',  "/OU=app:$APP{good}/CN=expired",  'clientAuth', -2],
    revoked => ['ca',  "/OU=app:$APP{good}/CN=revoked",  'clientAuth'],

    ou_upper   => ['ca', '/OU=app:' . uc $APP{good}, 'clientAuth'],
    ou_version => ['ca', '/OU=' . $OU =~ s/-4/-1/r, 'clientAuth'],
    ou_prefix  => ['ca', "/OU=x$OU",            'clientAuth'],
    ou_suffix  => ['ca', "/OU=${OU}x",          'clientAuth'],
    ou_nul     => ['ca', "/OU=$OU\0.evil",      'clientAuth'],
    ou_nul_in  => ['ca', '/OU=' . substr($OU, 0, -1) . "\0", 'clientAuth'],
    ou_bare    => ['ca', "/OU=$APP{good}",      'clientAuth'],
    ou_cn      => ['ca', "/CN=$OU",             'clientAuth'],
    ou_last    => ['ca', "/OU=other/OU=$OU",    'clientAuth'],
    ou_two     => ['ca', "/OU=$OU/OU=app:$APP{second}", 'clientAuth'],
    ou_multi   => ['ca', "/CN=multi+OU=space:x+OU=$OU+OU=organization:y",
        'clientAuth'],
    eku_any    => ['ca', "/OU=$OU", 'anyExtendedKeyUsage'],
    eku_both   => ['ca', "/OU=$OU", 'serverAuth,clientAuth'],
);


# Options: dir, where everything is kept.
sub new ($class, %opt) {
    my $self = bless { dir => $opt{dir} }, $class;

    make_path($self->{dir});
    open my $lock, '>', "$self->{dir}.lock" or die "$self->{dir}.lock: $!";
    flock $lock, LOCK_EX or die "flock: $!";

    my $done = "$self->{dir}/done";
    if (!-e $done || -M $done > $MAX_AGE_DAYS || -M $done > -M __FILE__) {
        remove_tree($self->{dir}, { keep_root => 1 });
        $self->ca($_, $CAS{$_}) for sort keys %CAS;
        $self->issue($_, @{ $CERTS{$_} }) for sort keys %CERTS;
        $self->crl('ca', 'none');
        $self->crl('ca', 'crl', 'revoked');
        write_file("$self->{dir}/clients.pem",
            join '', map { read_file("$self->{dir}/$_.pem") } qw(ca ca2));
        write_file($done, '');
    }

    return $self;
}


sub uuid ($self, $name)  { return $APP{$name} }
sub actor ($self, $name) { return "mtls-app:$APP{$name}" }
sub cert ($self, $name)  { return "$self->{dir}/$name.pem" }
sub key ($self, $name)   { return "$self->{dir}/$name.key" }


sub ca ($self, $name, $subject) {
    openssl('req', '-x509', _new_key($self->key($name)),
        '-out', $self->cert($name), '-days', 30, '-subj', $subject,
        '-addext', 'keyUsage=critical,keyCertSign,cRLSign');
    write_file("$self->{dir}/$name.cnf", <<"END");
[ca]
default_ca = it
[it]
database      = $self->{dir}/$name.index
rand_serial   = yes
certificate   = $self->{dir}/$name.pem
private_key   = $self->{dir}/$name.key
new_certs_dir = $self->{dir}
default_crl_days = 30
default_md    = sha256
policy        = any
copy_extensions = copy
[any]
organizationalUnitName = optional
commonName             = optional
END
    write_file("$self->{dir}/$name.index",      '');
    write_file("$self->{dir}/$name.index.attr", "unique_subject = no\n");
    return;
}


# Makes NAME.pem and NAME.key. `subject` as openssl's -subj, but its last OU may
# contain NUL; `days` below 0: expired that many days ago. Test files may issue
# more of their own.
sub issue ($self, $name, $ca, $subject, $usage = undef, $days = 20) {
    my $request = "$self->{dir}/$name.csr";
    my @extra   = ('-addext', 'basicConstraints=CA:FALSE');
    my $file    = "$self->{dir}/$ca.cnf";

    push @extra, '-addext', "extendedKeyUsage=$usage" if defined $usage;
    push @extra, '-addext',
        'subjectAltName=DNS:localhost,DNS:other.test,IP:127.0.0.1'
        if ($usage // '') eq 'serverAuth';

    # openssl would end the value at NUL
    my ($unit) = $subject =~ s{/OU=([^/]*\0[^/]*)\z}{/}
        ? $1 : undef;

    openssl('req', '-new', _new_key($self->key($name)),
        '-out', $request, '-subj', $subject, @extra);
    _add_unit($request, $self->key($name), $unit) if defined $unit;
    openssl('ca', '-batch', '-config', $file, '-notext', '-preserveDN',
        '-in', $request, '-out', $self->cert($name),
        '-startdate', _date($days < 0 ? $days - 10 : -1),
        '-enddate',   _date($days));
    return;
}


# Makes CA.NAME.pem, the list of the certificates that were revoked so far and
# of these.
sub crl ($self, $ca, $name, @revoked) {
    my @tool = ('ca', '-config', "$self->{dir}/$ca.cnf");

    openssl(@tool, '-revoke', $self->cert($_)) for @revoked;
    openssl(@tool, '-gencrl', '-out', $self->cert("$ca.$name"));
    return;
}


# Adds an OU to the subject of a request and signs it again.
sub _add_unit ($request, $key, $unit) {
    my ($csr, $private) = map {
        my ($file, $read) = @$_;
        my $bio   = Net::SSLeay::BIO_new_file($file, 'r');
        my $found = $read->($bio) or die "$file cannot be read";
        Net::SSLeay::BIO_free($bio);
        $found;
    } [$request, \&Net::SSLeay::PEM_read_bio_X509_REQ],
        [$key, \&Net::SSLeay::PEM_read_bio_PrivateKey];

    Net::SSLeay::X509_NAME_add_entry_by_txt(
        Net::SSLeay::X509_REQ_get_subject_name($csr), 'OU',
        Net::SSLeay::MBSTRING_UTF8(), $unit)
        && Net::SSLeay::X509_REQ_sign($csr, $private,
            Net::SSLeay::EVP_get_digestbyname('sha256'))
        or die "$request: the unit was not added";

    write_file($request, Net::SSLeay::PEM_get_string_X509_REQ($csr));
    Net::SSLeay::X509_REQ_free($csr);
    Net::SSLeay::EVP_PKEY_free($private);
    return;
}


sub _date ($days) {
    my @t = gmtime(time + $days * $DAY);
    return sprintf '%04d%02d%02d%02d%02d%02dZ',
        $t[5] + 1900, $t[4] + 1, @t[3, 2, 1, 0];
}


sub _new_key ($file) {
    return ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
        '-keyout', $file);
}


# openssl: the functions that a test may import

my ($scratch, $files);

# A new file with these bytes; without them, a name for one.
sub file_of ($bytes = undef) {
    $scratch //= tempdir('credhub-pki-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $file = "$scratch/" . ++$files;
    return defined $bytes ? write_file($file, $bytes) : $file;
}


# Its output; dies when it fails.
sub openssl (@args) {
    my ($code, $text) = run_command(['openssl', @args]);
    die "openssl @args: $text" if $code != 0;
    return $text;
}


# What openssl says of the first certificate of a text: version, serial (hex),
# signature, key (like "rsa 2048", "ec P-256", "ed25519"), exponent, key_id
# (SHA-1 of the key's bits), subject and issuer (lines "CN=value", nothing
# escaped), from and to (seconds since 1970), extensions (rows [name, critical,
# value]).
sub describe ($pem) {
    my $text = openssl('x509', '-in', file_of($pem), '-noout', '-serial',
        '-subject', '-issuer', '-nameopt', 'sep_multiline,sname,utf8',
        '-text', '-ocspid');
    my ($extensions) = $text =~ /^ {8}X509v3 extensions:\n((?: {12}.*\n)*)/m;
    my @extensions;

    for my $line (split /\n/, $extensions // '') {
        push @extensions, [$1, $2 ? 1 : 0, '']
            if $line =~ /^ {12}(\S.*?): ?(critical)?$/;
        $extensions[-1][2] .= $1 if $line =~ /^ {16}(.*)/;
    }

    my %got = (
        subject    => [_lines($text, 'subject')],
        issuer     => [_lines($text, 'issuer')],
        from       => _seconds($text =~ /Not Before: (.*) GMT/),
        to         => _seconds($text =~ /Not After : (.*) GMT/),
        key        => _key($text),
        extensions => \@extensions,
    );
    ($got{version})   = $text =~ /^ *Version: (\d)/m;
    ($got{serial})    = $text =~ /^serial=(\S+)$/m;
    ($got{signature}) = $text =~ /^ *Signature Algorithm: (\S+)/m;
    ($got{exponent})  = $text =~ /^ *Exponent: (\d+)/m;
    ($got{key_id})    = $text =~ /Public key OCSP hash: (\w+)/;
    return \%got;
}


sub _lines ($text, $name) {
    my ($block) = $text =~ /^$name=\n((?: {4}.*\n)*)/m;
    return map {s/^ {4}//r} split /\n/, $block // '';
}


sub _seconds ($date) {
    my ($month, $day, $h, $m, $s, $year) =
        $date =~ /^(\w{3}) +(\d+) (\d+):(\d+):(\d+) (\d+)\z/;
    return timegm($s, $m, $h, $day,
        index('JanFebMarAprMayJunJulAugSepOctNovDec', $month) / 3, $year);
}


sub _key ($text) {
    my ($algorithm) = $text =~ /Public Key Algorithm: (\S+)/;
    return lc $algorithm if $algorithm =~ /^ED/;
    return $text =~ /NIST CURVE: (\S+)/ ? "ec $1" : $algorithm
        if $algorithm eq 'id-ecPublicKey';
    return 'rsa ' . ($text =~ /Public-Key: \((\d+) bit/)[0]
        if $algorithm eq 'rsaEncryption';
    return $algorithm;
}


sub der ($pem) {
    my ($body) = $pem =~ /^-----BEGIN [^\n]*\n(.*?)^-----END /ms;
    return decode_base64($body // '');
}


# The lines of asn1parse for the issuer or the subject of a certificate.
sub _name_lines ($pem, $which) {
    my @blocks = split /^(?= *\d+:d=2 )/m,
        openssl('asn1parse', '-in', file_of($pem));
    return $blocks[$which eq 'issuer' ? 4 : 6];
}


# Its bytes.
sub name_der ($pem, $which) {
    my ($from, $head, $len) = _name_lines($pem, $which)
        =~ /^ *(\d+):d=2 +hl=(\d+) +l= *(\d+)/;
    return substr der($pem), $from, $head + $len;
}


# Its attributes in order: "commonName PRINTABLESTRING".
sub name_types ($pem, $which) {
    my $lines = _name_lines($pem, $which);
    my @found = $lines
        =~ /OBJECT +:(\w+)\n.*prim: (\w+)/g;
    return map {"$found[2 * $_] $found[2 * $_ + 1]"} 0 .. @found / 2 - 1;
}


# Does openssl verify a certificate against these roots? 'OK', or what it said.
# Options: chain (PEM of certificates between), args (more of them).
sub verified ($pem, $roots, %opt) {
    my ($code, $text) = run_command(['openssl', 'verify',
        '-CAfile', file_of($roots),
        ($opt{chain} ? ('-untrusted', file_of($opt{chain})) : ()),
        @{ $opt{args} // [] }, file_of($pem)]);
    return $code == 0 ? 'OK' : $text;
}


# Does a private key belong to a certificate?
sub key_matches ($pem, $key) {
    return openssl('x509', '-in', file_of($pem), '-noout', '-pubkey')
        eq openssl('pkey', '-in', file_of($key), '-pubout');
}


# A private key of this kind ("rsa 2048", "ec P-256", "ed25519", "dsa") in
# PKCS#8.
sub new_key ($kind) {
    my ($type, $of) = split / /, $kind;

    return openssl('genpkey', '-paramfile', file_of(openssl('genpkey',
        '-quiet', '-genparam', '-algorithm', 'DSA', '-pkeyopt',
        'dsa_paramgen_bits:1024'))) if $type eq 'dsa';

    return openssl('genpkey', '-quiet', '-algorithm', $type,
        $type eq 'rsa' ? ('-pkeyopt', "rsa_keygen_bits:$of")
        : $type eq 'ec' ? ('-pkeyopt', "ec_paramgen_curve:$of") : ());
}


# A certificate that openssl makes: { certificate, private_key }. Options:
# subject, key (its kind; or private_key), signer (another one of these; none:
# it signs itself), days ([from, to] from now), extensions (lines; undef:
# version 1), request (a PEM of its own).
sub make_certificate (%opt) {
    my $private = $opt{private_key} // new_key($opt{key} // 'ec P-256');
    my $key     = file_of($private);
    my $out     = file_of();
    my ($from, $to) = @{ $opt{days} // [-1, 30] };
    my $request = $opt{request} // openssl('req', '-new', '-key', $key,
        '-utf8', '-subj', $opt{subject} // '/CN=made by openssl');

    my @extensions = @{ $opt{extensions} // [] };
    my $config = file_of(join "\n", '[ca]', 'default_ca = it', '[it]',
        'database = ' . file_of(''), 'rand_serial = yes', 'policy = any',
        'new_certs_dir = ' . ($scratch), 'unique_subject = no',
        'default_md = default',
        ($opt{extensions} ? ('x509_extensions = them') : ()),
        '[any]', 'commonName = optional', '[them]', @extensions, '');

    openssl('ca', '-batch', '-config', $config, '-notext', '-preserveDN',
        '-in', file_of($request), '-out', $out,
        ($opt{signer}
            ? ('-cert', file_of($opt{signer}{certificate}),
                '-keyfile', file_of($opt{signer}{private_key}))
            : ('-selfsign', '-keyfile', $key)),
        '-startdate', _date($from), '-enddate', _date($to));

    return { certificate => read_file($out), private_key => $private };
}


1;
