package CredHubTest::Peers::Postgres;

# PostgreSQL with a cluster of its own.

use v5.36;

use parent 'CredHubTest::Peer';

my ($BIN) = reverse sort glob '/usr/lib/postgresql/*/bin';


sub user ($self) { return 'postgres' }


sub prepare ($self) {
    my $data = "$self->{dir}/data";
    my $tls  = $self->{certificate} ? 'on' : 'off';

    die 'PostgreSQL is not installed' if !defined $BIN;
    $self->run("$BIN/initdb", '-D', $data, '-A', 'trust', '-U', 'postgres',
        '-E', 'UTF8', '--locale=C', '--no-sync');

    if ($self->{certificate}) {
        $self->file('server.key', $self->{certificate}{private_key});
        $self->file('server.pem', join '', map { $_->{certificate} }
            $self->{certificate}, @{ $self->{chain} // [] });
    }

    $self->file('data/postgresql.conf', <<"END");
listen_addresses = '$self->{address}'
port = $self->{port}
unix_socket_directories = ''
fsync = off
shared_buffers = 1MB
max_connections = 20
max_wal_senders = 0
autovacuum = off
log_connections = on
ssl = $tls
ssl_cert_file = '$self->{dir}/server.pem'
ssl_key_file = '$self->{dir}/server.key'
END
    return;
}


sub command ($self) { return ("$BIN/postgres", '-D', "$self->{dir}/data") }


# At once: nobody is waited for.
sub stop ($self) {
    return CredHubTest::Process::stop_process($self->pid, 'INT');
}


1;

__END__

=head1 NAME

CredHubTest::Peers::Postgres - a PostgreSQL server

=head1 SYNOPSIS

    CredHubTest::Peers::Postgres->new(certificate => $leaf);
    CredHubTest::Peers::Postgres->new;    # without TLS

=head1 DESCRIPTION

Options besides those of L<CredHubTest::Peer>: C<certificate> (none: C<ssl> is
off), C<chain> (what is sent behind it).

=cut
