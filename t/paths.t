# Paths that could mean one thing to whoever guards them and another to the
# hub: what is authorized is what is dispatched, or the request is refused.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use Test::More;

my $DATA = '/api/v1/data';

# /guarded is closed by nginx itself, however it is spelled
my $hub = CredHubTest->new(server => <<'END');
    location = /api/v1/key-usage { deny all; credhub; }
    location /api/v1/data/ { deny all; credhub; }
END

$hub->set('/p/x', 'value', 'MARKER-x');


# A status, or the name of an error; never HTML
sub answers ($r, $expected, $label) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return is_error($r, $expected, $label) if $expected !~ /^\d+$/;

    ok($r->status == $expected && ref $r->json, $label)
        or diag("expected $expected, got ", $r->status, ' ',
            $r->error // $r->body);
    return;
}


# target, answer
my @hidden = map { [$_, 'bad_request'] } (
    '//info', '/info//', '///', '//', '/api//v1/data?name=/p/x',
    '/./info', '/info/.', '/info/./', '/x/../info', '/info/..', '/info/../',
    '/x/..;/info', '/info;', '/info;x', '/info;x=1', '/info;/', '/;/info',
    '/api/v1/data;v=1?name=/p/x',
    '/%2finfo', '/%2Finfo', '/info%2f', '/info%2F', '/api%2fv1%2Fdata',
    '/%2e/info', '/x/%2e%2e/info', '/x/%2E%2E/info', '/x/.%2e/info',
    '/x/%2e./info', '/info/%2e', '/info/%2e%2e', '/inf%6f/%2e',
    '/x%2f..%2finfo', '/x/%2e%2e%2finfo',
    '/info%3b', '/info%3Bx=1',
    '/info%25', '/info%252f', '/%252e%252e/info', '/%2569nfo', '/info%2500',
    '/info\\', '/x\\..\\info', '/info%5c', '/x%5C..%5Cinfo',
    "$DATA/../data?name=/p/x", "$DATA/%2e%2e/data?name=/p/x",
    '/info#/../x', '/info#//',
);

my @plain = (
    ['/%69nfo',              200],
    ['/inf%6F',              200],
    ['/info/?',              200],
    ['/info?',               200],
    ['/info?x=//;..%2e%25%5c', 200],
    ['/info?x=%00',          'bad_request'],
    ['/info?/../x',          200],
    ['/info?;//',            200],
    ['/info#x',              200],
    ['/info#x?y',            200],
    ["$DATA?name=%2Fp%2Fx",  200],
    ["$DATA?name=%2fp%2fx",  200],
    ["/%61pi/v1/data?name=/p/x",  200],
    ["$DATA?name=//p/x",     'credential'],
    ["$DATA?name=/p/../p/x", 'credential'],
    ["$DATA?name=/p/x%00",   'bad_request'],
    ['/.info',               'not_found'],
    ['/info.',               'not_found'],
    ['/..info',              'not_found'],
    ['/info..',              'not_found'],
    ['/.../info',            'not_found'],
    ['/info/...',            'not_found'],
    ['/info%20',             'not_found'],
    ['/info%0d%0aX:%20y',    'not_found'],
    ['/info%0a',             'not_found'],
    ['/info%7f',             'not_found'],
    ['/info%ff',             'not_found'],
    ["/inf\xc3\xb8",         'not_found'],
    ['/info%e2%88%95',       'not_found'],
    ['/info+',               'not_found'],
    ['/info&x=1',            'not_found'],
    ['/info:443',            'not_found'],
    ['/' . 'a' x 2000,       'not_found'],
    ['/' . 'a/' x 1000,      'not_found'],
);

# refused by nginx
my @broken = map { [$_, 400] } (
    'info', '*', '', '/%', '/info%', '/info%2', '/info%zz', '/info%u0069',
    '/info%00', '/%00/info', '/info%00/x',
    '/../info', '/x/../../info', "/info\0", "/info\0x", "/in\tfo", "/in fo",
    "/info\x7f", "/info\x01", '?x', '#x', '\\info',
    'https://', 'https:/info', 'https:info', '://localhost/info',
    'https://user@localhost/info',
);

