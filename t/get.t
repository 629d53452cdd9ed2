# GET /api/v1/data by name and by id: which versions, in which form, for whom.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use Test::More;

my $ALL  = 'read,write,delete,read_acl,write_acl';
my @keys = (['k1', '1' x 32], ['k2', '2' x 32]);
my $hub  = CredHubTest->new(keys => [@keys[0, 1]], permissions => [
    ['good', '/*', $ALL], ['second', '/none/*', 'read'],
    ['second', '/*', 'write,delete,read_acl,write_acl'],
    ['third', '/exact', 'read'], ['third', '/below/*', 'read'],
]);
my $data = '/api/v1/data';

my @made = map { $hub->set('/many', 'value', "MARKER-$_")->json } 1 .. 5;
my @newest = reverse @made;


subtest 'by name' => sub {
    my @rows = (
        # query                                    versions, or an error
        ['name=/many'                           => 5],
        ['name=%2Fmany'                         => 5],
        ['name=many'                            => 5],
        ['name=/many&current=false'             => 5],
        ['name=/many&current='                  => 5],
        ['name=/many&versions='                 => 5],
        ['name=/many&unknown=1'                 => 5],
        ['versions=2&name=/many'                => 2],
        ['name=/many&versions=1'                => 1],
        ['name=/many&versions=4'                => 4],
        ['name=/many&versions=5'                => 5],
        ['name=/many&versions=6'                => 5],
        ['name=/many&versions=1000000000000'    => 5],
        ['name=/many&versions=2&current=false'  => 2],
        ['current=true&name=/many'              => 1],
        ['name=/many&current=TRUE'              => 1],

        ['name=/many&versions=0'                => 'credential'],
        ['name=/many&versions=-1'               => 'bad_query:versions'],
        ['name=/many&versions=-9999999999'      => 'bad_query:versions'],
        ['name=/many&versions=abc'              => 'bad_query:versions'],
        ['name=/many&versions=1x'               => 'bad_query:versions'],
        ['name=/many&versions=1.5'              => 'bad_query:versions'],
        ['name=/many&versions=%201'             => 'bad_query:versions'],
        ['name=/many&versions=9223372036854775808' => 'bad_query:versions'],
        ['name=/many&current=maybe'             => 'bad_query:current'],
        ['name=/many&current=truee'             => 'bad_query:current'],
        ['name=/many&current=true&versions=1'   => 'versions_and_current'],
        ['name=/many&versions=3&current=true'   => 'versions_and_current'],

        ['name=/none'                           => 'credential'],
        ['name=/none&current=true'              => 'credential'],
        ['name=/none&versions=1'                => 'credential'],
        ['name=/man'                            => 'credential'],
        ['name=/many/'                          => 'credential'],
        ['name=/*'                              => 'credential'],

        ['name='                                => 'missing_query:name'],
        ['name'                                 => 'missing_query:name'],
        [''                                     => 'missing_query:name'],
        ['current=true'                         => 'missing_query:name'],
        ['versions=1'                           => 'missing_query:name'],
        ['paths=true'                           => 'missing_query:name'],
        ['Name=/many'                           => 'missing_query:name'],
    );

    for (@rows) {
        my ($query, $expected) = @$_;
        my $r = $hub->get("$data?$query");

        if ($expected =~ /\D/) {
            is_error($r, $expected, "?$query");
            next;
        }

        is($r->status, 200, "?$query") or diag($r->body);
        is_deeply($r->json, { data => [@newest[0 .. $expected - 1]] },
            "the newest $expected");
    }

    is_error($hub->get($data), 'missing_query:name', 'no query');
    is_error($hub->get("$data/?name="), 'missing_query:name',
        'a slash at the end');
    is($hub->get("$data/?name=/many")->status, 200, 'is ignored');
};


subtest 'by id' => sub {
    my $unknown = '11111111-2222-4333-8444-555555555555';

    for (@made) {
        my $r = $hub->get("$data/$_->{id}");
        is($r->status, 200, $_->{value});
        is_deeply($r->json, $_, 'the view itself');
        is($hub->get("$data/$_->{id}/")->body, $r->body, 'with a slash');
        is($hub->get("$data/" . uc $_->{id})->body, $r->body, 'in capitals');
    }

    is_error($hub->get("$data/$_"), 'credential', $_)
        for $unknown, '1-1-1-1-1', 'no-id', '0', '*', substr($unknown, 1),
        "${unknown}0", "{$unknown}", $made[0]{id} =~ s/-//gr, '%20',
        "$unknown%20", 'many', 'x' x 4000;
    is_error($hub->get("$data/$unknown?name=/many"), 'credential',
        'a query does not matter');

    my $gone = $hub->set('/gone', 'value', 'MARKER-gone')->json->{id};
    $hub->delete("$data?name=/gone");
    is_error($hub->get("$data/$gone"), 'credential', 'a deleted one');
    $hub->set('/gone', 'value', 'MARKER-new');
    is_error($hub->get("$data/$gone"), 'credential',
        'and when its name is used again');
};


