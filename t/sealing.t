# What Redis holds is sealed, and opens only where it was put.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CryptX;
use Crypt::AuthEnc::GCM qw(gcm_decrypt_verify);
use Crypt::KeyDerivation qw(hkdf);
use Crypt::Mac::HMAC qw(hmac);
use MIME::Base64 qw(encode_base64);
use Test::More;

my $KEY = sprintf '%-32s', 'MARKER-key-k1';
my $hub = CredHubTest->new(keys => [['k1', $KEY]], workers => 1);

# Another hub, with the same key, in the same Redis.
my $other = CredHubTest->new(keys => [['k1', $KEY]], redis => 0,
    http => $hub->redis_line($hub->dir . '/redis/redis.sock', 'prefix=other'));

my $UUID   = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
my $FAILED = qr/\[crit\][^"]*credential "([^"]*)", version ($UUID): its (.*)/;

$_->expect_log($FAILED) for $hub, $other;


sub known ($r) {
    $r->status == 200 or die $r->status . $r->body;
    return $hub->made($r)->json;
}

sub failures () { return scalar grep {/$FAILED/} split /\n/, $hub->error_log }

sub row ($name)   { return "{credhub}:credential:$name" }
sub version ($id) { return "{credhub}:version:$id" }
sub field ($key, $field = 'secret') { return $hub->redis('HGET', $key, $field) }

sub by_name ($name) { return $hub->get("/api/v1/data?current=true&name=$name") }
sub list ($name, $n = 99) { return $hub->get("/api/v1/data?name=$name&versions=$n") }
sub by_id ($id) { return $hub->get("/api/v1/data/$id") }


# Everything that Redis says about a key, whatever its type.
my %READ = (
    string => sub ($key) { $hub->redis('GET', $key) },
    hash   => sub ($key) { @{ $hub->redis('HGETALL', $key) } },
    set    => sub ($key) { @{ $hub->redis('SMEMBERS', $key) } },
    zset   => sub ($key) { @{ $hub->redis('ZRANGE', $key, 0, -1) } },
    list   => sub ($key) { @{ $hub->redis('LRANGE', $key, 0, -1) } },
    stream => sub ($key) {
        map { @{ $_->[1] } } @{ $hub->redis('XRANGE', $key, '-', '+') }
    },
);

sub everything () {
    my @all;

    for my $key (@{ $hub->redis('KEYS', '*') }) {
        my $type = $hub->redis('TYPE', $key);
        push @all, $key, $READ{$type}->($key), $hub->redis('DUMP', $key);
    }

    return join "\n", @all;
}

subtest 'nothing secret is in clear' => sub {
    my %set = (
        value    => 'MARKER-value "quoted"',
        password => 'MARKER-password',
        json     => { 'MARKER-name' => ['MARKER-json', 4711471147114711] },
        user     => { username => 'MARKER-user', password => 'MARKER-word' },
        rsa      => { public_key => 'public-rsa', private_key => 'MARKER-rsa' },
        ssh      => { public_key => 'public-ssh', private_key => 'MARKER-ssh' },
    );
    known($hub->set("/clear/$_", $_, $set{$_}, metadata => { about => $_ }))
        for sort keys %set;

    my @made = map { known($hub->generate("/made/$_", $_,
        { user => { username => 'MARKER-jane' } }->{$_})) }
        qw(password user rsa ssh);
    known($hub->post('/api/v1/regenerate', { name => '/made/user' }));

    my $all = everything() . join '', map { CredHubTest::read_file($_) }
        glob $hub->dir . '/redis/appendonlydir/*';

    like($all, qr/\Q$_\E/, "looked in the right place: $_")
        for '/clear/json', 'about', 'public-rsa', 'public-ssh', 'password',
        $made[2]{value}{public_key} =~ s/\n/\\n/gr;

    my @secrets = ('MARKER', '4711471147114711', 'PRIVATE KEY', 'exclude_',
        map { ref $_->{value} ? $_->{value}{password}
            // (split /\n/, $_->{value}{private_key})[5] : $_->{value} } @made);
    is(index($all, $_), -1, 'not there: ' . substr $_, 0, 12)
        for map { ($_, encode_base64($_, ''), unpack 'H*', $_) } @secrets;
};


sub open_in_perl ($blob, @place) {
    my ($head, $nonce, $text, $tag)
        = unpack 'a9 a12 a' . (length($blob) - 37) . ' a16', $blob;

    return gcm_decrypt_verify('AES',
        hkdf($KEY, '', 'SHA256', 32, 'credhub v1 seal'), $nonce,
        join('', $head, pack('N*', map {length} @place), @place), $text, $tag);
}

subtest 'the sealed form' => sub {
    my $got = known($hub->generate('/Form/One', 'password', { length => 20 }));
    my $store = $hub->redis('HGET', '{credhub}:schema', 'hub');
    like($store, qr/^$UUID\z/, 'the id of the hub');

    for my $key (row('/form/one'), version($got->{id})) {
        my @place = ($store, 'version', 'secret', $got->{id}, '/form/one');
        my $blob  = field($key);

        is(length $blob, 22 + 1 + 8 + 12 + 16, "$key: length");
        is(substr($blob, 0, 9), "\x01" . substr(hmac('SHA256', $KEY,
            'credhub v1 fingerprint'), 0, 8), "$key: version and key");
        is(open_in_perl($blob, @place), qq("$got->{value}"), "$key: secret");

        $place[2] = 'params';
        like(open_in_perl(field($key, 'params'), @place),
            qr/^\{.*"length":20\b.*\}\z/, "$key: parameters");
        is(open_in_perl($blob, @place), undef, "$key: in its place only");
    }
};

subtest 'no nonce is used twice' => sub {
    known($hub->set('/same', 'password', 'MARKER-same')) for 1 .. 20;
    my %seen = map { substr(field(version($_->{id})), 9, 12) => 1 }
        @{ list('/same')->json->{data} };
    is(keys %seen, 20);
};


# The objects of the tests below: two versions each, and one other.
my ($OLD, $NEW) = map { known($hub->set('/s/one', 'password', "MARKER-$_")) } 1, 2;
my ($GOLD, $GNEW) = map { known($hub->generate('/s/made', 'user', {},
    mode => 'overwrite')) } 1, 2;
my $TWO   = known($hub->set('/s/two', 'password', 'MARKER-two'));
my $PAIR  = known($hub->set('/s/pair', 'rsa', { private_key => 'MARKER-r',
    public_key => 'p' }));
my $OTHER = known($other->set('/s/one', 'password', 'MARKER-other'));

sub alright ($what) {
    my %read = (
        '/s/one' => [$NEW, $OLD], '/s/made' => [$GNEW, $GOLD],
        '/s/two' => [$TWO],       '/s/pair' => [$PAIR],
    );
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is_deeply({ map { $_ => list($_)->json->{data} } keys %read }, \%read, $what);
    return;
}

alright('before anything is damaged');


# Changes rows, runs the reads, puts the rows back.
#
# reads: [what, code that returns the answer, status]
sub damaged ($what, $keys, $change, @reads) {
    my %saved = map { $_ => $hub->redis('DUMP', $_) } @$keys;
    $change->();

    subtest $what => sub {
        for my $read (@reads) {
            my ($name, $code, $status) = @$read;
            my $before = failures();
            my $r      = $code->();

            is($r->status, $status, $name);
            unlike($r->body, qr/MARKER/, "$name: nothing is shown")
                if $status != 200;
            is(join(' ', keys %{ $r->json // {} }), 'error', "$name: an error")
                if $status != 200;
            is(failures() - $before, $status == 500 ? 1 : 0,
                "$name: in the log");
        }

        is(by_name('/s/two')->json->{data}[0]{value}, 'MARKER-two', 'others');
        is(@{ $hub->get('/api/v1/data?path=/s')->json->{credentials} },
            @{ $hub->redis('KEYS', '{credhub}:credential:/s/*') }, 'find');
    };

    for my $key (@$keys) {
        $hub->redis('DEL', $key);
        $hub->redis('RESTORE', $key, 0, $saved{$key}) if defined $saved{$key};
    }

    alright("$what: as good as before");
    return;
}

sub put ($key, @pairs) { return $hub->redis('HSET', $key, @pairs) }

my $current   = ['current',   sub { by_name('/s/one') }, 500];
my $versions  = ['list',      sub { list('/s/one') }, 500];
my $newest    = ['versions=1', sub { list('/s/one', 1) }, 500];
my $old       = ['old by id', sub { by_id($OLD->{id}) }, 500];
my $new       = ['new by id', sub { by_id($NEW->{id}) }, 500];
my $keep      = ['generate',  sub { $hub->generate('/s/one', 'password', {},
    mode => 'no-overwrite') }, 500];

sub fine ($read) { return [@$read[0, 1], 200] }

my @ONE = (row('/s/one'), version($OLD->{id}), version($NEW->{id}));

damaged('the value of another credential', [@ONE],
    sub { put(row('/s/one'), secret => field(row('/s/two'))) },
    $current, $keep, map { fine($_) } $versions, $newest, $old, $new);

damaged('an older value of the same credential', [@ONE],
    sub { put(row('/s/one'), secret => field(version($OLD->{id}))) },
    $current, map { fine($_) } $versions, $new);

damaged('an older value in a newer version', [@ONE],
    sub { put(version($NEW->{id}), secret => field(version($OLD->{id}))) },
    $versions, $newest, $new, map { fine($_) } $current, $old);

damaged('a newer value in an older version', [@ONE],
    sub { put(version($OLD->{id}), secret => field(version($NEW->{id}))) },
    $versions, $old, map { fine($_) } $current, $newest, $new);

damaged('an older version as the current one, but for its id', [@ONE], sub {
    put(row('/s/one'), map { $_ => field(version($OLD->{id}), $_) }
        qw(secret created sequence));
}, $current);

damaged('another field of the same version', [row('/s/made')],
    sub { put(row('/s/made'), secret => field(row('/s/made'), 'params')) },
    ['current', sub { by_name('/s/made') }, 500],
    ['list', sub { list('/s/made') }, 200]);

damaged('the value as parameters', [row('/s/made')],
    sub { put(row('/s/made'), params => field(row('/s/made'))) },
    ['regenerate', sub { $hub->post('/api/v1/regenerate',
        { name => '/s/made' }) }, 500],
    ['converge', sub { $hub->generate('/s/made', 'user') }, 500],
    ['current', sub { by_name('/s/made') }, 200]);

damaged('a whole row under another name', [row('/s/three')], sub {
    $hub->redis('COPY', row('/s/one'), row('/s/three'));
    put(row('/s/three'), name => '/s/three');
    $hub->redis('ZADD', '{credhub}:names', 0, '/s/three');
}, ['current', sub { by_name('/s/three') }, 500], fine($current));
$hub->redis('ZREM', '{credhub}:names', '/s/three');

damaged('a version that says it belongs to another name', [@ONE], sub {
    put(version($OLD->{id}), folded => '/s/two', name => '/s/two',
        credential => field(row('/s/two'), 'credential'));
}, $old, fine($current));

damaged('the value of another hub under the same name', [@ONE],
    sub { put(row('/s/one'), secret => field('{other}:credential:/s/one')) },
    $current);

damaged('the whole row of another hub', [@ONE], sub {
    $hub->redis('COPY', '{other}:credential:/s/one', row('/s/one'), 'REPLACE');
}, $current);


subtest 'a hub that got another id' => sub {
    my $id = $hub->redis('HGET', '{credhub}:schema', 'hub');
    put('{credhub}:schema', hub => $id =~ s/^./$& eq 'a' ? 'b' : 'a'/er);
    $hub->reload;

    is($_->()->status, 500) for map { $_->[1] } $current, $versions, $old;
    is($hub->get('/api/v1/data?path=/s')->status, 200, 'find');
    is($other->get("/api/v1/data?name=/s/one")->status, 200, 'another hub');

    put('{credhub}:schema', hub => $id);
    $hub->reload;
    alright('with its own id again');
};


sub flip ($at) {
    return sub ($blob) {
        substr($blob, $at, 1) ^.= "\x01";
        return $blob;
    };
}

my %DAMAGE = (
    'version byte'       => flip(0),
    'first of the key'   => flip(1),
    'last of the key'    => flip(8),
    'first of the nonce' => flip(9),
    'last of the nonce'  => flip(20),
    'first of the text'  => flip(21),
    'last of the text'   => flip(-17),
    'first of the tag'   => flip(-16),
    'last of the tag'    => flip(-1),
    'cut at the end'     => sub ($blob) { substr $blob, 0, -1 },
    'cut at the start'   => sub ($blob) { substr $blob, 1 },
    'without its text'   => sub ($blob) { substr($blob, 0, 21) . substr $blob, -16 },
    'its head only'      => sub ($blob) { substr $blob, 0, 21 },
    'one byte'           => sub ($blob) {"\x01"},
    'one byte more'      => sub ($blob) {"$blob\x00"},
    'twice'              => sub ($blob) { $blob . $blob },
    'text in clear'      => sub ($blob) {'"clear"'},
);

damaged("damaged: $_", [@ONE], sub {
    put($ONE[0], secret => $DAMAGE{$_}->(field($ONE[0])));
    put($ONE[1], secret => $DAMAGE{$_}->(field($ONE[1])));
}, $current, $versions, $old, map { fine($_) } $newest, $new)
    for sort keys %DAMAGE;

subtest 'which key it is sealed with' => sub {
    my %error;

    for my $damage ('first of the key', 'first of the tag') {
        my $blob = field($ONE[0]);
        put($ONE[0], secret => $DAMAGE{$damage}->($blob));
        $error{$damage} = by_name('/s/one')->json->{error};
        put($ONE[0], secret => $blob);
    }

    like($error{'first of the key'}, qr/encryption key/, 'a key that is unknown');
    unlike($error{'first of the tag'}, qr/encryption key/, 'a value that is bad');
};


# A value that is gone is no value without secret.
damaged('no value at all', [@ONE], sub {
    $hub->redis('HDEL', $_, 'secret') for @ONE[0, 1];
}, $current, $versions, $old, fine($new));

damaged('no private key', [row('/s/pair')],
    sub { $hub->redis('HDEL', row('/s/pair'), 'secret') },
    ['current', sub { by_name('/s/pair') }, 500],
    ['list', sub { list('/s/pair') }, 200]);


subtest 'what the log says' => sub {
    my $log = $hub->error_log;
    my %said;
    $said{"$1 $2 $3"}++ while $log =~ /$FAILED/g;

    ok($said{"/s/one $_->{id} sealed value is damaged or does not belong there"},
        'which credential, which version') for $OLD, $NEW;
    ok($said{"/s/one $NEW->{id} encryption key is not configured"},
        'and why');
    unlike($log, qr/MARKER|\x01/, 'no value, sealed or not');
};

$other->finish;
$hub->done;
