# DELETE /api/v1/data

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use Test::More;

my $ALL = 'read,write,delete,read_acl,write_acl';
my $hub = CredHubTest->new(permissions => [
    ['good', '/*', $ALL],
    ['second', '/*', 'read,write,read_acl,write_acl'],
    ['third', '/mine/*', 'delete'],
]);
my $data = '/api/v1/data';

my %values = (
    value    => 'MARKER-v',
    json     => { a => 'MARKER-j' },
    password => 'MARKER-p',
    user     => { password => 'MARKER-u' },
    rsa      => { private_key => 'MARKER-r' },
    ssh      => { public_key => 'without a secret' },
);


# The keys of the store that belong to credentials.
sub rows () {
    return [sort grep {
        /:(?:credential|versions?|key):/
    } @{ $hub->redis('KEYS', '*') }];
}


subtest 'refused' => sub {
    $hub->set('/kept', 'value', 'MARKER-kept');
    my @rows = (
        # query                      error
        [''                       => 'missing_query:name'],
        ['name='                  => 'missing_query:name'],
        ['name'                   => 'missing_query:name'],
        ['path=/kept'             => 'missing_query:name'],
        ['id=1'                   => 'missing_query:name'],
        ['name=/none'             => 'credential'],
        ['name=/kept/'            => 'credential'],
        ['name=/kep'              => 'credential'],
        ['name=/*'                => 'credential'],
        ['name=*'                 => 'credential'],
        ['name=/'                 => 'credential'],
    );

    is_error($hub->delete("$data?$_->[0]"), $_->[1], "?$_->[0]") for @rows;
    is_error($hub->delete($data), 'missing_query:name', 'no query');

    my $id = $hub->current('/kept')->{id};
    my $r  = $hub->delete("$data/$id");
    is_error($r, 'method', 'not by id');
    is($r->header('Allow'), 'GET, HEAD, OPTIONS', 'which can be read only');

    is_error($hub->as('second')->delete("$data?name=/kept"), 'credential',
        'no right to delete');
    is_error($hub->as('third')->delete("$data?name=/kept"), 'credential',
        'nor here');
    is($hub->current('/kept')->{value}, 'MARKER-kept', 'it is still there');
};


subtest 'every type' => sub {
    my $before = rows();

    for my $type (sort keys %values) {
        my @ids = map { $hub->set("/t/$type", $type, $values{$type})->json
            ->{id} } 1 .. 3;
        my $r = $hub->delete("$data?name=/t/$type");

        is($r->status, 204, $type);
        is($r->body, '', 'has no body');
        is($r->header('Content-Type'), undef, 'and no type of one');
        is($r->header('Content-Length'), undef, 'nor a length');

        is_error($hub->get("$data?name=/t/$type"), 'credential', 'no version');
        is_error($hub->get("$data?name=/t/$type&current=true"), 'credential',
            'no newest');
        is_error($hub->get("$data/$_"), 'credential', 'nor by id') for @ids;
        is_error($hub->delete("$data?name=/t/$type"), 'credential', 'twice');
    }

    is_deeply(rows(), $before, 'Redis holds no row of them');
    is($hub->get("$data?path=/t")->body, '{"credentials":[]}',
        'find finds none');
};


subtest 'spellings of a name' => sub {
    for my $query ('name=del/One', 'name=%2FDEL%2Fone', 'name=/del/ONE',
        'other=1&name=/del/one', 'name=/del/one&current=true')
    {
        $hub->set('/Del/One', 'value', 'MARKER-1');
        is($hub->delete("$data?$query")->status, 204, $query);
        is($hub->current('/Del/One'), undef, 'gone');
    }
};


subtest 'only this one' => sub {
    my @names = qw(/a /a/b /a/b/c /ab /A.b);
    $hub->set($_, 'value', 'MARKER-a') for @names;

    is($hub->delete("$data?name=/a/b")->status, 204);
    is_deeply([sort map { $_->{name} }
            @{ $hub->get("$data?name-like=a")->json->{credentials} }],
        [sort grep { $_ ne '/a/b' } @names]);
};


subtest 'rights stay' => sub {
    $hub->set('/mine/a', 'value', 'MARKER-m');
    my $third = $hub->as('third');

    is_error($third->get("$data?name=/mine/a"), 'credential',
        'the right to delete is none to read');
    is($third->delete("$data?name=/mine/a")->status, 204);
    is_error($third->delete("$data?name=/mine/a"), 'credential', 'again');
    $hub->set('/mine/a', 'value', 'MARKER-m');
    is($third->delete("$data?name=/MINE/A")->status, 204,
        'a new one under the name');
};


subtest 'the name is free' => sub {
    my $old = $hub->set('/free', 'value', 'MARKER-old')->json;
    $hub->delete("$data?name=/free");
    my $new = $hub->set('/free', 'password', 'MARKER-new', metadata => 1)
        ->json;

    is($new->{type}, 'password', 'for another type');
    isnt($new->{id}, $old->{id}, 'a new id');
    is_deeply($hub->get("$data?name=/free")->json->{data}, [$new],
        'without a history');
};


subtest 'a body is ignored' => sub {
    for my $body ('null', '{"name":"/kept"}', 'x' x 5000) {
        $hub->set('/body', 'value', 'MARKER-b');
        my $r = $hub->delete("$data?name=/body", body => $body);
        is($r->status, 204, length($body) . ' bytes');
    }

    is($hub->current('/kept')->{value}, 'MARKER-kept');
};


$hub->finish;

# A history of more than one step: the first hides the credential, the second
# fails.
subtest 'deleted is deleted' => sub {
    my $slow = CredHubTest->new(proxy => 1, workers => 1);
    $slow->set('/long', 'value', 'MARKER-s');

    my $versions = '{credhub}:versions:'
        . $slow->redis('HGET', '{credhub}:credential:/long', 'credential');
    $slow->redis('ZADD', $versions, map { (-$_, "row-$_") } 1 .. 1500);

    $slow->proxy->answer('-LOADING soon', 'sweep');

    is($slow->delete("$data?name=/long")->status, 204, 'whatever comes then');
    is($slow->redis('ZCARD', $versions), 501, 'rows are left');
    is($slow->redis('SCARD', '{credhub}:trash'), 1, 'and found again');
    $slow->finish;
};

done_testing();
