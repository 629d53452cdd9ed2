# Secrets that locations inject into what they proxy.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Permissions qw(permit withdraw);
use CredHubTest::Process qw(read_file write_file);
use Test::More;

my $hub = CredHubTest->new(start => 0, proxy => 1, workers => 1,
    redis_args => 'timeout=2s',
    permissions => [
        ['good', '/*', 'read,write,delete,read_acl,write_acl'],
        ['edge', '/apps/*', 'read'],
        ['tls',  '/tls/*',  'read'],
    ]);
my $up  = $hub->port('upstream');
my $log = $hub->dir . '/upstream.log';

# What an upstream has got, by a header of ours.
my $upstream = <<"END";
    server {
        listen 127.0.0.1:$up;
        access_log $log;
        large_client_header_buffers 4 128k;
        location / {
            add_header X-Got "\$http_x_secret|\$http_x_more";
            return 200 "upstream\\n";
        }
        location /accel {
            add_header X-Accel-Redirect /internal/;
            return 200 "not shown";
        }
        location /status/500 { return 500; }
        location /ssi { default_type text/html; return 200
            '<!--# include virtual="/fixed/part" --> end'; }
    }
END

my $pass = "proxy_set_header X-Secret \$a; proxy_set_header X-More \$b;"
    . "proxy_pass http://127.0.0.1:$up;";

