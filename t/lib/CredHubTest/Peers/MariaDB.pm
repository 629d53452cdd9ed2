package CredHubTest::Peers::MariaDB;

# MariaDB with a data directory of its own.

use v5.36;

use parent 'CredHubTest::Peer';

my @SMALL = qw(--innodb-buffer-pool-size=8M --innodb-log-file-size=4M
    --innodb-flush-method=fsync --innodb-flush-log-at-trx-commit=0
    --performance-schema=OFF);


sub prepare ($self) {
    $self->run('mariadb-install-db', '--no-defaults',
        "--datadir=$self->{dir}/data", '--skip-test-db',
        '--auth-root-authentication-method=normal', $self->_options);

    if ($self->{certificate}) {
        $self->file('server.key', $self->{certificate}{private_key});
        $self->file('server.pem', join '', map { $_->{certificate} }
            $self->{certificate}, @{ $self->{chain} // [] });
    }

    return;
}


sub command ($self) {
    my $dir = $self->{dir};
    my @tls = $self->{certificate}
        ? ("--ssl-cert=$dir/server.pem", "--ssl-key=$dir/server.key")
        : '--skip-ssl';

    return ('/usr/sbin/mariadbd', '--no-defaults', $self->_options,
        "--datadir=$dir/data", "--socket=$dir/socket", "--pid-file=$dir/pid",
        "--bind-address=$self->{address}", "--port=$self->{port}",
        '--skip-name-resolve', '--max-connect-errors=1000000', @tls,
        @{ $self->{args} // [] });
}


# It does not become another user unless it is told to stay root. A server that
# starts removes the tables of others from a directory that they share.
sub _options ($self) {
    return (@SMALL, "--tmpdir=$self->{dir}", $> == 0 ? '--user=root' : ());
}


1;

__END__

=head1 NAME

CredHubTest::Peers::MariaDB - a MariaDB server

=head1 SYNOPSIS

    CredHubTest::Peers::MariaDB->new(certificate => $leaf);
    CredHubTest::Peers::MariaDB->new;    # without TLS

=head1 DESCRIPTION

Options besides those of L<CredHubTest::Peer>: C<certificate> (none: it speaks no
TLS), C<chain> (what is sent behind it), C<args> (more arguments).

=cut
