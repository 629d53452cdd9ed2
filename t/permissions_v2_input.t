# /api/v2/permissions: what may stand in a request, and how it is compared.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors qw(is_error answers);
use CredHubTest::Permissions qw(entry permit withdraw find_permission);
use JSON::PP qw(encode_json);
use Test::More;

my $P     = '/api/v2/permissions';
my $DATA  = '/api/v1/data';
my $NEVER = '00000000-0000-4000-8000-000000000000';

my $hub    = CredHubTest->new;
my $second = $hub->as('second');


# Rows of permissions in the store.
sub rows () { return scalar @{ $hub->redis('KEYS', '{credhub}:permission:*') } }

sub utf8 ($text) { utf8::encode($text); return $text }


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

    my $there = permit($hub, '/v/x', 'uaa-client:v', 'write');
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
        is_deeply(find_permission($hub, $_->[0], utf8($_->[1]))->json,
            $r->json, 'found') if $_->[0] ne $long;
    }
};

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
        my $view = permit($hub, $sent, 'UAA-Client:Sp', 'read');
        is_deeply([@$view{qw(path actor)}], [$shown, 'UAA-Client:Sp'], $sent);

        for my $path ($sent, $shown, uc $shown, lc $shown) {
            is_deeply(find_permission($hub, $path, 'uaa-client:SP')->json,
                $view, "$sent is found as $path");
            is_error($hub->post($P, entry($path, 'uaa-client:sp', 'delete')),
                'perm_exists', "and exists as $path");
        }

        my $r = $hub->put("$P/$view->{uuid}",
            entry(uc $sent, 'uaa-client:sp', 'write'));
        is_deeply($r->json, { %$view, operations => ['write'] },
            'the first spelling stays');
        is($hub->get("$P/\U$view->{uuid}")->status, 200, 'an id in capitals');

        withdraw($hub, $view);
        my $new = permit($hub, uc $sent, 'uaa-client:sp', 'read');
        is($new->{path}, uc $shown, 'another one has its own spelling');
        isnt($new->{uuid}, $view->{uuid}, 'and id');
        withdraw($hub, $new);
    }

    my $view = permit($hub, '/SP/NAME', uc $hub->actor('second'), 'read');
    $hub->set('/sp/Name', 'value', 'MARKER-sp');
    is($second->get("$DATA?name=/Sp/naMe")->status, 200,
        'access does not depend on the spelling');
    withdraw($hub, $view);
};

subtest 'find' => sub {
    my $view = permit($hub, '/f/a/*', 'uaa-client:f', 'read');
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
    my $view = permit($hub, '/i/x', 'uaa-client:i', 'read');
    my @rows = (
        # id, answer to GET, to PUT, PATCH and DELETE
        ['a malformed one', 'x',                'perm_access', 'perm_none'],
        ['a short one',     substr($NEVER, 1),  'perm_access', 'perm_none'],
        ['without hyphens', $NEVER =~ s/-//gr,  'perm_access', 'perm_none'],
        ['not hexadecimal', $NEVER =~ s/^0/g/r, 'perm_access', 'perm_none'],
        ['an unknown one',  $NEVER,             'credential',  'perm_none'],
        ['one of others',   $view->{uuid},      'credential',  'perm_none'],
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

$hub->done;
