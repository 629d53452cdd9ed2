# POST /api/v1/data on a credential that stands: does it stay?

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use JSON::PP ();
use Test::More;

my $hub   = CredHubTest->new;
my $JSON  = JSON::PP->new->canonical->allow_nonref;
my $count = 0;


# The ways to ask, as far as they can differ: kept where parameters are equal,
# kept where they differ.
my %MODE = (
    'neither'         => [{},                                         1, 0],
    'converge'        => [{ mode => 'converge' },                     1, 0],
    'converge, false' => [{ mode => 'converge', overwrite => \0 },    1, 0],
    'converge, null'  => [{ mode => 'converge', overwrite => undef }, 1, 0],
    'overwrite null'  => [{ overwrite => undef },                     1, 0],
    'no-overwrite'    => [{ mode => 'no-overwrite' },                 1, 1],
    'no-overwrite, false' => [{ mode => 'no-overwrite', overwrite => \0 }, 1, 1],
    'false'           => [{ overwrite => \0 },                        1, 1],
    '"false"'         => [{ overwrite => 'false' },                   1, 1],
    'overwrite'       => [{ mode => 'overwrite' },                    0, 0],
    'overwrite, true' => [{ mode => 'overwrite', overwrite => \1 },   0, 0],
    'overwrite, false' => [{ mode => 'overwrite', overwrite => \0 },  0, 0],
    'true'            => [{ overwrite => \1 },                        0, 0],
    '"true"'          => [{ overwrite => 'true' },                    0, 0],
);


sub new_name () { return '/converge/' . ++$count }

sub generate ($name, $type, $parameters, %more) {
    return $hub->made($hub->generate($name, $type, $parameters, %more));
}

sub versions ($name) {
    return scalar @{ $hub->get("/api/v1/data?name=$name")->json->{data} };
}

# Is the answer to a second request the version that stands?
sub is_kept ($before, $after, $kept, $what) {
    my ($one, $two) = map { $_->json } $before, $after;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is($after->status, 200, "$what: answered") or return;
    return is_deeply($two, $one, "$what: the very same") if $kept;

    isnt($two->{id}, $one->{id}, "$what: a new version");
    return isnt($JSON->encode($two->{value}), $JSON->encode($one->{value}),
        "$what: another value");
}


subtest 'the first one is written in every mode' => sub {
    for my $mode (sort keys %MODE) {
        my $name = new_name();
        my $r = generate($name, 'password', undef, %{ $MODE{$mode}[0] });
        is($r->status, 200, $mode);
        is(versions($name), 1, "$mode: one version");
    }
};

subtest 'every mode, equal and different parameters' => sub {
    for my $mode (sort keys %MODE) {
        my ($more, $equal, $different) = @{ $MODE{$mode} };

        for my $row ([12, $equal], [13, $different]) {
            my ($length, $kept) = @$row;
            my $name  = new_name();
            my $first = generate($name, 'password', { length => 12 },
                metadata => { first => 1 });
            my $then  = generate($name, 'password', { length => $length },
                %$more, metadata => { then => 2 });

            is_kept($first, $then, $kept, "$mode, length $length");
            is_deeply($then->json->{metadata},
                $kept ? { first => 1 } : { then => 2 },
                "$mode, length $length: metadata");
            is_deeply($hub->current($name), $then->json,
                "$mode, length $length: and that stands");
            is(versions($name), $kept ? 1 : 2, "$mode, length $length: versions");
        }
    }
};


# type, parameters, parameters of the second request, kept by converge?
my @COMPARED = (
    ['password', {}, {}, 1],
    ['password', undef, {}, 1],
    ['password', {}, { length => 30 }, 1],
    ['password', {}, { exclude_lower => \0, exclude_upper => \0,
        exclude_number => \0, include_special => \0 }, 1],
    ['password', { length => '17' }, { length => 17 }, 1],
    ['password', { length => 17 }, {}, 0],
    ['password', { length => 3 }, { length => 3 }, 0],
    ['password', { length => 201 }, { length => 201 }, 0],
    ['password', { length => 3 }, {}, 1],
    ['password', { length => 4 }, { length => 4 }, 1],
    ['password', { length => 200 }, { length => 200 }, 1],
    ['password', { username => 'a' }, { username => 'a' }, 1],
    ['password', { username => 'a' }, { username => 'b' }, 0],
    ['password', { username => 'a' }, {}, 0],
    (map { my $type = $_; map {
        [$type, { $_ => \1 }, { $_ => \1 }, 1],
        [$type, { $_ => \1 }, {}, 0],
        [$type, {}, { $_ => \1 }, 0]
    } qw(exclude_lower exclude_upper exclude_number include_special) }
        qw(password user)),
    ['user', {}, {}, 1],
    ['user', {}, { length => 31 }, 0],
    ['user', { length => 3 }, { length => 3 }, 0],
    ['user', { username => 'a' }, { username => 'a' }, 1],
    ['user', { username => 'a' }, { username => 'b' }, 0],
    ['user', { username => 'a' }, { username => 'A' }, 0],
    ['user', { username => 'a' }, {}, 0],
    ['user', {}, { username => 'a' }, 0],
    ['rsa', {}, {}, 1],
    ['rsa', { key_length => 2048 }, { key_length => 0 }, 1],
    ['rsa', {}, { key_length => 3072 }, 0],
    ['ssh', {}, { ssh_comment => '' }, 1],
    ['ssh', { ssh_comment => 'a b' }, { ssh_comment => 'a b' }, 1],
    ['ssh', { ssh_comment => 'a b' }, { ssh_comment => 'a' }, 0],
    ['ssh', { key_length => 3072 }, { key_length => 2048 }, 0],
);

