# /api/v1/permissions: the permissions of one credential name, deprecated.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use JSON::PP qw(encode_json);
use Test::More;

my $P    = '/api/v1/permissions';
my $V2   = '/api/v2/permissions';
my $DATA = '/api/v1/data';
my @ALL  = qw(read write delete read_acl write_acl);

my $hub = CredHubTest->new(permissions => [
    ['good', '/*', join ',', @ALL],
    ['uaa-client:line', '/d/*', 'write'],
    ['uaa-client:line', '/d/x', 'delete'],
]);
my $second = $hub->as('second');
my $third  = $hub->as('third');
my %who    = map { $_ => $hub->actor($_) } qw(good second third);


sub item ($actor, @operations) {
    return { actor => $actor, operations => [@operations] };
}

sub add ($as, $name, @items) {
    return $as->post($P, { credential_name => $name,
        permissions => [@items] });
}

sub is_added ($name, @items) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $r = add($hub, $name, @items);
    is($r->status, 201, "$name: " . encode_json([@items])) or diag($r->body);
    is($r->body, '', 'no body');
    return;
}

# [actor, path, operations joined] of each, or undef
sub list ($name) {
    my $r = $hub->get("$P?credential_name=$name");
    return undef if $r->status != 200;
    return [map { [@$_{qw(actor path)}, join ',', @{ $_->{operations} }] }
        @{ $r->json->{permissions} }];
}

# A permission by v2: its operations, or undef
sub stored ($path, $actor) {
    my $r = $hub->get("$V2?path=$path&actor=$actor");
    return $r->status == 200 ? join ',', @{ $r->json->{operations} } : undef;
}

sub everything () {
    my $raw = $hub->{redis}->raw;
    my @keys = grep { /^\{credhub\}:(?:permission|actor|path|grants):/ }
        keys %$raw;
    die 'no permissions' if !@keys;
    return { map { $_ => $raw->{$_} } @keys };
}


subtest 'list' => sub {
    $hub->set('/List/x', 'value', 'MARKER-x');
    $hub->set('/list/none', 'value', 'MARKER-n');
    is_added('/list/X', item('uaa-client:B', qw(write read)));
    is_added('List/x', item('uaa-client:a', 'read_acl'));
    is_added('/list/*', item('uaa-client:c', 'read'));
    is_added('/list', item('uaa-client:d', 'read'));
    is_added('/list/x/y', item('uaa-client:e', 'read'));
    is($hub->post($V2, { path => '/LIST/x', actor => 'uaa-client:f',
        operations => ['delete'] })->status, 201);

    my $r = $hub->get("$P?credential_name=/list/x");
    is($r->status, 200);
    is($r->header('Content-Type'), 'application/json;charset=UTF-8');
    is($r->body, '{"credential_name":"/List/x","permissions":['
        . '{"actor":"uaa-client:B","path":"/list/X",'
        . '"operations":["read","write"]},'
        . '{"actor":"uaa-client:a","path":"/List/x",'
        . '"operations":["read_acl"]},'
        . '{"actor":"uaa-client:f","path":"/LIST/x",'
        . '"operations":["delete"]}]}', 'of exactly this name, oldest first');
    is($hub->get("$P?credential_name=LIST%2FX")->body, $r->body,
        'in another spelling');

    my @rows = (
        # query, answer
        ['credential_name=/list/none', 200],
        ['credential_name=/list/*',    'credential'],
        ['credential_name=/list',      'credential'],
        ['credential_name=/nothing',   'credential'],
        ['credential_name=',           'missing_query:credential_name'],
        ['',                           'missing_query:credential_name'],
        ['name=/list/x',               'missing_query:credential_name'],
        ['credential_name=' . 'n' x 1025, 'credential'],
    );

    for (@rows) {
        my ($query, $expected) = @$_;
        $r = $hub->get("$P?$query");
        $expected eq 200
            ? is($r->body, '{"credential_name":"/list/none",'
                . '"permissions":[]}', $query)
            : is_error($r, $expected, substr $query, 0, 40);
    }

    is($hub->delete("$DATA?name=/list/x")->status, 204);
    is_error($hub->get("$P?credential_name=/list/x"), 'credential',
        'a credential that was deleted');
    is(stored('/list/x', 'uaa-client:b'), 'read,write', 'has permissions');
    $hub->set('/list/x', 'value', 'MARKER-x');
    is(scalar @{ list('/list/x') }, 3, 'which are shown with the next one');
};

