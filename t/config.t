# Wrong configurations: what nginx -t says about each, with file and line.

use v5.36;

use lib 't/lib';
use CredHubTest::Config;
use CredHubTest::Process qw(read_file write_file);
use MIME::Base64 qw(encode_base64);
use POSIX qw(mkfifo);
use Test::More;

my $dir = CredHubTest::Config->hub->scratch;

my $BYTES = 'MARKER-' . join '', map {chr} 1 .. 25;
my $TEXT  = encode_base64($BYTES, '');

# name => [bytes, mode]
my %FILES = (
    k1       => [$BYTES, 0600],
    same     => [$BYTES, 0600],
    base64   => [encode_base64('x' x 32, ''), 0600],
    line     => [encode_base64('y' x 32, '') . "\n", 0600],
    readonly => ['z' x 32, 0400],
    empty    => ['', 0600],
    short    => [substr($BYTES, 1), 0600],
    long     => ["$BYTES.", 0600],
    lines    => ["$TEXT\n\n", 0600],
    url      => [encode_base64("\xff" x 32, '') =~ tr{+/}{-_}r, 0600],
    hex      => [unpack('H*', $BYTES), 0600],
    group    => [$BYTES, 0640],
    others   => [$BYTES, 0604],
    writable => [$BYTES, 0620],
    owned    => [$BYTES, 0600],
    password => ["MARKER-password\n", 0600],
    newline  => ["\n", 0600],
    huge     => ['x' x 1025, 0600],
);

write_file("$dir/$_", @{ $FILES{$_} }) for sort keys %FILES;
symlink "$dir/k1", "$dir/link" or die $!;
mkfifo("$dir/fifo", 0600) or die $!;
mkdir "$dir/directory", 0700;
my $CA = read_file(CredHubTest::Config->hub->pki->cert('ca'));
write_file("$dir/ca",     "a comment\n$CA$CA");
write_file("$dir/broken", $CA . $CA =~ s/MII/AII/r);
write_file("$dir/large",  $CA . "\n" x (1 << 20));
chown scalar getpwnam('nobody'), -1, "$dir/owned" if $> == 0;
write_file("$dir/more.conf", "\ncredhub_permission a /b nothing;\n");

my $REDIS = "credhub_redis unix:$dir/redis.sock";
my $KEY   = 'credhub_encryption_key';


my $http = sub ($line) { return $line };
my $whole = sub ($line) {
    return "$REDIS;\n$KEY k1 $dir/k1;\n$line\n"
        . "server {\n listen 127.0.0.1:1;\n location / { credhub; }\n}";
};
my $server = sub ($line) {
    return "$REDIS;\n$KEY k1 $dir/k1;\nserver {\n$line\n}";
};
my $upstream = sub ($line) {
    return "upstream a { server 127.0.0.1:1; $line\n}\n"
        . "$REDIS;\n$KEY k1 $dir/k1;\nserver { }";
};
my $location = sub ($line) {
    return $server->("location / {\n$line\n}");
};


