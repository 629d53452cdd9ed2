package CredHubTest::Pki;

# The certificates of the tests, made once for a run and shared by its files.

use v5.36;

use Fcntl ':flock';
use File::Path qw(make_path remove_tree);

use CredHubTest::Process qw(run_command read_file write_file);

my $MAX_AGE_DAYS = 0.25;

my %APP = (
    good   => 'a12345e5-b2b0-4648-a0d0-772d3d399dcb',
    second => '2f1ea0a8-4f11-4a3c-9b1f-3c8f1f0d7e11',
    third  => '7d3c9f52-66a0-4c8e-8a55-0f1f6f1d2c33',
);

# name => [CA, subject, extended key usage, more arguments of openssl]
my $DAY   = 86400;
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
        $self->ca($_) for qw(ca ca2);
        $self->issue($_, @{ $CERTS{$_} }) for sort keys %CERTS;
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


sub ca ($self, $name) {
    _openssl('req', '-x509', _new_key($self->key($name)),
        '-out', $self->cert($name), '-days', 30, '-subj', "/CN=test $name",
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


# Makes NAME.pem and NAME.key. `subject` as openssl's -subj; `days` below 0:
# expired that many days ago. Test files may issue more of their own.
sub issue ($self, $name, $ca, $subject, $usage = undef, $days = 20) {
    my $request = "$self->{dir}/$name.csr";
    my @extra   = ('-addext', 'basicConstraints=CA:FALSE');
    my $file    = "$self->{dir}/$ca.cnf";

    push @extra, '-addext', "extendedKeyUsage=$usage" if defined $usage;
    push @extra, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'
        if ($usage // '') eq 'serverAuth';

    _openssl('req', '-new', _new_key($self->key($name)),
        '-out', $request, '-subj', $subject, @extra);
    _openssl('ca', '-batch', '-config', $file, '-notext', '-preserveDN',
        '-in', $request, '-out', $self->cert($name),
        '-startdate', _date($days < 0 ? $days - 10 : -1),
        '-enddate',   _date($days));
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
