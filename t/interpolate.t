# POST /api/v1/interpolate: references in, values out, all else as it was.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use Test::More;


my $hub = CredHubTest->new(
    permissions => [['good', '/*', 'read,write,delete,read_acl,write_acl'],
        ['second', '/i/one', 'read'], ['third', '/*', 'write,delete,read_acl']],
);

sub interpolate ($body, $as = $hub) {
    return $as->post('/api/v1/interpolate', $body);
}

# Bytes as they are, so that a value has them too.
sub set_json ($name, $bytes) {
    my $r = $hub->put('/api/v1/data',
        qq({"name":"$name","type":"json","value":$bytes}));
    $r->status == 200 or die $r->body;
    return;
}

# What stands in the place of the reference.
my $ONE = '{"z":"MARKER-z","a":[1.0,1e2,-0,12345678901234567890],'
    . '"u":"\u00e4\/\\\\","n":null}';

set_json('/i/one', $ONE);
set_json('/i/two', '["MARKER-two"]');
set_json('/i/text', '"MARKER-text"');
set_json('/i/number', '1.50');
set_json('/i/false', 'false');
set_json('/I/Cased', '{"c":"MARKER-c"}');
$hub->set('/i/value',    'value',    'MARKER-v');
$hub->set('/i/password', 'password', 'MARKER-p');
$hub->set('/i/user', 'user', { password => 'MARKER-u' });
$hub->set('/i/rsa', 'rsa', { private_key => 'MARKER-r' });
$hub->set('/i/ssh', 'ssh', { private_key => 'MARKER-s' });


# name, request, answer; ONE is the value of /i/one
my @SPLICED = (
    ['the place',
        '{"s":[{"credentials":{"credhub-ref":"/i/one"}}]}',
        '{"s":[{"credentials":ONE}]}'],
    ['with an underscore',
        '{"s":[{"credentials":{"credhub_ref":"/i/one"}}]}',
        '{"s":[{"credentials":ONE}]}'],
    ['both: the underscore wins',
        '{"s":[{"credentials":{"credhub-ref":"/i/none","credhub_ref":"/i/one"}}]}',
        '{"s":[{"credentials":ONE}]}'],
    ['both, the other order',
        '{"s":[{"credentials":{"credhub_ref":"/i/one","credhub-ref":"/i/none"}}]}',
        '{"s":[{"credentials":ONE}]}'],
    ['in parentheses',
        '{"s":[{"credentials":{"credhub-ref":"((/i/one))"}}]}',
        '{"s":[{"credentials":ONE}]}'],
    ['with an underscore, in parentheses',
        '{"s":[{"credentials":{"credhub_ref":"((/i/one))"}}]}',
        '{"s":[{"credentials":ONE}]}'],
    ['the whole object goes',
        '{"s":[{"credentials":{"a":1,"credhub-ref":"/i/one","b":{"c":[]}}}]}',
        '{"s":[{"credentials":ONE}]}'],
    ['a name with escapes',
        '{"s":[{"credentials":{"credhub\u002dref":"\/i\u002fone"}}]}',
        '{"s":[{"credentials":ONE}]}'],
    ['a name in another case',
        '{"s":[{"credentials":{"credhub-ref":"/i/cASED"}}]}',
        '{"s":[{"credentials":{"c":"MARKER-c"}}]}'],
    ['order of keys, and what stands beside',
        '{"z":[{"b":1,"credentials":{"credhub-ref":"/i/one"},"a":2}],"a":[3]}',
        '{"z":[{"b":1,"credentials":ONE,"a":2}],"a":[3]}'],
    ['bytes',
        '{"x":[1.0,1e5,-0,"\u00e4\/","' . "\xc3\xa4" . '",123456789012345678901],'
            . '"s":[{"credentials":{"credhub-ref":"/i/one"}}]}',
        '{"x":[1.0,1e5,-0,"\u00e4\/","' . "\xc3\xa4" . '",123456789012345678901],'
            . '"s":[{"credentials":ONE}]}'],
    ['compact',
        qq( {\n "s k" : [ { "credentials" :\t{ "credhub-ref" : "/i/one" } , )
            . qq("x" : " a  b " } , 1 ]\r\n} \n),
        '{"s k":[{"credentials":ONE,"x":" a  b "},1]}'],
    ['several times',
        '{"s":[{"credentials":{"credhub-ref":"/i/one"}},'
            . '{"credentials":{"credhub-ref":"/i/two"}},'
            . '{"credentials":{"credhub_ref":"/I/ONE"}}],'
            . '"t":[{"credentials":{"credhub-ref":"((/i/one))"}}]}',
        '{"s":[{"credentials":ONE},{"credentials":["MARKER-two"]},'
            . '{"credentials":ONE}],"t":[{"credentials":ONE}]}'],
    ['any json: a string',
        '{"s":[{"credentials":{"credhub-ref":"/i/text"}}]}',
        '{"s":[{"credentials":"MARKER-text"}]}'],
    ['any json: a number',
        '{"s":[{"credentials":{"credhub-ref":"/i/number"}}]}',
        '{"s":[{"credentials":1.50}]}'],
    ['any json: a boolean',
        '{"s":[{"credentials":{"credhub-ref":"/i/false"}}]}',
        '{"s":[{"credentials":false}]}'],
);