right(
    $whole->('#'),
    $whole->("$KEY k2 $dir/base64;"),
    $whole->("$KEY k2 $dir/line;"),
    $whole->("$KEY k2 $dir/readonly path=/a/*;"),
    $whole->("$KEY k.2_x-Y $dir/readonly path=/*;"),
    $whole->('credhub_permission a /a read;'),
    $whole->('credhub_permission a /*'
        . ' read,write,delete,read_acl,write_acl;'),
    $whole->('credhub_permission a /A/b.c:d,e(f)[g]+h-_/* write_acl;'),
    $whole->('credhub_max_name_length 2;'),
    $whole->('credhub_max_name_length 1024;'),
    $whole->('credhub_max_versions 0;'),
    $whole->('credhub_certificate_min_duration ca=0 leaf=36500;'),
    $whole->('credhub_certificate_min_duration leaf=1;'),
    $whole->('credhub_concatenate_cas on;'),
    $whole->('credhub_default_ca_key_usages off;'),
    $whole->('credhub_long_timeout 1h;'),
    $server->('credhub_certificate_min_duration ca=36500 leaf=0;'
        . ' credhub_concatenate_cas off; credhub_long_timeout 1ms;'
        . ' credhub_default_ca_key_usages on; location / { credhub; }'),
    $whole->('credhub_mtls off;'),
    $whole->('credhub_thread_pool default;'),
    $whole->('credhub_probe_pool default;'),
    $whole->('credhub_auth_server https://uaa;'),
    $whole->('credhub_probe_allow 127.0.0.0/8 10.1.2.3 ::1 2001:db8::/32;'
        . ' credhub_probe_allow 0.0.0.0/0;'),
    $server->('credhub_probe_allow ::/0; location / { credhub; }'),
    $whole->("credhub_external_ca $dir/ca;"),
    $server->("credhub_external_ca $dir/ca; location / { credhub; }"),
    $whole->('credhub_api_keys /Keys;'),
    $server->('credhub_api_keys /a/b.c:d; location / { credhub trust; }'),
    $server->("credhub_redis 127.0.0.1:6379 db=1 user=u"
        . " password_file=$dir/password prefix=a.b_C-1 timeout=100ms"
        . " connect_timeout=1m; location / { credhub; }"),
    $server->('credhub_management local; location / { credhub system;'
        . ' credhub_management off; credhub_mtls off; }'),
    $location->('credhub credentials certificates permissions system'
        . ' trust ssh;'),
    $location->('credhub; limit_except GET { deny all; }'),
    "server { listen 127.0.0.1:1;\n$REDIS; $KEY k1 $dir/k1;"
        . " location / { credhub; } }\n"
        . "server { listen 127.0.0.1:2;\n$REDIS prefix=b;"
        . " $KEY k1 $dir/base64;"
        . ' location / { credhub; } }',
    "server { listen 127.0.0.1:1; }",
    $location->('credhub_access read /a/*; credhub_access write,delete $uri;'
        . ' location /b { credhub_access off; }'
        . ' limit_except GET { credhub_access write_acl /a; }'),
    $location->('credhub_authorize read $arg_a; credhub_access_dry_run on;'),
    $server->('credhub_trust connections $arg_id; credhub_trust_dry_run on;'
        . ' location / { credhub_trust destinations a_b; location /b {'
        . ' credhub_trust off; } }'),
    $upstream->('keepalive 4; credhub_upstream_trust destinations $arg_id;'),
    "upstream a { least_conn; server 127.0.0.1:1; server 127.0.0.1:2;"
        . ' credhub_upstream_trust connections a_b; }'
        . " server { $REDIS; $KEY k1 $dir/k1; } server { listen 127.0.0.1:1; }",
    $server->('credhub_recheck 1m30s; location / { credhub_recheck off;'
        . ' location /b { credhub_recheck 500ms; } }'),
    $server->('credhub_identity edge; credhub_set $a /a; location / {'
        . ' credhub_set $a $uri password; credhub_set $b /b one.two;'
        . ' credhub_identity caller; credhub_set_error missing=400 denied=599'
        . ' unavailable=500; }'),
);

wrong('rights that a location demands', $location,
    ['credhub_access;',
        'invalid number of arguments in "credhub_access" directive'],
    ['credhub_access read;', '"credhub_access" directive has no path'],
    ['credhub_access off; credhub_access read /a;',
        '"credhub_access" directive is duplicate'],
    ['credhub_access read /a; credhub_access off;',
        '"credhub_access" directive is duplicate'],
    ['credhub_access view /a;', '"view" is no list of operations'],
    ['credhub_access read,read /a;', '"read,read" is no list of operations'],
    ['credhub_access read a;', '"a" is no path of a permission'],
    ['credhub_access read /a/;', '"/a/" is no path of a permission'],
    ['credhub_access read /a*;', '"/a*" is no path of a permission'],
    [join(' ', ('credhub_access read /a;') x 17),
        '"credhub_access" directive is there too often'],
    ['credhub_authorize off;',
        'invalid number of arguments in "credhub_authorize" directive'],
    ['credhub_authorize off /a;', '"off" is no list of operations'],
    ['limit_except GET { credhub_authorize read /a; }',
        '"credhub_authorize" directive is not allowed here'],
    ['credhub_access_dry_run 1;', 'invalid value "1" in'
        . ' "credhub_access_dry_run" directive, it must be "on" or "off"'],
);

wrong('certificates that a location demands', $location,
    ['credhub_trust;',
        'invalid number of arguments in "credhub_trust" directive'],
    ['credhub_trust connections;', '"credhub_trust" directive has no id'],
    ['credhub_trust groups a;',
        '"groups" is neither connections nor destinations'],
    ['credhub_trust connections a; credhub_trust off;',
        '"credhub_trust" directive is duplicate'],
    ['limit_except GET { credhub_trust off; }',
        '"credhub_trust" directive is not allowed here'],
);

