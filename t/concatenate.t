# credhub_concatenate_cas: while a CA changes, its children show both of its
# versions, the one that has signed them first. They get versions that say so
# whenever it changes which version of the CA is transitional.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Certificates;
use CredHubTest::Errors;
use CredHubTest::Permissions qw(permit withdraw);
use Test::More;

my $CERTIFICATES = '/api/v1/certificates';

my @KEYS = (['k1', sprintf '%-32s', 'MARKER-key-k1']);
my $hub = CredHubTest->new(workers => 1, proxy => 1, keys => \@KEYS,
    redis_args => 'timeout=20s',
    server     => 'credhub_concatenate_cas on;',
    servers    => [{ port => 'off', server => 'credhub_concatenate_cas off;' }]);
my $direct = CredHubTest->new(workers => 1, redis => 0, keys => \@KEYS,
    server => 'credhub_concatenate_cas on;', http => 'credhub_redis unix:'
        . $hub->dir . '/redis/redis.sock timeout=20s;');
my $proxy = $hub->proxy;
my $count = 0;


# A name that no other subtest uses, its CA, and leaves below it
sub family (@leaves) {
    my $at = '/cat' . ++$count;
    my $family = { at => $at, ca => "$at/ca" };

    $family->{v1} = authority($hub, $family->{ca});
    $family->{$_} = leaf($hub, "$at/$_", $family->{ca},
        metadata => { for => $_ }) for @leaves;
    $family->{id} = id_of($family->{ca});
    return $family;
}

sub id_of ($name) {
    return $hub->get("$CERTIFICATES?name=$name")->json->{certificates}[0]{id};
}

sub all ($family, $name) { return versions($hub, "$family->{at}/$name") }

sub newest ($family, $name) { return (all($family, $name))[0] }

# How many versions each of them has
sub counts ($family, @names) {
    return join ' ', map { scalar(my @all = all($family, $_)) } @names;
}

sub good ($r, $label) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is($r->status, 200, $label) or diag $r->body;
    return $hub->made($r)->json;
}

sub renew ($family, $transitional, %opt) {
    return good($hub->post("$CERTIFICATES/$family->{id}/regenerate",
        { set_as_transitional => $transitional }, %opt), 'the CA is renewed');
}

sub update ($family, $version, %opt) {
    return good($hub->put(
        "$CERTIFICATES/$family->{id}/update_transitional_version",
        { version => ref $version ? $version->{id} : $version }, %opt),
        'another version is transitional');
}

# The versions that a view's CA is to be
sub both (@versions) { return join '', pem(@versions) }

# One version more, of the same certificate
sub is_copy ($family, $name, $old, $ca, $label) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $new = newest($family, $name);
    my %same = %$old;
    my @own  = qw(id version_created_at);

    isnt($new->{id}, $old->{id}, "$label: a new version");
    $same{value} = { %{ $old->{value} }, ca => $ca };
    $same{transitional} = JSON::PP::false;
    delete @$_{ @own, qw(duration_overridden duration_used key_length) }
        for $new, \%same;
    return is_deeply($new, \%same, "$label: of the same certificate");
}


