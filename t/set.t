# PUT /api/v1/data: what each type accepts, how it is answered, what is
# refused, and in which order.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use JSON::PP;
use Test::More;

my $ALL = 'read,write,delete,read_acl,write_acl';
my $hub = CredHubTest->new(permissions => [
    ['good', '/*', $ALL], ['second', '/*', 'read,delete,read_acl,write_acl'],
    ['third', '/mine/*', 'write'],
]);
my $data = '/api/v1/data';
my $HASH = qr{^\$6\$[./0-9A-Za-z]{8}\$[./0-9A-Za-z]{86}$};
my $KEY  = "-----BEGIN RSA PRIVATE KEY-----\nMARKER-key\n-----END RSA PRIVATE "
    . "KEY-----";


sub put ($source, %opt) { return $hub->put($data, $source, %opt) }

sub nothing_stored ($label) {
    is_deeply($hub->get("$data?path=")->json->{credentials}, [], $label);
    return;
}


subtest 'refused bodies' => sub {
    my @rows = (
        # body                                                 error
        [''                                                 => 'bad_request'],
        [' '                                                => 'bad_request'],
        ['{'                                                => 'bad_request'],
        ['{"name":"/a","type":"value","value":"MARKER"'     => 'bad_request'],
        ['{"name":"/a","type":"value","value":"MARKER",}'   => 'bad_request'],
        ["{'name':'/a','type':'value','value':'MARKER'}"    => 'bad_request'],
        ['name=/a&type=value&value=MARKER'                  => 'bad_request'],
        ['{"name":"/a","type":"value","value":"MARKER"}{}'  => 'bad_request'],
        ['{"name":"/a","type":"value","value":"MARKER"} x'  => 'bad_request'],
        ['{"name":"/a","type":"value","value":"MARKER"}]'   => 'bad_request'],
        ['[]'                                               => 'bad_request'],
        ['[{"name":"/a","type":"value","value":"MARKER"}]'  => 'bad_request'],
        ['null'                                             => 'bad_request'],
        ['"/a"'                                             => 'bad_request'],
        ['12'                                               => 'bad_request'],

        ['{"name":"/a","type":{},"value":"MARKER"}'         => 'bad_request'],
        ['{"name":"/a","type":["value"],"value":"MARKER"}'  => 'bad_request'],
        ['{"name":"/a","value":"MARKER"}'                   => 'type_set'],
        ['{"name":"/a","type":null,"value":"MARKER"}'       => 'type_set'],
        ['{"name":"/a","type":"","value":"MARKER"}'         => 'type_set'],
        ['{"name":"/a","type":"values","value":"MARKER"}'   => 'type_set'],
        ['{"name":"/a","type":" value","value":"MARKER"}'   => 'type_set'],
        ['{"name":"/a","type":12,"value":"MARKER"}'         => 'type_set'],

        # of a value
        ['{"name":"/a","type":"value"}'                     => 'no_value'],
        ['{"name":"/a","type":"value","value":null}'        => 'no_value'],
        ['{"name":"/a","type":"value","value":""}'          => 'no_value'],
        ['{"name":"/a","type":"value","value":{}}'          => 'bad_request'],
        ['{"name":"/a","type":"value","value":["MARKER"]}'  => 'bad_request'],

        ['{"name":"/a","type":"password"}'                  => 'no_value'],
        ['{"name":"/a","type":"password","value":null}'     => 'no_value'],
        ['{"name":"/a","type":"password","value":""}'       => 'no_value'],
        ['{"name":"/a","type":"password","value":{}}'       => 'bad_request'],
        ['{"name":"/a","type":"password","value":[]}'       => 'bad_request'],

        ['{"name":"/a","type":"json"}'                      => 'no_value'],
        ['{"name":"/a","type":"json","value":null}'         => 'no_value'],

        ['{"name":"/a","type":"user"}'                      => 'no_value'],
        ['{"name":"/a","type":"user","value":null}'         => 'no_value'],
        ['{"name":"/a","type":"user","value":"MARKER"}'     => 'bad_request'],
        ['{"name":"/a","type":"user","value":12}'           => 'bad_request'],
        ['{"name":"/a","type":"user","value":[]}'           => 'bad_request'],
        ['{"name":"/a","type":"user","value":{}}'           => 'no_password'],
        ['{"name":"/a","type":"user","value":{"username":"u"}}'
            => 'no_password'],
        ['{"name":"/a","type":"user","value":{"password":null}}'
            => 'no_password'],
        ['{"name":"/a","type":"user","value":{"password":""}}'
            => 'no_password'],
        ['{"name":"/a","type":"user","value":{"password":{}}}'
            => 'bad_request'],
        ['{"name":"/a","type":"user","value":{"username":[],"password":"M"}}'
            => 'bad_request'],

        ['{"name":"/a","type":"certificate"}'               => 'no_value'],
        ['{"name":"/a","type":"certificate","value":"MARKER"}'
            => 'bad_request'],
        ['{"name":"/a","type":"certificate","value":{"ca":"","private_key":'
            . '"","certificate":"MARKER"}}'                 => 'bad_cert'],

        map { my $type = $_; map { [$_->[0] =~ s/TYPE/$type/r, $_->[1]] }
            ['{"name":"/a","type":"TYPE"}'                  => 'no_value'],
            ['{"name":"/a","type":"TYPE","value":null}'     => 'no_value'],
            ['{"name":"/a","type":"TYPE","value":"MARKER"}' => 'bad_request'],
            ['{"name":"/a","type":"TYPE","value":[]}'       => 'bad_request'],
            ['{"name":"/a","type":"TYPE","value":{}}'       => 'no_key'],
            ['{"name":"/a","type":"TYPE","value":{"public_key":"",'
                . '"private_key":""}}'                      => 'no_key'],
            ['{"name":"/a","type":"TYPE","value":{"public_key":null,'
                . '"private_key":null}}'                    => 'no_key'],
            ['{"name":"/a","type":"TYPE","value":{"public_key":{}}}'
                => 'bad_request'],
        } qw(rsa ssh),
    );

    is_error(put($_->[0]), $_->[1], "body $_->[0]") for @rows;
    is_error($hub->put($data), 'content_type', 'no body and no type');
    nothing_stored('nothing was stored');
};


