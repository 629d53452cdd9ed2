# /v1/groups: what connections and destinations belong to.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Envelope;
use CredHubTest::Envelope qw(called id_of cursor_of pages);
use CredHubTest::Permissions qw(permit withdraw);
use CredHubTest::Trust qw(connection destination);
use Test::More;

my $G = '/v1/groups';

my $hub    = CredHubTest->new;
my $second = $hub->as('second');
my $actor  = $hub->actor('second');

sub keys_of ($pattern) { return @{ $hub->redis('KEYS', "{credhub}:$pattern") } }


subtest 'one group' => sub {
    is_envelope($hub->get($G), 200, 'none yet', data => '{"items":[]}');

    my $made = $hub->post($G, { name => 'first' });
    my $id   = id_of(FIRST => $made);
    my $data = '{"id":"FIRST","name":"first","created_at":"DATE"}';

    like($id, qr/^[0-9a-f]{32}$/, 'its id');
    is_envelope($made, 201, 'created', data => $data,
        message => 'Group has been created');
    is_envelope($hub->get("$G/$id"), 200, 'shown', data => $data);
    is_envelope($hub->get($G), 200, 'listed', data => qq({"items":[$data]}));

    my $date = $made->json->{data}{created_at};
    my $changed = $hub->patch("$G/$id", { name => 'changed' });
    is_envelope($changed, 200, 'changed', data => $data =~ s/first/changed/r,
        message => 'Group has been updated');
    is($changed->json->{data}{created_at}, $date, 'its date stays');
    is($hub->get("$G/$id")->json->{data}{name}, 'changed', 'it is stored');

    is_envelope($hub->delete("$G/$id"), 200, 'deleted',
        message => q(Group with id 'FIRST' has been deleted));
    is_missing($hub->request($_, "$G/$id",
        $_ eq 'PATCH' ? (json => { name => 'x' }) : ()),
        'NotFound_Group', 'FIRST', "$_ of what was deleted")
        for qw(GET PATCH DELETE);
    is_deeply([keys_of('object*')], [], 'nothing is left of it');
};

subtest 'what may be sent' => sub {
    my $id = id_of(GROUP => $hub->post($G, { name => 'there' }));

    my @rows = (
        # method, body, message
        ['POST',  '{}',                q(Field 'name' is required)],
        ['POST',  '{"name":null}',     q(Field 'name' is required)],
        ['POST',  '{"name":""}',       q(Field 'name' is required)],
        ['POST',  '{"name":[]}',       q(Field 'name' is invalid)],
        ['POST',  '{"name":{"a":1}}',  q(Field 'name' is invalid)],
        ['POST',  '[]',                'The body has to be a JSON object'],
        ['POST',  'null',              'The body has to be a JSON object'],
        ['PATCH', '"name"',            'The body has to be a JSON object'],
        ['PATCH', '{"name":""}',       q(Field 'name' is required)],
        ['PATCH', '{}',
            'At least one field that can be changed is required'],
        ['PATCH', '{"name":null}',
            'At least one field that can be changed is required'],
        ['PATCH', '{"id":"x"}',
            'At least one field that can be changed is required'],
    );

    is_refused($hub->request($_->[0], $_->[0] eq 'POST' ? $G : "$G/$id",
        body => $_->[1]), 400, 'InvalidInput', $_->[2], "$_->[0] $_->[1]")
        for @rows;

    for my $body ('{"name":"a"', '', '{"name":"a","name":"b"}') {
        my $r = $hub->request('POST', $G, body => $body);
        is($r->status, 400, "POST '$body'");
        is($r->json->{code}, 'InvalidInput', 'its code');
    }

    my $long = 'n' x 1024;
    is($hub->post($G, { name => $long })->status, 201, 'a long name');
    is($hub->post($G, { name => "${long}n" })->status, 400, 'longer');
    is($hub->post($G, '{"name":7}')->json->{data}{name}, '7', 'a number');
    is($hub->get("$G/$id")->json->{data}{name}, 'there', 'nothing changed');

    for my $bad ('nobody', 'a.b', 'x' x 65, 'x' x 2000) {
        is_missing($hub->get("$G/$bad"), 'NotFound_Group', $bad =~ s/^(.{255}).*/$1/r,
            'an id: ' . substr $bad, 0, 20);
    }
};

subtest 'a group that is used' => sub {
    my $group = id_of(USED => $hub->post($G, { name => 'used' }));
    my $c     = called(CONN => connection($hub, {}, group_id => $group)->{id});
    my $d     = destination($hub, { host => 'h' }, group_id => $group);
    is($d->{id}, $group, 'its destination has its id');

    is_refused($hub->delete("$G/$group"), 409, 'Conflict',
        'It is used by connections/CONN, destinations/USED');
    is($hub->delete("/v1/connections/$c")->status, 200, 'one user goes');
    is_refused($hub->delete("$G/$group"), 409, 'Conflict',
        'It is used by destinations/USED');
    is($hub->delete("/v1/destinations/$group")->status, 200, 'the other');
    is($hub->delete("$G/$group")->status, 200, 'then it goes');
};

