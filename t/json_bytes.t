# JSON that comes back byte for byte, and JSON that is none.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use Test::More;

my $hub  = CredHubTest->new;
my $data = '/api/v1/data';


sub put ($field, $source) {
    return $hub->put($data, $field eq 'value'
        ? qq({"name":"/j","type":"json","value":$source})
        : qq({"name":"/j","type":"json","value":1,"metadata":$source}));
}


# Everything of an answer but what the server made.
sub answer ($field, $source) {
    my ($value, $metadata) = $field eq 'value' ? ($source, 'null')
        : ('1', $source);
    return qr/"name":"\/j","metadata":\Q$metadata\E,"value":\Q$value\E\}/;
}


my $deep  = sub ($open, $close, $n) { ($open x $n) . 1 . ($close x $n) };
my @bytes = (
    # numbers
    '0', '-0', '1', '-1', '1e3', '1E3', '1e+3', '1e-3', '1.0', '0.10',
    '-0.0', '100', '1.50e10', '12345678901234567890', '-9223372036854775809',
    '3.14159265358979323846264338327950288', '1e400', '1e-400',
    '0.1000000000000000055511151231257827', '9' x 500,

    # order of keys, empty things
    '{"z":1,"a":2,"m":{"b":1,"a":2}}', '{}', '[]', '""', '{"":{}}', '[[],{}]',
    '{"a":1,"A":2,"\u00e4":3,"a ":4}', '[1,1,"a","a",null,null]',

    # escapes
    '"\u0061"', '"\u0001\u001f\u007f"', '"\b\f\n\r\t\"\\\\/"', '"\/"',
    '"\u00FC\u00fc"', '"\ud83d\ude00"', '"\uD83D\uDE00"', '"\u2028\uffff"',
    '{"\u006b\n\"":"\u0076"}',

    # characters
    '"' . "\x7f" . '"', qq("\xc3\xbc"), qq("\xe2\x82\xac"), qq("\xef\xbf\xbf"),
    qq("\xf0\x9f\x98\x80"), qq("\xf4\x8f\xbf\xbf"), qq("\xc2\x80"),
    qq("e\xcc\x81"), qq("\xef\xbb\xbf"), qq({"\xc3\xbc":"\xc3\xbc"}),
    '"<>&\'"',

    # depth: with the body itself 64
    $deep->('[', ']', 63), $deep->('{"a":', '}', 63),
    $deep->('[{"a":', '}]', 31),
);

for my $field (qw(value metadata)) {
    subtest "bytes of $field" => sub {
        for my $source (@bytes) {
            my $label = length $source > 60 ? length($source) . ' bytes'
                : "source $source";
            my $r = put($field, $source);

            is($r->status, 200, $label) or diag($r->body);
            like($r->body, answer($field, $source), 'answered');

            my $id = $r->json->{id};
            is($hub->get("$data/$id")->body, $r->body, 'read');
        }
    };
}


subtest 'white space' => sub {
    my $source = qq(\t{ "b" : [ 1 ,\n2 ] , "a\\t b" : " x  y " }\r\n );
    my ($inner) = $source =~ /^\s*(.*?)\s*$/s;

    like(put('value', $source)->body, answer('value', $inner),
        'a value keeps it');
    like(put('metadata', $source)->body,
        answer('metadata', '{"b":[1,2],"a\\t b":" x  y "}'),
        'metadata is compact');
    is($hub->put($data, " \n\t\r{\"name\" : \"/j\",\r\n\"type\":\"json\" ,"
        . "\"value\"\n:\t1 }\n ")->status, 200, 'around everything');
};


subtest 'strings' => sub {
    my @rows = (
        '"\u00fc\ud83d\ude00\/\u0061MARKER-s"', qq("\xc3\xbcMARKER-s"),
        '"a\u0001MARKER-s\n"',
    );

    for my $type (qw(value password)) {
        for my $source (@rows) {
            my $r = $hub->put($data,
                qq({"name":"/$type","type":"$type","value":$source}));
            like($r->body, qr/"value":\Q$source\E\}/, "$type $source");
        }
    }

    my $r = $hub->put($data, '{"name":"/u","type":"user","value":'
        . '{"username":"\u00fc\n\/","password":"\ud83d\ude00MARKER-s"}}');
    is($r->json->{value}{username}, "\xfc\n/", 'a user name');
    is($r->json->{value}{password}, "\x{1f600}MARKER-s", 'its password');
};