subtest 'unknown keys' => sub {
    my $good = '"name":"/a","type":"value","value":"MARKER"';
    my @rows = (
        # body                                    key
        (map { [qq({$good,"$_":1}) => $_] } qw(mode overwrite parameters
            regenerate id Name NAME metaData version_created_at)),
        [qq({$good,"":1})                      => ''],
        [qq({$good,"a'b":1})                   => 'ab'],
        [qq({$good,"a\$[b":1})                 => 'ab'],
        [qq({$good,"a][b":1})                  => 'ab'],
        [qq({$good,"a]b":1})                   => 'ab'],
        [qq({$good,"\\u0061\\u00fc":1})        => "a\xfc"],
        ['{"extra":1}'                         => 'extra'],

        (map { my ($type, $key) = @$_;
            [qq({"name":"/a","type":"$type","value":{"$key":1}}) => $key] }
            ['user', 'user'], ['user', 'Password'], ['user', 'private_key'],
            ['user', 'public_key_fingerprint'],
            ['rsa', 'public_key_fingerprint'], ['rsa', 'password'],
            ['ssh', 'username'], ['ssh', 'ssh_comment'], ['ssh', 'password_hash']),
    );

    for (@rows) {
        my ($body, $key) = @$_;
        utf8::encode(my $label = $body);
        is_error(put($body), "unknown_key:$key", $label);
    }

    nothing_stored('nothing was stored');
};


subtest 'content types' => sub {
    my $body = '{"name":"/type","type":"value","value":"MARKER-type"}';
    my @rows = (
        ['application/json'                       => 200],
        ['APPLICATION/JSON'                       => 200],
        ['application/json;charset=UTF-8'         => 200],
        ['application/json ; charset=utf-8'       => 200],
        ['application/vnd.credhub+json'           => 200],
        [undef,                                      'content_type'],
        [''                                        => 'content_type'],
        ['application/x-www-form-urlencoded'      => 'content_type'],
        ['text/plain'                             => 'content_type'],
        ['text/json'                              => 'content_type'],
        ['application/jsonp'                      => 'content_type'],
        ['application/xml'                        => 'content_type'],
        ['multipart/form-data; boundary=x'        => 'content_type'],
    );

    for (@rows) {
        my ($type, $expected) = @$_;
        my $r = put($body, headers => { 'Content-Type' => $type });
        my $label = $type // 'none';

        $expected eq '200' ? is($r->status, 200, $label)
            : is_error($r, $expected, $label);
    }

    is($hub->delete("$data?name=/type")->status, 204);
};


