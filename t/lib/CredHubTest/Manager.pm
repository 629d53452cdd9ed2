package CredHubTest::Manager;

# What the small secrets managers of the tests share: a child process with an
# HTTPS server on loopback, what it was asked, and how it misbehaves. What is
# asked and answered stands in CredHubTest::Vault, ::Aws and ::Azure.

use v5.36;

use File::Temp qw(tempdir);
use IO::Socket::INET;
use Mojo::JSON qw(decode_json encode_json);

use CredHubTest::Nginx;
use CredHubTest::Process
    qw(running stop_process wait_until read_file write_file);


sub new ($class, %opt) {
    my $self = bless {
        host    => 'localhost',
        port    => CredHubTest::Nginx->free_port,
        dir     => tempdir('credhub-manager-XXXXXX', TMPDIR => 1, CLEANUP => 1),
        secrets => {},
        %opt,
    }, $class;

    $self->prepare;
    $self->behave;
    $self->start if $opt{start} // 1;
    return $self;
}


# Of a class: defaults of its options; the answer to a request.
sub prepare ($self) { return }
sub answer ($self, $asked) { die ref $self, ' answers nothing' }

sub port ($self) { return $self->{port} }
sub url ($self)  { return "https://$self->{host}:$self->{port}" }
sub pid ($self)  { return $self->{pid} }


# From now on: { "METHOD PATH" or "*" => what comes instead of an answer }.
sub behave ($self, %behavior) {
    write_file("$self->{dir}/new", encode_json(\%behavior));
    rename "$self->{dir}/new", "$self->{dir}/behavior" or die "rename: $!";
    return;
}


# The requests since the last forget: { method, path, query, headers (names in
# lower case), body, status }.
sub requests ($self) {
    return map { decode_json($_) } split /\n/, read_file("$self->{dir}/asked");
}


sub forget ($self) {
    write_file("$self->{dir}/asked", '');
    return;
}


# Returns when it listens.
sub start ($self) {
    die ref $self, ' runs already' if running($self->{pid});

    $self->{pid}
        = CredHubTest::Process::spawn_code(sub { $self->_serve });
    wait_until(60, sub {
        return !running($self->{pid}) || IO::Socket::INET->new(
            PeerAddr => '127.0.0.1', PeerPort => $self->{port});
    }) && running($self->{pid}) or die ref $self, ' did not start';
    return;
}


sub stop ($self) { return stop_process($self->{pid}) }


# From here on: the child.

sub _serve ($self) {
    require Mojolicious;
    require Mojo::Server::Daemon;

    my $app = Mojolicious->new(mode => 'production');
    $app->secrets(['x']);
    $app->log->level('fatal');
    $app->renderer->compress(0);
    $app->hook(around_dispatch => sub ($next, $c) { $self->_handle($c) });

    my $daemon = Mojo::Server::Daemon->new(app => $app, silent => 1,
        inactivity_timeout => 60, listen => ["https://127.0.0.1:$self->{port}"
            . "?cert=$self->{cert}&key=$self->{key}"]);
    $daemon->start;
    Mojo::IOLoop->start;
    return;
}


sub _handle ($self, $c) {
    my $req   = $c->req;
    my %asked = (
        method  => $req->method,
        path    => $req->url->path->to_string,
        query   => $req->url->query->to_string,
        body    => $req->body,
        headers => { map { lc($_) => $req->headers->header($_) }
                @{ $req->headers->names } },
    );

    my $how  = decode_json(read_file("$self->{dir}/behavior"));
    my $what = $how->{"$asked{method} $asked{path}"} // $how->{'*'};

    # strict: what this server does not know of, its clients do not send
    my ($status, $type, $body) = $self->answer(\%asked);
    ($status, $body) = ($what->{status} // $status, $what->{body} // $body)
        if defined $what;
    $self->_note({ %asked, status => $status });

    return _misbehave($c, $what->{do}) if defined $what && $what->{do};

    $c->res->headers->content_type($type);
    $c->res->headers->header($_ => $what->{headers}{$_})
        for keys %{ $what->{headers} // {} };
    $c->res->code($status);
    $c->res->body($body);
    return $c->rendered($status);
}


sub _note ($self, $asked) {
    open my $out, '>>', "$self->{dir}/asked" or die "asked: $!";
    $out->syswrite(encode_json($asked) . "\n");
    return;
}


sub _misbehave ($c, $what) {
    $c->render_later;

    my $stream = Mojo::IOLoop->stream($c->tx->connection);
    $stream->timeout(0);

    return $stream->close if $what eq 'close';

    if ($what eq 'half') {
        return $stream->write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
            sub ($s, @) { $s->close });
    }

    die "what is $what?" if $what ne 'hang';
    return;
}


# For the classes

# Exactly these headers besides what any client may send; what is wrong, or
# nothing. A value may be a pattern.
sub wrong_headers ($self, $asked, %want) {
    my %have = %{ $asked->{headers} };
    my %any  = map { $_ => 1 } qw(accept user-agent host content-length);

    for my $name (sort keys %want) {
        my $value = delete $have{$name};
        return "$name is missing" if !defined $value;
        return "$name: $value"
            if ref $want{$name} ? $value !~ $want{$name}
            : $value ne $want{$name};
    }

    return 'host: ' . ($have{host} // '')
        if ($have{host} // $want{host} // '') ne "$self->{host}:$self->{port}";

    my @more = grep { !$any{$_} } sort keys %have;
    return "headers that are not expected: @more" if @more;
    return '';
}


sub json ($self, $status, $data) {
    return ($status, 'application/json', encode_json($data));
}


1;

__END__

=head1 NAME

CredHubTest::Manager - small secrets managers on loopback

=head1 SYNOPSIS

    my $vault = CredHubTest::Vault->new(
        cert    => $pki->cert('server'),
        key     => $pki->key('server'),
        secrets => { 'apps/db' => { user => 'u', password => 'p' } },
    );

    $vault->url;         # https://localhost:23456
    $vault->behave('GET /v1/secret/data/apps/db' => { status => 403 });
    $vault->requests;    # what it was asked
    $vault->stop;

=head1 DESCRIPTION

L<CredHubTest::Vault>, L<CredHubTest::Aws> and L<CredHubTest::Azure> are servers
that check method, path, headers and body of each request strictly, and answer
as the real ones do, as far as a read of secrets needs them. Each runs in a
child process, which ends with the test, whatever ends that.

Options of every class: C<cert> and C<key> (files of the server's certificate),
C<host> (the name that clients use, C<localhost>), C<port>, C<secrets>, C<start>
(0: later).

=head1 METHODS

=over

=item port, url, pid

=item config

What a manager's C<config> in the API needs to read from it, as a hash.

=item behave(PATTERN =E<gt> HOW, ...)

What comes instead of an answer, from now on; without arguments it behaves.
PATTERN is C<METHOD PATH>, or C<*> for all. HOW has C<status>, C<body> and
C<headers>, which go over those of the answer, or C<do>: C<close> (the
connection, without an answer), C<half> (closes within the answer), C<hang>
(never answers).

=item requests, forget

Hashes of C<method>, C<path>, C<query>, C<headers>, C<body> and the C<status>
that was answered.

=item start, stop

=back

=cut
