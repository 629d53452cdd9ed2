# Who may call which endpoint: each of them with each way to be allowed and not
# to be. Who may not is told what one who looks for nothing is told, and writes
# nothing.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Certificates qw(authority leaf);
use CredHubTest::Errors qw(is_error answers);
use JSON::PP qw(encode_json);
use Test::More;

my $DATA = '/api/v1/data';
my $LIST = '/api/v1/certificates';
my $V1   = '/api/v1/permissions';
my $V2   = '/api/v2/permissions';
my @ALL  = qw(read write delete read_acl write_acl);

my $hub = CredHubTest->new(start => 0);
my ($second, $third) = map { $hub->actor($_) } qw(second third);
my $n = 'uaa-client:n';

# A server for each operation, where "second" has it by configured lines.
$hub->configure(http => 'keepalive_requests 10000;', servers => [
    map { { port => $_, server => "credhub_permission $second /n/* $_; "
        . "credhub_permission $second /management $_;" } } @ALL]);
$hub->start;

# One connection for each certificate and server.
my %clients;

sub call ($by, $method, $target, $body = undef, $port = 'main') {
    my $client = $clients{"$by $port"}
        //= $hub->connect(cert => $by, port => $port);

    return $client->request($method, $target, keep => 1,
        defined $body ? (json => $body) : ())->response;
}

my ($id, $uuid);    # of the version and of the permission of the row
my $entry = { path => '/n/x', actor => $n, operations => ['read'] };
my $data  = [200, 'id metadata name type value version_created_at'];
my $view  = [200, 'actor operations path uuid'];
my $found = qr(^\{"credentials":\[\{[^{}]*,"name":"/n/f/x"\}\]\}$);

sub password ($name = '/n/x') {
    my $r = call('good', 'POST', $DATA, { name => $name, type => 'password',
        mode => 'overwrite' });
    $hub->keep_secret($r->json->{value});
    $id = $r->json->{id};
    return;
}

my ($certificate, $old);    # ids of a certificate and of its first version
my $text;                   # its PEM
my $shown = [200, 'certificate_authority expiry_date generated id metadata name'
    . ' self_signed transitional type value version_created_at'];

sub certificate ($name = '/n/c/x') {
    call('good', 'DELETE', "$DATA?name=$name");
    my $view = leaf($hub, $name, '/n/ca');
    leaf($hub, $name, '/n/ca');
    ($old, $text) = ($view->{id}, $view->{value}{certificate});
    $certificate = call('good', 'GET', "$LIST?name=$name")->json
        ->{certificates}[0]{id};
    return;
}

sub nothing () {
    call('good', 'DELETE', "$DATA?name=/n/new");
    return;
}

sub permission () {
    no_permission();
    $uuid = call('good', 'POST', $V2, $entry)->json->{uuid};
    return;
}

sub no_permission () {
    call('good', 'DELETE', "$V1?credential_name=/n/x&actor=$n");
    return;
}

sub interpolated (@names) {
    return { a => [map { { credentials =>
        { 'credhub-ref' => "(($_))" } } } @names] };
}

