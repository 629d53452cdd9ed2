# Two nginx on one Redis change the same certificates at once: nobody signs with
# a version of a CA that was replaced, no version is lost, and what was deleted
# is gone.
#
# A proxy holds what one node has looked up, while another changes it directly.
# Keys are counted where OpenSSL makes them.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Certificates;
use CredHubTest::Errors qw(is_error);
use CredHubTest::Pki qw(verified);
use CredHubTest::Process qw(run_command write_file);
use Test::More;

my $DATA = '/api/v1/data';
my $LIST = '/api/v1/certificates';
my $EC   = { key_type => 'ec', common_name => 'raced' };

my @KEYS = (['k1', sprintf '%-32s', 'MARKER-key-k1']);
my $BOTH = 'credhub_concatenate_cas on; keepalive_requests 10000;';
my $one  = CredHubTest->new(start => 0, proxy => 1, keys => \@KEYS,
    redis_args => 'timeout=20s', http => $BOTH);
my $proxy  = $one->proxy;
my $counts = !$ENV{CREDHUB_SANITIZE};    # it has preloads of its own
my $at     = $one->scratch;
my $count  = 0;


# A byte in a file for each key that a thread makes; TLS makes its own in the main
# one.
write_file("$at/count.c", <<'END');
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

typedef int (*generate_pt)(void *, void **);

static int          fd;
static generate_pt  generate;

__attribute__((constructor)) static void
start(void)
{
    fd = open(getenv("COUNT"), O_WRONLY|O_APPEND|O_CREAT, 0666);
    generate = (generate_pt) dlsym(RTLD_NEXT, "EVP_PKEY_generate");
}

int
EVP_PKEY_generate(void *ctx, void **key)
{
    if (gettid() != getpid() && write(fd, "x", 1) != 1) {
        return -1;
    }

    return generate(ctx, key);
}
END

my ($code, $text) = run_command(['gcc', '-shared', '-fPIC', '-o',
    "$at/count.so", "$at/count.c", '-ldl']);
is($code, 0, 'the counter is built') or BAIL_OUT($text);

{
    local @ENV{qw(LD_PRELOAD COUNT)} = ("$at/count.so", "$at/count");
    $one->start;
}

my ($two, $direct) = map {
    CredHubTest->new(redis => 0, keys => \@KEYS,
        http => "credhub_redis unix:$_ timeout=20s; $BOTH")
} $proxy->socket, $one->dir . '/redis/redis.sock';

# Keys of the first node
sub keys_made () { return -s "$at/count" // 0 }


sub new_path () { return '/race' . ++$count }

sub id_of ($name) {
    my $found = $direct->get("$LIST?name=$name")->json->{certificates};
    return $found->[0]{id};
}

sub renew ($name, %more) {
    my $r = $direct->made($direct->post("$LIST/" . id_of($name)
        . '/regenerate', {%more}));
    is($r->status, 200, "$name is regenerated") or diag $r->body;
    return $r->json;
}

sub flag ($name, $version) {
    my $r = $direct->put("$LIST/" . id_of($name)
        . '/update_transitional_version', { version => $version });
    is($r->status, 200, "the flag of $name moves") or diag $r->body;
    return;
}

# The versions of a CA that are in force, by what they are
sub in_force ($ca) {
    my $r = $direct->get("$DATA?current=true&name=$ca");
    my %now = map { ($_->{transitional} ? 'transitional' : 'active') => $_ }
        @{ $r->json->{data} };
    return \%now;
}


# Sends all requests to the nodes in turn, then reads all answers. With `held`
# all of them have asked for something before any may go on.
sub meet (%opt) {
    my @clients = map { ($_ % 2 ? $two : $one)->connect }
        0 .. $#{ $opt{requests} };
    my $i = 0;

    $proxy->forget;
    $proxy->hold if $opt{held};
    $_->request(@{ $opt{requests}[$i++] }) for @clients;

    if ($opt{held}) {
        ok(wait_until(20, sub { $proxy->count >= @clients }), 'they met');
        $proxy->release;
    }

    return map { $one->made($_->response) } @clients;
}

# One request of the first node; something else happens between its look-up and
# its write. With `after` it comes behind that.
sub between ($request, $happens, $after = 0) {
    my $client = $one->connect;
    my @request = @$request;

    if ($after) {
        $happens->();
        return $one->made($client->request(@request)->response);
    }

    $proxy->forget;
    $proxy->hold_at('certificate');
    $client->request(@request);
    ok($proxy->wait_for('certificate'), 'it has looked up');
    $happens->();
    $proxy->release;
    return $one->made($client->response);
}

sub with_status ($status, @answers) {
    return grep { $_->status == $status } @answers;
}

sub are_busy (@answers) {
    is_error($_, 'busy', 'another one is to try again') for @answers;
    return;
}

# Every version that was answered stands, and no other but these.
sub are_listed ($name, @answered) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_deeply([sort map { $_->{id} } versions($direct, $name)],
        [sort map { $_->{id} } @answered], "$name: no version lost, none more");
}