wrong('upstreams that must be approved', $upstream,
    ['credhub_upstream_trust;',
        'invalid number of arguments in "credhub_upstream_trust" directive'],
    ['credhub_upstream_trust connections;',
        'invalid number of arguments in "credhub_upstream_trust" directive'],
    ['credhub_upstream_trust groups a;',
        '"groups" is neither connections nor destinations'],
    ['credhub_upstream_trust connections a; credhub_upstream_trust'
        . ' destinations b;', '"credhub_upstream_trust" directive is duplicate'],
    ['credhub_redis x:1;', '"credhub_redis" directive is not allowed here'],
    (map { [$_, '"credhub_upstream_trust" must be below all that chooses or'
        . ' keeps connections, in upstream "a"'] }
        map { ("credhub_upstream_trust connections a; $_;") }
        'keepalive 4', 'least_conn', 'hash $uri', 'random'),
);

wrong('upstreams elsewhere', $http,
    ["server { } $REDIS;"
        . ' upstream a { server 127.0.0.1:1; credhub_upstream_trust connections a; }',
        '"credhub_upstream_trust" needs a server with'
        . ' "credhub_redis" and "credhub_encryption_key", in upstream "a"'],
    ['credhub_upstream_trust connections a;',
        '"credhub_upstream_trust" directive is not allowed here'],
    ['server { location / { credhub_upstream_trust connections a; } }',
        '"credhub_upstream_trust" directive is not allowed here'],
);

wrong('asking again', $location,
    ['credhub_recheck;',
        'invalid number of arguments in "credhub_recheck" directive'],
    (map { ["credhub_recheck $_;", '"credhub_recheck" directive invalid value'] }
        '0', '0s', 'x', 'on', '-1s'),
    ['credhub_recheck 1s; credhub_recheck off;',
        '"credhub_recheck" directive is duplicate'],
    ['limit_except GET { credhub_recheck 1s; }',
        '"credhub_recheck" directive is not allowed here'],
);

wrong('secrets that a location injects', $location,
    ['credhub_set a /a;', 'invalid variable name "a"'],
    ['credhub_set $ /a;', 'invalid variable name "$"'],
    ['credhub_set $a a;', '"a" is no name of a credential'],
    ['credhub_set $a /a/*;', '"/a/*" is no name of a credential'],
    ['credhub_set $a /a b c;',
        'invalid number of arguments in "credhub_set" directive'],
    ['credhub_set $a /a; credhub_set $a /b;',
        '"credhub_set" directive is duplicate'],
    ['set $a 1; credhub_set $a /a;',
        'the variable "$a" is set by another directive too'],
    ['credhub_set $a /a; set $a 1;', 'the duplicate "a" variable'],
    ['credhub_set $host /a;', 'the duplicate "host" variable'],
    ['credhub_identity "";', '"credhub_identity" directive has no valid actor'],
    ['credhub_identity a; credhub_identity b;',
        '"credhub_identity" directive is duplicate'],
    (map { ["credhub_set_error $_;", qq(invalid parameter "$_")] }
        'missing', 'missing=', 'missing=399', 'missing=600', 'denied=444',
        'denied=499', 'unavailable=x', 'gone=404'),
    ['credhub_set_error missing=400 missing=401;',
        '"credhub_set_error" directive is duplicate'],
);

subtest 'a debug log has the secrets' => sub {
    my ($code, $said) = CredHubTest::Config::nginx_test(
        "error_log $dir/debug debug;\n"
        . $location->('credhub_set $a /a;'));
    is($code, 0, 'is accepted');
    like($said, qr/\[warn\] .*"error_log" with level "debug" writes the secrets/,
        'with a warning');
};

wrong('no hub without a store and a key', $http,
    ["server { location / {\ncredhub; # !\n} }",
        'no "credhub_redis" is defined for the "credhub" directive'],
    ["$KEY k1 $dir/k1;\n"
        . "server { location /a { location /a/b {\ncredhub; # !\n} } }",
        'no "credhub_redis" is defined for the "credhub" directive'],
    ["$REDIS; server { location / {\ncredhub; # !\n} }",
        'no "credhub_encryption_key" is defined for the "credhub" directive'],
    ["server { $REDIS; $KEY k1 $dir/k1; }\n"
        . "server { location / {\ncredhub; # !\n} }",
        'no "credhub_redis" is defined for the "credhub" directive'],
    ["server { location / {\ncredhub_access read /a; # !\n} }",
        'no "credhub_redis" is defined for the "credhub_access" directive'],
    ["$REDIS; server {\ncredhub_set \$a /a; # !\nlocation / { credhub; } }",
        'no "credhub_encryption_key" is defined for the "credhub_set"'
        . ' directive'],
);

