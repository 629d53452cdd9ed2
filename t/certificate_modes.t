# POST /api/v1/data on a certificate that stands: does it stay?

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Certificates qw(authority leaf versions issued_by same_key);
use CredHubTest::Errors;
use CredHubTest::Permissions qw(permit withdraw);
use CredHubTest::Pki qw(describe make_certificate);
use JSON::PP ();
use Test::More;

my $hub   = CredHubTest->new(
    leaks => 0,
    keep        => 1,
    permissions => [['good', '/*', 'read,write,delete,read_acl,write_acl'],
        ['second', '/mine/*', 'write']],
);
my $JSON  = JSON::PP->new->canonical->allow_nonref;
my $LIST  = '/api/v1/certificates';
my $count = 0;

my @KINDS = ('kept where parameters are equal', 'kept where they differ');
my %MODE  = (
    'neither'             => [{},                                         1, 0],
    'converge'            => [{ mode => 'converge' },                     1, 0],
    'converge, false'     => [{ mode => 'converge', overwrite => \0 },    1, 0],
    'overwrite null'      => [{ overwrite => undef },                     1, 0],
    'no-overwrite'        => [{ mode => 'no-overwrite' },                 1, 1],
    'no-overwrite, false' => [{ mode => 'no-overwrite', overwrite => \0 }, 1, 1],
    'false'               => [{ overwrite => \0 },                        1, 1],
    'overwrite'           => [{ mode => 'overwrite' },                    0, 0],
    'overwrite, false'    => [{ mode => 'overwrite', overwrite => \0 },   0, 0],
    'true'                => [{ overwrite => \1 },                        0, 0],
);


sub new_name () { return '/mode/' . ++$count }

sub ask ($name, $parameters, %more) {
    my $as = delete $more{as} // $hub;
    return $hub->made($as->generate($name, 'certificate',
        { common_name => 'x', key_type => 'ec', %$parameters }, %more));
}

sub made ($name, $parameters, %more) {
    my $r = ask($name, $parameters, %more);
    $r->status == 200 or die $JSON->encode($parameters), $r->body;
    return $r->json;
}

sub id_of ($name) {
    return $hub->get("$LIST?name=$name")->json->{certificates}[0]{id};
}

sub regenerate ($name, %more) {
    my $r = $hub->made($hub->post("$LIST/" . id_of($name) . '/regenerate', \%more));
    $r->status == 200 or die $r->body;
    return $r->json;
}

sub flag ($name, $version) {
    my $r = $hub->put("$LIST/" . id_of($name) . '/update_transitional_version',
        { version => $version });
    return $r->status == 200 || die $r->body;
}

# Is the answer to a second request the version that stands? Of a version that
# was only found no duration is told.
sub is_kept ($before, $r, $kept, $what) {
    my $after = $r->json;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is($r->status, 200, "$what: answered") or return diag $r->body;
    return is_deeply($after, { %$before, duration_overridden => JSON::PP::false,
        duration_used => 0 }, "$what: the very same") if $kept;

    isnt($after->{id}, $before->{id}, "$what: a new version");
    return ok(!same_key($after, $before), "$what: another key");
}


authority($hub, '/ca');
authority($hub, '/ca2');

subtest 'every mode, equal and different parameters' => sub {
    for my $mode (sort keys %MODE) {
        my ($more, @kept) = @{ $MODE{$mode} };

        for my $i (0, 1) {
            my $what  = "$mode, $KINDS[$i]";
            my $name  = new_name();
            my $first = made($name, { ca => '/ca' }, metadata => { first => 1 },
                %$more);
            is_deeply($first->{metadata}, { first => 1 }, "$what: the first");

            my $r = ask($name, { ca => '/ca', ($i ? (state => 's') : ()) },
                %$more, metadata => { then => 2 });
            is_kept($first, $r, $kept[$i], $what);
            is_deeply($r->json->{metadata}, $kept[$i] ? { first => 1 }
                : { then => 2 }, "$what: metadata");
            is(versions($hub, $name), $kept[$i] ? 1 : 2, "$what: versions");
        }
    }
};


my %RSA  = (key_type => 'rsa');
my %SELF = (self_sign => \1);
my @TWO  = ('a.example', 'b.example');

