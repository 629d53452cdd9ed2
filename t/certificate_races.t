# Two nginx on one Redis change the same certificates at once: no version is lost,
# there is never more than one transitional one, and what was deleted is gone.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Certificates;
use CredHubTest::Errors qw(is_error);
use CredHubTest::Pki qw(verified);
use CredHubTest::Race;
use Test::More;

my $DATA = '/api/v1/data';
my $LIST = '/api/v1/certificates';
my $EC   = { key_type => 'ec', common_name => 'raced' };

my $race = CredHubTest::Race->new(
    http => 'credhub_concatenate_cas on; keepalive_requests 10000;',
    warm => sub ($hub) { authority($hub, '/warm') },
);
my ($one, $direct) = ($race->one, $race->direct);
my $count = 0;


sub new_path () { return '/race' . ++$count }

sub id_of ($name) {
    my $found = $direct->get("$LIST?name=$name")->json->{certificates};
    return $found->[0]{id};
}

sub flag ($name, $version) {
    my $r = $direct->put("$LIST/" . id_of($name)
        . '/update_transitional_version', { version => $version });
    is($r->status, 200, "the flag of $name moves") or diag $r->body;
    return;
}

# The versions of a CA that are in force, by what they are
sub in_force ($ca) {
    my $r = $direct->get("$DATA?current=true&name=$ca");
    my %now = map { ($_->{transitional} ? 'transitional' : 'active') => $_ }
        @{ $r->json->{data} };
    return \%now;
}


sub with_status ($status, @answers) {
    return grep { $_->status == $status } @answers;
}

sub are_busy (@answers) {
    is_error($_, 'busy', 'another one is to try again') for @answers;
    return;
}

# Every version that was answered stands, and no other but these.
sub are_listed ($name, @answered) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_deeply([sort map { $_->{id} } versions($direct, $name)],
        [sort map { $_->{id} } @answered], "$name: no version lost, none more");
}


# label, more of the request, how many of eight write
my @GENERATE = (
    ['no-overwrite',    { mode => 'no-overwrite' }, 1],
    ['overwrite false', { overwrite => \0 },        1],
    ['converge',        { mode => 'converge' },     1],
    ['neither',         {},                         1],
);

subtest 'generates of one new name end with one credential' => sub {
    for my $signed (0, 1) {
        for my $row (@GENERATE) {
            my ($label, $more) = @$row;
            my $path = new_path();
            authority($direct, "$path/ca");
            my @answers = $race->meet(map {
                ['POST', $DATA, json => { name => "$path/it",
                    type => 'certificate', parameters => { %$EC, $signed
                        ? (ca => "$path/ca") : (self_sign => \1) }, %$more }]
            } 1 .. 8);
            my %seen;

            for my $r (@answers) {
                my $got = $r->status == 200 ? $r->json : { body => $r->body };
                delete @$got{qw(duration_used duration_overridden)};
                $seen{ JSON::PP->new->canonical->encode($got) }++;
            }

            is_deeply([values %seen], [8], "$label: all get the same");
            are_listed("$path/it", $answers[0]->json);
        }
    }
};

# label, a request on the name and id of a certificate
my @WRITE = (
    ['overwrite', sub ($name, $id, $ca) {
        ['POST', $DATA, json => { name => $name, type => 'certificate',
            parameters => { %$EC, ca => $ca }, mode => 'overwrite' }] }],
    ['regenerate', sub ($name, $id, $ca) {
        ['POST', '/api/v1/regenerate', json => { name => $name }] }],
    ['regenerate by id', sub ($name, $id, $ca) {
        ['POST', "$LIST/$id/regenerate", json => {}] }],
);

