# Metadata: any JSON, with every type and in every answer.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use JSON::PP;
use Test::More;

my $hub  = CredHubTest->new;
my $data = '/api/v1/data';

my %values = (
    value    => '"MARKER-v"',
    json     => '{"a":"MARKER-j"}',
    password => '"MARKER-p"',
    user     => '{"username":"u","password":"MARKER-u"}',
    rsa      => '{"private_key":"MARKER-r"}',
    ssh      => '{"private_key":"MARKER-s"}',
);


sub put ($type, $metadata, $name = "/$type") {
    my $more = defined $metadata ? qq(,"metadata":$metadata) : '';
    return $hub->put($data,
        qq({"name":"$name","type":"$type","value":$values{$type}$more}));
}


sub metadata ($response) {
    return $response->body =~ /"metadata":(.*?),"value":/s ? $1 : undef;
}


my @rows = (
    # sent                              answered
    [undef,                             'null'],
    ['null'                          => 'null'],
    ['{}'                            => '{}'],
    ['{"description":"x"}'           => '{"description":"x"}'],
    ['{ "b" : 1 , "a" : [ 1, 2 ] }'  => '{"b":1,"a":[1,2]}'],
    ['[]'                            => '[]'],
    ['"text"'                        => '"text"'],
    ['""'                            => '""'],
    ['0'                             => '0'],
    ['1.10'                          => '1.10'],
    ['false'                         => 'false'],
    ['true'                          => 'true'],
    ['{"null":null}'                 => '{"null":null}'],
);

for my $type (sort keys %values) {
    subtest $type => sub {
        for (@rows) {
            my ($sent, $kept) = @$_;
            my $r = put($type, $sent);

            is($r->status, 200, $sent // 'nothing') or diag($r->body);
            is(metadata($r), $kept, 'answered');

            my $id = $r->json->{id};
            is(metadata($hub->get("$data/$id")), $kept, 'by id');
            is(metadata($hub->get("$data?name=/$type&current=true")), $kept,
                'the newest');
            is(metadata($hub->get("$data?name=/$type&versions=1")), $kept,
                'a version');
        }
    };
}


subtest 'each version has its own' => sub {
    put('value', $_, '/own') for '{"n":1}', undef, '{"n":3}', 'null';

    my @all = map { $_->{metadata} }
        @{ $hub->get("$data?name=/own")->json->{data} };
    is_deeply(\@all, [undef, { n => 3 }, undef, { n => 1 }]);
};


subtest 'generated credentials' => sub {
    my $name = '/made';
    my @rows = (
        # mode          sent      answered
        [overwrite      => '{"n":1}', '{"n":1}'],
        ['no-overwrite' => '{"n":2}', '{"n":1}'],
        [converge       => '{"n":3}', '{"n":1}'],
        [overwrite      => undef,     'null'],
        [converge       => '{"n":4}', 'null'],
        [overwrite      => '[1, 2]',  '[1,2]'],
    );

    for (@rows) {
        my ($mode, $sent, $kept) = @$_;
        my $more = defined $sent ? qq(,"metadata":$sent) : '';
        my $r = $hub->post($data, qq({"name":"$name","type":"password",)
            . qq("mode":"$mode"$more}));

        $hub->keep_secret($r->json->{value});
        is(metadata($r), $kept, "$mode " . ($sent // 'nothing'));
        is(metadata($hub->get("$data?name=$name&current=true")), $kept,
            'is what stands there');
    }
};


subtest 'the limit' => sub {
    my $long = sub ($n) { '{"a":"' . 'x' x ($n - 8) . '"}' };
    my $wide = sub ($n) {
        my $text = $long->($n);
        return $text =~ s/:/ \t\n : \r\n/r =~ s/\}/   }/r;
    };
    my @rows = (
        # metadata                                        error
        [$long->(6999)                                 => undef],
        [$long->(7000)                                 => undef],
        [$wide->(7000)                                 => undef],
        ['[' . join(', ', ('1') x 3499) . ',1]'        => 'metadata_long'],
        ['[' . join(', ', ('1') x 3499) . ']'          => undef],
        [$long->(7001)                                 => 'metadata_long'],
        [$wide->(7001)                                 => 'metadata_long'],
        ['"' . 'x' x 6998 . '"'                        => undef],
        ['"' . 'x' x 6999 . '"'                        => 'metadata_long'],
        ['{"a":"' . 'x' x 60000 . '"}'                 => 'metadata_long'],
    );

    for my $how (qw(set generate)) {
        for (@rows) {
            my ($source, $error) = @$_;
            my $label = "$how with " . length($source) . ' bytes';
            my $id = ($hub->current('/limit') // {})->{id};
            my $r = $how eq 'set' ? put('password', $source, '/limit')
                : $hub->post($data, '{"name":"/limit","type":"password",'
                    . qq("mode":"overwrite","metadata":$source}));

            if (defined $error) {
                is_error($r, $error, $label);
                is($hub->current('/limit')->{id}, $id, 'nothing was stored');
                next;
            }

            is($r->status, 200, $label) or diag($r->body);
            $hub->keep_secret($r->json->{value});
            is(length metadata($r), length
                JSON::PP->new->allow_nonref->encode(
                    JSON::PP->new->allow_nonref->decode($source)), 'is whole');
        }
    }
};


$hub->done;
