# Reading from secrets managers, without nginx: a program of the room (see
# t/outbound/manager.c) against small servers that are strict about every
# request, and against real managers where the environment names them.

use v5.36;
use utf8;

use lib 't/lib';
use CredHubTest::Aws;
use CredHubTest::Azure;
use CredHubTest::Make qw(build);
use CredHubTest::Pki qw(make_certificate file_of);
use CredHubTest::Process qw(run_command read_file write_file);
use CredHubTest::Vault;
use IO::Socket::INET;
use Mojo::JSON qw(decode_json encode_json);
use Mojo::URL;
use Mojo::Util qw(url_escape);
use Socket qw(getaddrinfo getnameinfo NI_NUMERICHOST NIx_NOSERV
    SOCK_STREAM);
use Test::More;

my $driver = build('outbound') . '/outbound/manager';
my $marks  = $ENV{CREDHUB_SANITIZE} ? -1 : 0;

my $LATE   = 'The server did not answer in time';
my $CLOSED = 'The server closed the connection';
my $MARK   = qr/MARKER/;

my $authority = make_certificate(subject => '/CN=authority',
    extensions => ['basicConstraints=critical,CA:TRUE']);
my %tls = certificate('localhost');


sub certificate ($name) {
    my $made = make_certificate(subject => "/CN=$name", signer => $authority,
        extensions => ["subjectAltName=DNS:$name"]);

    return (cert => file_of($made->{certificate}),
        key => file_of($made->{private_key}));
}


# What the program says, as a hash. Options go over its request; env.
sub ask ($type, $config, $keys, %opt) {
    my $env = delete $opt{env} // {};
    my $ask = encode_json({ type => $type, config => $config, keys => $keys,
        addresses => { localhost => ['127.0.0.1'],
            'vault.invalid' => ['127.0.0.1'], 'other.invalid' => ['127.0.0.1'],
            '127.0.0.1' => ['127.0.0.1'] },
        ca => $authority->{certificate}, %opt });

    my ($status, $out) = run_command([$driver], in => file_of($ask),
        env => { UBSAN_OPTIONS => 'halt_on_error=1', %$env });

    is($status, 0, 'the program has ended') or diag($out);
    unlike($out, $MARK, 'it shows no secret');
    return { $out =~ /^(\w+) ?(.*)$/mg };
}


sub masked (@texts) {
    return [map { unpack 'H*', $_ ^. "\x5a" x length } @texts];
}


# What every read leaves: nothing.
sub traceless ($got, $label) {
    is($got->{resolved}, 0, "$label: no name is resolved");
    is($got->{files},    0, "$label: no file is left open");
    is($got->{marks}, $marks, "$label: no secret is left in memory");
    return;
}


sub reads ($got, $label) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is_deeply([@$got{qw(ok reason error)}], [1, '', ''], "$label: it is read")
        or diag(explain $got);
    traceless($got, $label);
    return;
}


sub fails ($got, $reason, $label) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is_deeply([@$got{qw(ok reason error)}], [0, $reason, ''], $label)
        or diag(explain $got);
    traceless($got, $label);
    return;
}


# What a server was asked, in short, with the answers.
sub asked ($server) {
    my @lines = map {"$_->{method} $_->{path} $_->{status}"}
        $server->requests;
    $server->forget;
    return \@lines;
}


my %DB = (user => 'MARKER-db-user', password => 'MARKER-db-password',
    port => 5432, tls => \1, nothing => undef, list => ['MARKER-list']);
my @VAULT_MARKS = (qw(MARKER-secret-id MARKER-client-token), @DB{qw(user
    password)}, 'MARKER-list');


