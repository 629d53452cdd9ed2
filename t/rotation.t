# docs/ca-rotation.md, command by command, with TLS servers and clients that
# shake hands all the time: not one handshake fails.
#
# Of servers and clients there are two each. "now" fetches and reloads where the
# document says so; "late" is a step behind: it takes what "now" had before.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Certificates;
use CredHubTest::Handshakes qw(handshake);
use CredHubTest::Nginx;
use CredHubTest::Pki qw(verified);
use CredHubTest::Process qw(run_command read_file write_file);
use IPC::Open2 qw(open2);
use Test::More;

my $document = read_file(CredHubTest::Nginx->root . '/docs/ca-rotation.md');
my $hub = CredHubTest->new(leaks => 0, http => 'credhub_concatenate_cas on;');
my $dir = $hub->scratch;
my (%nginx, %port, %was_run, $bash, $handshakes);


# Blocks of code below a heading that begins so: [what is behind the fence, code].
sub blocks ($heading) {
    my ($part) = $document =~ /^## \Q$heading\E.*?\n(.*?)(?=^## |\z)/ms
        or die "no heading $heading";
    my @blocks;

    push @blocks, [$1, $2] while $part =~ /^```(\S[^\n]*)\n(.*?)^```$/msg;
    return @blocks;
}

sub code ($heading, $kind) {
    return map { $_->[1] } grep { $_->[0] eq $kind } blocks($heading);
}

# What a block prints is said behind its lines.
sub expected ($code) {
    return join '', map { /\S\s+# (.*\n)/ ? $1 : () } split /^/, $code;
}


# The document's files and programs, with the ports and names of here
sub start_shell ($names) {
    $bash = { names => $names };
    $bash->{pid} = open2($bash->{out}, $bash->{in}, 'env', '-C', "$dir/now",
        "PATH=$dir/bin:$ENV{PATH}", 'bash', '-e', '-o', 'pipefail');
    return;
}

sub stop_shell () {
    close $bash->{in};
    waitpid $bash->{pid}, 0;
    return is($?, 0, 'the shell ended well');
}

# Runs a block: what it prints.
sub run ($code) {
    $was_run{$code} = 1;
    $code =~ s{/demo/}{$bash->{names}}g;
    $code =~ s/"key_type":"ec",// if $bash->{names} eq '/off/';
    $code =~ s/localhost:8844/'localhost:' . $hub->port/ge;
    $code =~ s/localhost:8443/localhost:$port{now}/g;
    write_file("$dir/block", $code);
    syswrite $bash->{in}, ". $dir/block > $dir/printed; echo done\n";

    my $done = readline $bash->{out};
    my $printed = read_file("$dir/printed") =~ s/\Q$bash->{names}\E/\/demo\//gr;

    $nginx{now}->reload if unlink "$dir/reload";
    keep_secrets();

    defined $done or BAIL_OUT("this failed:\n$code");
    return $printed;
}

# Each file once
sub keep_secrets () {
    state %known;

    $hub->keep_secret((split /\n/, read_file($_))[2])
        for grep { !$known{$_}++ } glob "$dir/now/tls/*.*/private_key.pem";
    return;
}

sub run_expected ($code) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is(run($code), expected($code), 'it prints what is said')
        || diag $code;
}


sub start_nginx ($name) {
    my ($server) = code('What there is before', 'nginx');
    $was_run{$server} = 1;

    $port{$name} = $hub->port("tls-$name");
    $server =~ s/8443/$port{$name}/ or die 'another port?';
    $nginx{$name} = CredHubTest::Nginx->new(dir => "$dir/$name",
        port => $port{$name});
    $nginx{$name}->write_config(workers => 1, log_level => 'info', main => '',
        events => '', http => $server);

    # it has no module that could be sanitized
    local $ENV{CREDHUB_SANITIZE} = 0;
    $nginx{$name}->start;
    return;
}

# The directory of one becomes what that of another is.
sub copy_files ($what, $from, $to) {
    state $count = 0;
    my $new = "$what-" . ++$count;

    mkdir "$dir/$to/tls";
    run_command(['cp', '-rL', "$dir/$from/tls/$what", "$dir/$to/tls/$new"]);
    symlink $new, "$dir/$to/tls/$new.link" or die $!;
    rename "$dir/$to/tls/$new.link", "$dir/$to/tls/$what" or die $!;
    return;
}

sub catch_up () {
    copy_files($_, 'now', 'late') for qw(server client);
    $nginx{late}->reload;
    return;
}


sub shake ($what) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    ok($handshakes->wait_for, "$what: handshakes go on");
    return is_deeply($handshakes->failed, {}, "$what: none has failed");
}

