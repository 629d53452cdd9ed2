# Whoever can write to Redis does not make the hub show a version of another
# credential, trust it, or take another CA for the one that has signed.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Certificates;
use CredHubTest::Errors qw(is_error);
use Test::More;

my $CERTIFICATES = '/api/v1/certificates';

my $hub = CredHubTest->new(
    permissions => [
        ['good',   '/*',      'read,write,delete'],
        ['second', '/mine/*', 'read,write,delete'],
    ],
    http => 'credhub_concatenate_cas on;');

my $second = $hub->as('second');


sub id_of ($name) {
    my $r = $hub->get("$CERTIFICATES?name=$name");
    return $r->json->{certificates}[0]{id};
}

sub row ($name) { return "{credhub}:credential:$name" }


# Makes a version seem to be one of another credential; puts it back.
sub claimed ($view, $id, $code) {
    my @keys = (row($view->{name}), "{credhub}:version:$view->{id}");
    my @was  = map { $hub->redis('HGET', $_, 'credential') } @keys;

    $hub->redis('HSET', $_, 'credential', $id) for @keys;
    $code->();
    $hub->redis('HSET', $keys[$_], 'credential', $was[$_]) for 0, 1;
    return;
}


subtest 'deleting a version that is not of the certificate' => sub {
    authority($hub, '/mine/ca') for 1, 2;

    my $mine  = id_of('/mine/ca');
    my @views = (
        $hub->set('/theirs/password', 'password', 'MARKER-p')->json,
        authority($hub, '/theirs/ca'),
    );

    for my $view (@views) {
        claimed($view, $mine, sub {
            is_error($second->delete(
                "$CERTIFICATES/$mine/versions/$view->{id}"), credential => $view->{name});
        });

        my $r = $hub->get("/api/v1/data/$view->{id}");
        is($r->status, 200, "$view->{name} is still there");
    }

    is(versions($hub, '/mine/ca'), 2);
};


subtest 'a transitional version that is of another CA' => sub {
    my $evil = authority($hub, '/mine/evil');
    my ($good) = pem(authority($hub, '/ca'));
    leaf($hub, '/leaf', '/ca');

    claimed($evil, id_of('/ca'), sub {
        is_error($hub->put(
            "$CERTIFICATES/@{[id_of('/ca')]}/update_transitional_version",
            { version => $evil->{id} }), mismatched_version => 'update');
    });

    my ($leaf, @more) = versions($hub, '/leaf');
    is_deeply(\@more, [], 'the leaf has no other version');
    is($leaf->{value}{ca}, $good, 'and trusts its CA alone');
};


subtest 'a CA under the name of another' => sub {
    my ($evil) = pem(authority($hub, '/mine/evil'));
    my ($good) = pem(authority($hub, '/signer'));

    $hub->redis('HSET', row('/signer'), 'name', '/mine/evil');

    my %made = (
        generated => leaf($hub, '/below/generated', '/signer'),
        set       => $hub->made($hub->set('/below/set', 'certificate', {
            ca_name     => '/signer',
            certificate => leaf($hub, '/below/given', '/signer')
                ->{value}{certificate} }))->json,
    );
    my $r = $hub->post('/api/v1/bulk-regenerate', { signed_by => '/signer' });
    is($r->status, 200) or diag $r->body;

    $hub->redis('HSET', row('/signer'), 'name', '/signer');

    for my $name (map {"/below/$_"} sort keys %made) {
        my $r = $hub->get("$CERTIFICATES?name=$name");
        is($r->json->{certificates}[0]{signed_by}, '/signer', $name);

        $r = $hub->made($hub->post('/api/v1/regenerate', { name => $name }));
        is($r->json->{value}{ca}, $good, 'the right CA signs it again');
    }
};


$hub->done;