subtest 'Vault, version 2' => sub {
    my $vault = CredHubTest::Vault->new(%tls, secrets =>
            { 'apps/db' => \%DB, 'a b/ä+%' => { 'f#1' => 'MARKER-odd' } });

    reads(ask('HASHICORP_VAULT', $vault->config,
        { user => 'apps/db#user', password => '/apps/db#password' },
        marks => masked(@VAULT_MARKS)), 'two keys');
    is_deeply(asked($vault), ['POST /v1/auth/approle/login 200',
        'GET /v1/secret/data/apps/db 200', 'GET /v1/secret/data/apps/db 200',
        'POST /v1/auth/token/revoke-self 204'],
        'it logs in, reads, and gives the token back');

    reads(ask('HASHICORP_VAULT', $vault->config, { port => 'apps/db#port',
        tls => 'apps/db#tls' }), 'numbers and booleans');
    reads(ask('HASHICORP_VAULT', $vault->config, { x => 'a b/ä+%#f#1' }),
        'a path that must be encoded');
    reads(ask('HASHICORP_VAULT', $vault->config, {}), 'no keys');
    asked($vault);

    fails(ask('HASHICORP_VAULT', $vault->config, { user => 'apps/db#user',
        password => 'apps/other#password', later => 'apps/db#user' },
        marks => masked(@VAULT_MARKS)),
        'password: The manager answered 404', 'a path that is not there');
    is_deeply(asked($vault), ['POST /v1/auth/approle/login 200',
        'GET /v1/secret/data/apps/db 200', 'GET /v1/secret/data/apps/other 404',
        'POST /v1/auth/token/revoke-self 204'],
        'the first failure ends the read; the token is given back');

    my $seen = ask('HASHICORP_VAULT', $vault->config, { x => 'apps/none#x' },
        marks => masked('x: The manager'))->{marks};
    ok($marks < 0 ? $seen == $marks : $seen > 0,
        'who looks for secrets in memory finds what is there') or diag($seen);

    fails(ask('HASHICORP_VAULT', $vault->config, { x => "apps/db#$_" },
        marks => masked(@VAULT_MARKS)),
        'x: There is no such member in the secret', "no member: $_")
        for qw(User nothing list);

    fails(ask('HASHICORP_VAULT', { %{ $vault->config }, secret_id => 'other' },
        { x => 'apps/db#user' }), 'Login: The manager answered 400',
        'a wrong secret id');
    fails(ask('HASHICORP_VAULT', { %{ $vault->config }, approle_mount => 'o' },
        { x => 'apps/db#user' }), 'Login: The manager answered 400',
        'a wrong mount');
};


subtest 'Vault, version 1 in a namespace' => sub {
    my $vault = CredHubTest::Vault->new(%tls, kv_version => 1,
        kv_mount => 'team/kv', approle_mount => 'team/approle',
        namespace => 'admin/team-1', role_id => 'r"\\ö',
        secrets => { 'apps/db' => \%DB });

    reads(ask('HASHICORP_VAULT', $vault->config, { user => 'apps/db#user' },
        marks => masked(@VAULT_MARKS)), 'a key');
    is_deeply(asked($vault), ['POST /v1/auth/team/approle/login 200',
        'GET /v1/team/kv/apps/db 200', 'POST /v1/auth/token/revoke-self 204'],
        'its requests');

    fails(ask('HASHICORP_VAULT', { %{ $vault->config }, namespace => 'admin' },
        { user => 'apps/db#user' }), 'Login: The manager answered 400',
        'another namespace');
    fails(ask('HASHICORP_VAULT', { %{ $vault->config }, kv_version => 2 },
        { user => 'apps/db#user' }), 'user: The manager answered 404',
        'another version');
};