subtest 'accepted values' => sub {
    my @rows = (
        # type      value                           answered value
        ['value'    => '"MARKER-v"'              => '"MARKER-v"'],
        ['VALUE'    => '"MARKER-v"'              => '"MARKER-v"'],
        ['Password' => '"MARKER-p"'              => '"MARKER-p"'],
        ['value'    => '12.50'                   => '"12.50"'],
        ['value'    => '-1e3'                    => '"-1e3"'],
        ['value'    => 'true'                    => '"true"'],
        ['password' => 'false'                   => '"false"'],
        ['password' => '0'                       => '"0"'],
        ['value'    => '" "'                     => '" "'],
        ['JSON'     => '{"b":"MARKER","a":[1]}'  => '{"b":"MARKER","a":[1]}'],
        ['json'     => '[]'                      => '[]'],
        ['json'     => '{}'                      => '{}'],
        ['json'     => '"MARKER-text"'           => '"MARKER-text"'],
        ['json'     => '""'                      => '""'],
        ['json'     => '0'                       => '0'],
        ['json'     => 'false'                   => 'false'],
        ['json'     => '[null]'                  => '[null]'],
    );

    for (@rows) {
        my ($type, $value, $expected) = @$_;
        my $r = put(qq({"name":"/v","type":"$type","value":$value}));
        my $view = $r->json // {};

        is($r->status, 200, "$type $value") or diag($r->body);
        is($r->body, sprintf('{"type":"%s","version_created_at":"%s",'
            . '"id":"%s","name":"/v","metadata":null,"value":%s}', lc $type,
            @$view{qw(version_created_at id)}, $expected), 'the answer');
        is($hub->get("$data?name=/v&current=true")->body,
            '{"data":[' . $r->body . ']}', 'and what is stored');
        $hub->delete("$data?name=/v");
    }
};


subtest 'users' => sub {
    my @rows = (
        # value                                          username
        ['{"username":"u","password":"MARKER-u"}'     => 'u'],
        ['{"password":"MARKER-u"}'                    => undef],
        ['{"username":"","password":"MARKER-u"}'      => undef],
        ['{"username":null,"password":"MARKER-u"}'    => undef],
        ['{"username":12,"password":"MARKER-u"}'      => '12'],
        ['{"username":"u","password":"MARKER-u","password_hash":"x"}' => 'u'],
        ['{"password_hash":null,"password":"MARKER-u"}' => undef],
        ['{"password_hash":{},"password":"MARKER-u"}'   => undef],
    );
    my %hashes;

    for (@rows) {
        my ($value, $username) = @$_;
        my $r = put(qq({"name":"/user","type":"user","value":$value}));
        my $got = $r->json->{value};

        is($r->status, 200, "value $value") or diag($r->body);
        like($got->{password_hash}, $HASH, 'the hash');
        is(crypt('MARKER-u', $got->{password_hash}), $got->{password_hash},
            'is one of the password');
        is_deeply($got, { username => $username, password => 'MARKER-u',
            password_hash => $got->{password_hash} }, 'the value');
        is_deeply($hub->current('/user'), $r->json, 'is kept');
        $hashes{ $got->{password_hash} }++;
    }

    is(keys %hashes, @rows, 'each version has its own salt');
    is(put('{"name":"/user","type":"user","value":{"password":12}}')->json
        ->{value}{password}, '12', 'a number as password');
};


subtest 'keys are kept as they are' => sub {
    my $rsa = sub ($public, $private) {
        return { public_key => $public, private_key => $private };
    };
    my @keys = (
        # sent                                 answered
        [{ public_key => 'public' }         => $rsa->('public', undef)],
        [{ private_key => 'MARKER-private' } =>
            $rsa->(undef, 'MARKER-private')],
        [{ public_key => '', private_key => 'MARKER-private' } =>
            $rsa->(undef, 'MARKER-private')],
        [{ public_key => 'something', private_key => '' } =>
            $rsa->('something', undef)],
        [{ public_key => undef, private_key => $KEY } => $rsa->(undef, $KEY)],
        [$rsa->("p\n", "$KEY\n")            => $rsa->("p\n", "$KEY\n")],
        [$rsa->("p\r\n\"\\\x{1f511}", "$KEY\r\n") =>
            $rsa->("p\r\n\"\\\x{1f511}", "$KEY\r\n")],
        [$rsa->('ssh-rsa !', 'MARKER-x')    => $rsa->('ssh-rsa !', 'MARKER-x')],
    );

    for my $type (qw(rsa ssh)) {
        for (@keys) {
            my ($sent, $kept) = @$_;
            my $r = $hub->set("/$type", $type, $sent);
            my %value = $type eq 'ssh'
                ? (%$kept, public_key_fingerprint => undef) : %$kept;

            is($r->status, 200, "$type " . JSON::PP->new->ascii->canonical
                ->encode($sent)) or diag($r->body);
            is_deeply($r->json->{value}, \%value, 'the value');
            is_deeply($hub->current("/$type"), $r->json, 'is kept');
        }
    }
};


