# credhub_permission: who may do what, and what a client is told who may not.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors qw(is_error answers);
use Test::More;

my $DATA = '/api/v1/data';
my @ALL  = qw(read write delete read_acl write_acl);

my $hub    = CredHubTest->new(start => 0);
my $second = $hub->actor('second');
my $third  = $hub->actor('third');
my $every  = join ',', @ALL;

my $admin = $hub->as('good');
my $actor = $hub->as('second');


# Rows of permissions: [certificate, path, operations]
sub permit (@rows) {
    $hub->configure(permissions => [['good', '/*', $every], @rows]);
    $hub->nginx_pid ? $hub->reload : $hub->start;
    return;
}


# Names that a find shows, in order of names
sub found ($as, $query) {
    my $r = $as->get("$DATA?$query");
    return [$r->status] if $r->status != 200;
    return [sort map { $_->{name} } @{ $r->json->{credentials} }];
}


# Each operation is tried by an actor who has all the others on that name, and
# by one who has it alone.
subtest 'what every endpoint needs' => sub {
    my $id;
    my $put = { name => '/n/x', type => 'password', value => 'MARKER-1' };

    my @rows = (
        # label, operation, request, answer without it, with it
        ['GET by name', 'read',
            sub ($as) { $as->get("$DATA?name=/n/x") }, 'credential', 200],
        ['GET by name, current', 'read',
            sub ($as) { $as->get("$DATA?name=/n/x&current=true") },
            'credential', 200],
        ['GET by name, versions', 'read',
            sub ($as) { $as->get("$DATA?name=/n/x&versions=1") },
            'credential', 200],
        ['HEAD by name', 'read',
            sub ($as) { $as->head("$DATA?name=/n/x") }, 404, 200],
        ['GET by id', 'read',
            sub ($as) { $as->get("$DATA/$id") }, 'credential', 200],
        ['PUT', 'write',
            sub ($as) { $as->put($DATA, $put) }, 'denied', 200],
        ['PUT a new name', 'write',
            sub ($as) { $as->put($DATA, { %$put, name => '/n/new' }) },
            'denied', 200],
        ['POST generate', 'write',
            sub ($as) { $as->generate('/n/x', 'password', undef,
                mode => 'overwrite') }, 'denied', 200],
        ['POST generate what exists', 'write',
            sub ($as) { $as->generate('/n/x', 'password', undef,
                mode => 'no-overwrite') }, 'denied', 200],
        ['POST data, regenerate', 'write',
            sub ($as) { $as->post($DATA,
                { name => '/n/x', regenerate => \1 }) }, 'denied', 200],
        ['POST regenerate', 'write',
            sub ($as) { $as->post('/api/v1/regenerate',
                { name => '/n/x' }) }, 'denied', 200],
        ['interpolate', 'read',
            sub ($as) { $as->post('/api/v1/interpolate', { a => [
                { credentials => { 'credhub-ref' => '((/n/json))' } }] }) },
            'credential', 200],
        ['DELETE', 'delete',
            sub ($as) { $as->delete("$DATA?name=/n/x") }, 'credential', 204],
        ['GET management', 'read',
            sub ($as) { $as->get('/management') }, 'credential', 200],
        ['POST management', 'write',
            sub ($as) { $as->post('/management',
                { read_only_mode => \0 }) }, 'denied', 200],
        ['version',   undef, sub ($as) { $as->get('/version') },   200, 200],
        ['key-usage', undef,
            sub ($as) { $as->get('/api/v1/key-usage') }, 200, 200],
        ['info', undef, sub ($as) { $as->get('/info') }, 200, 200],
    );

    my $try = sub ($with, $expected, $row) {
        $admin->set('/n/json', 'json', { k => 'MARKER-j' });
        $admin->delete("$DATA?name=/n/x");
        $hub->keep_secret($admin->generate('/n/x', 'password')
            ->json->{value});
        $id = $admin->current('/n/x')->{id};

        my $r = $row->[2]->($actor);
        $hub->keep_secret($r->json->{value})
            if ref $r->json eq 'HASH' && $r->json->{value};
        answers($r, $expected, "$row->[0] with $with");
    };

    for my $operation (@ALL, undef) {
        my @with = grep { ($_->[1] // '') eq ($operation // '') } @rows
            or next;
        my $others = join ',', grep { $_ ne ($operation // '') } @ALL;

        permit(map { ['second', $_, $others] } '/n/*', '/management');
        $try->("only $others", $_->[3], $_) for @with;

        permit(map { ['second', $_, $operation // 'read_acl'] }
            '/n/*', '/management');
        $try->($operation // 'read_acl', $_->[4], $_) for @with;
    }

    permit();
    $try->('nothing', $_->[3], $_) for @rows;
};

subtest 'what does not exist looks like what may not be seen' => sub {
    permit(['second', '/mine/*', $every]);
    $admin->set('/other/x', 'value', 'MARKER-o');

    for my $request (
        ['GET',    "$DATA?name=/other/x"],
        ['GET',    "$DATA?name=/other/none"],
        ['GET',    "$DATA?name=/mine/none"],
        ['DELETE', "$DATA?name=/other/x"],
        ['DELETE', "$DATA?name=/other/none"],
        ['DELETE', "$DATA?name=/mine/none"],
        ['GET',    "$DATA/" . $admin->current('/other/x')->{id}],
        ['GET',    "$DATA/00000000-0000-4000-8000-000000000000"],
    ) {
        is_error($actor->request(@$request), 'credential', "@$request");
    }

    is($admin->current('/other/x')->{value}, 'MARKER-o', 'it is still there');
};

subtest 'paths' => sub {
    my @rows = (
        # path of the permission, name, may it be read?
        ['/*',      '/a',       1],
        ['/*',      '/a/b/c',   1],
        ['/a/*',    '/a/b',     1],
        ['/a/*',    '/a/b/c/d', 1],
        ['/a/*',    '/a',       0],
        ['/a/*',    '/ab',      0],
        ['/a/*',    '/ab/c',    0],
        ['/a/*',    '/b/a/c',   0],
        ['/a/b/*',  '/a/b/c',   1],
        ['/a/b/*',  '/a/b',     0],
        ['/a/b/*',  '/a/c',     0],
        ['/a/b',    '/a/b',     1],
        ['/a/b',    '/a',       0],
        ['/a/b',    '/a/b/c',   0],
        ['/a/b',    '/a/bc',    0],
        ['/A/B',    '/a/b',     1],
        ['/A/*',    '/a/b',     1],
        ['/a/b',    '/a/B',     1],
        ['/a/*',    '/A/b',     1],
    );
    my %seen;

    for (@rows) {
        my ($path, $name) = @$_;
        $admin->set($name, 'value', "MARKER-$name") if !$seen{ lc $name }++;
    }

    for my $path (sort keys %{ { map { $_->[0] => 1 } @rows } }) {
        permit(['second', $path, 'read,delete'], ['third', $path, 'write']);

        for (grep { $_->[0] eq $path } @rows) {
            my (undef, $name, $may) = @$_;
            my $label = "$path for $name";

            answers($actor->get("$DATA?name=$name"),
                $may ? 200 : 'credential', "$label: read");
            answers($hub->as('third')->set($name, 'value', 'MARKER-w'),
                $may ? 200 : 'denied', "$label: write");
        }
    }
};

subtest 'find shows what may be read' => sub {
    permit(['second', '/f/a/*', 'read'], ['second', '/f/b', 'read'],
        ['second', '/f/c/*', 'write,delete'], ['second', '/F/D/*', 'read'],
        ['second', '/f/a/x', 'read']);

    my @names = qw(/f/a /f/a/x /f/a/y/z /f/b /f/b/x /f/c/x /f/d/x);
    $admin->set($_, 'value', 'MARKER-f') for @names;

    is_deeply(found($admin, 'path=/f'), \@names, 'everything');
    is_deeply(found($actor, 'path=/f'), [qw(/f/a/x /f/a/y/z /f/b /f/d/x)],
        'by path, nothing twice');
    is_deeply(found($actor, 'path='), [qw(/f/a/x /f/a/y/z /f/b /f/d/x)],
        'all');
    is_deeply(found($actor, 'path=/f/c'), [], 'write is not read');
    is_deeply(found($actor, 'name-like=/x'), [qw(/f/a/x /f/d/x)],
        'by part of the name');
    is_deeply(found($hub->as('third'), 'path='), [], 'nothing at all');
};

subtest 'several lines add up' => sub {
    permit(['second', '/s/*', 'read'], ['second', '/s/x', 'write'],
        ['second', '/*', 'delete'], ['third', '/s/x', 'write'],
        ['third', '/s/x', 'read'], ['third', '/s/x', 'read']);

    is($actor->set('/s/x', 'value', 'MARKER-s')->status, 200, 'write');
    is($actor->get("$DATA?name=/s/x")->status, 200, 'read');
    is($hub->as('third')->get("$DATA?name=/s/x")->status, 200,
        'two lines for one path');
    is($hub->as('third')->set('/s/x', 'value', 'MARKER-t')->status, 200,
        'and both count');
    answers($actor->set('/s/y', 'value', 'MARKER-s'), 'denied',
        'write elsewhere');
    is($actor->delete("$DATA?name=/s/x")->status, 204, 'delete');
};

subtest 'levels of the configuration add up' => sub {
    $hub->configure(
        permissions => [['good', '/*', $every], ['second', '/l/*', 'read']],
        server  => "credhub_permission $second /l/* write;",
        servers => [
            { port => 'more', server =>
                "credhub_permission $third /l/* read,delete;" },
            { port => 'same' },
        ],
    );
    $hub->reload;

    my @rows = (
        # port, certificate, operation, answer
        ['main', 'good',   'write', 200],
        ['main', 'second', 'read',  200],
        ['main', 'second', 'write', 200],
        ['main', 'third',  'read',  'credential'],
        ['more', 'good',   'write', 200],
        ['more', 'second', 'read',  200],
        ['more', 'second', 'write', 'denied'],
        ['more', 'third',  'read',  200],
        ['more', 'third',  'write', 'denied'],
        ['same', 'second', 'read',  200],
        ['same', 'second', 'write', 'denied'],
        ['same', 'third',  'read',  'credential'],
    );

    for (@rows) {
        my ($port, $cert, $operation, $expected) = @$_;
        my @opt = (port => $port, cert => $cert);
        my $r = $operation eq 'read' ? $hub->get("$DATA?name=/l/x", @opt)
            : $hub->put($DATA, { name => '/l/x', type => 'value',
                value => 'MARKER-l' }, @opt);

        answers($r, $expected, "$port $cert $operation");
    }

    $hub->configure(server => '', servers => []);
};

subtest 'who is meant' => sub {
    my @rows = (
        # actor in the configuration, does it mean the one of "second"?
        [$second,                 1],
        [uc($second) =~ s/^MTLS-APP/mtls-app/r, 1],
        ["x$second",              0],
        ["${second}x",            0],
        [$second =~ s/^mtls-//r,  0],
        [$second =~ s/^mtls-app/uaa-client/r, 0],
        [$third,                  0],
        ['*',                     0],
    );

    for (@rows) {
        my ($who, $means) = @$_;
        permit([$who, '/*', 'read']);
        answers($actor->get("$DATA?name=/a/b"),
            $means ? 200 : 'credential', $who);
    }
};

$hub->done;
