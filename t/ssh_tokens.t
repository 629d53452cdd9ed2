# Tokens of the SSH certificate API: how they are got, what they are good for,
# and how they end.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use CredHubTest::Process qw(read_file wait_until);
use Digest::SHA qw(sha256_hex);
use Test::More;

my $OAUTH   = '/vedauth/authorize/oauth';
my $TOKEN   = '/vedauth/authorize/token';
my $VERIFY  = '/vedauth/authorize/verify';
my $REVOKE  = '/vedauth/revoke/token';
my $CERT    = '/vedauth/authorize/certificate';
my $KEY     = '/vedsdk/authorize';
my $FORGED  = qr/\[crit\].*credhub: the store holds a token that is not genuine/;
my $HOUR    = 3600;
my $MONTH   = 30 * 24 * $HOUR;
my %GRANT   = (error => 'invalid_grant', error_description =>
    'User name, password, certificate or refresh token is not valid.');

my $hub = CredHubTest->new(workers => 2, start => 0);

$hub->expect_log($FORGED);
$hub->configure(
    http => q(log_format who '$credhub_actor|$credhub_auth|$credhub_user|$status $arg_mark';),
    server  => 'credhub_api_keys /api-keys; access_log who.log who;',
    servers => [{ port => 'without' }],
);
$hub->start;

my $admin = $hub->as('good');
my $none  = $hub->as(undef);
my @seen;    # every token text

sub post ($path, $body, %opt) {
    my $r = $none->post($path, $body, %opt);
    my $json = $r->json;
    push @seen, grep {defined} ref $json eq 'HASH'
        ? @$json{qw(access_token refresh_token APIKey)} : ();
    return $r;
}

sub oauth (%more) {
    return post($OAUTH, { client_id => 'vcert-cli', username => 'app',
        password => 'MARKER-one', scope => 'ssh:manage', %more });
}

sub refresh ($text, %more) {
    return post($TOKEN, { client_id => 'vcert-cli', refresh_token => $text,
        %more });
}

sub bearer ($text, $path = $VERIFY, %opt) {
    return $none->get($path, headers => { Authorization => "Bearer $text" },
        %opt);
}

sub row ($text) { return '{credhub}:token:' . sha256_hex($text) }

sub refused ($r, $status, $error, $label) {
    is($r->status, $status, "$label: status");
    is(ref $r->json eq 'HASH' ? $r->json->{error} : $r->body, $error,
        "$label: error");
    return;
}

# What is logged of the last request.
sub who () {
    state $mark = 0;
    my $log;

    $mark++;
    $none->get("/info?mark=$mark")->status == 200 or die 'not marked';
    wait_until(60, sub {
        $log = read_file($hub->dir . '/who.log');
        return $log =~ / $mark$/m;
    }) or die 'not logged';

    my ($line) = $log =~ /^(.*) -\n.* $mark$/m;
    return $line;
}

$admin->set('/api-keys/App', 'user', { password => 'MARKER-one' })->status == 200
    or die 'no user';
$admin->set('/api-keys/word', 'password', 'MARKER-one')->status == 200
    or die 'no password';


subtest 'a pair for a password' => sub {
    my $r = oauth(state => 'x', other => { a => [1] });
    is($r->status, 200, 'status') or diag $r->body;

    my $json = $r->json;
    is_deeply([sort keys %$json], [qw(access_token expires expires_in identity
        refresh_token refresh_until scope token_type)], 'members');
    like($json->{access_token}, qr/^cha_[\w-]{43}\z/, 'access token');
    like($json->{refresh_token}, qr/^chr_[\w-]{43}\z/, 'refresh token');
    is($json->{expires_in}, $HOUR, 'expires in');
    is($json->{refresh_until} - $json->{expires}, $MONTH - $HOUR,
        'both from one time');
    is_deeply([@$json{qw(identity scope token_type)}],
        ['api-key:App', 'ssh:manage', 'Bearer'], 'the others');

    my $text = $json->{access_token};
    is($hub->redis('TYPE', row($text)), 'hash', 'a row of the hash');
    is($hub->redis('EXPIRETIME', row($text)), $json->{expires} + 1,
        'ends with the token');
    is($hub->redis('EXPIRETIME', row($json->{refresh_token})),
        $json->{refresh_until} + 1, 'and so the other');

    my $v = bearer($text);
    is($v->status, 200, 'verify') or diag $v->body;
    is_deeply([sort keys %{ $v->json }], [qw(access_issued_on_ISO8601
        application expires_ISO8601 grant_issued_on_ISO8601 identity scope
        valid_for)], 'its members');
    is_deeply([@{ $v->json }{qw(application identity scope)}],
        ['vcert-cli', 'api-key:App', 'ssh:manage'], 'what they say');
    like($v->json->{$_}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\z/, $_)
        for grep {/8601/} sort keys %{ $v->json };
    is($v->json->{access_issued_on_ISO8601}, $v->json->{grant_issued_on_ISO8601},
        'a new grant');
    cmp_ok($v->json->{valid_for}, '<', $HOUR, 'some of it is gone');
    cmp_ok($v->json->{valid_for}, '>', $HOUR - 600, 'but not much');
    is(who(), 'api-key:App|token|App|200', 'who that was');
};


