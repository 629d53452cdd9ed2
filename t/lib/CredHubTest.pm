package CredHubTest;

use v5.36;

use Exporter 'import';
use File::Find ();
use File::Temp qw(tempdir);
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Test::More;

use CredHubTest::Client;
use CredHubTest::Http2;
use CredHubTest::Nginx;
use CredHubTest::Pki;
use CredHubTest::Process
    qw(running wait_until run_command read_file write_file);
use CredHubTest::Proxy;
use CredHubTest::Redis;
use CredHubTest::Response;

our @EXPORT = qw(wait_until);

my $MARKER = 'MARKER-';
my $POOL   = 'tests';
my $ALL    = 'read,write,delete,read_acl,write_acl';
my $KEEP   = 900;    # less than nginx's keepalive_requests


sub new ($class, %opt) {
    my $base = tempdir('credhub-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $dir  = "$base/hub";
    my $root = CredHubTest::Nginx->root;

    my $self = bless {
        opt     => \%opt,
        dir     => $dir,
        scratch => "$base/scratch",
        cert    => 'good',
        ports   => {},
        kept    => {},
        expect  => [],
        secrets => [$MARKER],
        pki     => CredHubTest::Pki->new(dir => "$root/build/t-pki"),
    }, $class;

    mkdir $_ or die "$_: $!" for $dir, $self->{scratch}, "$dir/keys";

    if ($opt{redis} // 1) {
        mkdir "$dir/redis" or die "$dir/redis: $!";
        $self->{redis} = CredHubTest::Redis->new(dir => "$dir/redis",
            conf => $opt{redis_conf}, auth => $opt{redis_auth});
        $self->{redis}->start if $opt{start_redis} // 1;
    }

    $self->{proxy} = CredHubTest::Proxy->new(socket => "$dir/proxy.sock",
        redis => $self->{redis}->socket) if $opt{proxy};

    $self->{nginx} = CredHubTest::Nginx->new(dir => $dir,
        port => $self->port, leaks => $opt{leaks});
    $self->configure;
    $self->{nginx}->start if $opt{start} // 1;

    return $self;
}


# The same hub, spoken to with another certificate (undef: none).
sub as ($self, $cert) { return bless { %$self, cert => $cert }, ref $self }

sub dir ($self)     { return $self->{dir} }
sub pki ($self)     { return $self->{pki} }
sub proxy ($self)   { return $self->{proxy} }
sub scratch ($self) { return $self->{scratch} }
sub actor ($self, $cert = $self->{cert}) { return $self->{pki}->actor($cert) }

sub port ($self, $name = 'main') {
    return $self->{ports}{$name} //= CredHubTest::Nginx->free_port;
}


# Configuration

# Writes nginx.conf; more options replace those of `new`.
sub configure ($self, %more) {
    my $opt = $self->{opt} = { %{ $self->{opt} }, %more };
    my @servers = @{ $opt->{servers} // [] };

    $self->{nginx}->write_config(
        workers   => $opt->{workers}   // 2,
        log_level => $opt->{log_level} // 'info',
        main => join("\n", $self->_main_lines, $opt->{main} // ''),
        events => $opt->{events} // '',
        http   => defined $opt->{config} ? $opt->{config}->($self)
            : join "\n", $self->hub_lines, $opt->{http} // '',
            map { $self->server_block(%$_) } {}, @servers,
    );
    return;
}


sub _main_lines ($self) {
    my $opt = $self->{opt};
    return () if !($opt->{module} // 1);

    my $threads = threads();
    my @lines   = 'load_module ' . CredHubTest::Nginx->module . ';';
    push @lines, "thread_pool $POOL threads=$threads;" if !$opt->{polite};
    return @lines;
}


# How many threads a worker has for CPU work.
sub threads () {
    my $cpus = () = read_file('/proc/cpuinfo') =~ /^processor/mg;
    return $cpus > 3 ? int $cpus / 2 : 1;
}


# The directives of the http block that every hub needs.
sub hub_lines ($self) {
    my $opt = $self->{opt};
    return () if !($opt->{module} // 1);

    my $address = $self->{proxy} // $self->{redis};
    my @lines   = $opt->{polite} ? () : "credhub_thread_pool $POOL;";

    push @lines, $self->redis_line($address->socket, $opt->{redis_args} // '')
        if $address;

    for my $key (@{ $opt->{keys} //= [['k1', _random(32)]] }) {
        my ($id, $bytes, $more) = @$key;
        my $file = write_file("$self->{dir}/keys/$id.key", $bytes, 0600);
        push @lines, "credhub_encryption_key $id $file "
            . ($more // '') . ';';
        $self->keep_secret($bytes);
    }

    for my $row (@{ $opt->{permissions} // [['good', '/*', $ALL]] }) {
        my ($who, $path, $operations) = @$row;
        my $actor = $self->{pki}->uuid($who) ? $self->actor($who) : $who;
        push @lines, "credhub_permission $actor $path $operations;";
    }

    return @lines;
}


# Whatever is slow here is the machine: Redis gets time, unless the arguments say
# how much.
sub redis_line ($self, $socket, $args = '') {
    for my $name (qw(timeout connect_timeout)) {
        $args .= " $name=100s" if $args !~ /(?:^| )$name=/;
    }

    return "credhub_redis unix:$socket $args;";
}


# One server. Options: port (a name, see `port`), name, cert, client_ca, verify
# (of the client: optional), listen (more parameters), server, location (lines).
sub server_block ($self, %opt) {
    my $all  = $self->{opt};
    my $main = !%opt;
    my $pki  = $self->{pki};
    my $port = $self->port($opt{port} // 'main');
    my $cert = $opt{cert}      // 'server';
    my $ca   = $opt{client_ca} // 'ca';
    my $verify = $opt{verify}  // 'optional';

    $opt{server}   //= $main ? $all->{server}   : '';
    $opt{location} //= $main ? $all->{location} : '';
    $_ //= '' for @opt{qw(server location listen)};

    my $handler = $all->{module} // 1 ? 'credhub;' : '';
    my $name    = $opt{name} // 'localhost';

    return <<"END";
    server {
        listen 127.0.0.1:$port ssl http2 $opt{listen};
        server_name $name;
        ssl_certificate @{[$pki->cert($cert)]};
        ssl_certificate_key @{[$pki->key($cert)]};
        ssl_client_certificate @{[$pki->cert($ca)]};
        ssl_verify_client $verify;
        $opt{server}
        location / {
            $handler
            $opt{location}
        }
    }
END
}


# Requests

# A connection of its own: see CredHubTest::Client. Options: cert, port (a
# name or number), and those of the client.
sub connect ($self, %opt) {
    my $cert = exists $opt{cert} ? delete $opt{cert} : $self->{cert};
    my $port = delete $opt{port} // 'main';

    return CredHubTest::Client->new(
        port => $port =~ /^\d+$/ ? $port : $self->port($port),
        ca   => $self->{pki}->cert('clients'),
        (defined $cert ? (cert => $self->{pki}->cert($cert),
            key => $self->{pki}->key($cert)) : ()),
        %opt);
}


# The same for HTTP/2: see CredHubTest::Http2. Options: window, and those of
# `connect`.
sub connect_h2 ($self, %opt) {
    my @window = delete $opt{window} // ();

    return CredHubTest::Http2->new($self->connect(%opt,
        tls => { SSL_alpn_protocols => ['h2'] }), @window);
}


my %CONNECT = map { $_ => 1 }
    qw(cert port unix from host room sni plain prelude tls ca);

# Options: those of the connection and of the request together.
sub request ($self, $method, $target, %opt) {
    my %connect = map { $_ => delete $opt{$_} }
        grep { $CONNECT{$_} } keys %opt;
    return $self->_request_kept(\%connect, $method, $target, %opt)
        if $self->{opt}{keep} && !grep { !/^(?:cert|port)\z/ } keys %connect;

    my $client = eval { $self->connect(%connect) };

    if (!$client) {
        chomp(my $error = $@);
        return CredHubTest::Response->new(error => $error);
    }

    my $response = $client->request($method, $target, %opt)->response;
    $client->close;
    return $response;
}


# On the connection that this certificate has to this port, which ends as nginx
# says or after $KEEP requests.
sub _request_kept ($self, $connect, $method, $target, %opt) {
    my $cert = exists $connect->{cert} ? $connect->{cert} : $self->{cert};
    my $slot = \$self->{kept}{ join ' ', $cert // '', $connect->{port} // 'main' };

    $$slot //= { client => $self->connect(%$connect), count => 0 };
    my $client   = $$slot->{client};
    my $response = $client->request($method, $target, %opt, keep => 1)->response;

    if (++$$slot->{count} == $KEEP || $response->error
        || lc($response->header('Connection') // '') eq 'close')
    {
        $client->close;
        undef $$slot;
    }

    return $response;
}


sub get ($self, $target, %opt) { $self->request('GET', $target, %opt) }
sub head ($self, $target, %opt) { $self->request('HEAD', $target, %opt) }
sub delete ($self, $target, %opt) { $self->request('DELETE', $target, %opt) }

# The body: a structure (sent as JSON) or a string of bytes.
sub put ($self, $target, $body = undef, %opt) {
    return $self->request('PUT', $target, _body($body), %opt);
}

sub post ($self, $target, $body = undef, %opt) {
    return $self->request('POST', $target, _body($body), %opt);
}

sub patch ($self, $target, $body = undef, %opt) {
    return $self->request('PATCH', $target, _body($body), %opt);
}


sub _body ($body) {
    return () if !defined $body;
    return ref $body ? (json => $body) : (body => $body);
}


sub set ($self, $name, $type, $value, %more) {
    return $self->put('/api/v1/data',
        { name => $name, type => $type, value => $value, %more });
}


sub generate ($self, $name, $type, $parameters = undef, %more) {
    return $self->post('/api/v1/data', { name => $name, type => $type,
        defined $parameters ? (parameters => $parameters) : (), %more });
}


# The current version as a structure; undef when the answer is not 200.
sub current ($self, $name) {
    my $response = $self->get('/api/v1/data?current=true&name='
        . _escape($name));

    return $response->status == 200 ? $response->json->{data}[0] : undef;
}


sub _escape ($text) { return $text =~ s/([^\w.~-])/sprintf '%%%02X', ord $1/ger }


# The same over HTTP/2, through curl: headers (a hash), json or body, cert,
# port, host.
sub h2 ($self, $method, $target, %opt) {
    my $cert = exists $opt{cert} ? $opt{cert} : $self->{cert};
    my $host = $opt{host} // 'localhost';
    my $port = $self->port($opt{port} // 'main');
    my $at   = "$self->{scratch}/h2";
    my $body = exists $opt{json}
        ? JSON::PP->new->utf8->canonical->encode($opt{json}) : $opt{body};

    my @curl = ('curl', '-sS', '--http2', '--path-as-is', '--max-time', 120,
        '--resolve', "$host:$port:127.0.0.1",
        '--cacert', $self->{pki}->cert('clients'),
        '-D', "$at.head", '-o', "$at.body");

    push @curl, '--cert', $self->{pki}->cert($cert),
        '--key', $self->{pki}->key($cert) if defined $cert;
    push @curl, $method eq 'HEAD' ? '-I' : ('-X', $method);
    push @curl, '-H', 'Content-Type: application/json',
        '--data-binary', '@' . write_file("$at.send", $body)
        if defined $body;
    push @curl, map { ('-H', "$_: $opt{headers}{$_}") }
        sort keys %{ $opt{headers} // {} };

    unlink "$at.head", "$at.body";
    my ($code, $text) = run_command([@curl, "https://$host:$port$target"]);
    return CredHubTest::Response->new(error => $text) if $code != 0;

    my @blocks = split /\r\n\r\n/, read_file("$at.head");
    my ($line, @lines) = split /\r\n/, $blocks[-1];
    my ($version, $status) = $line =~ m{^HTTP/(\S+) (\d+)};
    return CredHubTest::Response->new(error => "not HTTP/2: $line")
        if $version ne '2';

    return CredHubTest::Response->new(
        status  => $status,
        headers => [map { [split /:[ \t]*/, $_, 2] } @lines],
        body    => $method eq 'HEAD' ? '' : read_file("$at.body"),
    );
}


# Redis and nginx

sub redis ($self, @command) { return $self->{redis}->command(@command) }
sub stop_redis ($self, @signal) { return $self->{redis}->stop(@signal) }
sub start_redis ($self)  { return $self->{redis}->start }
sub pause_redis ($self)  { return $self->{redis}->pause }
sub resume_redis ($self) { return $self->{redis}->resume }

sub start ($self)             { return $self->{nginx}->start }
sub reload ($self, %opt)      { return $self->{nginx}->reload(%opt) }
sub quit ($self, @how)        { return $self->{nginx}->quit(@how) }
sub nginx_test ($self)        { return $self->{nginx}->test }
sub nginx_pid ($self)         { return $self->{nginx}->pid }
sub worker_pids ($self)       { return $self->{nginx}->worker_pids }


# How many threads of the workers run just now, but the first ones.
sub busy_threads ($self) {
    my $busy = 0;

    for my $pid ($self->worker_pids) {
        $busy += grep { read_file($_) =~ /^\d+ \(.*\) R/s }
            grep { !m{/$pid/stat$} } glob "/proc/$pid/task/*/stat";
    }

    return $busy;
}


# Kills one worker; nginx starts another, and its alert is expected.
sub kill_worker ($self, $pid = ($self->worker_pids)[0], $signal = 'KILL') {
    $self->expect_log(qr/process $pid exited on signal/);
    my $count = $self->worker_pids;
    kill $signal, $pid;

    return wait_until(60, sub {
        my @now = $self->worker_pids;
        return @now == $count && !grep { $_ == $pid } @now;
    });
}


sub error_log ($self)  { return read_file("$self->{dir}/error.log") }
sub access_log ($self) { return read_file("$self->{dir}/access.log") }


# Lines like this one may stand in the error log at levels alert, emerg, crit.
sub expect_log ($self, $regex) { push @{ $self->{expect} }, $regex; return }


# True when a line like this one appears in time.
sub wait_log ($self, $regex, $seconds = 60) {
    return wait_until($seconds, sub { $self->error_log =~ $regex });
}


# One more string that the audit at the end must find nowhere, for secrets
# that the hub made itself. "MARKER-" is always one.
sub keep_secret ($self, $text) {
    push @{ $self->{secrets} }, $text;
    return $text;
}


# The same for what an answer shows of a credential that the hub made: its
# password, or a line of its private key. What is too short could be anywhere.
sub made ($self, $response) {
    my $json  = $response->status == 200 ? $response->json : undef;
    my $value = ref $json eq 'HASH' ? $json->{value} : undef;
    my @lines = grep { !/^-/ } split /\n/,
        ref $value eq 'HASH' ? $value->{private_key} // '' : '';
    my @parts = ref $value ne 'HASH' ? $value
        : ($value->{username}, $value->{password}, $lines[1] // $lines[0]);

    $self->keep_secret($_) for grep {
        defined && !ref && length > 8 && !/\Q$MARKER\E/
    } @parts;
    return $response;
}


# The end

# Ends nginx and Redis and tests what they left behind. `done` also ends the
# test file.
sub finish ($self) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    subtest 'what the hub left behind' => sub {
        my $raw = $self->_raw_redis;
        $_->{client}->close for grep {defined} values %{ $self->{kept} };

        ok($self->quit, 'nginx left after QUIT') if $self->{nginx}->pid;
        ok($self->stop_redis, 'redis-server left after TERM')
            if $self->{redis};
        $self->{proxy}->stop if $self->{proxy};

        $self->_audit_log;
        is_deeply([$self->_leaks($raw)], [], 'no secret in files or in Redis');
    };
    return;
}


sub done ($self) {
    $self->finish;
    done_testing();
    return;
}


sub _raw_redis ($self) {
    my $redis = $self->{redis} or return {};
    return {} if !running($redis->pid);

    $redis->resume;
    return $redis->raw;
}


sub _audit_log ($self) {
    my $text = $self->error_log . read_file("$self->{dir}/stderr.log");
    my ($report, %leaked) = _sanitizer_report($text);

    my @bad = grep {
        my $line = $_;
        $line =~ /\[(?:alert|emerg|crit)\]|exited\ on\ signal
            |process\ (\d+)\ exited\ with\ code\ [1-9]/x
            && !$leaked{ $1 // '' } && !grep { $line =~ $_ } @{ $self->{expect} };
    } split /\n/, $text;

    is_deeply(\@bad, [], 'no alert in the error log')
        or diag(join "\n", grep {defined} (split /\n/, $text)[-100 .. -1]);
    is($report, undef, 'no report of a sanitizer');
    return;
}


# The first report that counts, and the processes that only reported leaks, or
# that could not look for any: two that end at once may be in each other's way.
# nginx leaks a little at exit, with all that OpenSSL holds by it; a leak counts
# when nothing else that leaks leads to it and its stack has a frame of the module.
sub _sanitizer_report ($text) {
    my $leak = qr/==(\d+)==(?:ERROR:\ LeakSanitizer
        |LeakSanitizer\ has\ encountered\ a\ fatal\ error)/x;
    my $bug  = qr/(?:AddressSanitizer:|UndefinedBehavior|runtime error:)/;
    my %leaked = map { $_ => 1 } $text =~ /$leak/g;

    $text =~ s/^SUMMARY: AddressSanitizer: \d+ byte\(s\) leaked.*//gm;
    return ($1) if $text =~ /^(.*$bug.*(?:\n.*){0,60})/m;

    if (%leaked) {
        my ($stack) = grep {/credhub/} $text =~
            /^Direct leak of .*\n((?: +#\d+ .*\n)+)/mg;
        return ("leaked from\n$stack") if defined $stack;
    }

    return (undef, %leaked);
}


# Where a secret, clear or in base64, is found in a file or in Redis.
sub _leaks ($self, $raw) {
    my @needles = map { quotemeta } map { ($_, _base64_cores($_)) }
        @{ $self->{secrets} };
    my $needle = join '|', @needles;
    my @found  = map {"Redis key $_"}
        grep {"$_ $raw->{$_}" =~ /$needle/} sort keys %$raw;

    File::Find::find({ no_chdir => 1, wanted => sub {
        return if !-f || m{^\Q$self->{dir}\E/keys/};
        push @found, $_ if read_file($_) =~ /$needle/;
    } }, $self->{dir});

    return @found;
}


# What base64 makes of a string inside a longer one, at each of the three
# alignments, without the characters that its neighbors take part in.
sub _base64_cores ($bytes) {
    my @cores;

    for my $before (0 .. 2) {
        my $core = encode_base64(('x' x $before) . $bytes, '');
        my $bits = 8 * ($before + length $bytes);
        my $from = $before ? $before + 1 : 0;
        push @cores, substr $core, $from, int($bits / 6) - $from;
    }

    return grep { length > 5 } @cores;
}


sub _random ($n) {
    open my $random, '<:raw', '/dev/urandom' or die "/dev/urandom: $!";
    read $random, my ($bytes), $n;
    return $bytes;
}


1;

__END__

=head1 NAME

CredHubTest - starts a hub with its own Redis and certificates, and talks to it

=head1 SYNOPSIS

    use v5.36;
    use CredHubTest;
    use Test::More;

    my $hub = CredHubTest->new;

    my $r = $hub->set('/app/db', 'password', 'MARKER-db');
    is($r->status, 200);
    is($hub->current('/app/db')->{value}, 'MARKER-db');
    is($hub->as('second')->get('/api/v1/data?name=/app/db')->status, 404);

    $hub->done;

=head1 RULES

Each secret value of a test contains C<MARKER->; a secret that the hub made is
given to C<keep_secret>, an answer that shows one to C<made>. C<done> fails when
one of them stands anywhere in the hub's directory (logs, temporary files, the
AOF of Redis) or in a key of Redis, clear or in base64, when the error log has
an unexpected line of level alert, emerg or crit, when a worker crashed, and
when a sanitizer reported something.

Test files use ports and directories of their own and may run side by side.
Nothing passes or fails on a timing: wait with C<wait_until>, C<wait_log> or
the proxy, and count.

=head1 OPTIONS OF new

    workers      2           worker_processes
    log_level    info        of the error log
    main, events, http, server, location
                 ''          more lines in these blocks
    servers      []          more servers: hashes with port (a name), name,
                             cert, client_ca, verify, listen, server, location
    permissions  all for the certificate "good"
                             rows [certificate or actor, path, operations]
    keys         one, k1     rows [id, bytes, more of the line]
    redis_args   ''          more arguments of credhub_redis
    redis_conf   ''          more lines of redis.conf
    redis_auth   none        [user, password] for the test's own link
    proxy        0           1: a CredHubTest::Proxy stands before Redis
    keep         0           1: requests share a connection for each certificate
                             and port, where that is not what is tested
    polite       0           1: threads for CPU work as the module makes them,
                             which run when nothing else does
    leaks        1           0: a sanitizer does not look for leaks, which
                             makes certificates several times faster
    config       none        a function of the hub that returns all of http {}
    start, start_redis, redis, module
                 1           0: nginx is not started; Redis is not; there is
                             none; nginx without the module

C<configure(%more)> writes the configuration anew with some options replaced;
then C<reload>, or C<quit> and C<start>. C<nginx_test> runs C<nginx -t> on it
and returns the exit code and the output.

=head1 CERTIFICATES

C<cert =E<gt> NAME> for one request, C<< $hub->as(NAME) >> for many; undef is
none. Clients: good, second, third (with a UUID each: C<actor(NAME)>), noou,
badou, noeku (no extended key usage), srveku (serverAuth only), otherca (signed
by ca2), expired, revoked, and more with the UUID of good: C<ou_...>,
C<eku_...>. CAs: ca, ca2, twin (the name of ca, another key). Lists of ca for
C<ssl_crl>: ca.none, ca.crl. Servers: server, server2 (signed by ca2).
C<< $hub->pki->issue(...) >> makes more.

=head1 REQUESTS

    $hub->get($target, %opt)             head, delete alike
    $hub->put($target, $body, %opt)      post, patch alike
    $hub->request($method, $target, %opt)
    $hub->h2($method, $target, %opt)     HTTP/2, through curl
    $hub->set($name, $type, $value, %more)
    $hub->generate($name, $type, $parameters, %more)
    $hub->current($name)

A body is a structure or a string of bytes. Options: headers, json, body,
chunks, keep, cert, port, unix, from, host, room, sni, plain, prelude, tls
(see CredHubTest::Client). The target is sent as it is. The answer has status, header, headers, raw_headers,
body, json, interim; with status 0 it has error.

C<< $hub->connect(%opt) >> gives one connection for requests that overlap, are
cut short or sent in pieces: request, send, send_chunk, response, close, reset.
C<connect_h2> is the same for HTTP/2, with streams: request, data, cancel,
response, ping, close, reset.

=head1 FAULTS

C<stop_redis>, C<start_redis>, C<pause_redis>, C<resume_redis>, C<redis(...)>
for any command; C<reload>, C<quit>, C<start>, C<kill_worker>, C<worker_pids>,
C<busy_threads>.
The proxy: hold, release, delay, split, answer, lose, tear, cut, commands,
count, wait_for, links, wait_ready. C<CREDHUB_MODULE> names the module under test; with
C<CREDHUB_SANITIZE> set nginx runs with the preloads that a sanitized module
needs.

=cut
