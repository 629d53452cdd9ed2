# The audit log of both examples: what a request was, who asked, how it ended.

use v5.36;
use utf8;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Nginx;
use CredHubTest::Process qw(read_file write_file);
use Crypt::PK::RSA;
use Encode qw(decode encode);
use JSON::PP ();
use MIME::Base64 qw(encode_base64url);
use Test::More;
use Time::HiRes qw(time);

my $DATA  = '/api/v1/data';
my $V1    = '/api/v1/permissions';
my $V2    = '/api/v2/permissions';
my $NEVER = '00000000-0000-4000-8000-000000000000';
my $JSON  = JSON::PP->new->utf8->canonical->allow_nonref;

# what else the fields of CEF are called
my %CEF = (
    user => 'suser', actor => 'suid', auth => 'cs1', version_id => 'cs3',
    status => 'cs4', resource => 'cs2', resource_id => 'cs5',
    operation => 'deviceAction', details => 'cs6', reason => 'reason',
);
my %LABELS = (
    cs1 => 'userAuthenticationMechanism', cs2 => 'resourceName',
    cs3 => 'versionUuid', cs4 => 'httpStatusCode', cs5 => 'resourceUuid',
    cs6 => 'requestDetails',
);
my @KEYS = qw(rt suser suid cs1 request requestMethod cs3 cs4 src dst cs2 cs5
    deviceAction cs6 reason);
my %MECHANISM = (mtls => 'mutual_tls', jwt => 'uaa');

my $hub = CredHubTest->new(start => 0, proxy => 1, permissions => [
    ['good', '/*', 'read,write,delete,read_acl,write_acl'],
    ['uaa-client:app', '/t/*', 'read,write'],
]);
my $dir = $hub->dir;

my $key = Crypt::PK::RSA->new->generate_key(256);
write_file("$dir/keys/jwt.pem", $key->export_key_pem('public_x509'));

sub example ($name) {
    my $text = read_file(CredHubTest::Nginx->root . "/examples/$name");
    $text =~ s{/var/log/nginx/}{$dir/} or die "$name has no such path";
    return $text;
}

$hub->configure(
    http     => example('log-cef.conf') . example('log-json.conf'),
    server   => "credhub_jwt_key_file $dir/keys/jwt.pem;"
        . 'large_client_header_buffers 2 4k;',
    location => 'client_max_body_size 200k;',
    servers  => [
        { port => 'must', verify => 'on' },
        { port => 'off', server => 'credhub_management off;' },
        { port => 'real', server => 'set_real_ip_from 127.0.0.1;'
            . 'real_ip_header X-Real;' },
        { port => 'moved', server => <<'END' },
            location /api/ {
                credhub;
                client_max_body_size 10;
                error_page 413 /info;
            }
            location = /info { credhub; credhub_mtls off; }
            location /page/ { error_page 403 =200 /own; deny all; }
            location = /own { return 200 "own"; }
            location /denied { deny all; }
END
    ],
);
$hub->start;


sub token (%claims) {
    my @parts = map { encode_base64url($JSON->encode($_)) }
        { alg => 'RS256' },
        { client_id => 'app', grant_type => 'client_credentials',
            sub => 'app', exp => int(time) + 600,
            scope => ['credhub.read', 'credhub.write'], %claims };
    my $text = join '.', @parts;
    my $token = "$text."
        . encode_base64url($key->sign_message($text, 'SHA256', 'v1.5'));

    return $hub->keep_secret($token);
}

sub bearer (%claims) {
    return (cert => undef,
        headers => { Authorization => 'Bearer ' . token(%claims) });
}


# A line of CEF, taken apart: the header as a list, the extension as a hash.
# Undef when it is none.
sub cef ($line) {
    my @header;
    my $escaped = qr/(?:[^\\|]|\\[\\|])*/;

    while (@header < 7 && $line =~ s/^($escaped)\|//) {
        push @header, $1 =~ s/\\(.)/$1/gr;
    }

    my (%found, @order);
    while ($line =~ s/^(\w+)=((?:[^\\=]|\\[\\=nr])*?)(?: (?=\w+=)|\z)//) {
        my ($name, $value) = ($1, $2);
        $value =~ s/\\(.)/$1 eq 'n' ? "\n" : $1 eq 'r' ? "\r" : $1/ge;
        $found{$name} = $value;
        push @order, $name if $name !~ /Label\z/;
    }

    return @header == 7 && $line eq '' ? (\@header, \%found, \@order) : ();
}

sub lines ($name) { return split /\n/, read_file("$dir/$name") }