my @absolute = (
    ['https://localhost/info',           200],
    ['http://localhost/info',            200],
    ['HTTPS://LOCALHOST/info',           200],
    ['https://localhost:1/info',         200],
    ["https://localhost$DATA?name=/p/x", 200],
    ['https://localhost',                'not_found'],
    ['https://localhost/',               'not_found'],
    ['https://localhost?name=/p/x',      'not_found'],
    ['https://localhost//info',          'bad_request'],
    ['https://localhost/x/../info',      'bad_request'],
    ['https://localhost/%2e/info',       'bad_request'],
    ['https://localhost/info;x',         'bad_request'],
    ['https://localhost/info%25',        'bad_request'],
);


for ([hidden => @hidden], [plain => @plain], [broken => @broken],
    ['absolute form' => @absolute])
{
    my ($title, @rows) = @$_;

    subtest $title => sub {
        answers($hub->get($_->[0]), $_->[1], _shown($_->[0])) for @rows;
    };
}


sub _shown ($target) {
    return substr($target =~ s/([^!-~])/sprintf '\\x%02x', ord $1/ger, 0, 60);
}


subtest 'the answer is the same for a stranger' => sub {
    for (@hidden) {
        my ($target, $expected) = @$_;
        is_error($hub->get($target, cert => undef), $expected, $target);
    }

    is_error($hub->get('/inf%6f/x', cert => undef), 'unauthenticated',
        'a plain one is not told what there is');
};

subtest 'HTTP/2' => sub {
    for ((grep { $_->[0] !~ /[#\\]/ } @hidden), ['/%69nfo', 200],
        ['/info%20', 'not_found'], ['/%', 400], ['/../info', 400])
    {
        answers($hub->h2('GET', $_->[0]), $_->[1], $_->[0]);
    }
};

subtest 'every method' => sub {
    my $put = { name => '/p/y', type => 'value', value => 'MARKER-y' };

    for my $path ('/api/v1//data', '/api/v1/data;x', '/api/v1/x/../data',
        '/api/v1%2fdata', '/api/%2e/v1/data')
    {
        is_error($hub->put($path, $put), 'bad_request', "PUT $path");
        is_error($hub->post($path, { name => '/p/y', type => 'password' }),
            'bad_request', "POST $path");
        is_error($hub->delete("$path?name=/p/x"), 'bad_request',
            "DELETE $path");
        is_error($hub->request('OPTIONS', $path), 'bad_request',
            "OPTIONS $path");
    }

    is($hub->current('/p/y'), undef, 'nothing was written');
    is($hub->current('/p/x')->{value}, 'MARKER-x', 'nothing was deleted');
};

subtest 'a location that nginx guards' => sub {
    my $id = $hub->current('/p/x')->{id};

    for my $target (
        '/api/v1/key-usage', '/api/v1/key%2dusage', '/%61pi/v1/key-usage',
        "$DATA/$id", "/api/v1/%64ata/$id",
        "https://localhost/api/v1/key-usage",
    ) {
        is($hub->get($target)->status, 403, $target);
    }

    for my $target (
        '/api/v1//key-usage', '/api/v1/./key-usage', '/api/v1/x/../key-usage',
        '/api/v1/key-usage;x', '/api/v1/key-usage%00', '/api/v1%2fkey-usage',
        '/api/v1/%2e/key-usage', "$DATA//$id", "$DATA/./$id", "$DATA%2f$id",
        "/api/v1/data;x/$id", "/api/v1//data/$id",
    ) {
        like($hub->get($target)->status, qr/^(?:400|403)$/, $target);
    }

    # a trailing slash is another location to nginx, the same path to the hub
    is($hub->get('/api/v1/key-usage/')->status, 200,
        'an exact location guards no trailing slash');
};

$hub->done;