subtest 'fingerprints' => sub {
    my $blob = 'AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9'
        . 'GKJl';
    my $print = '+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU';
    my @rows = (
        # public key                              fingerprint
        ["ssh-ed25519 $blob"                   => $print],
        ["ssh-ed25519 $blob a comment"         => $print],
        ["ssh-ed25519 $blob\n"                 => $print],
        ["ssh-ed25519 ${blob}!"                => undef],
        ['ssh-ed25519'                         => undef],
        ['ssh-rsa AAAA'                        => undef],
        ['something'                           => undef],
    );

    for (@rows) {
        my ($key, $expected) = @$_;
        my $r = $hub->set('/print', 'ssh', { public_key => $key,
            private_key => 'MARKER-f', public_key_fingerprint => 'sent' });

        is($r->json->{value}{public_key_fingerprint}, $expected,
            $key =~ s/\n/\\n/r);
    }
};


subtest 'every set is a new version' => sub {
    my @made = map { $hub->set('/again', 'value', 'MARKER-same')->json } 1 .. 3;
    my %ids  = map { $_->{id} => 1 } @made;

    is(keys %ids, 3, 'ids');
    is_deeply($hub->get("$data?name=/again")->json->{data}, [reverse @made],
        'all are there');
    my $half = $hub->set('/half', 'rsa', { public_key => 'p',
        private_key => 'MARKER-h' });
    $half = $hub->set('/half', 'rsa', { public_key => 'p' });
    is_deeply($half->json->{value}, { public_key => 'p', private_key => undef },
        'nothing of an older version');
};


subtest 'the type stays' => sub {
    my $before = $hub->set('/typed', 'value', 'MARKER-t')->json;

    is_error($hub->set('/typed', 'password', 'MARKER-t'), 'type_mismatch',
        'another type');
    is_error($hub->set('/TYPED', 'json', {}), 'type_mismatch',
        'in another case');
    is_error($hub->set('/typed', 'user', { password => 'MARKER-t' }),
        'type_mismatch', 'a slow one');
    is_deeply($hub->get("$data?name=/typed")->json->{data}, [$before],
        'nothing was stored');
};


subtest 'the order of checks' => sub {
    my $mark  = '"value":"MARKER"';
    my $large = '{"x":"' . 'm' x 7000 . '"}';
    my @rows  = (
        # body                                               error
        [qq({"name":"/a//","x":1,$mark})                  => 'unknown_key:x'],
        [qq({"name":"/a//","type":"none",$mark})          => 'name_slash'],
        [qq({"type":"none",$mark})                        => 'no_name'],
        ['{"name":"/a","type":"none"}'                    => 'no_value'],
        ['{"name":"/a","type":"none","value":null}'       => 'no_value'],
        [qq({"name":"/a","type":"none","metadata":$large,$mark}) =>
            'type_set'],
        [qq({"name":"/a","type":"value","metadata":$large,"value":""}) =>
            'no_value'],
        [qq({"name":"/a","type":"value","metadata":$large,$mark}) =>
            'metadata_long'],
        ['{"name":"/a","type":"user","value":{"password":""}}' =>
            'no_password'],
        ['{"name":"/a","type":"user","value":{"x":""}}' => 'unknown_key:x'],
        ['{"name":"/a","type":"rsa","value":{}}'          => 'no_key'],
        ['{"name":"/a","type":"ssh","value":"MARKER"}'    => 'bad_request'],
        [qq({"name":"/a","type":"value",$mark})           => 'denied'],
        [qq({"name":"/typed","type":"password",$mark})    => 'denied'],
        ['{"name":"/typed","type":"user","value":{"password":"MARKER"}}' =>
            'denied'],
    );

    is_error($hub->as('second')->put($data, $_->[0]), $_->[1],
        substr $_->[0], 0, 70) for @rows;
    is_error($hub->as('third')->set('/a', 'value', 'MARKER'), 'denied',
        'no right here');

    my $r = $hub->as('third')->set('/mine/a', 'value', 'MARKER-mine');
    is($r->status, 200, 'write alone suffices');
    is($r->json->{value}, 'MARKER-mine', 'and the answer has the value');
    is_error($hub->as('third')->get("$data?name=/mine/a"), 'credential',
        'though it cannot be read');
};


$hub->done;
