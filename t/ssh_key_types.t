# Pairs for ssh of every type: what ssh-keygen says of them, and how they stay
# what they are.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Errors;
use CredHubTest::Process qw(read_file run_command write_file);
use JSON::PP ();
use Test::More;

my $hub   = CredHubTest->new(keep => 1);
my $JSON  = JSON::PP->new->canonical->allow_nonref;
my $count = 0;

sub new_name () { return '/ssh/' . ++$count }

sub ask ($name, $parameters, %more) {
    return $hub->made($hub->generate($name, 'ssh', $parameters, %more));
}

sub regenerate ($name) {
    return $hub->made($hub->post('/api/v1/regenerate', { name => $name }));
}

# What ssh-keygen prints; undef when it fails.
sub ssh_keygen ($bytes, @args) {
    my $file = write_file($hub->scratch . '/key', $bytes, 0600);
    my ($code, $text) = run_command(['ssh-keygen', @args, '-f', $file]);
    unlink $file;
    return $code == 0 ? $text : undef;
}

# Does it agree with all parts of a value? TYPE and BITS as it prints them.
sub is_pair ($value, $type, $bits, $comment, $what) {
    my ($word, $blob, $rest) = split / /, $value->{public_key}, 3;
    my $derived = ssh_keygen($value->{private_key}, '-y') // 'none';
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    is(join(' ', (split / /, $derived =~ s/\s+\z//r)[0, 1]), "$word $blob",
        "$what: the private key has this public one");
    is($rest, length $comment ? $comment : undef, "$what: comment");
    unlike($value->{public_key}, qr/\n/, "$what: one line");

    my $shown = length $comment ? $comment : 'no comment';
    is(ssh_keygen("$value->{public_key}\n", '-l'),
        "$bits SHA256:$value->{public_key_fingerprint} $shown ($type)\n",
        "$what: length, fingerprint and type");
    return;
}


# parameters, type and bits for ssh-keygen, word, label of the private key
my @KINDS = (
    [{},                                            qw(RSA 2048 ssh-rsa)],
    [{ key_type => undef, key_curve => '' },        qw(RSA 2048 ssh-rsa)],
    [{ key_type => 'RSA', key_length => 3072 },     qw(RSA 3072 ssh-rsa)],
    [{ key_type => 'ec' },              qw(ECDSA 256 ecdsa-sha2-nistp256)],
    [{ key_type => 'EC', key_curve => 'p-256', key_length => 256 },
        qw(ECDSA 256 ecdsa-sha2-nistp256)],
    [{ key_type => 'ec', key_curve => 'P-384' },
        qw(ECDSA 384 ecdsa-sha2-nistp384)],
    [{ key_type => 'ec', key_curve => 'P-384', key_length => '384' },
        qw(ECDSA 384 ecdsa-sha2-nistp384)],
    [{ key_type => 'ed25519' },                 qw(ED25519 256 ssh-ed25519)],
    [{ key_type => 'Ed25519', key_length => 0 }, qw(ED25519 256 ssh-ed25519)],
);

subtest 'what ssh-keygen says' => sub {
    for my $row (@KINDS) {
        my ($parameters, $type, $bits, $word) = @$row;

        for my $comment ('', 'me@here and there') {
            my $r = ask(new_name(), { %$parameters, ssh_comment => $comment });
            my $what  = $JSON->encode([$parameters, $comment]);
            my $value = $r->json->{value};
            my $label = $type eq 'RSA' ? 'RSA' : 'OPENSSH';

            is($r->status, 200, $what) or diag $r->body;
            is_deeply([sort keys %$value],
                [qw(private_key public_key public_key_fingerprint)]);
            is((split / /, $value->{public_key})[0], $word, "$what: word");
            like($value->{private_key}, qr/^-----BEGIN\ $label\ PRIVATE\ KEY-----\n
                (?:[\w+\/=]{1,70}\n)+-----END\ $label\ PRIVATE\ KEY-----\n\z/x,
                "$what: private key");
            is_pair($value, $type, $bits, $comment, $what);
            is_deeply($hub->current($r->json->{name})->{value}, $value,
                "$what: GET shows the same");
            last if $bits == 3072;
        }
    }
};

subtest 'regenerated' => sub {
    for my $row (@KINDS[0, 3, 5, 7]) {
        my ($parameters, $type, $bits) = @$row;

        for my $comment ('', 'me and you') {
            my $old = ask(my $name = new_name(),
                { %$parameters, ssh_comment => $comment })->json;

            for my $time (1, 2) {
                my $new = regenerate($name)->json;
                my $what = "$type $bits '$comment', $time";
                isnt($new->{value}{$_}, $old->{value}{$_}, "$what: another $_")
                    for qw(private_key public_key public_key_fingerprint);
                is_pair($new->{value}, $type, $bits, $comment, $what);
                $old = $new;
            }
            last if $type eq 'RSA';
        }
    }
};


my %EC  = (key_type => 'ec');
my %P384 = (key_type => 'ec', key_curve => 'P-384');
my %ED  = (key_type => 'ed25519');

# parameters, parameters of the second request, kept by converge?
my @COMPARED = (
    [{ %EC },   { %EC },                              1],
    [{ %EC },   { %EC, key_curve => 'P-256' },        1],
    [{ %EC },   { key_type => 'EC', key_length => 256 }, 1],
    [{ %EC },   { %P384 },                            0],
    [{ %P384 }, { %P384 },                            1],
    [{ %P384 }, { %EC },                              0],
    [{ %EC },   { %ED },                              0],
    [{ %ED },   { %ED },                              1],
    [{ %ED },   { %EC },                              0],
    [{ %ED },   {},                                   0],
    [{},        { %ED },                              0],
    [{},        { key_type => 'rsa' },                1],
    [{ %ED },   { %ED, ssh_comment => 'me' },         0],
    [{ %EC, ssh_comment => 'me' }, { %EC, ssh_comment => 'me' }, 1],
    [{ %EC, ssh_comment => 'me' }, { %EC },           0],
);

subtest 'converge' => sub {
    for my $row (@COMPARED) {
        my ($one, $two, $kept) = @$row;
        my $name  = new_name();
        my $what  = $JSON->encode([$one, $two]);
        my $first = ask($name, $one);

        my $r = ask($name, $two, mode => 'converge');
        is($r->status, 200, $what);
        ($kept ? \&is : \&isnt)->($r->body, $first->body, "$what: kept $kept");
        is(ask($name, $two, mode => 'no-overwrite')->body, $r->body,
            "$what: no-overwrite");
    }
};


# Pairs that ssh-keygen made; a key of no known type is as if there were none.
my @THEIRS = (    # arguments, parameters, after a regenerate: type, bits, comment
    [[qw(-t ed25519)],       { %ED },   'ED25519', 256,  'them'],
    [[qw(-t ecdsa -b 256)],  { %EC },   'ECDSA',   256,  'them'],
    [[qw(-t ecdsa -b 384)],  { %P384 }, 'ECDSA',   384,  'them'],
    [[qw(-t ecdsa -b 521)],  undef,     'RSA',     2048, ''],
);

subtest 'pairs that were set' => sub {
    for my $row (@THEIRS) {
        my ($args, $parameters, @like) = @$row;
        my $file = $hub->scratch . '/theirs';
        my $name = new_name();
        unlink $file, "$file.pub";

        my ($code) = run_command(['ssh-keygen', '-q', @$args, '-N', '', '-C',
            'them', '-f', $file]);
        is($code, 0, "@$args");
        my ($private, $public) = map { read_file($_) }
            $file, "$file.pub";
        my $set = $hub->made($hub->set($name, 'ssh', { private_key => $private,
            public_key => $public =~ s/\n\z//r }));

        if ($parameters) {
            my $r = ask($name, { %$parameters, ssh_comment => 'them' });
            is($r->body, $set->body, "@$args: kept by converge");
        }
        is_pair(regenerate($name)->json->{value}, @like, "@$args: regenerated");
    }
};


# parameters, error
my @REFUSED = (
    (map { [{ key_type => $_ }, 'key_type'] }
        'dsa', 'ecdsa', 'x25519', 'P-256', 'ssh-rsa', 'ec '),
    (map { [{ key_type => 'ec', key_curve => $_ }, 'key_curve'] }
        'P-521', 'nistp256', 'P256', 'ed25519'),
    [{ key_curve => 'P-256' },                       'key_curve'],
    [{ key_type => 'rsa', key_curve => 'P-256' },    'key_curve'],
    [{ key_type => 'ed25519', key_curve => 'P-256' }, 'key_curve'],
    [{ key_type => 'ec', key_length => 2048 },       'key_length'],
    [{ key_type => 'ec', key_length => 384 },        'key_length'],
    [{ key_type => 'ec', key_curve => 'P-384', key_length => 256 },
        'key_length'],
    [{ key_type => 'ed25519', key_length => 2048 },  'key_length'],
    [{ key_type => 'rsa', key_length => 256 },       'key_length'],
    [{ key_type => [] },                             'bad_request'],
    [{ key_curve => {} },                            'bad_request'],
    [{ key_type => 'ec', bits => 1 },        'unknown_key_generate:bits'],
);

subtest 'what is refused' => sub {
    for my $row (@REFUSED) {
        my ($parameters, $error) = @$row;
        my $name = new_name();
        is_error(ask($name, $parameters), $error, $JSON->encode($parameters));
        is($hub->current($name), undef, 'nothing was written');
    }

    for my $type (qw(rsa password user)) {
        is_error($hub->generate(new_name(), $type, { $_ => 'rsa' }),
            "unknown_key_generate:$_", "$type has no $_")
            for qw(key_type key_curve);
    }
};

$hub->done;