# parameters, parameters of the second request, kept by converge?
my @COMPARED = (
    [{ %SELF }, { %SELF, duration => 7 },                              1],
    [{ %SELF }, { %SELF, ca => '' },                                   1],
    [{ %SELF }, { %SELF, common_name => 'X' },                         1],
    [{ %SELF }, { %SELF, common_name => 'y' },                         0],
    (map { my $part = $_; map { [@$_] }
        [{ %SELF }, { %SELF, $part => 'pa' },                          0],
        [{ %SELF, $part => 'pa' }, { %SELF },                          0],
        [{ %SELF, $part => 'pa' }, { %SELF, $part => 'PA' },           1],
    } qw(organization organization_unit locality state country)),
    [{ %SELF, organization => 'a', state => 'b' },
        { %SELF, organization => 'b', state => 'a' },                  0],

    [{ %SELF }, { %SELF, alternative_names => [] },                    1],
    [{ %SELF }, { %SELF, alternative_names => ['a'] },                 0],
    [{ %SELF, alternative_names => ['a'] }, { %SELF },                 0],
    [{ %SELF, alternative_names => [@TWO] },
        { %SELF, alternative_names => [@TWO] },                        1],
    [{ %SELF, alternative_names => [@TWO] },
        { %SELF, alternative_names => [reverse @TWO] },                0],
    [{ %SELF, alternative_names => ['::1'] },
        { %SELF, alternative_names => ['0:0::1'] },                    1],

    [{ %SELF }, { %SELF, key_usage => ['crl_sign'] },                  0],
    [{ %SELF, key_usage => ['crl_sign'] }, { %SELF },                  0],
    [{ %SELF, key_usage => [qw(crl_sign key_agreement)] },
        { %SELF, key_usage => [qw(key_agreement crl_sign)] },          1],
    [{ %SELF, key_usage => [qw(crl_sign)] },
        { %SELF, key_usage => [qw(key_agreement)] },                   0],
    [{ %SELF }, { %SELF, extended_key_usage => ['client_auth'] },      0],
    [{ %SELF, extended_key_usage => ['client_auth'] }, { %SELF },      0],
    [{ %SELF, extended_key_usage => [qw(client_auth server_auth)] },
        { %SELF, extended_key_usage => [qw(client_auth server_auth)] }, 1],

    [{ is_ca => \1 }, { is_ca => \1, %SELF },                          1],
    [{ is_ca => \1 }, { %SELF },                                       0],
    [{ %SELF }, { is_ca => \1 },                                       0],
    [{ %SELF }, { ca => '/ca' },                                       0],
    [{ ca => '/ca' }, { %SELF },                                       0],
    [{ ca => '/ca' }, { ca => 'CA' },                                  1],
    [{ ca => '/ca' }, { ca => '/ca2' },                                0],
    [{ ca => '/ca' }, { ca => '/ca', is_ca => \1 },                    0],

    [{ %SELF }, { %SELF, key_type => 'EC', key_curve => 'p-256' },     1],
    [{ %SELF }, { %SELF, key_curve => 'P-384' },                       0],
    [{ %SELF, key_curve => 'P-384' }, { %SELF, key_curve => 'P-384' }, 1],
    [{ %SELF }, { %SELF, key_type => 'ed25519' },                      0],
    [{ %SELF, key_type => 'ed25519' }, { %SELF },                      0],
    [{ %SELF, key_type => 'ed25519' }, { %SELF, key_type => 'ed25519' }, 1],
    [{ %SELF, %RSA }, { %SELF, key_type => undef, key_length => 2048 }, 1],
    [{ %SELF, %RSA }, { %SELF },                                       0],
    [{ %SELF, %RSA }, { %SELF, %RSA, key_length => 3072 },             0],
);

subtest 'what converge compares' => sub {
    for my $row (@COMPARED) {
        my ($one, $two, $kept) = @$row;
        my $name  = new_name();
        my $first = made($name, $one);
        is_kept($first, ask($name, $two, mode => 'converge'), $kept,
            $JSON->encode([$one, $two]));
    }
};


my $ca = $hub->current('/ca')->{value};
my @BC = ('basicConstraints=CA:FALSE');

