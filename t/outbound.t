# Probes of servers of others: what they find, and that no server keeps them
# longer or makes them larger than it may.

use v5.36;

use lib 't/lib';
use CredHubTest::Make qw(build);
use CredHubTest::Nginx;
use CredHubTest::Peers::Hostile;
use CredHubTest::Peers::MariaDB;
use CredHubTest::Peers::Postgres;
use CredHubTest::Peers::Sshd;
use CredHubTest::Peers::TlsServer;
use CredHubTest::Pki qw(der file_of make_certificate openssl);
use CredHubTest::Process qw(run_command wait_until write_file);
use CredHubTest::Redis;
use File::Temp qw(tempdir);
use IO::Socket::IP;
use MIME::Base64 qw(decode_base64);
use Test::More;

my $SHORT  = 1000;      # milliseconds of a probe that is to end by its deadline
my $LONG   = 100_000;   # of one that is not
my $MEMORY = 32_768;    # KiB

my $LATE   = 'The server did not answer in time';
my $CLOSED = 'The server closed the connection';
my $NO_TLS = 'The server does not speak TLS';

my $driver = build('outbound') . '/outbound/driver';


# One probe: what it found. Options: name, address (or several), time, cancel,
# threads, approved, env.
sub probe ($kind, $port, %opt) {
    my $addresses = $opt{address} // '127.0.0.1';
    $opt{time} //= $LONG;

    my ($code, $text) = run_command([$driver,
        map({"$_=$opt{$_}"} grep { $opt{$_} } qw(time cancel threads)),
        $kind, $opt{name} // 'localhost', $port,
        ref $addresses ? @$addresses : $addresses,
        '--', @{ $opt{approved} // [] }], env => $opt{env} // {});
    my %found;

    for my $line (split /\n/, $text) {
        my ($name, $value) = split / /, $line, 2;
        push @{ $found{$name} }, $value;
    }

    is("$code @{ $found{files} // ['?'] }", '0 0', 'nothing is left open')
        or diag($text);
    ok($ENV{CREDHUB_SANITIZE} || $found{memory}[0] < $MEMORY,
        'it stays small') or diag($found{memory}[0]);
    return \%found;
}


sub shows ($found, $what, @certificates) {
    my @sent = map { unpack 'H*', decode_base64($_) }
        @{ $found->{certificate} // [] };

    is_deeply([$found->{result}, $found->{reason}, @sent],
        [['ok'], undef, map { unpack 'H*', der($_->{certificate}) }
            @certificates], $what);
    return;
}


sub fails ($found, $what, $reason, %opt) {
    is_deeply([@$found{qw(result reason no_tls certificate)}],
        [[$opt{result} // 'failed'], [$reason], $opt{no_tls}, undef], $what);
    return;
}


sub hostile (%opt) { return CredHubTest::Peers::Hostile->new(%opt) }

sub server (%opt) { return CredHubTest::Peers::TlsServer->new(%opt) }


# A port of an address whose connections are never accepted, and what keeps it
# so.
sub full_port ($address) {
    my $port   = CredHubTest::Nginx->free_port;
    my $listen = IO::Socket::IP->new(LocalHost => $address,
        LocalPort => $port, Listen => 0) or die "listen: $@";
    my @sockets = ($listen);

    # the kernel takes a few, and drops what comes then
    for (1 .. 100) {
        my $socket = IO::Socket::IP->new(PeerHost => $address,
            PeerPort => $port, Timeout => 0.3) or return ($port, \@sockets);
        push @sockets, $socket;
    }

    die 'it still accepts';
}


my $ca   = make_certificate(subject => '/CN=root',
    extensions => ['basicConstraints = critical,CA:TRUE']);
my $mid  = make_certificate(subject => '/CN=middle', signer => $ca,
    extensions => ['basicConstraints = critical,CA:TRUE']);
my $leaf = make_certificate(subject => '/CN=leaf', signer => $mid);
my $rsa  = make_certificate(subject => '/CN=rsa', key => 'rsa 2048');


subtest 'TLS' => sub {
    my $expired = make_certificate(subject => '/CN=old', days => [-9, -2]);
    my @ca      = ('-CAfile', file_of($ca->{certificate}));

    for my $row (
        ['RSA',     { certificate => $rsa }],
        ['EC',      { certificate => $leaf }],
        ['Ed25519', { certificate => make_certificate(key => 'ed25519') }],
        ['DSA', { certificate => make_certificate(key => 'dsa 1024'),
            args => ['-tls1_2', '-cipher', 'ALL:@SECLEVEL=0'] }],
        ['a small RSA key', {
            certificate => make_certificate(key => 'rsa 1024'),
            args        => ['-cipher', 'ALL:@SECLEVEL=0'] }],
        ['an expired one', { certificate => $expired }],
        ['a chain', { certificate => $leaf, chain => [$mid, $ca] }],
        ['a chain in a strange order',
            { certificate => $leaf, chain => [$ca, $rsa, $mid] }],
        ['ten certificates', { certificate => $leaf, chain => [($mid) x 9] }],
        ['TLS 1.3', { certificate => $leaf, args => ['-tls1_3'] }],
        ['TLS 1.2', { certificate => $leaf, args => ['-tls1_2'] }],
        ['TLS 1.1', { certificate => $leaf,
            args => ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'] }],
        ['TLS 1.0', { certificate => $rsa,
            args => ['-tls1', '-cipher', 'ALL:@SECLEVEL=0'] }],
        ['RSA encryption', { certificate => $rsa,
            args => ['-tls1_2', '-cipher', 'AES128-GCM-SHA256'] }],
        ['a client certificate is demanded, TLS 1.3',
            { certificate => $leaf, args => ['-Verify', 1, @ca] }],
        ['a client certificate is demanded, TLS 1.2', { certificate => $rsa,
            args => ['-tls1_2', '-Verify', 1, @ca] }],
    ) {
        my ($what, $opt) = @$row;
        my $server = server(%$opt);
        my @sent = ($opt->{certificate}, @{ $opt->{chain} // [] });

        shows(probe(tls => $server->port), $what, @sent);
        ok($server->stop, 'it still ran');
    }
};


subtest 'the name of the host' => sub {
    my $server = server(certificate => $leaf, args => [
        '-servername', 'db.test', '-cert2', file_of($rsa->{certificate}),
        '-key2', file_of($rsa->{private_key})]);

    shows(probe(tls => $server->port, name => 'db.test'), 'is said', $rsa);
    shows(probe(tls => $server->port, name => 'db.test.'), 'without its dot',
        $rsa);
    shows(probe(tls => $server->port, name => $_), "\"$_\"", $leaf)
        for 'other.test', '127.0.0.1', '::1', '[::1]', '', '.',
        'x' x 255, 'x' x 256;

    for my $row (['db.test', 1], ['192.0.2.77', 0], ['[2001:db8::7]', 0]) {
        my ($name, $said) = @$row;
        my $silent = hostile();

        probe(tls => $silent->port, name => $name, time => $SHORT);
        wait_until(60, sub { length $silent->received });
        is_deeply([$silent->received =~ /^(\x16)/,
            index($silent->received, $name) >= 0 ? 1 : 0], ["\x16", $said],
            "\"$name\" in the greeting");
    }
};


subtest 'TLS that is not shown' => sub {
    for my $row (
        ['eleven certificates', 'The server sent too many certificates',
            chain => [($mid) x 10]],
        ['a hundred', 'The server sent too many certificates',
            chain => [($mid) x 99]],
        ['a hundred, TLS 1.2', 'The server sent too many certificates',
            chain => [($mid) x 99], args => ['-tls1_2']],
        ['a client certificate is demanded before the key was used',
            'The server demands a client certificate', args => ['-tls1_2',
                '-cipher', 'AES128-GCM-SHA256', '-Verify', 1]],
        ['a group that takes long', "The server's key exchange takes too long",
            args => ['-tls1_2', '-cipher', 'DHE:@SECLEVEL=0', '-dhparam',
                large_group()]],
        ['nothing in common', 'The server refused the TLS handshake',
            args => ['-tls1_2', '-cipher', 'PSK:@SECLEVEL=0', '-psk', '00']],
    ) {
        my ($what, $reason, %opt) = @$row;
        my $server = server(certificate => $rsa, %opt);

        fails(probe(tls => $server->port), $what, $reason);
        ok($server->stop, 'it still ran');
    }
};


# Parameters of Diffie-Hellman with 9,000 bits, which need not be a prime.
sub large_group () {
    my $p   = 'F' . '5' x 2249;
    my $der = file_of();

    openssl('asn1parse', '-genconf', file_of(<<"END"), '-noout', '-out', $der);
asn1 = SEQUENCE:dh
[dh]
p = INTEGER:0x$p
g = INTEGER:2
END
    return file_of("-----BEGIN DH PARAMETERS-----\n"
        . openssl('base64', '-in', $der) . "-----END DH PARAMETERS-----\n");
}


subtest 'Redis' => sub {
    my $dir  = tempdir('credhub-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $port = CredHubTest::Nginx->free_port;
    my $redis = CredHubTest::Redis->new(dir => $dir, conf => join "\n",
        'bind 127.0.0.1', "tls-port $port",
        'tls-cert-file ' . file_of($leaf->{certificate}),
        'tls-key-file ' . file_of($leaf->{private_key}),
        'tls-ca-cert-file ' . file_of($ca->{certificate}));

    $redis->start;
    shows(probe(tls => $port), 'that wants a certificate', $leaf);
    $redis->command(qw(CONFIG SET tls-protocols TLSv1.2));
    shows(probe(tls => $port), 'with TLS 1.2', $leaf);
    ok($redis->stop, 'it still ran');
};


subtest 'PostgreSQL' => sub {
    my $server = CredHubTest::Peers::Postgres->new(certificate => $leaf,
        chain => [$mid]);
    my $plain = CredHubTest::Peers::Postgres->new;

    shows(probe(postgres => $server->port), 'its chain', $leaf, $mid);
    fails(probe(postgres => $plain->port), 'without TLS', $NO_TLS,
        no_tls => [1]);
    fails(probe(mysql => $server->port, time => $SHORT), 'as MySQL', $LATE);
    unlike($server->log, qr/connection (?:authenticated|authorized)/,
        'nobody logged in');
    ok($_->stop, 'it still ran') for $server, $plain;
};


subtest 'MariaDB' => sub {
    my $server = CredHubTest::Peers::MariaDB->new(certificate => $rsa,
        chain => [$mid]);
    my $plain = CredHubTest::Peers::MariaDB->new(
        args => ['--max-connections=10', '--extra-max-connections=1']);

    shows(probe(mysql => $server->port), 'its chain', $rsa, $mid);
    fails(probe(mysql => $plain->port), 'without TLS', $NO_TLS,
        no_tls => [1]);
    fails(probe(postgres => $server->port), 'as PostgreSQL',
        'The server does not answer as PostgreSQL does');
    fails(probe(tls => $server->port), 'as TLS',
        'The server does not answer as TLS does');
    ok($_->stop, 'it still ran') for $server, $plain;
};


# A packet of MySQL, by default the first one.
sub packet ($bytes, $number = 0) {
    return substr(pack('V', length $bytes), 0, 3) . chr($number) . $bytes;
}


# A greeting of MariaDB; `capabilities`: the lower 16 bits.
sub greeting ($capabilities, $auth = 'a' x 12) {
    return "\x0a10.11.6-MariaDB\0" . pack('V', 7) . 'challeng' . "\0"
        . pack('v', $capabilities) . "\x2d" . pack('v', 2) . pack('v', 0xffff)
        . chr(255) . "\0" x 10 . $auth . "\0mysql_native_password\0";
}


subtest 'words before TLS' => sub {
    my $not_mysql    = 'The server does not answer as MySQL does';
    my $not_postgres = 'The server does not answer as PostgreSQL does';
    my $refuses = 'The server refuses connections from here: it answered '
        . 'with an error of MySQL';

    for my $row (
        ['mysql', 'an error', packet("\xff\x69\x04Host is blocked"), $refuses],
        ['mysql', 'only the word of one', packet("\xff"), $refuses],
        ['mysql', 'nothing in a packet', packet(''), $not_mysql],
        ['mysql', 'a greeting that is too long',
            packet(greeting(0x0800, 'a' x 4096)), $not_mysql],
        ['mysql', 'one that is not the first',
            packet(greeting(0x0800), 1), $not_mysql],
        ['mysql', 'an old version', packet("\x095.0\0" . 'x' x 60),
            $not_mysql],
        ['mysql', 'a version without an end', packet("\x0a" . 'x' x 60),
            $not_mysql],
        ['mysql', 'an end too early', packet("\x0a5.0\0" . 'x' x 14),
            $not_mysql],
        ['mysql', 'garbage', "\x7f\xff\xfe" x 99, $not_mysql],
        ['postgres', 'an error', "E\0\0\0\x0bSERROR\0\0",
            'The server answered with an error of PostgreSQL'],
        ['postgres', 'garbage', 'HTTP/1.1 400', $not_postgres],
    ) {
        my ($kind, $what, $bytes, $reason) = @$row;
        my $peer = hostile(hello => $bytes);

        fails(probe($kind => $peer->port), "$kind: $what", $reason);
    }

    my $peer = hostile(hello => packet(greeting(0)));
    fails(probe(mysql => $peer->port), 'mysql: without TLS', $NO_TLS,
        no_tls => [1]);
    is($peer->received, '', 'nothing is said then');

    $peer = hostile(hello => packet(greeting(0x0800, 'a' x 3900)));
    fails(probe(mysql => $peer->port, time => 3 * $SHORT),
        'mysql: a long greeting', $LATE);
    is(unpack('H*', substr $peer->received, 0, 39), unpack('H*',
        packet(pack('VVC', 0x8a00, 1 << 24, 45) . "\0" x 23, 1)
        . "\x16\x03\x01"), 'the request for TLS, and TLS');

    $peer = hostile(reply => 'S');
    fails(probe(postgres => $peer->port, time => 3 * $SHORT),
        'postgres: silence', $LATE);
    is(unpack('H*', substr $peer->received, 0, 11), '0000000804d2162f160301',
        'the request for TLS, and TLS');

    for my $kind (qw(mysql postgres)) {
        $peer = hostile(close => 1);
        fails(probe($kind => $peer->port), "$kind: an end", $CLOSED);
    }
};


subtest 'one that only is to be reached' => sub {
    my $peer = hostile();
    my $port = $peer->port;
    my $free = CredHubTest::Nginx->free_port;
    my ($full, $sockets) = full_port('127.0.0.2');
    my $behind = hostile(port => $full);

    shows(probe(reach => $port), 'is');
    shows(probe(reach => $port, address => ['127.0.0.3', '127.0.0.1']),
        'at its second address');
    shows(probe(reach => $full, address => ['127.0.0.2', '127.0.0.1'],
            time => 2 * $SHORT), 'behind one that does not answer');
    is($peer->received, '', 'and hears nothing');

    for my $kind (qw(reach tls postgres mysql ssh)) {
        fails(probe($kind => $free), "$kind: nobody there",
            'The connection was refused', result => 'unreached');
        fails(probe($kind => $full, address => '127.0.0.2', time => $SHORT),
            "$kind: no answer", 'The connection timed out',
            result => 'unreached');
    }

    fails(probe(reach => $free, address => []), 'without an address',
        'There is no address to connect to', result => 'unreached');

    my $six = IO::Socket::IP->new(LocalHost => '::1', Listen => 9,
        LocalPort => 0);
    SKIP: {
        skip 'no IPv6 here', 3 if !$six;
        shows(probe(reach => $six->sockport, address => '::1'), 'IPv6');
    }
};


my $RECORD  = "\x16\x03\x03";
my $GREETED = $RECORD . pack('n', 4 + 45) . "\x02\0\0\x2d\x03\x03" . 'r' x 32
    . "\0\xc0\x2f\0\0\x05\xff\x01\0\x01\0";

subtest 'hostile TLS' => sub {
    my $message = 'The server sent too large a message';

    for my $row (
        ['silence', {}, $LATE],
        ['an end', { close => 1 }, $CLOSED],
        ['a byte each second', { drip => $GREETED }, $LATE],
        ['garbage', { hello => join '', map { chr($_ * 7 % 256) } 1 .. 999 },
            'The server does not answer as TLS does'],
        ['endless garbage', { endless => "x\n" x 5000 },
            'The server does not answer as TLS does'],
        ['a certificate of 16 MB', { reply => "$GREETED$RECORD"
            . pack('n', 8192) . "\x0b\xff\xff\xff" . 'x' x 8188,
            endless => $RECORD . pack('n', 16384) . 'x' x 16384 }, $message],
        ['a certificate of 128 KiB and one byte',
            { reply => "$GREETED$RECORD" . pack('n', 4) . "\x0b\x02\0\x01" },
            $message],
        ['a certificate that never ends', { reply => "$GREETED$RECORD"
            . pack('n', 4) . "\x0b\x01\xff\xff" }, $LATE],
        ['no certificate', { reply => "$GREETED$RECORD" . pack('n', 7)
            . "\x0b\0\0\x03\0\0\0" }, 'The TLS handshake failed'],
        ['greetings without an end', { reply => '',
            endless => $RECORD . pack('n', 16384) . "\0" x 16384 },
            'The server sent too many bytes'],
        ['an alert', { reply => "\x15\x03\x03\0\x02\x02\x28" },
            'The server refused the TLS handshake'],
        ['a name it does not know', { reply => "\x15\x03\x03\0\x02\x02\x70" },
            'The server does not know the name of the host'],
        ['SSL 3', { reply => $GREETED =~ s/\x03\x03r/\x03\x00r/r },
            'The server speaks only versions of TLS that are too old'],
    ) {
        my ($what, $opt, $reason) = @$row;
        my $peer = hostile(%$opt);

        fails(probe(tls => $peer->port,
            ($reason eq $LATE ? (time => $SHORT) : ())), $what, $reason);
    }
};


my @KINDS = ('ed25519', 'ecdsa 256', 'ecdsa 384', 'ecdsa 521', 'rsa 2048');

subtest 'SSH' => sub {
    my $all = CredHubTest::Peers::Sshd->new(keys => \@KINDS);
    my $of  = sub ($sshd, $kind) {
        my ($type) = split / /, $sshd->public_key($kind);
        return [['ok'], undef, [$type], [$sshd->hash($kind)],
            [$sshd->public_key($kind) . ' localhost:' . $sshd->port]];
    };
    my $sees = sub ($sshd, $what, $kind, @approved) {
        my $found = probe(ssh => $sshd->port, approved => \@approved);
        is_deeply([@$found{qw(result reason type hash public_key)}],
            $of->($sshd, $kind), $what);
    };

    $sees->($all, 'ed25519 first', 'ed25519');

    for my $kind (@KINDS) {
        $sees->($all, "$kind is approved", $kind, $all->public_key($kind));

        my $one = CredHubTest::Peers::Sshd->new(keys => [$kind]);
        $sees->($one, "$kind only", $kind);
        $sees->($one, "$kind only, others are approved", $kind,
            map { $all->public_key($_) } grep { $_ ne $kind } @KINDS);
        ok($one->stop, 'it still ran');
    }

    $sees->($all, 'two are approved', 'ecdsa 384',
        map { $all->public_key($_) } 'rsa 2048', 'ecdsa 384');
    $sees->($all, 'words that are no keys', 'ed25519', '', 'ssh-rsa',
        'ssh-rsax AAAA', 'ssh-dss AAAA', 'x' x 5000);
    $sees->($all, 'as many as there may be', 'rsa 2048',
        ('ssh-dss AAAA') x 63, 'ssh-rsa AAAA');

    unlike($all->log, qr/userauth/, 'nobody tried to log in');
    ok($all->stop, 'it still ran');
};


# A packet of SSH before there are keys.
# Read, it would leave nothing that both sides speak, or run a command.
subtest 'SSH: nobody asks for the configuration of a user' => sub {
    my $sshd = CredHubTest::Peers::Sshd->new;
    my $home = tempdir('credhub-XXXXXX', TMPDIR => 1, CLEANUP => 1);

    mkdir "$home/.ssh" or die $!;
    write_file("$home/.ssh/config", "Host *\n  Ciphers aes128-cbc\n"
        . "  ProxyCommand touch $home/ran\n", 0600);

    is_deeply(probe(ssh => $sshd->port, env => { HOME => $home })->{hash},
        [$sshd->hash], 'a probe');
    ok(!-e "$home/ran", 'no command has run');
};


sub ssh_packet ($payload) {
    my $padding = 8 - (5 + length $payload) % 8;
    $padding += 8 if $padding < 4;
    return pack('NC', 1 + $padding + length $payload, $padding)
        . $payload . "\0" x $padding;
}


subtest 'hostile SSH' => sub {
    my $not_ssh  = 'The server does not answer as SSH does';
    my $long     = "The server's banner is too long";
    my $failed   = 'The SSH key exchange failed';
    my $greeting = "SSH-2.0-x\r\n";
    my $bye      = ssh_packet("\x01" . pack('NN', 2, 3) . 'bye' . pack 'N', 0);
    my $ignore   = ssh_packet("\x02" . pack('N', 1000) . 'x' x 1000);
    my $unknown  = ssh_packet("\xc0") x 500;
    my $kex = ssh_packet("\x14" . 'c' x 16
        . join('', map { pack('N/a*', $_) } ('none') x 10) . "\0" x 5);

    for my $row (
        ['silence', {}, $LATE],
        ['an end', { close => 1 }, $not_ssh],
        ['a byte each second', { drip => $greeting }, $LATE],
        ['a greeting and silence', { hello => $greeting }, $LATE],
        ['a greeting and an end', { hello => $greeting, close => 1 }, $failed],
        ['lines, a greeting and an end',
            { hello => "line\n" x 800 . $greeting, close => 1 }, $failed],
        ['lines, and an end', { hello => "line\n" x 800, close => 1 },
            $not_ssh],
        ['too many lines', { hello => "line\n" x 8000 . $greeting }, $long],
        ['lines without an end', { endless => "line\n" x 1000 }, $long],
        ['a line without an end', { endless => 'x' x 1000 }, $not_ssh],
        ['empty lines', { endless => "\n" x 1000 }, $long],
        ['garbage', { hello => join '', map { chr($_ * 2 + 1) } 0 .. 127,
            0 .. 127, 0 .. 127 }, $not_ssh],
        ['an HTTP server', { reply => "HTTP/1.1 400 Bad Request\r\n\r\n",
            hello => '' }, $LATE],
        ['SSH 1', { hello => "SSH-1.5-x\r\n" }, $failed],
        ['garbage behind the greeting',
            { hello => $greeting . "\xff" x 999 }, $failed],
        ['an early end', { hello => "$greeting$bye" }, $failed],
        ['nothing in common', { hello => "$greeting$kex" }, $failed],
        ['a large packet that never ends', { hello => $greeting
            . pack('NC', 262144, 4) . 'x' x 60_000 }, $LATE],
        ['packets without an end', { hello => $greeting,
            endless => $ignore }, 'The server sent too many bytes'],
        ['questions without an end', { hello => $greeting,
            endless => $unknown }, 'The server sent too many bytes'],
    ) {
        my ($what, $opt, $reason) = @$row;
        my $peer = hostile(%$opt);

        fails(probe(ssh => $peer->port,
            ($reason eq $LATE ? (time => $SHORT) : ())), $what, $reason);
    }
};


subtest 'nobody waits any more' => sub {
    my ($full, $sockets) = full_port('127.0.0.2');
    my %peers = (
        'silence'            => hostile(),
        'a byte each second' => hostile(drip => 'x' x 1000),
        'a greeting of SSH'  => hostile(hello => "SSH-2.0-x\r\n"),
        'a letter'           => hostile(reply => 'S'),
    );

    for my $row (['tls', 'silence'], ['postgres', 'silence'],
        ['mysql', 'silence'], ['ssh', 'silence'],
        ['mysql', 'a byte each second'], ['ssh', 'a greeting of SSH'],
        ['postgres', 'a letter'])
    {
        my ($kind, $which) = @$row;
        fails(probe($kind => $peers{$which}->port, cancel => 300),
            "$kind: $which", $LATE);
    }

    for my $kind (qw(reach ssh)) {
        fails(probe($kind => $full, address => '127.0.0.2', cancel => 300),
            "$kind: no connection", 'The connection timed out',
            result => 'unreached');
    }
};


subtest 'many at a time' => sub {
    my $sshd   = CredHubTest::Peers::Sshd->new;
    my $server = server(certificate => $leaf, chain => [$mid]);
    my $n      = 16;

    my $found = probe(ssh => $sshd->port, threads => $n);
    is_deeply([@$found{qw(result hash)}], [[('ok') x $n],
        [($sshd->hash) x $n]], 'SSH');

    $found = probe(tls => $server->port, threads => $n);
    is_deeply([$found->{result}, scalar @{ $found->{certificate} }],
        [[('ok') x $n], 2 * $n], 'TLS');
};


done_testing();
