# What CredHub's command line and its Go library send to manage permissions, in
# their order, with their headers and bodies, on one connection that is kept.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use Test::More;

my $hub    = CredHubTest->new;
my $V2     = '/api/v2/permissions';
my $UUID   = qr/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
my $ACCESS = 'The request could not be completed because the permission does '
    . 'not exist or you do not have sufficient authorization.';
my %connections;


# Every request, GET and DELETE too, names a type of body.
sub go ($method, $target, $body = undef, $as = 'good') {
    my $client = $connections{$as} //= $hub->connect(cert => $as);

    return $client->request($method, $target, keep => 1,
        headers => [
            Accept => undef,
            'User-Agent' => 'Go-http-client/1.1',
            defined $body ? ('Content-Length' => length $body) : (),
            'Content-Type' => 'application/json',
            'Accept-Encoding' => 'gzip',
        ],
        defined $body ? (body => $body) : ())->response;
}

# Go sorts the keys of a query.
sub query ($path, $actor) {
    s/([^\w.~-])/sprintf '%%%02X', ord $1/ge for $path, $actor;
    return "$V2?actor=$actor&path=$path";
}

sub body ($path, $actor, @operations) {
    return sprintf '{"path":"%s","actor":"%s","operations":[%s]}', $path,
        $actor, join ',', map {qq("$_")} @operations;
}

# A permission as the client decodes it.
sub is_permission ($r, $status, $path, $actor, $operations, $label) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is($r->status, $status, $label) or diag($r->error // $r->body);
    like($r->json->{uuid}, $UUID, "$label: uuid");
    is_deeply($r->json, { uuid => $r->json->{uuid}, path => $path,
        actor => $actor, operations => $operations }, "$label: fields");
    return $r->json->{uuid};
}

# `credhub set-permission`: creates what is not there, else updates it.
sub set_permission ($path, $actor, @operations) {
    my $found = go('GET', query($path, $actor));

    return go('POST', $V2, body($path, $actor, @operations))
        if $found->status == 404;
    is($found->status, 200, 'any other answer is fatal');
    return go('PUT', "$V2/" . $found->json->{uuid},
        body($path, $actor, @operations));
}


my @actors = ('uaa-user:106f52e2-5d01-4675-8d7a-c05ff9a2c081',
    'uaa-client:credhub_client',
    'mtls-app:2f6a9a4c-6f3b-4d1e-8a54-2a6b8a0f0001');

for my $path ('/*', '/some/path/*', '/some/name') {
    subtest "set-permission -p $path" => sub {
        for my $actor (@actors) {
            my $r = go('GET', query($path, $actor));
            is($r->status, 404, 'there is none');
            is_deeply($r->json, { error => $ACCESS }, 'which is shown as');

            my $uuid = is_permission(
                set_permission($path, $actor, 'write', 'read'),
                201, $path, $actor, [qw(read write)], 'created');
            is(is_permission(
                set_permission($path, $actor, 'write_acl', 'delete'),
                200, $path, $actor, [qw(delete write_acl)], 'updated'),
                $uuid, 'the same one');
            is(is_permission(go('GET', query($path, $actor)), 200, $path,
                $actor, [qw(delete write_acl)], 'get-permission'), $uuid);
            is_permission(go('GET', "$V2/$uuid"), 200, $path, $actor,
                [qw(delete write_acl)], 'by uuid');
            is_permission(go('PATCH', "$V2/$uuid",
                '{"operations":["read_acl","read"]}'), 200, $path, $actor,
                [qw(read read_acl)], 'the library: patch');

            # delete-permission looks it up, too
            $r = go('GET', query($path, $actor));
            is_permission(go('DELETE', "$V2/" . $r->json->{uuid}), 200, $path,
                $actor, [qw(read read_acl)], 'delete-permission');
            is(go('GET', query($path, $actor))->status, 404, 'it is gone');
            is(go('DELETE', "$V2/$uuid")->status, 404, 'for good');
            is(go('PUT', "$V2/$uuid", body($path, $actor, 'read'))->status,
                404, 'and not updated');
            is(go('GET', "$V2/$uuid")->status, 404, 'nor shown');
        }
    };
}

