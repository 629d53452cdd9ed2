# Connections: requests one after another, pipelines, versions of HTTP.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use JSON::PP qw(encode_json);
use Test::More;

my $DATA = '/api/v1/data';
my $hub  = CredHubTest->new(server => 'credhub_management local;');
my $put  = { name => '/c/x', type => 'value', value => 'MARKER-x' };
my $body = encode_json($put);

$hub->set('/c/x', 'value', 'MARKER-x');


# A whole request as bytes
sub bytes ($method, $target, $content = undef) {
    my $text = "$method $target HTTP/1.1\r\nHost: localhost\r\n";
    $text .= "Content-Type: application/json\r\nContent-Length: "
        . length($content) . "\r\n" if defined $content;
    return "$text\r\n" . ($content // '');
}


my @in_a_row = (
    # method, target, body, status
    ['PUT',     $DATA,               $body,     200],
    ['GET',     "$DATA?name=/c/x",   undef,     200],
    ['GET',     '/none',             undef,     404],
    ['GET',     "$DATA?name=/none",  undef,     404],
    ['GET',     $DATA,               undef,     400],
    ['PUT',     $DATA,               '{',       400],
    ['PUT',     $DATA,               '{"a":1}', 422],
    ['PATCH',   $DATA,               $body,     405],
    ['GET',     '//',                undef,     400],
    ['HEAD',    "$DATA?name=/c/x",   undef,     200],
    ['HEAD',    '/none',             undef,     404],
    ['OPTIONS', $DATA,               undef,     200],
    ['GET',     '/info',             'null',    200],
    ['POST',    '/none',             'x' x 100_000, 404],
    ['PATCH',   $DATA,               'x' x 100_000, 405],
    ['DELETE',  "$DATA?name=/none",  undef,     404],
    ['GET',     "$DATA?name=/c/x",   undef,     200],
);

subtest 'one connection goes on behind any error' => sub {
    my $one = $hub->connect;

    for (@in_a_row) {
        my ($method, $target, $content, $status) = @$_;
        my $r = $one->request($method, $target, keep => 1,
            defined $content ? (body => $content) : ())->response;

        is($r->status, $status, "$method $target");
        is($r->header('Connection'), 'keep-alive', 'it stays open');
    }
};

subtest 'a pipeline is answered in order' => sub {
    my $one = $hub->connect;
    $one->send(join '', map { bytes(@$_[0 .. 2]) } @in_a_row);

    for (@in_a_row) {
        my ($method, $target, $content, $status) = @$_;
        $one->{method} = $method;
        is($one->response->status, $status, "$method $target");
    }

    my $two   = $hub->connect;
    my @names = map {"/c/pipe/$_"} 1 .. 20;
    $two->{method} = 'GET';
    $two->send(join '', map {
        bytes('PUT', $DATA, encode_json({ %$put, name => $_,
            value => "MARKER-$_" })),
        bytes('GET', "$DATA?current=true&name=$_")
    } @names);

    for (@names) {
        is($two->response->json->{name}, $_, "PUT $_");
        is($two->response->json->{data}[0]{value}, "MARKER-$_", "GET $_");
    }
};

subtest 'a stranger keeps the connection' => sub {
    my $one = $hub->connect(cert => undef);

    is($one->request('PUT', $DATA, json => $put, keep => 1)->response->status,
        401);
    is($one->request('GET', '/info', keep => 1)->response->status, 200);
    is($one->request('PUT', $DATA, body => 'x' x 100_000, keep => 1)
        ->response->status, 401);
    is($one->request('GET', '/info', keep => 1)->response->status, 200);
    is($hub->current('/c/x')->{value}, 'MARKER-x');
};

subtest 'what nginx cannot understand ends the connection' => sub {
    for my $bytes ("GET /% HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "PUT $DATA HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        "PUT $DATA HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
        . "Content-Length: 2\r\n\r\nab",
        "PUT $DATA HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
        . "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "PUT $DATA HTTP/1.1\r\nHost: x\r\n"
        . "Content-Type: application/json\r\n"
        . "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        "GET /info HTTP/1.1\r\nHost: x\r\n"
        . "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n")
    {
        my $one = $hub->connect;
        $one->{method} = 'GET';
        $one->send($bytes . bytes('DELETE', "$DATA?name=/c/x"));

        my $r = $one->response;
        (my $label = $bytes) =~ s/\s+/ /g;
        is($r->status, 400, $label);
        like($r->json->{error}, qr/\S/, "$label: JSON");
        is($one->response->status, 0, "$label: no more answers");
    }

    is($hub->current('/c/x')->{value}, 'MARKER-x', 'nothing was smuggled');
};

subtest '100 Continue' => sub {
    my @rows = (
        # certificate, method, target, content type, answer
        ['good', 'PUT',    $DATA,   'application/json', 100],
        ['good', 'POST',   '/api/v1/interpolate', 'application/json', 100],
        ['good', 'POST',   '/management', 'application/json', 100],
        ['second', 'PUT',  $DATA,   'application/json', 100],
        [undef,  'PUT',    $DATA,   'application/json', 401],
        [undef,  'POST',   '/none', 'application/json', 401],
        ['noou', 'PUT',    $DATA,   'application/json', 401],
        ['expired', 'PUT', $DATA,   'application/json', 400],
        ['good', 'PUT',    $DATA,   'text/plain',       400],
        ['good', 'PUT',    '/none', 'application/json', 404],
        ['good', 'PATCH',  $DATA,   'application/json', 405],
        ['good', 'PUT',    "$DATA?%zz", 'application/json', 400],
        ['good', 'PUT',    '/api//v1/data', 'application/json', 400],
    );

    for (@rows) {
        my ($cert, $method, $target, $type, $expected) = @$_;
        my $label = ($cert // 'none') . " $method $target $type";
        my $one   = $hub->connect(cert => $cert);
        $one->request($method, $target, keep => 1, headers => {
            Expect => '100-continue', 'Content-Type' => $type,
            'Content-Length' => 2 });

        if ($expected == 100) {
            my $seen = '';
            local $SIG{ALRM} = sub { die "nothing came\n" };
            alarm 20;
            sysread $one->socket, $seen, 25 - length $seen, length $seen
                while length $seen < 25;
            alarm 0;
            is($seen, "HTTP/1.1 100 Continue\r\n\r\n", $label);
            $one->send('{}');
            like($one->response->status, qr/^[2-4]\d\d$/, 'and its answer');
            next;
        }

        my $r = $one->response;
        is($r->status, $expected, $label);
        is_deeply($r->interim, [], 'nothing before it');
    }
};

subtest 'management asks strangers for no body' => sub {
    my @rows = (
        # setting, certificate, source address, answer
        ['off',        undef,    undef,       401],
        ['off',        'good',   undef,       404],
        ['permission', undef,    undef,       401],
        ['permission', 'noou',   undef,       401],
        ['local',      undef,    '127.0.0.2', 401],
        ['local',      'good',   '127.0.0.2', 401],
    );
    my $setting = '';

    for (@rows) {
        my ($how, $cert, $from, $status) = @$_;

        if ($how ne $setting) {
            $hub->configure(server => "credhub_management $how;");
            $hub->reload;
            $setting = $how;
        }

        my $one = $hub->connect(cert => $cert, from => $from);
        my $r = $one->request('POST', '/management', headers => {
            Expect => '100-continue', 'Content-Type' => 'application/json',
            'Content-Length' => 100 })->response;

        is($r->status, $status, join ' ', $how, $cert // 'none', $from // '');
        is_deeply($r->interim, [], 'nothing before it');
    }
};

subtest 'HTTP/1.0' => sub {
    my @rows = (
        # head, status, does the connection stay open?
        ['GET /info HTTP/1.0', 200, 0],
        ["GET $DATA?name=/c/x HTTP/1.0", 200, 0],
        ["GET $DATA?name=/c/x HTTP/1.0\r\nConnection: keep-alive", 200, 1],
        ['GET /none HTTP/1.0', 404, 0],
        ['GET // HTTP/1.0', 400, 0],
    );

    for (@rows) {
        my ($head, $status, $stays) = @$_;
        my $one = $hub->connect;
        $one->{method} = 'GET';
        $one->send("$head\r\n\r\n");

        my $r = $one->response;
        is($r->status, $status, $head);
        is($r->header('Content-Length'), length $r->body, "$head: length");
        is($one->request('GET', '/info')->response->status,
            $stays ? 200 : 0, "$head: and then") ;
    }
};

subtest 'HTTP/2' => sub {
    my $id   = $hub->current('/c/x')->{id};
    my @rows = (
        # method, target, options, status or error
        ['PUT',    $DATA, { json => $put }, 200],
        ['GET',    "$DATA?name=/c/x", {}, 200],
        ['GET',    "$DATA/$id", {}, 200],
        ['HEAD',   "$DATA?name=/c/x", {}, 200],
        ['POST',   $DATA, { json => { name => '/c/p', type => 'password' } },
            200],
        ['GET',    "$DATA?path=/c", {}, 200],
        ['POST',   '/api/v1/interpolate', { json => {} }, 200],
        ['DELETE', "$DATA?name=/c/p", {}, 204],
        ['DELETE', "$DATA?name=/c/p", {}, 'credential'],
        ['GET',    '/none', {}, 'not_found'],
        ['PATCH',  $DATA, { json => {} }, 'method'],
        ['PUT',    $DATA, { body => '{' }, 'bad_request'],
        ['PUT',    $DATA, { json => { %$put, x => 1 } }, 'unknown_key:x'],
        ['PUT',    $DATA, { json => $put, cert => 'second' }, 'denied'],
        ['GET',    $DATA, { cert => undef }, 'unauthenticated'],
        ['PUT',    $DATA, { json => $put, cert => undef }, 'unauthenticated'],
        ['PUT',    $DATA, { json => $put, cert => 'noou' }, 'mtls_id'],
        ['PUT',    $DATA, { json => $put, cert => 'expired' },
            'certificate:expired'],
        ['PUT',    $DATA, { body => 'x' x 2_000_000 }, 413],
    );

    for (@rows) {
        my ($method, $target, $opt, $expected) = @$_;
        my $label = "$method $target " . ($opt->{cert} // '');
        my $r = $hub->h2($method, $target, %$opt);

        $expected =~ /^\d+$/ ? is($r->status, $expected, $label)
            : is_error($r, $expected, $label);
        $hub->keep_secret($r->json->{value})
            if $method eq 'POST' && $target eq $DATA;
    }
};

$hub->done;