# A server and client whose certificates are generated only now.
sub join_in ($what) {
    state $count = 0;
    my $name = "$bash->{names}joined-" . ++$count;
    my $r = $hub->made($hub->generate($name, 'certificate',
        { common_name => 'new', ca => "$bash->{names}tls-ca",
            key_type => 'ec' }));
    my $value = $r->json->{value};

    mkdir "$dir/joined" or -d "$dir/joined" or die $!;
    write_file("$dir/joined/$_.pem", $value->{$_})
        for qw(ca certificate private_key);

    # without concatenation, trust is brought to it
    write_file("$dir/joined/ca.pem", read_file("$dir/now/tls/client/ca.pem"))
        if $bash->{names} eq '/off/';

    is(handshake("$dir/joined", $port{$_}), 200,
        "$what: a new certificate is good for server $_") for sort keys %port;
    $hub->delete("/api/v1/data?name=$name");
    return;
}


# A step of the document: its commands, one block after the other.
sub step ($heading) {
    subtest $heading => sub {
        catch_up();
        shake('the others have caught up');

        for my $code (code($heading, 'sh')) {
            run_expected($code);
            shake(($code =~ /^(.*)/)[0]) if $code =~ /^(?:hub|new|fetch)/;
        }

        join_in($heading);
    };
    return;
}

# Back, then fetched and reloaded as in every step.
sub back ($heading) {
    subtest "back: $heading" => sub {
        catch_up();

        for my $code (code($heading, 'sh back')) {
            run_expected($code);
            shake('the commands');
        }

        for my $code (grep {/^fetch/} code('Step 1', 'sh')) {
            run_expected($code);
            shake(($code =~ /^(.*)/)[0]);
        }

        join_in('back');
    };
    return;
}


# Everything up to step 1, with names of its own.
sub begin ($names, @more) {
    my ($before, @after) = code('What there is before', 'sh');

    start_shell($names);
    run($_) for code('What is needed', 'sh'), @more;
    run_expected($before);

    if (!%nginx) {
        copy_files($_, 'now', 'late') for qw(server client);
        start_nginx($_) for qw(now late);
    } else {
        $nginx{now}->reload;
        catch_up();
    }

    run_expected($_) for @after;
    $handshakes = CredHubTest::Handshakes->new(
        stop    => "$dir/stop",
        servers => {%port},
        clients => { map { $_ => "$dir/$_/tls/client" } qw(now late) },
    );
    return shake('before');
}

sub end () {
    $handshakes->stop;
    is_deeply($handshakes->failed, {}, 'no handshake has failed');
    note explain $handshakes->count;
    return stop_shell();
}


mkdir "$dir/$_" or die $! for qw(bin now late old now/run);
symlink $hub->pki->cert('clients'), "$dir/now/run/ca.pem";
symlink $hub->pki->cert('good'),    "$dir/now/run/client.pem";
symlink $hub->pki->key('good'),     "$dir/now/run/client.key";

write_file("$dir/bin/systemctl", <<"END", 0755);
#!/bin/bash
[ "\$*" = 'reload nginx' ] && touch $dir/reload
END

# what the command line sends: a body of "null" when there is none
write_file("$dir/bin/credhub", <<'END', 0755);
#!/bin/bash
[ "$1" = curl ] || exit 1
shift
body=null
while getopts X:p:d: option; do
    case $option in
        X) method=$OPTARG ;;
        p) path=$OPTARG ;;
        d) body=$OPTARG ;;
        *) exit 1 ;;
    esac
done
exec curl -sS --cacert run/ca.pem --cert run/client.pem --key run/client.key \
    -H 'Content-Type: application/json' -X "$method" -d "$body" \
    "https://localhost:PORT$path"
END
write_file("$dir/bin/credhub", read_file("$dir/bin/credhub")
    =~ s/PORT/$hub->port/er, 0755);


subtest 'step by step, and back' => sub {
    begin('/on/');
    mkdir "$dir/old/tls";
    copy_files($_, 'now', 'old') for qw(server client);

    step('Step 1');
    back('Step 1');
    step('Step 1');
    step('Step 2');
    back('Step 2');
    step('Step 2');
    step('Step 3');
    back('Step 3');
    step('Step 2');
    step('Step 3');

    start_nginx('old');
    my $old = delete $port{old};
    write_file("$dir/old/tls/client/ca.pem",
        read_file("$dir/now/tls/client/ca.pem"));

    is(handshake("$dir/old/tls/client", $port{now}), 200,
        'a client with an old certificate is served');
    like(handshake("$dir/now/tls/client", $old), qr/^\d+$/,
        'a server with an old certificate is trusted');

    step('Step 4');
    is(handshake("$dir/old/tls/client", $port{now}), 400,
        'a client with an old certificate is refused');
    like(handshake("$dir/now/tls/client", $old), qr/verify failed/,
        'a server with an old certificate is not trusted');

    back('Step 4');
    step('Step 4');
    step('Step 5');
    end();
};