subtest 'references' => sub {
    for my $row (@SPLICED) {
        my ($name, $request, $want) = @$row;
        my $r = interpolate($request);
        is($r->status, 200, $name);
        is($r->body, $want =~ s/\bONE\b/$ONE/gr, "$name: to the byte");
    }

    my $r = interpolate($SPLICED[0][1]);
    is($r->header('Content-Type'),   'application/json;charset=UTF-8');
    is($r->header('Content-Length'), length $r->body);
    like($r->header('Cache-Control'), qr/\bno-store\b/);
};


# Bodies that come back as they are.
my @PASSED = (
    '{}',
    '{"a":1,"b":null,"c":"x","d":true,"e":[],"f":{}}',
    '{"credhub-ref":"/i/one"}',
    '{"credentials":{"credhub-ref":"/i/one"}}',
    '{"s":{"credentials":{"credhub-ref":"/i/one"}}}',
    '{"s":[[{"credentials":{"credhub-ref":"/i/one"}}]]}',
    '{"s":[{"x":{"credentials":{"credhub-ref":"/i/one"}}}]}',
    '{"s":[{"x":[{"credentials":{"credhub-ref":"/i/one"}}]}]}',
    '{"s":[{"credentials":{"x":{"credhub-ref":"/i/one"}}}]}',
    '{"s":[{"credhub-ref":"/i/one"}]}',
    '{"s":[1,"credentials",null,true,[]]}',
    '{"s":[{"credentials":null}]}',
    '{"s":[{"credentials":"((/i/one))"}]}',
    '{"s":[{"credentials":[{"credhub-ref":"/i/one"}]}]}',
    '{"s":[{"credentials":{}}]}',
    '{"s":[{"credentials":{"password":"((/i/one))"}}]}',
    '{"s":[{"credentials":{"credhub-ref":1}}]}',
    '{"s":[{"credentials":{"credhub-ref":null}}]}',
    '{"s":[{"credentials":{"credhub-ref":["/i/one"]}}]}',
    '{"s":[{"credentials":{"credhub-ref":{"name":"/i/one"}}}]}',
    '{"s":[{"credentials":{"Credhub-Ref":"/i/one"}}]}',
    '{"s":[{"Credentials":{"credhub-ref":"/i/one"}}]}',
);

subtest 'what is no reference passes' => sub {
    for my $body (@PASSED) {
        my $r = interpolate($body);
        is($r->status, 200, $body);
        is($r->body, $body, "$body: unchanged");
    }
};


# the string of the reference, answer
my @FAILED = (
    ['/i/none',        'credential'],
    ['((/i/none))',    'credential'],
    ['i/one',          'credential'],
    ['((i/one))',      'credential'],
    ['',               'credential'],
    ['(())',           'credential'],
    ['/',              'credential'],
    ['/i/one/',        'credential'],
    ['//i/one',        'credential'],
    ['/i/one ',        'credential'],
    ['(/i/one)',       'credential'],
    ['((/i/one',       'credential'],
    ['/i/one))',       'credential'],
    ['(( /i/one ))',   'credential'],
    ['((((/i/one))))', 'credential'],
    ['/i/' . 'n' x 2000, 'credential'],
    ["/i/\x{e4}",      'credential'],
    (map { ["/i/$_", "interpolate_type:/i/$_"] }
        qw(value password user rsa ssh)),
    ['((/I/Value))',   'interpolate_type:/I/Value'],
);

sub with_refs (@names) {
    return { s => [map { { credentials => { 'credhub-ref' => $_ } } } @names] };
}

subtest 'references that fail' => sub {
    for my $row (@FAILED) {
        my ($name, $want) = @$row;
        utf8::encode(my $what = substr $name, 0, 40);

        for my $names ([$name], ['/i/one', $name, '/i/two']) {
            my $r = interpolate(with_refs(@$names));
            is_error($r, $want, $what);
            unlike($r->body, qr/MARKER/, "$what: and nothing of others");
        }
    }
};

