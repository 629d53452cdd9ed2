package CredHubTest::Certificates;

# Credentials of type certificate: making them, and what openssl says of them.

use v5.36;

use Exporter 'import';

use CredHubTest::Process qw(run_command write_file);

our @EXPORT = qw(authority leaf versions issued_by same_key key_of text_of);

my @EC = (key_type => 'ec', key_curve => 'P-256');


# A CA that signs itself, or one below `ca`; the view. Its key is a P-256 one
# unless another is asked for.
sub authority ($hub, $name, %more) {
    return _generate($hub, $name, is_ca => \1, %more);
}


# A certificate below a CA; the view.
sub leaf ($hub, $name, $ca, %more) {
    return _generate($hub, $name, ca => $ca, %more);
}


sub _generate ($hub, $name, %parameters) {
    my %more = exists $parameters{metadata}
        ? (metadata => delete $parameters{metadata}) : ();
    my $r = $hub->made($hub->generate($name, 'certificate',
        { common_name => $name =~ s{^/}{}r, @EC, %parameters },
        mode => 'overwrite', %more));

    $r->status == 200 or die "no certificate $name: ", $r->body;
    return $r->json;
}


# All versions of a name, newest first.
sub versions ($hub, $name) {
    my $r = $hub->get("/api/v1/data?name=$name");
    return $r->status == 200 ? @{ $r->json->{data} } : ();
}


# Does openssl verify a certificate by these, the issuer first, the root last?
sub issued_by ($hub, $pem, @above) {
    my $dir = $hub->scratch;
    my @untrusted = @above > 1
        ? ('-untrusted', write_file("$dir/untrusted.pem",
            join '', @above[0 .. $#above - 1])) : ();

    my ($code) = run_command(['openssl', 'verify', '-CAfile',
        write_file("$dir/root.pem", $above[-1]), @untrusted,
        write_file("$dir/leaf.pem", $pem)]);
    return $code == 0;
}


# The public key of a certificate, or of a private key; PEM.
sub key_of ($hub, $pem) {
    my $file = write_file($hub->scratch . '/key.pem', $pem, 0600);
    my @what = $pem =~ /PRIVATE KEY/ ? ('pkey', '-pubout')
        : ('x509', '-noout', '-pubkey');
    my ($code, $text) = run_command(['openssl', $what[0], '-in', $file,
        @what[1 .. $#what]]);
    die $text if $code != 0;
    return $text;
}


# Do certificate and private key of a view belong together?
sub same_key ($hub, $view) {
    return key_of($hub, $view->{value}{certificate})
        eq key_of($hub, $view->{value}{private_key});
}


# A certificate as openssl prints it.
sub text_of ($hub, $pem) {
    my ($code, $text) = run_command(['openssl', 'x509', '-noout', '-text',
        '-in', write_file($hub->scratch . '/text.pem', $pem)]);
    die $text if $code != 0;
    return $text;
}


1;

__END__

=head1 NAME

CredHubTest::Certificates - certificates that a test needs

=head1 SYNOPSIS

    my $ca = authority($hub, '/ca');
    my $cert = leaf($hub, '/leaf', '/ca', duration => 30);
    ok(issued_by($hub, $cert->{value}{certificate}, $ca->{value}{certificate}));

=cut
