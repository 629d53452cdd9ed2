# POST /api/v1/data: what can be asked for, and what is refused.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors qw(is_error answers);
use Test::More;

my $UUID = qr/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/;
my $DATE = qr/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/;
my $JSON = JSON::PP->new->canonical->allow_nonref;

my $hub = CredHubTest->new(
    permissions => [['good', '/*', 'read,write,delete,read_acl,write_acl'],
        ['second', '/mine/*', 'write']],
);
my $count = 0;


# Sends a body with a name of its own.
sub make (%body) {
    return $hub->made($hub->post('/api/v1/data',
        { name => '/made/' . ++$count, %body }));
}


subtest 'the answer' => sub {
    my $r = $hub->generate('made/first', 'PassWord', undef,
        metadata => { b => [1.50], a => undef });
    my $got = $hub->made($r)->json;

    is($r->status, 200);
    is($r->header('Content-Type'), 'application/json;charset=UTF-8');
    is($r->header('Cache-Control'),
        'no-cache, no-store, max-age=0, must-revalidate');
    is_deeply([sort keys %$got],
        [qw(id metadata name type value version_created_at)]);
    like($got->{id}, qr/^$UUID\z/);
    like($got->{version_created_at}, qr/^$DATE\z/);
    is($got->{name}, '/made/first', 'a slash was added');
    is($got->{type}, 'password', 'in lower case');
    is_deeply($got->{metadata}, { a => undef, b => [1.5] });
    is_deeply($hub->current('/made/first'), $got, 'a read shows the same');
    is(make(type => 'password')->json->{metadata}, undef, 'none is null');
};


my @TYPES = (    # what is asked for, error
    [{},                        'type_generate'],
    [{ type => undef },         'type_generate'],
    [{ type => '' },            'type_generate'],
    [{ type => 'passwort' },    'type_generate'],
    [{ type => 7 },             'type_generate'],
    [{ type => ['password'] },  'bad_request'],
    [{ type => 'value' },       'not_generatable'],
    [{ type => 'json' },        'not_generatable'],
    [{ type => 'JSON' },        'not_generatable'],
);

subtest 'types' => sub {
    is_error(make(%{ $_->[0] }), $_->[1], $JSON->encode($_->[0])) for @TYPES;
    is(make(type => $_)->status, 200, $_) for qw(password user PASSWORD);
};


my @PARAMETERS = (    # type, parameters, error
    ['password', 'x',                              'bad_request'],
    ['password', [],                               'bad_request'],
    ['password', { length => undef },              'bad_request'],
    ['password', { length => 'x' },                'bad_request'],
    ['password', { length => [4] },                'bad_request'],
    ['password', { exclude_lower => undef },       'bad_request'],
    ['password', { exclude_lower => 'maybe' },     'bad_request'],
    ['password', { exclude_lower => \1, exclude_upper => \1,
        exclude_number => \1 },                    'no_charset'],
    ['user',     { exclude_lower => \1, exclude_upper => \1,
        exclude_number => \1 },                    'no_charset'],
    ['password', { mode => 'converge' },           'unknown_key_generate:mode'],
    ['password', { key_length => 2048 },           'unknown_key_generate:key_length'],
    ['password', { excludeLower => \1 },           'unknown_key_generate:excludeLower'],
    ['user',     { password => 'MARKER-x' },       'unknown_key_generate:password'],
    ['rsa',      { length => 30 },                 'unknown_key_generate:length'],
    ['rsa',      { ssh_comment => 'x' },           'unknown_key_generate:ssh_comment'],
    ['rsa',      { key_length => undef },          'bad_request'],
    ['rsa',      { key_length => 'long' },         'bad_request'],
    (map { my $type = $_; map { [$type, { key_length => $_ }, 'key_length'] }
        1024, 2047, 2049, 8192, -2048 } qw(rsa ssh)),
    ['ssh',      { ssh_comment => "a\nb" },        'bad_request'],
    ['ssh',      { ssh_comment => {} },            'bad_request'],
);

subtest 'parameters that are refused' => sub {
    is_error(make(type => $_->[0], parameters => $_->[1]), $_->[2],
        "$_->[0] " . $JSON->encode($_->[1])) for @PARAMETERS;
};

subtest 'parameters: null is none' => sub {
    for my $type (qw(password user ssh)) {
        my $r = make(type => $type, parameters => undef);
        is($r->status, 200, $type);
    }
};