subtest 'who gets none' => sub {
    my @wrong = (
        ['another password', password => 'MARKER-two'],
        ['no password',      password => undef],
        ['no such user',     username => 'nobody'],
        ['no user',          username => undef],
        ['not of type user', username => 'word'],
        ['a path',           username => 'x/app'],
    );
    for (@wrong) {
        my ($label, %more) = @$_;
        my $r = oauth(%more);
        is($r->status, 400, "$label: status");
        is_deeply($r->json, \%GRANT, "$label: body");
    }

    for ('ssh:read', 'certificate:manage', 'ssh', 'ssh:', 'sshx:manage', '', undef,
        'ssh:manager', ';;,:', 'manage:ssh')
    {
        refused(oauth(scope => $_), 400, 'invalid_scope', 'scope '
            . ($_ // 'null'));
    }
    is_deeply(oauth(scope => 'x')->json, { error => 'invalid_scope',
        error_description => 'The scope must ask for ssh:manage.' }, 'its body');
    for ('certificate:discover,manage,revoke;configuration:manage;ssh:manage',
        'SSH:Discover,MANAGE', 'ssh: manage ; x:y')
    {
        my $r = oauth(scope => $_);
        is($r->status, 200, "scope $_");
        is($r->json->{scope}, 'ssh:manage', 'and what is granted');
    }

    is(oauth(client_id => 'x' x 255)->status, 200, 'a long client id');
    is(oauth(client_id => 'x' x 256)->status, 400, 'one that is too long');
    is(oauth(username => 7)->status, 400, 'not a string');
    is(post($OAUTH, '{"username":')->status, 400, 'no JSON');
    is(post($OAUTH, '[]')->status, 400, 'no object');
    my $r = $none->post($OAUTH, { username => 'app', password => 'MARKER-one',
        scope => 'ssh:manage' }, port => 'without');
    is($r->status, 400, 'no keys are configured: status');
    is_deeply($r->json, \%GRANT, 'no keys are configured: body');
    is($none->get($OAUTH)->status, 401, 'another method');
};


subtest 'for a certificate' => sub {
    my $body = { client_id => 'c', scope => 'ssh:manage' };
    my $r = $admin->post($CERT, $body);
    is($r->status, 200, 'status') or diag $r->body;
    push @seen, @{ $r->json }{qw(access_token refresh_token)};
    is_deeply([sort keys %{ $r->json }], [qw(access_token expires expires_in
        identity refresh_token refresh_until scope token_type)], 'members');
    is($r->json->{identity}, $admin->actor, 'identity');

    my $v = bearer($r->json->{access_token});
    is($v->json->{identity}, $admin->actor, 'is who comes with it');
    is($v->json->{application}, 'c', 'application');

    refused($admin->post($CERT, { scope => 'x:y' }), 400, 'invalid_scope',
        'scope');
    is($none->post($CERT, $body)->status, 401, 'no certificate');
    refused($none->post($CERT, $body, headers => { Authorization =>
        'Bearer ' . $r->json->{access_token} }), 400, 'invalid_grant',
        'a token instead');
};


subtest 'refresh' => sub {
    my $old = oauth()->json;
    my $r   = refresh($old->{refresh_token}, state => undef);
    is($r->status, 200, 'status') or diag $r->body;
    is_deeply([sort keys %{ $r->json }], [qw(access_token expires identity
        refresh_token refresh_until token_type)], 'members');
    is($r->json->{identity}, 'api-key:App', 'identity');

    refused(bearer($old->{access_token}), 401, 'invalid_token', 'the old one');
    is(bearer($r->json->{access_token})->status, 200, 'the new one');
    is($hub->redis('EXISTS', row($old->{refresh_token})), 0, 'its row is gone');

    refused(refresh($r->json->{refresh_token}, client_id => 'x'), 400,
        'invalid_grant', 'another client');
    refused(refresh($r->json->{refresh_token}, client_id => undef), 400,
        'invalid_grant', 'no client');
    is(bearer($r->json->{access_token})->status, 200, 'which changes nothing');

    my $next = refresh($r->json->{refresh_token});
    is($next->status, 200, 'once more');
    my $reused = refresh($old->{refresh_token});
    is($reused->status, 400, 'one that is used up: status');
    is_deeply($reused->json, \%GRANT, 'one that is used up: body');
    refused(bearer($next->json->{access_token}), 401, 'invalid_token',
        'which ends the access token');
    refused(refresh($next->json->{refresh_token}), 400, 'invalid_grant',
        'and the refresh token');

    for ('', 'x', undef, 'chr_' . 'A' x 43, $old->{access_token}) {
        refused(refresh($_), 400, 'invalid_grant', 'not one');
    }

    my $beside = oauth()->json;
    is($none->post($TOKEN, { client_id => 'vcert-cli', refresh_token =>
        $beside->{refresh_token} . 'x' }, headers => { Authorization =>
        "Bearer $old->{access_token}" })->status, 400,
        'an access token that has ended is not looked at there');
};


subtest 'two at once' => sub {
    for my $round (1 .. 5) {
        my $pair = oauth()->json;
        my @clients = map { $hub->connect(cert => undef) } 1 .. 4;
        $_->request('POST', $TOKEN, json => { client_id => 'vcert-cli',
            refresh_token => $pair->{refresh_token} }) for @clients;
        my @answers = map { $_->response } @clients;
        $_->close for @clients;

        my @won = grep { $_->status == 200 } @answers;
        is(scalar @won, 1, "round $round: one wins");
        is(scalar(grep { $_->status == 400
            && $_->json->{error} eq 'invalid_grant' } @answers), 3,
            'the others do not');
        push @seen, @{ $won[0]->json }{qw(access_token refresh_token)} if @won;
        refused(bearer($won[0]->json->{access_token}), 401, 'invalid_token',
            'and the grant has ended') if @won;
    }
};


subtest 'revoke' => sub {
    my $pair  = oauth()->json;
    my $other = oauth()->json;
    my $r     = bearer($pair->{access_token}, $REVOKE);
    is($r->status, 200, 'status');
    is($r->body, '{}', 'body');
    refused(bearer($pair->{access_token}), 401, 'invalid_token', 'access token');
    refused(refresh($pair->{refresh_token}), 400, 'invalid_grant',
        'refresh token');
    refused(bearer($pair->{access_token}, $REVOKE), 401, 'invalid_token',
        'again');
    is(bearer($other->{access_token})->status, 200, 'another grant stands');

    is($none->get($REVOKE)->status, 401, 'without a token');
    refused($admin->get($REVOKE), 401, 'invalid_token',
        'with a certificate only');
    refused($admin->get($VERIFY), 401, 'invalid_token', 'nor is it verified');
};


subtest 'a key of the old way' => sub {
    my $r = post("$KEY/", { Username => 'app', Password => 'MARKER-one' });
    is($r->status, 200, 'status') or diag $r->body;
    is_deeply([sort keys %{ $r->json }], ['APIKey', 'ValidUntil'], 'members');
    like($r->json->{ValidUntil}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\z/,
        'until when');

    my $ask = sub ($text, $path = $VERIFY, %opt) {
        $none->get($path, headers => { 'X-Venafi-Api-Key' => $text }, %opt);
    };
    my $key = $r->json->{APIKey};
    is($ask->($key)->json->{identity}, 'api-key:App', 'who comes with it');
    is($none->h2('GET', $VERIFY, headers => { 'X-Venafi-Api-Key' => $key })
        ->status, 200, 'over HTTP/2');
    is(bearer($key)->status, 200, 'as a bearer token, too');
    refused($ask->('x'), 401, 'invalid_token', 'not one');
    refused($ask->(''), 401, 'invalid_token', 'an empty one');
    refused($admin->get($VERIFY, headers => { 'X-Venafi-Api-Key' => 'x' }), 401,
        'invalid_token', 'beside a certificate');
    is($ask->($key, '/version')->status, 401, 'elsewhere it is none');

    is_deeply(post($KEY, { Username => 'app', Password => 'x' })->json, \%GRANT,
        'a wrong password');
};


subtest 'where they count' => sub {
    my $text = oauth()->json->{access_token};
    for ('/api/v1/data?name=/x', '/v1/connections', '/version',
        '/api/v2/permissions?path=/x&actor=y', '/vedsdkx', '/vedauthx/y')
    {
        is(bearer($text, $_)->status, 401, "not for $_");
    }
    for ('/vedsdk/nothing', '/vedauth', '/vedauth/') {
        is(bearer($text, $_)->status, 404, "for $_");
    }
    is($admin->get('/version', headers => { Authorization => "Bearer $text" })
        ->status, 200, 'a certificate elsewhere');
    refused(bearer('cha_' . 'A' x 43), 401, 'invalid_token', 'an unknown one');
    refused(bearer(substr $text, 0, -1), 401, 'invalid_token', 'a part');
    refused(bearer("${text}x"), 401, 'invalid_token', 'more');
    is(bearer(uc $text)->status, 401, 'in another case');
};


subtest 'paths' => sub {
    my $body = { username => 'app', password => 'MARKER-one',
        scope => 'ssh:manage' };
    for ('/VEDAuth/Authorize/OAuth', '/vedauth/authorize/oauth/',
        '/VEDAUTH/AUTHORIZE/OAUTH/')
    {
        is(post($_, $body)->status, 200, $_);
    }
    is(post('/VEDSDK/Authorize/', { Username => 'app', Password =>
        'MARKER-one' })->status, 200, 'and the key');
    my $text = oauth()->json->{access_token};
    is(bearer($text, '/VedAuth/Authorize/Verify/')->status, 200, 'verify');
    is(bearer($text, '/VEDSDK/nothing')->json->{Response}{ErrorCode}, 404,
        'errors of /VEDSDK');
    is(bearer($text, '/VEDAUTH/nothing')->json->{error}, 'not_found',
        'errors of /VEDAUTH');
    is($admin->get('/API/v1/data?name=/x')->json->{Response}, undef,
        'others are as they were');
    is($admin->get('/VERSION')->status, 404, 'and told apart');
};


subtest 'rows that somebody has changed' => sub {
    my $pair  = oauth()->json;
    my $other = $admin->post($CERT, { scope => 'ssh:manage' })->json;
    push @seen, @$other{qw(access_token refresh_token)};

    my $key   = row($pair->{access_token});
    my $saved = $hub->redis('DUMP', $key);
    my $far   = 4102444800000000;

    for (
        ['another actor', actor => $admin->actor],
        ['another user',  user => 'admin'],
        ['another client', client => 'x'],
        ['another scope', scope => 'ssh:all'],
        ['another grant', grant => $hub->redis('HGET',
            row($other->{access_token}), 'grant')],
        ['a later end',   expires => $far],
        ['issued later',  issued => $far],
        ['granted later', granted => $far],
        ['a later refresh', refresh_until => $far],
        ['another kind',  kind => 'refresh'],
        ['no MAC of ours', mac => 'x' x 40],
        ['the MAC of another', mac => $hub->redis('HGET',
            row($other->{access_token}), 'mac')],
        ['all of another', map { $_ => $hub->redis('HGET',
            row($other->{access_token}), $_) } qw(kind actor user client scope
            grant issued granted expires refresh_until mac)],
    ) {
        my ($label, %change) = @$_;
        my $loud = () = $hub->error_log =~ /$FORGED/g;

        $hub->redis('HSET', $key, %change);
        refused(bearer($pair->{access_token}), 401, 'invalid_token', $label);
        is(scalar(() = $hub->error_log =~ /$FORGED/g), $loud + 1,
            "$label: loudly");

        $hub->redis('DEL', $key);
        $hub->redis('RESTORE', $key, 0, $saved);
        is(bearer($pair->{access_token})->status, 200, "$label: put back");
    }

    $hub->redis('HDEL', $key, 'mac');
    refused(bearer($pair->{access_token}), 401, 'invalid_token', 'no MAC');
    $hub->redis('DEL', $key);
    refused(bearer($pair->{access_token}), 401, 'invalid_token', 'no row');

    my $made = 'cha_' . 'B' x 43;
    $hub->redis('RESTORE', row($made), 0, $saved);
    refused(bearer($made), 401, 'invalid_token', 'a copy for a known text');

    my $row = row($pair->{refresh_token});
    $hub->redis('HSET', $row, 'actor', $admin->actor);
    refused(refresh($pair->{refresh_token}), 400, 'invalid_grant',
        'a refresh token for another actor');
};


subtest 'they end' => sub {
    my $pair = oauth()->json;
    $hub->redis('EXPIREAT', row($pair->{access_token}), 1);
    refused(bearer($pair->{access_token}), 401, 'invalid_token', 'access token');
    is(refresh($pair->{refresh_token})->status, 200, 'the other goes on');
};


subtest 'read-only mode' => sub {
    is($hub->redis('SET', '{credhub}:read_only', 1), 'OK', 'on');
    is($admin->set('/x', 'value', 'MARKER-x')->status, 503, 'it is');
    my $pair = oauth()->json;
    my $r    = refresh($pair->{refresh_token});
    is($r->status, 200, 'a pair and another');
    is(bearer($r->json->{access_token}, $REVOKE)->status, 200, 'revoked');
    is(bearer($r->json->{access_token})->status, 401, 'it is');
    $hub->redis('DEL', '{credhub}:read_only');
};


subtest 'no store' => sub {
    my $text = oauth()->json->{access_token};
    $hub->keep_secret($_) for @seen;
    $hub->stop_redis;
    ok(wait_until(60, sub { bearer($text)->status == 503 }), 'it is gone');
    is(oauth()->status, 503, 'no tokens');
    is(bearer('cha_x')->status, 401, 'what cannot be one');
    $hub->start_redis;
    ok(wait_until(60, sub { bearer($text)->status == 200 }), 'it is back');
};

$hub->done;
