package CredHubTest::Pki;

# The certificates of the tests, made once for a run and shared by its files.

use v5.36;

use Fcntl ':flock';
use File::Path qw(make_path remove_tree);
use Net::SSLeay ();

use CredHubTest::Process qw(run_command read_file write_file);

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
    _openssl('req', '-x509', _new_key($self->key($name)),
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

    _openssl('req', '-new', _new_key($self->key($name)),
        '-out', $request, '-subj', $subject, @extra);
    _add_unit($request, $self->key($name), $unit) if defined $unit;
    _openssl('ca', '-batch', '-config', $file, '-notext', '-preserveDN',
        '-in', $request, '-out', $self->cert($name),
        '-startdate', _date($days < 0 ? $days - 10 : -1),
        '-enddate',   _date($days));
    return;
}


# Makes CA.NAME.pem, the list of the certificates that were revoked so far and
# of these.
sub crl ($self, $ca, $name, @revoked) {
    my @tool = ('ca', '-config', "$self->{dir}/$ca.cnf");

    _openssl(@tool, '-revoke', $self->cert($_)) for @revoked;
    _openssl(@tool, '-gencrl', '-out', $self->cert("$ca.$name"));
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


sub _openssl (@args) {
    my ($code, $text) = run_command(['openssl', @args]);
    die "openssl @args: $text" if $code != 0;
    return;
}


1;
