# Whom a token names and what it lets him do: logins, scopes, permissions, a
# certificate beside it, providers that are no UAA.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Authority;
use CredHubTest::Errors qw(is_error answers);
use CredHubTest::Process qw(write_file);
use Test::More;

my $DATA = '/api/v1/data';
my $V2   = '/api/v2/permissions';
my $ALL  = 'read,write,delete,read_acl,write_acl';
my $ALICE = '0b7e4d58-2a7c-4d6a-9d5f-111111111111';
my $BOB   = '0b7e4d58-2a7c-4d6a-9d5f-222222222222';

my $hub = CredHubTest->new(start => 0, permissions => [
    ['good', '/*', $ALL],
    ['uaa-client:app', '/*', $ALL],
    ['uaa-client:tool', '/tool/*', 'read,write'],
    ["uaa-user:$ALICE", '/alice/*', 'read,write'],
    ['oidc:jane@example.com', '/jane/*', 'read,write'],
]);
my $uaa = CredHubTest::Authority->new($hub,
    clients => { tool => 'MARKER-word', other => 'MARKER-other',
        credhub_cli => '' },
    users => { alice => ['MARKER-a', $ALICE], bob => ['MARKER-b', $BOB] });

my $set = write_file($hub->scratch . '/set.json', $uaa->set_text);

$hub->configure(
    server  => $uaa->location('/keys') . 'credhub_jwt_key_request /keys;',
    servers => [
        { port => 'oidc', server => "credhub_jwt_key_file $set;"
            . ' credhub_jwt_actor email oidc:;' },
        { port => 'bare', server => "credhub_jwt_key_file $set;"
            . ' credhub_jwt_actor sub "";' },
        { port => 'token', server => "credhub_jwt_key_file $set;"
            . ' credhub_mtls off;' },
        { port => 'local', server => "credhub_jwt_key_file $set;"
            . ' credhub_management local;' },
    ],
);
$hub->start;

my $admin = $hub->as('good');
my $none  = $hub->as(undef);


sub ask ($token, $method, $target, %opt) {
    return $none->request($method, $target, %opt,
        headers => { Authorization => "Bearer $token" });
}

sub set ($token, $name, %opt) {
    return ask($token, 'PUT', $DATA, %opt, json => { name => $name,
        type => 'value', value => "MARKER-$name" });
}

sub get ($token, $name, %opt) {
    return ask($token, 'GET', "$DATA?name=$name", %opt);
}


subtest 'logins' => sub {
    my @rows = (
        # label, client, secret, form, name it may use
        ['a client', 'tool', 'MARKER-word',
            { grant_type => 'client_credentials' }, '/tool/x'],
        ['a user', 'credhub_cli', '', { grant_type => 'password',
            username => 'alice', password => 'MARKER-a' }, '/alice/x'],
    );

    for (@rows) {
        my ($label, $client, $secret, $form, $name) = @$_;
        my $r = $uaa->login($client, $secret, %$form);
        is($r->status, 200, "$label logs in");

        my $token = $r->json->{access_token};
        is(set($token, $name)->status, 200, "$label sets");
        is(get($token, $name)->json->{data}[0]{value}, "MARKER-$name",
            "$label gets");
        is_error(set($token, '/app/x'), 'denied', "$label, not elsewhere");
        is_error(get($token, '/app/x'), 'credential', "$label, not elsewhere");
        is(ask($token, 'GET', "$DATA?path=")->json->{credentials}[0]{name},
            $name, "$label finds");
    }

    is($uaa->login('tool', 'wrong', grant_type => 'client_credentials')->status,
        401, 'a wrong secret');
};

subtest 'stored permissions' => sub {
    my %token = (
        client => $uaa->login('other', 'MARKER-other',
            grant_type => 'client_credentials')->json->{access_token},
        user => $uaa->login('credhub_cli', '', grant_type => 'password',
            username => 'bob', password => 'MARKER-b')->json->{access_token},
    );
    my %actor = (client => 'uaa-client:other', user => "uaa-user:$BOB");

    for my $who (sort keys %token) {
        is_error(set($token{$who}, "/stored/$who"), 'denied', "$who: nothing");

        my $r = $admin->post($V2, { path => "/stored/$who",
            actor => $actor{$who}, operations => [qw(read write read_acl)] });
        is($r->status, 201, 'a permission');

        is(set($token{$who}, "/stored/$who")->status, 200, "$who: write");
        is(get($token{$who}, "/stored/$who")->status, 200, "$who: read");

        my $uuid = $r->json->{uuid};
        is(ask($token{$who}, 'GET', "$V2/$uuid")->json->{actor}, $actor{$who},
            "$who: read_acl");
        is_error(ask($token{$who}, 'DELETE', "$V2/$uuid"), 'perm_none',
            "$who: no write_acl");

        $admin->delete("$V2/$uuid");
        is_error(get($token{$who}, "/stored/$who"), 'credential',
            "$who: with the next request no more");
    }

    is_error(set($token{client}, '/stored/user'), 'denied', 'not for others');
};