# What "CAs below a CA" says, with openssl in the place of handshakes.

# What a server sends: its certificate, and what is above it
sub served ($name) {
    my $value = $hub->get("/api/v1/data?name=$name&current=true&chain=true")
        ->json->{data}[0]{value};
    return [@$value{qw(certificate chain)}];
}

sub is_trusted ($served, $roots, $what) {
    my ($certificate, $chain) = @$served;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is(verified($certificate, $roots, chain => $chain), 'OK', $what);
}

sub id_of ($name) {
    return $hub->get("/api/v1/certificates?name=$name")
        ->json->{certificates}[0]{id};
}

sub done ($r) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    is($r->status, 200, 'done') or diag $r->body;
    return $r->status == 200 ? $r->json : {};
}

sub bulk ($name) {
    return done($hub->post('/api/v1/bulk-regenerate', { signed_by => $name }));
}

subtest 'an intermediate CA changes' => sub {
    my $root = authority($hub, '/int/root')->{value}{certificate};
    my $old  = authority($hub, '/int/ca', ca => '/int/root');
    leaf($hub, '/int/leaf', '/int/ca');

    my @served = served('/int/leaf');
    done($hub->post('/api/v1/certificates/' . id_of('/int/ca') . '/regenerate',
        { set_as_transitional => \0 }));
    push @served, served('/int/leaf');
    bulk('/int/ca');
    push @served, served('/int/leaf');

    is_trusted($_, $root, 'by who knows the root only') for @served;
    is($served[1][1], $served[0][1], 'the old one is sent with what it signed');
    isnt($served[2][1], $served[0][1], 'then the new one');
};

subtest 'a root changes' => sub {
    my $old = authority($hub, '/root/ca');
    authority($hub, '/root/int', ca => '/root/ca');
    leaf($hub, '/root/leaf', '/root/int');
    leaf($hub, '/root/own',  '/root/ca');

    my $flag = '/api/v1/certificates/' . id_of('/root/ca')
        . '/update_transitional_version';
    my (@served, @roots);

    for my $change (
        sub () { },
        sub () {
            done($hub->post($flag =~ s/update.*/regenerate/r,
                { set_as_transitional => \1 }));
        },
        sub () { done($hub->put($flag, { version => $old->{id} })) },
        sub () {
            is_deeply(bulk('/root/ca')->{regenerated_credentials},
                ['/root/int', '/root/leaf', '/root/own'], 'all below it');
        },
        sub () { done($hub->put($flag, { version => undef })) })
    {
        $change->();
        push @served, served('/root/leaf');
        push @roots, $hub->current('/root/own')->{value}{ca};

        my $now = $#roots;
        is_trusted($served[$now], $roots[$now], "step $now: now");
        is_trusted($served[$now], $roots[$now - 1], "step $now: by the late")
            if $now;
        is_trusted($served[$now - 1], $roots[$now], "step $now: what is late")
            if $now;
    }

    like(verified($served[0][0], $roots[4], chain => $served[0][1]),
        qr/unable to get|self-signed/, 'the old root is not trusted in the end');
};

subtest 'without concatenation, from the command line' => sub {
    $hub->configure(http => '');
    $hub->reload;
    begin('/off/', code('The command line', 'sh credhub'),
        code('Without concatenated CAs', 'sh off'));

    step("Step $_") for 1 .. 5;
    end();
};

# The same clients and servers, and a CA that is replaced at once.
subtest 'without step 1 handshakes fail' => sub {
    begin('/control/');
    run(q{hub POST "/api/v1/certificates/$id/regenerate" '{}' > /dev/null});
    run((code('Step 3', 'sh'))[0]);
    shake('as long as nobody fetches');
    run($_) for grep {/^fetch/} code('Step 3', 'sh');
    ok($handshakes->wait_for, 'handshakes go on');
    $handshakes->stop;

    my $failed = $handshakes->failed;
    cmp_ok(@{ $failed->{'now late'} // [] }, '>=', 1,
        'the new CA alone does not trust the old server');
    cmp_ok(@{ $failed->{'late now'} // [] }, '>=', 1,
        'the old CA alone does not trust the new server');
    is(handshake("$dir/now/tls/client", $port{now}), 200, 'new and new');
    is(handshake("$dir/late/tls/client", $port{late}), 200, 'old and old');
    stop_shell();
};

is_deeply([grep { !$was_run{$_} } map { map { $_->[1] } blocks($_) }
    $document =~ /^## (.*)/mg], [], 'all code of the document was run');

$_->quit for values %nginx;
$hub->done;