subtest 'lists in pages' => sub {
    my @ids = map { $hub->post($G, { name => "n$_" })->json->{data}{id} } 1..7;
    my %new = map { $_ => 1 } @ids;
    my $all = sub { return [grep { $new{$_} } map { @$_ } @_] };

    is_deeply($all->(pages($hub, $G, $_)), \@ids, "pages of $_")
        for 1, 2, 3, 1000;

    my $first = $hub->get("$G?limit=1");
    my $total = map { @$_ } pages($hub, $G, 1000);
    is(scalar(pages($hub, $G, $total)), 1, 'a page that is just full');
    is(scalar(pages($hub, $G, $total - 1)), 2, 'one element more');
    ok(!exists $hub->get("$G?limit=$total")->json->{data}{next_cursor},
        'no cursor when there is no more');

    my $cursor = cursor_of($hub->get("$G?limit=" . ($total - 3)));
    is($hub->delete("$G/$ids[3]")->status, 200, 'one goes');
    my $rest = $hub->get("$G?cursor=$cursor")->json->{data}{items};
    is_deeply([map { $_->{id} } @$rest], [@ids[4..6]],
        'a cursor goes on where its page ended');
    is($hub->delete("$G/$ids[4]")->status, 200, 'another goes');
    is_deeply([map { $_->{id} } @{ $hub->get("$G?cursor=$cursor")->json
        ->{data}{items} }], [@ids[5, 6]], 'and so it does then');

    is_refused($hub->get("$G?limit=$_"), 400, 'InvalidInput',
        q(Parameter 'limit' must be a number from 1 to 1000), "limit $_")
        for 0, -1, 1001, 'abc', '', '1.5', '99999999999999999999';
    is_refused($hub->get($_->[0] . $_->[1]), 400, 'InvalidInput',
        q(Parameter 'cursor' is not one of this list), "cursor $_->[2]")
        for ["$G?cursor=", 'garbage', 'garbage'],
            ["$G?cursor=", 'eyJza2lwIjoyfQ', 'of another hub'],
            ["$G?cursor=", substr($cursor, 0, -1), 'cut'],
            ["$G?cursor=", ($cursor =~ tr/A-Za-z/B-ZAb-za/r), 'changed'],
            ['/v1/connections?cursor=', $cursor, 'of another list'],
            ["/v1/connections?group_id=$ids[5]&cursor=", $cursor, 'of a group'];
};

subtest 'rights' => sub {
    my $id    = called(MINE => $hub->post($G, { name => 'mine' })->json->{data}{id});
    my $other = $hub->post($G, { name => 'other' })->json->{data}{id};

    my %calls = (
        read   => sub { $second->get("$G/$_[0]") },
        write  => sub { $second->patch("$G/$_[0]", { name => 'mine' }) },
        create => sub { $second->post($G, { name => 'new' }) },
        delete => sub { $second->delete("$G/$_[0]") },
    );
    my @rows = (
        # path, operation, what it allows
        ['/trust/groups/nobody', 'read',   ''],
        ["/trust/groups/$id",    'read',   'read'],
        ["/trust/groups/$id",    'write',  'write'],
        ["/TRUST/Groups/$id",    'write',  'write'],
        ['/trust/groups/*',      'write',  'write create'],
        ['/trust/*',             'read',   'read'],
        ['/trust/connections/*', 'write',  ''],
        ["/trust/groups/$id/*",  'write',  ''],
        ["/trust/groups/$id",    'delete', 'delete'],
    );

    for (undef, @rows) {
        my ($path, $operation, $allowed) = $_ ? @$_ : ('nothing', 'none', '');
        my $view = $_ && permit($hub, $path, $actor, $operation);

        for my $call (sort keys %calls) {
            my $r = $calls{$call}->($id);
            my $label = "$call with $operation on $path";

            if (" $allowed " =~ / $call /) {
                is($r->status, $call eq 'create' ? 201 : 200, $label);
            } else {
                is_refused($r, 403, 'Forbidden',
                    'You do not have the right to do this.', $label);
            }
        }

        withdraw($hub, $view) if $view;
    }

    is($calls{$_}->('nobody')->status, 403, "$_ of nothing is forbidden first")
        for qw(read write delete);

    my $view = permit($hub, "/trust/groups/$other", $actor, 'read');
    is_deeply([map { @$_ } pages($second, $G, 1)], [$other],
        'a list has what the caller may read');
    withdraw($hub, $view);
    is_envelope($second->get($G), 200, 'or nothing', data => '{"items":[]}');

    is($hub->as(undef)->get($G)->json->{code}, 'AuthFailed', 'no identity');
};

subtest 'read-only mode' => sub {
    my $id = $hub->post($G, { name => 'stays' })->json->{data}{id};
    $hub->redis('SET', '{credhub}:read_only', 1);

    is($_->status, 503, 'no write')
        for $hub->post($G, { name => 'new' }), $hub->post($G, '{}'),
            $hub->patch("$G/$id", { name => 'new' }), $hub->delete("$G/$id");
    is($hub->get("$G/$id")->json->{data}{name}, 'stays', 'reading goes on');

    $hub->redis('DEL', '{credhub}:read_only');
};

$hub->done;
