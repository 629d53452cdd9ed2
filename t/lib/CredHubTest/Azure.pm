package CredHubTest::Azure;

# Azure, on one port: the token endpoint of Entra ID, and a Key Vault.

use v5.36;

use parent 'CredHubTest::Manager';

use Mojo::Parameters;


sub prepare ($self) {
    my %defaults = (
        tenant_id     => '6f1c2a34-0000-4000-8000-123456789abc',
        client_id     => 'client-1',
        client_secret => 'MARKER-client~secret+/&=',
        token         => 'eyJ.MARKER-access-token.x-_',
    );

    $self->{$_} //= $defaults{$_} for keys %defaults;
    return;
}


sub config ($self) {
    return {
        map({ $_ => $self->{$_} } qw(tenant_id client_id client_secret)),
        vault_url      => $self->url,
        login_endpoint => $self->url,
    };
}


sub answer ($self, $asked) {
    my $what = "$asked->{method} $asked->{path}";

    return $self->_login($asked)
        if $what eq "POST /$self->{tenant_id}/oauth2/v2.0/token";
    return $self->_secret($asked, $1)
        if $what =~ m{^GET /secrets/([0-9A-Za-z-]+)\z};
    return $self->_error(404, 'NotFound');
}


sub _login ($self, $asked) {
    my $wrong = $self->wrong_headers($asked,
        'content-type' => 'application/x-www-form-urlencoded');
    $wrong ||= 'unexpected query' if $asked->{query} ne '';

    my $form = Mojo::Parameters->new($asked->{body})->to_hash;
    my %want = (grant_type => 'client_credentials',
        client_id => $self->{client_id},
        client_secret => $self->{client_secret},
        scope => 'https://vault.azure.net/.default');

    $wrong ||= 'the form'
        if join("\n", map {"$_ $form->{$_}"} sort keys %$form)
        ne join "\n", map {"$_ $want{$_}"} sort keys %want;

    return $self->json(401, { error => 'invalid_client',
        error_description => $wrong, error_codes => [7000215] }) if $wrong;

    return $self->json(200, { token_type => 'Bearer', expires_in => 3599,
        ext_expires_in => 3599, access_token => $self->{token} });
}


sub _secret ($self, $asked, $name) {
    my $wrong = $self->wrong_headers($asked,
        authorization => "Bearer $self->{token}");

    return $self->_error(401, "Unauthorized: $wrong") if $wrong;
    return $self->_error(400, 'BadParameter')
        if $asked->{query} ne 'api-version=7.4' || $asked->{body} ne '';

    my $value = $self->{secrets}{$name}
        // return $self->_error(404, 'SecretNotFound');

    return $self->json(200, { value => $value,
        id => $self->url . "/secrets/$name/4387e9f3d6e14c459867679a90fd0f79",
        attributes => { enabled => \1, created => 1493938410,
            updated => 1493938410, recoveryLevel => 'Recoverable' } });
}


sub _error ($self, $status, $code) {
    return $self->json($status, { error => { code => $code,
        message => $code } });
}


1;

__END__

=head1 NAME

CredHubTest::Azure - a small Azure: the token endpoint, and a Key Vault

=head1 DESCRIPTION

See L<CredHubTest::Manager>. C<secrets>: name =E<gt> its value. More options, with
defaults: C<tenant_id>, C<client_id>, C<client_secret>, C<token>.

=cut