subtest 'AWS' => sub {
    my $aws = CredHubTest::Aws->new(%tls, secrets => {
        'prod/db' => encode_json(\%DB), 'plain"\\' => 'MARKER-plain',
        binary => { SecretBinary => 'TUFSS0VS' } });
    my @marks = ($aws->{secret_access_key}, @{ $aws->{role} }{qw(
        secret_access_key token)}, 'MARKER-plain', @DB{qw(user password)});

    reads(ask('AWS_SECRET_MANAGER', $aws->config, { a => 'plain"\\',
        user => 'prod/db#user', all => 'prod/db' }, marks => masked(@marks)),
        'three keys');
    is_deeply(asked($aws), ['POST /sts/ 200', ('POST / 200') x 3],
        'its requests');

    fails(ask('AWS_SECRET_MANAGER', $aws->config, { x => 'other' }),
        'x: The manager answered 400', 'a secret that is not there');
    fails(ask('AWS_SECRET_MANAGER', $aws->config, { x => 'binary' }),
        'x: The secret is not a text', 'a binary one');
    fails(ask('AWS_SECRET_MANAGER', $aws->config, { x => 'plain"\\#user' },
        marks => masked(@marks)),
        'x: There is no such member in the secret', 'a member of a text');
    fails(ask('AWS_SECRET_MANAGER', $aws->config, { x => 'prod/db#other' },
        marks => masked(@marks)),
        'x: There is no such member in the secret', 'no such member');

    for my $change ([secret_access_key => 'other'], [access_key_id => 'AKIA'],
        [region => 'eu-west-2'], [role_arn => 'arn:other'],
        [external_id => 'e'])
    {
        fails(ask('AWS_SECRET_MANAGER', { %{ $aws->config }, @$change },
            { x => 'prod/db' }), 'Login: The manager answered 403',
            "another $change->[0]");
    }

    my $external = CredHubTest::Aws->new(%tls, external_id => 'a b&c=d/+',
        secrets => { x => 'MARKER-x' });
    reads(ask('AWS_SECRET_MANAGER', $external->config, { x => 'x' }),
        'with an external id');

    $aws->behave('POST /sts/' => { body => '<a/>' });
    fails(ask('AWS_SECRET_MANAGER', $aws->config, { x => 'prod/db' }),
        'Login: The answer cannot be read', 'an answer without keys');
};


subtest 'Azure' => sub {
    my $azure = CredHubTest::Azure->new(%tls,
        secrets => { 'db-user' => 'MARKER-db-user', 'Db2' => 'MARKER-db2' });
    my @marks = (@$azure{qw(client_secret token)}, 'MARKER-db-user',
        'MARKER-db2', url_escape($azure->{client_secret}));

    reads(ask('AZURE_KEY_VAULT', $azure->config,
        { user => 'db-user', x => 'Db2' }, marks => masked(@marks)),
        'two keys');
    is_deeply(asked($azure), [
        "POST /$azure->{tenant_id}/oauth2/v2.0/token 200",
        'GET /secrets/db-user 200', 'GET /secrets/Db2 200'], 'its requests');

    fails(ask('AZURE_KEY_VAULT', $azure->config, { x => 'other' },
        marks => masked(@marks)), 'x: The manager answered 404',
        'a secret that is not there');
    fails(ask('AZURE_KEY_VAULT', { %{ $azure->config }, client_secret => 'o' },
        { x => 'Db2' }), 'Login: The manager answered 401', 'a wrong secret');
    fails(ask('AZURE_KEY_VAULT', { %{ $azure->config }, tenant_id => 'o' },
        { x => 'Db2' }), 'Login: The manager answered 404', 'another tenant');

    $azure->behave("POST /$azure->{tenant_id}/oauth2/v2.0/token" =>
            { body => encode_json({ access_token => "a\r\nX: b" }) });
    fails(ask('AZURE_KEY_VAULT', $azure->config, { x => 'Db2' }),
        'Login: The answer cannot be read', 'a token that is no header');
};