# Both nodes know the scripts and have their links.
{
    my ($links, $ready) = (0, new_path());
    authority($direct, $ready);
    authority($_, $ready) for ($one, $two) x 4;
    ok(wait_until(20, sub {
        $_->get("$LIST?name=$ready") for ($one, $two) x 4;
        my $now = $proxy->links;
        return $now == $links && $now >= 8 || do { $links = $now; 0 };
    }), 'all links stand');
}

my $before = keys_made();
$one->get("$DATA?name=/none") for 1 .. 3;
is(keys_made(), $before, 'TLS is not counted');


# What is asked for, of a path that has a CA "ca" and a certificate "old" below
# it; keys that are made.
my %ASKED = (
    'generate, a new name' => [sub ($path) {
        ['POST', $DATA, json => { name => "$path/new", type => 'certificate',
            parameters => { %$EC, ca => "$path/ca" } }];
    }, 1],
    'generate, overwrite' => [sub ($path) {
        ['POST', $DATA, json => { name => "$path/old", type => 'certificate',
            parameters => { %$EC, ca => "$path/ca" }, mode => 'overwrite' }];
    }, 1],
    'generate, other parameters' => [sub ($path) {
        ['POST', $DATA, json => { name => "$path/old", type => 'certificate',
            parameters => { %$EC, ca => "$path/ca", state => 'other' } }];
    }, 1],
    'data, regenerate' => [sub ($path) {
        ['POST', $DATA, json => { name => "$path/old", regenerate => \1 }];
    }, 1],
    'regenerate by name' => [sub ($path) {
        ['POST', '/api/v1/regenerate', json => { name => "$path/old" }];
    }, 1],
    'regenerate by id' => [sub ($path) {
        ['POST', "$LIST/" . id_of("$path/old") . '/regenerate', json => {}];
    }, 1],
    'regenerate by id, transitional may sign' => [sub ($path) {
        ['POST', "$LIST/" . id_of("$path/old") . '/regenerate',
            json => { allow_transitional_parent_to_sign => \1 }];
    }, 1],
    'set' => [sub ($path) {
        my ($old) = versions($direct, "$path/old");
        ['PUT', $DATA, json => { name => "$path/set", type => 'certificate',
            value => { ca_name => "$path/ca",
                certificate => $old->{value}{certificate},
                private_key => $old->{value}{private_key} } }];
    }, 0],
    'add a version' => [sub ($path) {
        my ($old) = versions($direct, "$path/old");
        ['POST', "$LIST/" . id_of("$path/old") . '/versions', json => {
            value => { ca_name => "$path/ca",
                certificate => $old->{value}{certificate},
                private_key => $old->{value}{private_key} } }];
    }, 0],
);

