# Two nginx of two workers each, one Redis: whatever meets, nothing is lost and
# nothing is mixed up.
#
# Requests meet for certain: a proxy lets their first commands reach Redis and
# holds the replies until all have been asked.

use v5.36;

use lib 't/lib';
use CredHubTest;
use Test::More;

my $MISMATCH = '{"error":"The credential type cannot be modified. Please '
    . 'delete the credential if you wish to create it with a different type."}';

my @KEYS  = (['k1', sprintf '%-32s', 'MARKER-key-k1']);
my $one   = CredHubTest->new(proxy => 1, keys => \@KEYS);
my $redis = $one->dir . '/redis/redis.sock';
my ($two, $direct) = map {
    CredHubTest->new(redis => 0, keys => \@KEYS,
        http => CredHubTest->redis_line($_))
} $one->proxy->socket, $redis;
my $proxy = $one->proxy;
my $count = 0;


sub new_name () { return '/race/' . ++$count }

sub secrets ($value) {
    return $value if !ref $value;
    return grep {defined} (map { $value->{$_} } qw(username password)),
        (split /\n/, $value->{private_key} // '')[2];
}


# Sends all requests, then reads all answers; connections stand before.
sub parallel (@requests) {
    my @clients = map { ($_ % 2 ? $two : $one)->connect } 0 .. $#requests;
    my $i = 0;

    $_->request(@{ $requests[$i++] }) for @clients;
    return sub () {
        return map {
            my $r = $_->response;
            $_->close;
            $one->made($r);
        } @clients;
    };
}

# The same, but every request has loaded before any may go on.
sub together ($command, @requests) {
    $proxy->forget;
    $proxy->hold;
    my $answers = parallel(@requests);
    my $met = $proxy->wait_for($command, scalar @requests);
    $proxy->release;
    my @answers = $answers->();
    ok($met, 'they met');
    return @answers;
}

sub generate ($name, %more) {
    return ['POST', '/api/v1/data',
        json => { name => $name, type => 'password', %more }];
}

sub set ($name, $type, $value) {
    return ['PUT', '/api/v1/data',
        json => { name => $name, type => $type, value => $value }];
}

sub regenerate ($name) {
    return ['POST', '/api/v1/regenerate', json => { name => $name }];
}

sub versions ($name) {
    my $r = $direct->get("/api/v1/data?name=$name");
    return @{ $r->status == 200 ? $r->json->{data} : [] };
}

sub with_status ($status, @answers) {
    return grep { $_->status == $status } @answers;
}

# Answered and listed versions are the same ones, in every field.
sub is_listed ($name, @answers) {
    my ($got, $want) = map {
        my %by_id = map { $_->{id} => $_ } @$_;
        \%by_id;
    } [versions($name)], [map { $_->json } @answers];
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    return is_deeply($got, $want, 'versions are what was answered');
}


# Every worker has its connections before one is held.
ok($proxy->wait_ready(8), 'all links stand');


# how it is asked for, type
my @FIRST = (
    [{ mode => 'no-overwrite' },   'password'],
    [{ overwrite => \0 },          'password'],
    [{ mode => 'converge' },       'user'],
    [{},                           'ssh'],
);

subtest 'generates of one new name end with one value' => sub {
    for my $row (@FIRST) {
        my ($more, $type) = @$row;
        my $name = new_name();
        my @answers = together('HMGET',
            map { generate($name, type => $type, %$more) } 1 .. 12);
        my %bodies = map { $_->body => 1 } @answers;

        is(with_status(200, @answers), 12, "$type: all are answered");
        is(keys %bodies, 1, "$type: with the same");
        is_listed($name, $answers[0]);
        is($direct->get("/api/v1/data?name=$name&current=true")
            ->json->{data}[0]{id}, $answers[0]->json->{id}, "$type: it stands");
    }
};

subtest 'generates that overwrite all write' => sub {
    for my $new (0, 1) {
        my $name = new_name();
        my @first = $new ? () : $one->made($direct->generate($name, 'password'));
        my @answers = together('HMGET',
            map { generate($name, mode => 'overwrite') } 1 .. 12);

        is(with_status(200, @answers), 12, 'all are answered');
        is_listed($name, @first, @answers);
    }
};

subtest 'generates of different types' => sub {
    my $name = new_name();
    my @answers = together('HMGET', map { generate($name, type => $_,
        mode => 'overwrite') } ('password', 'user') x 5);
    my @good = with_status(200, @answers);
    my %types = map { $_->{type} => 1 } versions($name);

    is(keys %types, 1, 'one type');
    is(@good, 5, 'all of that type');
    is((grep { $_->body eq $MISMATCH } with_status(400, @answers)), 5,
        'no other');
    is_listed($name, @good);
};

subtest 'sets of one name all write' => sub {
    my $name = new_name();
    my @answers = parallel(map { set($name, 'value', "MARKER-$_") } 1 .. 24)->();

    is($_->status, 200) for @answers;
    is($answers[$_ - 1]->json->{value}, "MARKER-$_", "answer $_ is its own")
        for 1 .. 24;
    is_listed($name, @answers);

    my ($newest) = versions($name);
    is_deeply($direct->current($name), $newest, 'the newest is the current one');
};

subtest 'sets of different types' => sub {
    my $name = new_name();
    my @answers = parallel(map { set($name, $_, 'MARKER-types') }
        ('value', 'password', 'json') x 4)->();
    my @good = with_status(200, @answers);
    my %types = map { $_->{type} => 1 } versions($name);

    is(keys %types, 1, 'one type');
    is(@good, 4, 'all of that type');
    is((grep { $_->body eq $MISMATCH } with_status(400, @answers)), 8,
        'no other');
    is_listed($name, @good);
};

subtest 'a set and a generate of one new name' => sub {
    my $name = new_name();
    my $answers = do {
        $proxy->forget;
        $proxy->hold;
        my $sent = parallel(generate($name, mode => 'no-overwrite'));
        ok($proxy->wait_for('HMGET'), 'the generate has seen nothing');
        $direct->set($name, 'password', 'MARKER-first');
        $proxy->release;
        $sent;
    };

    is(($answers->())[0]->json->{value}, 'MARKER-first', 'it keeps the other');
    is(versions($name), 1);
};


subtest 'regenerates lose nothing' => sub {
    for my $type (qw(password user ssh)) {
        my $name  = new_name();
        my $first = $one->made($direct->generate($name, $type, {},
            metadata => { of => $type }));
        my @answers = together('HMGET', map { regenerate($name) } 1 .. 8);
        my @good    = with_status(200, @answers);
        my @busy    = with_status(503, @answers);

        cmp_ok(@good, '>=', 1, "$type: some are done");
        is(@good + @busy, 8, "$type: others are told to retry");
        is($_->header('Retry-After'), 1) for @busy;
        is_listed($name, $first, @good);

        my %values = map { join('', secrets($_->{value})) => 1 } versions($name);
        is(keys %values, @good + 1, "$type: each has its own value");
        is_deeply($_->{metadata}, { of => $type }) for versions($name);
    }
};

# What happens between load and commit of a regenerate; what comes out.
my @BETWEEN = (
    ['other parameters', sub ($name) {
        $one->made($direct->generate($name, 'password', { length => 9,
            exclude_lower => \1, exclude_number => \1 },
            mode => 'overwrite', metadata => { new => 1 }));
    }, 'password', qr/^[A-Z]{9}\z/, { new => 1 }],
    ['another type', sub ($name) {
        $direct->delete("/api/v1/data?name=$name");
        $one->made($direct->generate($name, 'user', { length => 7 },
            value => { username => 'jane' }));
    }, 'user', qr/^jane \w{7}\z/, undef],
    ['a value that was set', sub ($name) {
        $direct->set($name, 'password', 'MARKER-static');
    }],
    ['a delete', sub ($name) { $direct->delete("/api/v1/data?name=$name") }],
);

subtest 'a regenerate follows what happened meanwhile' => sub {
    for my $row (@BETWEEN) {
        my ($what, $meanwhile, $type, $like, $metadata) = @$row;
        my $name = new_name();
        $one->made($direct->generate($name, 'password', { length => 20 },
            metadata => { old => 1 }));

        $proxy->forget;
        $proxy->hold;
        my $answers = parallel(regenerate($name));
        ok($proxy->wait_for('HMGET'), "$what: loaded");
        $meanwhile->($name);
        $proxy->release;
        my ($r) = $answers->();

        if (defined $type) {
            my $got = $r->json;
            is($r->status,   200,   "$what: done");
            is($got->{type}, $type, "$what: type");
            like(join(' ', grep {defined} ref $got->{value}
                ? map { $got->{value}{$_} } qw(username password)
                : $got->{value}), $like, "$what: value");
            is_deeply($got->{metadata}, $metadata, "$what: metadata");
            is_deeply([versions($name)]->[0], $got, "$what: and it stands");
        } else {
            is($r->status, $what eq 'a delete' ? 404 : 400, "$what: refused");
            is(versions($name), $what eq 'a delete' ? 0 : 2, "$what: no more");
        }
    }
};


subtest 'deletes between sets' => sub {
    my $name = new_name();
    my $delete = ['DELETE', "/api/v1/data?name=$name"];
    my @answers = parallel(map { $_ % 4 ? set($name, 'value', "MARKER-$_")
        : $delete } 1 .. 24)->();

    is((grep { $answers[ $_ - 1 ]->status != 200 } grep { $_ % 4 } 1 .. 24), 0,
        'sets succeed');
    is((grep { $answers[ $_ - 1 ]->status !~ /^(?:204|404)$/ }
        grep { $_ % 4 == 0 } 1 .. 24), 0, 'deletes delete or find nothing');

    my %answered = map { $_->json->{id} => $_->json } with_status(200, @answers);
    my @left = versions($name);
    is_deeply([map { $answered{ $_->{id} } } @left], \@left,
        'what is left was answered');

    my $rows = sub {
        grep { $one->redis('HGET', $_, 'name') eq $name }
            @{ $one->redis('KEYS', '{credhub}:version:*') };
    };
    ok(wait_until(60, sub { $rows->() == @left }), 'no row is left over');
};

subtest 'answers are never mixed up' => sub {
    my @names = map { new_name() } 1 .. 20;
    my @sets  = parallel(map { set($_, 'value', "MARKER-of-$_") } @names)->();
    is($sets[$_]->json->{name}, $names[$_]) for 0 .. $#names;

    my (@requests, @want);
    for my $i (map { ($_ * 7) % 20 } 0 .. 79) {
        my $id = $sets[$i]->json->{id};
        push @requests, ['GET', (
            "/api/v1/data?current=true&name=$names[$i]",
            "/api/v1/data?name=$names[$i]",
            "/api/v1/data/$id",
            "/api/v1/data?path=$names[$i]",
        )[@requests % 4]];
        push @want, @requests % 4 == 0 ? '[]' : "MARKER-of-$names[$i]";
    }

    $proxy->split(5);
    my @got = parallel(@requests)->();
    $proxy->split(0);

    my @bad = grep { index($got[$_]->body, $want[$_] eq '[]' ? $want[$_]
        : qq("value":"$want[$_]")) < 0 } 0 .. $#got;
    is(@bad, 0, 'each has what it asked for');
};

$_->finish for $two, $direct;
$one->done;