wrong('credhub', $location,
    ['credhub nothing;', 'unknown group "nothing" in "credhub"'],
    ['credhub system nothing;', 'unknown group "nothing" in "credhub"'],
    ['credhub System;', 'unknown group "System" in "credhub"'],
    ['credhub "";', 'unknown group "" in "credhub"'],
    ['credhub; credhub;', '"credhub" directive is duplicate'],
    ['credhub_redis x:1;', '"credhub_redis" directive is not allowed here'],
    ["$KEY k2 $dir/base64;",
        qq("$KEY" directive is not allowed here)],
    ['credhub_permission a /a read;',
        '"credhub_permission" directive is not allowed here'],
    ['limit_except GET { credhub; }',
        '"credhub" directive is not allowed here'],
);

wrong('credhub in a server', $server,
    ['credhub;', '"credhub" directive is not allowed here'],
);

wrong('credhub_encryption_key', $whole,
    ["$KEY;", qq(invalid number of arguments in "$KEY" directive)],
    ["$KEY k2;", qq(invalid number of arguments in "$KEY" directive)],
    ["$KEY k2 $dir/base64 path=/a/* x;",
        qq(invalid number of arguments in "$KEY" directive)],
    ["$KEY k2 $dir/base64 x;", 'invalid parameter "x"'],
    ["$KEY k2 $dir/base64 path;", 'invalid parameter "path"'],
    ["$KEY k2 $dir/base64 path=;", 'invalid path ""'],
    ["$KEY k2 $dir/base64 path=a/*;", 'invalid path "a/*"'],
    ["$KEY k2 $dir/base64 path=/a//*;", 'invalid path "/a//*"'],
    ["$KEY k2 $dir/base64 path=/a*;", 'invalid path "/a*"'],
    ["$KEY k2 $dir/base64 path=/*/a;", 'invalid path "/*/a"'],
    ["$KEY k2 $dir/base64 path=/a;",
        '"path=/a" is no path that ends in "/*"'],
    key('k1',     'base64', 'duplicate key id'),
    key('a/b',    'base64', 'invalid key id'),
    key('a*',     'base64', 'invalid key id'),
    key('',       'base64', 'invalid key id'),
    key('x' x 65, 'base64', 'invalid key id'),
    key('k2', 'same',   'duplicate key'),
    key('k2', 'none',   'cannot open file', '2: No such file or directory'),
    key('k2', 'link',   'cannot open file',
        '40: Too many levels of symbolic links'),
    key('k2', 'fifo',   'file is not a regular file'),
    key('k2', 'directory', 'file is not a regular file'),
    (map { key('k2', $_,
        'file holds neither 32 bytes nor 44 characters of base64') }
        qw(empty short long lines url hex)),
    (map { key('k2', $_, 'file has permissions for group or others') }
        qw(group others writable)),
    ($> == 0 ? key('k2', 'owned', 'file is owned by another user') : ()),
);

# One row of a key, and the errno that nginx shows
sub key ($id, $file, $message, $errno = undef) {
    my $shown = length $id ? $id : '""';
    return ["$KEY $shown $dir/$file;", qq(encryption key "$id" from )
        . qq("$dir/$file": $message) . ($errno ? " ($errno)" : '')];
}

wrong('credhub_permission', $whole,
    ['credhub_permission;',
        'invalid number of arguments in "credhub_permission" directive'],
    ['credhub_permission a /a;',
        'invalid number of arguments in "credhub_permission" directive'],
    ['credhub_permission a /a read write;',
        'invalid number of arguments in "credhub_permission" directive'],
    ['credhub_permission "" /a read;', 'invalid actor ""'],
    (map { ["credhub_permission a $_ read;", qq(invalid path "$_")] }
        'a', '*', '/', '/a/', '/a//b', '//*', '/a/*/b', '/a*', '/a%b',
        "/\xe9"),
    ['credhub_permission a "" read;', 'invalid path ""'],
    ['credhub_permission a "/a b" read;', 'invalid path "/a b"'],
    ["credhub_permission a /@{['x' x 1024]} read;",
        substr "invalid path \"/@{['x' x 1024]}\"", 0, 1024],
    (map { ["credhub_permission a /a $_;", qq(invalid operations "$_")] }
        'all', 'read,', ',read', 'read,,write', 'read,read', 'READ',
        'read|write', 'readwrite'),
    ['credhub_permission a /a "";', 'invalid operations ""'],
    ['credhub_permission a /a "read, write";',
        'invalid operations "read, write"'],
    ["include $dir/more.conf;", 'invalid operations "nothing"',
        "$dir/more.conf:2"],
);