# What happens meanwhile
my %HAPPENS = (
    'the CA is replaced' => sub ($path) { renew("$path/ca") },
    'the CA gets a transitional version' => sub ($path) {
        renew("$path/ca", set_as_transitional => \1);
    },
    'the transitional version becomes the active one' => sub ($path) {
        my ($new) = renew("$path/ca", set_as_transitional => \1);
        flag("$path/ca", in_force("$path/ca")->{active}{id});
    },
    'the CA is deleted' => sub ($path) {
        is($direct->delete("$DATA?name=$path/ca")->status, 204, 'deleted');
    },
    'the CA is another type' => sub ($path) {
        $direct->delete("$DATA?name=$path/ca");
        $direct->set("$path/ca", 'password', 'MARKER-no-ca');
    },
    'the CA is another one' => sub ($path) {
        $direct->delete("$DATA?name=$path/ca");
        authority($direct, "$path/ca");
    },
    'the CA has no key any more' => sub ($path) {
        my ($now) = versions($direct, "$path/ca");
        is($direct->set("$path/ca", 'certificate', { certificate =>
            $now->{value}{certificate} })->status, 200, 'set');
    },
);


# What came out, in words that do not depend on names: status and error, or
# which of the CA's versions it shows, and how many versions there are.
sub outcome ($path, $r) {
    return [$r->status, $r->body =~ s/\Q$path\E/PATH/gr] if $r->status != 200;

    my $now = -1;
    my $got = $r->json;
    my %ca = map { $_->{value}{certificate} => ++$now }
        grep { $_->{type} eq 'certificate' } versions($direct, "$path/ca");
    my @shown = map { $ca{$_} // 'unknown' } $got->{value}{ca}
        =~ /(-----BEGIN.*?-----END[^\n]*\n)/sg;
    my ($newest) = versions($direct, $got->{name});

    return [200, "shows @shown", $newest->{id} eq $got->{id} ? 'newest'
        : 'not the newest', scalar(my @all = versions($direct, $got->{name}))];
}

subtest 'a certificate is written while its CA changes' => sub {
    for my $asked (sort keys %ASKED) {
        for my $happens (sort keys %HAPPENS) {
            my ($request, $keys) = @{ $ASKED{$asked} };
            my ($got, $want, $answer, $path);

            subtest "$asked; $happens" => sub {
                for my $after (1, 0) {
                    $path = new_path();
                    authority($direct, "$path/ca");
                    leaf($direct, "$path/old", "$path/ca", common_name => 'raced');

                    my $made = keys_made();
                    my $r = between($request->($path),
                        sub { $HAPPENS{$happens}->($path) }, $after);
                    $made = keys_made() - $made;

                    ($after ? $want : $got) = outcome($path, $r);
                    next if $after || $r->status != 200;

                    is($made, $keys, 'a key is made once') if $counts;
                    my ($pem) = $r->json->{value}{ca}
                        =~ /(-----BEGIN.*?-----END[^\n]*\n)/s;
                    is(verified($r->json->{value}{certificate}, $pem), 'OK',
                        'the first one that it shows has signed');
                    $answer = $r->json;
                }

                is_deeply($got, $want, 'as if it had come behind')
                    or diag explain [$got, $want];
                is(+(pem(grep { $_->{id} eq $answer->{id} }
                    versions($direct, $answer->{name})))[0],
                    $answer->{value}{certificate}, 'and it stands') if $answer;
            };
        }
    }
};

subtest 'bulk regeneration makes each key once' => sub {
    my $path = new_path();
    authority($direct, "$path/ca");
    leaf($direct, "$path/$_", "$path/ca") for 1 .. 5;

    my $made = keys_made();
    $proxy->forget;
    $proxy->hold_at('certificate_put', 5);
    my $client = $one->connect->request('POST', '/api/v1/bulk-regenerate',
        json => { signed_by => "$path/ca" });
    ok($proxy->wait_for('certificate_put', 5), 'all are made');
    my $ca = renew("$path/ca");
    $proxy->release;
    is($client->response->status, 200, 'done');

    is(keys_made() - $made, 5, 'one for each') if $counts;
    ok(issued_by((versions($direct, "$path/$_"))[0], $ca),
        "$path/$_ is signed by the new one") for 1 .. 5;
};


# label, more of the request, how many of eight write
my @GENERATE = (
    ['no-overwrite',    { mode => 'no-overwrite' }, 1],
    ['overwrite false', { overwrite => \0 },        1],
    ['converge',        { mode => 'converge' },     1],
    ['neither',         {},                         1],
);

subtest 'generates of one new name end with one credential' => sub {
    for my $signed (0, 1) {
        for my $row (@GENERATE) {
            my ($label, $more) = @$row;
            my $path = new_path();
            authority($direct, "$path/ca");
            my @answers = meet(held => 1, requests => [map {
                ['POST', $DATA, json => { name => "$path/it",
                    type => 'certificate', parameters => { %$EC, $signed
                        ? (ca => "$path/ca") : (self_sign => \1) }, %$more }]
            } 1 .. 8]);
            my %seen;

            for my $r (@answers) {
                my $got = $r->status == 200 ? $r->json : { body => $r->body };
                delete @$got{qw(duration_used duration_overridden)};
                $seen{ JSON::PP->new->canonical->encode($got) }++;
            }

            is_deeply([values %seen], [8], "$label: all get the same");
            are_listed("$path/it", $answers[0]->json);
        }
    }
};

# label, a request on the name and id of a certificate
my @WRITE = (
    ['overwrite', sub ($name, $id, $ca) {
        ['POST', $DATA, json => { name => $name, type => 'certificate',
            parameters => { %$EC, ca => $ca }, mode => 'overwrite' }] }],
    ['regenerate', sub ($name, $id, $ca) {
        ['POST', '/api/v1/regenerate', json => { name => $name }] }],
    ['regenerate by id', sub ($name, $id, $ca) {
        ['POST', "$LIST/$id/regenerate", json => {}] }],
);

subtest 'writes of one certificate all count' => sub {
    for my $row (@WRITE, ['all of them']) {
        my ($label, $request) = @$row;
        my $path = new_path();
        authority($direct, "$path/ca");
        my @stand = leaf($direct, "$path/it", "$path/ca");
        my $id = id_of("$path/it");

        my @answers = meet(held => 1, requests => [map {
            ($request // $WRITE[$_ % @WRITE][1])
                ->("$path/it", $id, "$path/ca") } 1 .. 8]);
        my @good = with_status(200, @answers);

        cmp_ok(@good, '>=', 1, "$label: some are done");
        are_busy(grep { $_->status != 200 } @answers);
        are_listed("$path/it", @stand, map { $_->json } @good);
        is(id_of("$path/it"), $id, 'it is the same certificate');
    }
};

subtest 'sets of one certificate all count' => sub {
    my $path = new_path();
    authority($direct, "$path/ca");
    my $old = leaf($direct, "$path/it", "$path/ca");
    my @answers = meet(requests => [(['PUT', $DATA, json => {
        name => "$path/it", type => 'certificate', value => {
            ca_name => "$path/ca", map { $_ => $old->{value}{$_} }
                qw(certificate private_key) } }]) x 8]);

    is(with_status(200, @answers), 8, 'all are done');
    are_listed("$path/it", $old, map { $_->json } @answers);
};

# With concatenation the children follow, in the same moment.
subtest 'one of many becomes the transitional version' => sub {
    my $path = new_path();
    my $old = authority($direct, "$path/ca");
    leaf($direct, "$path/$_", "$path/ca") for 1 .. 3;
    my $id = id_of("$path/ca");
    my @answers = meet(held => 1, requests => [
        (['POST', "$LIST/$id/regenerate", json => {
            set_as_transitional => \1 }]) x 6]);
    my @good = with_status(200, @answers);
    my @busy = with_status(503, @answers);

    is(@good, 1, 'one is done');
    is_error($_, 'too_many_transitional', 'another one is refused')
        for with_status(400, @answers);
    are_busy(@busy);
    is(@busy + with_status(400, @answers), 5, 'no other answer');
    are_listed("$path/ca", $old, $good[0]->json);

    for my $name (map {"$path/$_"} 1 .. 3) {
        my @all = versions($direct, $name);
        is(@all, 2, "$name has one version more");
        is($all[0]{value}{ca}, join('', map { $_->{value}{certificate} }
            $old, $good[0]->json), 'and trusts both');
    }
};

subtest 'one version is left of those that are deleted' => sub {
    my $path = new_path();
    my $name = "$path/it";
    my @all = map { authority($direct, $name) } 1 .. 5;
    my $url = "$LIST/" . id_of($name) . '/versions';
    my (%deleted, %others);

    for (1 .. 10) {
        my @answers = meet(held => 1, requests => [map {
            ['DELETE', "$url/$_->{id}"] } @all]);
        $deleted{ $_->json->{id} }++ for with_status(200, @answers);
        $others{ $_->status }++ for grep { $_->status != 200 } @answers;
        is_error($_, 'last_version', 'the last one stays')
            for with_status(400, @answers);
        last if keys %deleted == 4 && $others{400};
    }

    is_deeply([values %deleted], [1, 1, 1, 1], 'each is deleted once');
    is_deeply([grep { !/^(?:400|404|503)$/ } keys %others], [],
        'others are gone, too late, or the last');
    are_listed($name, grep { !$deleted{ $_->{id} } } @all);
};


# What is asked for of a certificate that is deleted meanwhile: the answer.
my @DELETED = (
    ['regenerate', sub ($name, $id, $ca) {
        ['POST', '/api/v1/regenerate', json => { name => $name }] }, 404],
    ['data, regenerate', sub ($name, $id, $ca) {
        ['POST', $DATA, json => { name => $name, regenerate => \1 }] }, 404],
    ['regenerate by id', sub ($name, $id, $ca) {
        ['POST', "$LIST/$id/regenerate", json => {}] }, 404],
    ['add a version', sub ($name, $id, $ca) {
        my ($old) = versions($direct, $name);
        ['POST', "$LIST/$id/versions", json => { value => {
            certificate => $old->{value}{certificate} } }] }, 404],
    ['move the flag', sub ($name, $id, $ca) {
        ['PUT', "$LIST/$id/update_transitional_version",
            json => { version => 'latest' }] }, 404],
    ['delete a version', sub ($name, $id, $ca) {
        my @old = versions($direct, $name);
        ['DELETE', "$LIST/$id/versions/$old[0]{id}"] }, 404],
    ['no-overwrite', sub ($name, $id, $ca) {
        ['POST', $DATA, json => { name => $name, type => 'certificate',
            parameters => { %$EC, self_sign => \1 },
            mode => 'overwrite' }] }, 200],
    ['overwrite', sub ($name, $id, $ca) {
        ['POST', $DATA, json => { name => $name, type => 'certificate',
            parameters => { %$EC, ca => $ca }, mode => 'overwrite' }] }, 200],
);

subtest 'a certificate is deleted between' => sub {
    for my $again (0, 1) {
        for my $row (@DELETED) {
            my ($label, $request, $status) = @$row;
            my $path = new_path();
            my ($name, $ca) = ("$path/it", "$path/ca");
            authority($direct, $ca);
            leaf($direct, $name, $ca) for 1 .. 2;
            my $id = id_of($name);
            my @new;

            my $r = between($request->($name, $id, $ca), sub {
                is($direct->delete("$DATA?name=$name")->status, 204, $label);
                @new = leaf($direct, $name, $ca) if $again;
            });

            # by name it is the new one that counts
            my $done = $status == 200 || $again && $label =~ /regenerate$/;
            is($r->status, $done ? 200 : 404, $again ? 'made anew' : 'gone')
                or diag $r->body;
            are_listed($name, @new, $done ? $r->json : ());
            isnt(id_of($name), $id, 'a new certificate') if $done || $again;
        }
    }
};


# Everything at once, and again; then everything must fit together.
subtest 'a mixture' => sub {
    my $path = new_path();
    my ($ca, @leaves) = map {"$path/$_"} 'ca', 1 .. 4;
    my %written = map { $_ => [] } $ca, @leaves;
    my %deleted;

    push @{ $written{$ca} }, authority($direct, $ca);
    push @{ $written{$_} }, leaf($direct, $_, $ca) for @leaves;
    my %id = map { $_ => id_of($_) } $ca, @leaves;
    srand 4;

    for my $round (1 .. 6) {
        my @versions = versions($direct, $ca);
        my @some = map { [sort { $a->{id} cmp $b->{id} } versions($direct, $_)]->[0] }
            @leaves;
        my @requests = map {
            my $i = int rand @leaves;
            (
                ['POST', "$LIST/$id{$ca}/regenerate", json => {
                    set_as_transitional => $_ % 2 ? \1 : \0 }],
                ['PUT', "$LIST/$id{$ca}/update_transitional_version", json => {
                    version => $versions[rand @versions]{id} }],
                ['POST', '/api/v1/bulk-regenerate', json => { signed_by => $ca }],
                ['POST', '/api/v1/regenerate', json => { name => $leaves[$i] }],
                ['POST', $DATA, json => { name => $leaves[$i],
                    type => 'certificate', mode => 'overwrite',
                    parameters => { %$EC, ca => $ca } }],
                ['DELETE', "$LIST/$id{$leaves[$i]}/versions/$some[$i]{id}"],
            )[rand 6];
        } 1 .. 16;
        my @answers = meet(requests => \@requests);

        for my $i (0 .. $#answers) {
            my ($r, $request) = ($answers[$i], $requests[$i]);
            next if $r->status != 200;

            my $got = $r->json;
            if ($request->[0] eq 'DELETE') {
                $deleted{ $got->{id} } = 1;
            } elsif (ref $got eq 'HASH' && $got->{id}) {
                push @{ $written{ $got->{name} } }, $got;
            }
        }

        is_deeply([grep { $_->status !~ /^(?:200|400|404|503)$/ } @answers], [],
            'every answer is one that there is');
        my @flagged = grep { $_->{transitional} } versions($direct, $ca);
        cmp_ok(@flagged, '<=', 1, 'at most one transitional version');
    }

    for my $name ($ca, @leaves) {
        my %stands = map { $_->{id} => $_ } versions($direct, $name);
        my @lost = grep { !$stands{ $_->{id} } && !$deleted{ $_->{id} } }
            @{ $written{$name} };
        is_deeply(\@lost, [], "$name: no version is lost");
        is_deeply([grep { $deleted{$_} } keys %stands], [],
            "$name: none has come back");
        is(id_of($name), $id{$name}, "$name: the same certificate");
    }

    # children follow the last change
    flag($ca, (versions($direct, $ca))[1]{id});
    my $now = in_force($ca);
    my ($active, $other) = map { $now->{$_}{value}{certificate} }
        qw(active transitional);
    my %known = map { $_->{value}{certificate} => 1 } versions($direct, $ca);

    for my $name (@leaves) {
        my ($newest) = versions($direct, $name);
        my ($signer, $trusted) = $newest->{value}{ca}
            =~ /(-----BEGIN.*?-----END[^\n]*\n)/sg;

        ok($known{$signer}, "$name: of this CA");
        is(verified($newest->{value}{certificate}, $signer), 'OK',
            "$name: signed by the first that it shows");
        is($trusted, $signer eq $active ? $other : $active,
            "$name: trusts another version in force");
    }

    my $r = $direct->post('/api/v1/bulk-regenerate', { signed_by => $ca });
    is_deeply($r->json, { regenerated_credentials => \@leaves }, 'all anew');
    is((versions($direct, $_))[0]{value}{ca}, $active . $other,
        "$_: of the active one") for @leaves;
};

subtest 'nothing is left over' => sub {
    my ($staged, $unknown);

    ok(wait_until(30, sub {
        my @rows = map { { @{ $one->redis('HGETALL', $_) }, key => $_ } }
            @{ $one->redis('KEYS', '{credhub}:version:*') };
        ($staged, $unknown) = (0, 0);

        for my $row (@rows) {
            my ($id) = $row->{key} =~ /([^:]+)\z/;
            $staged++ if defined $row->{batch};
            $unknown++ if !defined $one->redis('ZSCORE',
                "{credhub}:versions:$row->{credential}", $id);
        }

        return $staged == 0 && $unknown == 0;
    }), 'every version belongs to a certificate')
        or diag "staged $staged, unknown $unknown";
    is_deeply($one->redis('SMEMBERS', '{credhub}:batches'), [], 'no batch');
};

$_->finish for $two, $direct;
$one->done;
