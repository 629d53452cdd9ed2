# Names of credentials: the rules, the slash in front, letter case.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use JSON::PP;
use Test::More;

my $ALL = 'read,write,delete,read_acl,write_acl';
my $hub = CredHubTest->new(
    permissions => [['good', '/*', $ALL], ['second', '/Mine/*', $ALL]],
);
my $data = '/api/v1/data';
my $text = JSON::PP->new->utf8->allow_nonref;


# A request that names a credential in its body, by what it does with it.
my %writes = (
    set => sub ($name) {
        return $hub->put($data,
            qq({$name"type":"value","value":"MARKER-v"}));
    },
    generate => sub ($name) {
        return $hub->post($data, qq({$name"type":"password"}));
    },
);

# The member "name" and a comma, of a name or of JSON source.
sub member ($source) { return qq("name":$source,) }
sub named ($name)    { return member($text->encode($name)) }

sub find ($path) {
    return [sort map { $_->{name} }
            @{ $hub->get("$data?path=$path")->json->{credentials} }];
}


my @refused = (
    # name                     error
    [''                     => 'no_name'],
    ['/'                    => 'no_name'],
    ['//'                   => 'name_slash'],
    ['//a'                  => 'name_slash'],
    ['/a//b'                => 'name_slash'],
    ['a//b'                 => 'name_slash'],
    ['/a/'                  => 'name_slash'],
    ['a/'                   => 'name_slash'],
    ['/a/b/'                => 'name_slash'],
    (map { ["/a${_}b" => 'name_chars'] } ' ', '*', '%', '?', '#', '&', '=',
        '~', '@', '!', '$', "'", '"', '<', '>', '|', '^', '`', '{', '}', ';',
        '\\', "\t", "\n", "\x7f", "\xfc", "\x{20ac}", "\x{1f512}"),
    ['/a/*'                 => 'name_chars'],
    ['*'                    => 'name_chars'],
    ['a b'                  => 'name_chars'],
    ['/' . 'n' x 255        => 'name_long:255'],
    ['n' x 255              => 'name_long:255'],
);

for my $how (sort keys %writes) {
    subtest "$how: refused names" => sub {
        for (@refused) {
            my ($name, $error) = @$_;
            is_error($writes{$how}->(named($name)), $error,
                length $name < 20 ? $text->ascii->encode($name)
                    : length($name) . ' characters');
        }

        is_error($writes{$how}->(''), 'no_name', 'no name');
        is_error($writes{$how}->(member('null')), 'no_name', 'null');
        is_error($writes{$how}->(member('{}')), 'bad_request', 'an object');
        is_error($writes{$how}->(member('["/a"]')), 'bad_request', 'an array');

        my $both = $writes{$how}->(named('/a//b*' . 'n' x 300));
        is($both->status, 400, 'several rules at once');
        is_deeply([keys %{ $both->json }], ['error'], 'are one error');
    };
}

is_deeply(find(''), [], 'nothing was stored');


my @accepted = (
    # JSON source              the name
    ['"a"'                  => '/a'],
    ['"/a"'                 => '/a'],
    ['"\u002fa"'            => '/a'],
    ['"a/b/c"'              => '/a/b/c'],
    ['12'                   => '/12'],
    ['true'                 => '/true'],
    ['"-_.:,()[]+"'         => '/-_.:,()[]+'],
    ['"/AZaz09-_/.:,()[]+"' => '/AZaz09-_/.:,()[]+'],
    ['"' . 'n' x 254 . '"'  => '/' . 'n' x 254],
    ['"/' . 'm' x 254 . '"' => '/' . 'm' x 254],
);

