# /api/v2/permissions: what may be written, what comes back, in which order
# mistakes are told.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors qw(is_error answers);
use JSON::PP qw(encode_json decode_json);
use Test::More;

my $P     = '/api/v2/permissions';
my $DATA  = '/api/v1/data';
my @ALL   = qw(read write delete read_acl write_acl);
my $UUID  = qr/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
my $NEVER = '00000000-0000-4000-8000-000000000000';

my $hub    = CredHubTest->new;
my $second = $hub->as('second');
my $third  = $hub->as('third');
my %who    = map { $_ => $hub->actor($_) } qw(good second third);


sub entry ($path, $actor, @operations) {
    return { path => $path, actor => $actor, operations => [@operations] };
}

# A permission that is there from now on; its view.
sub permit ($path, $actor, @operations) {
    my $r = $hub->post($P, entry($path, $actor, @operations));
    $r->status == 201 or die 'no permission: ', $r->body;
    return $r->json;
}

sub withdraw (@views) {
    $hub->delete("$P/$_->{uuid}")->status == 200 or die 'no such permission'
        for @views;
    return;
}

sub find ($as, $path, $actor) {
    s/([^\w.~-])/sprintf '%%%02X', ord $1/ge for $path, $actor;
    return $as->get("$P?actor=$actor&path=$path");
}

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
    $is->(find($hub, '/l/*', 'uaa-client:l'), 200, [qw(read write)], 'find');
    is(rows(), 1, 'a row');
    is_deeply(grants(), ['uaa-client:l'], 'and grants');

    for (@shapes) {
        my ($method, $body, $operations, $status) = @$_;
        $is->($hub->request($method, "$P/$uuid",
            $body ? (json => $body) : ()), $status, $operations, $method);
    }

    is_error($hub->get("$P/$uuid"), 'credential', 'it is gone');
    is_error(find($hub, '/l/*', 'uaa-client:l'), 'perm_access', 'find');
    is_error($hub->delete("$P/$uuid"), 'perm_none', 'again');
    is(rows(), 0, 'no row');
    is_deeply(grants(), [], 'no grant');
};

