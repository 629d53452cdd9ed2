package CredHubTest::Errors;

# What a client is told, by the names of errors. Texts that clients compare
# are whole; of the others it is what they must speak of.

use v5.36;

use Exporter 'import';
use Test::More;

our @EXPORT    = qw(is_error);
our @EXPORT_OK = qw(answers);

my $CRED = 'The request could not be completed because the credential does '
    . 'not exist or you do not have sufficient authorization.';

# name => [status, error, error_description where there is one]
my %ERRORS = (
    bad_request => [400, 'The request could not be fulfilled because the '
        . 'request path or body did not meet expectation. Please check the '
        . 'documentation for required formatting and retry your request.'],
    credential  => [404, $CRED],
    denied      => [403, $CRED],
    type_mismatch => [400, 'The credential type cannot be modified. Please '
        . 'delete the credential if you wish to create it with a different '
        . 'type.'],

    bad_query            => [400, qr/query parameter '%s'/],
    content_type         => [400, qr/content type/],
    interpolate_type     => [400, qr/'%s' is not of type json/],
    key_length           => [400, qr/2048, 3072 or 4096/],
    key_missing          => [500, qr/encryption key/],
    metadata_long        => [400, qr/metadata.* 7000 /],
    method               => [405, qr/method/],
    missing_query        => [400, qr/query parameter '%s'/],
    mode_and_overwrite   => [400, qr/'mode' and 'overwrite'/],
    name_chars           => [400, qr/name.*may contain/],
    name_long            => [400, qr/name.* at most %s /],
    name_slash           => [400, qr{name.*'//'.*'/'}],
    no_charset           => [400, qr/characters/],
    no_key               => [400, qr/public key or a private key/],
    no_name              => [400, qr/needs the name/],
    no_password          => [400, qr/password/],
    no_value             => [400, qr/value/],
    not_generatable      => [400, qr/'value' and 'json' cannot be generated/],
    not_regenerable_password => [400, qr/password was set, not generated/],
    not_regenerable_user => [400, qr/user was set, not generated/],
    too_large            => [413, qr/too large/i],
    type_generate        => [400, qr/'password', 'user', 'certificate', 'rsa' and 'ssh'/],
    type_regenerate      => [400, qr/type cannot be regenerated/],
    type_set             => [422, qr/'value', 'json', 'password', 'user', 'certificate', 'rsa' and 'ssh'/],
    unknown_key          => [422, qr/parameter '%s'/],
    unknown_key_generate => [400, qr/parameter '%s'/],
    versions_and_current => [400, qr/'versions' and 'current'/],

    alt_name         => [400, qr/alternative name '%s'/],
    alt_names_many   => [400, qr/too many alternative names/],
    bad_ca           => [400, qr/value of 'ca' is not/],
    bad_cert         => [400, qr/not an X\.509 certificate/],
    ca               => [404, qr/certificate authority does not exist/],
    ca_and_ca_name   => [400, qr/Only one of 'ca' and 'ca_name'/],
    ca_and_self_sign => [400, qr/remove 'ca' or 'self_sign'/],
    ca_expired       => [400, qr/certificate authority has expired/],
    ca_no_key        => [400, qr/certificate authority has no private key/],
    cert_long        => [400, qr/at most 7000 bytes/],
    cert_param_long  => [400, qr/too long: the %s\./],
    duration         => [400, qr/between 1 and 3650\d?0?\./],
    key_curve        => [400, qr/'P-256' or 'P-384'/],
    key_mismatch     => [400, qr/private key does not belong/],
    key_type         => [400, qr/'rsa', 'ec' or 'ed25519'/],
    last_version     => [400, qr/last version of a certificate/],
    mismatched_version => [400, qr/version.* certificate/],
    need_cert        => [400, qr/needs a certificate/],
    no_cert_fields   => [400, 'At least one certificate attribute must be set. '
        . 'Please validate your input and retry your request.'],
    no_cert_params   => [400, qr/needs parameters/],
    no_signer        => [400, qr/needs a signer/],
    no_subject       => [400, qr/'common_name', 'organization'/],
    not_ca           => [400, qr/is not a certificate authority/],
    no_signed_by     => [400, qr/certificate authority in 'signed_by'/],
    children_many    => [400, qr/more certificates than one request/],
    not_regenerable_cert => [400, qr/cannot be regenerated/],
    not_signed_by_ca => [400, qr/not signed by the given/],
    not_signed_by_ca_name => [400, qr/not signed by .* was named/],
    private_key      => [400, 'Private key is malformed. Key file does not '
        . 'contain an RSA private key'],
    private_key_format => [400, 'Private key is malformed. Key file is not in '
        . 'PKCS#1 or unencrypted PKCS#8 format'],
    private_key_pem  => [400, 'Private key is malformed. Keys must be '
        . 'PEM-encoded PKCS#1 or unencrypted PKCS#8 keys.'],
    too_many_transitional => [400, qr/transitional version already/],
    unreadable_cert  => [400, qr/part that cannot be read/],

    ext_key_usage => [400, qr/^The provided extended key usage '%s' is not supported\. Valid values include 'client_auth', 'server_auth', 'code_signing', 'email_protection' and 'timestamping'\.\z/],
    key_usage => [400, qr/^The provided key usage '%s' is not supported\. Valid values include 'digital_signature', 'non_repudiation', 'key_encipherment', 'data_encipherment', 'key_agreement', 'key_cert_sign', 'crl_sign', 'encipher_only' and 'decipher_only'\.\z/],

    perm_access     => [404, 'The request could not be completed because the '
        . 'permission does not exist or you do not have sufficient '
        . 'authorization.'],
    perm_actor      => [400, qr/needs an actor/],
    perm_chars      => [400, qr/path of a permission may contain/],
    perm_exists     => [409, qr/exists already/],
    perm_mismatch   => [400, qr/path and actor of a permission cannot/],
    perm_no_entries => [400, qr/names no permissions/],
    perm_none       => [404, qr/^The permission does not exist\.$/],
    perm_operation  => [422, qr/'read', 'write', 'delete', 'read_acl' and 'write_acl'/],
    perm_ops        => [400, qr/needs operations/],
    perm_path       => [400, qr/needs a path/],
    perm_self       => [400, qr/Your own permissions/],
    perm_slash      => [400, qr/path of a permission must not contain two/],

    busy        => [503, qr/too much to do/],
    internal    => [500, qr/internal error/],
    unavailable => [503, qr/store does not answer/],
    no_token_keys => [503, qr/keys of the tokens are not available/],

    misdirected      => [421, qr/another server/],
    mtls_id          => [401, qr/organizational unit/],
    mtls_usage       => [401, qr/client authentication/],
    not_found        => [404, qr/nothing at this URL/],
    read_only        => [503, qr/read-only/],
    remote_address   => [401, qr/from the server itself/],
    certificate      => [400, 'invalid_client_certificate', qr/%s/],
    scope            => [403, 'insufficient_scope', qr/scope credhub\.%s\.$/],
    token            => [401, 'invalid_token', qr/^The %s\.$/],
    token_expired    => [401, 'access_token_expired', 'Access token expired'],
    too_early        => [425, qr/before the TLS handshake/],
    unauthenticated  => [401, 'invalid_token',
        'Full authentication is required to access this resource'],
);


