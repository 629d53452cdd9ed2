# Histories that take more than one step of the store.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use Test::More;

my $COUNT = 2500;    # a step has 1000 rows

my $hub = CredHubTest->new(http => 'keepalive_requests 10000;');
my $one = $hub->connect;
my $data = '/api/v1/data';

my @newest;    # what was answered, newest first


# One connection is faster than many.
sub request ($method, $target, %opt) {
    return $one->request($method, $target, keep => 1, %opt)->response;
}


sub list ($query) { return request('GET', "$data?name=/long$query") }

sub rows () { return [sort @{ $hub->redis('KEYS', '*') }] }


$hub->set('/other', 'value', 'MARKER-other');
my $before = rows();

for my $i (1 .. $COUNT) {
    my $r = request('PUT', $data, json => { name => '/long', type => 'value',
        value => "MARKER-$i", metadata => { i => $i } });
    unshift @newest, $r->json;
    $r->status == 200 or BAIL_OUT("set $i: " . $r->status . $r->body);
}


subtest 'lists' => sub {
    my @rows = (
        # query             versions
        [''              => $COUNT],
        ['&current=false' => $COUNT],
        ["&versions=$COUNT" => $COUNT],
        ['&versions=9999' => $COUNT],
        ['&versions=1'    => 1],
        ['&versions=999'  => 999],
        ['&versions=1000' => 1000],
        ['&versions=1001' => 1001],
        ['&versions=2000' => 2000],
        ['&versions=2001' => 2001],
        ['&current=true'  => 1],
    );

    for (@rows) {
        my ($query, $n) = @$_;
        my $r = list($query);
        is($r->status, 200, "name=/long$query") or diag($r->body);
        is_deeply($r->json->{data}, [@newest[0 .. $n - 1]], "the newest $n");
    }

    my %seconds;
    $seconds{ $_->{version_created_at} }++ for @newest;
    ok((grep { $_ > 1 } values %seconds), 'many were made in one second');
};


subtest 'an old one by id' => sub {
    is_deeply(request('GET', "$data/$newest[$_]{id}")->json, $newest[$_],
        "number $_") for 0, 999, 1000, 1999, 2000, $COUNT - 1;
};


subtest 'find names it once' => sub {
    is_deeply($hub->get("$data?path=")->json->{credentials}[0], {
        name => '/long',
        version_created_at => $newest[0]{version_created_at} });
    is(@{ $hub->get("$data?path=")->json->{credentials} }, 2);
};


subtest 'at the same time' => sub {
    my @clients = map { $hub->connect } 1 .. 50;
    $_->request('PUT', $data, json => { name => '/crowd', type => 'value',
        value => 'MARKER-crowd' }) for @clients;
    my @made = map { $_->response->json } @clients;
    my %ids  = map { $_->{id} => $_ } @made;

    is(keys %ids, 50, 'each is a version of its own');
    my $list = $hub->get("$data?name=/crowd")->json->{data};
    is(@$list, 50, 'and is in the list');
    is_deeply([map { $ids{ $_->{id} } } @$list], $list, 'as it was answered');
    is_deeply([sort { $b cmp $a } map { $_->{version_created_at} } @$list],
        [map { $_->{version_created_at} } @$list], 'newest first');
    is_deeply($hub->current('/crowd'), $list->[0], 'the first is the newest');
    is($hub->delete("$data?name=/crowd")->status, 204);
};


subtest 'DELETE takes all' => sub {
    is(@{ rows() }, @$before + $COUNT + 2,
        'a row for each version, one for the list, one for the newest');
    is(request('DELETE', "$data?name=/long")->status, 204);
    is_deeply(rows(), $before, 'no row is left');

    is_error(list(''), 'credential', 'nothing to list');
    is_error($hub->get("$data/$newest[$_]{id}"), 'credential', "number $_")
        for 0, 1000, $COUNT - 1;

    my ($key) = grep {/:key:/} @$before;
    is($hub->redis('SCARD', $key), 1, 'the key seals one version');
};


$hub->done;