subtest 'a long list' => sub {
    my @actors = map { "uaa-client:$_" } 1 .. 1050;
    $hub->set('/long', 'value', 'MARKER-l');

    for (my @rest = @actors; my @part = splice @rest, 0, 100;) {
        add($hub, '/long', map { item($_, 'read') } @part)->status == 201
            or die 'not added';
    }

    my @found = map { $_->[0] } @{ list('/long') };
    is_deeply(\@found, \@actors, 'each of them once, in order');
};

subtest 'add' => sub {
    $hub->set('/a/x', 'value', 'MARKER-a');
    my @rows = (
        # items, list afterwards
        [[item('uaa-client:a', 'read')], ['uaa-client:a' => 'read']],
        [[item('uaa-client:a', 'write')], ['uaa-client:a' => 'read,write']],
        [[item('UAA-client:A', qw(read delete))],
            ['uaa-client:a' => 'read,write,delete']],
        [[item('uaa-client:b', 'read'), item('uaa-client:a', 'read_acl')],
            ['uaa-client:a' => 'read,write,delete,read_acl',
                'uaa-client:b' => 'read']],
        [[item('uaa-client:c', 'read'), item('UAA-CLIENT:c', 'write')],
            ['uaa-client:a' => 'read,write,delete,read_acl',
                'uaa-client:b' => 'read', 'uaa-client:c' => 'read,write']],
        [[item('uaa-client:b', 'write'), item('uaa-client:b', 'write')],
            ['uaa-client:a' => 'read,write,delete,read_acl',
                'uaa-client:b' => 'read,write',
                'uaa-client:c' => 'read,write']],
    );

    for (@rows) {
        my ($items, $expected) = @$_;
        is_added('/a/x', @$items);
        is_deeply([map { @$_[0, 2] } @{ list('/a/x') }], $expected, 'list');
    }

    is_added('/a/x', { %{ item($who{third}, 'read') }, path => '/other' });
    is_deeply(list('/a/x')->[-1], [$who{third}, '/a/x', 'read'],
        'the path of an entry is ignored');
    is($third->get("$DATA?name=/a/x")->status, 200, 'and it is in force');
    is_error($third->get("$DATA?name=/other"), 'credential',
        'only there');
};

subtest 'names without rules' => sub {
    for my $name ('/r/a b', '/r//b', '/r/b/', '/r/*x', '/r/%', "/r/\n") {
        is_added($name, item('uaa-client:r', 'read'));
        my $path = $name =~ s/([^\w])/sprintf '%%%02X', ord $1/ger;
        is(stored($path, 'uaa-client:r'), 'read', encode_json([$name]));
    }

    is_added('r/*', item($who{third}, 'read'));
    $hub->set('/r/y', 'value', 'MARKER-r');
    is($third->get("$DATA?name=/r/y")->status, 200, 'also a subtree');

    is_error(add($hub, '/', item('uaa-client:r', 'read')), 'credential',
        'no path covers a slash');

    # what covers a name that ends in a slash
    my @rows = (
        # path of the permission, name, may it be managed?
        ['/s/*',   '/s/',  0],
        ['/s/*',   '/s//', 1],
        ['/s/',    '/s/',  1],
        ['/*',     '/s/',  1],
    );

    for (@rows) {
        my ($path, $name, $may) = @$_;
        is_added($path, item($who{second}, qw(read_acl write_acl)));
        is_added($name, item('uaa-client:s', 'read'));

        my $r = add($second, $name, item('uaa-client:s2', 'read'));
        $may ? is($r->status, 201, "$path for $name: write_acl")
            : is_error($r, 'credential', "$path for $name: write_acl");
        $r = $second->get("$V2?path=$name&actor=uaa-client:s");
        $may ? is($r->status, 200, "$path for $name: read_acl")
            : is_error($r, 'perm_access', "$path for $name: read_acl");

        $hub->delete("$P?credential_name=$_->[0]&actor=$_->[1]")->status
            == 204 or die for [$path, $who{second}], [$name, 'uaa-client:s'],
            $may ? [$name, 'uaa-client:s2'] : ();
    }
};

