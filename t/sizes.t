# The limits of values, names and bodies: the last size that is taken, and the
# first that is refused, with nothing stored.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use Test::More;

my $VALUE = 65536;
my $BODY  = 900 * 1024;

my $hub = CredHubTest->new(
    server  => "client_max_body_size $BODY;",
    servers => [{ port => 'long', server => 'credhub_max_name_length 1024;' }],
);
my $data = '/api/v1/data';


# The value of an answer, when it is 200.
sub taken ($r, $label) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is($r->status, 200, $label) or diag(substr $r->body, 0, 200);
    return $r->status == 200 ? $r->json->{value} : undef;
}

sub names () { return $hub->get("$data?path=")->json->{credentials} }


sub pad ($n) { return 'MARKER-' . 'x' x ($n - 7) }

sub string ($n) { return '"' . pad($n) . '"' }

# Public keys and user names are no secrets.
sub plain ($n) { return '"' . 'x' x $n . '"' }

# Each character in six bytes, or in two.
sub escaped ($n) { return '"' . '\u0061' x $n . '"' }
sub umlauts ($n) {
    return '"' . 'x' x ($n % 2) . "\xc3\xbc" x ($n / 2) . '"';
}
sub pairs ($n) {
    return '"' . 'x' x ($n % 4) . '\ud83d\ude00' x ($n / 4) . '"';
}

sub object ($one, $two) {
    return sub ($n) {
        my $half = int $n / 2;
        return sprintf '{"%s":%s,"%s":%s}', $one, plain($half), $two,
            string($n - $half);
    };
}

sub json ($n) { return '{"a": ' . string($n - 9) . '}' }

my @values = (
    # what                  type      value of n bytes
    ['a string',            value    => \&string],
    ['a string',            password => \&string],
    ['an escaped string',   value    => \&escaped],
    ['two-byte characters', value    => \&umlauts],
    ['surrogate pairs',     password => \&pairs],
    ['an object',           json     => \&json],
    ['a string',            json     => sub ($n) { string($n - 2) }],
    ['numbers',             json     => sub ($n) {
        my $pairs = int(($n - 3) / 2);
        return '[' . '1,' x $pairs . '1' x ($n - 2 - 2 * $pairs) . ']';
    }],
    ['white space',         json     => sub ($n) { '[' . ' ' x ($n - 2) . ']' }],
    ['a number',            value    => sub ($n) { '1' x $n }],
    ['a public key',        rsa      => sub ($n) {
        return '{"public_key":' . plain($n) . '}';
    }],
    ['a private key',       ssh      => sub ($n) {
        return '{"public_key":"","private_key":' . string($n) . '}';
    }],
    ['two keys',            rsa      => object('public_key', 'private_key')],
    ['two keys',            ssh      => object('public_key', 'private_key')],
    ['a user',              user     => sub ($n) {
        return '{"username":' . plain($n - 1000) . ',"password":'
            . string(1000) . '}';
    }],
);

for (@values) {
    my ($what, $type, $value) = @$_;

    subtest "$type: $what" => sub {
        my $put = sub ($n) {
            return $hub->put($data, qq({"name":"/size","type":"$type",)
                . qq("value":@{[$value->($n)]}}));
        };

        is_error($put->($_), 'too_large', "$_ bytes") for $VALUE + 1, 2 * $VALUE;
        is_deeply(names(), [], 'nothing was stored');

        my $kept = taken($put->($VALUE), "$VALUE bytes");
        is_deeply($hub->current('/size')->{value}, $kept, 'are read');
        is_error($put->($VALUE + 1), 'too_large', 'one more');
        is(@{ $hub->get("$data?name=/size")->json->{data} }, 1,
            'is no version');
        $hub->delete("$data?name=/size");
    };
}


subtest 'user: a password' => sub {
    is_error($hub->set('/size', 'user', { password => pad($VALUE + 1) }),
        'too_large', 'a long one');
    is_error($hub->set('/size', 'user', { username => 'u',
        password => pad($VALUE) }), 'too_large', 'with a user name');
    is_deeply(names(), [], 'nothing was stored');
};