subtest 'as a CA is changed' => sub {
    my $family = family('leaf');
    my ($v1, $leaf) = @$family{qw(v1 leaf)};
    is($leaf->{value}{ca}, both($v1), 'one CA at first');

    my $v2 = renew($family, 'true');
    ok($v2->{transitional}, 'its new version is transitional');
    is(counts($family, 'ca', 'leaf'), '2 2', 'the leaf has one version more');
    is_copy($family, 'leaf', $leaf, both($v1, $v2), 'renewed');
    is($_->{value}{ca}, $_->{value}{certificate}, 'the CA has no other')
        for all($family, 'ca');

    my $new = leaf($hub, "$family->{at}/new", $family->{ca});
    ok(issued_by($new, $v1), 'a new leaf is signed by the active version');
    is($new->{value}{ca}, both($v1, $v2), 'and shows both');

    update($family, $v1);
    is(counts($family, 'leaf', 'new'), '3 2', 'turned: one version more');
    is_copy($family, 'leaf', $leaf, both($v1, $v2), 'turned');
    is_copy($family, 'new', $new, both($v1, $v2), 'turned');

    is_deeply(good($hub->post('/api/v1/bulk-regenerate',
        { signed_by => $family->{ca} }), 'all are regenerated'),
        { regenerated_credentials => [map {"$family->{at}/$_"} qw(leaf new)] },
        'both');
    for my $name (qw(leaf new)) {
        my $now = newest($family, $name);
        ok(issued_by($now, $v2), "$name: by the new version");
        is($now->{value}{ca}, both($v2, $v1), "$name: shows both");
        ok(!same_key($now, $leaf), "$name: is another one");
    }

    $leaf = newest($family, 'leaf');
    update($family, undef);
    is(counts($family, 'leaf', 'new'), '5 4', 'over: one version more');
    is_copy($family, 'leaf', $leaf, both($v2), 'over');

    my $v3 = renew($family, 'false');
    is(counts($family, 'ca', 'leaf', 'new'), '3 5 4',
        'a version that is not transitional changes no leaf');
    is(newest($family, 'leaf')->{value}{ca}, both($v2), 'nor its CA');
};

subtest 'a leaf that stays' => sub {
    my $family = family('leaf');
    my ($v1, $leaf) = @$family{qw(v1 leaf)};
    my $v2 = renew($family, \1);

    update($family, $v1);
    update($family, undef);
    is(counts($family, 'leaf'), '4', 'three changes');
    is_copy($family, 'leaf', $leaf, both($v1), 'only the old CA');

    # neither active nor transitional
    update($family, $v1);
    my $v3 = renew($family, \0);
    is_copy($family, 'leaf', $leaf, both($v1, $v2), 'it shows what it did');
    update($family, $v2);
    is_copy($family, 'leaf', $leaf, both($v1, $v3), 'by an older version');
};

subtest 'every way to change which one is transitional' => sub {
    my $family = family('leaf', 'other');
    my ($v1, $leaf) = @$family{qw(v1 leaf)};

    my $v2 = good($hub->post("$CERTIFICATES/$family->{id}/versions", {
        value => { %{ authority($hub, "$family->{at}/given")->{value} },
            ca => undef },
        transitional => \1 }), 'a version is given');
    is(counts($family, 'leaf', 'other'), '2 2', 'given: one more');
    is_copy($family, 'leaf', $leaf, both($v1, $v2), 'given');

    good($hub->post("$CERTIFICATES/$family->{id}/versions", {
        value => { %{ authority($hub, "$family->{at}/plain")->{value} },
            ca => undef } }), 'another one, not transitional');
    is(counts($family, 'leaf'), '2', 'changes nothing');

    update($family, $v2);
    is(counts($family, 'leaf'), '2', 'nor does what is so already');

    good($hub->delete("$CERTIFICATES/$family->{id}/versions/$v2->{id}"),
        'it is deleted');
    is(counts($family, 'leaf', 'other'), '3 3', 'deleted: one more');
    is_copy($family, 'leaf', $leaf, both($v1), 'deleted');

    good($hub->delete("$CERTIFICATES/$family->{id}/versions/"
        . newest($family, 'ca')->{id}), 'one that is not transitional goes');
    is(counts($family, 'leaf'), '3', 'which changes nothing');

    update($family, 'latest');
    is(counts($family, 'leaf'), '4', 'the only version: one more');
    update($family, undef);
    is(counts($family, 'leaf'), '5', 'and back');
    is_copy($family, 'leaf', $leaf, both($v1), 'and back');
};