subtest 'the view' => sub {
    my %types = (
        # type       value                               fields of the value
        value    => ['MARKER-v', undef],
        json     => [{ a => ['MARKER-j'] }, [qw(a)]],
        password => ['MARKER-p', undef],
        user     => [{ password => 'MARKER-u' },
            [qw(password password_hash username)]],
        rsa      => [{ private_key => 'MARKER-r' },
            [qw(private_key public_key)]],
        ssh      => [{ private_key => 'MARKER-s' },
            [qw(private_key public_key public_key_fingerprint)]],
    );

    for my $type (sort keys %types) {
        my ($value, $fields) = @{ $types{$type} };
        my $start = time;
        my $set  = $hub->set("/View/$type", uc $type, $value);
        my $view = $set->json;

        is_deeply([sort keys %$view],
            [qw(id metadata name type value version_created_at)], $type);
        is_deeply([sort keys %{ $view->{value} }], $fields, 'value')
            if $fields;
        is($view->{type}, $type, 'type');
        is($view->{name}, "/View/$type", 'name');
        is($view->{metadata}, undef, 'metadata');
        like($view->{id},
            qr/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
            'id');
        like($view->{version_created_at},
            qr/^20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\dZ$/, 'date');

        is($hub->get("$data/$view->{id}")->body, $set->body, 'by id');
        is($hub->get("$data?name=view/$type&$_")->body,
            '{"data":[' . $set->body . ']}', $_)
            for 'current=true', 'current=false', 'versions=1';
    }

    like($hub->head("$data?name=/many")->header('Content-Length'),
        qr/^@{[length $hub->get("$data?name=\/many")->body]}$/,
        'HEAD has the length of GET');
    is($hub->head("$data?name=/none")->status, 404, 'and its status');
};


subtest 'who may read' => sub {
    my %ids = map { $_ => $hub->set($_, 'value', 'MARKER-p')->json->{id} }
        qw(/exact /exact/a /exactly /below /below/a /below/a/b /other);
    my @rows = (
        # actor    name             may read
        ['third',  '/exact',        1],
        ['third',  '/EXACT',        1],
        ['third',  '/exact/a',      0],
        ['third',  '/exactly',      0],
        ['third',  '/below',        0],
        ['third',  '/below/a',      1],
        ['third',  '/below/a/b',    1],
        ['third',  '/other',        0],
        ['second', '/exact',        0],
        ['second', '/below/a',      0],
    );

    for (@rows) {
        my ($actor, $name, $may) = @$_;
        my $id = $ids{ lc $name };

        for my $target ("?name=$name", "?name=$name&current=true",
            "?name=$name&versions=1", "/$id")
        {
            my $r = $hub->as($actor)->get($data . $target);
            my $label = "$actor $name " . substr $target, 0, 20;
            $may ? is($r->status, 200, $label)
                : is_error($r, 'credential', $label);
        }
    }

    is_error($hub->as('second')->get("$data?name=/exact&versions=abc"),
        'bad_query:versions', 'the query comes first');
};


subtest 'a key that is not configured' => sub {
    $hub->configure(keys => [@keys[1, 0]]);
    $hub->reload;
    my $second = $hub->set('/sealed', 'value', 'MARKER-2')->json;
    is($hub->get("$data/$made[0]{id}")->json->{value}, 'MARKER-1',
        'a version under the other key opens');

    $hub->configure(keys => [$keys[0]]);
    $hub->reload;
    $hub->expect_log(qr/its encryption key is not configured/);
    my $first = $hub->set('/sealed', 'value', 'MARKER-1')->json;

    is_deeply($hub->current('/sealed'), $first, 'the newest');
    is($hub->get("$data?name=/sealed&versions=1")->status, 200, 'one version');
    is_error($hub->get("$data?name=/sealed"), 'key_missing', 'all versions');
    is_error($hub->get("$data?name=/sealed&versions=2"), 'key_missing', 'two');
    is_error($hub->get("$data/$second->{id}"), 'key_missing', 'by id');
    is_deeply([map { $_->{name} }
            @{ $hub->get("$data?path=/sealed")->json->{credentials} }],
        [], 'find by path');
    is($hub->get("$data?name-like=sealed")->json->{credentials}[0]{name},
        '/sealed', 'find needs no key');
    is($hub->delete("$data?name=/sealed")->status, 204, 'nor does DELETE');

    $hub->configure(keys => [@keys[0, 1]]);
    $hub->reload;
};


$hub->done;