subtest 'not by another kind of actor' => sub {
    for my $token ($uaa->token(client_id => $ALICE),
        $uaa->token(user => 'tool'), $uaa->token(user => 'app'),
        $uaa->token(client_id => 'app2'), $uaa->token(client_id => ' app'))
    {
        is_error(set($token, '/alice/x'), 'denied', 'alice');
        is_error(set($token, '/tool/x'),  'denied', 'tool');
    }

    is(set($uaa->token(client_id => 'TOOL'), '/tool/x')->status, 200,
        'but letter case does not matter');
};

subtest 'scopes' => sub {
    $admin->set('/s/json', 'json', { k => 'MARKER-k' });
    my $id = $admin->set('/s/x', 'value', 'MARKER-x')->json->{id};
    my $no = '00000000-0000-4000-8000-000000000000';

    my %token = (
        read  => $uaa->token(scope => ['credhub.read', 'openid']),
        write => $uaa->token(scope => ['credhub.write']),
        both  => $uaa->token,
        none  => $uaa->token(scope => ['openid']),
    );
    my @rows = (
        # method, target, body, scope it needs, answer with it
        ['GET',     "$DATA?name=/s/x", undef, 'read', 200],
        ['GET',     "$DATA?path=/s",   undef, 'read', 200],
        ['GET',     "$DATA/$id",       undef, 'read', 200],
        ['HEAD',    "$DATA?name=/s/x", undef, 'read', 200],
        ['OPTIONS', $DATA,             undef, 'read', 200],
        ['POST',    '/api/v1/interpolate', { a => [{ credentials =>
            { 'credhub-ref' => '((/s/json))' } }] }, 'read', 200],
        ['GET',     '/version',           undef, 'read', 200],
        ['GET',     '/api/v1/key-usage',  undef, 'read', 200],
        ['GET',     '/management',        undef, 'read', 200],
        ['GET',     '/api/v1/permissions?credential_name=/s/x', undef,
            'read', 200],
        ['GET',     "$V2?path=/s/x&actor=a", undef, 'read', 404],
        ['GET',     '/nothing',           undef, 'read', 404],
        ['PUT',     $DATA, { name => '/s/y', type => 'value',
            value => 'MARKER-y' }, 'write', 200],
        ['POST',    $DATA, { name => '/s/p', type => 'rsa', parameters =>
            { key_length => 1 } }, 'write', 400],
        ['POST',    '/api/v1/regenerate', { name => '/s/none' },
            'write', 404],
        ['POST',    '/management', { read_only_mode => \0 }, 'write', 200],
        ['POST',    $V2, { path => '/s/x', actor => 'a',
            operations => ['read'] }, 'write', [201, 409]],
        ['PUT',     "$V2/$no", { path => '/s/x', actor => 'a',
            operations => ['read'] }, 'write', 404],
        ['PATCH',   "$V2/$no", { operations => ['read'] }, 'write', 404],
        ['DELETE',  "$V2/$no", undef, 'write', 404],
        ['POST',    '/api/v1/permissions', { credential_name => '/s/x',
            permissions => [] }, 'write', 400],
        ['DELETE',  '/api/v1/permissions?credential_name=/s/x&actor=b', undef,
            'write', 404],
        ['DELETE',  "$DATA?name=/s/none", undef, 'write', 404],
        ['POST',    '/nothing',   {}, 'write', 404],
        ['PUT',     '/version',   {}, 'write', 405],
        ['POST',    '/info',      {}, 'write', 405],
        ['DELETE',  '/nothing',   undef, 'write', 404],
    );

    for (@rows) {
        my ($method, $target, $body, $scope, $with) = @$_;
        my %opt = defined $body ? (json => $body) : ();

        for my $has (sort keys %token) {
            my $r = ask($token{$has}, $method, $target, %opt);
            my $label = "$method $target with $has";

            if ($has eq $scope || $has eq 'both') {
                my $all = join '|', ref $with ? @$with : $with;
                like($r->status, qr/^(?:$all)$/, $label);

            } elsif ($method eq 'HEAD') {
                is($r->status, 403, $label);

            } else {
                is_error($r, "scope:$scope", $label);
            }
        }
    }

    is($admin->get("$DATA?name=/s/y")->status, 200, 'what was allowed is done');
};

subtest 'management for this host' => sub {
    my @rows = (
        # token, answer
        [$uaa->token(scope => []), 200],
        [$uaa->token(client_id => 'nobody'), 200],
        [$uaa->token(exp => 1), 'token_expired'],
    );

    answers(ask($_->[0], 'GET', '/management', port => 'local'), $_->[1],
        'local') for @rows;
    is_error(ask($rows[0][0], 'GET', '/management'), 'scope:read', 'else');
};