subtest 'answers' => sub {
    my $family = family('leaf');
    my $v1 = $family->{v1};
    my $v2 = renew($family, \1);
    my $name = "$family->{at}/leaf";
    my $id   = id_of($name);
    my $both = both($v1, $v2);
    my sub ca_of ($json) { return $json->{value}{ca} }

    my $new = newest($family, 'leaf');
    is(ca_of($hub->current($name)), $both, 'by name');
    is(ca_of($hub->get("/api/v1/data/$new->{id}")->json), $both, 'by id');
    is_deeply([map { ca_of($_) } @{ $hub->get("$CERTIFICATES/$id/versions")
        ->json }], [$both, both($v1)], 'versions');
    is(ca_of(good($hub->post('/api/v1/regenerate', { name => $name }),
        'by name')), $both, 'a regeneration');
    is(ca_of(good($hub->post("$CERTIFICATES/$id/regenerate", {}), 'by id')),
        $both, 'by its id');

    my $signed = good($hub->post("$CERTIFICATES/$id/regenerate",
        { allow_transitional_parent_to_sign => \1 }), 'by the other version');
    ok(issued_by($signed, $v2), 'which signs');
    is(ca_of($signed), both($v2, $v1), 'it comes first');

    is(ca_of(good($hub->set($name, 'certificate',
        { certificate => pem($signed), private_key =>
            $signed->{value}{private_key}, ca => pem($v2) }), 'set')),
        both($v2), 'a set one is shown as it is');
    my $latest = good($hub->put("$CERTIFICATES/$id/update_transitional_version",
        { version => $signed->{id} }), 'its own versions');
    is_deeply([map { ca_of($_) } @$latest], [both($v2), both($v2)],
        'are shown as they are');
    is(ca_of(good($hub->delete("$CERTIFICATES/$id/versions/$signed->{id}"),
        'deleted')), both($v2), 'a deleted one too');
};

subtest 'where it is off' => sub {
    my $family = family('leaf');
    my $v1 = $family->{v1};
    my @off = (port => 'off');
    my $v2 = renew($family, \1, @off);

    is(counts($family, 'leaf'), '1', 'a new transitional version');
    update($family, $v1, @off);
    update($family, undef, @off);
    update($family, $v2, @off);
    is(counts($family, 'leaf'), '1', 'and changes of it change no leaf');

    my $leaf = good($hub->post('/api/v1/data', { name => "$family->{at}/new",
        type => 'certificate', parameters => { common_name => 'new',
            key_type => 'ec', ca => $family->{ca} } }, @off), 'a new leaf');
    is($leaf->{value}{ca}, both($v1), 'shows one CA');
    is($hub->get("/api/v1/data/$leaf->{id}")->json->{value}{ca},
        both($v1, $v2), 'and both where it is on');

    good($hub->delete("$CERTIFICATES/$family->{id}/versions/$v2->{id}", @off),
        'deleted');
    is(counts($family, 'leaf', 'new'), '1 1', 'no leaf changes');
};

subtest 'who is a child' => sub {
    my $family = family('leaf', 'moved', 'turning', 'set');
    my ($v1, $at, $ca) = @$family{qw(v1 at ca)};
    authority($hub, "$at/int", ca => $ca);
    leaf($hub, "$at/below", "$at/int");
    authority($hub, "$at/other");
    leaf($hub, "$at/moved", "$at/other");

    my $set = $family->{set}{value};
    my $given = good($hub->set("$at/set", 'certificate',
        { certificate => $set->{certificate}, private_key =>
            $set->{private_key}, ca_name => $ca }), 'one that is set');
    my $next = good($hub->post($CERTIFICATES . '/' . id_of("$at/turning")
        . '/regenerate', { set_as_transitional => \1 }),
        'one that is changed itself');

    my $v2 = renew($family, \1);
    is(counts($family, qw(leaf int set turning)), '2 2 3 3', 'children');
    is(counts($family, qw(below moved)), '1 2', 'no others');
    is_copy($family, 'set', $given, both($v1, $v2), 'set');

    my ($now) = grep { $_->{transitional} } all($family, 'turning');
    is($now->{id}, $next->{id}, 'the change of a child goes on');
    is_copy($family, 'turning', $family->{turning}, both($v1, $v2),
        'its active version');
};

