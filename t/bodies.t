# Bodies in every form that HTTP knows, and none of them on the disk: the
# directory for them is taken away, so that whoever writes there fails.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Process qw(read_file);
use IO::Socket::INET;
use JSON::PP qw(encode_json);
use Test::More;

my $LIMIT = 100_000;    # client_max_body_size
my $OURS  = 64 << 20;   # where it is 0

my $page = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
    or die $!;

my $hub = CredHubTest->new(
    proxy  => 1,
    server => "client_body_buffer_size 1k; client_max_body_size $LIMIT;
        keepalive_requests 100000;",
    config => sub ($hub) {
        my $port = $hub->port;
        my $self = "https://127.0.0.1:$port/sink";
        return join "\n", $hub->hub_lines, $hub->server_block,
            $hub->server_block(port => 'open', server => <<"END_SERVER"),
                client_max_body_size 0;
                location = /copy { proxy_pass $self; }
                location = /sink { return 204; }
END_SERVER
            $hub->server_block(port => 'hasty',
                server => 'client_body_timeout 300ms;'),
            $hub->server_block(port => 'page', server => <<"END_SERVER");
                client_max_body_size 1000;
                error_page 413 /page;
                location = /page {
                    proxy_pass http://127.0.0.1:@{[$page->sockport]};
                    proxy_ignore_client_abort on;
                }
END_SERVER
    },
);
my $proxy = $hub->proxy;

rmdir $hub->dir . '/temp/body' or die $!;

