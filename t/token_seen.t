# A token that was verified is remembered: signatures are counted where OpenSSL
# verifies them.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Authority;
use CredHubTest::Process qw(run_command write_file);
use Test::More;

plan skip_all => 'a sanitizer has preloads of its own'
    if $ENV{CREDHUB_SANITIZE};

my $hub = CredHubTest->new(start => 0, workers => 1);
my $uaa = CredHubTest::Authority->new($hub, start => 0);
my $at  = $hub->scratch;
my $set = write_file("$at/set.json", $uaa->set_text);
$hub = $hub->as(undef);

# A byte in a file for each signature that is verified. The server's TLS
# verifies none as long as clients have no certificate.
write_file("$at/count.c", <<'END');
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

typedef int (*verify_pt)(void *, const unsigned char *, size_t,
    const unsigned char *, size_t);

static int        fd;
static verify_pt  verify;

__attribute__((constructor)) static void
start(void)
{
    fd = open(getenv("COUNT"), O_WRONLY|O_APPEND|O_CREAT, 0666);
    verify = (verify_pt) dlsym(RTLD_NEXT, "EVP_DigestVerify");
}

int
EVP_DigestVerify(void *ctx, const unsigned char *sig, size_t len,
    const unsigned char *data, size_t size)
{
    return write(fd, "x", 1) == 1 ? verify(ctx, sig, len, data, size) : -1;
}
END

my ($code, $text) = run_command(['gcc', '-shared', '-fPIC', '-o',
    "$at/count.so", "$at/count.c", '-ldl']);
is($code, 0, 'the counter is built') or BAIL_OUT($text);

$hub->configure(
    http   => 'keepalive_requests 100000;',
    server => "credhub_jwt_key_file $set; location /api/v2/ { credhub; }",
    servers => [{ port => 'request', server => 'credhub_jwt_key_request /keys;'
        . " location = /keys { internal; alias $at/keys.json; }" }],
);

{
    local @ENV{qw(LD_PRELOAD COUNT)} = ("$at/count.so", "$at/count");
    $hub->start;
}


# How many signatures the code makes the hub verify
sub counted ($code) {
    my $before = -s "$at/count";
    $code->();
    return (-s "$at/count") - $before;
}

my $client = $hub->connect;

sub ask ($token, $target = '/version') {
    return $client->request('GET', $target, keep => 1,
        headers => { Authorization => "Bearer $token" })->response->status;
}

sub ask_at ($port, $token) {
    return $hub->get('/version', port => $port,
        headers => { Authorization => "Bearer $token" })->status;
}

my $token = $uaa->token;
my $other = $uaa->token;
my $bad   = $uaa->keep(substr($token, 0, -8) . 'AAAAAAAA');
my $brief = $uaa->token(exp => time - 61);

my @rows = (
    # label, code, signatures
    ['no token', sub { is($hub->get('/version')->status, 401) }, 0],
    ['the first time', sub { is(ask($token), 200) }, 1],
    ['from then on', sub { is(ask($token), 200) for 1 .. 5 }, 0],
    ['on another connection', sub { is(ask_at('main', $token), 200) }, 0],
    ['another token', sub { is(ask($other), 200) for 1 .. 3 }, 1],
    ['both', sub { is(ask($_), 200) for $token, $other }, 0],
    ['what is wrong is not remembered', sub { is(ask($bad), 401) for 1 .. 3 },
        3],
    ['nor what has expired', sub { is(ask($brief), 401) for 1 .. 3 }, 3],
    ['a location has rules of its own',
        sub { is(ask($token, '/api/v2/x'), 404) for 1 .. 2 }, 1],
);

is(counted($_->[1]), $_->[2], $_->[0]) for @rows;


subtest 'another key set' => sub {
    write_file("$at/keys.json", $uaa->set_text);
    is(counted(sub { is(ask_at('request', $token), 200) for 1 .. 3 }), 1,
        'remembered');

    $uaa->key('more', 'ed25519');
    $uaa->publish(qw(rsa more));
    write_file("$at/keys.json", $uaa->set_text);
    my $more = $uaa->token(kid => 'more');
    is(counted(sub { is(ask_at('request', $more), 200) for 1 .. 3 }), 1,
        'a token that needs it');
    is(counted(sub { is(ask_at('request', $token), 200) for 1 .. 3 }), 1,
        'those from before are verified again');
};

subtest 'as many as fit' => sub {
    my $limit  = 4096;
    my $make   = sub ($i) { $uaa->token(kid => 'ed25519', jti => "j$i") };
    my @tokens = do {
        no warnings 'redefine';
        local *CredHubTest::Authority::keep = sub ($self, $token) {$token};
        map { $make->($_) } 1 .. $limit;
    };

    is(counted(sub { ask($_) for @tokens }), $limit, 'each for the first time');
    is(counted(sub { ask($_) for @tokens[-50 .. -1], $tokens[0] }), 0,
        'they are all remembered');
    is(counted(sub { ask($token) }), 1, 'the ones before them are not');
    is(counted(sub { ask($tokens[0]) }), 0, 'what was used lately is');
    is(counted(sub { ask($tokens[1]) }), 1, 'what was not is gone');
};

$client->close;
$hub->done;
