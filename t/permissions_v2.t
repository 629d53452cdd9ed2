# /api/v2/permissions: what comes back, who may do what, and in which order
# mistakes are told.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors qw(is_error answers);
use CredHubTest::Permissions qw(entry permit withdraw find_permission);
use JSON::PP qw(encode_json);
use Test::More;

my $P     = '/api/v2/permissions';
my $DATA  = '/api/v1/data';
my @ALL   = qw(read write delete read_acl write_acl);
my $UUID  = qr/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}
    -[0-9a-f]{12}$/x;

my $hub    = CredHubTest->new;
my $second = $hub->as('second');
my $third  = $hub->as('third');
my %who    = map { $_ => $hub->actor($_) } qw(good second third);


# Rows of permissions in the store.
sub rows () { return scalar @{ $hub->redis('KEYS', '{credhub}:permission:*') } }

# Actors that have been granted something.
sub grants () {
    return [map { s/^.*?grants://r } @{ $hub->redis('KEYS', '*:grants:*') }];
}

sub reads ($as, $name, $may, $label) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return answers($as->get("$DATA?name=$name"), $may ? 200 : 'credential',
        $label);
}


subtest 'the life of a permission' => sub {
    my @shapes = (
        # method, body, operations then, status
        ['GET',    undef,                              [qw(read write)],  200],
        ['PUT',    entry('/l/*', 'uaa-client:l', 'delete'), ['delete'],    200],
        ['GET',    undef,                              ['delete'],        200],
        ['PATCH',  { operations => [reverse @ALL] },   \@ALL,             200],
        ['PATCH',  { operations => [qw(read read)] },  ['read'],          200],
        ['DELETE', undef,                              ['read'],          200],
    );

    my $r = $hub->post($P, entry('/l/*', 'uaa-client:l', qw(write read)));
    my $uuid = $r->json->{uuid};
    my $is   = sub ($r, $status, $operations, $label) {
        is($r->status, $status, $label) or diag($r->body);
        is($r->body, sprintf('{"path":"/l/*","operations":%s,'
            . '"actor":"uaa-client:l","uuid":"%s"}',
            encode_json($operations), $uuid), "$label: body");
        is($r->header('Content-Type'), 'application/json;charset=UTF-8');
    };

    like($uuid, $UUID, 'a random id');
    $is->($r, 201, [qw(read write)], 'POST');
    $is->(find_permission($hub, '/l/*', 'uaa-client:l'), 200,
        [qw(read write)], 'find');
    is(rows(), 1, 'a row');
    is_deeply(grants(), ['uaa-client:l'], 'and grants');

    for (@shapes) {
        my ($method, $body, $operations, $status) = @$_;
        $is->($hub->request($method, "$P/$uuid",
            $body ? (json => $body) : ()), $status, $operations, $method);
    }

    is_error($hub->get("$P/$uuid"), 'credential', 'it is gone');
    is_error(find_permission($hub, '/l/*', 'uaa-client:l'), 'perm_access',
        'find');
    is_error($hub->delete("$P/$uuid"), 'perm_none', 'again');
    is(rows(), 0, 'no row');
    is_deeply(grants(), [], 'no grant');
};

subtest 'operations are replaced' => sub {
    my $view = permit($hub, '/o/*', $who{third}, 'read');
    my $at   = "$P/$view->{uuid}";
    $hub->set('/o/x', 'value', 'MARKER-o');
    reads($third, '/o/x', 1, 'read is there');

    my @rows = (
        # method, body, operations then, or an error
        ['PUT',   entry('/o/*', $who{third}, 'write'),    ['write']],
        ['PUT',   entry('/o/*', $who{third}, 'read'),     ['read']],
        ['PATCH', { operations => ['delete'] },           ['delete']],
        ['PATCH', { operations => [qw(write read)] },     [qw(read write)]],
        ['PATCH', { operations => [] },                   []],
        ['PATCH', { operations => ['read'] },             ['read']],
        ['PATCH', { operations => undef },                []],
        ['PATCH', { operations => ['read'] },             ['read']],
        ['PATCH', {},                                     []],
        ['PATCH', { operations => ['execute'] },          'perm_operation'],
        ['PATCH', { operations => 'read' },               'bad_request'],
        ['PATCH', { operations => ['read'], path => '/o/*' },
            'unknown_key:path'],
        ['PATCH', { operations => ['read'], actor => $who{third} },
            'unknown_key:actor'],
        ['PUT',   entry('/o/y', $who{third}, 'read'),     'perm_mismatch'],
        ['PUT',   entry('/o/*', $who{second}, 'read'),    'perm_mismatch'],
        ['PUT',   entry('/o/*', 'uaa-client:o', 'read'),  'perm_mismatch'],
    );
    my @now = ('read');

    for (@rows) {
        my ($method, $body, $expected) = @$_;
        my $label = "$method " . encode_json($body);
        my $r = $hub->request($method, $at, json => $body);

        if (ref $expected) {
            @now = @$expected;
            is($r->status, 200, $label);
            is_deeply($r->json, { %$view, operations => \@now }, 'the view');

        } else {
            is_error($r, $expected, $label);
        }

        is_deeply($hub->get($at)->json->{operations}, [@now], 'now');
        reads($third, '/o/x', scalar(grep { $_ eq 'read' } @now), 'read');
    }

    is_error($hub->post($P, entry('/o/*', $who{third}, 'read')),
        'perm_exists', 'one without operations exists');
};

subtest 'they add up' => sub {
    my @views = (permit($hub, '/add/*', $who{third}, 'read'),
        permit($hub, '/add/x', $who{third}, 'write'));

    is($third->set('/add/x', 'value', 'MARKER-add')->status, 200, 'write');
    reads($third, '/add/x', 1, 'read');
    withdraw($hub, $views[0]);
    reads($third, '/add/x', 0, 'one ends');
    is($third->set('/add/x', 'value', 'MARKER-add')->status, 200,
        'the other stays');

    is($hub->delete("$DATA?name=/add/x")->status, 204);
    is($third->set('/add/x', 'value', 'MARKER-new')->status, 200,
        'it outlives the credential');
    reads($third, '/add/x', 0, 'who creates it is given nothing');
    withdraw($hub, $views[1]);
};

subtest 'who may manage' => sub {
    my @rows = (
        # path of write_acl and read_acl, path that is managed, may it?
        ['/*',       '/m/a',   1],
        ['/*',       '/m/a/*', 1],
        ['/*',       '/*',     1],
        ['/m/*',     '/m/a',   1],
        ['/m/*',     '/m/a/*', 1],
        ['/m/*',     '/m/*',   1],
        ['/M/*',     '/m/A/b', 1],
        ['/m/*',     '/m',     0],
        ['/m/*',     '/mm',    0],
        ['/m/*',     '/*',     0],
        ['/m/a',     '/m/a',   1],
        ['/m/a',     '/m/a/*', 0],
        ['/m/a',     '/m/a/b', 0],
        ['/m/a/*',   '/m/*',   0],
        ['/m/a/*',   '/m/a',   0],
        ['/m/a/b/*', '/m/a/*', 0],
        ['/n/*',     '/m/a',   0],
    );

    for (@rows) {
        my ($own, $path, $may) = @$_;
        my $mine = permit($hub, $own, $who{second}, 'write_acl');
        my $r = $second->post($P, entry($path, 'uaa-client:m', @ALL));
        my $label = "$own for $path";
        answers($r, $may ? 201 : 'credential', "$label: POST");

        my $view = $may ? $r->json : permit($hub, $path, 'uaa-client:m', @ALL);
        is_error($second->get("$P/$view->{uuid}"), 'credential',
            "$label: write_acl is not read_acl");
        is_error(find_permission($second, $path, 'uaa-client:m'), 'perm_access',
            "$label: find");
        answers($second->put("$P/$view->{uuid}",
            entry($path, 'uaa-client:m', 'read')),
            $may ? 200 : 'perm_none', "$label: PUT");

        $hub->patch("$P/$mine->{uuid}", { operations => ['read_acl'] });
        answers($second->get("$P/$view->{uuid}"), $may ? 200 : 'credential',
            "$label: GET");
        answers(find_permission($second, $path, 'uaa-client:m'),
            $may ? 200 : 'perm_access', "$label: find");
        is_error($second->delete("$P/$view->{uuid}"), 'perm_none',
            "$label: read_acl is not write_acl");
        withdraw($hub, $mine, $view);
    }
};

subtest 'which mistake is told' => sub {
    my $own   = permit($hub, '/q/*', $who{second}, 'write_acl');
    my $mine  = permit($hub, '/q/self',
        $who{second} =~ s/app:(.*)/"app:\U$1"/er, 'read');
    my $their = permit($hub, '/q/a', 'uaa-client:q', 'read');
    my $far   = permit($hub, '/z/own', $who{second}, 'read');
    my %bad   = (path => '/q/a', actor => '', operations => ['read']);
    my $rows  = rows();

    my @rows = (
        # by whom, method, id, body, error
        ['third',  'POST', undef, \%bad,                     'perm_actor'],
        ['third',  'PUT',  'x',   \%bad,                     'perm_actor'],
        ['third',  'PATCH', 'x',  { operations => ['all'] }, 'perm_operation'],
        ['third',  'POST', undef, ['/q/a', 'uaa-client:q'],  'credential'],
        ['third',  'POST', undef, ['/q/a', $who{third}],     'credential'],
        ['third',  'PUT',  $their, ['/q/b', 'uaa-client:q'], 'perm_none'],
        ['second', 'POST', undef, ['/z/own', $who{second}],  'credential'],
        ['second', 'PUT',  $far,  ['/z/own', $who{second}],  'perm_none'],
        ['second', 'PATCH',  $far, {},                       'perm_none'],
        ['second', 'DELETE', $far, undef,                    'perm_none'],
        ['second', 'POST', undef, ['/q/new', $who{second}],  'perm_self'],
        ['second', 'POST', undef, ['/q/self', $who{second}], 'perm_self'],
        ['second', 'POST', undef, ['/q/new', uc $who{second}], 'perm_self'],
        ['second', 'PUT',  $mine, ['/q/self', $who{second}], 'perm_self'],
        ['second', 'PUT',  $mine, ['/q/b', 'uaa-client:q'],  'perm_self'],
        ['second', 'PATCH',  $mine, {},                      'perm_self'],
        ['second', 'DELETE', $mine, undef,                   'perm_self'],
        ['second', 'DELETE', $own,  undef,                   'perm_self'],
        ['second', 'PUT',  $their, ['/q/b', 'uaa-client:q'], 'perm_mismatch'],
        ['second', 'PUT',  $their, ['/q/a', $who{second}],   'perm_mismatch'],
        ['second', 'POST', undef, ['/q/a', 'uaa-client:q'],  'perm_exists'],
        ['good',   'POST', undef, ['/q/good', $who{good}],   'perm_self'],
    );

    for (@rows) {
        my ($by, $method, $view, $body, $error) = @$_;
        my $id = ref $view ? $view->{uuid} : $view;
        $body = entry(@$body, 'write') if ref $body eq 'ARRAY';

        is_error($hub->as($by)->request($method, defined $id ? "$P/$id" : $P,
            defined $body ? (json => $body) : ()), $error,
            "$by: $method " . encode_json($body // {}));
    }

    is(rows(), $rows, 'nothing was written');
    is_deeply($hub->get("$P/$_->{uuid}")->json, $_, "$_->{path} is as it was")
        for $own, $mine, $their, $far;

    my $r = $second->post($P, entry('/q/x', $who{third}, @ALL));
    is($r->status, 201, 'others may be given what one does not have');
    $hub->set('/q/x', 'value', 'MARKER-q');
    reads($third, '/q/x', 1, 'and have it');
    reads($second, '/q/x', 0, 'who gave it has not');
};

subtest 'configured lines' => sub {
    is_error(find_permission($hub, '/*', $who{good}), 'perm_access',
        'are not found');

    my $own = permit($hub, '/*', $who{second}, qw(read_acl write_acl));
    my $r = $second->post($P, entry('/*', $who{good}, 'read'));
    is($r->status, 201, 'nor in the way of stored ones');
    is($second->delete("$P/" . $r->json->{uuid})->status, 200);
    is($hub->get("$P/$own->{uuid}")->status, 200, 'and stay in force');
    withdraw($hub, $own);
};

subtest 'read-only' => sub {
    my $view = permit($hub, '/ro/x', 'uaa-client:ro', 'read');
    my $at   = "$P/$view->{uuid}";
    $hub->post('/management', { read_only_mode => \1 });

    my @rows = (['POST', $P, entry('/ro/y', 'uaa-client:ro', 'read')],
        ['PUT', $at, entry('/ro/x', 'uaa-client:ro', 'write')],
        ['PATCH', $at, {}], ['DELETE', $at], ['DELETE', "$P/x"],
        ['POST', $P, {}]);

    is_error($hub->request($_->[0], $_->[1], $_->[2] ? (json => $_->[2]) : ()),
        'read_only', $_->[0]) for @rows;
    is_deeply($hub->get($at)->json, $view, 'GET');
    is_deeply(find_permission($hub, '/ro/x', 'uaa-client:ro')->json, $view,
        'find');

    $hub->post('/management', { read_only_mode => \0 });
    is($hub->delete($at)->status, 200, 'afterwards');
};

$hub->done;
