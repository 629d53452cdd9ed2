# Approvals of connections and destinations: how a hash may be spelled in a
# path, what may be approved, who may, and what counts for nothing.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Envelope;
use CredHubTest::Envelope qw(called cursor_of);
use CredHubTest::Permissions qw(permit withdraw);
use CredHubTest::Pki qw(make_certificate der);
use CredHubTest::Trust qw(connection destination);
use Digest::SHA qw(sha256);
use MIME::Base64 qw(encode_base64 decode_base64 encode_base64url);
use Test::More;

my $FORGED = qr/\[crit\][^"]*approval that is not genuine: "[^"]+" of "[^"]+"/;

my $hub    = CredHubTest->new(
    servers => [{ port => 'large', server => 'client_max_body_size 8m;' }]);
my $second = $hub->as('second');
my $actor  = $hub->actor('second');
my $made   = connection($hub, {})->{id};
my $group  = destination($hub, {})->{id};
my $C      = "/v1/connections/$made";

called(ME => $hub->actor);
called(CONNECTION => $made);
called(DESTINATION => $group);


# A certificate as it is approved.
sub certificate (@more) {
    my $der = der(make_certificate(subject => '/CN=db', @more)->{certificate});
    return { hash => encode_base64(sha256($der), ''),
        encoded_cert => encode_base64($der, '') };
}

# One whose hash has what a path could stumble over.
sub awkward () {
    for (1 .. 200) {
        my $body = certificate();
        return $body if $body->{hash} =~ m{/} && $body->{hash} =~ /\+/;
    }
    die 'no such hash';
}

sub hashes ($list) {
    return [map { $_->{hash} } @{ $hub->get($list)->json->{data}{items} }];
}

sub escaped ($text, $format = '%%%02X') {
    return $text =~ s/([^A-Za-z0-9])/sprintf $format, ord $1/ger;
}

# How that hash may be spelled.
sub spellings ($hash) {
    my $bare = $hash =~ s/=+\z//r;
    my $url  = $bare =~ tr{+/}{-_}r;

    return (
        raw => $hash, 'without padding' => $bare,
        encoded => escaped($hash), 'in lower case' => escaped($hash, '%%%02x'),
        base64url => $url, 'with padding' => $url . substr($hash, length $bare),
        'as an id' => encode_base64url($hash),
    );
}


subtest 'spellings of a certificate' => sub {
    my $body = awkward();
    my %as   = spellings($body->{hash});
    my $id   = encode_base64url($body->{hash});

    for my $base (map { "/v1/$_/certificates" } "connectors/$made",
        "connections/$made", "destinations/$group", "destination/$group")
    {
        my ($word, $owner) = $base =~ m{/(\w+?)s?/(\w+)/certificates};

        for my $how (sort keys %as) {
            my $r = $hub->post($base, $body);
            is($r->status, 201, "approved: $base") or diag $r->body;

            my $data = $hub->get("$base/$as{$how}")->json->{data};
            is($data->{hash}, $body->{hash}, "found: $how") or next;
            is($data->{id}, $id, 'its id');

            my $name = { $made => 'CONNECTION', $group => 'DESTINATION' }
                ->{$owner};
            is_envelope($hub->delete("$base/$as{$how}"), 200, "revoked: $how",
                message => "Certificate with hash '$body->{hash}' has been "
                . "revoked for $word with id '$name'");
            is_refused($hub->get("$base/$as{$how}"), 404,
                'NotFound_Certificate', 'Certificate with hash '
                . (($how =~ /case|encoded/) ? "'$body->{hash}'" : "'$as{$how}'")
                . ' does not exist.', 'gone');
        }
        is_deeply(hashes($base), [], 'nothing is left');
    }
};

subtest 'spellings of a fingerprint' => sub {
    my $list = "$C/fingerprints";

    for my $hash ('r+u4//L4MG==', 'a/b+c==', '//', 'a//', 'test_hash', 'a b',
        "\x{e9}", 'x?y#z', '-_-_', 'x' x 512)
    {
        my $utf8 = $hash =~ /[^\0-\x7f]/ ? "\xc3\xa9" : $hash;

        is($hub->post($list, { hash => $hash, public_key => 'k' })->status, 201,
            'approved');
        my $r = $hub->get("$list/" . escaped($utf8));
        is($r->json->{data}{hash}, $hash, 'found when it is encoded');

        if ($hash =~ m{\A[\w+/=-]+\z}a) {
            my %as = (raw => $hash, id => encode_base64url($hash));
            $as{base64url} = $hash =~ tr{+/}{-_}r
                if $hash =~ /=\z/ && length($hash) % 4 == 0;

            is($hub->get("$list/$as{$_}")->json->{data}{hash}, $hash,
                "found: $_") for sort keys %as;
        }
        is($hub->delete("$list/" . escaped($utf8))->status, 200, 'revoked');
    }

    # what is there goes before what it could be the base64 of
    my ($plain, $other) = ('text', encode_base64url('text'));
    $hub->post($list, { hash => $_, public_key => "key of $_" })
        for $plain, $other;
    is($hub->get("$list/$other")->json->{data}{hash}, $other, 'as it is');
    $hub->delete("$list/$other");
    is($hub->get("$list/$other")->json->{data}{hash}, $plain, 'as an id');
    $hub->delete("$list/$plain");

    for my $path ("$list/%2e%2e/certificates", "$list/a/../b", "$list/a%00b",
        "$list/.")
    {
        is($hub->get($path)->status, 400, "$path hides something");
    }
    for my $path ("$C//fingerprints/x", "$C%2ffingerprints/x",
        "//v1/connections/$made/fingerprints/x")
    {
        is($hub->get($path)->status, 400, "$path: slashes are slashes there");
    }
};

subtest 'what a certificate must be' => sub {
    my $list = "$C/certificates";
    my $good = certificate();
    my $two  = certificate();
    my ($pem, $key) = @{ make_certificate(subject => '/CN=x') }
        {qw(certificate private_key)};

    my sub refused ($label, $message, %other) {
        my %body = (%$good, %other);
        delete @body{ grep { !defined $body{$_} } keys %body };
        $_ = undef for grep { ref eq 'SCALAR' } values %body;
        is_refused($hub->post($list, \%body), 400, 'InvalidInput', $message,
            $label);
    }
    my sub is_none ($label, $bytes) {
        refused($label, q(Field 'encoded_cert' must be one certificate: DER in )
            . 'base64', encoded_cert => $bytes);
    }
    my sub is_other ($label, $hash) {
        refused($label, q(Field 'hash' must be the SHA-256 of the certificate )
            . 'in base64', hash => $hash);
    }

    for my $field (qw(hash encoded_cert)) {
        refused("no $field", "Field '$field' is required", $field => $_)
            for undef, \undef, '';
        refused("$field is no text", "Field '$field' is invalid", $field => $_)
            for 5, [], {}, JSON::PP::true();
    }

    my $der = decode_base64($good->{encoded_cert});
    my $b64 = sub ($bytes) { encode_base64($bytes, '') };

    is_none('not base64', '%%%%');
    is_none('text', 'certificate');
    is_none('not DER', $b64->('x' x 600));
    is_none('cut', $b64->(substr $der, 0, -1));
    is_none('something behind it', $b64->("${der}x"));
    is_none('two', $b64->($der . decode_base64($two->{encoded_cert})));
    is_none('PEM', $pem);
    is_none('PEM in base64', $b64->($pem));
    is_none('a private key', $b64->(der($key)));
    is_none('base64url', $good->{encoded_cert} =~ tr{+/}{-_}r . '-_');
    is_none('64 KiB of it', $b64->($der . "\0" x 66_000));

    is_other('another certificate', $two->{hash});
    is_other('hex', unpack 'H*', sha256($der));
    is_other('SHA-1', $b64->(Digest::SHA::sha1($der)));
    is_other('cut', substr $good->{hash}, 0, 20);
    is_other('text', 'hash1');

    my $large = 'A' x (1024 * 1024);
    my $r = $hub->post($list, { %$good, encoded_cert => $large });
    is($r->status, 413, '1 MiB is too much for a body');
    is($r->json->{code}, 'PayloadTooLarge', 'and told as an envelope')
        or diag $r->body;
    is_refused($hub->post($list, { %$good, encoded_cert => $large },
            port => 'large'), 400, 'InvalidInput',
        q(Field 'encoded_cert' must be one certificate: DER in base64),
        'where a body may be larger, for a certificate');

    is($hub->post($list, [])->status, 400, 'no object');
    is($hub->request('POST', $list, headers => { 'Content-Type' => 'text/plain' },
        body => 'x')->status, 415, 'no JSON');
    is_deeply(hashes($list), [], 'nothing of it was stored');

    $r = $hub->post($list, { hash => $good->{hash} =~ tr{+/}{-_}r =~ s/=//r,
        encoded_cert => encode_base64($der), more => 1 });
    is($r->json->{data}{hash}, $good->{hash},
        'base64url, lines, and members that nobody knows');
    is($hub->delete("$list/$good->{hash}")->status, 200);
};

subtest 'what a fingerprint must be' => sub {
    my $list = "$C/fingerprints";

    for my $field (qw(hash public_key)) {
        my %body = (hash => 'h', public_key => 'k');
        is_refused($hub->post($list, { %body, $field => $_ }), 400,
            'InvalidInput', "Field '$field' is required") for undef, '';
        is_refused($hub->post($list, { %body, $field => 5 }), 400,
            'InvalidInput', "Field '$field' is invalid");
        is_refused($hub->post($list, { %body, $field => "a\nb" }), 400,
            'InvalidInput', q(Field 'hash' or 'public_key' is invalid));
        is_refused($hub->post($list, { %body, $field => 'x' x 16_385 }), 400,
            'InvalidInput', q(Field 'hash' or 'public_key' is invalid));
    }
    is_deeply(hashes($list), [], 'nothing of it was stored');

    my $blob = pack('N/a* N/a*', 'ssh-ed25519', 'k' x 32);
    my $key  = 'ssh-ed25519 ' . encode_base64($blob, '') . ' a comment';
    my $hash = encode_base64(sha256($blob), '');
    my $text = 'The fingerprint has been approved.';

    for ([$hash, $text], [$hash =~ s/=+//r, $text],
        ['other', "$text Warning: The hash is not the SHA-256 of the public "
            . 'key.'])
    {
        my ($as, $message) = @$_;
        is_envelope($hub->post($list, { hash => $as, public_key => $key }), 201,
            "hash $as", message => $message, data => '{"id":"'
            . encode_base64url($as) . qq(","hash":"$as","public_key":"$key",)
            . '"validated_date":"DATE","validated_by":"ME"}');
        is($hub->delete("$list/" . escaped($as))->status, 200);
    }

    is($hub->post($list, { hash => 'h', public_key => 'one' })->status, 201);
    is_refused($hub->post($list, { hash => 'h', public_key => 'two' }), 409,
        'Conflict', 'Another public key is approved with this hash.');
    is($hub->get("$list/h")->json->{data}{public_key}, 'one', 'it stays');
    is($hub->delete("$list/h")->status, 200);
};

subtest 'approved twice' => sub {
    my $write = permit($hub, '/trust/connections/*', $actor, 'write');
    my $body  = certificate();

    my $first = $hub->post("$C/certificates", $body)->json->{data};
    my $r     = $second->post("$C/certificates", $body);
    is($r->status, 201, 'again');
    is_deeply($r->json->{data}, $first, 'by whom and when it was first');
    is_deeply(hashes("$C/certificates"), [$body->{hash}], 'it is there once');

    $hub->delete("$C/certificates/$body->{hash}");
    is($second->post("$C/certificates", $body)->json->{data}{validated_by},
        $actor, 'what was revoked is approved anew');
    $hub->delete("$C/certificates/$body->{hash}");
    withdraw($hub, $write);
};

subtest 'whose it is' => sub {
    my $other = connection($hub, { schema => 'other' })->{id};
    my $body  = certificate();
    my $path  = "/v1/connections/$other/certificates";

    is($hub->post($path, $body)->status, 201);
    is_deeply(hashes("$C/certificates"), [], 'not that of another connection');
    is_deeply(hashes("/v1/destinations/$group/certificates"), [],
        'nor of a destination');
    is_deeply(hashes("/v1/connectors/$other/certificates"), [$body->{hash}],
        'the other name of its owner');
    is($hub->get("/v1/connections/$other/fingerprints/$body->{hash}")->status,
        404, 'a certificate is no fingerprint');

    is($hub->delete("/v1/connections/$other")->status, 200);
    is_missing($hub->get($path), NotFound_Connector => $other,
        'it goes with its owner');

    my $again = destination($hub, {})->{id};
    $path = "/v1/destinations/$again/certificates";
    is($hub->post($path, $body)->status, 201);
    is($hub->delete("/v1/destinations/$again")->status, 200);
    destination($hub, {}, group_id => $again);
    is_deeply(hashes($path), [], 'another owner with its id has none of them');
};

subtest 'what there is not' => sub {
    my %code = (connections => 'NotFound_Connector',
        connectors => 'NotFound_Connector', destination =>
        'NotFound_Destination', destinations => 'NotFound_Destination');

    for my $kind (sort keys %code) {
        for my $id ('none', 'a.b', 'x' x 65) {
            my $at = "/v1/$kind/$id";
            is_missing($hub->get("$at/certificates"), $code{$kind}, $id, 'list');
            is_missing($hub->get("$at/fingerprints/h"), $code{$kind}, $id,
                'details');
            is_missing($hub->delete("$at/fingerprints/h"), $code{$kind}, $id,
                'revoke');
            is_missing($hub->post("$at/fingerprints",
                    { hash => 'h', public_key => 'k' }), $code{$kind}, $id,
                'approve');
        }
    }

    for my $what (qw(Certificate Fingerprint)) {
        my $list = "$C/" . lc($what) . 's';
        for my $method (qw(GET DELETE)) {
            is_refused($hub->request($method, "$list/none"), 404,
                "NotFound_$what", "$what with hash 'none' does not exist.");
        }
        is($hub->get("$list/" . 'x' x 3000)->status, 404, 'a long one');
        is($hub->request('PATCH', "$list/x", json => {})->status, 405, 'PATCH');
        is($hub->delete($list)->status, 405, 'all of them at once');
    }

    for my $path (qw(/v1/certificates /v1/fingerprints)) {
        is_refused($hub->post($path, { hash => 'h', public_key => 'k' }), 404,
            'NotFound', $hub->post('/v1/none', {})->json->{message}, $path);
    }
};

subtest 'rights' => sub {
    my $text = 'You do not have the right to do this.';
    my $body = { hash => 'h', public_key => 'k' };

    my sub may ($may) {
        for my $at ($C, '/v1/connections/none') {
            my %r = (
                read   => [$second->get("$at/fingerprints"),
                    $second->get("$at/fingerprints/h"),
                    $second->get("$at/fingerprints/none")],
                write  => [$second->post("$at/fingerprints", $body)],
                delete => [$second->delete("$at/fingerprints/h"),
                    $second->delete("$at/fingerprints/none")],
            );
            for my $right (sort keys %r) {
                for my $r (@{ $r{$right} }) {
                    if ($right eq $may) { isnt($r->status, 403, $right) }
                    else { is_refused($r, 403, 'Forbidden', $text, $right) }
                }
            }
        }
    }

    may('nothing');
    for my $right (qw(read write delete)) {
        my $view = permit($hub, '/trust/connections/*', $actor, $right);
        may($right);
        withdraw($hub, $view);
    }
    my $view = permit($hub, '/trust/destinations/*', $actor,
        qw(read write delete));
    may('nothing');
    withdraw($hub, $view);

    is_deeply(hashes("$C/fingerprints"), [], 'the right to delete was used');
    is($hub->as(undef)->get("$C/fingerprints")->status, 401, 'nobody');
};

subtest 'pages' => sub {
    my $list = "$C/fingerprints";
    my @all  = map { "h$_" } 1 .. 7;
    my (@seen, $cursor);

    $hub->post($list, { hash => $_, public_key => 'k' }) for @all;

    for (1 .. 4) {
        my $r = $hub->get("$list?limit=2" . ($cursor ? "&cursor=$cursor" : ''));
        push @seen, map { $_->{hash} } @{ $r->json->{data}{items} };
        $cursor = cursor_of($r);
        is(defined $cursor ? 1 : 0, $_ < 4 ? 1 : 0, "page $_");
    }
    is_deeply(\@seen, \@all, 'each once, in their order');

    is(cursor_of($hub->get("$list?limit=7")), undef, 'a full page is the last');
    is(cursor_of($hub->get("$list?limit=1000")), undef);

    for my $limit (qw(0 1001 abc -1 1.5 99999999999999999999), '') {
        is_refused($hub->get("$list?limit=$limit"), 400, 'InvalidInput',
            q(Parameter 'limit' must be a number from 1 to 1000));
    }

    $cursor = cursor_of($hub->get("$list?limit=3"));
    my $other = connection($hub, { schema => 'pages' })->{id};

    for my $at ("$C/certificates", "/v1/connections/$other/fingerprints",
        "/v1/destinations/$group/fingerprints", '/v1/connections')
    {
        is_refused($hub->get("$at?cursor=$cursor"), 400, 'InvalidInput',
            q(Parameter 'cursor' is not one of this list), $at);
    }
    is($hub->get("/v1/connectors/$made/fingerprints?cursor=$cursor")->status,
        200, 'the same list by its other name');

    my $changed = $cursor;
    substr $changed, 3, 1, substr($changed, 3, 1) eq 'A' ? 'B' : 'A';
    for my $bad ('x', $changed, substr($cursor, 0, -2), "$cursor=", '%00') {
        is($hub->get("$list?cursor=$bad")->status, 400, "cursor '$bad'");
    }

    $hub->delete("$list/h3");
    is($hub->get("$list?limit=1&cursor=$cursor")->json->{data}{items}[0]{hash},
        'h4', 'a row that is gone disturbs no cursor');
    $hub->delete("$list/$_") for @all;
};

subtest 'what is not genuine' => sub {
    $hub->expect_log($FORGED);

    my $list = "$C/fingerprints";
    my $uid  = $hub->redis('HGET', "{credhub}:object:connections/$made", 'uid');
    my sub row ($hash, $type = 'fingerprints') {
        return "{credhub}:approval:$uid/$type/$hash";
    }
    my ($good, $bad) = ('good', 'bad');
    $hub->post($list, { hash => $_, public_key => 'k' }) for $good, $bad;

    ok($hub->redis('EXISTS', row($bad)), 'a row');

    for my $change ([content => 'another'], [by => 'somebody'], [date => 1],
        [mac => 'x' x 40])
    {
        my ($field, $value) = @$change;
        my $before = $hub->redis('HGET', row($bad), $field);
        $hub->redis('HSET', row($bad), $field, $value);

        is_deeply(hashes($list), [$good], "$field: not in the list");
        is($hub->get("$list/$bad")->status, 404, 'not there');
        is_refused($hub->post($list, { hash => $bad, public_key => 'k' }), 409,
            'Conflict', 'What stands for this hash is not genuine and counts '
            . 'for nothing. Please revoke it first.');
        $hub->redis('HSET', row($bad), $field, $before);
    }
    is_deeply(hashes($list), [$good, $bad], 'as it was');

    my %row = @{ $hub->redis('HGETALL', row($good)) };
    $hub->redis('HSET', row($bad), %row);
    is_deeply(hashes($list), [$good], 'the row of another hash');

    ok($hub->wait_log($FORGED), 'it was logged');
    is($hub->delete("$list/$bad")->status, 200, 'it can be revoked');
    is($hub->post($list, { hash => $bad, public_key => 'k' })->status, 201,
        'and approved anew');
    is($hub->delete("$list/$_")->status, 200) for $good, $bad;
};

subtest 'in read-only mode' => sub {
    my $list = "$C/fingerprints";

    $hub->post($list, { hash => 'h', public_key => 'k' });
    is($hub->post('/management', { read_only_mode => JSON::PP::true() })->status,
        200) or return;

    is($hub->get("$list/h")->status, 200, 'reading goes on');
    is($hub->delete("$list/h")->status, 503, 'no revoking');
    is($hub->post($list, { hash => 'i', public_key => 'k' })->status, 503,
        'no approving');
    $hub->post('/management', { read_only_mode => JSON::PP::false() });
    is_deeply(hashes($list), ['h'], 'nothing has changed');
};

$hub->done;
