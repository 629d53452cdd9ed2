# docs/trust.md, command by command, against a database, an SSH server and a
# secrets manager: each ends as the page says. Only addresses, ports, the key, the
# CAs and what "..." stands for are of here.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Nginx;
use CredHubTest::Peers::Dns;
use CredHubTest::Peers::Postgres;
use CredHubTest::Peers::Sshd;
use CredHubTest::Pki qw(make_certificate der);
use CredHubTest::Process qw(run_command read_file write_file);
use CredHubTest::Trust qw(outcome outcomes);
use CredHubTest::Vault;
use Digest::SHA qw(sha256);
use JSON::PP qw(decode_json);
use MIME::Base64 qw(encode_base64);
use Test::More;

my $CERTIFICATE = 'Validate Certificate';
my $TUNNEL      = 'SSH Tunnel Connection';

my $document = read_file(CredHubTest::Nginx->root . '/docs/trust.md');

# Heading => its blocks of code, without what moves them to the right.
my (%blocks, %was_run);

for my $part (split /^## /m, $document) {
    my ($heading, $text) = split /\n/, $part, 2;
    $blocks{$heading} = [map { s/^    //gmr =~ s/\n+\z/\n/r }
        $text =~ /^((?:    [^\n]*\n|\n(?=    ))+)/mg];
}

# Each command is one block: an empty line ends it.
sub commands ($heading) {
    my $found = $blocks{$heading} // die "no heading $heading";
    return map { split /\n\n+/, s/\n\z//r } @$found;
}


# Who is met

my @CA = ('basicConstraints = critical, CA:TRUE', 'keyUsage = keyCertSign');
my $root = make_certificate(subject => '/CN=root', extensions => \@CA);
my $leaf = make_certificate(subject => '/CN=db', signer => $root);
my $next = make_certificate(subject => '/CN=db', signer => $root);
my $of_vault = make_certificate(subject => '/CN=vault.example.com',
    signer => $root, extensions => ['subjectAltName = DNS:vault.example.com']);

my $database = CredHubTest::Peers::Postgres->new(certificate => $leaf,
    chain => [$root]);
my $sshd  = CredHubTest::Peers::Sshd->new(keys => ['rsa 2048']);
my $vault = CredHubTest::Vault->new(host => 'vault.example.com',
    cert => CredHubTest::Pki::file_of($of_vault->{certificate}),
    key  => CredHubTest::Pki::file_of($of_vault->{private_key}),
    secrets => { 'billing/db' => { password => 'MARKER-from-vault' } });

my $dns = CredHubTest::Peers::Dns->new(map { ("$_.example.com A" =>
    ['127.0.0.1'], "$_.example.com AAAA" => [[]]) } qw(db bastion link vault));


# The hub, configured as the page says

my ($conf) = @{ $blocks{'What must be configured'} };
$was_run{ $conf =~ s/\n\z//r } = 1;
$conf =~ s{10\.0\.0\.0/8}{127.0.0.0/8} or die 'another network?';
$conf =~ s{10\.0\.0\.2}{'127.0.0.1:' . $dns->port}e or die 'another resolver?';

my $hub = CredHubTest->new(http => "$conf credhub_external_ca "
    . CredHubTest::Pki::file_of($root->{certificate}) . ';');
my $dir = $hub->scratch;

is($hub->set('/api-keys/deploy', 'user', { username => 'deploy',
    password => 'MARKER-deploy' })->status, 200, 'the key "deploy"');


# What is of here in a command.
sub local_names ($code) {
    my $port = $database->port;

    $code =~ s{credhub\.example\.com:8844}{'localhost:' . $hub->port}ge;
    $code =~ s{"port":5432}{"port":$port}g;
    $code =~ s{link\.example\.com:5432}{link.example.com:$port}g;
    $code =~ s{"tunnel_port":22}{'"tunnel_port":' . $sshd->port}ge;
    $code =~ s{vault\.example\.com:8200}{'vault.example.com:' . $vault->port}ge;
    $code =~ s{"role_id":"\.\.\."}{"role_id":"role-1"}g;
    $code =~ s{"secret_id":"\.\.\."}{"secret_id":"MARKER-secret-id"}g;
    $code =~ s{"password":"\.\.\."}{"password":"MARKER-password"}g;
    return $code;
}

# What a command sets stands in the next one. What it prints.
sub run ($code) {
    $was_run{$code} = 1;
    write_file("$dir/state", '') if !-e "$dir/state";
    write_file("$dir/now", local_names($code));
    write_file("$dir/script", <<'END');
. ./state
. ./now
{ declare -f api; declare -p HUB GROUP ID HASH LINK LEASE MANAGER; } \
    > state 2>/dev/null || true
END

    my ($status, $printed) = run_command(['env', '-C', $dir, 'KEY=deploy',
        'SECRET=MARKER-deploy', 'CURL_CA_BUNDLE=' . $hub->pki->cert('clients'),
        'bash', '-e', '-u', '-o', 'pipefail', 'script']);
    is($status, 0, 'the command ends well') or diag "$code\n$printed";
    return $printed;
}

# The same where an answer of the hub is printed: the answer.
sub answer ($code) {
    my $printed = run($code);
    my $answer  = eval { decode_json($printed) };

    ok($answer, 'the hub has answered') or BAIL_OUT("$code\n$printed");
    is($answer->{code}, 'Success') or diag $printed;
    return $answer;
}

sub created () { return decode_json(read_file("$dir/created")) }

sub hash_of ($made) {
    return encode_base64(sha256(der($made->{certificate})), '');
}


is(run($_), '', 'what all commands need')
    for commands('# Approving what the edge trusts');

my ($cert_test, $ssh_test);

subtest 'A connection' => sub {
    is(run($_), '', 'nothing is printed') for commands('A connection');

    my $created = created();
    is($created->{message}, 'Connection has been created');
    is($created->{data}{config}{password}, '******', 'the password is masked');
    is(outcomes($created->{data})->{'Host Connection'}, 'PASSED',
        'the database is reached by its name');
};

subtest 'A certificate' => sub {
    my ($see, $approve, $test) = commands('A certificate');

    my $seen = decode_json(run($see));
    is_deeply([@$seen{qw(title status)}], [$CERTIFICATE, 'FAILED'],
        'the test that has failed');
    is_deeply([map { $_->{hash} } @{ $seen->{details} }],
        [map { hash_of($_) } $leaf, $root], 'what was sent, leaf first');

    my $approved = answer($approve);
    is($approved->{message}, 'The certificate has been approved');
    is($approved->{data}{hash}, hash_of($root), 'the last one');

    $cert_test = $test;
    is(outcomes(answer($test)->{data})->{$CERTIFICATE}, 'PASSED', 'trusted');

    $database->stop;
    $database = CredHubTest::Peers::Postgres->new(certificate => $next,
        chain => [$root], port => $database->port);
    is(outcomes(answer($test)->{data})->{$CERTIFICATE}, 'PASSED',
        'the approval outlives a renewal');
};

subtest 'Taking trust back: a certificate' => sub {
    my ($revoke) = commands('Taking trust back');

    is(answer($revoke =~ s/fingerprints/certificates/gr)->{message},
        "Certificate with hash '" . hash_of($root) . "' has been revoked for "
        . "connection with id '" . created()->{data}{id} . "'", 'revoked');
    is(outcomes(answer($cert_test)->{data})->{$CERTIFICATE}, 'FAILED',
        'trusted no more');
};

subtest 'An SSH key' => sub {
    my ($create, $approve, $test) = commands('An SSH key');

    is(run($create), '', 'nothing is printed');
    my $seen = outcome(created()->{data}, $TUNNEL);
    is($seen->{status}, 'FAILED', 'the test that has failed');
    is($seen->{details}{hash}, $sshd->hash, 'its object');

    my $file = write_file("$dir/key.pub", $sshd->public_key . "\n");
    my (undef, $line) = run_command(['ssh-keygen', '-lf', $file]);
    is(($line =~ /SHA256:(\S+)/)[0] . '=', $seen->{details}{hash},
        'the hash is what ssh-keygen prints, with its padding');

    is(answer($approve)->{message}, 'The fingerprint has been approved.');

    $ssh_test = $test;
    is(outcomes(answer($test)->{data})->{$TUNNEL}, 'PASSED', 'trusted');
};

subtest 'Taking trust back' => sub {
    my ($revoke) = commands('Taking trust back');

    is(answer($revoke)->{message}, "Fingerprint with hash '" . $sshd->hash
        . "' has been revoked for connection with id '"
        . created()->{data}{id} . "'", 'revoked');
    is(outcomes(answer($ssh_test)->{data})->{$TUNNEL}, 'FAILED',
        'trusted no more');
};

subtest 'A private link' => sub {
    my ($create, $poll, $claim) = commands('A private link');

    is(run($create), '', 'nothing is printed');
    my $link = answer($poll)->{data};
    ok(wait_until(120, sub {
        $link = answer($poll)->{data};
        return $link->{state} ne 'CREATING';
    }), 'the hub makes it');
    is($link->{state}, 'OK', 'it is there') or diag $link->{state_summary};

    my $ended = answer($claim)->{data};
    is_deeply([@$ended{qw(name state state_summary host)}],
        ['to-orders', 'OK', 'made', 'vpce-1.example.com'],
        'a provisioner makes the other one');
};

subtest 'Secrets in a manager' => sub {
    my ($create, $use) = commands('Secrets in a manager');

    is(run($create), '', 'nothing is printed');
    my $test = outcome(answer($use)->{data}, 'External Secrets');
    is($test->{status}, 'PASSED', 'the key is read') or diag $test->{message};
};


is_deeply([grep { !$was_run{$_} } map { commands($_) }
    sort keys %blocks], [], 'all code of the page was run');

$hub->done;