subtest 'a body on the disk would be seen' => sub {
    $hub->expect_log(qr{open\(\) "\S+/temp/body/\S+" failed});
    my $r = $hub->put('/copy', 'x' x 100_000, port => 'open');
    is($r->status, 500, 'another handler writes it there');
    like($hub->error_log, qr{temp/body/\S+" failed}, 'and fails');
};


# The same request in all its forms. A row: name, size of the value, a function
# of the JSON that sends it and returns the response.

my $count = 0;

sub body ($size) {
    $count++;
    my $value = "MARKER-$count-";
    $value .= chr ord('a') + $_ % 26 for length($value) .. $size - 1;
    return ("/body/$count", $value, encode_json({ name => "/body/$count",
        type => 'value', value => $value }));
}

sub pieces ($bytes, $size) { return unpack "(a$size)*", $bytes }

sub begin (%opt) {
    my ($client, @head) = ($opt{client} // $hub->connect, @{ $opt{head} });
    my %head = (Host => 'localhost', 'Content-Type' => 'application/json',
        @head);
    $client->{method} = 'PUT';
    $client->send("PUT /api/v1/data HTTP/1.1\r\n"
        . join('', map {"$_: $head{$_}\r\n"} sort keys %head) . "\r\n"
        . ($opt{first} // ''));
    return $client;
}

sub lengthy ($json) { return ['Content-Length' => length $json] }

my $chunked = ['Transfer-Encoding' => 'chunked'];

sub in_pieces ($json, $size, $between = sub { }) {
    my $client = begin(head => lengthy($json));
    for my $piece (pieces($json, $size)) {
        $client->send($piece);
        $between->();
    }
    return $client->response;
}

sub in_chunks ($json, $size, $between = sub { }) {
    my $client = begin(head => $chunked);
    for my $piece (pieces($json, $size)) {
        $client->send_chunk($piece);
        $between->();
    }
    $client->send_chunk('');
    return $client->response;
}

sub another () {
    is($hub->get('/version')->status, 200, 'another request meanwhile');
}

sub frames ($json, $size, $between = sub ($c) { }, @head) {
    my $client = $hub->connect_h2;
    my $id = $client->request('PUT', '/api/v1/data', open => 1,
        headers => \@head);
    for my $piece (pieces($json, $size)) {
        $client->data($id, $piece);
        $between->($client);
    }
    $client->data($id, '', 1);
    return $client->response($id);
}

my @forms = (
    ['with its head', 100, sub ($json) {
        return begin(head => lengthy($json), first => $json)->response;
    }],
    ['a large one with its head', 60_000, sub ($json) {
        return begin(head => lengthy($json), first => $json)->response;
    }],
    ['of exactly the buffer', 980, sub ($json) {
        is(length $json, 1024, 'that size');
        return in_pieces($json, 1024);
    }],
    ['one byte a TLS record', 2000, sub ($json) { in_pieces($json, 1) }],
    ['seven bytes a TLS record', 20_000,
        sub ($json) { in_pieces($json, 7) }],
    ['slow', 60_000, sub ($json) { in_pieces($json, 16_000, \&another) }],
    ['one chunk', 60_000, sub ($json) { in_chunks($json, 100_000) }],
    ['many chunks', 60_000, sub ($json) { in_chunks($json, 1000) }],
    ['chunks of one byte', 1500, sub ($json) { in_chunks($json, 1) }],
    ['slow chunks', 60_000,
        sub ($json) { in_chunks($json, 16_000, \&another) }],
    ['chunks with extensions and a trailer', 3000, sub ($json) {
        my $client = begin(head => $chunked);
        for my $piece (pieces($json, 100)) {
            $client->send(sprintf "%X;a=b\r\n%s\r\n", length $piece, $piece);
        }
        $client->send("0\r\nX-Trailer: 1\r\n\r\n");
        return $client->response;
    }],
    ['chunked, one byte a TLS record', 500, sub ($json) {
        my $client = begin(head => $chunked);
        my $bytes  = sprintf "%x\r\n%s\r\n0\r\n\r\n", length $json, $json;
        $client->send($_) for split //, $bytes;
        return $client->response;
    }],
    ['Expect: 100-continue', 60_000, sub ($json) {
        my $client = begin(head => [@{ lengthy($json) },
            Expect => '100-continue']);
        is($client->bytes(25), "HTTP/1.1 100 Continue\r\n\r\n", 'continue');
        $client->send($json);
        my $r = $client->response;
        is_deeply($r->interim, [], 'once');
        return $r;
    }],
    ['behind a pipelined request', 5000, sub ($json) {
        my $client = $hub->connect;
        $client->send("GET /version HTTP/1.1\r\nHost: x\r\n\r\n");
        begin(client => $client, head => lengthy($json), first => $json);
        $client->{method} = 'GET';
        is($client->response->status, 200, 'the first');
        $client->{method} = 'PUT';
        return $client->response;
    }],
    ['before a pipelined request', 5000, sub ($json) {
        my $client = begin(head => lengthy($json),
            first => $json . "GET /version HTTP/1.1\r\nHost: x\r\n\r\n");
        my $r = $client->response;
        $client->{method} = 'GET';
        is($client->response->status, 200, 'the second');
        return $r;
    }],
    ['HTTP/2, large frames', 60_000, sub ($json) { frames($json, 16_384) }],
    ['HTTP/2, small frames', 5000, sub ($json) { frames($json, 3) }],
    ['HTTP/2, with its length', 5000, sub ($json) {
        return frames($json, 1000, sub { }, 'content-length', length $json);
    }],
    ['HTTP/2, slow', 60_000, sub ($json) {
        return frames($json, 8000, sub ($c) { $c->ping; another() });
    }],
    ['HTTP/2, between other streams', 60_000, sub ($json) {
        return frames($json, 8000, sub ($c) {
            my $id = $c->request('GET', '/version');
            is($c->response($id)->status, 200, 'another stream');
        });
    }],
);

for my $form (@forms) {
    my ($title, $size, $send) = @$form;

    subtest $title => sub {
        my ($name, $value, $json) = body($size);
        my $r = $send->($json);

        is($r->status, 200) or diag $r->error // $r->body;
        is($r->json->{value}, $value, 'answered');
        is($hub->current($name)->{value}, $value, 'stored');
    };
}


# Bodies that are refused. A row: name, a function that sends it and returns
# the response, status, error. Nothing is stored.

my $TOO_LARGE = 'The request body is too large.';
my $BAD       = 'The request could not be understood.';

my ($name, $value, $json) = body(3000);

my @refused = (
    ['over the limit', sub {
        return begin(head => ['Content-Length' => $LIMIT + 1])->response;
    }, 413, $TOO_LARGE],
    ['chunks over the limit', sub {
        my $client = begin(head => $chunked);
        $client->send_chunk('x' x 10_000) for 0 .. $LIMIT / 10_000;
        return $client->response;
    }, 413, $TOO_LARGE],
    ['HTTP/2, over the limit', sub {
        my $client = $hub->connect_h2;
        return $client->response($client->request('PUT', '/api/v1/data',
            open => 1, headers => ['content-length' => $LIMIT + 1]));
    }, 413, $TOO_LARGE],
    ['HTTP/2, frames over the limit', sub {
        return frames('x' x ($LIMIT + 1), 10_000);
    }, 413, $TOO_LARGE],
    ['over our own limit', sub {
        return begin(client => $hub->connect(port => 'open'),
            head => ['Content-Length' => $OURS + 1])->response;
    }, 413, $TOO_LARGE],
    ['chunks over our own limit', sub {
        my $client = begin(client => $hub->connect(port => 'open'),
            head => $chunked);
        my $chunk = 'x' x (1 << 20);
        for (0 .. $OURS >> 20) {
            last if !$client->send_chunk($chunk);
        }
        return $client->response;
    }, 413, $TOO_LARGE],
    ['a value over its limit', sub {
        my (undef, undef, $large) = body(65_537);
        return begin(client => $hub->connect(port => 'open'),
            head => lengthy($large), first => $large)->response;
    }, 413, 'The value is too large to be stored.'],
    ['no chunk', sub {
        return begin(head => $chunked, first => "zz\r\n")->response;
    }, 400, $BAD],
    ['a chunk that ends elsewhere', sub {
        return begin(head => $chunked, first => "2\r\n{}{}\r\n")->response;
    }, 400, $BAD],
    ['a chunk of no size', sub {
        return begin(head => $chunked, first => ('f' x 20) . "\r\n")
            ->response;
    }, 400, $BAD],
    ['length and chunks', sub {
        return begin(head => [@$chunked, 'Content-Length' => 2],
            first => "2\r\n{}\r\n0\r\n\r\n")->response;
    }, 400, $BAD],
    ['a negative length', sub {
        return begin(head => ['Content-Length' => -1])->response;
    }, 400, $BAD],
    ['no body', sub { $hub->request('PUT', '/api/v1/data',
            headers => { 'Content-Type' => 'application/json' }) },
        400, qr/path or body/],
    ['HTTP/2, less than its length', sub {
        return frames($json, 100_000, sub { },
            'content-length', 1 + length $json);
    }, 400, $BAD],
);

for my $row (@refused) {
    my ($title, $send, $status, $error) = @$row;

    subtest $title => sub {
        my $before = $proxy->count('EVALSHA');
        my $r = $send->();

        is($r->status, $status) or diag $r->error // $r->body;
        ref $error ? like($r->json->{error}, $error)
            : is_deeply($r->json, { error => $error });
        is($proxy->count('EVALSHA'), $before, 'nothing was written');
    };
}


subtest 'HTTP/2, more than its length' => sub {
    my $before = $proxy->count('EVALSHA');
    my $r = frames($json, 100_000, sub { }, 'content-length',
        length($json) - 1);

    like($r->error // $r->status, qr/^(?:400|stream reset)/);
    is($proxy->count('EVALSHA'), $before, 'nothing was written');
};


subtest 'a body that does not come' => sub {
    my $before = $proxy->count;
    my $client = begin(client => $hub->connect(port => 'hasty'),
        head => lengthy($json), first => substr $json, 0, 100);

    my $r = $client->response;
    is($r->status, 408);
    like($r->json->{error}, qr/in time/);
    is($r->header('Connection'), 'close');
    is($client->response->status, 0, 'the connection ends');
    is($proxy->count, $before, 'Redis was not asked');
};


# The location of the page looks at nothing that still comes.
subtest 'a page of the operator while the body comes' => sub {
    my $client = begin(client => $hub->connect(port => 'page'),
        head => $chunked, first => sprintf "%x\r\n%s\r\n", 900, 'x' x 900);
    select undef, undef, undef, 0.2;
    $client->send_chunk('x' x 200);

    my $upstream = $page->accept;
    sysread $upstream, my $request, 4096;
    $client->send_chunk('x' x 200) for 1 .. 3;
    select undef, undef, undef, 0.2;
    print {$upstream} "HTTP/1.0 200 OK\r\n\r\nthe page";
    close $upstream;

    my $r = $client->response;
    is($r->status, 413);
    is($r->body, 'the page');
};


subtest 'strangers are not asked to send theirs' => sub {
    for my $row ([undef, 401], ['badou', 401]) {
        my ($cert, $status) = @$row;
        my $client = begin(client => $hub->connect(cert => $cert),
            head => [@{ lengthy($json) }, Expect => '100-continue']);

        my $r = $client->response;
        is($r->status, $status);
        is_deeply($r->interim, [], 'no 100');
        is($r->header('Connection'), 'close', 'whether it comes is unknown');
    }

    my $client = begin(client => $hub->connect(cert => undef),
        head => lengthy($json), first => $json);
    is($client->response->status, 401, 'sent all the same');
    is($client->request('GET', '/info')->response->status, 200,
        'and the connection goes on');
};


subtest 'bodies that nobody reads' => sub {
    for my $row (['GET', '/version', 200], ['DELETE',
            '/api/v1/data?name=/body/1', 204], ['PUT', '/nothing', 404],
        ['PATCH', '/api/v1/data', 405], ['OPTIONS', '/api/v1/data', 200])
    {
        my ($method, $target, $status) = @$row;
        my $client = $hub->connect;

        is($client->request($method, $target, body => $json, keep => 1)
            ->response->status, $status, "$method $target");
        is($client->request($method, $target, chunks => [$json, $json],
            keep => 1)->response->status, $status == 204 ? 404 : $status,
            'in chunks');
        is($client->request('GET', '/version')->response->status, 200,
            'the connection goes on');
    }
};


unlike($hub->error_log, qr/buffered to a temporary file/, 'no file at all');
is((() = $hub->error_log =~ m{temp/body}g), 1, 'but the one that was wanted');

$hub->done;
