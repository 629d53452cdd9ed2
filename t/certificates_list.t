# GET /api/v1/certificates: all of them, or one by name.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Certificates;
use CredHubTest::Errors;
use CredHubTest::Permissions qw(permit withdraw);
use CredHubTest::Pki;
use Test::More;

my $LIST = '/api/v1/certificates';
my $DAY  = 86400;

my $hub = CredHubTest->new(
    http        => 'keepalive_requests 10000;',
    permissions => [
        ['good', '/*', 'read,write,delete,read_acl,write_acl'],
        ['second', '/p/*', 'read'], ['second', '/q/leaf', 'read'],
        ['third', '/*', 'write,delete,read_acl,write_acl'],
    ],
);


sub list ($query = '', $client = $hub) {
    my $r = $client->get("$LIST$query");
    is($r->status, 200, "list$query") or diag($r->body);
    return @{ $r->json->{certificates} // [] };
}

sub names (@rows) { return [map { $_->{name} } @rows] }

sub one ($name, $more = '') {
    my @rows = list("?name=$name$more");
    is(@rows, 1, "one $name");
    return $rows[0];
}

# As a list shows a version
sub shown ($view, %change) {
    my @keys = qw(id expiry_date transitional certificate_authority self_signed
        generated);
    return { %$view{@keys}, %change };
}

# A certificate of a client's
sub given ($name, $made, %more) {
    my $r = $hub->set($name, 'certificate',
        { certificate => $made->{certificate}, %more });
    is($r->status, 200, "set $name") or diag($r->body);
    return $r->json;
}


is($hub->get($LIST)->body, '{"certificates":[]}', 'nothing yet');

$hub->set('/value', 'value', 'MARKER-value');
$hub->made($hub->generate('/rsa', 'rsa'));

my $ca   = authority($hub, '/Root');
my $int  = authority($hub, '/p/int', ca => '/root', duration => 20);
my $leaf = leaf($hub, '/q/leaf', '/p/INT', duration => 300);
my $self = authority($hub, '/self-leaf', is_ca => \0, self_sign => \1);
my $made = CredHubTest::Pki::make_certificate(key => 'ec P-256',
    subject => '/CN=client');
my $given = given('/p/given', $made);


subtest 'one element' => sub {
    my %expected = (
        '/Root' => { versions => [shown($ca)], signed_by => '/Root',
            signs => ['/p/int'] },
        '/p/int' => { versions => [shown($int)], signed_by => '/Root',
            signs => ['/q/leaf'] },
        '/q/leaf' => { versions => [shown($leaf)], signed_by => '/p/int',
            signs => [] },
        '/self-leaf' => { versions => [shown($self)],
            signed_by => '/self-leaf', signs => [] },
        '/p/given' => { versions => [shown($given)],
            signed_by => $given->{self_signed} ? '/p/given' : '', signs => [] },
    );
    my @rows = list();

    is_deeply(names(@rows),
        [qw(/p/given /self-leaf /q/leaf /p/int /Root)], 'newest first');

    my %ids;
    for my $row (@rows) {
        my $name = $row->{name};
        my $id   = $row->{id};
        is_deeply($row, { name => $name, id => $id, %{ $expected{$name} } },
            "$name, in every field");
        like($id, qr/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'its id');
        ok(!$ids{$id}++, 'is its own');
        is_deeply(one($name), $row, 'the same by name');
    }

    is($given->{generated}, 0, 'what a client gave was not generated');
    unlike($hub->get($LIST)->body, qr/BEGIN|key/, 'no key in it');
};


subtest 'how it is asked for' => sub {
    my $body = $hub->get("$LIST?name=/Root")->body;

    is($hub->get($_)->body, $body, $_) for "$LIST?name=Root",
        "$LIST?name=/ROOT", "$LIST/?name=/root", "$LIST/?name=%2Froot",
        "$LIST?x=y&name=/root", "$LIST?name=/Root&expires-within-days=";
    is($hub->get("$LIST/")->body, $hub->get($LIST)->body, 'a slash behind');
    is($hub->get("$LIST?expires-within-days=")->body, $hub->get($LIST)->body,
        'no number');

    my @refused = (
        # query                      error
        ['name='                  => 'missing_query:name'],
        ['name'                   => 'missing_query:name'],
        ['name=/none'             => 'credential'],
        ['name=/value'            => 'credential'],
        ['name=/rsa'              => 'credential'],
        ['name=/p'                => 'credential'],
        ['name=/p/*'              => 'credential'],
        ['name=/Root/'            => 'credential'],
        ['name=/' . 'n' x 1024    => 'credential'],
        ['name=%FC'               => 'bad_request'],
        (map { ["expires-within-days=$_" => 'bad_query:expires-within-days'] }
            'x', '1.5', '1d', '%2B1', '-', '1e3', '9223372036854775808'),
        ['name=/Root&expires-within-days=x' => 'bad_query:expires-within-days'],
    );
    is_error($hub->get("$LIST?$_->[0]"), $_->[1], "?$_->[0]") for @refused;

    for my $method (qw(PUT POST PATCH DELETE)) {
        my $r = $hub->request($method, $LIST, json => {});
        is_error($r, 'method', $method);
        is($r->header('Allow'), 'GET, HEAD, OPTIONS', 'what is allowed');
    }

    my $r = $hub->head($LIST);
    is($r->status, 200, 'HEAD');
    is($r->body, '', 'has no body');
    is($r->header('Content-Length'), length $hub->get($LIST)->body,
        'but its length');
    like($hub->get($LIST)->header('Cache-Control'), qr/no-store/, 'not cached');
};


subtest 'versions' => sub {
    my $id  = one('/self-leaf')->{id};
    my $new = $hub->made($hub->post("$LIST/$id/regenerate",
        { set_as_transitional => \1 }))->json;

    is_deeply(one('/self-leaf')->{versions},
        [shown($new, transitional => \1), shown($self)], 'newest first');
    is_deeply(names((list())[0]), ['/self-leaf'],
        'and a certificate with a new one leads');

    my $last = given('/SELF-leaf', $made);
    my $row  = one('/self-leaf');
    is_deeply($row->{versions},
        [shown($last), shown($new, transitional => \1), shown($self)],
        'the flag stays where it is');
    is($row->{name}, '/self-leaf', 'its name as it was first written');
    is($row->{id}, $id, 'and its id stay');
    is_deeply((list())[0], $row, 'the list agrees');
};


subtest 'who signs whom' => sub {
    my $other = authority($hub, '/other');
    leaf($hub, "/s/$_", '/root') for qw(c B a);

    is_deeply(one('/root')->{signs}, [qw(/p/int /s/a /s/B /s/c)],
        'in order of their names, without regard to case');

    leaf($hub, '/s/B', '/other');
    is_deeply(one('/root')->{signs}, [qw(/p/int /s/a /s/c)],
        'the newest version counts');
    is_deeply(one('/other')->{signs}, ['/s/B'], 'for the other CA');

    given('/s/a', $made);
    is_deeply(one('/root')->{signs}, [qw(/p/int /s/c)],
        'a certificate that has no CA now');

    my $id  = one('/s/c')->{id};
    my $new = leaf($hub, '/x', '/other');
    $hub->post("$LIST/$id/versions", { transitional => \1, value => {
        certificate => $new->{value}{certificate}, ca_name => '/other' } });
    is_deeply(one('/root')->{signs}, ['/p/int'], 'a transitional one is the newest');
    is_deeply(one('/other')->{signs}, [qw(/s/B /s/c /x)], 'of its CA');

    $hub->delete('/api/v1/data?name=/s/B');
    is_deeply(one('/other')->{signs}, [qw(/s/c /x)], 'a deleted one is gone');

    $hub->delete('/api/v1/data?name=/other');
    is(one('/x')->{signed_by}, '/other', 'a CA that is gone is still named');

    my %by_name = map { $_->{name} => $_ } list();
    is_deeply($by_name{$_}, one($_), "list and name agree on $_")
        for sort keys %by_name;
};


subtest 'who may read' => sub {
    my $second = $hub->as('second');

    is_deeply(names(list('', $second)), [qw(/p/given /q/leaf /p/int)],
        'the readable ones');
    is_deeply($_->{signs}, $_->{name} eq '/p/int' ? ['/q/leaf'] : [],
        "$_->{name} signs") for list('', $second);

    is($hub->as('third')->get($LIST)->body, '{"certificates":[]}',
        'every other right is none to read');

    is_error($second->get("$LIST?name=$_"), 'credential', "not $_")
        for '/root', '/self-leaf', '/s/c', '/none';
    is_error($hub->as('third')->get("$LIST?name=/root"), 'credential',
        'write is not read');
    is($second->get("$LIST?name=/p/int")->body,
        $hub->get("$LIST?name=/p/int")->body, 'one that signs what is seen');
    is_error($hub->as(undef)->get($LIST), 'unauthenticated', 'nobody');

    leaf($hub, '/hidden', '/p/int');
    is_deeply($second->get("$LIST?name=/p/int")->json->{certificates}[0]{signs},
        ['/q/leaf'], 'what is not readable is not signed');
    is_deeply(one('/p/int')->{signs}, ['/hidden', '/q/leaf'], 'for others it is');

    my $permission = permit($hub, '/hidden', $hub->actor('second'), 'read');
    is_deeply($second->get("$LIST?name=/p/int")->json->{certificates}[0]{signs},
        ['/hidden', '/q/leaf'], 'a permission in the store shows it');
    is_deeply([sort @{ names(list('', $second)) }],
        [qw(/hidden /p/given /p/int /q/leaf)], 'in the list too');
    withdraw($hub, $permission);
    is_deeply([sort @{ names(list('', $second)) }],
        [qw(/p/given /p/int /q/leaf)], 'no longer');
    $hub->delete('/api/v1/data?name=/hidden');
};


subtest 'what expires first' => sub {
    $hub->delete("/api/v1/data?name=$_->{name}") for list();

    $ca   = authority($hub, '/Root', duration => 100);
    $int  = authority($hub, '/p/int', ca => '/root', duration => 20);
    $leaf = leaf($hub, '/q/leaf', '/p/int', duration => 300);
    my $far  = leaf($hub, '/far', '/root', duration => 200);
    my $soon = leaf($hub, '/soon', '/p/int', duration => 5);

    my %first = (
        '/Root'   => ['/Root', $ca], '/p/int' => ['/p/int', $int],
        '/q/leaf' => ['/p/int', $int], '/far' => ['/Root', $ca],
        '/soon'   => ['/soon', $soon],
    );
    my @within = (
        # days, names, newest first
        [4   => ()],
        [5   => '/soon'],
        [6   => '/soon'],
        [19  => '/soon'],
        [20  => qw(/soon /q/leaf /p/int)],
        [99  => qw(/soon /q/leaf /p/int)],
        [100 => qw(/soon /far /q/leaf /p/int /Root)],
        [0   => ()], [-1 => ()], [-100000 => ()],
        [99999999            => qw(/soon /far /q/leaf /p/int /Root)],
        [9223372036854775807 => qw(/soon /far /q/leaf /p/int /Root)],
        ['-9223372036854775808' => ()],
    );

    my %plain = map { $_->{name} => $_ } list();

    for (@within) {
        my ($days, @names) = @$_;
        my @rows = list("?expires-within-days=$days");
        is_deeply(names(@rows), \@names, "within $days days");

        for my $row (@rows) {
            my ($name, $view) = @{ $first{ $row->{name} } };
            is_deeply($row, { %{ $plain{ $row->{name} } }, expires_first => {
                name => $name, id => $view->{id},
                expiry_date => $view->{expiry_date} } },
                "$row->{name}, and what expires first in its chain");
        }
    }

    is_deeply(one('/q/leaf', '&expires-within-days=20'),
        (list('?expires-within-days=20'))[1], 'the same by name');
    is_deeply([list('?name=/q/leaf&expires-within-days=19')], [],
        'or nothing');

    my $old = given('/old', CredHubTest::Pki::make_certificate(
        key => 'ec P-256', subject => '/CN=old', days => [-30, -10]));
    is_deeply(names(list("?expires-within-days=$_->[0]")), $_->[1],
        "what has expired, $_->[0]")
        for [0, ['/old']], [-9, ['/old']], [-11, []];

    my $id = one('/old')->{id};
    $hub->put("$LIST/$id/update_transitional_version",
        { version => $old->{id} });
    is_deeply([list('?expires-within-days=0')], [],
        'one that has no active version is not found');
    is_deeply(names(list())->[0], '/old', 'but in the list');

    # a regenerated intermediate that is not active
    my $int_id = one('/p/int')->{id};
    my $new = $hub->made($hub->post("$LIST/$int_id/regenerate",
        { set_as_transitional => \1, duration => 1 }))->json;
    is_deeply(names(list('?expires-within-days=1')), [],
        'a transitional version is in no chain');

    # the leaf was signed by a version that is no longer active
    $hub->put("$LIST/$int_id/update_transitional_version", {});
    is(one('/q/leaf', '&expires-within-days=30')->{expires_first}{id},
        $int->{id}, 'the version that signed it counts');
    is(one('/p/int', '&expires-within-days=30')->{expires_first}{id},
        $new->{id}, 'of itself the active one');
};


subtest 'facts that were changed in the store' => sub {
    my $loud = qr/\[crit\][^"]*credential "\/Root", version \S+: the facts/;
    $hub->expect_log($loud);

    my $key   = "{credhub}:version:$ca->{id}";
    my $facts = $hub->redis('HGET', $key, 'facts');
    my $good  = $hub->get($LIST)->body;
    like($facts, qr/^,"/, 'what is stored');

    my @damaged = ('', '{}', ',', 'x', substr($facts, 1), "$facts,", "$facts}",
        "$facts,\"x\":1", $facts =~ s/true/"x"/r, $facts =~ s/true/null/r,
        $facts =~ s/,"self_signed":true//r,
        $facts =~ s/,"certificate_authority":true//r,
        "$facts,\"generated\":true", ',"a":{}' . $facts, $facts . "\xff");

    for (@damaged) {
        my $before = () = $hub->error_log =~ /$loud/g;
        $hub->redis('HSET', $key, 'facts', $_);
        is_error($hub->get($LIST), 'internal', "list: $_");
        is_error($hub->get("$LIST?name=/root"), 'internal', 'by name');
        my $after = () = $hub->error_log =~ /$loud/g;
        is($after - $before, 2, 'told to the log');
        is($hub->get("$LIST?name=/p/int")->status, 200, 'another one');
    }

    $hub->redis('HSET', $key, 'facts', $facts =~ s/"expiry_date":"[^"]*"/"expiry_date" : "\\u0022<x>"/r);
    is(one('/root')->{versions}[0]{expiry_date}, '"<x>', 'text stays text');

    $hub->redis('HSET', $key, 'facts', $facts);
    is($hub->get($LIST)->body, $good, 'as it was');
};


subtest 'more than one step' => sub {
    $hub->delete("/api/v1/data?name=$_->{name}") for list();

    my $root = authority($hub, '/many');
    my $pem  = leaf($hub, '/first', '/many')->{value}{certificate};
    my $one  = $hub->connect;
    my $n    = 1100;    # a step has 1000

    for (1 .. $n) {
        my $r = $one->request('PUT', '/api/v1/data', keep => 1, json => {
            name => "/many/$_", type => 'certificate',
            value => { certificate => $pem, ca_name => '/many' } })->response;
        $r->status == 200 or BAIL_OUT("set $_: " . $r->body);
    }

    my @rows = list();
    is_deeply(names(@rows), [(map {"/many/$_"} reverse 1 .. $n), '/first',
        '/many'], 'all, newest first');
    is_deeply($rows[-1], one('/many'), 'and the CA by name');
    is_deeply($rows[-1]{signs}, [sort '/first', map {"/many/$_"} 1 .. $n],
        'that signs all');
    is_deeply([list('?expires-within-days=364')], [], 'none of them expires');
    is(scalar(my @all = list('?expires-within-days=365')), $n + 2,
        'each does in a year');
};


$hub->done;
