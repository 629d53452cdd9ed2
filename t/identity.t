# Who a client certificate is, and who it is not.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors qw(is_error answers);
use Test::More;

my $DATA = '/api/v1/data';
my $BODY = { name => '/x', type => 'value', value => 'MARKER-x' };

# seconds that a certificate lives; one of them is enough for a first request
my @SHORT = (5, 15, 45);

my $hub = CredHubTest->new(start => 0);
my $pki = $hub->pki;

$hub->configure(servers => [
    { port => 'crl', server => "ssl_crl @{[$pki->cert('ca.crl')]};" },
    { port => 'nocrl', server => "ssl_crl @{[$pki->cert('ca.none')]};" },
    { port => 'noca', verify => 'optional_no_ca' },
    { port => 'unverified', verify => 'off' },
    { port => 'must', verify => 'on' },
    { port => 'off', server => 'credhub_mtls off;' },
    { port => 'some', server => 'credhub_mtls off;',
        location => 'credhub_mtls on;' },
]);
$hub->start;


subtest 'certificates' => sub {
    my @rows = (
        # certificate, answer
        ['good',       '200'],
        [undef,        'unauthenticated'],
        ['second',     'denied'],
        ['noou',       'mtls_id'],
        ['badou',      'mtls_id'],
        ['ou_upper',   'mtls_id'],
        ['ou_version', 'mtls_id'],
        ['ou_prefix',  'mtls_id'],
        ['ou_suffix',  'mtls_id'],
        ['ou_nul',     'mtls_id'],
        ['ou_nul_in',  'mtls_id'],
        ['ou_bare',    'mtls_id'],
        ['ou_cn',      'mtls_id'],
        ['ou_last',    '200'],
        ['ou_two',     '200'],
        ['ou_multi',   '200'],
        ['noeku',      'mtls_usage'],
        ['eku_both',   '200'],
        ['eku_any',    'certificate:purpose'],
        ['srveku',     'certificate:purpose'],
        ['otherca',    'certificate:self-signed certificate'],
        ['expired',    'certificate:certificate has expired'],
        ['revoked',    '200'],
    );

    for (@rows) {
        my ($cert, $expected) = @$_;
        my $as = $hub->as($cert);

        answers($as->put($DATA, $BODY), $expected, $cert // 'none');
        answers($as->h2('PUT', $DATA, json => $BODY), $expected,
            ($cert // 'none') . ' over HTTP/2');
    }
};

subtest 'open endpoints' => sub {
    my @rows = (
        # path, certificate, answer
        ['/info',    undef,      '200'],
        ['/info',    'good',     '200'],
        ['/info',    'second',   '200'],
        ['/info',    'noou',     'mtls_id'],
        ['/info',    'ou_upper', 'mtls_id'],
        ['/info',    'noeku',    'mtls_usage'],
        ['/info',    'srveku',   'certificate:purpose'],
        ['/info',    'otherca',  'certificate:self-signed certificate'],
        ['/info',    'expired',  'certificate:expired'],
        ['/health',  undef,      '200'],
        ['/health',  'good',     '200'],
        ['/health',  'noou',     'mtls_id'],
        ['/health',  'noeku',    'mtls_usage'],
        ['/health',  'otherca',  'certificate:self-signed certificate'],
        ['/version', undef,      'unauthenticated'],
        ['/version', 'good',     '200'],
        ['/version', 'second',   '200'],
        ['/version', 'noou',     'mtls_id'],
        ['/nothing', undef,      'unauthenticated'],
        ['/nothing', 'noou',     'mtls_id'],
        ['/nothing', 'good',     'not_found'],
    );

    for (@rows) {
        my ($path, $cert, $expected) = @$_;
        answers($hub->get($path, cert => $cert), $expected,
            "$path " . ($cert // 'none'));
    }
};

subtest 'settings of the server' => sub {
    my @rows = (
        # port, certificate, answer
        ['crl',        'good',    '200'],
        ['crl',        'revoked', 'certificate:certificate revoked'],
        ['crl',        'expired', 'certificate:certificate has expired'],
        ['nocrl',      'revoked', '200'],
        ['noca',       'good',    '200'],
        ['noca',       'otherca', 'certificate:self-signed certificate'],
        ['noca',       undef,     'unauthenticated'],
        ['unverified', 'good',    'unauthenticated'],
        ['must',       'good',    '200'],
        ['must',       'expired', 'certificate:certificate has expired'],
        ['off',        'good',    'unauthenticated'],
        ['off',        'noou',    'unauthenticated'],
        ['off',        undef,     'unauthenticated'],
        ['some',       'good',    '200'],
    );

    for (@rows) {
        my ($port, $cert, $expected) = @$_;
        answers($hub->get('/version', port => $port, cert => $cert), $expected,
            "$port " . ($cert // 'none'));
    }

    is($hub->get('/info', port => 'off', cert => 'noou')->status, 200,
        'a certificate that does not count is no wrong one');
};

subtest 'one connection' => sub {
    my %one = map { $_ => $hub->connect(cert => $_) } qw(good second noou);
    my $any = $hub->connect(cert => undef);
    my $put = sub ($client) {
        return $client->request('PUT', $DATA, json => $BODY, keep => 1)
            ->response;
    };

    for my $round (1, 2) {
        answers($put->($one{good}),   '200',             "good $round");
        answers($put->($one{second}), 'denied',          "second $round");
        answers($put->($one{noou}),   'mtls_id',         "noou $round");
        answers($put->($any),         'unauthenticated', "none $round");
    }
};

subtest 'a certificate expires while its connection stands' => sub {
    my ($client, $before, $after);
    my $version = sub {
        return $client->request('GET', '/version', keep => 1)->response;
    };

    for my $seconds (@SHORT) {
        my $name = "short-$$-$seconds";
        $pki->issue($name, 'ca', '/OU=app:' . $pki->uuid('good'), 'clientAuth',
            $seconds / 86400);
        $client = $hub->connect(cert => $name);
        $before = $version->();
        last if $before->status == 200;
    }

    is($before->status, 200, 'before');
    wait_until(120, sub { ($after = $version->())->status != 200 });
    is_error($after, 'certificate:certificate has expired', 'after');
};

$hub->done;
