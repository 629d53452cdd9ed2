package CredHubTest::Peers::Sshd;

# OpenSSH's server with host keys of its own. Nobody can log in, unless `conf`
# says by what.

use v5.36;

use parent 'CredHubTest::Peer';

use MIME::Base64 qw(decode_base64 encode_base64);
use Digest::SHA qw(sha256);

use CredHubTest::Process qw(read_file);


sub user ($self) { return 'nobody' }

# Who can log in: who runs it. Has no shell, but sftp.
sub login ($self) { return $> == 0 ? $self->user : scalar getpwuid $> }


sub prepare ($self) {
    my $lines = '';

    for my $kind (@{ $self->{keys} //= ['ed25519'] }) {
        my ($type, $bits) = split / /, $kind;
        my $file = $self->_key_file($kind);

        $self->run('ssh-keygen', '-q', '-N', '', '-C', '', '-t', $type,
            ($bits ? ('-b', $bits) : ()), '-f', $file);
        $lines .= "HostKey $file\n";
    }

    $self->file('sshd_config', $lines . <<"END" . ($self->{conf} // ''));
ListenAddress $self->{address}
Port $self->{port}
PidFile none
UsePAM no
StrictModes no
AuthorizedKeysFile none
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
LoginGraceTime 10
MaxStartups 100
LogLevel DEBUG1
END
    return;
}


sub command ($self) {
    return ('/usr/sbin/sshd', '-D', '-e', '-f', "$self->{dir}/sshd_config");
}


sub _key_file ($self, $kind) {
    return "$self->{dir}/key_" . $kind =~ s/ /_/r;
}


# "TYPE BASE64" of the host key of that kind.
sub public_key ($self, $kind = $self->{keys}[0]) {
    return read_file($self->_key_file($kind) . '.pub') =~ s/\s+\z//r;
}


# SHA-256 of it, in base64 with padding.
sub hash ($self, $kind = $self->{keys}[0]) {
    my (undef, $blob) = split / /, $self->public_key($kind);
    return encode_base64(sha256(decode_base64($blob)), '');
}


1;

__END__

=head1 NAME

CredHubTest::Peers::Sshd - an SSH server

=head1 SYNOPSIS

    my $sshd = CredHubTest::Peers::Sshd->new(keys => ['ed25519', 'rsa 2048']);

    $sshd->public_key('rsa 2048');    # ssh-rsa AAAA...
    $sshd->hash('rsa 2048');          # NJbN...=

=head1 DESCRIPTION

Options besides those of L<CredHubTest::Peer>: C<keys> (type and bits as
C<ssh-keygen> knows them; one of ed25519 by default), C<conf> (more lines of
C<sshd_config>).

=cut