subtest 'answers' => sub {
    my $vault = CredHubTest::Vault->new(%tls,
        secrets => { 'apps/db' => \%DB });
    my $other = CredHubTest::Vault->new(%tls,
        secrets => { 'apps/db' => \%DB });
    my $large = 'x' x (1024 * 1024);
    my $keys  = { user => 'apps/db#user' };
    my $get   = 'GET /v1/secret/data/apps/db';
    my $login = 'POST /v1/auth/approle/login';
    my $away  = { Location => $other->url . '/v1/secret/data/apps/db' };

    my @rows = (
        [{ status => 403 }, 'The manager answered 403'],
        [{ status => 404 }, 'The manager answered 404'],
        [{ status => 429 }, 'The manager answered 429'],
        [{ status => 503 }, 'The manager answered 503'],
        [{ status => 201 }, 'The manager answered 201'],
        [{ status => 204, body => '' }, 'The manager answered 204'],
        [{ status => 301, headers => $away }, 'The manager answered 301'],
        [{ status => 307, headers => $away }, 'The manager answered 307'],
        [{ body => '' },           'The answer cannot be read'],
        [{ body => '[]' },         'The answer cannot be read'],
        [{ body => '{"auth":1}' }, 'The answer cannot be read'],
        [{ body => '{"auth":{"client_token":"a"},"data":{"data":{}}}' . 'x' },
            'The answer cannot be read'],
        [{ body => "$large$large" }, 'The answer is too large'],
        [{ body => "$large." },      'The answer is too large'],
        [{ body => $large },         'The answer cannot be read'],
        [{ headers => { 'X-Large' => substr $large, 0, 70000 } },
            'The answer is too large'],
        [{ do => 'close' }, $CLOSED],
        [{ do => 'half' },  $CLOSED],
    );

    for my $row (@rows) {
        my ($how, $reason) = @$row;
        my $label = substr encode_json($how), 0, 60;

        $vault->behave($get => $how);
        fails(ask('HASHICORP_VAULT', $vault->config, $keys,
            marks => masked(@VAULT_MARKS)), "user: $reason", "$label: $reason");

        $vault->behave($login => $how);
        fails(ask('HASHICORP_VAULT', $vault->config, $keys,
            marks => masked(@VAULT_MARKS)), "Login: $reason", "login, $label");
    }

    is_deeply(asked($other), [], 'no redirection is followed');

    # what goes wrong behind the last secret changes nothing
    for my $how ({ status => 403 }, { do => 'close' }, { do => 'half' }) {
        $vault->behave('POST /v1/auth/token/revoke-self' => $how);
        reads(ask('HASHICORP_VAULT', $vault->config, $keys),
            'a token that cannot be given back');
    }
};


subtest 'time' => sub {
    my $vault = CredHubTest::Vault->new(%tls,
        secrets => { 'apps/db' => \%DB });
    my $keys = { user => 'apps/db#user' };
    my $got;

    for my $when ('POST /v1/auth/approle/login', 'GET /v1/secret/data/apps/db')
    {
        my $what = $when =~ /^POST/ ? 'Login' : 'user';
        $vault->behave($when => { do => 'hang' });

        $got = ask('HASHICORP_VAULT', $vault->config, $keys, time => 1000,
            marks => masked(@VAULT_MARKS));
        fails($got, "$what: $LATE", "$what: no answer");
        is($got->{left}, 0, 'its time was up');

        $got = ask('HASHICORP_VAULT', $vault->config, $keys, time => 50000,
            cancel => 500);
        fails($got, "$what: $LATE", "$what: cancelled");
        is($got->{left}, 1, 'and it has ended at once');
    }

    fails(ask('HASHICORP_VAULT', $vault->config, $keys, time => 0),
        "Login: $LATE", 'no time at all');

    # one that accepts, and one that does not exist
    my $silent = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1')
        or die "socket: $!";
    my $url = 'https://localhost:' . $silent->sockport;
    my %own = (%{ $vault->config }, vault_address => $url);

    $got = ask('HASHICORP_VAULT', \%own, $keys, time => 50000, cancel => 300);
    fails($got, "Login: $LATE", 'a server that says nothing');
    is($got->{left}, 1, 'and it has ended at once');

    $silent->close;
    fails(ask('HASHICORP_VAULT', \%own, $keys),
        'Login: The connection was refused', 'nobody listens');
};


