# What requests for certificates make of replies that no script of ours gives:
# an error, nothing written, and the next request is served.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Certificates;
use CredHubTest::Errors;
use Test::More;

my $DATA = '/api/v1/data';
my $LIST = '/api/v1/certificates';

my $hub = CredHubTest->new(proxy => 1, workers => 1,
    redis_args => 'timeout=30s', http => 'keepalive_requests 10000;');
my $proxy = $hub->proxy;

authority($hub, '/root');
authority($hub, '/ca', ca => '/root');
leaf($hub, '/leaf', '/ca') for 1 .. 3;

my $url = "$LIST/" . $hub->get("$LIST?name=/leaf")->json->{certificates}[0]{id};
my @all = versions($hub, '/leaf');
my %given = (certificate => $all[0]{value}{certificate});
$hub->put("$url/update_transitional_version", { version => $all[2]{id} });

my @requests = (
    # what, its scripts, method, target, body
    ['list',       [qw(certificates)], GET => $LIST],
    ['expires',    [qw(certificates)], GET => "$LIST?expires-within-days=9"],
    ['by name',    [qw(certificates children)], GET => "$LIST?name=/ca"],
    ['find',       [qw(find)], GET => "$DATA?path=&expires-within-days=9999"],
    ['current',    [qw(certificate chain)],
        GET => "$DATA?name=/leaf&current=true&chain=true"],
    ['all',        [qw(versions chain)], GET => "$DATA?name=/leaf&chain=true"],
    ['by id',      [qw(version chain)], GET => "$DATA/$all[0]{id}?chain=true"],
    ['versions',   [qw(certificate versions chain)],
        GET => "$url/versions?chain=true"],
    ['in force',   [qw(certificate chain)],
        GET => "$url/versions?chain=true&current=true"],
    ['add',        [qw(certificate certificate_put)],
        POST => "$url/versions", { value => \%given }],
    ['add below',  [qw(certificate certificate_put)],
        POST => "$url/versions", { value => { %given, ca_name => '/ca' } }],
    ['delete',     [qw(certificate version version_delete)],
        DELETE => "$url/versions/$all[1]{id}"],
    ['flag',       [qw(certificate transitional)],
        PUT => "$url/update_transitional_version", { version => $all[0]{id} }],
);

my @replies = (
    # reply, error
    ['-LOADING soon'              => 'unavailable'],
    ['-OOM too much'              => 'unavailable'],
    ['-ERR what'                  => 'internal'],
    [':1'                         => 'internal'],
    ['$-1'                        => 'internal'],
    ['*0'                         => 'internal'],
    ["*1\r\n:5"                   => 'internal'],
    ["*3\r\n\$2\r\nok\r\n:1\r\n:2"   => 'internal'],
    ["*4\r\n\$2\r\nok\r\n\$0\r\n\r\n:1\r\n*1\r\n:1" => 'internal'],
    ["*9\r\n\$2\r\nok" . "\r\n\$1\r\nx" x 8 => 'internal'],
);

# these say no more than a word
my %bare = map { $_ => 1 } qw(transitional version_delete);

sub ask ($row) {
    my (undef, undef, $method, $target, $body) = @$row;
    return $hub->request($method, $target, $body ? (json => $body) : ());
}

sub standing () { return [versions($hub, '/leaf')] }


my $before = standing();

for my $row (@requests) {
    my ($what, $scripts) = @$row;

    for my $script (@$scripts) {
        subtest "$what: $script" => sub {
            for (@replies) {
                my ($reply, $error) = @$_;
                next if $bare{$script} && $reply =~ /\$2\r\nok/;

                $proxy->forget;
                $proxy->answer($reply, $script);
                my $r = ask($row);
                is_error($r, $error, $reply =~ s/\r\n/ /gr);
            }
            is_deeply(standing(), $before, 'nothing has changed');
        };
    }
}

is(ask($_)->status, 200, "$_->[0]: now it is served") for @requests;

$hub->done;
