# Two nodes change one permission at once: there is never more than one, and
# what it allows is what is shown.
#
# Requests meet for certain: a proxy lets what they load first reach Redis and
# holds the replies until all have been asked.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors qw(is_error answers);
use Test::More;

my $V1   = '/api/v1/permissions';
my $V2   = '/api/v2/permissions';
my $DATA = '/api/v1/data';
my @ALL  = qw(read write delete read_acl write_acl);
my %LETTER = (read => 'r', write => 'w', delete => 'd', read_acl => 'R',
    write_acl => 'W');

my @KEYS  = (['k1', sprintf '%-32s', 'MARKER-key-k1']);
my $one   = CredHubTest->new(proxy => 1, keys => \@KEYS);
my $proxy = $one->proxy;
my ($two, $direct) = map {
    CredHubTest->new(redis => 0, keys => \@KEYS,
        http => CredHubTest->redis_line($_))
} $proxy->socket, $one->dir . '/redis/redis.sock';

my $second = $one->actor('second');
my $actor  = 'uaa-client:race';
my $count  = 0;


sub new_path () { return '/race/' . ++$count }

# Requests: who asks, then those of CredHubTest::Client.
sub create ($path, @operations) {
    return ['good', POST => $V2, json => { path => $path, actor => $actor,
        operations => [@operations] }];
}

sub replace ($id, $path, @operations) {
    return ['good', PUT => "$V2/$id", json => { path => $path,
        actor => $actor, operations => [@operations] }];
}

sub patch ($id, @operations) {
    return ['good', PATCH => "$V2/$id", json => {
        operations => [@operations] }];
}

sub add ($path, @operations) {
    return ['good', POST => $V1, json => { credential_name => $path,
        permissions => [{ actor => $actor, operations => [@operations] }] }];
}

sub remove ($id) { return ['good', DELETE => "$V2/$id"] }

sub remove_v1 ($path) {
    return ['good', DELETE => "$V1?credential_name=$path&actor=$actor"];
}


# Sends all requests, to one node and the other in turn, then reads all answers.
sub parallel (@requests) {
    my @clients = map { ($_ % 2 ? $two : $one)
        ->connect(cert => $requests[$_][0]) } 0 .. $#requests;

    for my $i (0 .. $#requests) {
        my ($cert, @request) = @{ $requests[$i] };
        $clients[$i]->request(@request);
    }

    return sub () {
        return map {
            my $r = $_->response;
            $_->close;
            $r;
        } @clients;
    };
}

# The same, but all of them have asked for what they load before any may go on;
# meanwhile something else may happen.
sub together ($meanwhile, @requests) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    $proxy->forget;
    $proxy->hold;
    my $answers = parallel(@requests);
    my $met = wait_until(60, sub {
        grep({ /^(?:EVALSHA(?:_RO)?|EXISTS)$/ } $proxy->commands) == @requests });
    $meanwhile->() if $meanwhile;
    $proxy->release;
    my @answers = $answers->();
    ok($met, 'they met');
    return @answers;
}

sub statuses (@answers) { return join ' ', sort map { $_->status } @answers }

sub shown ($path) {
    my $r = $direct->get("$V2?path=$path&actor=$actor");
    return $r->status == 200 ? join ' ', @{ $r->json->{operations} } : undef;
}

sub permit ($path, $who, @operations) {
    my $r = $direct->post($V2, { path => $path, actor => $who,
        operations => [@operations] });
    $r->status == 201 or die $r->body;
    return $r->json->{uuid};
}