subtest 'whom it trusts' => sub {
    my $keys = { user => 'apps/db#user' };
    my %more = (secrets => { 'apps/db' => \%DB });
    my $vault = CredHubTest::Vault->new(%tls, %more);
    my $stranger = make_certificate(subject => '/CN=authority',
        extensions => ['basicConstraints=critical,CA:TRUE']);
    my $untrusted = 'Login: The certificate is not trusted';

    fails(ask('HASHICORP_VAULT', $vault->config, $keys, ca => ''),
        $untrusted, 'the CA is not known to the system');
    fails(ask('HASHICORP_VAULT', $vault->config, $keys,
        ca => $stranger->{certificate}), $untrusted, 'another CA of that name');
    reads(ask('HASHICORP_VAULT', $vault->config, $keys,
        ca => $stranger->{certificate} . $authority->{certificate}),
        'the second of two');
    fails(ask('HASHICORP_VAULT', $vault->config, $keys,
        ca => $authority->{certificate} . "-----BEGIN CERTIFICATE-----\nx"),
        'Login: The certificates to trust cannot be read', 'a broken file');
    fails(ask('HASHICORP_VAULT', $vault->config, $keys, ca => 'x'),
        'Login: The certificates to trust cannot be read', 'no certificate');

    my %by_address = (%{ $vault->config },
        vault_address => 'https://127.0.0.1:' . $vault->port);
    fails(ask('HASHICORP_VAULT', \%by_address, $keys),
        'Login: The certificate is of another host', 'another address');

    my $named = CredHubTest::Vault->new(certificate('vault.invalid'), %more,
        host => 'vault.invalid');
    reads(ask('HASHICORP_VAULT', $named->config, $keys),
        'a name that nobody can resolve');
    fails(ask('HASHICORP_VAULT', { %{ $named->config },
        vault_address => 'https://other.invalid:' . $named->port }, $keys),
        'Login: The certificate is of another host', 'another name');

    my $old = make_certificate(subject => '/CN=localhost',
        signer => $authority, days => [-9, -2],
        extensions => ['subjectAltName=DNS:localhost']);
    my $expired = CredHubTest::Vault->new(%more,
        cert => file_of($old->{certificate}),
        key  => file_of($old->{private_key}));
    fails(ask('HASHICORP_VAULT', $expired->config, $keys), $untrusted,
        'an expired one');

    is_deeply([map { asked($_) } $expired, $named], [[], [
        'POST /v1/auth/approle/login 200', 'GET /v1/secret/data/apps/db 200',
        'POST /v1/auth/token/revoke-self 204']],
        'who is not trusted is asked nothing');
};


subtest 'addresses' => sub {
    my $vault = CredHubTest::Vault->new(%tls,
        secrets => { 'apps/db' => \%DB });
    my $keys = { user => 'apps/db#user' };

    reads(ask('HASHICORP_VAULT', $vault->config, $keys,
        addresses => { localhost => ['127.0.0.9', '::1', '127.0.0.1'] }),
        'the third of three');
    fails(ask('HASHICORP_VAULT', $vault->config, $keys,
        addresses => { localhost => ['127.0.0.9'] }),
        'Login: The connection was refused', 'only where it is told to');
    fails(ask('HASHICORP_VAULT', $vault->config, $keys,
        addresses => { localhost => [] }),
        'Login: There is no address to connect to', 'no address');
};


subtest 'the environment says nothing' => sub {
    my $vault = CredHubTest::Vault->new(%tls,
        secrets => { 'apps/db' => \%DB });
    my $proxy = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1')
        or die "socket: $!";
    my $url  = 'http://127.0.0.1:' . $proxy->sockport;
    my $home = file_of('') . '.home';
    my $keys_file = "$home/keys";
    my %env  = (HOME => $home, SSLKEYLOGFILE => $keys_file,
        CURL_CA_BUNDLE => '/dev/null', SSL_CERT_DIR => $home,
        map { $_ => $url, uc $_ => $url } qw(http_proxy https_proxy all_proxy));

    mkdir $home or die "$home: $!";
    write_file("$home/.netrc", "default login x password y\n", 0600);
    write_file("$home/.curlrc", "insecure\n");

    reads(ask('HASHICORP_VAULT', $vault->config, { user => 'apps/db#user' },
        env => \%env), 'with a hostile one');
    fails(ask('HASHICORP_VAULT', $vault->config, { user => 'apps/db#user' },
        ca => '', env => { %env, SSL_CERT_FILE => file_of(
            $authority->{certificate}) }),
        'Login: The certificate is not trusted', 'it names no CA');

    $proxy->blocking(0);
    is($proxy->accept, undef, 'the proxy is not asked');
    ok(!-e $keys_file, 'no keys of connections are written');
};