$hub->configure(
    http => "$upstream log_format tell '\$request_uri [\$a] [\$b] "
        . "\$credhub_operation \$credhub_actor \$credhub_resource "
        . "\$credhub_reason';",
    server => <<"END",
    access_log @{[$hub->dir]}/access.log;
    access_log @{[$hub->dir]}/edge.log tell;
    proxy_buffers 8 64k;
    proxy_buffer_size 128k;
    proxy_busy_buffers_size 256k;

    location /caller/ {
        credhub_set \$a /apps/value;
        $pass

        location /caller/more/ {
            credhub_set \$b /apps/user username;
            $pass
        }
        location /caller/other/ {
            credhub_set \$a /apps/user password;
            $pass
        }
    }
    location /fixed/ {
        credhub_identity edge;
        credhub_set \$a /apps/user username;
        credhub_set \$b /apps/USER password;
        $pass
    }
    location /guarded/ {
        credhub_access read /guard;
        credhub_identity edge;
        credhub_set \$a /apps/value;
        $pass
    }
    location /name {
        credhub_identity edge;
        credhub_set \$a \$arg_n;
        $pass
    }
    location /field {
        credhub_identity edge;
        credhub_set \$a /apps/json one.two;
        credhub_set \$b /apps/json list;
        $pass
    }
    location /nofield {
        credhub_identity edge;
        credhub_set \$a /apps/json one.three;
        $pass
    }
    location /pem {
        credhub_identity tls;
        credhub_set \$a /tls/leaf private_key;
        proxy_set_header X-Secret none;
        proxy_pass http://127.0.0.1:$up;
    }
    location /statuses {
        credhub_identity edge;
        credhub_set_error missing=410 denied=451 unavailable=502;
        credhub_set \$a \$arg_n;
        $pass
    }
    location /files/ {
        credhub_identity edge;
        credhub_set \$a /apps/value;
        add_header X-Secret-Length "\$a";
        root @{[$hub->scratch]};
    }
    location /accel/ {
        credhub_identity edge;
        credhub_set \$a /apps/value;
        proxy_pass http://127.0.0.1:$up/accel;
    }
    location /internal/ {
        internal;
        credhub_identity edge;
        credhub_set \$b /apps/user username;
        $pass
    }
    location /page/ {
        credhub_identity edge;
        credhub_set \$a /apps/missing;
        error_page 404 = \@fallback;
        $pass
    }
    location \@fallback {
        credhub_identity edge;
        credhub_set \$b /apps/user username;
        $pass
    }
    location /tried/ {
        credhub_identity edge;
        credhub_set \$b /apps/user username;
        try_files /none \@tried;
    }
    location \@tried { $pass }
    location /loop/ {
        credhub_identity edge;
        credhub_set \$a /apps/missing;
        error_page 404 = /loop/again;
        $pass
    }
    location /mirrored/ {
        credhub_identity edge;
        credhub_set \$a /apps/value;
        mirror /mirror;
        $pass
    }
    location = /mirror {
        internal;
        credhub_identity edge;
        credhub_set \$a /apps/user username;
        proxy_set_header X-Secret \$a;
        proxy_pass http://127.0.0.1:$up/from-mirror;
    }
    location /ssi { ssi on; proxy_pass http://127.0.0.1:$up; }
    location /kept/ {
        credhub_identity edge;
        credhub_set \$a /apps/value;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header X-Secret \$a;
        proxy_pass http://kept;
    }
END
);
$hub->configure(http => "$hub->{opt}{http}\nupstream kept { "
    . "server 127.0.0.1:$up; keepalive 4; }");
$hub->start;

my $app   = $hub->as('second');
my $none  = $hub->as(undef);
my $actor = $hub->actor('second');
my $BIG   = 'MARKER-' . 'x' x 65_000;

$hub->set('/apps/value', 'value', 'MARKER-value');
$hub->set('/apps/user', 'user',
    { username => 'alice', password => 'MARKER-password' });
$hub->set('/apps/json', 'json',
    { one => { two => 'MARKER-two', three => undef }, list => [1, { a => 2 }] });
$hub->set('/apps/big', 'value', $BIG);
$hub->set('/apps/unicode', 'value', "MARKER-\x{fc}");
$hub->set("/apps/bad$_->[0]", 'value', "MARKER-$_->[1]")
    for ['cr', "a\rX-Evil: 1"], ['lf', "a\nX-Evil: 1"], ['pem', <<'END'];
-----BEGIN PRIVATE KEY-----
AAAA
-----END PRIVATE KEY-----
END
$hub->generate('/tls/leaf', 'certificate',
    { common_name => 'leaf', self_sign => JSON::PP::true })->status == 200
    or die 'no certificate';

sub upstreams () { return -e $log ? read_file($log) =~ tr/\n// : 0 }

sub asks ($as, $target, $status, $got, $label) {
    my $before = upstreams();
    my $r      = $as->get($target);
    my $times  = defined $got ? 1 : 0;

    is($r->status, $status, "$label: $status") or diag $r->body // $r->error;
    is($r->header('X-Got'), $got, "$label: what the upstream got");
    wait_until(20, sub { upstreams() - $before >= $times });
    is(upstreams() - $before, $times, "$label: upstream $times");
    return $r;
}


subtest 'whose rights' => sub {
    asks($hub, '/caller/x', 200, 'MARKER-value|', 'the caller');
    asks($none, '/caller/x', 403, undef, 'nobody');
    asks($app, '/caller/x', 403, undef, 'no right');
    my $view = permit($hub, '/apps/*', $actor, 'read');
    asks($app, '/caller/x', 200, 'MARKER-value|', 'a stored right');
    withdraw($hub, $view);
    $view = permit($hub, '/apps/value', $actor, 'read');
    asks($app, '/caller/more/x', 403, undef, 'a right on one of two');
    withdraw($hub, $view);
    asks($none, '/fixed/x', 200, 'alice|MARKER-password', 'a fixed identity');
    asks($none, '/guarded/x', 401, undef, 'access comes first');
    asks($app, '/guarded/x', 403, undef, 'access comes first');
    asks($hub, '/guarded/x', 200, 'MARKER-value|', 'both');
};


subtest 'levels' => sub {
    asks($hub, '/caller/more/x', 200, 'MARKER-value|alice', 'they add up');
    asks($hub, '/caller/other/x', 200, 'MARKER-password|', 'the inner one wins');
};


subtest 'round trips' => sub {
    $hub->proxy->forget;
    asks($none, '/fixed/x', 200, 'alice|MARKER-password', 'two fields');
    is($hub->proxy->count('HMGET'), 1, 'one command');

    my $view = permit($hub, '/apps/*', $actor, 'read');
    $hub->proxy->forget;
    $hub->proxy->hold;
    my $client = $app->connect;
    $client->request('GET', '/caller/more/x');
    ok($hub->proxy->wait_for('HMGET', 4), 'two credentials and two grants');
    $hub->proxy->release;
    is($client->response->status, 200, 'sent together');
    is($hub->proxy->count, 4, 'and nothing else');
    withdraw($hub, $view);
};


subtest 'fields' => sub {
    asks($none, '/field', 200, 'MARKER-two|[1,{"a":2}]', 'of JSON');
    asks($none, '/nofield', 404, undef, 'null');
};


subtest 'names' => sub {
    asks($none, '/name?n=/apps/value', 200, 'MARKER-value|', 'from the request');
    asks($none, '/name?n=/APPS/Value', 200, 'MARKER-value|', 'folded');
    asks($none, '/name?n=apps/value', 200, 'MARKER-value|', 'without a slash');
    asks($none, "/name?n=$_", 404, undef, length $_ > 40 ? 'a long one' : "'$_'")
        for '', '/', '/apps/value/', '/apps//value', '/apps/*', '/apps/value%00',
        '/apps/' . 'x' x 1100, '/apps/missing';
    asks($none, '/name?n=/other/x', 403, undef, 'outside of its rights');
};


subtest 'values' => sub {
    asks($none, '/name?n=/apps/big', 200, "$BIG|", '64 KiB');
    asks($none, "/name?n=/apps/bad$_", 503, undef, $_) for qw(cr lf pem);
    asks($hub, '/pem', 200, 'none|', 'PEM of a certificate');
    ok($hub->wait_log(qr{the value of "/apps/badlf" has a line end}), 'is logged');
};


subtest 'statuses' => sub {
    asks($none, '/statuses?n=/apps/missing', 410, undef, 'missing');
    asks($none, '/statuses?n=/other', 451, undef, 'denied');
    asks($none, '/statuses?n=/apps/badlf', 502, undef, 'unusable');
};


subtest 'what is not genuine' => sub {
    my $key  = '{credhub}:credential:/apps/value';
    my $blob = $hub->redis('HGET', $key, 'secret');

    $hub->expect_log(qr/credential "\/apps\/value"/);
    $hub->redis('HSET', $key, 'secret',
        substr($blob, 0, -1) . chr(ord(substr $blob, -1) ^ 1));
    asks($none, '/name?n=/apps/value', 503, undef, 'a damaged secret');
    $hub->redis('HSET', $key, 'secret', $blob);
    asks($none, '/name?n=/apps/value', 200, 'MARKER-value|', 'restored');
};


subtest 'other ways through nginx' => sub {
    asks($none, '/page/x', 200, '|alice', 'error_page to a named location');
    asks($none, '/tried/x', 200, '|alice', 'try_files');
    is($none->get('/loop/x')->status, 404, 'error_page to itself ends');
    is($none->get('/ssi')->body, "upstream\n end", 'SSI');

    my $before = upstreams();
    is($none->get('/mirrored/x')->header('X-Got'), 'MARKER-value|',
        'what a mirror is given stays there');
    ok(wait_until(20, sub { upstreams() == $before + 2 }), 'the mirror too');

    $before = upstreams();
    is($none->get('/accel/x')->header('X-Got'), 'MARKER-value|alice',
        'X-Accel-Redirect: the request keeps what it has');
    is($none->get('/kept/x')->header('X-Got'), 'MARKER-value|', 'keep-alive')
        for 1 .. 2;
    is($none->h2('GET', '/fixed/x')->header('X-Got'), 'alice|MARKER-password',
        'HTTP/2');
    is($none->post('/fixed/x', { a => 'x' x 100_000 })->header('X-Got'),
        'alice|MARKER-password', 'with a body');
};


subtest 'logs' => sub {
    my $text = '';
    ok(wait_until(20, sub { ($text = read_file($hub->dir . '/edge.log')) =~
        m{^/fixed/x \[-\] \[-\] inject edge /apps/USER -$}m }),
        'a log that names the variable has nothing');
    unlike($text, qr/MARKER/, 'nowhere');
};


subtest 'a client that leaves' => sub {
    $hub->proxy->forget;
    $hub->proxy->hold;
    my @clients = map { $none->connect } 1 .. 3;
    $_->request('GET', '/fixed/x') for @clients;
    ok($hub->proxy->wait_for('HMGET', 3), 'they wait');
    $clients[0]->close;
    ok(wait_until(20, sub { $hub->access_log =~ m{"GET /fixed/x [^"]*" 499 } }),
        'one leaves');
    $hub->proxy->release;
    is($_->response->status, 200, 'the others go on') for @clients[1, 2];
};


subtest 'Redis is down' => sub {
    $hub->stop_redis;
    $hub->proxy->cut;
    asks($none, '/fixed/x', 503, undef, 'no secret');
    asks($none, '/statuses?n=/apps/value', 502, undef, 'the status of choice');
};

done_testing;
