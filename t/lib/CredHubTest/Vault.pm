package CredHubTest::Vault;

# HashiCorp Vault as far as AppRole and the key-value engine go.

use v5.36;

use parent 'CredHubTest::Manager';

use Mojo::JSON qw(decode_json);
use Mojo::Util qw(decode url_unescape);


sub prepare ($self) {
    my %defaults = (
        role_id       => 'role-1',
        secret_id     => 'MARKER-secret-id',
        namespace     => '',
        approle_mount => 'approle',
        kv_mount      => 'secret',
        kv_version    => 2,
        token         => 'hvs.MARKER-client-token',
    );

    $self->{$_} //= $defaults{$_} for keys %defaults;
    return;
}


sub config ($self) {
    my %config = (vault_address => $self->url,
        map { $_ => $self->{$_} } qw(role_id secret_id));
    my %defaults = (namespace => '', approle_mount => 'approle',
        kv_mount => 'secret', kv_version => 2);

    for my $name (keys %defaults) {
        $config{$name} = $self->{$name} if $self->{$name} ne $defaults{$name};
    }

    return \%config;
}


sub answer ($self, $asked) {
    my $path   = decode('UTF-8', url_unescape($asked->{path})) // '';
    my $what   = "$asked->{method} $path";
    my $secret = $self->{kv_mount} . ($self->{kv_version} == 2 ? '/data' : '');

    return $self->_errors(400, 'unexpected query') if $asked->{query} ne '';

    return $self->_login($asked)
        if $what eq "POST /v1/auth/$self->{approle_mount}/login";

    my $wrong = $self->_wrong_headers($asked,
        'x-vault-token' => $self->{token}, $asked->{method} eq 'POST'
        ? ('content-type' => 'application/json') : ());
    return $self->_errors(400, $wrong) if $wrong;
    return $self->_errors(400, 'unexpected body') if $asked->{body} ne '';
    return $self->_errors(403, 'permission denied') if $self->_revoked;

    return $self->_revoke if $what eq 'POST /v1/auth/token/revoke-self';

    return $self->_read($1) if $what =~ m{^GET /v1/\Q$secret\E/(.+)\z};
    return $self->_errors(404, 'no handler for route');
}


sub _login ($self, $asked) {
    my $wrong = $self->_wrong_headers($asked,
        'content-type' => 'application/json');
    return $self->_errors(400, $wrong) if $wrong;

    my $body = eval { decode_json($asked->{body}) } // {};
    return $self->_errors(400, 'invalid role or secret ID')
        if join(' ', sort keys %$body) ne 'role_id secret_id'
        || $body->{role_id} ne $self->{role_id}
        || $body->{secret_id} ne $self->{secret_id};

    $self->{revoked} = 0;
    return $self->json(200, {
        request_id => 'e0f3a1f8-6d2a-4d35-9b64-6f6d3f8e0d11',
        lease_id   => '', renewable => \0, lease_duration => 0,
        data       => undef, wrap_info => undef, warnings => undef,
        auth       => { client_token => $self->{token}, accessor => 'a',
            policies => ['default'], token_policies => ['default'],
            lease_duration => 1200, renewable => \1, token_type => 'service' },
    });
}


sub _read ($self, $path) {
    my $secret = $self->{secrets}{$path} or return $self->json(404,
        { errors => [] });
    my $data = $self->{kv_version} == 1 ? $secret
        : { data => $secret, metadata => { version => 3, destroyed => \0,
            created_time => '2026-01-02T03:04:05.000006Z',
            deletion_time => '', custom_metadata => undef } };

    return $self->json(200, { request_id => 'r', lease_id => '',
        renewable => \0, lease_duration => 0, data => $data,
        wrap_info => undef, warnings => undef, auth => undef });
}


sub _revoke ($self) {
    $self->{revoked} = 1;
    return (204, 'application/json', '');
}


sub _revoked ($self) { return $self->{revoked} // 1 }


sub _wrong_headers ($self, $asked, %want) {
    $want{'x-vault-namespace'} = $self->{namespace}
        if $self->{namespace} ne '';
    return $self->wrong_headers($asked, %want);
}


sub _errors ($self, $status, $text) {
    return $self->json($status, { errors => [$text] });
}


1;

__END__

=head1 NAME

CredHubTest::Vault - a small HashiCorp Vault

=head1 DESCRIPTION

See L<CredHubTest::Manager>. C<secrets>: path =E<gt> its fields. More options,
with defaults: C<role_id>, C<secret_id>, C<namespace> (none), C<approle_mount>,
C<kv_mount>, C<kv_version> (2), C<token>.

A token is good from a login until it is revoked.

=cut
