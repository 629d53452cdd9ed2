# Two nginx on one Redis: one writes a certificate while the other changes its CA.
# What comes out is what would have come out behind the change, and the key is
# made once, however often it has to be signed again.
#
# A proxy holds what the one has looked up. Keys are counted where OpenSSL makes
# them.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Certificates;
use CredHubTest::Pki qw(verified);
use CredHubTest::Process qw(run_command write_file);
use CredHubTest::Race;
use File::Temp qw(tempdir);
use Test::More;

my $DATA = '/api/v1/data';
my $LIST = '/api/v1/certificates';
my $EC   = { key_type => 'ec', common_name => 'raced' };

my $counts = !$ENV{CREDHUB_SANITIZE};    # it has preloads of its own
my $at     = tempdir(CLEANUP => 1);
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

my $race = CredHubTest::Race->new(
    http => 'credhub_concatenate_cas on; keepalive_requests 10000;',
    env  => { LD_PRELOAD => "$at/count.so", COUNT => "$at/count" },
    warm => sub ($hub) { authority($hub, '/warm') },
);
my ($one, $direct, $proxy) = ($race->one, $race->direct, $race->proxy);

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


# Between look-up and write something else happens; or, with `after`, before.
sub sent ($request, $happens, $after) {
    return $race->between('certificate', $request, $happens) if !$after;

    $happens->();
    my $client = $one->connect;
    return $one->made($client->request(@$request)->response);
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
                    my $r = sent($request->($path),
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


$race->done;
