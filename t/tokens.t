# What a bearer token must be, and what it allows.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Authority;
use CredHubTest::Errors qw(is_error answers);
use CredHubTest::Process qw(write_file);
use Crypt::JWT qw(encode_jwt);
use JSON::PP ();
use MIME::Base64 qw(encode_base64url);
use Test::More;

my $DATA = '/api/v1/data';
my $URI  = 'https://tools.ietf.org/html/rfc6750#section-3.1';
my $ALL  = 'read,write,delete,read_acl,write_acl';
my $MAX  = 16384;

my $hub = CredHubTest->new(start => 0, workers => 1, permissions => [
    ['good', '/*', $ALL], ['uaa-client:app', '/*', $ALL],
]);
my $uaa = CredHubTest::Authority->new($hub, start => 0);

$uaa->publish(qw(rsa p256 p384 ed25519),
    $uaa->jwk('rsa', kid => 'only', alg => 'RS256'),
    $uaa->jwk('rsa', kid => 'secret', use => 'enc'),
    { kty => 'oct', kid => 'shared', k => encode_base64url('MARKER-shared') });

my $set = write_file($hub->scratch . "/set.json", $uaa->set_text);
my $pem = write_file($hub->scratch . "/rsa.pem", $uaa->pem('rsa'));

$hub->configure(
    http   => 'large_client_header_buffers 4 2m;',
    server => "credhub_jwt_key_file $set;"
        . " credhub_jwt_issuer @{[$uaa->issuer]};"
        . ' credhub_jwt_audience credhub;',
    servers => [
        { port => 'any', server => "credhub_jwt_key_file $set;" },
        { port => 'pem', server => "credhub_jwt_key_file $pem;" },
        { port => 'none' },
        { port => 'small', server => "credhub_jwt_key_file $set;"
            . ' large_client_header_buffers 4 8k;' },
    ],
);
$hub->start;
$hub = $hub->as(undef);


sub ask ($authorization, $target = '/version', %opt) {
    my $method = delete $opt{method} // 'GET';
    return $hub->request($method, $target, %opt,
        headers => { Authorization => $authorization });
}

sub bearer ($token, @more) { return ask("Bearer $token", @more) }

sub challenge ($error, $description) {
    return qq(Bearer error="$error", error_description="$description")
        . ($error eq 'access_token_expired' ? '' : qq(, error_uri="$URI"));
}

# Is the answer what is expected, with the challenge that belongs to it?
sub judged ($r, $expected, $label) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $json = $r->json // {};
    my $challenge = $expected eq 'unauthenticated' ? 'Bearer'
        : $r->status =~ /^40[13]$/
        ? challenge(@$json{qw(error error_description)}) : undef;

    answers($r, $expected, $label);
    is($r->header('WWW-Authenticate'), $challenge, "$label: the challenge");
    return;
}

# Twice: what was found out once may be remembered.
sub table ($title, $ask, @rows) {
    subtest $title => sub {
        for (@rows) {
            my ($label, $token, $expected) = @$_;
            judged($ask->($token), $expected, $_ == 1 ? $label : "$label again")
                for 1, 2;
        }
    };
    return;
}

# A valid token of that many bytes
sub token_of ($length) {
    for my $more (0 .. 3) {
        my %opt = (kid => 'ed25519', header => { x => 'x' x $more });
        my $short = length $uaa->token(%opt, pad => '');
        my $from  = int(($length - $short) * 3 / 4) - 3;

        for ($from .. $from + 6) {
            my $token = $uaa->token(%opt, pad => 'x' x $_);
            return $token if length $token == $length;
        }
    }

    die "no token of $length bytes";
}

# One character at that place becomes another one of base64url.
sub flip ($text, $at) {
    substr($text, $at, 1) = substr($text, $at, 1) eq 'A' ? 'B' : 'A';
    return $text;
}


my $good  = $uaa->token;
my $other = $uaa->token(jti => 'other');
my ($header, $claims, $signature) = split /\./, $good;
my $ED = '{"alg":"EdDSA","kid":"ed25519"}';
my $OK = JSON::PP->new->encode($uaa->claims);