for my $how (sort keys %writes) {
    subtest "$how: accepted names" => sub {
        for (@accepted) {
            my ($source, $name) = @$_;
            my $r = $writes{$how}->(member($source));

            is($r->status, 200, 'name ' . substr $source, 0, 30) or diag($r->body);
            is($r->json->{name}, $name, 'has its slash');
            $hub->keep_secret($r->json->{value});

            is($hub->current($name)->{id}, $r->json->{id}, 'is found by it');
            is($hub->current(substr $name, 1)->{id}, $r->json->{id},
                'and without the slash');
            is($hub->delete("$data?name="
                . substr($name, 1) =~ s/\+/%2B/gr)->status, 204,
                'DELETE adds the slash');
            is_error($hub->get("$data?name=" . $name =~ s/\+/%2B/gr),
                'credential', 'gone');
        }
    };
}


subtest 'a plus in a query is a space' => sub {
    is($hub->set('/p+q', 'value', 'MARKER-plus')->status, 200);
    is_error($hub->get("$data?name=/p+q"), 'credential', 'p q');
    is($hub->get("$data?name=%2Fp%2Bq")->status, 200, 'p%2Bq');
};


subtest 'names are looked up, not checked' => sub {
    my @unknown = ('/a//b', '//', '/', '/a/', '*', '/a/*', '/a%20b', '%25',
        '%C3%BC', '%E2%82%AC', '%22', '%27', '%5C', '/a%0A', '..', '/../a',
        'n' x 255, 'n' x 1024, 'n' x 3000);

    for my $name (@unknown) {
        my $label = length $name < 20 ? $name : length($name) . ' characters';
        is_error($hub->get("$data?name=$name"), 'credential', "GET $label");
        is_error($hub->get("$data?current=true&name=$name"), 'credential',
            "GET the newest $label");
        is_error($hub->delete("$data?name=$name"), 'credential',
            "DELETE $label");
    }

    for my $name ('%00', 'a%00b', '%', '%2', '%zz', '%FF', '%C3', '%ED%A0%80') {
        is_error($hub->get("$data?name=$name"), 'bad_request',
            "GET $name is no text");
        is_error($hub->delete("$data?name=$name"), 'bad_request',
            "DELETE $name is no text");
    }
};


subtest 'letter case' => sub {
    my $first = $hub->set('/Case/Name', 'password', 'MARKER-1')->json;
    my $again = $hub->set('CASE/name', 'password', 'MARKER-2')->json;
    my $made  = $hub->generate('/case/NAME', 'password', undef,
        mode => 'overwrite')->json;
    $hub->keep_secret($made->{value});

    is($_->{name}, '/Case/Name', 'the first spelling') for $again, $made;

    my $all = $hub->get("$data?name=/cASE/nAME")->json->{data};
    is_deeply([map { $_->{id} } @$all],
        [map { $_->{id} } $made, $again, $first], 'one credential');
    is_deeply([map { $_->{name} } @$all], [('/Case/Name') x 3]);

    is($hub->get("$data?current=true&name=/CASE/NAME")->json->{data}[0]{id},
        $made->{id}, 'the newest');
    is_deeply(find('/CASE'), ['/Case/Name'], 'find');

    is($hub->delete("$data?name=/cASe/nAMe")->status, 204, 'DELETE');
    is($hub->current('/Case/Name'), undef, 'gone');
    is($hub->set('/cASE/nAME', 'value', 'MARKER-3')->json->{name},
        '/cASE/nAME', 'a new credential has a new spelling');
};


subtest 'letter case of permissions' => sub {
    my $second = $hub->as('second');

    is($second->set('/mine/a', 'value', 'MARKER-4')->status, 200, 'write');
    is($second->get("$data?name=/MINE/A")->status, 200, 'read');
    is($second->get("$data?current=true&name=mInE/a")->status, 200);
    is_deeply($second->get("$data?path=")->json->{credentials}[0]{name},
        '/mine/a', 'find');
    is_error($second->set('/minE', 'value', 'MARKER-5'), 'denied',
        'not the path itself');
    is_error($second->set('/mine2/a', 'value', 'MARKER-5'), 'denied',
        'nor a longer one');
    is($second->delete("$data?name=/MINE/a")->status, 204, 'delete');
};


$hub->done;