subtest 'the first one that fails decides' => sub {
    my $second = $hub->as('second');
    my @rows = (    # who asks, names, answer
        [$hub,    ['/i/value', '/i/none'], 'interpolate_type:/i/value'],
        [$hub,    ['/i/none', '/i/value'], 'credential'],
        [$hub,    ['/i/value', 'i/one'], 'interpolate_type:/i/value'],
        [$hub,    [('/i/one') x 70, '/i/value', '/i/none'], 'interpolate_type:/i/value'],
        [$second, ['/i/one', '/i/two'], 'credential'],
        [$second, ['/i/two', '/i/one'], 'credential'],
    );

    for my $row (@rows) {
        my ($as, $names, $want) = @$row;
        is_error(interpolate(with_refs(@$names), $as), $want,
            join ' ', @$names[-2, -1]);
    }
};

subtest 'permission' => sub {
    my $second = $hub->as('second');

    is(interpolate(with_refs('/i/one', '/I/ONE'), $second)->body,
        qq({"s":[{"credentials":$ONE},{"credentials":$ONE}]}), 'read');

    for my $row ([second => '/i/two'], [second => '/i/value'],
        [second => '/i/none'], [third => '/i/one'])
    {
        my $r = interpolate(with_refs($row->[1]), $hub->as($row->[0]));
        is_error($r, 'credential', "@$row");
    }

    is(interpolate({}, $second)->body, '{}', 'no reference, no permission');
    is(interpolate({}, $hub->as(undef))->status, 401);
};


my @BODIES = ('', 'null', '[]', '"x"', '1', '{', '{}x', '{"a":1,"a":2}',
    '{"s":[{"credentials":{"credhub-ref":"/i/one","credhub-ref":"/i/one"}}]}',
    qq({"a":"\xff"}), '{"a":"\u0000"}', '[' x 65 . ']' x 65,
    '{"a":' . '[' x 64 . ']' x 64 . '}', "{'a':1}", '{"a":01}', '{"a":1,}');

subtest 'bodies that are refused' => sub {
    for my $body (@BODIES) {
        is_error(interpolate($body), 'bad_request', 'body ' . substr $body, 0, 40);
    }

    is($hub->post('/api/v1/interpolate', undef)->status, 400, 'none');
    is_error($hub->post('/api/v1/interpolate', '{}',
        headers => { 'Content-Type' => 'text/plain' }), 'content_type', 'type');
    my $deep = '{"a":' . '[' x 63 . ']' x 63 . '}';
    is(interpolate($deep)->body, $deep, 'depth 64 is fine');
};

subtest 'the newest version counts' => sub {
    set_json('/i/new', '{"old":1}');
    set_json('/i/new', '{"new":2}');
    is(interpolate(with_refs('/i/new'))->body,
        '{"s":[{"credentials":{"new":2}}]}');

    $hub->delete('/api/v1/data?name=/i/new');
    is(interpolate(with_refs('/i/new'))->status, 404, 'deleted');
};

subtest 'nothing inside a value is followed' => sub {
    my $value = '{"s":[{"credentials":{"credhub-ref":"/i/one"}}]}';
    set_json('/i/nested', $value);
    is(interpolate(with_refs('/i/nested'))->body,
        qq({"s":[{"credentials":$value}]}));
};

subtest 'many references' => sub {
    set_json("/i/many/$_", qq({"n":$_})) for 0 .. 9;
    my @names = map { '/i/many/' . $_ % 10 } 0 .. 999;

    is(interpolate(with_refs(@names))->body, '{"s":['
        . join(',', map {sprintf '{"credentials":{"n":%d}}', $_ % 10} 0 .. 999)
        . ']}', '1,000, each in its place');

    is_error(interpolate(with_refs(@names, '/i/one')), 'too_large', '1,001');

    my %spread = map { ("k$_" => with_refs('/i/many/1')->{s}) } 0 .. 1000;
    is_error(interpolate(\%spread), 'too_large', 'spread over keys');
};

subtest 'it writes nothing, and works on a hub that may not' => sub {
    is($hub->redis('SET', '{credhub}:read_only', 1), 'OK');
    is_error($hub->set('/i/x', 'value', 'MARKER-x'), 'read_only', 'read-only');
    is(interpolate(with_refs('/i/one'))->body,
        qq({"s":[{"credentials":$ONE}]}));
    $hub->redis('DEL', '{credhub}:read_only');
};

$hub->done;
