package CredHubTest::Certificates;

# Credentials of type certificate: those that a test needs, and what they are.
# A view is an answer, or one of a list.

use v5.36;

use Exporter 'import';

use CredHubTest::Pki qw(describe verified);

our @EXPORT = qw(authority leaf versions pem issued_by same_key days);

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


sub pem (@views) { return map { $_->{value}{certificate} } @views }


# Does openssl verify a certificate by these, the issuer first, the root last?
sub issued_by ($view, @above) {
    my ($pem, @pems) = pem($view, @above);
    my $root = pop @pems;
    return verified($pem, $root, chain => join '', @pems) eq 'OK';
}


sub same_key ($one, $two) {
    my ($key, $other) = map { describe($_)->{key_id} } pem($one, $two);
    return $key eq $other;
}


sub days ($view) {
    my $it = describe(pem($view));
    return ($it->{to} - $it->{from}) / 86400;
}


1;

__END__

=head1 NAME

CredHubTest::Certificates - certificates that a test needs

=head1 SYNOPSIS

    my $ca = authority($hub, '/ca');
    my $cert = leaf($hub, '/leaf', '/ca', duration => 30);
    ok(issued_by($cert, $ca), 'openssl verifies it');

=cut