# More than the real managers would ever say: what only a strict server sees.
subtest 'the servers are strict' => sub {
    my $vault = CredHubTest::Vault->new(%tls, secrets => { x => { a => 1 } });
    my $aws   = CredHubTest::Aws->new(%tls, secrets => { x => 'y' });
    my $azure = CredHubTest::Azure->new(%tls, secrets => { x => 'y' });
    my %headers = ('content-type' => 'application/json',
        host => 'localhost:' . $vault->port);
    my %login = (method => 'POST', path => '/v1/auth/approle/login',
        query => '', headers => \%headers,
        body => encode_json({ role_id => $vault->{role_id},
            secret_id => $vault->{secret_id} }));
    my $status = sub ($server, %asked) { ($server->answer(\%asked))[0] };

    is($status->($vault, %login), 200, 'a login');
    is($status->($vault, %login, headers => { %headers, cookie => 'a' }), 400,
        'one header more');
    is($status->($vault, %login, headers => { %headers, host => 'x' }), 400,
        'another host');
    is($status->($vault, %login, query => 'a=b'), 400, 'a query');
    is($status->($vault, %login, body => '{}'), 400, 'another body');
    is($status->($vault, %login, path => '/v1/auth/approle/Login'), 400,
        'another path');
    is($status->($vault, method => 'GET', path => '/v1/secret/data/x',
        query => '', body => '', headers => { host => $headers{host},
            'x-vault-token' => "$vault->{token}x" }), 400, 'another token');
    is($status->($aws, method => 'POST', path => '/sts/', query => '',
        body => '', headers => { host => 'localhost:' . $aws->port }), 403,
        'no signature');
    is($status->($azure, method => 'GET', path => '/secrets/x', query => '',
        body => '', headers => { host => 'localhost:' . $azure->port,
            authorization => "Bearer $azure->{token}" }), 400, 'no version');
};


# Real managers: type => what its variables begin with; see README.md.
my %REAL = (HASHICORP_VAULT => 'VAULT', AWS_SECRET_MANAGER => 'AWS',
    AZURE_KEY_VAULT => 'AZURE');

sub addresses (@hosts) {
    my %found;

    for my $host (@hosts) {
        my ($wrong, @rows) = getaddrinfo($host, '',
            { socktype => SOCK_STREAM });
        die "$host: $wrong" if $wrong;
        my @all = map { (getnameinfo($_->{addr}, NI_NUMERICHOST,
            NIx_NOSERV))[1] } @rows;
        $found{$host} = [@all > 8 ? @all[0 .. 7] : @all];
    }

    return \%found;
}


for my $type (sort keys %REAL) {
    my ($config, $keys, $ca, $hosts)
        = @ENV{ map {"CREDHUB_TEST_$REAL{$type}_$_"}
            qw(CONFIG KEYS CA HOSTS) };

    subtest "a real $type" => sub {
        plan skip_all => "CREDHUB_TEST_$REAL{$type}_CONFIG is not set"
            if !defined $config;

        my $read = sub ($more) {
            return ask($type, decode_json(read_file($config)), $more,
                time => 30000, ca => defined $ca ? read_file($ca) : '',
                addresses => addresses(split /,/, $hosts));
        };

        my $wanted = decode_json(read_file($keys));
        reads($read->($wanted), 'its keys');

        my ($name) = sort keys %$wanted;
        my $absent = $wanted->{$name} =~ s/^[^#]*/credhub-test-absent/r;
        like($read->({ absent => $absent })->{reason},
            qr/^absent: The manager answered 4\d\d\z/,
            'a secret that is not there');
    };
}


done_testing();