# What the store holds of permissions is what follows from their rows.
sub is_consistent ($label) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my (@expected, @found);

    for my $key (@{ $one->redis('KEYS', '*') }) {
        my ($kind, $of) = $key
            =~ /^\{credhub\}:(permission|actor|path|grants):(.*)/ or next;

        if ($kind eq 'permission') {
            my ($path, $actor, $mask) = @{ $one->redis('HMGET', $key,
                qw(path actor operations)) };
            ($path, $actor) = (lc $path, lc $actor);
            push @expected, "actor $actor $path $of", "path $path $of",
                map { "grants $actor $LETTER{ $ALL[$_] }$path" }
                grep { $mask & 1 << $_ } 0 .. 4;

        } elsif ($kind eq 'actor') {
            my %ids = @{ $one->redis('HGETALL', $key) };
            push @found, map { "actor $of $_ $ids{$_}" } keys %ids;

        } elsif ($kind eq 'path') {
            push @found, map { "path $of $_" }
                @{ $one->redis('ZRANGE', $key, 0, -1) };

        } else {
            push @found, map { "grants $of $_" }
                @{ $one->redis('HKEYS', $key) };
        }
    }

    my %twice;
    $twice{ s/ \S+$//r }++ for grep {/^actor/} @expected;
    is_deeply([grep { $twice{$_} > 1 } keys %twice], [],
        "$label: one row for an actor and a path");
    return is_deeply([sort @found], [sort @expected], "$label: consistent");
}