table('algorithms', \&bearer,
    (map { ["$_ of an RSA key", $uaa->token(alg => $_), 200] }
        qw(RS256 RS384 RS512 PS256)),
    (map { ["$_->[0]", $uaa->token(kid => $_->[1]), 200] }
        ['ES256', 'p256'], ['ES384', 'p384'], ['EdDSA', 'ed25519']),
    (map { ["$_, without kid", $uaa->token(kid => $_,
        header => { kid => undef }), 200] } qw(rsa p256 p384 ed25519)),
    ['RS256, the only one of the key',
        $uaa->token(header => { kid => 'only' }), 200],
    ['not the one of the key', $uaa->token(alg => 'PS256',
        header => { kid => 'only' }),
        'token:key of the token is not for its algorithm'],
    (map { ["$_ is not supported", $uaa->token(alg => $_),
        'token:algorithm of the token is not supported'] } qw(PS384 PS512)),
    ['a key for something else', $uaa->token(header => { kid => 'secret' }),
        'token:key of the token is not known'],
    ['of another type', $uaa->token(header => { kid => 'p256' }),
        'token:key of the token is not for its algorithm'],
    ['another curve', $uaa->token(kid => 'p384', header => { kid => 'p256' }),
        'token:key of the token is not for its algorithm'],
    ['unknown kid', $uaa->token(header => { kid => 'new' }),
        'token:key of the token is not known'],
    ['kid is empty', $uaa->token(header => { kid => '' }),
        'token:key id of the token is not valid'],
    ['kid is a number', $uaa->token(header => { kid => 1 }),
        'token:key id of the token is not valid'],
    ['crit', $uaa->token(header => { crit => ['exp'] }),
        'token:token demands extensions that are not supported'],
);

table('no signature, or none that counts', \&bearer,
    (map { my ($alg, $kid) = @$_;
        my $head = encode_base64url(qq({"alg":"$alg"$kid}));
        my $part = encode_base64url($OK);
        (["$alg$kid, none", "$head.$part.",
            'token:token does not have three parts'],
        ["$alg$kid, one", $uaa->keep("$head.$part.$signature"),
            'token:algorithm of the token is not supported']) }
        ['none', ''], ['None', ''], ['NONE', ',"kid":"rsa"'], ['', ''],
        ['RS256 ', ''], ['rs256', ',"kid":"rsa"']),
    (map { my ($label, $key, $kid) = @$_;
        ["HS256, $label as the secret", $uaa->keep(encode_jwt(alg => 'HS256',
            payload => $uaa->claims, key => $key,
            extra_headers => { kid => $kid })),
            'token:algorithm of the token is not supported'] }
        ['PEM', $uaa->pem('rsa'), 'rsa'], ['the set', $uaa->set_text, 'rsa'],
        ['n', $uaa->jwk('rsa')->{n}, 'rsa'],
        ['k of the set', 'MARKER-shared', 'shared']),
    ['no alg', $uaa->raw_token('{"kid":"ed25519"}', $OK),
        'token:algorithm of the token is not supported'],
    ['alg is an array', $uaa->raw_token('{"alg":["EdDSA"]}', $OK),
        'token:algorithm of the token is not supported'],
    (map { ["signature: $_->[0]", $uaa->keep("$header.$claims.$_->[1]"),
        'token:signature of the token is not right'] }
        ['first character', flip($signature, 0)],
        ['the middle', flip($signature, 100)],
        ['of another token', (split /\./, $other)[2]],
        ['cut', substr $signature, 0, -2],
        ['longer', "${signature}AAAA"],
        ['short', 'AAAA']),
    ['other claims', $uaa->keep(join '.', $header, (split /\./, $other)[1],
        $signature), 'token:signature of the token is not right'],
    ['another header', $uaa->keep(join '.',
        encode_base64url('{"alg":"RS256","kid":"rsa"}'), $claims, $signature),
        'token:signature of the token is not right'],
);

table('no token', sub ($authorization) { ask($authorization) },
    ['no header',        undef,                'unauthenticated'],
    ['empty header',     '',                   'unauthenticated'],
    ['Basic',            'Basic YTpi',         'unauthenticated'],
    ['another scheme',   'Token x.y.z',        'unauthenticated'],
    ['a longer scheme',  'Bearers x.y.z',      'unauthenticated'],
    ['no blank',         "Bearer\tx.y.z",      'unauthenticated'],
    ['scheme of small letters', "bearer $good", 200],
    ['two blanks',       "Bearer  $good",      200],
    ['blanks behind',    "BEARER $good  ",     200],
    ['Bearer alone',     'Bearer',   'token:token does not have three parts'],
    ['an empty token',   'Bearer ',  'token:token does not have three parts'],
    ['two in one line',  "Bearer $good, Bearer $good",
        'token:token does not have three parts'],
    ['two words',        "Bearer $good x",
        'token:signature of the token is not base64url'],
);

