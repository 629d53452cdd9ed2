# The steps of a tutorial that sets up a connection with a private link, run by
# bash as they are printed: only the base URL and the values in angle brackets
# are replaced.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Peers::Hostile;
use CredHubTest::Process qw(read_file run_command write_file);
use CredHubTest::Trust qw(group);
use JSON::PP qw(decode_json);
use Test::More;

my $target = CredHubTest::Peers::Hostile->new(hello => "hello\n");
my $plain  = CredHubTest::Nginx->free_port;

my $hub = CredHubTest->new(
    permissions => [['good', '/*', 'read,write,delete'],
        ['api-key:script', '/trust/*', 'read,write']],
    server => 'credhub_probe_allow 127.0.0.0/8; credhub_api_keys /api-keys; '
        . "listen 127.0.0.1:$plain;",
);

is($hub->set('/api-keys/script', 'user', { password => 'MARKER-script' })
    ->status, 200, 'an API key');

my %values = (
    your_api_key                   => 'script',
    your_api_secret                => 'MARKER-script',
    your_group_id                  => group($hub),
    your_connection_service        => 'postgres_rds',
    your_vpc_endpoint_service_name => $target->endpoint,
    connector_host                 => $target->address,
    connector_port                 => $target->port,
    connector_database             => 'orders',
    connector_user                 => 'reader',
    connector_password             => 'MARKER-password',
);

my $script = read_file('t/clients/private-link-tutorial.sh');
$script =~ s{https://[\w.]+/v1}{http://127.0.0.1:$plain/v1} or die 'no URL';
$script =~ s/<(\w+)>/$values{$1} \/\/ die "a value for $1"/ge;
unlike($script, qr/<[a-z_]+>/, 'every value is there');

my $file = write_file($hub->scratch . '/script', $script, 0700);
my ($status, $text) = run_command(['bash', '-e', $file]);
unlink $file;

is($status, 0, 'the script came to its end') or diag $text;
like($text, qr/^Attempt \d+: state=OK summary=127\.0\.0\.1 port \d+: reached$/m,
    'the link was provisioned');

my ($id) = $text =~ /^CONNECTION_ID=(\w+)$/m;
my ($link) = $text =~ /^PRIVATE_LINK_ID=(\w+)$/m;
like($link, qr/^[0-9a-f]{32}$/, 'there is a link');
like($id,   qr/^[0-9a-f]{32}$/, 'there is a connection');

my $data = $hub->get("/v1/connections/$id")->json->{data};
is($data->{paused}, 0, 'which is not paused any more');
is($data->{private_link_id}, $link, 'and goes over the link');
is($data->{networking_method}, 'PrivateLink');
is_deeply($data->{config}, { host => $target->address,
    port => 0 + $target->port, database => 'orders', user => 'reader',
    password => '******' }, 'its config');

my %tests = map { $_->{title} => $_->{status} } map { @{ $_->{setup_tests} } }
    grep { $_->{setup_tests} } map { $_->{data} // {} }
    map { decode_json($_) } $text =~ /^(\{"code".*\})$/mg;
is($tests{'Private Link'},    'PASSED', 'the test of the link');
is($tests{'Host Connection'}, 'PASSED', 'the test of the host');

$hub->done;