# what was set, other parts of its value, parameters, kept by converge?
my @SET = (
    [{ subject => '/CN=x', extensions => \@BC }, {}, { %SELF },         1],
    [{ subject => '/CN=x' }, {}, { %SELF },                             1],
    [{ subject => '/L=l/CN=x/O=o', extensions => \@BC }, {},
        { %SELF, locality => 'l', organization => 'O' },                1],
    [{ subject => '/CN=x/OU=a/OU=b', extensions => \@BC }, {},
        { %SELF, organization_unit => 'a' },                            0],
    [{ subject => '/CN=x', extensions => ['keyUsage=keyAgreement',
        'subjectAltName=DNS:a,IP:::1', 'extendedKeyUsage=clientAuth'] }, {},
        { %SELF, alternative_names => ['a', '::1'],
            key_usage => ['key_agreement'],
            extended_key_usage => ['client_auth'] },                    1],
    [{ subject => '/CN=x', extensions => ['extendedKeyUsage=OCSPSigning'] },
        {}, { %SELF },                                                  0],
    [{ subject => '/CN=x', key => 'ec P-384' }, {}, { %SELF },          0],
    [{ subject => '/CN=x', key => 'rsa 1024' }, {}, { %SELF, %RSA },    0],
    [{ subject => '/CN=x', key => 'ec P-521' }, { private_key => '' },
        { %SELF },                                                      0],
    [{ subject => '/CN=x', extensions =>
        ['basicConstraints=critical,CA:TRUE'] }, {}, { %SELF },         0],
    [{ subject => '/CN=x', extensions =>
        ['basicConstraints=critical,CA:TRUE'] }, {}, { is_ca => \1 },   1],
    [{ subject => '/CN=x', signer => $ca, extensions => \@BC }, {},
        { ca => '/ca' },                                                1],
    [{ subject => '/CN=x', signer => $ca, extensions => \@BC },
        { ca => $ca->{certificate} }, { ca => '/ca2' },                 1],
    [{ subject => '/CN=x', signer => $ca, extensions => \@BC },
        { ca_name => '/ca' }, { ca => '/ca' },                          1],
    [{ subject => '/CN=x', signer => $ca, extensions => \@BC },
        { ca_name => '/ca' }, { ca => '/ca2' },                         0],
    [{ subject => '/CN=x', signer => $ca, extensions => \@BC },
        { ca_name => '/ca' }, { %SELF },                                0],
);

subtest 'set, then generate' => sub {
    for my $row (@SET) {
        my ($opt, $parts, $parameters, $kept) = @$row;
        my $made = make_certificate(%$opt);
        my $set  = $hub->made($hub->set(my $name = new_name(), 'certificate',
            { %$made, %$parts }))->json;
        my $key  = describe($made->{certificate})->{key};
        my %bits = (key_length => $key =~ /rsa 1024|521/ ? 0
            : $key =~ /384/ ? 384 : 256);

        my $what = $JSON->encode([$opt->{subject}, $parts->{ca_name},
            $parameters]);
        is_kept({ %$set, %bits }, ask($name, $parameters), $kept, $what);
    }
};


subtest 'converge follows a CA' => sub {
    my $name  = new_name();
    my $old   = authority($hub, '/rotated');
    my $one   = leaf($hub, $name, '/rotated', common_name => 'x');
    my $again = sub (%more) { ask($name, { ca => '/rotated' }, %more) };

    is_kept($one, $again->(), 1, 'the CA as it was');

    my $new = regenerate('/rotated', set_as_transitional => \1);
    is_kept($one, $again->(), 1, 'a transitional CA');

    flag('/rotated', $old->{id});
    is_kept($one, $again->(mode => 'no-overwrite'), 1, 'another CA, no-overwrite');
    is_kept($one, my $r = $again->(mode => 'converge'), 0, 'another CA');
    my $two = $r->json;
    is($two->{value}{ca}, $new->{value}{certificate}, 'that is the active one');
    ok(issued_by($two, $new), 'and has signed');
    is_kept($two, $again->(), 1, 'once more');

    flag('/rotated', undef);
    is_kept($two, $again->(), 1, 'no transitional version any more');
};


# what becomes of the CA, error
my @BROKEN = (
    ['is no CA',  make_certificate(extensions => \@BC),           'not_ca'],
    ['has no key', { certificate => $ca->{certificate} },         'ca_no_key'],
    ['is expired', make_certificate(days => [-9, -2], extensions =>
        ['basicConstraints=critical,CA:TRUE']),                   'ca_expired'],
    ['is away',   undef,                                          'ca'],
);

subtest 'a CA that cannot sign is told where the version would stay' => sub {
    for my $row (@BROKEN) {
        my ($what, $value, $error) = @$row;
        my $name = new_name();
        authority($hub, "$name/ca");
        leaf($hub, $name, "$name/ca", common_name => 'x');

        is($value ? $hub->set("$name/ca", 'certificate', $value)->status
            : $hub->delete("/api/v1/data?name=$name/ca")->status,
            $value ? 200 : 204, "the CA $what");

        for my $mode (sort keys %MODE) {
            is_error(ask($name, { ca => "$name/ca" }, %{ $MODE{$mode}[0] }),
                $error, "$what: $mode");
        }
        is(versions($hub, $name), 1, "$what: nothing was written");
    }
};