table('parts', \&bearer,
    (map { [$_, $_, 'token:token does not have three parts'] }
        '.', '..', '...', 'a', 'a.b', '.b.c', 'a..c', 'a.b.', 'a.b.c.d',
        'a.b.c.'),
    ['another part', "$good.x", 'token:token does not have three parts'],
    (map { my ($what, $bad) = @$_;
        (["header: $what", "$bad.$claims.$signature",
            'token:header of the token is not base64url'],
        ["signature: $what", "$header.$claims.$bad",
            'token:signature of the token is not base64url']) }
        ['plus', 'ab+d'], ['slash', 'ab/d'], ['padding', 'YWI='],
        ['one left', 'abcde'], ['NUL-free control', "ab\x01d"],
        ['not ASCII', "ab\xe9d"], ['bits left', 'YWJ']),
    (map { my ($what, $text) = @$_;
        (["header: $what", $uaa->raw_token($text, $OK),
            'token:header of the token is not a JSON object'],
        ["claims: $what", $uaa->raw_token($ED, $text),
            'token:claims of the token are not a JSON object']) }
        ['no JSON', 'x'], ['open', '{"a":1'], ['an array', '[]'],
        ['a string', '"x"'], ['null', 'null'], ['two', '{}{}'],
        ['bad UTF-8', "{\"a\":\"\xff\"}"], ['NUL', '{"a":"\\u0000"}'],
        ['a key twice', '{"alg":"EdDSA","alg":"EdDSA"}'],
        ['deep', '{"a":' . '[' x 100 . ']' x 100 . '}']),
    ["$MAX bytes", token_of($MAX), 200],
    [$MAX + 1 . ' bytes', token_of($MAX + 1), 'token:token is too long'],
    ['1 MiB', 'x' x 1048576, 'token:token is too long'],
);

my $SOON = 50;    # less than the skew, however slow this is
my $PAST = 61;
my $NOT  = 'token:token has no valid expiry time';

table('claims', \&bearer,
    ["expired $SOON s ago",  $uaa->token(exp => time - $SOON), 200],
    ["expired $PAST s ago",  $uaa->token(exp => time - $PAST), 'token_expired'],
    ['expired long ago',     $uaa->token(exp => 0),  'token_expired'],
    ['before 1970',          $uaa->token(exp => -1), 'token_expired'],
    ['in no year',           $uaa->token(exp => 1e300), 200],
    ['exp with a fraction',  $uaa->token(exp => time + 60.5), 200],
    ['no exp',               $uaa->token(exp => undef), $NOT],
    ['exp is a string',      $uaa->token(exp => time + 600 . ''), $NOT],
    ['exp is an array',      $uaa->token(exp => [time + 600]), $NOT],
    ['exp is true',          $uaa->token(exp => \1), $NOT],
    ['exp is null',          $uaa->raw_token($ED, '{"exp":null}'), $NOT],
    ["valid in $SOON s",     $uaa->token(nbf => time + $SOON), 200],
    ['valid in 90 s',        $uaa->token(nbf => time + 90),
        'token:token is not valid yet'],
    ['nbf is a string',      $uaa->token(nbf => '0'),
        'token:token is not valid yet'],
    ['made in the future',   $uaa->token(iat => time + 600), 200],
    (map { my ($what, $issuer) = @$_;
        ["issuer: $what", $uaa->token(iss => $issuer),
            'token:token is from another issuer'] }
        ['another', 'https://evil'], ['none', undef], ['empty', ''],
        ['longer', $uaa->issuer . '/'], ['shorter', substr $uaa->issuer, 0, -1],
        ['case', uc $uaa->issuer], ['an array', [$uaa->issuer]]),
    (map { my ($what, $audience) = @$_;
        ["audience: $what", $uaa->token(aud => $audience),
            'token:token is for another audience'] }
        ['another', 'other'], ['none', undef], ['empty', []],
        ['others', ['other', 'credhubs']], ['case', 'CredHub'],
        ['deeper', [['credhub']]], ['a number', 1],
        ['an object', { credhub => 1 }]),
    ['audience: a string',  $uaa->token(aud => 'credhub'), 200],
    ['audience: the last',  $uaa->token(aud => [1, 'credhub']), 200],
    (map { my ($what, $scope) = @$_;
        ["scope: $what", $uaa->token(scope => $scope),
            'token:scopes of the token are not valid'] }
        ['a string', 'credhub.read credhub.write'], ['one', 'credhub.read'],
        ['numbers', [1, 2]], ['a number', 1], ['an object', {}],
        ['a string and a number', ['credhub.read', 1]]),
    (map { my ($what, $scope) = @$_;
        ["scope: $what", $uaa->token(scope => $scope), 'scope:read'] }
        ['none', undef], ['empty', []], ['the other', ['credhub.write']],
        ['similar ones', ['credhub.rea', 'credhub.read2', 'Credhub.read',
            'credhub', 'read', 'credhub.*', 'credhub.read credhub.write']]),
    ['no grant_type', $uaa->token(grant_type => undef),
        'token:token does not say how it was granted'],
    (map { ["grant_type: $_->[0]", $uaa->token(grant_type => $_->[1]),
        'token:grant type of the token is not supported'] }
        ['unknown', 'authorization_code'], ['empty', ''],
        ['case', 'Password'], ['a number', 1], ['an array', ['password']]),
    (map { my ($what, %claims) = @$_;
        ["actor: $what", $uaa->token(sub => "x", %claims),
            'token:token does not name its actor'] }
        ['no client', client_id => undef], ['empty', client_id => ''],
        ['a number', client_id => 1], ['long', client_id => 'x' x 256],
        ['control', client_id => "a\nb"], ['no user', user => 'u',
            user_id => undef], ['an array', user => 'u', user_id => ['u']]),
    ['sub is a number', $uaa->token(sub => 1),
        'token:subject of the token is not valid'],
);