subtest 'what may be written' => sub {
    my $long = '/' . 'p' x 1023;
    my $body = sub ($key, $json) {
        my %fields = (path => '"/v/x"', actor => '"uaa-client:v"',
            operations => '["read"]', $key => $json);
        return '{' . join(',', map { "\"$_\":$fields{$_}" }
            grep { defined $fields{$_} } sort keys %fields) . '}';
    };

    my @rows = (
        # field, its JSON (undef: left out), error
        ['path', undef,              'perm_path'],
        ['path', '""',               'perm_path'],
        ['path', 'null',             'perm_path'],
        ['path', '"/"',              'perm_path'],
        ['path', qq("${long}p"),     'perm_path'],
        ['path', '[]',               'bad_request'],
        ['path', '"//"',             'perm_slash'],
        ['path', '"//a"',            'perm_slash'],
        ['path', '"/a//b"',          'perm_slash'],
        ['path', '"/a/"',            'perm_slash'],
        ['path', '"a/"',             'perm_slash'],
        ['path', '"//*"',            'perm_slash'],
        ['path', '"/a//*"',          'perm_slash'],
        ['path', '"/a*"',            'perm_chars'],
        ['path', '"*a"',             'perm_chars'],
        ['path', '"/**"',            'perm_chars'],
        ['path', '"/*/*"',           'perm_chars'],
        ['path', '"/*/b"',           'perm_chars'],
        ['path', '"/a/*/b"',         'perm_chars'],
        ['path', '"/a b"',           'perm_chars'],
        ['path', '"/a%b"',           'perm_chars'],
        ['path', '"/\u00e9"',        'perm_chars'],
        ['path', '"/a\n"',           'perm_chars'],
        ['path', '"/a\u0000"',       'bad_request'],
        ['actor', undef,             'perm_actor'],
        ['actor', '""',              'perm_actor'],
        ['actor', 'null',            'bad_request'],
        ['actor', '{}',              'bad_request'],
        ['actor', '"' . 'a' x 256 . '"', 'bad_request'],
        ['operations', undef,        'perm_ops'],
        ['operations', '[]',         'perm_ops'],
        ['operations', 'null',       'bad_request'],
        ['operations', '"read"',     'bad_request'],
        ['operations', '{"read":1}', 'bad_request'],
        ['operations', '[1]',        'bad_request'],
        ['operations', '[null]',     'bad_request'],
        ['operations', '[["read"]]', 'bad_request'],
        ['operations', '["execute"]',      'perm_operation'],
        ['operations', '["read","all"]',   'perm_operation'],
        ['operations', '["READ"]',         'perm_operation'],
        ['operations', '["read "]',        'perm_operation'],
        ['operations', '[""]',             'perm_operation'],
        ['more',       '1',                'unknown_key:more'],
        ['uuid',       qq("$NEVER"),       'unknown_key:uuid'],
    );

    my $there = permit('/v/x', 'uaa-client:v', 'write');
    my $put   = "$P/$there->{uuid}";
    my $rows  = rows();

    for (@rows) {
        my ($key, $json, $error) = @$_;
        my $sent = $body->($key, $json);
        my $label = "$key: " . substr($json // 'missing', 0, 30);
        is_error($hub->post($P, $sent), $error, "POST $label");
        is_error($hub->put($put, $sent), $error, "PUT $label");
    }

    for my $sent ('', 'null', '[]', '1', '{', '{}}', '{"path":"/a",}',
        '{"path":"/a","path":"/b","actor":"a","operations":["read"]}')
    {
        is_error($hub->request($_->[0], $_->[1], body => $sent),
            'bad_request', "$_->[0] with '$sent'")
            for ['POST', $P], ['PUT', $put], $sent ? ['PATCH', $put] : ();
    }

    for my $type ('application/x-www-form-urlencoded', 'text/plain', undef) {
        is_error($hub->request($_->[0], $_->[1], json =>
            entry('/v/x', 'uaa-client:v', 'read'),
            headers => { 'Content-Type' => $type }), 'content_type',
            "$_->[0] as " . ($type // 'nothing'))
            for ['POST', $P], ['PUT', $put], ['PATCH', $put];
    }

    is(rows(), $rows, 'nothing was written');
    is_deeply($hub->get($put)->json, $there, 'and nothing changed');

    for ([$long, 'uaa-client:v'], ['/v/y', 'a' x 255], ['/v/-_.:,()[]+', '*'],
        ['/v/z', "\x{1f40e} \"quoted\"\n"])
    {
        my $r = $hub->post($P, entry(@$_, 'read'));
        is($r->status, 201, 'accepted: ' . substr encode_json($_), 0, 60);
        is_deeply([@{ $r->json }{qw(path actor)}], $_, 'as it was sent');
        is_deeply(find($hub, $_->[0], utf8($_->[1]))->json, $r->json, 'found')
            if $_->[0] ne $long;
    }
};

sub utf8 ($text) { utf8::encode($text); return $text }


subtest 'spellings' => sub {
    my @rows = (
        # path as sent, as shown
        ['sp/a',    '/sp/a'],
        ['*',       '/*'],
        ['sp/*',    '/sp/*'],
        ['/Sp/Mix', '/Sp/Mix'],
    );

    for (@rows) {
        my ($sent, $shown) = @$_;
        my $view = permit($sent, 'UAA-Client:Sp', 'read');
        is_deeply([@$view{qw(path actor)}], [$shown, 'UAA-Client:Sp'], $sent);

        for my $path ($sent, $shown, uc $shown, lc $shown) {
            is_deeply(find($hub, $path, 'uaa-client:SP')->json, $view,
                "$sent is found as $path");
            is_error($hub->post($P, entry($path, 'uaa-client:sp', 'delete')),
                'perm_exists', "and exists as $path");
        }

        my $r = $hub->put("$P/$view->{uuid}",
            entry(uc $sent, 'uaa-client:sp', 'write'));
        is_deeply($r->json, { %$view, operations => ['write'] },
            'the first spelling stays');
        is($hub->get("$P/\U$view->{uuid}")->status, 200, 'an id in capitals');

        withdraw($view);
        my $new = permit(uc $sent, 'uaa-client:sp', 'read');
        is($new->{path}, uc $shown, 'another one has its own spelling');
        isnt($new->{uuid}, $view->{uuid}, 'and id');
        withdraw($new);
    }

    my $view = permit('/SP/NAME', uc $who{second}, 'read');
    $hub->set('/sp/Name', 'value', 'MARKER-sp');
    reads($second, '/Sp/naMe', 1, 'access does not depend on the spelling');
    withdraw($view);
};

subtest 'find' => sub {
    my $view = permit('/f/a/*', 'uaa-client:f', 'read');
    my @rows = (
        # query, answer
        ["path=/f/a/*&actor=uaa-client:f",         200],
        ["actor=uaa-client%3Af&path=%2Ff%2Fa%2F*", 200],
        ["path=f/a/*&actor=uaa-client:f",          200],
        ['',                                       'missing_query:path'],
        ['path=/f/a/*',                            'missing_query:actor'],
        ['actor=uaa-client:f',                     'missing_query:path'],
        ['path=&actor=uaa-client:f',               'missing_query:path'],
        ['path=/f/a/*&actor=',                     'missing_query:actor'],
        ['path=/f/a/b&actor=uaa-client:f',         'perm_access'],
        ['path=/f/a&actor=uaa-client:f',           'perm_access'],
        ['path=/f/*&actor=uaa-client:f',           'perm_access'],
        ['path=/f/a/*&actor=uaa-client:',          'perm_access'],
        ['path=/f/a/*&actor=uaa-client:ff',        'perm_access'],
        ['path=/f/a/*&actor=' . 'a' x 256,         'perm_access'],
        ['path=' . 'p' x 1025 . '&actor=a',        'perm_access'],
    );

    for (@rows) {
        my ($query, $expected) = @$_;
        answers($hub->get("$P?$query"), $expected, substr $query, 0, 60);
    }

    is($hub->head("$P?path=/f/a/*&actor=uaa-client:f")->status, 200, 'HEAD');
    is($hub->head("$P/$view->{uuid}")->status, 200, 'HEAD by id');
};

subtest 'ids' => sub {
    my $view = permit('/i/x', 'uaa-client:i', 'read');
    my @rows = (
        # id, answer to GET, to PUT, PATCH and DELETE
        ['a malformed one', 'x',                         'perm_access', 'perm_none'],
        ['a short one',     substr($NEVER, 1),           'perm_access', 'perm_none'],
        ['without hyphens', $NEVER =~ s/-//gr,           'perm_access', 'perm_none'],
        ['not hexadecimal', $NEVER =~ s/^0/g/r,          'perm_access', 'perm_none'],
        ['an unknown one',  $NEVER,                      'credential',  'perm_none'],
        ["one of others",   $view->{uuid},               'credential',  'perm_none'],
    );

    for my $row (@rows) {
        my ($label, $id, @expected) = @$row;

        for ($id eq $view->{uuid} ? () : $hub, $second) {
            is_error($_->get("$P/$id"), $expected[0], "GET $label");
            is_error($_->put("$P/$id", entry('/i/x', 'uaa-client:i', 'write')),
                $expected[1], "PUT $label");
            is_error($_->patch("$P/$id", { operations => ['write'] }),
                $expected[1], "PATCH $label");
            is_error($_->delete("$P/$id"), $expected[1], "DELETE $label");
        }
    }

    is_deeply($hub->get("$P/$view->{uuid}")->json, $view, 'nothing changed');
    is_error($hub->post("$P/$view->{uuid}", {}), 'method', 'POST to an id');
    is_error($hub->put($P, {}), 'method', 'PUT without one');
};

subtest 'operations are replaced' => sub {
    my $view = permit('/o/*', $who{third}, 'read');
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
    my @views = (permit('/add/*', $who{third}, 'read'),
        permit('/add/x', $who{third}, 'write'));

    is($third->set('/add/x', 'value', 'MARKER-add')->status, 200, 'write');
    reads($third, '/add/x', 1, 'read');
    withdraw($views[0]);
    reads($third, '/add/x', 0, 'one ends');
    is($third->set('/add/x', 'value', 'MARKER-add')->status, 200,
        'the other stays');

    is($hub->delete("$DATA?name=/add/x")->status, 204);
    is($third->set('/add/x', 'value', 'MARKER-new')->status, 200,
        'it outlives the credential');
    reads($third, '/add/x', 0, 'who creates it is given nothing');
    withdraw($views[1]);
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
        my $mine = permit($own, $who{second}, 'write_acl');
        my $r = $second->post($P, entry($path, 'uaa-client:m', @ALL));
        my $label = "$own for $path";
        answers($r, $may ? 201 : 'credential', "$label: POST");

        my $view = $may ? $r->json : permit($path, 'uaa-client:m', @ALL);
        is_error($second->get("$P/$view->{uuid}"), 'credential',
            "$label: write_acl is not read_acl");
        is_error(find($second, $path, 'uaa-client:m'), 'perm_access',
            "$label: find");
        answers($second->put("$P/$view->{uuid}",
            entry($path, 'uaa-client:m', 'read')),
            $may ? 200 : 'perm_none', "$label: PUT");

        $hub->patch("$P/$mine->{uuid}", { operations => ['read_acl'] });
        answers($second->get("$P/$view->{uuid}"), $may ? 200 : 'credential',
            "$label: GET");
        answers(find($second, $path, 'uaa-client:m'),
            $may ? 200 : 'perm_access', "$label: find");
        is_error($second->delete("$P/$view->{uuid}"), 'perm_none',
            "$label: read_acl is not write_acl");
        withdraw($mine, $view);
    }
};

subtest 'which mistake is told' => sub {
    my $own   = permit('/q/*', $who{second}, 'write_acl');
    my $mine  = permit('/q/self', $who{second} =~ s/app:(.*)/"app:\U$1"/er,
        'read');
    my $their = permit('/q/a', 'uaa-client:q', 'read');
    my $far   = permit('/z/own', $who{second}, 'read');
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
    is_error(find($hub, '/*', $who{good}), 'perm_access', 'are not found');

    my $own = permit('/*', $who{second}, qw(read_acl write_acl));
    my $r = $second->post($P, entry('/*', $who{good}, 'read'));
    is($r->status, 201, 'nor in the way of stored ones');
    is($second->delete("$P/" . $r->json->{uuid})->status, 200);
    is($hub->get("$P/$own->{uuid}")->status, 200, 'and stay in force');
    withdraw($own);
};

subtest 'read-only' => sub {
    my $view = permit('/ro/x', 'uaa-client:ro', 'read');
    my $at   = "$P/$view->{uuid}";
    $hub->post('/management', { read_only_mode => \1 });

    my @rows = (['POST', $P, entry('/ro/y', 'uaa-client:ro', 'read')],
        ['PUT', $at, entry('/ro/x', 'uaa-client:ro', 'write')],
        ['PATCH', $at, {}], ['DELETE', $at], ['DELETE', "$P/x"],
        ['POST', $P, {}]);

    is_error($hub->request($_->[0], $_->[1], $_->[2] ? (json => $_->[2]) : ()),
        'read_only', $_->[0]) for @rows;
    is_deeply($hub->get($at)->json, $view, 'GET');
    is_deeply(find($hub, '/ro/x', 'uaa-client:ro')->json, $view, 'find');

    $hub->post('/management', { read_only_mode => \0 });
    is($hub->delete($at)->status, 200, 'afterwards');
};

$hub->done;