subtest 'writes of one certificate all count' => sub {
    for my $row (@WRITE, ['all of them']) {
        my ($label, $request) = @$row;
        my $path = new_path();
        authority($direct, "$path/ca");
        my @stand = leaf($direct, "$path/it", "$path/ca");
        my $id = id_of("$path/it");

        my @answers = $race->meet(map {
            ($request // $WRITE[$_ % @WRITE][1])
                ->("$path/it", $id, "$path/ca") } 1 .. 8);
        my @good = with_status(200, @answers);

        cmp_ok(@good, '>=', 1, "$label: some are done");
        are_busy(grep { $_->status != 200 } @answers);
        are_listed("$path/it", @stand, map { $_->json } @good);
        is(id_of("$path/it"), $id, 'it is the same certificate');
    }
};

subtest 'sets of one certificate all count' => sub {
    my $path = new_path();
    authority($direct, "$path/ca");
    my $old = leaf($direct, "$path/it", "$path/ca");
    my @answers = $race->send_all((['PUT', $DATA, json => {
        name => "$path/it", type => 'certificate', value => {
            ca_name => "$path/ca", map { $_ => $old->{value}{$_} }
                qw(certificate private_key) } }]) x 8);

    is(with_status(200, @answers), 8, 'all are done');
    are_listed("$path/it", $old, map { $_->json } @answers);
};

# With concatenation the children follow, in the same moment.
subtest 'one of many becomes the transitional version' => sub {
    my $path = new_path();
    my $old = authority($direct, "$path/ca");
    leaf($direct, "$path/$_", "$path/ca") for 1 .. 3;
    my $id = id_of("$path/ca");
    my @answers = $race->meet((['POST', "$LIST/$id/regenerate",
        json => { set_as_transitional => \1 }]) x 6);
    my @good = with_status(200, @answers);
    my @busy = with_status(503, @answers);

    is(@good, 1, 'one is done');
    is_error($_, 'too_many_transitional', 'another one is refused')
        for with_status(400, @answers);
    are_busy(@busy);
    is(@busy + with_status(400, @answers), 5, 'no other answer');
    are_listed("$path/ca", $old, $good[0]->json);

    for my $name (map {"$path/$_"} 1 .. 3) {
        my @all = versions($direct, $name);
        is(@all, 2, "$name has one version more");
        is($all[0]{value}{ca}, join('', map { $_->{value}{certificate} }
            $old, $good[0]->json), 'and trusts both');
    }
};

subtest 'one version is left of those that are deleted' => sub {
    my $path = new_path();
    my $name = "$path/it";
    my @all = map { authority($direct, $name) } 1 .. 5;
    my $url = "$LIST/" . id_of($name) . '/versions';
    my (%deleted, %others);

    for (1 .. 10) {
        my @answers = $race->meet(map {
            ['DELETE', "$url/$_->{id}"] } @all);
        $deleted{ $_->json->{id} }++ for with_status(200, @answers);
        $others{ $_->status }++ for grep { $_->status != 200 } @answers;
        is_error($_, 'last_version', 'the last one stays')
            for with_status(400, @answers);
        last if keys %deleted == 4 && $others{400};
    }

    is_deeply([values %deleted], [1, 1, 1, 1], 'each is deleted once');
    is_deeply([grep { !/^(?:400|404|503)$/ } keys %others], [],
        'others are gone, too late, or the last');
    are_listed($name, grep { !$deleted{ $_->{id} } } @all);
};


# What is asked for of a certificate that is deleted meanwhile: the answer.
my @DELETED = (
    ['regenerate', sub ($name, $id, $ca) {
        ['POST', '/api/v1/regenerate', json => { name => $name }] }, 404],
    ['data, regenerate', sub ($name, $id, $ca) {
        ['POST', $DATA, json => { name => $name, regenerate => \1 }] }, 404],
    ['regenerate by id', sub ($name, $id, $ca) {
        ['POST', "$LIST/$id/regenerate", json => {}] }, 404],
    ['add a version', sub ($name, $id, $ca) {
        my ($old) = versions($direct, $name);
        ['POST', "$LIST/$id/versions", json => { value => {
            certificate => $old->{value}{certificate} } }] }, 404],
    ['move the flag', sub ($name, $id, $ca) {
        ['PUT', "$LIST/$id/update_transitional_version",
            json => { version => 'latest' }] }, 404],
    ['delete a version', sub ($name, $id, $ca) {
        my @old = versions($direct, $name);
        ['DELETE', "$LIST/$id/versions/$old[0]{id}"] }, 404],
    ['no-overwrite', sub ($name, $id, $ca) {
        ['POST', $DATA, json => { name => $name, type => 'certificate',
            parameters => { %$EC, self_sign => \1 },
            mode => 'overwrite' }] }, 200],
    ['overwrite', sub ($name, $id, $ca) {
        ['POST', $DATA, json => { name => $name, type => 'certificate',
            parameters => { %$EC, ca => $ca }, mode => 'overwrite' }] }, 200],
);

subtest 'a certificate is deleted between' => sub {
    for my $again (0, 1) {
        for my $row (@DELETED) {
            my ($label, $request, $status) = @$row;
            my $path = new_path();
            my ($name, $ca) = ("$path/it", "$path/ca");
            authority($direct, $ca);
            leaf($direct, $name, $ca) for 1 .. 2;
            my $id = id_of($name);
            my @new;

            my $r = $race->between('certificate', $request->($name, $id, $ca), sub {
                is($direct->delete("$DATA?name=$name")->status, 204, $label);
                @new = leaf($direct, $name, $ca) if $again;
            });

            # by name it is the new one that counts
            my $done = $status == 200 || $again && $label =~ /regenerate$/;
            is($r->status, $done ? 200 : 404, $again ? 'made anew' : 'gone')
                or diag $r->body;
            are_listed($name, @new, $done ? $r->json : ());
            isnt(id_of($name), $id, 'a new certificate') if $done || $again;
        }
    }
};


# Everything at once, and again; then everything must fit together.
subtest 'a mixture' => sub {
    my $path = new_path();
    my ($ca, @leaves) = map {"$path/$_"} 'ca', 1 .. 4;
    my %written = map { $_ => [] } $ca, @leaves;
    my %deleted;

    push @{ $written{$ca} }, authority($direct, $ca);
    push @{ $written{$_} }, leaf($direct, $_, $ca) for @leaves;
    my %id = map { $_ => id_of($_) } $ca, @leaves;
    srand 4;

    for my $round (1 .. 6) {
        my @versions = versions($direct, $ca);
        my @some = map { [sort { $a->{id} cmp $b->{id} } versions($direct, $_)]->[0] }
            @leaves;
        my @requests = map {
            my $i = int rand @leaves;
            (
                ['POST', "$LIST/$id{$ca}/regenerate", json => {
                    set_as_transitional => $_ % 2 ? \1 : \0 }],
                ['PUT', "$LIST/$id{$ca}/update_transitional_version", json => {
                    version => $versions[rand @versions]{id} }],
                ['POST', '/api/v1/bulk-regenerate', json => { signed_by => $ca }],
                ['POST', '/api/v1/regenerate', json => { name => $leaves[$i] }],
                ['POST', $DATA, json => { name => $leaves[$i],
                    type => 'certificate', mode => 'overwrite',
                    parameters => { %$EC, ca => $ca } }],
                ['DELETE', "$LIST/$id{$leaves[$i]}/versions/$some[$i]{id}"],
            )[rand 6];
        } 1 .. 16;
        my @answers = $race->send_all(@requests);

        for my $i (0 .. $#answers) {
            my ($r, $request) = ($answers[$i], $requests[$i]);
            next if $r->status != 200;

            my $got = $r->json;
            if ($request->[0] eq 'DELETE') {
                $deleted{ $got->{id} } = 1;
            } elsif (ref $got eq 'HASH' && $got->{id}) {
                push @{ $written{ $got->{name} } }, $got;
            }
        }

        is_deeply([grep { $_->status !~ /^(?:200|400|404|503)$/ } @answers], [],
            'every answer is one that there is');
        my @flagged = grep { $_->{transitional} } versions($direct, $ca);
        cmp_ok(@flagged, '<=', 1, 'at most one transitional version');
    }

    for my $name ($ca, @leaves) {
        my %stands = map { $_->{id} => $_ } versions($direct, $name);
        my @lost = grep { !$stands{ $_->{id} } && !$deleted{ $_->{id} } }
            @{ $written{$name} };
        is_deeply(\@lost, [], "$name: no version is lost");
        is_deeply([grep { $deleted{$_} } keys %stands], [],
            "$name: none has come back");
        is(id_of($name), $id{$name}, "$name: the same certificate");
    }

    # children follow the last change
    flag($ca, (versions($direct, $ca))[1]{id});
    my $now = in_force($ca);
    my ($active, $other) = map { $now->{$_}{value}{certificate} }
        qw(active transitional);
    my %known = map { $_->{value}{certificate} => 1 } versions($direct, $ca);

    for my $name (@leaves) {
        my ($newest) = versions($direct, $name);
        my ($signer, $trusted) = $newest->{value}{ca}
            =~ /(-----BEGIN.*?-----END[^\n]*\n)/sg;

        ok($known{$signer}, "$name: of this CA");
        is(verified($newest->{value}{certificate}, $signer), 'OK',
            "$name: signed by the first that it shows");
        is($trusted, $signer eq $active ? $other : $active,
            "$name: trusts another version in force");
    }

    my $r = $direct->post('/api/v1/bulk-regenerate', { signed_by => $ca });
    is_deeply($r->json, { regenerated_credentials => \@leaves }, 'all anew');
    is((versions($direct, $_))[0]{value}{ca}, $active . $other,
        "$_: of the active one") for @leaves;
};

subtest 'nothing is left over' => sub {
    my ($staged, $unknown);

    ok(wait_until(30, sub {
        my @rows = map { { @{ $one->redis('HGETALL', $_) }, key => $_ } }
            @{ $one->redis('KEYS', '{credhub}:version:*') };
        ($staged, $unknown) = (0, 0);

        for my $row (@rows) {
            my ($id) = $row->{key} =~ /([^:]+)\z/;
            $staged++ if defined $row->{batch};
            $unknown++ if !defined $one->redis('ZSCORE',
                "{credhub}:versions:$row->{credential}", $id);
        }

        return $staged == 0 && $unknown == 0;
    }), 'every version belongs to a certificate')
        or diag "staged $staged, unknown $unknown";
    is_deeply($one->redis('SMEMBERS', '{credhub}:batches'), [], 'no batch');
};

$race->done;
