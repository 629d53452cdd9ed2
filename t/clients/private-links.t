# A script of an operator with curl and jq: makes a private link, waits until it
# is ready, makes a connection that uses it, tests it and turns it on. Headers,
# bodies and their order are the script's; a port is text there.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Peers::Postgres;
use CredHubTest::Pki qw(make_certificate);
use CredHubTest::Process qw(run_command write_file);
use CredHubTest::Trust qw(group outcomes);
use JSON::PP qw(decode_json);
use Test::More;

my $SECRET = 'MARKER-secret';

my $hub = CredHubTest->new(
    server => 'credhub_api_keys /api-keys; credhub_probe_allow 127.0.0.0/8;',
    permissions => [['good', '/*', 'read,write,delete'],
        ['api-key:operator', '/trust/*', 'read,write,delete']],
);

is($hub->set('/api-keys/operator', 'user',
    { username => 'operator', password => $SECRET })->status, 200, 'a key');

my $database = CredHubTest::Peers::Postgres->new(
    certificate => make_certificate(subject => '/CN=db'));

my $script = write_file($hub->scratch . '/script', <<'END');
set -eu
auth=$(printf %s "$KEY:$SECRET" | base64 | tr -d '\n')

call() {
    curl --silent --show-error --request "$1" --url "$BASE_URL$2" \
        --header 'Accept: application/json' \
        --header "Authorization: Basic $auth" "${@:3}"
}

json=(--header 'Content-Type: application/json')

made=$(call POST /private-links "${json[@]}" --data @- <<JSON
{
"name": "link-to-db",
"region": "AWS_US_EAST_1",
"service": "SOURCE_AWS",
"config": {
"connection_service_name": "$SERVICE_NAME"
}
}
JSON
)
echo "$made" | jq -c .
link=$(echo "$made" | jq -r .data.id)

for try in $(seq 600); do
    state=$(call GET "/private-links/$link" | jq -r .data.state)
    case $state in
        OK) break ;;
        FAIL) exit 1 ;;
    esac
    sleep 0.1
done
call GET "/private-links/$link" | jq -c .

made=$(call POST /connections "${json[@]}" --data @- <<JSON
{
"service": "postgres_rds",
"group_id": "$GROUP",
"paused": true,
"networking_method": "PrivateLink",
"private_link_id": "$link",
"config": {
"host": "$HOST",
"port": "$PORT",
"database": "db",
"user": "user",
"password": "$SECRET"
}
}
JSON
)
echo "$made" | jq -c .
connection=$(echo "$made" | jq -r .data.id)

call POST "/connections/$connection/test" "${json[@]}" | jq -c .
call PATCH "/connections/$connection" "${json[@]}" \
    --data '{"paused": false}' | jq -c .
END

my ($status, $out) = run_command(['bash', $script], env => {
    CURL_CA_BUNDLE => $hub->pki->cert('clients'),
    BASE_URL => 'https://localhost:' . $hub->port . '/v1',
    KEY => 'operator', SECRET => $SECRET, GROUP => group($hub),
    SERVICE_NAME => $database->endpoint, HOST => $database->address,
    PORT => $database->port,
});
is($status, 0, 'the script has run to its end') or diag $out;

my ($link, $ready, $made, $tested, $on) = map { decode_json($_) } split /\n/, $out;

is($link->{message}, 'Private link has been created');
is($link->{data}{state}, 'CREATING', 'provisioning is asynchronous');
is($ready->{data}{state}, 'OK', 'ready');
is($ready->{data}{host}, $database->address, 'where it ends');

is($made->{message}, 'Connection has been created');
is_deeply([@{ $made->{data} }{qw(networking_method private_link_id paused)}],
    ['PrivateLink', $link->{data}{id}, JSON::PP::true()], 'as it was asked');
is($made->{data}{config}{port}, $database->port, 'its port, a number');
unlike($out, qr/MARKER/, 'no secret is shown');

is($tested->{message}, 'Setup tests have been completed');
is_deeply([@{ outcomes($tested->{data}) }{'Host Connection', 'Private Link'}],
    ['PASSED', 'PASSED'], 'the way is there');
is($on->{message}, 'Connection has been updated');
is($on->{data}{paused}, JSON::PP::false(), 'on');

$hub->done;
