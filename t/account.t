# Who asks, and for whom: account and users. And lists of what a hub does not
# have.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Envelope;
use CredHubTest::Envelope qw(called);
use MIME::Base64 qw(encode_base64);
use Test::More;

my $hub = CredHubTest->new(server => 'credhub_api_keys /keys;');
my $key = 'api-key:key1';

# One more way in: the name and the password of an API key.
my $basic = { Authorization => 'Basic '
    . encode_base64('key1:MARKER-secret', '') };
is($hub->set('/keys/key1', 'user', { username => 'key1',
    password => 'MARKER-secret' })->status, 200, 'an API key');
called(HUB => $hub->redis('HGET', '{credhub}:schema', 'hub'));
called(ME => $hub->actor);

sub as_key ($target) {
    return $hub->as(undef)->get($target, headers => $basic);
}


subtest 'account' => sub {
    my $message = 'Account information retrieved successfully';
    my $data = '{"account_id":"HUB","account_name":"CredHub",';

    is_envelope($hub->get('/v1/account/info'), 200, 'a client certificate',
        message => $message, data => $data . '"system_key_id":"ME"}');
    is_envelope(as_key('/v1/account/info'), 200, 'an API key',
        message => $message, data => $data . qq("user_id":"$key"}));

    my $r = $hub->as(undef)->get('/v1/account/info');
    is($r->status, 401, 'nobody');
    is($r->json->{code}, 'AuthFailed', 'its code');
};

subtest 'users' => sub {
    my $rest = '"family_name":null,"verified":true,"invited":false,'
        . '"picture":null,"phone":null,"role":null,"logged_in_at":null,'
        . '"created_at":null}';
    my $me = $hub->actor;

    is_envelope($hub->get("/v1/users/$_"), 200, $_, data => '{"id":"ME",'
        . '"email":null,"given_name":"ME",' . $rest)
        for $me, uc $me, $me =~ s/:/%3A/r;
    is_envelope(as_key("/v1/users/$_"), 200, $_, data => qq({"id":"$key",)
        . qq("email":null,"given_name":"$key",) . $rest)
        for $key, 'API-KEY:KEY1', 'api%2Dkey%3akey1';

    is_missing($hub->get("/v1/users/$_"), 'NotFound_User', $_, $_)
        for 'nobody', $key, substr($me, 1), 'api-key:key1x';
    is_missing(as_key('/v1/users/ME'), 'NotFound_User', 'ME', 'not by a name');
};

subtest 'an API key that has a name' => sub {
    $hub->set('/keys/key2', 'user', { username => 'key2',
        password => 'MARKER-2' }, metadata => { display_name => 'Go 5Tran' });
    my $r = $hub->as(undef)->get('/v1/users/api-key:key2', headers => {
        Authorization => 'Basic ' . encode_base64('key2:MARKER-2', '') });
    is($r->status, 200, 'it is itself');
    is($r->json->{data}{given_name}, 'Go 5Tran', 'and is called by it');
};

subtest 'what there is not' => sub {
    is_envelope($hub->get("/v1/$_"), 200, $_, data => '{"items":[]}')
        for qw(users webhooks teams proxy hybrid-deployment-agents
            transformations transformation-projects);

    for (['POST', '/v1/users', 405, 'MethodNotAllowed'],
        ['DELETE', '/v1/users/x', 405, 'MethodNotAllowed'],
        ['GET', '/v1/account', 404, 'NotFound'],
        ['GET', '/v1/webhooks/x', 404, 'NotFound'],
        ['GET', '/v1', 404, 'NotFound'])
    {
        my ($method, $path, $status, $code) = @$_;
        my $r = $hub->request($method, $path);
        is($r->status, $status, "$method $path");
        is($r->json->{code}, $code, 'its code');
    }
};

$hub->done;