subtest 'only a transitional version' => sub {
    for my $mode (sort keys %MODE) {
        my $name = new_name();
        my $old  = made($name, { %SELF });
        flag($name, 'latest');

        my $r = ask($name, { %SELF }, %{ $MODE{$mode}[0] });
        is_kept($old, $r, 0, $mode);
        is_deeply([map { "$_->{id} $_->{transitional}" } versions($hub, $name)],
            [$r->json->{id} . ' 0', "$old->{id} 1"], "$mode: beside it");
    }

    authority($hub, '/flagged');
    flag('/flagged', 'latest');
    is_error(ask(new_name(), { ca => '/flagged' }), 'ca', 'such a CA');
};

subtest 'only the active version is compared' => sub {
    my $name = new_name();
    my $one  = made($name, { %SELF });
    my $two  = regenerate($name, set_as_transitional => \1);

    is_kept($one, ask($name, { %SELF }), 1, 'not the newer one');
    is($two->{transitional}, JSON::PP::true, 'which is transitional');
};

subtest 'a kept version' => sub {
    my $name  = new_name() . '/Case';
    my $first = made($name, { ca => '/ca' }, metadata => { n => 1.50 });
    my $r     = ask(lc $name, { ca => 'ca' }, metadata => undef);
    is_kept($first, $r, 1, 'by another case');

    my $shown = $hub->get("/api/v1/data/$first->{id}");
    is($r->body =~ s/"duration_overridden":false,"duration_used":0,"key_length":256,//r,
        $shown->body, 'to the byte');
};


subtest 'rights' => sub {
    my $mine = $hub->as('second');
    my @ways = map { $MODE{$_}[0] } 'converge', 'no-overwrite', 'overwrite';

    for my $more (@ways) {
        my $what = $JSON->encode($more);
        is(ask('/mine/self', { %SELF }, %$more, as => $mine)->status, 200,
            "$what: write is enough");
        is_error(ask('/mine/x', { ca => '/ca' }, %$more, as => $mine), 'ca',
            "$what: no read on the CA");
        is_error(ask('/other/x', { ca => '/ca' }, %$more, as => $mine),
            'denied', "$what: no write");
    }

    my $first = made('/mine/x', { ca => '/ca' });
    my $right = permit($hub, '/ca', $hub->actor('second'), 'read');
    is_kept($first, ask('/mine/x', { ca => '/ca' }, as => $mine), 1,
        'read on the CA');
    withdraw($hub, $right);
    is_error(ask('/mine/x', { ca => '/ca' }, mode => 'no-overwrite',
        as => $mine), 'ca', 'and without it again');
};

# method, path, body, what an unknown key is
my @UNKNOWN = (
    ['POST', '/data', { type => 'certificate', parameters => { %SELF } },
        'unknown_key_generate'],
    ['POST', '/data', { regenerate => \1 },      'unknown_key_generate'],
    ['PUT',  '/data', { type => 'certificate' }, 'unknown_key'],
    ['POST', '/regenerate', {},                  'unknown_key'],
);

subtest 'unknown keys' => sub {
    my $name = made(new_name(), { %SELF })->{name};

    for my $row (@UNKNOWN) {
        my ($method, $path, $body, $error) = @$row;
        is_error($hub->request($method, "/api/v1$path", json =>
            { name => $name, %$body, surprise => 1 }), "$error:surprise",
            "$method $path");
    }
    is_error($hub->post("$LIST/" . id_of($name) . '/regenerate',
        { surprise => 1 }), 'unknown_key:surprise', 'regenerate by id');
};

subtest 'read-only' => sub {
    my $name = made(new_name(), { %SELF })->{name};
    my $made = make_certificate();
    my $id   = id_of($name);
    $hub->post('/management', { read_only_mode => \1 });

    is_error(ask($name, { %SELF }, %{ $MODE{$_}[0] }), 'read_only', $_)
        for sort keys %MODE;
    is_error($hub->set($name, 'certificate', $made), 'read_only', 'set');
    is_error($hub->post('/api/v1/regenerate', { name => $name }), 'read_only',
        'regenerate');
    is_error($hub->post("$LIST/$id/regenerate"), 'read_only', 'and by id');
    is($hub->get("/api/v1/data?name=$name")->status, 200, 'GET');

    $hub->post('/management', { read_only_mode => \0 });
    is(versions($hub, $name), 1, 'nothing was written');
};

$hub->done;