subtest 'rights' => sub {
    my $family = family('leaf');
    my $second = $hub->as('second');
    my $view = permit($hub, $family->{ca}, $hub->actor('second'), 'write');

    is($second->get("/api/v1/data?name=$family->{at}/leaf")->status, 404,
        'who may not even read a leaf');
    $hub->made($second->post("$CERTIFICATES/$family->{id}/regenerate",
        { set_as_transitional => \1 }));
    is(counts($family, 'leaf'), '2', 'changes it with its CA');
    withdraw($hub, $view);
};

subtest 'what others see' => sub {
    my $family = family(1 .. 4);
    my ($v1, $at) = @$family{qw(v1 at)};
    my $v2 = renew($family, \1);
    my @names = map {"$at/$_"} 1 .. 4;
    my sub cas () {
        return map { (versions($direct, $_))[0]{value}{ca} } @names;
    }
    my sub start ($version) {
        return $hub->connect->request('PUT',
            "$CERTIFICATES/$family->{id}/update_transitional_version",
            json => { version => $version });
    }

    $proxy->forget;
    $proxy->hold_at('certificate_put', 4);
    my $client = start(undef);
    ok($proxy->wait_for('certificate_put', 4), 'all are staged');
    is_deeply([cas()], [(both($v1, $v2)) x 4], 'nobody sees one');
    $proxy->hold_at('transitional');
    $proxy->release;
    ok($proxy->wait_for('transitional'), 'the CA is written');
    is_deeply([cas()], [(both($v1)) x 4], 'and all with it');
    $proxy->release;
    is($client->response->status, 200, 'it is answered');
    is_deeply([cas()], [(both($v1)) x 4], 'they stay so');
    is(counts($family, 1 .. 4), '3 3 3 3', 'one version each');

    # a leaf that changes, one that goes, and one that comes; the active version
    # is the second one now
    $proxy->forget;
    $proxy->hold_at('certificate_put', 3);
    $client = start($v2->{id});
    ok($proxy->wait_for('certificate_put', 3), 'some are staged');
    my $renewed = $hub->made($direct->post('/api/v1/regenerate',
        { name => "$at/1" }));
    is($renewed->status, 200, 'one changes');
    is($direct->delete("/api/v1/data?name=$at/2")->status, 204, 'one goes');
    leaf($direct, "$at/2a", $family->{ca});
    @names = map {"$at/$_"} 1, '2a', 3, 4;
    $proxy->release;
    is($client->response->status, 200, 'it is answered');
    is_deeply([cas()], [(both($v2, $v1)) x 2, (both($v1, $v2)) x 2],
        'all show both');
    is(counts($family, 1, '2a', 3, 4), '5 2 4 4', 'no version is lost');
    is((all($family, 1))[1]{id}, $renewed->json->{id}, 'nor hidden');

    # the CA itself
    $proxy->forget;
    $proxy->hold_at('certificate_put', 3);
    $client = start(undef);
    ok($proxy->wait_for('certificate_put', 3), 'some are staged');
    my $v3 = $hub->made($direct->post('/api/v1/regenerate',
        { name => $family->{ca} }));
    is($v3->status, 200, 'the CA changes');
    $proxy->release;
    is($client->response->status, 200, 'it is answered');
    is_deeply([cas()], [(both($v2)) x 2, (both($v1)) x 2], 'all show one');
    is(counts($family, 1, '2a', 3, 4), '6 3 5 5', 'by one version more');

    # who leaves
    $proxy->forget;
    $proxy->hold_at('certificate_put', 3);
    $client = start($v2->{id});
    ok($proxy->wait_for('certificate_put', 3), 'some are staged');
    $client->close;
    ok(wait_until(20, sub { $hub->access_log =~ /transitional_version.*" 499 / }),
        'the client leaves');
    $proxy->release;
    is_deeply([cas()], [(both($v2)) x 2, (both($v1)) x 2], 'nothing changes');
    is(counts($family, 1, '2a', 3, 4), '6 3 5 5', 'no version more');
};

$direct->finish;
$hub->done;