my @bad = (
    # numbers
    '01', '-', '+1', '.5', '1.', '1e', '1e+', '0x10', '1_000', 'NaN',
    'Infinity', '-Infinity', '--1', '1.2.3',

    # words and structures
    'nul', 'nulll', 'True', 'undefined', '[1,]', '[,1]', '[1 2]', '{"a"}',
    '{"a":}', '{a:1}', '{"a":1,}', '{"a":1 "b":2}', '{1:2}', '[', ']', '[}',
    '{]', '/* */1', '1//', "'a'", '(1)',

    # strings
    '"', '"\\"', '"\x"', '"\u12"', '"\u12g4"', '"\U0061"', "\"a\nb\"",
    "\"a\tb\"", "\"\x01\"", "\"\x1f\"",
    '"\ud83d"', '"\ude00"', '"\ud83dx"', '"\ud83d\u0061"', '"\ude00\ud83d"',

    # NUL
    '"\u0000"', '"a\u0000b"', "\"\0\"", '{"\u0000":1}', "\0", '["\u0000"]',

    # what is not UTF-8
    (map { qq("$_") } "\xff", "\xfe", "\x80", "\xbf", "\xc3", "\xc3(",
        "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe2\x82",
        "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf0\x9f\x98",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80"),
    qq({"\xff":1}), qq([1,"\xfc"]),

    # equal keys
    '{"a":1,"a":1}', '{"a":1,"b":2,"a":3}', '{"a":{"b":1,"b":2}}',
    '[{"a":1,"a":2}]', '{"a":1,"\u0061":2}', '{"":1,"":2}',
    qq({"\xc3\xbc":1,"\\u00fc":2}), '{"\/":1,"/":2}',
    '{' . join(',', map {"\"k$_\":$_"} 1 .. 500, 1) . '}',

    # too deep
    $deep->('[', ']', 64), $deep->('{"a":', '}', 64),
    $deep->('[', ']', 5000), '[' x 5000, '{"a":' x 5000,
);

for my $field (qw(value metadata)) {
    subtest "refused as $field" => sub {
        my $before = put('value', '"before"')->json;

        for my $source (@bad) {
            my $label = length $source > 60 ? length($source) . ' bytes'
                : 'source ' . $source =~ s/([^ -~])/sprintf '<%02x>', ord $1/ger;
            is_error(put($field, $source), 'bad_request', $label);
        }

        is_deeply($hub->current('/j'), $before, 'nothing was stored');
    };
}


subtest 'equal keys of the body' => sub {
    my $good = '"name":"/dup","type":"value","value":"MARKER"';
    my @rows = ('"name":"/dup"', '"name":"/other"', '"type":"value"',
        '"type":"json"', '"value":"MARKER"', '"v\u0061lue":"MARKER"',
        '"\u006eame":"/other"');

    is_error($hub->put($data, "{$good,$_}"), 'bad_request', "last $_"),
        is_error($hub->put($data, "{$_,$good}"), 'bad_request', "first $_")
        for @rows;
    is_error($hub->put($data, "{$good,\"metadata\":1,\"metadata\":1}"),
        'bad_request', 'metadata');
    is_error($hub->put($data, '{"name":"/dup","type":"user","value":'
        . '{"password":"MARKER","password":"MARKER"}}'), 'bad_request',
        'inside a value');
    is_error($hub->post($data, '{"name":"/dup","type":"password",'
        . '"type":"password"}'), 'bad_request', 'of a generate request');
    is_error($hub->post($data, '{"name":"/dup","type":"password",'
        . '"parameters":{"length":5,"length":6}}'), 'bad_request',
        'inside parameters');
    is_error($hub->get("$data?name=/dup"), 'credential', 'nothing was stored');
    is($hub->put($data, '{"n\u0061me":"/dup","type":"json","value":1}')
        ->status, 200, 'an escape in a key is the character');
};


$hub->done;