subtest 'generated values' => sub {
    my $user = sub ($n) {
        return $hub->generate('/made', 'user', { length => 30 },
            value => { username => 'u' x ($n - 30) });
    };

    is_error($user->($VALUE + 1), 'too_large', 'a user name');
    is_error($hub->generate('/made', 'user',
        { length => 100, username => 'u' x ($VALUE - 99) }), 'too_large',
        'as a parameter');
    is_error($hub->generate('/made', 'ssh', { ssh_comment => 'c' x $VALUE }),
        'too_large', 'a comment');
    is_deeply(names(), [], 'nothing was stored');

    my $value = taken($user->($VALUE), "$VALUE bytes");
    is(length $value->{username}, $VALUE - 30, 'a user name');
    $hub->keep_secret($value->{password});
    $hub->delete("$data?name=/made");
};


subtest 'names' => sub {
    my @rows = (
        # port    length   error
        [main =>  255,     undef],
        [main =>  256,     'name_long:255'],
        [main =>  1024,    'name_long:255'],
        [long =>  256,     undef],
        [long =>  1024,    undef],
        [long =>  1025,    'name_long:1024'],
        [long =>  5000,    'name_long:1024'],
    );

    for (@rows) {
        my ($port, $n, $error) = @$_;
        my $name = '/' . 'n' x ($n - 1);

        for my $r ($hub->put($data, { name => $name, type => 'password',
                value => 'MARKER-n' }, port => $port),
            $hub->put($data, { name => substr($name, 1), type => 'password',
                value => 'MARKER-n' }, port => $port),
            $hub->post($data, { name => $name, type => 'password',
                mode => 'no-overwrite' }, port => $port))
        {
            $error ? is_error($r, $error, "$n characters at $port")
                : taken($r, "$n characters at $port");
        }

        next if $error;
        is($hub->get("$data?name=$name&current=true", port => $_)->status, 200,
            "read at $_") for qw(main long);
        is($hub->delete("$data?name=$name", port => 'main')->status, 204,
            'deleted at main');
    }

    is_deeply(names(), [], 'nothing else was stored');
};


# Bodies of n bytes, most of them white space.
sub padded ($body, $n) { return $body . ' ' x ($n - length $body) }

sub body ($n) {
    return padded('{"name":"/body","type":"value","value":"MARKER-body"}', $n);
}

sub chunks ($n) { return [unpack '(a30000)*', body($n)] }

my %puts = (
    'Content-Length' => sub ($n) { $hub->put($data, body($n)) },
    'chunked'   => sub ($n) { $hub->put($data, undef, chunks => chunks($n)) },
    'one chunk' => sub ($n) { $hub->put($data, undef, chunks => [body($n)]) },
    'HTTP/2'    => sub ($n) { $hub->h2('PUT', $data, body => body($n)) },
    'generate'  => sub ($n) {
        $hub->post($data, padded('{"name":"/body","type":"password"}', $n));
    },
);

for my $how (sort keys %puts) {
    subtest "bodies: $how" => sub {
        is_error($puts{$how}->($BODY + 1), 'too_large', 'one byte more');
        is_error($puts{$how}->(3 * $BODY), 'too_large', 'a lot more');
        is_error($hub->get("$data?name=/body"), 'credential',
            'nothing was stored');

        $hub->keep_secret(taken($puts{$how}->($BODY), "$BODY bytes"));
        is($hub->delete("$data?name=/body")->status, 204, 'stored');
    };
}


subtest 'before the body is sent' => sub {
    my $one = $hub->connect;
    $one->request('PUT', $data, headers => {
        'Content-Type' => 'application/json', 'Content-Length' => $BODY + 1 });
    is_error($one->response, 'too_large', 'a length is enough');
    $one->close;

    $one = $hub->connect;
    $one->request('PUT', $data, headers => {
        'Content-Type' => 'application/json',
        'Transfer-Encoding' => 'chunked' });
    $one->send(sprintf "%x\r\n{", $BODY + 1);
    is_error($one->response, 'too_large', 'so is that of a chunk');
    $one->close;
    is_deeply(names(), [], 'nothing was stored');
};


$hub->done;