# The last line of both logs as text, when that many are there.
sub logged ($n) {
    my (@cef, @json);

    wait_until(60, sub {
        @cef  = lines('credhub-cef.log');
        @json = lines('credhub.json');
        return @cef >= $n && @json >= $n;
    });
    is(@cef . ' ' . @json, "$n $n", 'one line each');

    return ($cef[-1], $json[-1]);
}

my $count = 0;
my %seen;    # operations

# A request that is not looked at; its lines are there before the next one's.
sub unaudited ($ask) {
    my $r = $ask->();
    logged(++$count);
    return $r;
}

# What one request leaves in the logs. Expected: members of the JSON line, or a
# function of the response that returns them; "details" is a structure, undef:
# none. What is not named is empty.
sub audit ($label, $ask, $expected) {
    subtest $label => sub {
        my $begin = int(time * 1000);
        my $r     = $ask->();
        my ($cef, $json) = logged(++$count);
        my $end = int(time * 1000) + 1;

        my $is = eval { $JSON->decode($json) };
        ok($is, 'JSON') or return diag $json;
        my ($header, $found, $order) = cef(decode('UTF-8', $cef));
        ok($found, 'CEF') or return diag $cef;

        $expected = $expected->($r) if ref $expected eq 'CODE';
        my %want = map { $_ => '' } keys %CEF;
        @want{ keys %$expected } = values %$expected;
        my $details = delete $want{details};

        if (ref $want{reason}) {
            like($is->{reason}, $want{reason}, 'the reason');
            $want{reason} = $is->{reason};
        }

        is_deeply({ map { $_ => $is->{$_} } keys %want }, \%want, 'its fields')
            or diag $json;
        is_deeply(length $is->{details} ? $JSON->decode(
            encode('UTF-8', $is->{details})) : '', $details // '', 'details')
            or diag $json;
        is($r->status, $want{status}, 'as answered')
            if $r && $want{status} ne '499';

        my @order = grep { length $is->{details} || $_ ne 'cs6' }
            grep { length $is->{reason} || $_ ne 'reason' } @KEYS;
        is_deeply($order, \@order, 'CEF: fields') or diag $cef;
        is($found->{"${_}Label"}, $LABELS{$_}, "CEF: label of $_")
            for grep { exists $found->{$_} } sort keys %LABELS;

        my %same = map { $_ => $found->{ $CEF{$_} } // '' } keys %CEF;
        my %auth = reverse %MECHANISM;
        $same{auth} = $auth{ $same{auth} } // $same{auth};
        is_deeply(\%same, { map { $_ => $is->{$_} } keys %CEF },
            'CEF: the same') or diag $cef;

        my ($method, $target) = $is->{request} =~ /^(\S+) (\S+)/;
        if (length $found->{request}) {
            my $name = "$method " . $target =~ s/\?.*//sr;
            is_deeply($header, ['CEF:0', 'cloud_foundry', 'credhub', '2.16.0',
                $name, $name, 0], 'CEF: header');
            is("$found->{requestMethod} $found->{request}", "$method $target",
                'CEF: request');
        }

        is($found->{src}, $is->{source}, 'CEF: peer');
        is($found->{dst}, 'localhost',   'CEF: host');
        ok($begin <= $found->{rt} && $found->{rt} <= $end, 'CEF: start')
            or diag "$begin <= $found->{rt} <= $end";

        $seen{ $is->{operation} } = 1;
    };
    return;
}

sub credential_id ($name) {
    return $hub->redis('HGET', "{credhub}:credential:$name", 'credential');
}

# Who asks, as logged.
sub mtls ($who = 'good') {
    my $actor = $hub->actor($who);
    return (auth => 'mtls', actor => $actor, user => $actor =~ s/^mtls-//r);
}

my %JWT  = (auth => 'jwt', actor => 'uaa-client:app', user => 'app');
my %NONE = (auth => 'none');


# An answer that is a version, or has one in a list.
sub version ($name, $operation, $details) {
    return sub ($r) {
        my $json = $r->json;
        return { mtls(), status => 200, operation => $operation,
            resource => $name, resource_id => credential_id($name),
            version_id => ($json->{data} ? $json->{data}[0] : $json)->{id},
            details => $details };
    };
}

my $id;

audit('set', sub { $hub->set('/a/value', 'value', 'MARKER-1') },
    version('/a/value', 'SET', { name => '/a/value', type => 'value' }));
audit('set, without a slash', sub { $hub->set('a/value', 'VALUE', 'MARKER-2') },
    version('/a/value', 'SET', { name => '/a/value', type => 'value' }));
audit('set a user', sub {
    $hub->set('/a/user', 'user',
        { username => 'nobody', password => 'MARKER-3' })
}, version('/a/user', 'SET', { name => '/a/user', type => 'user' }));
audit('generate', sub {
    my $r = $hub->generate('/a/made', 'password', undef,
        metadata => { x => 'nowhere' });
    $hub->keep_secret($r->json->{value});
    return $r;
}, version('/a/made', 'GENERATE', { name => '/a/made', type => 'password' }));
audit('regenerate', sub {
    my $r = $hub->post('/api/v1/regenerate', { name => '/a/made' });
    $hub->keep_secret($r->json->{value});
    return $r;
}, version('/a/made', 'REGENERATE', { name => '/a/made' }));
audit('regenerate by data', sub {
    my $r = $hub->post($DATA, { name => '/a/made', regenerate => \1 });
    $hub->keep_secret($r->json->{value});
    return $r;
}, version('/a/made', 'REGENERATE', { name => '/a/made' }));
audit('get', sub {
    my $r = $hub->get("$DATA?name=a/made&current=true");
    $id = $r->json->{data}[0]{id};
    return $r;
}, version('/a/made', 'GET',
    { name => '/a/made', current => JSON::PP::true(), versions => undef }));
audit('get two versions', sub { $hub->get("$DATA?name=/a/made&versions=2") },
    sub ($r) {
        my $want = version('/a/made', 'GET', { name => '/a/made',
            current => JSON::PP::false(), versions => 2 })->($r);
        return { %$want, version_id => '' };
    });
audit('get the only version', sub { $hub->get("$DATA?name=/a/user") },
    version('/a/user', 'GET', { name => '/a/user',
        current => JSON::PP::false(), versions => undef }));
audit('get by id', sub { $hub->get("$DATA/$id") },
    sub ($r) { version('/a/made', 'GET', { uuid => $id })->($r) });
audit('HEAD', sub { $hub->head("$DATA/$id") }, sub ($r) {
    return { mtls(), status => 200, operation => 'GET', resource => '/a/made',
        resource_id => credential_id('/a/made'), version_id => $id,
        details => { uuid => $id } };
});

audit('find by path', sub { $hub->get("$DATA?path=/a&paths=true") },
    { mtls(), status => 200, operation => 'FIND', details => { path => '/a',
        paths => JSON::PP::true(), nameLike => undef,
        expiresWithinDays => undef } });
audit('find by a part', sub {
    $hub->get("$DATA?name-like=a%22b&expires-within-days=07") },
    { mtls(), status => 200, operation => 'FIND', details => { path => undef,
        paths => undef, nameLike => 'a"b', expiresWithinDays => 7 } });

unaudited(sub { $hub->made($hub->generate('/a/cert', 'certificate',
    { common_name => 'x', self_sign => \1, key_type => 'ec',
        key_curve => 'P-256' })) });
my $cert = unaudited(sub { $hub->get('/api/v1/certificates?name=/a/cert') })
    ->json->{certificates}[0];
my $url = "/api/v1/certificates/$cert->{id}";
my $old = unaudited(sub { $hub->current('/a/cert') });

audit('all certificates', sub { $hub->get('/api/v1/certificates') },
    { mtls(), status => 200, operation => 'GET_ALL_CERTIFICATES' });
audit('one certificate', sub { $hub->get('/api/v1/certificates?name=A/cert') },
    { mtls(), status => 200, operation => 'GET_CERTIFICATE',
        resource => '/A/cert', resource_id => $cert->{id},
        details => { name => '/A/cert' } });
audit('no certificate', sub { $hub->get('/api/v1/certificates?name=/a/x') },
    { mtls(), status => 404, operation => 'GET_CERTIFICATE',
        resource => '/a/x', details => { name => '/a/x' },
        reason => 'not_found' });
audit('add a version', sub { $hub->post("$url/versions", { value =>
        { certificate => $old->{value}{certificate} } }) },
    sub ($r) { version('/a/cert', 'ADD_CERTIFICATE_VERSION', {
        uuid => $cert->{id}, transitional => JSON::PP::false() })->($r) });
audit('versions', sub { $hub->get("$url/versions") },
    { mtls(), status => 200, operation => 'GET_CERTIFICATE_VERSIONS',
        resource => '/a/cert', resource_id => $cert->{id},
        details => { uuid => $cert->{id}, current => undef } });
audit('versions of none', sub { $hub->get(
        "/api/v1/certificates/$NEVER/versions?current=true") },
    { mtls(), status => 404, operation => 'GET_CERTIFICATE_VERSIONS',
        details => { uuid => $NEVER, current => JSON::PP::true() },
        reason => 'not_found' });
audit('the transitional version', sub {
        $hub->put("$url/update_transitional_version",
            { version => $old->{id} }) },
    { mtls(), status => 200, operation => 'UPDATE_TRANSITIONAL_VERSION',
        resource => '/a/cert', resource_id => $cert->{id},
        version_id => $old->{id}, details => { version => $old->{id} } });
audit('no transitional version', sub {
        $hub->put("$url/update_transitional_version", {}) },
    { mtls(), status => 200, operation => 'UPDATE_TRANSITIONAL_VERSION',
        resource => '/a/cert', resource_id => $cert->{id},
        details => { version => undef } });
audit('a body that was not understood', sub {
        $hub->put("$url/update_transitional_version",
            { version => ['MARKER-6'] }) },
    { mtls(), status => 400, operation => 'UPDATE_TRANSITIONAL_VERSION',
        details => { version => undef }, reason => 'invalid_request' });
audit('delete a version', sub { $hub->delete("$url/versions/$old->{id}") },
    sub ($r) { version('/a/cert', 'DELETE_CERTIFICATE_VERSION',
        { uuid => $cert->{id}, version => $old->{id} })->($r) });

unaudited(sub { $hub->set($_, 'json', { x => "MARKER$_" }) })
    for '/j/one', '/j/two';

sub refs (@names) {
    return { s => [map { { credentials => { 'credhub-ref' => "(($_))" } } }
        @names] };
}

audit('interpolate', sub {
    $hub->post('/api/v1/interpolate', refs('/j/one', '/j/two')) },
    { mtls(), status => 200, operation => 'INTERPOLATE',
        resource => '/j/one /j/two', details => {} });
audit('interpolate, one is missing', sub {
    $hub->post('/api/v1/interpolate', refs('/j/one', '/j/none', '/j/two')) },
    { mtls(), status => 404, operation => 'INTERPOLATE',
        resource => '/j/none', details => {}, reason => 'not_found' });
audit('interpolate, nothing to read', sub {
    $hub->post('/api/v1/interpolate', { s => 'MARKER-5' }) },
    { mtls(), status => 200, operation => 'INTERPOLATE', details => {} });

audit('delete', sub { $hub->delete("$DATA?name=/a/made") },
    { mtls(), status => 204, operation => 'DELETE', resource => '/a/made',
        details => { name => '/a/made' } });
audit('delete again', sub { $hub->delete("$DATA?name=/a/made") },
    { mtls(), status => 404, operation => 'DELETE', resource => '/a/made',
        details => { name => '/a/made' }, reason => 'not_found' });


my $second = $hub->actor('second');
my $given;

sub permission ($operation, $operations, %more) {
    return sub ($r) {
        return { mtls(), status => 200, operation => $operation,
            resource => '/p/*', resource_id => $given,
            details => { path => '/p/*', actor => $second,
                operations => $operations, action => $operation }, %more };
    };
}

audit('give a permission', sub {
    my $r = $hub->post($V2, { path => 'p/*', actor => $second,
        operations => ['write', 'read'] });
    $given = $r->json->{uuid};
    return $r;
}, sub ($r) {
    my $want = permission('ADD_PERMISSIONS', ['read', 'write'],
        status => 201)->($r);
    $want->{details}{path} = 'p/*';
    return $want;
});
audit('find it', sub { $hub->get("$V2?path=/p/*&actor=$second") },
    permission('GET_PERMISSIONS', [], details => undef));
audit('get it', sub { $hub->get("$V2/$given") },
    permission('GET_PERMISSIONS', [], details => undef));
audit('replace it', sub {
    $hub->put("$V2/$given", { path => '/p/*', actor => $second,
        operations => ['delete'] })
}, permission('PUT_PERMISSIONS', ['delete']));
audit('patch it', sub {
    $hub->patch("$V2/$given", { operations => ['read_acl'] })
}, permission('PATCH_PERMISSIONS', ['read_acl']));
audit('take it away', sub { $hub->delete("$V2/$given") },
    permission('DELETE_PERMISSIONS', undef));
audit('one that is missing', sub { $hub->delete("$V2/$NEVER") },
    { mtls(), status => 404, operation => 'DELETE_PERMISSIONS',
        resource_id => $NEVER, reason => 'not_found', details => {
            path => undef, actor => undef, operations => undef,
            action => 'DELETE_PERMISSIONS' } });
audit('operations that are not known', sub {
    $hub->post($V2, { path => '/p', actor => 'x', operations => ['MARKER-6'] })
}, { mtls(), status => 422, operation => 'ADD_PERMISSIONS', resource => '/p',
    reason => 'unknown_operation', details => { path => '/p', actor => 'x',
        operations => undef, action => 'ADD_PERMISSIONS' } });

my %v1 = (mtls(), resource => '/a/user', details => {});

audit('v1: add', sub {
    $hub->post($V1, { credential_name => '/a/user', permissions =>
        [{ actor => $second, operations => ['read'] }] })
}, { %v1, status => 201, operation => 'ADD_PERMISSIONS' });
audit('v1: list', sub { $hub->get("$V1?credential_name=a/user") },
    { %v1, status => 200, operation => 'GET_PERMISSIONS' });
audit('v1: remove', sub {
    $hub->delete("$V1?credential_name=/a/user&actor=$second")
}, { %v1, status => 204, operation => 'DELETE_PERMISSIONS' });


audit($_->[1], sub { $hub->get($_->[1], cert => undef) },
    { %NONE, status => 200, operation => $_->[0] })
    for ['INFO', '/info'], ['HEALTH', '/health'];
audit($_->[1], sub { $hub->get($_->[1]) },
    { mtls(), status => 200, operation => $_->[0] })
    for ['VERSION', '/version'], ['KEY_USAGE', '/api/v1/key-usage'];

audit('HTTP/2', sub { $hub->h2('GET', '/version') },
    { mtls(), status => 200, operation => 'VERSION' });
audit('OPTIONS', sub { $hub->request('OPTIONS', $DATA) },
    { mtls(), status => 200 });


subtest 'read-only mode' => sub {
    my %mode = (mtls(), status => 200, operation => 'MANAGEMENT',
        resource => '/management');

    audit('on', sub { $hub->post('/management', { read_only_mode => \1 }) },
        { %mode, details => { readOnlyMode => JSON::PP::true() } });
    audit('is it on', sub { $hub->get('/management') }, \%mode);
    audit('a write', sub { $hub->set('/a/value', 'value', 'MARKER-7') },
        { mtls(), status => 503, operation => 'SET', resource => '/a/value',
            details => { name => '/a/value', type => 'value' },
            reason => 'read_only' });
    audit('a write that is wrong', sub { $hub->put($DATA, '{') },
        { mtls(), status => 503, operation => 'SET', reason => 'read_only',
            details => { name => undef, type => undef } });
    audit('regenerate', sub {
        $hub->post($DATA, { name => '/a/none', regenerate => \1 }) },
        { mtls(), status => 503, operation => 'REGENERATE',
            resource => '/a/none', details => { name => '/a/none' },
            reason => 'read_only' });
    audit('off', sub { $hub->post('/management', { read_only_mode => \0 }) },
        { %mode, details => { readOnlyMode => JSON::PP::false() } });
};


subtest 'who is not known' => sub {
    my $get  = "$DATA?name=/a/value&current=true";
    my %get  = (operation => 'GET');
    my @none = (cert => undef);
    my @rows = (
        # label, connection, expected
        ['no certificate', [@none],
            { %NONE, %get, status => 401, reason => 'unauthenticated' }],
        ['a certificate without an identity', [cert => 'noou'],
            { %NONE, %get, status => 401,
                reason => 'certificate_without_identity' }],
        ['one that is not for clients', [cert => 'noeku'],
            { %NONE, %get, status => 401,
                reason => 'certificate_without_client_auth' }],
        ['one that has expired', [cert => 'expired'],
            { status => 400, reason =>
                'invalid_client_certificate: certificate has expired' }],
        ['one of another CA', [cert => 'otherca'],
            { status => 400, reason =>
                qr/^invalid_client_certificate: .*certificate/ }],
        ['none where one is needed', [@none, port => 'must'],
            { status => 400, reason => 'unauthenticated' }],
        ['a token that has expired', [bearer(exp => int(time) - 61)],
            { %NONE, %get, status => 401,
                reason => qr/^access_token_expired: .*expired/ }],
        ['a token of nobody', [bearer(client_id => undef)],
            { %NONE, %get, status => 401, reason => qr/^invalid_token: \S/ }],
        ['no token', [@none, headers => { Authorization => 'Bearer MARKER-8' }],
            { %NONE, %get, status => 401,
                reason => qr/^invalid_token: .*three parts/ }],
        ['two tokens', [@none, headers => [map { (Authorization => "Bearer $_") }
            token(), 'MARKER-9']],
            { status => 400, reason => 'invalid_request' }],
        ['a bad token beside a certificate',
            [headers => { Authorization => 'Bearer MARKER-8' }],
            { mtls(), %get, status => 401,
                reason => qr/^invalid_token: .*three parts/ }],
        ['a scope that is missing', [bearer(scope => ['credhub.write'])],
            { %JWT, %get, status => 403,
                reason => 'insufficient_scope: credhub.read' }],
    );

    for (@rows) {
        my ($label, $opt, $expected) = @$_;
        audit($label, sub { $hub->get($get, @$opt) }, $expected);
    }

    audit('a token', sub { $hub->get("$DATA?name=/t/x", bearer()) },
        { %JWT, %get, status => 404, resource => '/t/x', details => {
            name => '/t/x', current => JSON::PP::false(), versions => undef },
            reason => 'not_found' });
};


subtest 'who may not' => sub {
    my $as   = $hub->as('second');
    my %deny = (mtls('second'), reason => 'forbidden', resource => '/a/value');
    my $name = { name => '/a/value' };
    my $entry = { path => '/a/value', actor => 'x', operations => ['read'] };
    my $other = unaudited(sub { $hub->post($V2, $entry) })->json->{uuid};
    my $version = unaudited(sub { $hub->get("$DATA?name=/a/value") })
        ->json->{data}[0]{id};

    my %change = (path => '/a/value', actor => 'x');
    my @rows = (
        # label, request, status, operation, details, more
        ['get', ['GET', "$DATA?name=/a/value&current=true"], 404, 'GET',
            { %$name, current => JSON::PP::true(), versions => undef }],
        ['get versions', ['GET', "$DATA?name=/a/value"], 404, 'GET',
            { %$name, current => JSON::PP::false(), versions => undef }],
        ['get by id', ['GET', "$DATA/$version"], 404, 'GET',
            { uuid => $version }, version_id => $version,
            resource_id => credential_id('/a/value')],
        ['set', ['PUT', $DATA, json => { %$name, type => 'value',
            value => 'MARKER-10' }], 403, 'SET', { %$name, type => 'value' }],
        ['generate', ['POST', $DATA, json => { %$name, type => 'password' }],
            403, 'GENERATE', { %$name, type => 'password' }],
        ['regenerate', ['POST', '/api/v1/regenerate', json => $name], 403,
            'REGENERATE', $name],
        ['delete', ['DELETE', "$DATA?name=/a/value"], 404, 'DELETE', $name],
        ['interpolate', ['POST', '/api/v1/interpolate',
            json => refs('/j/one')], 404, 'INTERPOLATE', {},
            resource => '/j/one'],
        ['add', ['POST', $V2, json => { %$entry, actor => 'y' }], 404,
            'ADD_PERMISSIONS', { path => '/a/value', actor => 'y',
            operations => ['read'], action => 'ADD_PERMISSIONS' }],
        ['find', ['GET', "$V2?path=/a/value&actor=x"], 404, 'GET_PERMISSIONS',
            undef],
        ['find none', ['GET', "$V2?path=/a/value&actor=z"], 404,
            'GET_PERMISSIONS', undef],
        ['get a permission', ['GET', "$V2/$other"], 404, 'GET_PERMISSIONS',
            undef, resource_id => $other],
        ['put', ['PUT', "$V2/$other", json => $entry], 404, 'PUT_PERMISSIONS',
            { %change, operations => ['read'], action => 'PUT_PERMISSIONS' },
            resource_id => $other],
        ['patch', ['PATCH', "$V2/$other", json => { operations => ['read'] }],
            404, 'PATCH_PERMISSIONS', { path => undef, actor => undef,
            operations => ['read'], action => 'PATCH_PERMISSIONS' },
            resource_id => $other],
        ['v1 list', ['GET', "$V1?credential_name=/a/value"], 404,
            'GET_PERMISSIONS', {}],
        ['v1 add', ['POST', $V1, json => { credential_name => '/a/value',
            permissions => [$entry] }], 404, 'ADD_PERMISSIONS', {}],
        ['v1 remove', ['DELETE', "$V1?credential_name=/a/value&actor=x"], 404,
            'DELETE_PERMISSIONS', {}],
        ['management', ['GET', '/management'], 404, 'MANAGEMENT', undef,
            resource => '/management'],
        ['read-only mode', ['POST', '/management',
            json => { read_only_mode => \1 }], 403, 'MANAGEMENT',
            { readOnlyMode => JSON::PP::true() }, resource => '/management'],
    );

    for (@rows) {
        my ($label, $request, $status, $operation, $details, %more) = @$_;
        audit($label, sub { $as->request(@$request) }, { %deny,
            status => $status, operation => $operation, details => $details,
            %more });
    }
};


subtest 'what is wrong' => sub {
    my @rows = (
        # request, status, reason, operation, resource, details
        [['GET', $DATA], 400, 'missing_query', 'GET'],
        [['GET', "$DATA?name=/x&versions=MARK"], 400, 'invalid_query', 'GET',
            '/x', { name => '/x', versions => 'MARK',
            current => JSON::PP::false() }],
        [['GET', "$DATA?name=/x&current=maybe"], 400, 'invalid_query', 'GET',
            '/x', { name => '/x', versions => undef, current => 'maybe' }],
        [['GET', "$DATA?name=%ff"], 400, 'invalid_request', 'GET'],
        [['GET', "$DATA/none"], 404, 'not_found', 'GET', '',
            { uuid => 'none' }],
        [['GET', '/none'], 404, 'unknown_url'],
        [['PUT', '/info', json => {}], 405, 'method_not_allowed'],
        [['PUT', $DATA, body => '{"name":"MARKER'], 400, 'invalid_request',
            'SET', '', { name => undef, type => undef }],
        [['PUT', $DATA, body => '{}', headers => { 'Content-Type' => 'x/y' }],
            400, 'unsupported_media_type', 'SET'],
        [['PUT', $DATA, json => { name => '/x', type => 'MARKER-t',
            value => 1 }], 422, 'invalid_type', 'SET', '/x',
            { name => '/x', type => undef }],
        [['PUT', $DATA, body => '{"name":"/x","MARKER-k":1}'], 422,
            'unknown_parameter', 'SET', '/x', { name => '/x', type => undef }],
        [['PUT', $DATA, json => { name => '/x', type => 'json' }], 400,
            'missing_value', 'SET', '/x', { name => '/x', type => 'json' }],
        [['POST', $DATA, json => { name => '/x', type => 'json' }], 400,
            'not_generatable', 'GENERATE', '/x',
            { name => '/x', type => 'json' }],
        [['PUT', $DATA, json => { name => "/x\n=", type => 'value',
            value => 'x' }], 400, 'invalid_name', 'SET', "/x\n=",
            { name => "/x\n=", type => 'value' }],
        [['PUT', $DATA, json => { name => '/' . 'é' x 600, type => 'value',
            value => 'x' }], 400, 'invalid_name', 'SET', '/' . 'é' x 511,
            { name => '/' . 'é' x 511, type => 'value' }],
        [['PUT', $DATA, json => { name => '/a/user', type => 'value',
            value => 'x' }], 400, 'type_mismatch', 'SET', '/a/user',
            { name => '/a/user', type => 'value' }],
        [['PUT', $DATA, chunks => [('x' x 50_000) x 5]], 413,
            'payload_too_large', 'SET'],
        [['PUT', $DATA, json => { name => '/x', type => 'value',
            value => 'x' x 65_537 }], 413, 'payload_too_large', 'SET', '/x',
            { name => '/x', type => 'value' }],
    );

    for (@rows) {
        my ($request, $status, $reason, $operation, $resource, $details) = @$_;

        audit("@$request[0, 1]: $reason", sub { $hub->request(@$request) },
            { mtls(), status => $status, reason => $reason,
                operation => $operation // '', resource => $resource // '',
                details => $details });
    }
};


subtest 'what nginx ends itself' => sub {
    my @rows = (
        # label, bytes, status, reason, more
        ['a request line', "GE T / HTTP/1.1\r\n\r\n", 400,
            'invalid_request'],
        ['a header', "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400,
            'invalid_request'],
        ['a long target', 'GET /' . 'x' x 5000 . " HTTP/1.1\r\n", 414,
            'uri_too_long'],
        ['a path that hides', "GET /a/../b HTTP/1.1\r\nHost: localhost\r\n"
            . "\r\n", 400, 'invalid_request'],
    );

    for (@rows) {
        my ($label, $bytes, $status, $reason) = @$_;

        audit($label, sub {
            my $client = $hub->connect;
            $client->{method} = 'GET';
            $client->send($bytes);
            my $r = $client->response;
            $client->close;
            return $r;
        }, { status => $status, reason => $reason });
    }
};


subtest 'a client that leaves' => sub {
    my $proxy = $hub->proxy;
    my $body  = { name => '/a/gone', type => 'value', value => 'MARKER-g' };
    my %gone  = (mtls(), status => 499, resource => '/a/gone',
        reason => 'client_closed_request');

    for (['PUT', $DATA, 'SET', { name => '/a/gone', type => 'value' }, 'EVALSHA',
            json => $body],
        ['GET', "$DATA?name=/a/gone&current=true", 'GET', { name => '/a/gone',
            current => JSON::PP::true(), versions => undef }, 'HMGET'])
    {
        my ($method, $target, $operation, $details, $command, @opt) = @$_;

        audit($operation, sub {
            $proxy->wait_ready(4) or die 'no links';
            $proxy->forget;
            $proxy->hold;
            my $client = $hub->connect;
            $client->request($method, $target, @opt);
            $proxy->wait_for($command) or die "no $command";
            $client->close;
            return;
        }, { %gone, operation => $operation, details => $details });
        $proxy->release;
    }
};


subtest 'an internal redirect' => sub {
    audit('to another hub', sub {
        $hub->put($DATA, undef, chunks => ['x' x 100], port => 'moved') },
        { mtls(), status => 413, operation => 'SET',
            reason => 'payload_too_large' });
    audit('before there was a hub', sub {
        $hub->put($DATA, 'x' x 100, port => 'moved') },
        { %NONE, status => 413, operation => 'INFO',
            reason => 'payload_too_large' });
    audit('without a hub', sub { $hub->get('/denied', port => 'moved') },
        { status => 403, reason => 'access_denied' });
    audit('to a page', sub { $hub->get('/page/', port => 'moved') },
        { status => 200 });
};


subtest 'the peer' => sub {
    my @rows = (
        # options, peer
        [[headers => { 'X-Forwarded-For' => '6.6.6.6', Forwarded => 'for=x',
            'X-Real' => '6.6.6.6' }], '127.0.0.1'],
        [[from => '127.0.0.2'], '127.0.0.2'],
        [[port => 'real', headers => { 'X-Real' => '7.7.7.7' }], '7.7.7.7'],
    );

    for (@rows) {
        my ($opt, $peer) = @$_;
        audit($peer, sub { $hub->get('/health', @$opt) },
            { mtls(), status => 200, operation => 'HEALTH' });
        like((lines('credhub-cef.log'))[-1], qr/ src=\Q$peer\E dst=/, 'it is');
    }
};


subtest 'text that could end a field' => sub {
    my @names = ('/a=b suid=x|c\\d"e', "/line\n|CEF:0\r\\n", "/tab\t\x1b[0m",
        '/é€😀', "/\x{85}\x{9b}", '/x cs2=y');

    for my $name (@names) {
        my $query = encode('UTF-8', $name)
            =~ s/([^\w])/sprintf '%%%02X', ord $1/ger;
        my $shown = $name =~ s/([\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f])/
            join '', map { sprintf '\\x%02x', $_ } unpack 'C*',
            encode('UTF-8', $1)/gerx;

        my $r = $hub->get("$DATA?name=$query&current=true");
        my ($cef, $json) = map { decode('UTF-8', $_) } logged(++$count);
        my (undef, $found) = cef($cef);
        my $is = JSON::PP->new->decode($json);

        is($r->status, 404, 'no such name');
        is($is->{resource}, $name, 'JSON: name');
        is(JSON::PP->new->decode($is->{details})->{name}, $name,
            'JSON: details');
        is($found->{cs2}, $shown, 'CEF: name') or diag $cef;
        is(JSON::PP->new->decode($found->{cs6})->{name}, $name,
            'CEF: details') if $shown eq $name;
        is($found->{suid}, $hub->actor, 'CEF: actor');
        unlike($cef, qr/[\x00-\x1f\x7f-\x9f]/, 'CEF: no control character');
    }

    my $path = "$DATA/a|b\\c=d%0A\xc3\xa9\xff";
    $hub->get("$path?e=|\\");
    my ($cef) = logged(++$count);
    my ($header, $found) = cef($cef);
    my $shown = $path =~ s/\xff/\\xff/r;

    is($header->[4], "GET $shown", 'a path in the header');
    is($found->{request}, "$shown?e=|\\", 'and in the request');
    unlike($cef, qr/\xff/, 'what is not UTF-8');
};


unlike(join('', map { lines($_) } qw(credhub-cef.log credhub.json)),
    qr/nobody|nowhere/, 'user names and metadata are not logged');
is_deeply([sort grep {length} keys %seen], [sort qw(GET SET GENERATE REGENERATE
    DELETE FIND GET_PERMISSIONS ADD_PERMISSIONS PUT_PERMISSIONS
    PATCH_PERMISSIONS DELETE_PERMISSIONS INTERPOLATE INFO HEALTH VERSION
    GET_ALL_CERTIFICATES GET_CERTIFICATE GET_CERTIFICATE_VERSIONS
    ADD_CERTIFICATE_VERSION DELETE_CERTIFICATE_VERSION
    UPDATE_TRANSITIONAL_VERSION KEY_USAGE MANAGEMENT)],
    'every operation was looked at');

$hub->done;