wrong('credhub_redis', $http,
    ['credhub_redis;',
        'invalid number of arguments in "credhub_redis" directive'],
    ["$REDIS; $REDIS;", '"credhub_redis" directive is duplicate'],
    ['credhub_redis localhost;', 'no port in "localhost"'],
    ['credhub_redis unix:;', 'no path in the unix domain socket in "unix:"'],
    ['credhub_redis localhost:0;', 'invalid port in "localhost:0"'],
    ['credhub_redis localhost:x;', 'invalid port in "localhost:x"'],
    ['credhub_redis no-such-host.invalid:1;',
        'host not found in "no-such-host.invalid:1"'],
    ["$REDIS localhost:6379;",
        'only one address is supported, invalid parameter "localhost:6379"'],
    ["$REDIS unix:/x;",
        'only one address is supported, invalid parameter "unix:/x"'],
    (map { ["$REDIS $_;", qq(invalid parameter "$_")] }
        'x', 'x=1', 'db', 'db=', 'db=x', 'db=-1', 'db=65536', 'DB=1',
        'user=', 'password_file=', 'password=x', 'timeout=',
        'timeout=0', 'timeout=x', 'timeout=-1', 'connect_timeout=0',
        'connect_timeout=1x'),
    (map { ["$REDIS $_;", qq(parameter "$_" is not supported)] }
        'sentinel=x', 'cluster', 'wait=1:100', 'tls'),
    (map { ["$REDIS prefix=$_;",
        '"prefix" must match [A-Za-z0-9_.-]{1,64}'] }
        '', 'a/b', 'a:b', '*', "\xe9", 'x' x 65),
    ["$REDIS user=u;", '"user" needs "password_file"'],
    ["$REDIS password_file=$dir/none;", qq(password file "$dir/none": )
        . 'cannot open file (2: No such file or directory)'],
    (map { ["$REDIS password_file=$dir/$_;", qq(password file "$dir/$_": )
        . 'file has permissions for group or others'] } qw(group others)),
    ["$REDIS password_file=$dir/fifo;", qq(password file "$dir/fifo": )
        . 'file is not a regular file'],
    (map { ["$REDIS password_file=$dir/$_;",
        qq(password file "$dir/$_" must hold 1 to 1024 bytes)] }
        qw(empty newline huge)),
);

wrong('certificates', $whole,
    (map { ["credhub_certificate_min_duration $_->[0];",
        qq(invalid parameter "$_->[1]")] }
        ['x', 'x'], ['ca', 'ca'], ['ca=', 'ca='], ['leaf=x', 'leaf=x'],
        ['ca=-1', 'ca=-1'], ['ca=36501', 'ca=36501'], ['CA=1', 'CA=1'],
        ['leaf=36501', 'leaf=36501'], ['ca=1d', 'ca=1d'],
        ['ca=1 ca=2', 'ca=2'], ['leaf=1 leaf=1', 'leaf=1'],
        ['ca=1 child=1', 'child=1'],
        ['ca=99999999999999999999', 'ca=99999999999999999999']),
    ['credhub_certificate_min_duration;', 'invalid number of arguments in'
        . ' "credhub_certificate_min_duration" directive'],
    ['credhub_certificate_min_duration ca=1 leaf=1 x;', 'invalid number of'
        . ' arguments in "credhub_certificate_min_duration" directive'],
    ['credhub_certificate_min_duration ca=1;'
        . ' credhub_certificate_min_duration leaf=1;',
        '"credhub_certificate_min_duration" directive is duplicate'],
    (map {
        ["credhub_$_ maybe;", qq(invalid value "maybe" in "credhub_$_")
            . ' directive, it must be "on" or "off"'],
        ["credhub_$_ on; credhub_$_ off;",
            qq("credhub_$_" directive is duplicate)],
    } qw(concatenate_cas default_ca_key_usages)),
    ['credhub_long_timeout x;',
        '"credhub_long_timeout" directive invalid value'],
    ['credhub_long_timeout -1s;',
        '"credhub_long_timeout" directive invalid value'],
    ['credhub_long_timeout 0;',
        '"credhub_long_timeout" directive must not be zero'],
    ['credhub_long_timeout 1s; credhub_long_timeout 1s;',
        '"credhub_long_timeout" directive is duplicate'],
);