# Every worker has its connections, and Redis its scripts, before one is held.
{
    my $id = permit('/warm', $actor, 'read');
    $direct->get($_) for "$V2/$id", "$DATA?current=true&name=/x";
    $direct->request(@$_[1 .. $#$_]) for patch($id, 'write'),
        add('/warm', 'read'), remove($id);
    ok($proxy->wait_ready(8), 'all links stand');
}

subtest 'one is created' => sub {
    for my $round (1 .. 3) {
        my $path = new_path();
        my @answers = together(undef, map { create($_ % 2 ? $path : uc $path,
            $ALL[$_ % 5]) } 1 .. 10);

        is(statuses(@answers), join(' ', 201, (409) x 9), 'by one');
        my ($made) = grep { $_->status == 201 } @answers;
        is(shown($path), join(' ', @{ $made->json->{operations} }),
            'and it stands');
        is_error($_, 'perm_exists', 'the others are told')
            for grep { $_->status != 201 } @answers;
    }

    is_consistent('created');
};

subtest 'what is added adds up' => sub {
    for my $before (undef, 'write_acl') {
        my $path = new_path();
        permit($path, $actor, $before) if $before;

        my @answers = together(undef,
            map { add($path, $_) } @ALL[0 .. 3]);

        is(statuses(@answers), '201 201 201 201', 'all of them');
        is(shown($path), join(' ', @ALL[0 .. 3], $before // ()), 'together');
    }

    my $path = new_path();
    my @answers = together(undef, map { add($path, 'read') } 1 .. 4);
    is(statuses(@answers), '201 409 409 409', 'the same is added once');
    is(shown($path), 'read');

    is_consistent('added');
};

subtest 'v1 and v2' => sub {
    for my $round (1 .. 4) {
        my $path = new_path();
        my ($v1, $v2) = together(undef, add($path, 'write'),
            create($path, 'read'));

        is($v1->status, 201, 'v1 adds to whatever stands');
        like($v2->status, qr/^(?:201|409)$/, 'v2 creates or not');
        is(shown($path), $v2->status == 201 ? 'read write' : 'write');
    }

    is_consistent('both');
};

subtest 'the last one stands' => sub {
    my @rows = (
        # what, requests
        ['PUT', sub ($id, $path) { map { replace($id, $path, $_) }
            @ALL[0 .. 3] }],
        ['PATCH', sub ($id, $path) { map { patch($id, $_) } @ALL[0 .. 3] }],
        ['both', sub ($id, $path) { (map { patch($id, $_) } @ALL[0, 1]),
            map { replace($id, $path, $_) } @ALL[2, 3] }],
    );

    for (@rows) {
        my ($label, $requests) = @$_;
        my $path = new_path();
        my $id   = permit($path, $actor, 'write_acl');
        my @answers = together(undef, $requests->($id, $path));

        is(statuses(@answers), '200 200 200 200', "$label: all are done");
        my %shown = map { $_ => 1 } @ALL[0 .. 3];
        ok($shown{ shown($path) // '' }, "$label: one of them stands");
    }

    is_consistent('replaced');
};

subtest 'an end is an end' => sub {
    for my $end (\&remove, \&remove_v1) {
        my $path = new_path();
        my $id   = permit($path, $actor, 'read');
        my @answers = together(undef,
            map { $end->($end == \&remove ? $id : $path) } 1 .. 4);
        like(statuses(@answers), qr/^20[04] 404 404 404$/, 'by one');
        is(shown($path), undef, 'it is gone');

        $path = new_path();
        $id   = permit($path, $actor, 'read');
        @answers = together(undef,
            $end->($end == \&remove ? $id : $path), patch($id, 'write'),
            replace($id, $path, 'delete'), patch($id));
        like($answers[0]->status, qr/^20[04]$/, 'between changes');
        is(shown($path), undef, 'none of them brings it back');
        answers($_, $_->status == 200 ? 200 : 'perm_none', 'nor fails')
            for @answers[1 .. 3];
    }

    is_consistent('removed');
};

# The right to change something ends between what is loaded and what is written.
subtest 'who may no longer does not' => sub {
    my $path = new_path();
    my $id   = permit($path, $actor, 'read');
    my $name = '/race/made';
    $one->keep_secret($direct->generate($name, 'password')->json->{value});

    my @rows = (
        # label, request, answer
        ['v2 POST', [undef, POST => $V2, json => { path => '/race/none',
            actor => $actor, operations => ['read'] }],  'credential'],
        ['v2 PUT', replace($id, $path, 'write'), 'perm_none'],
        ['v2 PATCH', patch($id, 'write'),    'perm_none'],
        ['v2 DELETE', remove($id),            'perm_none'],
        ['v1 POST', add($path, 'write'),    'credential'],
        ['v1 DELETE', remove_v1($path),       'credential'],
        ['POST generate', [undef, POST => $DATA, json => {
            name => '/race/new', type => 'password' }],  'denied'],
        ['POST converge', [undef, POST => $DATA, json => {
            name => $name, type => 'password', mode => 'converge',
            parameters => { length => 40 } }],           'denied'],
        ['POST regenerate', [undef, POST => '/api/v1/regenerate',
            json => { name => $name }],                  'denied'],
    );

    for (@rows) {
        my ($label, $request, $error) = @$_;
        my $right = permit('/race/*', $second, qw(read write write_acl));
        $request->[0] = 'second';

        my ($r) = together(sub {
            $direct->delete("$V2/$right")->status == 200 or die }, $request);
        is_error($r, $error, $label);
    }

    is(shown($path), 'read', 'the permission is as it was');
    is(scalar @{ $direct->get("$DATA?name=$name")->json->{data} }, 1,
        'so is the credential');
    is_error($direct->get("$DATA?name=/race/new"), 'credential', 'none is new');
    is_consistent('refused');
};

subtest 'all at once' => sub {
    srand 1;
    my @paths = map { new_path() } 1 .. 2;
    my %seen;

    for my $round (1 .. 15) {
        my @ids = map { my $r = $direct->get("$V2?path=$_&actor=$actor");
            $r->status == 200 ? [$r->json->{uuid}, $_] : () } @paths;

        my @answers = parallel(map {
            my $path = $paths[rand @paths];
            my ($id, $at) = @{ $ids[rand @ids] // [] };
            my @some = grep { rand() < 0.5 } @ALL;
            my @any  = @some ? @some : 'read';

            (   create($path, @any), add($path, @any), remove_v1($path),
                $id ? (patch($id, @some), replace($id, $at, @any),
                    remove($id)) : ())[rand($id ? 6 : 3)];
        } 1 .. 10)->();

        $seen{ $_->status }++ for @answers;
    }

    is_deeply([grep { !/^(?:20[014]|404|409|503)$/ } keys %seen], [],
        'nothing but what can be');
    ok($seen{$_}, "some are $_") for 200, 201, 204, 404, 409;
    is_consistent('in the end');
};

$_->finish for $two, $direct;
$one->done;