subtest 'what is there already' => sub {
    is_added('/d/*', item('uaa-client:d', qw(read read_acl)));
    is_added('/*', item('uaa-client:d', 'write'));
    is_added('/d/x', item('uaa-client:d', 'delete'));
    is_added('/d/x', item('uaa-client:line', 'read'));

    my @rows = (
        # actor, operations, there already?
        ['uaa-client:d', ['delete'],                          1],
        ['uaa-client:d', ['read'],                            1],
        ['uaa-client:d', ['write'],                           1],
        ['UAA-client:D', [qw(read write delete read_acl)],    1],
        ['uaa-client:d', ['write_acl'],                       0],
        ['uaa-client:d', [@ALL],                              1],
        ['uaa-client:line', ['write'],                        1],
        ['uaa-client:line', ['delete'],                       1],
        ['uaa-client:line', [qw(read write delete)],          1],
        ['uaa-client:line', [qw(read write delete read_acl)], 0],
        ['uaa-client:x', ['read'],                            0],
    );

    for (@rows) {
        my ($actor, $operations, $there) = @$_;
        $there ? is_error(add($hub, '/d/x', item($actor, @$operations)),
            'perm_exists', "$actor: @$operations")
            : is_added('/d/x', item($actor, @$operations));
    }
};

subtest 'all or nothing' => sub {
    is_added('/n/*', item($who{second}, qw(read write_acl)));
    is_added('/n/x', item('uaa-client:n', 'read'));
    my $good   = item('uaa-client:fine', 'read');
    my $before = everything();

    my @rows = (
        # permissions, error
        [[$good, item('uaa-client:n', 'read')],        'perm_exists'],
        [[item('uaa-client:n', 'read'), $good],        'perm_exists'],
        [[item('uaa-client:n', 'read'), item('uaa-client:n', 'write')],
            'perm_exists'],
        [[item('uaa-client:n', qw(read write)), item('uaa-client:n', 'read')],
            'perm_exists'],
        [[$good, item($who{second}, 'delete')],        'perm_self'],
        [[$good, item(uc $who{second}, 'delete')],     'perm_self'],
        [[item($who{second}, 'read')],                 'perm_self'],
        [[item($who{second}, 'delete'), item('uaa-client:n', 'read')],
            'perm_self'],
        [[item('uaa-client:n', 'read'), item($who{second}, 'delete')],
            'perm_exists'],
        [[$good, item('uaa-client:n', 'all')],         'perm_operation'],
        [[$good, item('uaa-client:n')],                'perm_ops'],
        [[$good, { actor => 'uaa-client:n' }],         'perm_ops'],
        [[$good, { actor => 'a', operations => undef }], 'perm_ops'],
        [[$good, { operations => ['read'] }],          'perm_actor'],
        [[$good, item('', 'read')],                    'perm_actor'],
        [[$good, item(undef, 'read')],                 'perm_actor'],
        [[$good, item('a' x 256, 'read')],             'bad_request'],
        [[$good, { %$good, more => 1 }],               'unknown_key:more'],
        [[$good, 'uaa-client:n'],                      'bad_request'],
        [[$good, undef],                               'bad_request'],
        [[map { item("uaa-client:$_", 'read') } 0 .. 100], 'too_large'],
        [[],                                           'perm_no_entries'],
        [undef,                                        'perm_no_entries'],
        [{},                                           'bad_request'],
        ['read',                                       'bad_request'],
    );

    for (@rows) {
        my ($permissions, $error) = @$_;
        is_error($second->post($P, { credential_name => '/n/x',
            permissions => $permissions }), $error,
            substr encode_json([$permissions]), 0, 90);
    }

    for my $name (undef, '') {
        is_error($second->post($P, { credential_name => $name,
            permissions => [$good] }), 'no_name', 'no name');
    }

    is_error($second->post($P, { permissions => [$good] }), 'no_name',
        'name missing');
    is_error($second->post($P, { credential_name => '/n/x' }),
        'perm_no_entries', 'permissions missing');
    is_error($second->post($P, { credential_name => '/n/x',
        permissions => [$good], more => 1 }), 'unknown_key:more', 'a key');
    is_error($second->post($P, $_), 'bad_request', "the body '$_'")
        for '', 'null', '[]', '{"credential_name":"/n/x","permissions":[',
        '{"credential_name":"/n/x","credential_name":"/n/y"}';
    is_error($second->post($P, { credential_name => '/n/x',
        permissions => [$good] }, headers => { 'Content-Type' => $_ }),
        'content_type', $_ // 'no type') for 'text/plain', undef;
    is_error(add($second, '/n', $good), 'credential', 'without write_acl');
    is_error(add($second, '/n', item($who{second}, 'read')), 'credential',
        'which is told before one\'s own');
    is_error(add($second, '/n', item('uaa-client:n')), 'perm_ops',
        'and after the body');

    is_deeply(everything(), $before, 'nothing was written');
    is(add($second, '/n/x', $good)->status, 201, 'what is good alone');
};

subtest 'delete' => sub {
    is_added('/Del/x', item($who{third}, 'read'), item('uaa-client:e', 'read'));
    is_added('/del/*', item($who{second}, qw(read write_acl)));
    is_added('/del/x', item($who{second}, 'write'));
    $hub->set('/del/x', 'value', 'MARKER-d');

    my $target = "$P?credential_name=/del/x";
    my @rows = (
        # by whom, query, error
        ['good', '',                         'missing_query:credential_name'],
        ['good', 'credential_name=/del/x',          'missing_query:actor'],
        ['good', 'credential_name=/del/x&actor=',   'missing_query:actor'],
        ['good', 'actor=uaa-client:e',       'missing_query:credential_name'],
        ['good', 'credential_name=&actor=a', 'missing_query:credential_name'],
        ['good', 'credential_name=/del/x&actor=uaa-client:f', 'credential'],
        ['good', 'credential_name=/del/y&actor=uaa-client:e', 'credential'],
        ['good', 'credential_name=/del/*&actor=uaa-client:e', 'credential'],
        ['good', 'credential_name=/del/x&actor=' . 'a' x 256, 'credential'],
        ['good', "credential_name=/del/x&actor=$who{good}",   'perm_self'],
        ['third',  'credential_name=/del/x&actor=uaa-client:e', 'credential'],
        ['third',  "credential_name=/del/x&actor=$who{third}",  'credential'],
        ['second', "credential_name=/del/x&actor=$who{second}", 'perm_self'],
        ['second', "credential_name=/del/x&actor=\U$who{second}", 'perm_self'],
        ['second', "credential_name=/del&actor=uaa-client:e",   'credential'],
    );

    my $before = everything();
    is_error($hub->as($_->[0])->delete("$P?$_->[1]"), $_->[2],
        substr "$_->[0]: $_->[1]", 0, 80) for @rows;
    is_deeply(everything(), $before, 'nothing was removed');

    is($third->get("$DATA?name=/del/x")->status, 200, 'access');
    my $r = $second->delete("$P?actor=\U$who{third}\E&credential_name=DEL/X");
    is($r->status, 204, 'one is removed, in another spelling');
    is($r->body, '', 'no body');
    is_error($third->get("$DATA?name=/del/x"), 'credential', 'access ends');
    is_error($hub->delete("$target&actor=$who{third}"), 'credential', 'again');
    is_deeply([map { $_->[0] } @{ list('/del/x') }],
        ['uaa-client:e', $who{second}], 'the others stay');

    is($hub->delete("$P?credential_name=/del/*&actor=$who{second}")->status,
        204, 'one of a subtree');
    is_error($second->delete("$target&actor=uaa-client:e"), 'credential',
        'whose actor may no longer');
};

subtest 'read-only' => sub {
    is_added('/ro', item('uaa-client:ro', 'read'));
    $hub->set('/ro', 'value', 'MARKER-ro');
    $hub->post('/management', { read_only_mode => \1 });

    is_error(add($hub, '/ro', item('uaa-client:ro', 'write')), 'read_only',
        'POST');
    is_error($hub->post($P, {}), 'read_only', 'a bad one');
    is_error($hub->delete("$P?credential_name=/ro&actor=uaa-client:ro"),
        'read_only', 'DELETE');
    is_error($hub->delete($P), 'read_only', 'a bad one');
    is_deeply(list('/ro'), [['uaa-client:ro', '/ro', 'read']], 'GET');

    $hub->post('/management', { read_only_mode => \0 });
};

$hub->done;