# Is it this error, and a JSON object with nothing else in it? "name:detail"
# names what stands in its text.
sub is_error ($response, $name, $label) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my ($id, $detail) = split /:/, $name, 2;
    my ($status, @texts) = @{ $ERRORS{$id} // die "no error $id" };
    my $json = $response->json;
    my @keys = ('error', 'error_description')[0 .. $#texts];
    my @told = ref $json eq 'HASH' ? map { $_ // '' } @$json{@keys} : ();

    my $good = $response->status == $status
        && @told && join(' ', sort keys %$json) eq "@keys"
        && !grep({ !_same($told[$_], $texts[$_], $detail) } 0 .. $#texts)
        && $response->header('Content-Type')
            eq 'application/json;charset=UTF-8';

    ok($good, $label)
        or diag("expected $status $name, got ", $response->status, ' ',
            $response->error // $response->body);
    return $good;
}


# A status (a number), or an error by its name.
sub answers ($response, $expected, $label) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return is($response->status, $expected, $label) if $expected =~ /^\d+$/;
    return is_error($response, $expected, $label);
}


sub _same ($found, $text, $detail) {
    return $found eq $text if !ref $text;

    my $words = $text =~ s/%s/quotemeta($detail \/\/ '')/er;
    return $found =~ /$words/;
}


1;

__END__

=head1 NAME

CredHubTest::Errors - which error an answer is

=head1 SYNOPSIS

    is_error($hub->get('/api/v1/data'), 'missing_query:name', 'no name');
    answers($hub->get($_->[0]), $_->[1], $_->[0])
        for ['/version', 200], ['/none', 'not_found'];

=cut