subtest 'what converge compares' => sub {
    for my $row (@COMPARED) {
        my ($type, $one, $two, $kept) = @$row;
        my $name  = new_name();
        my $what  = "$type " . $JSON->encode([$one, $two]);
        my $first = generate($name, $type, $one);

        is_kept($first, generate($name, $type, $two, mode => 'converge'),
            $kept, $what);
    }
};

subtest 'the username beside the parameters is one of them' => sub {
    my $name = new_name();
    my $ask  = sub ($value, $parameters = {}) {
        return generate($name, 'user', $parameters, value => $value);
    };

    my $first = $ask->({ username => 'one' });
    is_kept($first, $ask->({ username => 'one' }), 1, 'the same');
    is_kept($first, $ask->({}, { username => 'one' }), 1, 'the other place');
    is_kept($first, $ask->({ username => 'two' }, { username => 'one' }), 0,
        'the value counts');
};


my $PEM = generate('/pair', 'rsa', {})->json->{value};
my $SSH = generate('/ssh', 'ssh', { ssh_comment => 'me' })->json->{value};

# type, what is set, parameters, kept by: converge, no-overwrite, overwrite
my @SET = (
    ['password', 'MARKER-' . 'p' x 23,                     {},  0, 1, 0],
    ['user', { username => 'u', password => 'MARKER-pw' }, { username => 'u' },
        0, 1, 0],
    ['rsa', { private_key => 'MARKER-key' },               {},  0, 1, 0],
    ['rsa', { public_key => 'public' },                    {},  0, 1, 0],
    ['rsa', $PEM,                                          {},  1, 1, 0],
    ['rsa', { public_key => $PEM->{public_key} },          {},  1, 1, 0],
    ['rsa', $PEM,                         { key_length => 3072 }, 0, 1, 0],
    ['ssh', { private_key => 'MARKER-key' },               {},  0, 1, 0],
    ['ssh', { public_key => 'ssh-rsa x' },                 {},  0, 1, 0],
    ['ssh', $SSH,                         { ssh_comment => 'me' }, 1, 1, 0],
    ['ssh', { public_key => $SSH->{public_key} },
        { ssh_comment => 'me' },                                1, 1, 0],
    ['ssh', $SSH,                                          {},  0, 1, 0],
);

subtest 'set, then generate' => sub {
    for my $row (@SET) {
        my ($type, $value, $parameters, @kept) = @$row;
        my @modes = map { { mode => $_ } } qw(converge no-overwrite overwrite);
        my $what  = "$type " . substr $JSON->encode($value), 0, 30;

        for my $more (@modes, {}, { overwrite => \0 }, { overwrite => \1 }) {
            push @kept, my $kept = shift @kept;

            my $name = new_name();
            my $set  = $hub->set($name, $type, $value, metadata => [1]);
            is_kept($set, generate($name, $type, $parameters, %$more), $kept,
                "$what, " . $JSON->encode($more));
        }
    }
};

subtest 'generate, then set, then generate' => sub {
    my $name = new_name();
    my $one  = generate($name, 'password', {})->json;
    my $set  = $hub->set($name, 'password', $one->{value})->json;
    my $two  = generate($name, 'password', {})->json;

    isnt($set->{id},    $one->{id},    'a set always writes');
    isnt($two->{id},    $set->{id},    'only the newest version counts');
    isnt($two->{value}, $set->{value});
    is(versions($name), 3);
};

subtest 'after a regenerate the username is one of the parameters' => sub {
    my $name  = new_name();
    my $first = generate($name, 'user', {});
    my $again = $hub->made($hub->post('/api/v1/regenerate', { name => $name }));
    my $user  = $again->json->{value}{username};

    is($user, $first->json->{value}{username}, 'it is kept');
    is_kept($again, generate($name, 'user', { username => $user }), 1, 'given');
    is_kept($again, generate($name, 'user', {}), 0, 'not given');
};

subtest 'a kept version' => sub {
    for my $type (qw(password user ssh)) {
        my $name  = new_name() . '/Case';
        my $first = generate($name, $type, {}, metadata => { n => 1 });
        my $id    = $first->json->{id};

        for my $asked (lc $name, uc $name) {
            my $r = generate($asked, $type, {}, metadata => undef);
            is($r->body, $first->body, "$type: to the byte, by another case");
        }

        is($hub->get("/api/v1/data/$id")->body, $first->body, "$type: by id");
    }
};

subtest 'a new version under another case' => sub {
    my $name  = new_name() . '/Case';
    my $first = generate($name, 'password', {});
    my $then  = generate(uc $name, 'password', {}, mode => 'overwrite');

    is($then->json->{name}, $name, 'the first spelling is shown');
    is(versions($name), 2, 'one credential');
};

subtest 'another type is refused before anything is compared' => sub {
    my $name = new_name();
    $hub->set($name, 'value', 'MARKER-value');

    for my $type (qw(password user rsa ssh)) {
        for my $mode (sort keys %MODE) {
            my $r = $hub->generate($name, $type, {}, %{ $MODE{$mode}[0] });
            is_error($r, 'type_mismatch', "$type, $mode");
        }
    }

    is(versions($name), 1);
};

subtest 'after a delete it is the first one again' => sub {
    my $name = new_name();
    my $one  = generate($name, 'password', {}, metadata => { old => 1 });
    is($hub->delete("/api/v1/data?name=$name")->status, 204);

    my $two = generate($name, 'user', {}, mode => 'no-overwrite');
    is($two->status, 200, 'of another type, too');
    is($two->json->{metadata}, undef);
    is(versions($name), 1);
};

$hub->done;
