package CredHubTest::Peers::TlsServer;

# openssl s_server, which answers each connection with a page.

use v5.36;

use parent 'CredHubTest::Peer';


sub prepare ($self) {
    my ($leaf, @others) = ($self->{certificate}, @{ $self->{chain} // [] });

    $self->file('key.pem',   $leaf->{private_key});
    $self->file('cert.pem',  $leaf->{certificate});
    $self->file('chain.pem', join '', map { $_->{certificate} } @others);
    return;
}


sub command ($self) {
    my @chain = $self->{chain} ? ('-cert_chain', 'chain.pem') : ();

    return ('openssl', 's_server', '-www', '-accept', $self->endpoint,
        '-cert', 'cert.pem', '-key', 'key.pem', @chain,
        @{ $self->{args} // [] });
}


1;

__END__

=head1 NAME

CredHubTest::Peers::TlsServer - a TLS server

=head1 SYNOPSIS

    CredHubTest::Peers::TlsServer->new(
        certificate => $leaf,
        chain       => [$intermediate, $root],
        args        => ['-tls1_2', '-Verify', 1],
    );

=head1 DESCRIPTION

Options besides those of L<CredHubTest::Peer>: C<certificate>, C<chain> (what is
sent behind it), C<args> (more arguments of C<openssl s_server>).

=cut
