# Where the keys of tokens come from: a file, or a request to whoever issues
# them, which may be down, slow or wrong. Requests are counted at their source.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Authority;
use CredHubTest::Errors qw(is_error answers);
use CredHubTest::Nginx;
use CredHubTest::Process qw(read_file write_file);
use JSON::PP ();
use Test::More;

my $DATA = '/api/v1/data';
my $FAIL = qr/\[error\].*credhub: no token keys from "\/keys": (.*?), status/;
my $NEW  = 'token:key of the token is not known';

my $hub = CredHubTest->new(start => 0, permissions => [
    ['good', '/*', 'read,write'], ['uaa-client:app', '/*', 'read,write']]);
my $uaa = CredHubTest::Authority->new($hub, start => 0);
my $none = $hub->as(undef);

my $good = $uaa->token;
my $ed   = $uaa->token(kid => 'ed25519');


# A hub that knows no keys, and an authority that is as it should be. Each way
# is a server (its port has the name of the way) with keys of its own: [name,
# lines of the location, lines of the server, URI in the place of /keys]. More
# options are those of CredHubTest.
sub fresh ($ways, %opt) {
    $hub->quit if $hub->nginx_pid;
    $uaa->start if !$uaa->up;
    $uaa->publish(qw(rsa p256 p384 ed25519));
    $uaa->behave;
    $uaa->forget;
    $hub->configure(workers => 1, http => '', server => '', %opt, servers => [
        map { { port => $_->[0], server =>
            $uaa->location('/keys', $_->[1] // '')
            . "credhub_jwt_key_request @{[$_->[3] // '/keys']};"
            . ($_->[2] // '') } } @$ways]);
    $hub->start;
    return;
}

sub ask ($token, $target = '/version', %opt) {
    return $none->request($opt{method} // 'GET', $target, %opt,
        headers => { Authorization => "Bearer $token" });
}

# What the log says of requests in vain, since the last call
my $read = 0;
sub failures () {
    my $log  = $hub->error_log;
    my $part = substr $log, $read;
    $read = length $log;
    return [$part =~ /$FAIL/g];
}


subtest 'a key file' => sub {
    my $at = sub ($name, $text) {
        return write_file($hub->scratch . "/$name", $text);
    };
    my $set = $uaa->set_text;
    my $odd = JSON::PP->new->encode({ more => 1, keys => [
        1, 'x', undef, [], {}, { kty => 'oct', k => 'AAAA' },
        { kty => 'RSA', n => 'AQAB', e => 'AQAB' }, { kty => 'EC' },
        { kty => 'NEW', kid => 'rsa' }, $uaa->jwk('rsa', use => 'enc'),
        $uaa->jwk('ed25519', crv => 'X25519'), $uaa->jwk('rsa', alg => 'XX'),
        $uaa->jwk('rsa'), $uaa->jwk('p256', y => 'AAAA'),
        $uaa->jwk('ed25519') ] });
    my @rows = (
        # label, file, answer to a token of: RSA, Ed25519
        ['a set',       $at->('set', $set),                  200, 200],
        ['odd members', $at->('odd', $odd),                  200, 200],
        ['PEM',         $at->('rsa', $uaa->pem('rsa')),      200,
            'token:key of the token is not for its algorithm'],
        ['PEM, Ed25519', $at->('ed', $uaa->pem('ed25519')),
            'token:key of the token is not for its algorithm', 200],
        ['text before', $at->('before', "x\n" . $uaa->pem('rsa')), 200,
            'token:key of the token is not for its algorithm'],
        ['the set of another', $at->('other', JSON::PP->new->encode(
            { keys => [$uaa->jwk('rsa', kid => 'x')] })), $NEW, $NEW],
    );

    for (@rows) {
        my ($label, $file, @expected) = @$_;
        $hub->configure(server => "credhub_jwt_key_file $file;");
        $hub->nginx_pid ? $hub->reload : $hub->start;

        answers(ask($_), shift @expected, $label) for $good, $ed;
    }

    unlink $rows[0][1];
    $hub->configure(server => "credhub_jwt_key_file $rows[1][1];");
    $hub->reload;
    write_file($rows[1][1], '{"keys":[]}');
    is(ask($good)->status, 200, 'the file is read once');
};


subtest 'what the source is told' => sub {
    my %secret = (Authorization => "Bearer $good", Cookie => 'MARKER=cookie',
        'X-Own' => 'MARKER-own', 'User-Agent' => 'agent-of-the-client',
        'Accept-Encoding' => 'gzip', 'If-None-Match' => '*',
        Range => 'bytes=0-0', Expect => '100-continue');
    my $lines = join ' ', map { s/^X-(.*) (.*)/proxy_set_header X-$1 $2;/r }
        'X-Token $http_authorization', 'X-Set $kept', 'X-Map $mapped',
        'X-Cookie $http_cookie', 'X-Cookie2 $cookie_marker', 'X-Arg $args',
        'X-Length $content_length', 'X-Type $content_type',
        'X-Body $request_body', 'X-Agent $http_user_agent';
    my $http = 'map $http_authorization $mapped'
        . ' { default $http_authorization; } log_format own'
        . ' "own $http_user_agent $request_method"; access_log '
        . $hub->scratch . '/own.log own;';
    my $body = { name => '/told', type => 'value', value => 'MARKER-told' };
    my @rows = (
        # label, lines of the location
        ['as it is',         ''],
        ['headers are set',  $lines],
        ['HTTP/1.1',         'proxy_http_version 1.1; proxy_set_header'
            . ' Connection "";'],
        ['a body is set',    'proxy_set_body "$request_body";'],
        ['with its headers', 'proxy_pass_request_headers on;'
            . ' proxy_pass_request_body on; proxy_request_buffering off;'],
    );

    my @hows = ('PUT', 'chunked', 'HTTP/2');

    fresh([map { my ($label, $more) = @$_;
        map { ["$label, $_", $more,
            'set $kept $http_authorization; if ($mapped) { }'] } @hows } @rows],
        http => $http);

    for (@rows) {
        for my $how (@hows) {
            my $label = "$_->[0], $how";
            my @opt   = (port => $label, $how eq 'chunked'
                ? (chunks => [JSON::PP->new->encode($body)]) : (json => $body));

            $uaa->forget;
            my $r = $how eq 'HTTP/2'
                ? $none->h2('PUT', "$DATA?x=of-the-client", @opt,
                    headers => { %secret{qw(Authorization Cookie X-Own)} })
                : $none->put("$DATA?x=of-the-client", undef, @opt,
                    headers => \%secret);

            is($r->status, 200, "$label: set");
            my @asked = $uaa->requests;
            is(@asked, 1, "$label: asked once");
            is("@{$asked[0]}{qw(method target)}", 'GET /token_keys', 'for it');
            is($asked[0]{body}, '', 'without a body');

            my $told = $asked[0]{headers};
            delete $told->{'content-length'} if $label =~ /^a body is set/
                && $told->{'content-length'} == 0;
            is_deeply([grep { !/^(?:host|connection)$/ } keys %$told], [],
                "$label: no header field");
            unlike(join(' ', values %$told), qr/MARKER|Bearer|client/,
                'nothing of the client');
        }
    }

    my $own = read_file($hub->scratch . '/own.log');
    like($own, qr/^own agent-of-the-client PUT$/m, 'nginx knows it still');
};


# name => [how the source behaves, what the log says of it]
my %BAD = (
    'status 500'   => [{ status => 500 }, 'the request for them failed'],
    'status 404'   => [{ status => 404 }, 'the request for them failed'],
    'status 302'   => [{ status => 302, location => 'https://x/' },
        'the request for them failed'],
    'status 204'   => [{ status => 204, body => '' },
        'the request for them failed'],
    'not JSON'     => [{ body => '<html>MARKER</html>' },
        qr/neither a JWK set nor PEM/],
    'broken JSON'  => [{ body => '{"keys":[' }, 'not valid JSON'],
    'another JSON' => [{ body => '{"error":"x"}' }, qr/no array "keys"/],
    'no answer'    => [{ body => '' }, qr/the answer is empty/],
    'an empty set' => [{ body => '{"keys":[]}' }, 'the set has no usable key'],
    'no usable key' => [{ body => '{"keys":[{"kty":"oct","k":"AAAA"}]}' },
        'the set has no usable key'],
    'compressed'   => [{ gzip => 1 }, qr/encoded/],
    'over 1 MiB'   => [{ pad => 1048577 },
        qr/larger than 1 MiB/],
    'more, in chunks' => [{ pad => 2000000, chunked => 1 },
        qr/larger than 1 MiB/],
    'cut off'      => [{ cut => 100 }, qr/./],
    'cut at once'  => [{ cut => 0 }, qr/./],
);

subtest 'a source that is wrong' => sub {
    my @names = sort keys %BAD;
    fresh([map { [$_] } @names]);

    for my $name (@names) {
        my ($how, $said) = @{ $BAD{$name} };
        $uaa->behave(%$how);
        $uaa->forget;
        failures();

        my $client = $none->connect(port => $name);
        my $r = $client->request('GET', '/version', keep => 1,
            headers => { Authorization => "Bearer $good" })->response;
        is_error($r, 'no_token_keys', $name);
        is($r->header('Retry-After'), 1, "$name: and when to come back");
        is($client->request('GET', '/health', keep => 1)->response->status,
            200, "$name: the connection goes on");

        my $failures = failures();
        is(@$failures, 1, "$name: said once");
        like($failures->[0] // '', ref $said ? $said : qr/^\Q$said\E/,
            "$name: said why");
        is($uaa->count, 1, "$name: asked once");
    }

    $uaa->behave;
    ok(wait_until(60, sub {
        ask($good, '/version', port => $_)->status == 200 }),
        "$_: until it is well") for @names;
};


subtest 'a source that is down' => sub {
    my @down = (port => 'down');
    fresh([['down']]);
    $uaa->stop;
    failures();

    is_error(ask($good, '/version', @down), 'no_token_keys', 'at the start');
    is(@{ failures() }, 1, 'said once');
    like($hub->error_log, qr/no token keys .*, status 502/, 'and all of it');
    is_error(ask($good, '/info', @down), 'no_token_keys', '/info with one');
    is($hub->as('good')->get('/version', @down)->status, 200, 'a certificate');
    is_error($none->get('/version', @down), 'unauthenticated', 'no token');

    $uaa->start;
    ok(wait_until(60, sub { ask($good, '/version', @down)->status == 200 }),
        'it comes');

    $uaa->stop;
    is(ask($good, '/version', @down)->status, 200, 'it goes, the keys stay');
    is(ask($ed, '/version', @down)->status, 200,
        'for tokens that were not seen yet too');
    is_error(ask($uaa->token(header => { kid => 'x' }), '/version',
        @down), $NEW,
        'an unknown key is none');
    is(ask($good, '/version', @down)->status, 200, 'and the keys stay');
};


# A set that the longest documents are made of
sub many ($n, @more) {
    return { body => JSON::PP->new->encode({ keys => [
        (map { $uaa->jwk('p256', kid => "k$_") } 1 .. $n), @more] }) };
}

subtest 'large sets' => sub {
    my $odd = { kty => 'odd', kid => 'rsa' };
    my $rsa = $uaa->jwk('rsa');
    my @rows = (
        # label, behavior, answer
        ['1,000 keys', many(999, $rsa), 200],
        ['1,001 keys', many(1000, $rsa), 'no_token_keys'],
        ['1,000 keys among others', many(999, ($odd) x 500, $rsa), 200],
        ['1 MiB', { pad => 1048576 }, 200],
        ['in chunks', { %{ many(300, $rsa) }, chunked => 1 }, 200],
    );

    fresh([map { [$_->[0]] } @rows], workers => 2);

    for (@rows) {
        my ($label, $how, $expected) = @$_;
        $uaa->behave(%$how);
        $uaa->forget;
        answers(ask($good, '/version', port => $label), $expected, "$label: $_")
            for 1 .. 6;
        is($uaa->count, 1, "$label: asked once") if $expected eq '200';
    }
};


subtest 'ways of nginx' => sub {
    my $files = $hub->scratch;
    my $plain = CredHubTest::Nginx->free_port;
    my $http = "proxy_cache_path $files/cache keys_zone=cache:1m; sendfile on;"
        . ' output_buffers 1 4k;';
    my $bulk = many(900, $uaa->jwk('rsa'));
    my @rows = (
        # label, lines of the location
        ['buffered',     'proxy_buffering on;'],
        ['not buffered', 'proxy_buffering off;'],
        ['in a file',    'proxy_buffers 4 4k; proxy_buffer_size 4k;'
            . ' proxy_busy_buffers_size 8k; proxy_max_temp_file_size 2m;'],
        ['in a cache',   'proxy_cache cache; proxy_cache_valid 1m;'],
        ['of a cache',   'proxy_cache cache; proxy_cache_valid 1m;'],
        ['with gzip',    'gzip on; gzip_types *;'],
        ['as a part',    'ssi on; ssi_types *; sub_filter x y;'],
        ['limited',      'limit_rate 10m;'],
        ['error_page',   'error_page 404 /keys2; proxy_intercept_errors on;'],
    );

    # what is in a file of nginx's own the kernel could send
    write_file("$files/keys.json", $bulk->{body});
    fresh([@rows, ['a file', '', 'location = /file { internal; alias '
        . "$files/keys.json; } listen 127.0.0.1:$plain;", '/file']],
        http => $http);
    $uaa->behave(%$bulk);

    for my $label (map { $_->[0] } @rows) {
        $uaa->forget;
        is(ask($good, '/version', port => $label)->status, 200, $label);
        is($uaa->count, $label eq 'of a cache' ? 0 : 1, "$label: requests");
    }

    is(ask($good, '/version', port => $plain, plain => 1)->status, 200,
        'a file, without TLS');
    is(ask($good, '/version', port => 'a file')->status, 200, 'with TLS');
};

$hub->done;
