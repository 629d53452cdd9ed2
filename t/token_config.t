# Wrong configurations of bearer tokens: what nginx -t says about each.

use v5.36;

use lib 't/lib';
use CredHubTest::Config;
use CredHubTest::Process qw(write_file);
use Crypt::PK::ECC;
use Crypt::PK::RSA;
use Mojo::JSON qw(encode_json);
use POSIX qw(mkfifo);
use Test::More;

my $dir = CredHubTest::Config->hub->scratch;
my $rsa = Crypt::PK::RSA->new->generate_key(256);
my $jwk = { %{ $rsa->export_key_jwk('public', 1) }, kid => 'MARKER-kid' };
my $ecc = Crypt::PK::ECC->new->generate_key('secp256k1');

# name => what is in the file
my %FILES = (
    key     => ('x' x 32),
    set     => encode_json({ keys => [$jwk] }),
    pem     => $rsa->export_key_pem('public_x509'),
    thousand => encode_json({ keys => [($jwk) x 1000] }),
    full    => encode_json({ keys => [$jwk] }) . ' ' x (1048576
        - length encode_json({ keys => [$jwk] })),
    more    => encode_json({ keys => [($jwk) x 1001] }),
    large   => ' ' x 1048577,
    empty   => '',
    text    => 'MARKER-text',
    private => $rsa->export_key_pem('private'),
    pkcs1   => $rsa->export_key_pem('public'),
    curve   => $ecc->export_key_pem('public'),
    short   => Crypt::PK::RSA->new->generate_key(128)
        ->export_key_pem('public_x509'),
    open    => '{"keys":[',
    twice   => '{"keys":[],"keys":[]}',
    nokeys  => '{"MARKER":[]}',
    object  => '{"keys":{}}',
    none    => '{"keys":[]}',
    useless => encode_json({ keys => [{ kty => 'oct', k => 'TUFSS0VS' },
        { %$jwk, use => 'enc' }, { %$jwk, n => 'AQAB' }] }),
);
write_file("$dir/$_", $FILES{$_}, $_ eq 'key' ? 0600 : 0644)
    for sort keys %FILES;
mkfifo("$dir/fifo", 0600) or die $!;
mkdir "$dir/directory";
symlink "$dir/set", "$dir/link" or die $!;

my $HUB  = "credhub_redis unix:$dir/redis.sock;"
    . " credhub_encryption_key k1 $dir/key;";
my $FILE = 'credhub_jwt_key_file';
my $GET  = 'credhub_jwt_key_request';

my $http = sub ($line) {
    return "$HUB\n$line\nserver { listen 127.0.0.1:1;"
        . ' location / { credhub; } }';
};
my $server = sub ($line) {
    return "$HUB\nserver { listen 127.0.0.1:1;"
        . " location / { credhub; }\n$line\n}";
};
my $location = sub ($line) {
    return "$HUB\nserver { listen 127.0.0.1:1;"
        . " location / { credhub;\n$line\n} }";
};


right(
    (map { ($http->($_), $server->($_), $location->($_)) }
        "$FILE $dir/set;", "$GET /keys;", 'credhub_jwt_issuer https://uaa;',
        'credhub_jwt_audience credhub;', 'credhub_jwt_actor sub oidc:;'),
    (map { $http->("$FILE $dir/$_;") } qw(pem thousand full link)),
    $location->('credhub_jwt_actor sub ""; credhub_jwt_issuer "";'),
    "$HUB $FILE $dir/set; server {"
        . " listen 127.0.0.1:1; $GET /keys; location / { credhub;"
        . " $FILE $dir/pem; } location /b/ { credhub; $GET /other; } }",
);

sub number ($line) {
    my ($name) = $line =~ /^(\w+)/;
    return [$line, qq(invalid number of arguments in "$name" directive)];
}

wrong('numbers of arguments', $server,
    map { number($_) } "$FILE;", "$FILE a b;", "$GET;", "$GET /a /b;",
    'credhub_jwt_issuer;', 'credhub_jwt_issuer a b;', 'credhub_jwt_audience;',
    'credhub_jwt_audience a b;', 'credhub_jwt_actor;', 'credhub_jwt_actor a;',
    'credhub_jwt_actor a b c;');

wrong('twice', $server,
    map { my ($line, $again) = @$_;
        ["$line $again",
            '"' . ($again =~ s/ .*//r) . '" directive is duplicate'] }
    ["$FILE $dir/set;", "$FILE $dir/pem;"], ["$FILE $dir/set;", "$GET /keys;"],
    ["$GET /keys;", "$FILE $dir/set;"], ["$GET /keys;", "$GET /keys;"],
    ['credhub_jwt_issuer a;', 'credhub_jwt_issuer a;'],
    ['credhub_jwt_audience a;', 'credhub_jwt_audience b;'],
    ['credhub_jwt_actor a b;', 'credhub_jwt_actor c d;']);

wrong('in another place', $location,
    map { ["limit_except GET { $_ }", '"' . s/ .*//r
        . '" directive is not allowed here'] }
    "$FILE $dir/set;", "$GET /keys;", 'credhub_jwt_issuer a;',
    'credhub_jwt_audience a;', 'credhub_jwt_actor a b;');

# One row of a file
sub file ($name, $message) {
    return ["$FILE $dir/$name;", qq(token keys of "$dir/$name": $message)];
}

my $KIND = 'file is not a regular file of at most 1 MiB';
my $PEM  = 'neither a JWK set nor PEM of a public key or certificate that can'
    . ' be used';
my $KEYS = 'no array "keys" in the JSON object';
my $NONE = 'the set has no usable key';

wrong('files', $http,
    file('missing', 'cannot open file (2: No such file or directory)'),
    (map { file($_, $KIND) } qw(fifo directory large)),
    (map { file($_, $PEM) } qw(empty text private pkcs1 curve short)),
    (map { file($_, 'not valid JSON') } qw(open twice)),
    (map { file($_, $KEYS) } qw(nokeys object)),
    (map { file($_, $NONE) } qw(none useless)),
    file('more', 'more than 1000 keys'),
    [qq($FILE "";), qq(token keys of "@{[$dir =~ s/scratch/hub/r]}/": $KIND)],
);

wrong('URIs', $http,
    map { [qq($GET "$_";), qq(invalid URI "$_", it must be the path of a )
        . 'location'] }
    '', 'keys', '@keys', '/keys?a=b', 'https://uaa/token_keys', '$uri');

wrong('the actor', $http,
    ['credhub_jwt_actor "" oidc:;',
        '"credhub_jwt_actor" directive needs the name of a claim'],
);

done_testing();