table('no issuer and no audience are configured',
    sub ($token) { bearer($token, '/version', port => 'any') },
    ['of anybody', $uaa->token(iss => 'https://x', aud => undef), 200],
    ['odd ones',   $uaa->token(iss => [1], aud => { a => 1 }), 200],
    ['but known',  $uaa->token(header => { kid => 'new' }),
        'token:key of the token is not known'],
);

table('the key is PEM', sub ($token) {
    bearer($token, '/version', port => 'pem') },
    ['its kid does not matter', $uaa->token(header => { kid => 'any' }), 200],
    ['no kid',   $uaa->token(alg => 'PS256', header => { kid => undef }), 200],
    ['another key', $uaa->token(kid => 'p256'),
        'token:key of the token is not for its algorithm'],
    ['a lie', $uaa->keep(flip($good, -9)),
        'token:signature of the token is not right'],
);

subtest 'two Authorization lines' => sub {
    for my $names (['Authorization', 'Authorization'],
        ['authorization', 'AUTHORIZATION'])
    {
        for my $second ("Bearer $other", 'Basic YTpi', '') {
            my $r = $hub->get('/version', headers => [
                $names->[0] => "Bearer $good", $names->[1] => $second]);
            is($r->status, 400, "@$names, $second" =~ s/\..*//r);
            is(join(' ', keys %{ $r->json }), 'error', 'JSON');
        }
    }

    my $http2 = $hub->connect_h2;
    my $id = $http2->request('GET', '/version', headers => [
        authorization => "Bearer $good", authorization => "Bearer $other"]);
    is($http2->response($id)->status, 400, 'HTTP/2');
    like($hub->error_log, qr/duplicate header line: "authorization" while/,
        'the log names the line');
};

subtest 'where a token is no token' => sub {
    for my $target ("/version?access_token=x.y.z", '/version?token=x') {
        is_error($hub->get($target), 'unauthenticated', $target);
    }

    is_error($hub->post("$DATA?access_token=x", 'access_token=x', headers => {
        'Content-Type' => 'application/x-www-form-urlencoded' }),
        'unauthenticated', 'a form');

    my $r = bearer($good, '/version', port => 'none');
    is_error($r, 'unauthenticated', 'no keys are configured');
    is($r->header('WWW-Authenticate'), undef, 'nor is a token asked for');

    $r = bearer('x' x 9000, '/version', port => 'small');
    is($r->status, 400, 'more than nginx takes');
    is(join(' ', keys %{ $r->json }), 'error', 'JSON');
};

subtest 'what is open to anybody' => sub {
    my @rows = (
        # label, token, answer
        ['good',      $good, 200],
        ['no scopes', $uaa->token(scope => []), 200],
        ['expired',   $uaa->token(exp => time - $PAST), 'token_expired'],
        ['bad',       'x', 'token:token does not have three parts'],
    );

    for my $target ('/info', '/health') {
        judged(bearer($_->[1], $target), $_->[2], "$target $_->[0]") for @rows;
        is(ask('Basic x', $target)->status, 200, "$target, another scheme");
    }
};

$hub->done;