subtest 'without a slash' => sub {
    is_permission(set_permission('some/*', $actors[0], 'read'), 201,
        '/some/*', $actors[0], ['read'], 'created');
    is_permission(set_permission('some/*', $actors[0], 'write'), 200,
        '/some/*', $actors[0], ['write'], 'updated');
};

subtest 'what a user is shown' => sub {
    is(set_permission('/shown', $actors[0], 'read')->status, 201);
    my @rows = (
        # method, target, body, status
        ['POST', $V2, body('/shown', $actors[0], 'read'),     409],
        ['POST', $V2, body('/shown', $actors[0], 'all'),      422],
        ['POST', $V2, body('/shown', '', 'read'),             400],
        ['POST', $V2, body('', $actors[0], 'read'),           400],
        ['POST', $V2, body('/shown*', $actors[0], 'read'),    400],
        ['POST', $V2, body('/shown', $actors[0]),             400],
        ['POST', $V2, body('/x', $hub->actor('good'), 'read'), 400],
        ['GET',  "$V2?actor=a", undef,                        400],
        ['GET',  "$V2/none", undef,                           404],
    );

    for (@rows) {
        my ($method, $target, $body, $status) = @$_;
        my $r = go($method, $target, $body);
        my $label = join ' ', grep {defined} $method, $target, $body;
        is($r->status, $status, $label);
        is_deeply([keys %{ $r->json }], ['error'], "$label: one field");
        like($r->json->{error}, qr/^[A-Z].*\.\z/, "$label: a sentence");
    }
};

subtest 'curl' => sub {
    my $r = go('POST', $V2, body('/curl', $actors[1], 'read'));
    my $uuid = is_permission($r, 201, '/curl', $actors[1], ['read'], '-X POST');

    is_permission(go('GET', "$V2?path=/curl&actor=$actors[1]", 'null'), 200,
        '/curl', $actors[1], ['read'], 'GET with a body of "null"');
    is_permission(go('GET', "$V2/$uuid", 'null'), 200, '/curl', $actors[1],
        ['read'], 'by uuid');
    is_permission(go('DELETE', "$V2/$uuid", 'null'), 200, '/curl', $actors[1],
        ['read'], '-X DELETE');
    is_error(go('PUT', "$V2/$uuid", 'null'), 'bad_request', '-X PUT');
};

subtest 'the library: permissions of a credential' => sub {
    my $r = go('PUT', '/api/v1/data',
        '{"name":"/lib/x","type":"value","value":"MARKER-lib"}');
    is($r->status, 200);
    my $get = '/api/v1/permissions?credential_name=%2Flib%2Fx';
    is(go('GET', $get)->body, '{"credential_name":"/lib/x","permissions":[]}',
        'none is a list, too');

    is(set_permission('/lib/x', $actors[0], 'read', 'write')->status, 201);
    is_deeply([map { [@$_{qw(actor operations)}] }
        @{ go('GET', $get)->json->{permissions} }],
        [[$actors[0], [qw(read write)]]], 'those that are set');
};

subtest 'an application of its own' => sub {
    my $app  = $hub->actor('second');
    my $data = '/api/v1/data';
    my $made = '{"name":"/app/password","type":"password","parameters":{},'
        . '"overwrite":true}';

    is_error(go('POST', $data, $made, 'second'), 'denied', 'may not yet');
    is_permission(go('POST', $V2, body('/*', $app, qw(read write delete))),
        201, '/*', $app, [qw(read write delete)], 'is permitted');

    my $r = go('POST', $data, $made, 'second');
    is($r->status, 200, 'makes a password');
    $hub->keep_secret($r->json->{value});
    is_deeply(go('GET', "$data?current=true&name=%2Fapp%2Fpassword", undef,
        'second')->json->{data}, [$r->json], 'reads it');
    is_deeply([map { $_->{name} } @{ go('GET', "$data?path=", undef, 'second')
        ->json->{credentials} }], ['/app/password', '/lib/x'], 'finds');
    is(go('DELETE', "$data?name=%2Fapp%2Fpassword", undef, 'second')->status,
        204, 'and deletes');
    is(go('GET', query('/*', $app), undef, 'second')->status, 404,
        'but does not see permissions');
};

$_->close for values %connections;
$hub->done;