# An answer: a status (no body), [status, keys of the body], a body (a reference
# or a pattern), or the name of an error.
my @rows = (
    # label, what is there, path, operation, request, answer without, with
    ['GET by name', \&password, '/n/x', 'read',
        [GET => "$DATA?name=/n/x"], 'credential', [200, 'data']],
    ['GET by name, current', \&password, '/n/x', 'read',
        [GET => "$DATA?current=true&name=/n/x"], 'credential', [200, 'data']],
    ['GET by name, versions', \&password, '/n/x', 'read',
        [GET => "$DATA?name=/n/x&versions=1"], 'credential', [200, 'data']],
    ['HEAD by name', \&password, '/n/x', 'read',
        [HEAD => "$DATA?name=/n/x&current=true"], 404, 200],
    ['GET by id', \&password, '/n/x', 'read',
        sub { [GET => "$DATA/$id"] }, 'credential', $data],
    ['find by path', sub { password('/n/f/x') }, '/n/f/x', 'read',
        [GET => "$DATA?path=/n/f"], \'{"credentials":[]}', $found],
    ['find by part of the name', sub { password('/n/f/x') }, '/n/f/x',
        'read',
        [GET => "$DATA?name-like=f/x"], \'{"credentials":[]}', $found],
    ['interpolate', undef, '/n/json', 'read',
        [POST => '/api/v1/interpolate', interpolated('/n/json')],
        'credential', \'{"a":[{"credentials":{"k":"MARKER-j"}}]}'],
    ['interpolate one of two', undef, '/n/json', 'read',
        [POST => '/api/v1/interpolate',
            interpolated('/free/json', '/n/json')],
        'credential', \('{"a":[{"credentials":{"k":"MARKER-f"}},'
            . '{"credentials":{"k":"MARKER-j"}}]}')],
    ['PUT', \&password, '/n/x', 'write',
        [PUT => $DATA, { name => '/n/x', type => 'password',
            value => 'MARKER-1' }], 'denied', $data],
    ['PUT a new name', \&nothing, '/n/new',
        'write', [PUT => $DATA, { name => '/n/new', type => 'value',
            value => 'MARKER-2' }], 'denied', $data],
    ['PUT another type', \&password, '/n/x', 'write',
        [PUT => $DATA, { name => '/n/x', type => 'value',
            value => 'MARKER-3' }], 'denied', 'type_mismatch'],
    ['POST generate', \&password, '/n/x', 'write',
        [POST => $DATA, { name => '/n/x', type => 'password',
            mode => 'overwrite' }], 'denied', $data],
    ['POST generate a new name', \&nothing,
        '/n/new', 'write', [POST => $DATA, { name => '/n/new',
            type => 'password' }], 'denied', $data],
    ['POST generate what exists', \&password, '/n/x', 'write',
        [POST => $DATA, { name => '/n/x', type => 'password',
            overwrite => \0 }], 'denied', $data],
    ['POST data, regenerate', \&password, '/n/x', 'write',
        [POST => $DATA, { name => '/n/x', regenerate => \1 }],
        'denied', $data],
    ['POST regenerate', \&password, '/n/x', 'write',
        [POST => '/api/v1/regenerate', { name => '/n/x' }],
        'denied', $data],
    ['POST regenerate what does not exist', undef, '/n/none', 'write',
        [POST => '/api/v1/regenerate', { name => '/n/none' }],
        'denied', 'credential'],
    ['DELETE', \&password, '/n/x', 'delete',
        [DELETE => "$DATA?name=/n/x"], 'credential', 204],

    ['certificates', \&certificate, '/n/c/x', 'read', [GET => $LIST],
        \'{"certificates":[]}', qr(^\{"certificates":\[\{"name":"/n/)],
    ['certificates that expire', \&certificate, '/n/c/x', 'read',
        [GET => "$LIST?expires-within-days=9999"],
        \'{"certificates":[]}', qr(^\{"certificates":\[\{"name":"/n/)],
    ['find certificates that expire', \&certificate, '/n/c/x', 'read',
        [GET => "$DATA?path=/n/c&expires-within-days=9999"],
        \'{"credentials":[]}', qr(^\{"credentials":\[\{[^{}]*"/n/c/x")],
    ['certificate by name', \&certificate, '/n/c/x', 'read',
        [GET => "$LIST?name=/n/c/x"], 'credential',
        qr(^\{"certificates":\[\{"name":"/n/c/x")],
    ['a chain', \&certificate, '/n/c/x', 'read',
        [GET => "$DATA?name=/n/c/x&current=true&chain=true"], 'credential',
        qr("chain":"-----BEGIN)],
    ['versions of a certificate', \&certificate, '/n/c/x', 'read',
        sub { [GET => "$LIST/$certificate/versions"] }, 'credential',
        qr(^\[\{"type":"certificate")],
    ['versions of a certificate, current', \&certificate, '/n/c/x', 'read',
        sub { [GET => "$LIST/$certificate/versions?current=true"] },
        'credential', qr(^\[\{"type":"certificate")],
    ['POST a version', \&certificate, '/n/c/x', 'write',
        sub { [POST => "$LIST/$certificate/versions",
            { value => { certificate => $text } }] }, 'denied', $shown],
    ['POST a version under a CA', sub { certificate('/free/c') }, '/n/ca',
        'read', sub { [POST => "$LIST/$certificate/versions",
            { value => { certificate => $text, ca_name => '/n/ca' } }] },
        'ca', $shown],
    ['DELETE a version', \&certificate, '/n/c/x', 'delete',
        sub { [DELETE => "$LIST/$certificate/versions/$old"] },
        'credential', $shown],
    ['DELETE a version that does not exist', \&certificate, '/n/c/x',
        'delete', sub { [DELETE => "$LIST/$certificate/versions/$certificate"] },
        'credential', 'credential'],
    ['update_transitional_version', \&certificate, '/n/c/x', 'write',
        sub { [PUT => "$LIST/$certificate/update_transitional_version",
            { version => $old }] }, 'denied', qr(^\[\{"type":"certificate")],

    ['GET management', undef, '/management', 'read',
        [GET => '/management'], 'credential', \'{"read_only_mode":false}'],
    ['POST management', undef, '/management', 'write',
        [POST => '/management', { read_only_mode => \0 }],
        'denied', \'{"read_only_mode":false}'],

    ['v2 POST', \&no_permission, '/n/x', 'write_acl',
        [POST => $V2, $entry], 'credential', [201, $view->[1]]],
    ['v2 POST what exists', \&permission, '/n/x', 'write_acl',
        [POST => $V2, $entry], 'credential', 'perm_exists'],
    ['v2 GET by id', \&permission, '/n/x', 'read_acl',
        sub { [GET => "$V2/$uuid"] }, 'credential', $view],
    ['v2 GET', \&permission, '/n/x', 'read_acl',
        [GET => "$V2?path=/n/x&actor=$n"], 'perm_access', $view],
    ['v2 GET what does not exist', \&no_permission, '/n/x', 'read_acl',
        [GET => "$V2?path=/n/x&actor=$n"], 'perm_access', 'perm_access'],
    ['v2 PUT', \&permission, '/n/x', 'write_acl',
        sub { [PUT => "$V2/$uuid", { %$entry, operations => ['write'] }] },
        'perm_none', $view],
    ['v2 PUT another path', \&permission, '/n/x', 'write_acl',
        sub { [PUT => "$V2/$uuid", { %$entry, path => '/n/y' }] },
        'perm_none', 'perm_mismatch'],
    ['v2 PATCH', \&permission, '/n/x', 'write_acl',
        sub { [PATCH => "$V2/$uuid", { operations => ['write'] }] },
        'perm_none', $view],
    ['v2 DELETE', \&permission, '/n/x', 'write_acl',
        sub { [DELETE => "$V2/$uuid"] }, 'perm_none', $view],
    ['v1 GET', \&password, '/n/x', 'read_acl',
        [GET => "$V1?credential_name=/n/x"], 'credential',
        [200, 'credential_name permissions']],
    ['v1 POST', \&no_permission, '/n/x', 'write_acl',
        [POST => $V1, { credential_name => '/n/x', permissions => [
            { actor => $n, operations => ['read'] }] }], 'credential', 201],
    ['v1 DELETE', \&permission, '/n/x', 'write_acl',
        [DELETE => "$V1?credential_name=/n/x&actor=$n"], 'credential', 204],
);

# Which permissions are stored, where the request goes, and is it allowed?
my @ways = (
    # label, allowed, configured, permissions [actor, path, operations]
    ['a stored one of the path', 1, 0,
        sub ($path, $op) { [$second, $path, [$op]] }],
    ['a stored one of its subtree', 1, 0,
        sub ($path, $op) { [$second, $path =~ s{[^/]*$}{*}r, [$op]] }],
    ['a stored one of everything', 1, 0,
        sub ($path, $op) { [$second, '/*', [$op]] }],
    ['a configured line', 1, 1, sub { () }],
    ['a stored one and a line', 1, 1,
        sub ($path, $op) { [$second, $path, [$op]] }],
    ['nothing', 0, 0, sub { () }],
    ['other operations', 0, 0, sub ($path, $op) {
        map { [$second, $_, [grep { $_ ne $op } @ALL]] } '/*', $path }],
    ['other paths', 0, 0, sub ($path, $op) {
        map { [$second, $_, [$op]] } "$path/*", "${path}x", '/o/*', '/n' }],
    ['another actor', 0, 0, sub ($path, $op) {
        map { [$_, '/*', [@ALL]] } $third, "${second}0" }],
);


# How much has been written: rows of the feed, and the switch.
sub written () {
    return join ' ', $hub->redis('XINFO', 'STREAM', '{credhub}:changes')->[1],
        $hub->redis('EXISTS', '{credhub}:read_only');
}

sub is_answer ($r, $expected, $label) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return is($r->body, $$expected, $label)  if ref $expected eq 'SCALAR';
    return like($r->body, $expected, $label) if ref $expected eq 'Regexp';
    return answers($r, $expected, $label)    if $expected =~ /^[a-z]/;

    my ($status, $keys) = ref $expected ? @$expected : ($expected, '');
    my $json = $r->json;
    $hub->keep_secret($json->{value})
        if ref $json eq 'HASH' && defined $json->{value};
    return is(join(' ', $r->status, sort keys %{ $json // {} }),
        join(' ', $status, split / /, $keys), $label)
        || diag($r->body);
}


$hub->set('/n/json', 'json', { k => 'MARKER-j' });
$hub->set('/free/json', 'json', { k => 'MARKER-f' });
authority($hub, '/n/ca');
$hub->post($V2, { path => '/free/json', actor => $second,
    operations => ['read'] });
$hub->post($V2, { path => '/free/c', actor => $second,
    operations => ['write'] });

for my $row (@rows) {
    my ($label, $before, $path, $operation, $request, $without, $with) = @$row;

    subtest $label => sub {
        for my $way (@ways) {
            my ($by, $allowed, $configured, $permissions) = @$way;

            $before->() if $before;
            my @stored = map { call('good', 'POST', $V2, { actor =>
                $_->[0], path => $_->[1], operations => $_->[2] }) }
                $permissions->($path, $operation);
            $_->status == 201 or die $_->body for @stored;

            my ($method, $target, $body)
                = @{ ref $request eq 'CODE' ? $request->() : $request };
            my $rows = written();
            my $r = call('second', $method, $target, $body,
                $configured ? $operation : 'main');

            is_answer($r, $allowed ? $with : $without, "$by: $operation");
            is(written(), $rows, "$by: nothing was written") if !$allowed;

            call('good', 'DELETE', "$V2/" . $_->json->{uuid})->status == 200
                or die for @stored;
        }
    };
}

subtest 'for everybody who is known' => sub {
    for (['/version', 200], ['/api/v1/key-usage', 200], ['/info', 200],
        ['/health', 200])
    {
        my ($target, $status) = @$_;
        is($hub->as('third')->get($target)->status, $status, $target);
        answers($hub->as(undef)->get($target),
            $target =~ m{^/(?:info|health)$} ? 200 : 'unauthenticated',
            "$target, by nobody");
    }
};

subtest 'without Redis nobody is told that he may not' => sub {
    $hub->post($V2, { path => '/n/*', actor => $second,
        operations => [@ALL] });
    is($hub->as('second')->get("$DATA?name=/n/json")->status, 200);
    $hub->stop_redis;

    for my $row (@rows) {
        my ($label, $request) = @$row[0, 4];
        my ($method, $target, $body)
            = @{ ref $request eq 'CODE' ? $request->() : $request };

        for my $by (qw(second third)) {
            my $r = call($by, $method, $target, $body);
            answers($r, $method eq 'HEAD' ? 503 : 'unavailable',
                "$label, $by");
        }
    }

    $hub->start_redis;
};

$hub->done;
