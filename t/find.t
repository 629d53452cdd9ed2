# GET /api/v1/data?path= and ?name-like=

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use Test::More;

my $ALL = 'read,write,delete,read_acl,write_acl';
my $hub = CredHubTest->new(
    http        => 'keepalive_requests 10000;',
    permissions => [
        ['good', '/*', $ALL],
        ['second', '/App/*', 'read'], ['second', '/app/DB', 'read'],
        ['second', '/other', 'read'], ['second', '/app2/*', 'write,delete'],
    ],
);
my $data = '/api/v1/data';

# in the order in which they are written
my @names = qw(/app /app/db /app/db/user /app/DB2 /App/web(1) /app2/x /apple
    /a_b /axb /a.b /other /other/app/x /z:1[2]+3 /p-app);

my %views = map { $_ => $hub->set($_, 'value', 'MARKER-find')->json } @names;


sub found ($query, $client = $hub) {
    my $r = $client->get("$data?$query");
    is($r->status, 200, "?$query") or diag($r->body);
    return $r->json->{credentials};
}


my @rows = (
    # query                       names, newest first
    ['path='                   => reverse @names],
    ['path=/'                  => reverse @names],
    ['path=/app'               => qw(/App/web(1) /app/DB2 /app/db/user /app/db)],
    ['path=app'                => qw(/App/web(1) /app/DB2 /app/db/user /app/db)],
    ['path=/app/'              => qw(/App/web(1) /app/DB2 /app/db/user /app/db)],
    ['path=app/'               => qw(/App/web(1) /app/DB2 /app/db/user /app/db)],
    ['path=%2FAPP'             => qw(/App/web(1) /app/DB2 /app/db/user /app/db)],
    ['path=/app/db'            => qw(/app/db/user)],
    ['path=/app/db/user'       => ()],
    ['path=/ap'                => ()],
    ['path=/app//'             => ()],
    ['path=//'                 => ()],
    ['path=/none'              => ()],
    ['path=/app/*'             => ()],
    ['path=*'                  => ()],
    ['path=%25'                => ()],
    ['path=/a_b'               => ()],
    ['path=/other'             => qw(/other/app/x)],
    ['path=%FC'                => undef],
    ['path=' . 'n' x 3000      => ()],

    ['name-like='              => reverse @names],
    ['name-like=app'           => qw(/p-app /other/app/x /apple /app2/x
        /App/web(1) /app/DB2 /app/db/user /app/db /app)],
    ['name-like=APP/'          => qw(/other/app/x /App/web(1) /app/DB2
        /app/db/user /app/db)],
    ['name-like=/app/'         => qw(/other/app/x /App/web(1) /app/DB2
        /app/db/user /app/db)],
    ['name-like=/'             => reverse @names],
    ['name-like=db2'           => qw(/app/DB2)],
    ['name-like=a_b'           => qw(/a_b)],
    ['name-like=a.b'           => qw(/a.b)],
    ['name-like=a%25b'         => ()],
    ['name-like=%25'           => ()],
    ['name-like=_'             => qw(/a_b)],
    ['name-like=.'             => qw(/a.b)],
    ['name-like=(1)'           => qw(/App/web(1))],
    ['name-like=[2]%2B3'       => qw(/z:1[2]+3)],
    ['name-like=[2]'           => qw(/z:1[2]+3)],
    ['name-like=%5C'           => ()],
    ['name-like=%5B'           => qw(/z:1[2]+3)],
    ['name-like=%25a'          => ()],
    ['name-like=none'          => ()],
    ['name-like=user'          => qw(/app/db/user)],
    ['name-like=+'             => ()],
    ['name-like=/app/db/user/' => ()],

    # only certificates expire
    ['path=&expires-within-days=1'          => ()],
    ['path=/app&expires-within-days=0'      => ()],
    ['path=/app&expires-within-days=-1'     => ()],
    ['name-like=app&expires-within-days=36500' => ()],
    ['path=/app/db&expires-within-days='    => qw(/app/db/user)],

    ['name=/app/db2&path=/app/db'           => qw(/app/db/user)],
    ['name=&path=/app/db'                   => qw(/app/db/user)],
    ['current=maybe&path=/app/db'           => qw(/app/db/user)],
);

subtest 'which names' => sub {
    for (@rows) {
        my ($query, @expected) = @$_;

        if (@expected == 1 && !defined $expected[0]) {
            is_error($hub->get("$data?$query"), 'bad_request', "?$query");
            next;
        }

        is_deeply(found($query), [map { { name => $_,
            version_created_at => $views{$_}{version_created_at} } } @expected],
            'finds ' . @expected);
    }

    is($hub->get("$data?path=/none")->body, '{"credentials":[]}', 'none');
};