wrong('certificates in a location', $location,
    (map { ["credhub_$_;", qq("credhub_@{[(split)[0]]}" directive)
        . ' is not allowed here'] } 'certificate_min_duration ca=1',
        'concatenate_cas on', 'default_ca_key_usages on', 'long_timeout 1m'),
);

wrong('what may leave the hub, and API keys', $whole,
    (map { ["credhub_probe_allow 127.0.0.1 $_;", qq(invalid network "$_")] }
        qw(all localhost 10.0.0.0/33 ::/129 10.0.0 10.0.0.0/ unix: 1.2.3.4:5
            [::1])),
    ['credhub_probe_allow "";', 'invalid network ""'],
    ['credhub_probe_allow;',
        'invalid number of arguments in "credhub_probe_allow" directive'],
    ["credhub_external_ca $dir/none;", qq(external CA "$dir/none": )
        . 'cannot open file (2: No such file or directory)'],
    (map { ["credhub_external_ca $dir/$_;", qq(external CA "$dir/$_": )
        . 'file is not a regular file of at most 1 MiB'] }
        qw(fifo directory large)),
    (map { ["credhub_external_ca $dir/$_;", qq(external CA "$dir/$_": )
        . 'file does not hold certificates in PEM'] }
        qw(empty password broken)),
    ["credhub_external_ca $dir/ca; credhub_external_ca $dir/ca;",
        '"credhub_external_ca" directive is duplicate'],
    ['credhub_external_ca;',
        'invalid number of arguments in "credhub_external_ca" directive'],
    (map { ["credhub_api_keys $_;", qq(invalid path "$_")] }
        'keys', '/', '/keys/', '/a//b', '/a*', '/*', '/a%b', "/\xe9"),
    ['credhub_api_keys "";', 'invalid path ""'],
    ['credhub_api_keys /a; credhub_api_keys /b;',
        '"credhub_api_keys" directive is duplicate'],
    ['credhub_api_keys /a /b;',
        'invalid number of arguments in "credhub_api_keys" directive'],
);

wrong('the same in a location', $location,
    (map { ["$_;", qq("@{[(split)[0]]}" directive is not allowed here)] }
        'credhub_probe_allow ::1', "credhub_external_ca $dir/ca",
        'credhub_api_keys /a', 'credhub_probe_pool default'),
);

wrong('the others', $whole,
    ['credhub_max_name_length 1;',
        '"credhub_max_name_length" directive must be between 2 and 1024'],
    ['credhub_max_name_length 1025;',
        '"credhub_max_name_length" directive must be between 2 and 1024'],
    ['credhub_max_name_length x;',
        '"credhub_max_name_length" directive invalid number'],
    ['credhub_max_name_length 20; credhub_max_name_length 20;',
        '"credhub_max_name_length" directive is duplicate'],
    ['credhub_max_versions x;',
        '"credhub_max_versions" directive invalid number'],
    ['credhub_max_versions -1;',
        '"credhub_max_versions" directive invalid number'],
    ['credhub_max_versions 1; credhub_max_versions 1;',
        '"credhub_max_versions" directive is duplicate'],
    ['credhub_mtls maybe;', 'invalid value "maybe" in "credhub_mtls" directive,'
        . ' it must be "on" or "off"'],
    ['credhub_mtls on; credhub_mtls on;',
        '"credhub_mtls" directive is duplicate'],
    ['credhub_auth_server a; credhub_auth_server b;',
        '"credhub_auth_server" directive is duplicate'],
    ['credhub_auth_server;',
        'invalid number of arguments in "credhub_auth_server" directive'],
    ['credhub_management local;',
        '"credhub_management" directive is not allowed here'],
    ['credhub_nothing x;', 'unknown directive "credhub_nothing"'],
    ['credhub_thread_pool a; credhub_thread_pool b;',
        '"credhub_thread_pool" directive is duplicate'],
    ['credhub_thread_pool none;', 'unknown thread pool "none"'],
    ['credhub_probe_pool a; credhub_probe_pool b;',
        '"credhub_probe_pool" directive is duplicate'],
    ['credhub_probe_pool none;', 'unknown thread pool "none"'],
);

wrong('credhub_management', $server,
    ['credhub_management maybe;', 'invalid value "maybe"'],
    ['credhub_management local; credhub_management off;',
        '"credhub_management" directive is duplicate'],
);

done_testing();