my @BODIES = (    # more of the body, error
    [{ mode => 'Converge' },                    'bad_request'],
    [{ mode => 'no_overwrite' },                'bad_request'],
    [{ mode => '' },                            'bad_request'],
    [{ mode => \1 },                            'bad_request'],
    [{ mode => {} },                            'bad_request'],
    [{ overwrite => 'maybe' },                  'bad_request'],
    [{ overwrite => 1 },                        'bad_request'],
    [{ regenerate => 'maybe' },                 'bad_request'],
    [{ surprise => 1 },                         'unknown_key_generate:surprise'],
    [{ key_length => 2048 },                    'unknown_key_generate:key_length'],
    [{ versionCreatedAt => 'x' },               'unknown_key_generate:versionCreatedAt'],
    [{ value => { username => 'x' } },          'unknown_key_generate:value'],
    [{ name => undef },                         'no_name'],
    [{ name => '' },                            'no_name'],
    [{ name => '/' },                           'no_name'],
    [{ name => '/a//b' },                       'name_slash'],
    [{ name => '/a/' },                         'name_slash'],
    [{ name => '/a b' },                        'name_chars'],
    [{ name => '/' . 'n' x 255 },               'name_long:255'],
    [{ metadata => 'm' x 6999 },                'metadata_long'],
);

subtest 'bodies that are refused' => sub {
    is_error(make(type => 'password', %{ $_->[0] }), $_->[1],
        substr $JSON->encode($_->[0]), 0, 40) for @BODIES;

    for my $body ('', '{', 'null', '[]', '"x"', '{"name":"/x","type":',
        '{"name":"/x","type":"password"}x',
        '{"name":"/x","type":"password","type":"password"}',
        qq({"name":"/x","type":"password","metadata":"\xff"}),
        '{"name":"/x","type":"user","value":{"username":"\u0000"}}',
        '{"name":"/x","type":"password","parameters":{"length":4,"length":5}}')
    {
        is_error($hub->post('/api/v1/data', $body), 'bad_request',
            "body $body");
    }

    is_error(make(type => 'user', value => { password => 'MARKER-p' }),
        'unknown_key_generate:password', 'a password beside the username');
    is(make(type => 'password', metadata => 'm' x 6998)->status, 200,
        'metadata of exactly 7000 bytes');
    is(make(type => 'password', name => '/' . 'n' x 254)->status, 200,
        'a name of exactly 255 bytes');
    is_error($hub->post('/api/v1/data', { name => '/x', type => 'password' },
        headers => { 'Content-Type' => 'text/plain' }), 'content_type', 'type');
    is($hub->get('/api/v1/data?name=/x')->status, 404, 'nothing was written');
};


# mode, overwrite ("-": absent): those that contradict each other
my %CONTRADICT = map { $_ => 1 } 'no-overwrite true', 'converge true';

subtest 'mode and overwrite together' => sub {
    for my $mode ('-', 'null', '"overwrite"', '"no-overwrite"', '"converge"') {
        for my $overwrite (qw(- null true false "true" "false")) {
            my $what = "$mode $overwrite" =~ s/"//gr;
            my $body = '{"name":"/pairs","type":"password"';
            $body .= ",\"mode\":$mode"           if $mode ne '-';
            $body .= ",\"overwrite\":$overwrite" if $overwrite ne '-';

            answers($hub->made($hub->post('/api/v1/data', "$body}")),
                $CONTRADICT{$what} ? 'mode_and_overwrite' : 200, $what);
        }
    }
};


subtest 'what comes first' => sub {
    my $error = sub (%body) { make(type => 'password', %body)->body };
    my $mode  = $error->(mode => 'x');
    my $type  = $error->(type => 'value');
    my $name  = $error->(name => '/a//b');
    my $key   = $error->(parameters => { mode => 'x' });
    my $both  = $error->(mode => 'converge', overwrite => \1);

    is($error->(mode => 'x', name => '/a//b'),   $name, 'name before mode');
    is($error->(mode => 'x', type => 'value'),   $mode, 'mode before type');
    is($error->(mode => 'converge', overwrite => \1, type => 'value'), $type,
        'type before mode and overwrite');
    is($error->(mode => 'converge', overwrite => \1,
        parameters => { mode => 'x' }), $both, 'these before parameters');
    is($error->(metadata => 'm' x 7000, parameters => { mode => 'x' }), $key,
        'parameters before metadata');
};

subtest 'permission' => sub {
    my $second = $hub->as('second');
    my $r = $hub->made($second->generate('/mine/a', 'password'));
    is($r->status, 200, 'write is enough, and the answer has the value');
    is(length $r->json->{value}, 30);

    for my $name ('/other/a', '/mine', '/made/first', 'other/a') {
        is_error($second->generate($name, 'password'), 'denied', $name);
    }

    is_error($second->generate('/other/a', 'value'), 'not_generatable',
        'after the body was checked');
    is_error($hub->as(undef)->generate('/mine/b', 'password'),
        'unauthenticated', 'nobody');
    is($hub->get('/api/v1/data?name=/other/a')->status, 404);
};

subtest 'another type' => sub {
    $hub->made($hub->generate('/typed', 'password'));

    for my $more ({}, map({ mode => $_ }, qw(overwrite no-overwrite converge)),
        { overwrite => \0 }, { overwrite => \1 })
    {
        is_error($hub->generate('/Typed', 'user', undef, %$more),
            'type_mismatch', $JSON->encode($more));
    }

    is(@{ $hub->get('/api/v1/data?name=/typed')->json->{data} }, 1);
};

$hub->done;