subtest 'refused' => sub {
    my @refused = (
        # query                                    error
        ['path=/a&name-like=b'                  => 'bad_query:name-like'],
        ['path=&name-like='                     => 'bad_query:name-like'],
        ['path=/a&expires-within-days=x'        => 'bad_query:expires-within-days'],
        ['path=/a&expires-within-days=1.5'      => 'bad_query:expires-within-days'],
        ['path=/a&expires-within-days=%2B1'     => 'bad_query:expires-within-days'],
        ['name-like=a&expires-within-days=1d'   => 'bad_query:expires-within-days'],
        ['expires-within-days=1'                => 'missing_query:name'],
    );

    is_error($hub->get("$data?$_->[0]"), $_->[1], "?$_->[0]") for @refused;
};


subtest 'order' => sub {
    my $old = $hub->set('/order/b', 'value', 'MARKER-b')->json;
    $hub->set('/order/a', 'value', 'MARKER-a');
    $hub->set('/order/c', 'value', 'MARKER-c');
    my @order = map { $_->{name} } @{ found('path=/order') };
    is_deeply(\@order, [qw(/order/c /order/a /order/b)], 'as written');

    my $new = $hub->set('/ORDER/B', 'value', 'MARKER-b')->json;
    my $list = found('path=/order');
    is_deeply([map { $_->{name} } @$list], [qw(/order/b /order/c /order/a)],
        'a new version leads');
    is($list->[0]{version_created_at}, $new->{version_created_at},
        'with its time');

    $hub->delete("$data?name=/order/c");
    is_deeply([map { $_->{name} } @{ found('name-like=order') }],
        [qw(/order/b /order/a)], 'a deleted one is gone');
};


subtest 'only what may be read' => sub {
    my $second = $hub->as('second');
    my @rows = (
        ['path='          => qw(/other /App/web(1) /app/DB2 /app/db/user
            /app/db)],
        ['path=/app'      => qw(/App/web(1) /app/DB2 /app/db/user /app/db)],
        ['path=/app2'     => ()],
        ['name-like=x'    => ()],
        ['name-like=OTHER' => qw(/other)],
        ['name-like=db'   => qw(/app/DB2 /app/db/user /app/db)],
    );

    for (@rows) {
        my ($query, @expected) = @$_;
        is_deeply([map { $_->{name} } @{ found($query, $second) }],
            \@expected, 'finds ' . @expected);
    }

    is($hub->as('third')->get("$data?path=")->body, '{"credentials":[]}',
        'no right at all');
    is($hub->as('third')->get("$data?name-like=")->body,
        '{"credentials":[]}');
};


subtest 'more than one step' => sub {
    my $one = $hub->connect;
    my $n = 2300;

    for my $i (1 .. $n) {
        $one->request('PUT', $data, keep => 1, json => {
            name => sprintf('/bulk/%05d', $i % 2 ? $i : 90000 - $i),
            type => 'value', value => 'MARKER-bulk' });
        next if $one->response->status == 200;
        fail("set $i");
        last;
    }

    my @bulk = map { sprintf '/bulk/%05d', $_ % 2 ? $_ : 90000 - $_ }
        reverse 1 .. $n;
    is_deeply([map { $_->{name} } @{ found('path=/bulk') }], \@bulk,
        'all, in order');
    is_deeply([map { $_->{name} } @{ found('name-like=lk/0') }],
        [grep {m{/bulk/0}} @bulk], 'some of them');
    is(@{ found('path=') }, @names + $n + 2, 'everything');
    is_deeply(found('path=/z'), [], 'what lies behind them');
    $one->close;
};


# The rows were never written by a hub: names of 8 KB make 64 MiB soon.
subtest 'an answer has a limit' => sub {
    my $fill = q(
        for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
            local name = string.format('/wide/%05d', i)
            redis.call('HSET', '{credhub}:credential:' .. name, 'name',
                string.rep('x', 8000), 'created', '1', 'sequence', i)
            redis.call('ZADD', '{credhub}:names', 0, name)
        end);

    $hub->redis('CONFIG', 'SET', 'appendonly', 'no');
    $hub->redis('EVAL', $fill, 0, 1, 8300);
    is(@{ found('path=/wide') }, 8300, 'below 64 MiB');
    $hub->redis('EVAL', $fill, 0, 8301, 8400);
    is_error($hub->get("$data?path=/wide"), 'too_large', 'above');
    is(@{ found('path=/wide/00') }, 0, 'a narrower path');
    $hub->redis('FLUSHALL');
};


$hub->done;