subtest 'certificate and token' => sub {
    my %token = (
        valid   => $uaa->token(client_id => 'tool'),
        reading => $uaa->token(client_id => 'tool', scope => ['credhub.read']),
        expired => $uaa->token(exp => 1),
        bad     => 'x',
        unknown => $uaa->token(header => { kid => 'gone' }),
    );
    my $parts = 'token:token does not have three parts';
    my @rows = (
        # certificate, token, /tool/c (the client's), /cert/c (the other's)
        ['good',    undef,     200, 200],
        ['good',    'valid',   200, 'denied'],
        ['good',    'reading', 'scope:write', 'scope:write'],
        ['good',    'expired', 'token_expired', 'token_expired'],
        ['good',    'bad',     $parts, $parts],
        ['second',  'valid',   200, 'denied'],
        ['second',  undef,     'denied', 'denied'],
        ['noou',    undef,     'mtls_id', 'mtls_id'],
        ['noou',    'valid',   'mtls_id', 'mtls_id'],
        ['noou',    'expired', 'mtls_id', 'mtls_id'],
        ['badou',   'valid',   'mtls_id', 'mtls_id'],
        ['noeku',   'valid',   'mtls_usage', 'mtls_usage'],
        ['noeku',   'bad',     'mtls_usage', 'mtls_usage'],
        ['expired', 'valid',   'certificate:expired', 'certificate:expired'],
        ['otherca', 'valid',   'certificate:self', 'certificate:self'],
        [undef,     'valid',   200, 'denied'],
        [undef,     'unknown', 'token:key of the token is not known',
            'token:key of the token is not known'],
        [undef,     undef,     'unauthenticated', 'unauthenticated'],
    );

    for (@rows) {
        my ($cert, $token, @expected) = @$_;
        my @opt = (cert => $cert, headers => {
            defined $token ? (Authorization => "Bearer $token{$token}") : () });

        for my $name ('/tool/c', '/cert/c') {
            my $r = $hub->put($DATA, { name => $name, type => 'value',
                value => 'MARKER-c' }, @opt);
            my $label = join ', ', $cert // 'none', $token // 'none', $name;
            my $expected = shift @expected;

            answers($r, $expected, $label);
            is($r->header('WWW-Authenticate'), 'Bearer', "$label: challenge")
                if $expected =~ /^(?:mtls|unauth)/;
        }
    }

    is($hub->get('/version', cert => 'good', headers => {
        Authorization => 'Basic YTpi' })->status, 200, 'another scheme');
    is_error($hub->get('/info', cert => 'good', headers => {
        Authorization => 'Bearer x' }), $parts, '/info');
    is_error($hub->get('/info', cert => 'noou', headers => {
        Authorization => "Bearer $token{valid}" }), 'mtls_id', '/info');
    is($hub->get('/version', cert => 'noou', port => 'token', headers => {
        Authorization => "Bearer $token{valid}" })->status, 200,
        'certificates do not count');
    is_error($hub->get('/version', cert => 'good', port => 'token'),
        'unauthenticated', 'alone neither');
};

subtest 'another provider' => sub {
    my %jane = (email => 'jane@example.com', sub => 'j', scope => 'openid',
        grant_type => undef, client_id => undef, user_id => undef);
    my $noone = 'token:token does not name its actor';
    my @rows = (
        # label, claims, answer
        ['no scopes at all',  { %jane, scope => undef }, 200],
        ['a string of them',  { %jane },                 200],
        ['numbers',           { %jane, scope => [1] },   200],
        ['another',           { %jane, email => 'joe@example.com' }, 'denied'],
        ['its sub',           { %jane, email => 'x',
            sub => 'jane@example.com' }, 'denied'],
        ['of UAA',            { client_id => 'app' },    $noone],
        ['no claim',          { %jane, email => undef }, $noone],
        ['an empty one',      { %jane, email => '' },    $noone],
        ['a list',            { %jane, email => ['jane@example.com'] }, $noone],
        ['expired',           { %jane, exp => 1 },       'token_expired'],
    );

    for (@rows) {
        my ($label, $claims, $expected) = @$_;
        answers(set($uaa->token(%$claims), '/jane/x', port => 'oidc'),
            $expected, $label);
    }

    my $token = $uaa->token(%jane);
    is(get($token, '/jane/x', port => 'oidc')->status, 200, 'and reads');
    is_error(get($token, '/jane/x'), 'token:scopes of the token are not valid',
        'nobody where the rules of UAA hold');

    $token = $uaa->token(%jane, sub => 'uaa-client:tool');
    is(set($token, '/tool/x', port => 'bare')->status, 200, 'without a prefix');

    for my $actor ($hub->actor('good'), uc $hub->actor('good'), 'api-key:app') {
        is_error(set($uaa->token(%jane, sub => $actor), '/tool/x',
            port => 'bare'), 'token:token names an actor of another kind',
            $actor);
    }
};

$hub->done;
