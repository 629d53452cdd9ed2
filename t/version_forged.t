# What stands in clear in a version is as genuine as what is sealed: whoever
# can write to Redis changes none of it, and learns no permission from what he
# sees there.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors qw(is_error answers);
use CredHubTest::Process qw(read_file spawn stop_process);
use Test::More;

my $DATA = '/api/v1/data';
my $V1   = '/api/v1/permissions';
my $V2   = '/api/v2/permissions';
my $LOUD = qr/\[crit\][^"]*credential "[^"]*", version \S+: its/;

my $hub = CredHubTest->new(workers => 1);
$hub->expect_log($LOUD);

# name => how it is written: each has two versions
my %made = (
    '/v/rsa'      => [rsa => { public_key => 'public', private_key =>
        'MARKER-r' }],
    '/v/public'   => [rsa => { public_key => 'public' }],
    '/v/ssh'      => [ssh => { public_key => 'ssh-rsa AAAA', private_key =>
        'MARKER-s' }],
    '/v/password' => [password => 'MARKER-p'],
    '/v/json'     => [json => { k => 'MARKER-j' }],
    '/v/user'     => [user => { username => 'MARKER-u', password =>
        'MARKER-w' }],
);
my (%old, %new);

for my $name (sort keys %made) {
    for my $in (\%old, \%new) {
        my $r = $hub->set($name, @{ $made{$name} },
            metadata => { about => $name });
        $r->status == 200 or die $r->body;
        $hub->made($r);
        $in->{$name} = $r->json;
    }
}

sub current ($name) { return "{credhub}:credential:$name" }
sub version ($id)   { return "{credhub}:version:$id" }

sub loud () { return scalar(() = $hub->error_log =~ /$LOUD/g) }


# Every way to see or use a credential: [label, request, does it read the row
# of the credential (c) or those of the versions (v)?]
sub ways ($name) {
    my $id   = $old{$name}{id};
    my @ways = (
        ['current', 'c', sub { $hub->get("$DATA?current=true&name=$name") }],
        ['all',     'v', sub { $hub->get("$DATA?name=$name") }],
        ['by id',   'v', sub { $hub->get("$DATA/$id") }],
        ['keep',    'c', sub { $hub->generate($name, $made{$name}[0], {},
            mode => 'no-overwrite') }],
    );

    push @ways, ['interpolate', 'c', sub { $hub->post('/api/v1/interpolate',
        { a => [{ credentials => { 'credhub-ref' => $name } }] }) }]
        if $name eq '/v/json';

    return $made{$name}[0] eq 'json' ? grep { $_->[0] ne 'keep' } @ways : @ways;
}

sub same_as_before ($label) {
    my %seen = map { $_ => $hub->get("$DATA?name=$_")->json->{data} }
        keys %made;
    is_deeply(\%seen, { map { $_ => [$new{$_}, $old{$_}] } keys %made },
        "$label: the others, and all when it is put back");
    return;
}


# Rows: [label, name, field => value (undef: it is removed), ...]
my $PUBLIC = '{"public_key":"evil","private_key":';
my @rows = (
    ['another public key', '/v/rsa', head => $PUBLIC],
    ['another public key', '/v/ssh', head => $PUBLIC],
    ['another public key', '/v/public',
        head => '{"public_key":"evil","private_key":null}'],
    ['a value in clear', '/v/password', head => '"evil"', secret => undef],
    ['a value in clear', '/v/user', secret => undef, head =>
        '{"username":"evil","password":"evil","password_hash":"evil"}'],
    ['a private key in clear', '/v/rsa', secret => undef,
        head => $PUBLIC . '"evil"}', tail => undef],
    ['more before the value', '/v/json', head => '{"evil":1,"was":',
        tail => '}'],
    ['another tail', '/v/rsa', tail => ',"evil":1}'],
    ['no tail',      '/v/rsa', tail => undef],
    ['a new tail',   '/v/password', tail => ' '],
    ['no head',      '/v/rsa', head => undef],
    ['no secret',    '/v/rsa', secret => undef],
    ['no secret',    '/v/password', secret => undef],
    ['an empty one', '/v/password', secret => ''],
    ['another type', '/v/password', type => 'value'],
    ['another type', '/v/json', type => 'value'],
    ['other metadata', '/v/password', metadata => '{"about":"evil"}'],
    ['no metadata',  '/v/password', metadata => undef],
    ['a blank in it', '/v/password', metadata => '{"about": "/v/password"}'],
    ['another name', '/v/password', name => '/v/evil'],
    ['no MAC',       '/v/password', mac => undef],
    ['an empty MAC', '/v/password', mac => ''],
    ['part of it',   '/v/password', mac => sub ($mac) { substr $mac, 0, -1 }],
    ['more than it', '/v/password', mac => sub ($mac) { "$mac\0" }],
    ['another MAC',  '/v/password', mac => sub ($mac) { substr($mac, 20, 1)
        ^.= "\1"; $mac }],
    ['the MAC of another', '/v/password', mac => '/v/user'],
);

for (@rows) {
    my ($what, $name, %change) = @$_;

    for my $kind ('c', 'v') {
        my $key   = $kind eq 'c' ? current($name) : version($old{$name}{id});
        my $label = "$what, $name, " . ($kind eq 'c' ? 'current' : 'version');
        my $saved = $hub->redis('DUMP', $key);

        for my $field (sort keys %change) {
            my $value = $change{$field};

            $value = $value->($hub->redis('HGET', $key, $field))
                if ref $value;
            $value = $hub->redis('HGET', $kind eq 'c' ? current($value)
                : version($old{$value}{id}), 'mac')
                if $field eq 'mac' && ($value // '') =~ m{^/};
            defined $value ? $hub->redis('HSET', $key, $field, $value)
                : $hub->redis('HDEL', $key, $field);
        }

        subtest $label => sub {
            # it would make a version of a row that is genuine
            my $again = ['regenerate', 'c', sub {
                $hub->post('/api/v1/regenerate', { name => $name }) }];

            for my $way (ways($name), $kind eq 'c' ? $again : ()) {
                my ($how, $reads, $ask) = @$way;
                my $before = loud();
                my $r      = $ask->();

                if ($reads eq $kind) {
                    is_error($r, 'internal', $how);
                    is(loud() - $before, 1, "$how: loud");
                } else {
                    is($r->status, 200, "$how: another row");
                    is(loud() - $before, 0, "$how: nothing to say");
                }
            }
        };

        $hub->redis('RESTORE', $key, 0, $saved, 'REPLACE');
        same_as_before($label);
    }
}

subtest 'a spelling of the name' => sub {
    $hub->redis('HSET', current('/v/user'), name => '/V/User');
    is($hub->current('/v/user')->{name}, '/V/User', 'is a matter of display');
    $hub->redis('HSET', current('/v/user'), name => '/v/user');
};


# Everything that reached Redis while the code ran
sub commands ($code) {
    my $file  = $hub->scratch . '/monitor';
    my $pid = spawn(['redis-cli', '-s', $hub->dir . '/redis/redis.sock',
        'monitor'], out => $file);

    wait_until(60, sub { read_file($file) =~ /^OK/m }) or die 'no monitor';
    $code->();
    $hub->redis('PING', 'end');
    wait_until(60, sub { read_file($file) =~ /"end"/ }) or die 'no end';
    stop_process($pid);

    my %plain = (n => "\n", r => "\r", t => "\t", a => "\a", b => "\b");
    my $text  = read_file($file);
    unlink $file;
    return $text =~ s/\\(?:x(..)|(.))/
        defined $1 ? chr hex $1 : $plain{$2} \/\/ $2/gser;
}

subtest 'what refused writes show' => sub {
    my $second = $hub->as('second');
    my %actor  = map { $_ => $hub->actor($_) } qw(second third);
    my @all    = qw(read write delete read_acl write_acl);

    my $uuid = $hub->post($V2, { path => '/w/old', actor => $actor{third},
        operations => ['read'] })->json->{uuid};
    $hub->set('/w/x', 'value', 'MARKER-x');

    my @asks = (
        # label, request, answer
        ['POST v2', sub { $second->post($V2, { path => '/w/x',
            actor => $actor{third}, operations => \@all }) }, 'credential'],
        ['POST v2, his own', sub { $second->post($V2, { path => '/w/x',
            actor => $actor{second}, operations => \@all }) }, 'credential'],
        ['PUT v2', sub { $second->put("$V2/$uuid", { path => '/w/old',
            actor => $actor{third}, operations => \@all }) }, 'perm_none'],
        ['PATCH v2', sub { $second->patch("$V2/$uuid",
            { operations => \@all }) }, 'perm_none'],
        ['POST v1', sub { $second->post($V1, { credential_name => '/w/x',
            permissions => [map { { actor => $_, operations => \@all } }
                values %actor] }) }, 'credential'],
        ['PUT', sub { $second->set('/w/x', 'value', 'MARKER-y') }, 'denied'],
        ['PUT a new name', sub { $second->set('/w/new', 'value', 'MARKER-y') },
            'denied'],
        ['DELETE', sub { $second->delete("$DATA?name=/w/x") }, 'credential'],
        ['regenerate', sub { $second->post('/api/v1/regenerate',
            { name => '/w/x' }) }, 'denied'],
        ['GET', sub { $second->get("$DATA?name=/w/x") }, 'credential'],
    );

    my $refused = commands(sub {
        answers($_->[1]->(), $_->[2], $_->[0]) for @asks;
    });

    my $grant = sub () {
        for my $path ('/w/x', '/w/new', '/w/old', '/w/*', '/*') {
            $hub->post($V1, { credential_name => $path, permissions => [
                map { { actor => $_, operations => \@all } }
                    values %actor] })->status == 201 or die $path;
        }
    };
    my $granted = commands($grant);
    my @grants  = map { my %all = @{ $hub->redis('HGETALL',
        "{credhub}:grants:$_") }; values %all } values %actor;

    is(@grants, 2 * 5 * @all, 'the grants that he would need');
    is((grep { index($granted, $_) >= 0 } @grants), @grants,
        'are seen when they are made');
    is_deeply([grep { index($refused, $_) >= 0 } @grants], [],
        'and not when they are refused');
    like($refused, qr{/w/x}, 'though the commands are seen');
};

$hub->done;
