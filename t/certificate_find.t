# GET /api/v1/data?path= and ?name-like= with expires-within-days, and which
# version of a certificate find goes by.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Certificates;
use CredHubTest::Pki;
use Test::More;

my $DATA = '/api/v1/data';
my $LIST = '/api/v1/certificates';
my $MANY = 1100;    # a step has 1000

my $hub = CredHubTest->new(
    leaks => 0,
    http        => 'keepalive_requests 10000;',
    permissions => [
        ['good', '/*', 'read,write,delete,read_acl,write_acl'],
        ['second', '/app/*', 'read'], ['second', '/other/soon', 'read'],
    ],
);

sub found ($query, $client = $hub) {
    my $r = $client->get("$DATA?$query");
    is($r->status, 200, "?$query") or diag($r->body);
    return $r->json->{credentials};
}

sub names ($query, @more) { return [map { $_->{name} } @{ found($query, @more) }] }

sub flag ($name, $version) {
    my $id = $hub->get("$LIST?name=$name")->json->{certificates}[0]{id};
    my $r  = $hub->put("$LIST/$id/update_transitional_version",
        { version => $version });
    is($r->status, 200, "flag $name") or diag($r->body);
    return;
}

$hub->set('/app/value', 'value', 'MARKER-value');
$hub->made($hub->generate('/app/rsa', 'rsa'));

my %view = (
    '/ca'         => authority($hub, '/ca', duration => 1000),
    '/app/far'    => leaf($hub, '/app/far', '/ca', duration => 100),
    '/other/soon' => leaf($hub, '/other/soon', '/ca', duration => 10),
    '/app/soon'   => leaf($hub, '/App/soon', '/ca', duration => 10),
    '/app/gone'   => $hub->set('/app/gone', 'certificate', {
        certificate => CredHubTest::Pki::make_certificate(
            subject => '/CN=gone', days => [-40, -20])->{certificate} })->json,
);
my ($gone, $soon, $other, $far, $ca)
    = qw(/app/gone /App/soon /other/soon /app/far /ca);


subtest 'which names' => sub {
    my @rows = (
        # query, days, names, newest first
        ['path=', 9,    $gone],
        ['path=', 10,   $gone, $soon, $other],
        ['path=', 99,   $gone, $soon, $other],
        ['path=', 100,  $gone, $soon, $other, $far],
        ['path=', 999,  $gone, $soon, $other, $far],
        ['path=', 1000, $gone, $soon, $other, $far, $ca],
        ['path=', 0,    $gone],
        ['path=', -1,   $gone],
        ['path=', -19,  $gone],
        ['path=', -21],
        ['path=', -99999],
        ['path=', 9223372036854775807, $gone, $soon, $other, $far, $ca],
        ['path=', '-9223372036854775808'],
        ['path=/app', 10, $gone, $soon],
        ['path=APP/', 10, $gone, $soon],
        ['path=/app/soon', 10],
        ['path=/none', 10],
        ['name-like=SOON', 10, $soon, $other],
        ['name-like=soon', 9],
        ['name-like=', 10, $gone, $soon, $other],
        ['name-like=app/s', 100, $soon],
    );

    is_deeply(names("$_->[0]&expires-within-days=$_->[1]"),
        [@$_[2 .. $#$_]], "$_->[0] within $_->[1] days") for @rows;
};


subtest 'what they show' => sub {
    my @shown = map { { name => $_->{name},
        version_created_at => $_->{version_created_at},
        expiry_date => $_->{expiry_date} } } @view{'/app/gone', '/app/soon'};

    is_deeply(found('path=/app&expires-within-days=10'), \@shown,
        'with the date');
    is($hub->get("$DATA?path=/none&expires-within-days=1")->body,
        '{"credentials":[]}', 'nothing');
    is_deeply([map { join ' ', sort keys %$_ } @{ found(
        'path=/app&expires-within-days=') }],
        [('name version_created_at') x 5], 'without a number as ever');
};


subtest 'which version decides' => sub {
    my $soon = '/app/turn';
    my $old  = leaf($hub, $soon, '/ca', duration => 5);
    is_deeply(names('path=/app&expires-within-days=5'), [$soon, $gone], 'found');

    my $new = leaf($hub, $soon, '/ca', duration => 50);
    is_deeply(names('path=/app&expires-within-days=5'), [$gone],
        'an older version does not count');
    is_deeply(found('name-like=turn&expires-within-days=50'), [{
        name => $soon, expiry_date => $new->{expiry_date},
        version_created_at => $new->{version_created_at} }], 'the newest does');

    flag($soon, 'latest');
    is_deeply(found('name-like=turn&expires-within-days=5'), [{
        name => $soon, expiry_date => $old->{expiry_date},
        version_created_at => $old->{version_created_at} }],
        'unless it is transitional');
    is_deeply(found('name-like=turn'), [{ name => $soon,
        version_created_at => $old->{version_created_at} }],
        'so without a number');
    is_deeply(names('path=/app&expires-within-days=5'), [$soon, $gone],
        'the order is by the version that decides');

    flag($soon, undef);
    is_deeply(names('path=/app&expires-within-days=5'), [$gone], 'no longer');

    my $only = leaf($hub, '/app/only', '/ca', duration => 5);
    flag('/app/only', 'latest');
    is_deeply(names("$_"), [], "only a transitional one: $_")
        for 'name-like=only', 'name-like=only&expires-within-days=100';
    is_deeply(names('path=/app/only/..'), [], 'nor so');
    flag('/app/only', undef);
    is_deeply(names('name-like=only&expires-within-days=5'), ['/app/only'],
        'until it is active');
    is_deeply(names('name-like=only'), ['/app/only'], 'for find too');

    $hub->delete("$DATA?name=$_") for '/app/only', $soon;
    is_deeply(names('path=/app&expires-within-days=5'), [$gone],
        'a deleted one is gone');
};


subtest 'who may read' => sub {
    my $second = $hub->as('second');
    is_deeply(names('path=&expires-within-days=1000', $second),
        [$gone, $soon, $other, $far], 'what is readable');
    is_deeply(names('path=&expires-within-days=1000', $hub->as('third')), [],
        'nothing is');
};


subtest 'more than one step' => sub {
    my $pem = $view{'/app/soon'}{value}{certificate};
    my $far = $view{'/app/far'}{value}{certificate};
    my $one = $hub->connect;

    for (1 .. $MANY) {
        my $r = $one->request('PUT', $DATA, keep => 1, json => {
            name => "/many/$_", type => 'certificate',
            value => { certificate => $_ % 2 ? $pem : $far } })->response;
        $r->status == 200 or BAIL_OUT("set $_: " . $r->body);
    }

    is_deeply(names('path=/many&expires-within-days=10'),
        [map {"/many/$_"} grep { $_ % 2 } reverse 1 .. $MANY], 'every other');
    is_deeply(names('path=/many&expires-within-days=100'),
        [map {"/many/$_"} reverse 1 .. $MANY], 'all');
};


$hub->done;
