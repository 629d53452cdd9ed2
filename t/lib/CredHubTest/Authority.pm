package CredHubTest::Authority;

# A small UAA on loopback, over TLS: it grants tokens and shows the keys that
# they are verified with, and misbehaves as a test asks for. A child process
# does the work; each call of the test is one message to it and one answer.
#
# Tokens that no authority would grant are made here, in the test.

use v5.36;

use Crypt::JWT qw(encode_jwt);
use Crypt::PK::ECC;
use Crypt::PK::Ed25519;
use Crypt::PK::RSA;
use IO::Compress::Gzip qw(gzip);
use MIME::Base64 qw(encode_base64 encode_base64url);
use Mojo::JSON qw(decode_json encode_json);
use Socket qw(AF_UNIX SOCK_STREAM PF_UNSPEC);

use CredHubTest::Client;
use CredHubTest::Nginx;
use CredHubTest::Process qw(wait_until stop_process);

# type of key => the algorithm that it signs with unless another is asked for
my %TYPES = (
    rsa     => ['RS256', sub { Crypt::PK::RSA->new->generate_key(256) }],
    p256 => ['ES256', sub { Crypt::PK::ECC->new->generate_key('secp256r1') }],
    p384 => ['ES384', sub { Crypt::PK::ECC->new->generate_key('secp384r1') }],
    ed25519 => ['EdDSA', sub { Crypt::PK::Ed25519->new->generate_key }],
);

my @SCOPES = qw(credhub.read credhub.write);


# Options: clients, name => secret; users, name => [password, id]; start (1: it
# is up). A key of each type is in its set, named after it.
sub new ($class, $hub, %opt) {
    my $self = bless {
        hub      => $hub,
        port     => CredHubTest::Nginx->free_port,
        clients  => $opt{clients} // {},
        users    => $opt{users}   // {},
        keys     => {},
        behavior => {},
        requests => [],
        seen     => {},
    }, $class;

    $self->key($_, $_) for sort keys %TYPES;
    $self->publish(sort keys %TYPES);
    $self->start if $opt{start} // 1;
    return $self;
}


sub port ($self)   { return $self->{port} }
sub url ($self)    { return "https://localhost:$self->{port}" }
sub issuer ($self) { return $self->url . '/oauth/token' }


# Makes a key of a type; it is not in the set yet.
sub key ($self, $kid, $type) {
    $self->{keys}{$kid} = { type => $type, pk => $TYPES{$type}[1]->() };
    return;
}


# The public key as a member of a set; `more` goes over it.
sub jwk ($self, $kid, %more) {
    my $jwk = $self->{keys}{$kid}{pk}->export_key_jwk('public', 1);

    delete @$jwk{ grep { ($jwk->{$_} // '') eq '' } keys %$jwk };
    return { %$jwk, kid => $kid, use => 'sig', %more };
}


sub pem ($self, $kid) {
    my $pk = $self->{keys}{$kid}{pk};
    return $pk->isa('Crypt::PK::RSA') ? $pk->export_key_pem('public_x509')
        : $pk->export_key_pem('public');
}


# The set: names of keys, or members as they are.
sub publish ($self, @keys) {
    $self->{set} = encode_json({ keys =>
        [map { ref ? $_ : $self->jwk($_) } @keys] });
    $self->behave(%{ $self->{behavior} });
    return;
}

sub set_text ($self) { return $self->{set} }


# How the set is answered from now on: status, body (in the place of the set),
# pad (blanks behind it, up to so many bytes), gzip, chunked, cut (bytes of it,
# then the connection ends), hold (1: not until `release`), location (a
# redirect). Without a word: well.
sub behave ($self, %behavior) {
    $self->{behavior} = \%behavior;
    $self->_call(behave => { set => $self->{set}, %behavior })
        if $self->{control};
    return;
}

sub release ($self) { return $self->behave(%{ $self->{behavior} }, hold => 0) }


# What asked for the set since the start or `forget`: hashes with method,
# target, headers (names in lower case) and body.
sub requests ($self) {
    return (@{ $self->{requests} },
        $self->{control} ? @{ $self->_call('requests') } : ());
}

sub count ($self) { return scalar(my @all = $self->requests) }

sub forget ($self) {
    $self->{requests} = [];
    $self->_call('forget') if $self->{control};
    return;
}

# True when that many have asked in time.
sub wait_for ($self, $count, $seconds = 60) {
    return wait_until($seconds, sub { $self->count >= $count });
}


# Location of a server that asks for the set; `more` lines go into it. A
# session to be reused is never freed by nginx, and so would be a leak.
sub location ($self, $path, $more = '') {
    my $ca = $self->{hub}->pki->cert('ca');

    return <<"END";
location = $path {
    internal;
    proxy_pass https://127.0.0.1:$self->{port}/token_keys;
    proxy_ssl_verify on;
    proxy_ssl_name localhost;
    proxy_ssl_trusted_certificate $ca;
    proxy_ssl_session_reuse off;
    $more
}
END
}


# Tokens

# What UAA writes into a token: of a client, or of a user when `user` (an id)
# is among the changes. A change to undef takes a claim away.
sub claims ($self, %change) {
    my $user   = delete $change{user};
    my $client = $change{client_id} // 'app';
    my %claims = (
        jti        => encode_base64url(join '', map { chr rand 256 } 1 .. 12),
        sub        => $user // $client,
        client_id  => $client,
        cid        => $client,
        azp        => $client,
        scope      => [@SCOPES],
        iat        => time,
        exp        => time + 600,
        iss        => $self->issuer,
        zid        => 'uaa',
        aud        => ['credhub', $client],
        grant_type => defined $user ? 'password' : 'client_credentials',
        defined $user ? (user_id => $user, user_name => "name of $user",
            origin => 'uaa') : (),
        %change,
    );

    delete @claims{ grep { !defined $claims{$_} } keys %claims };
    return \%claims;
}


# A signed token. Options: kid (of a key here; default rsa), alg, header (more
# of it; undef takes a member away), claims (whole; or text); all other ones
# change the claims.
sub token ($self, %opt) {
    my $kid    = delete $opt{kid} // 'rsa';
    my $key    = $self->{keys}{$kid} // die "no key $kid";
    my $alg    = delete $opt{alg} // $TYPES{ $key->{type} }[0];
    my %header = (kid => $kid, typ => 'JWT', %{ delete $opt{header} // {} });
    my $claims = delete $opt{claims} // $self->claims(%opt);

    delete @header{ grep { !defined $header{$_} } keys %header };
    return $self->keep(encode_jwt(payload => $claims, alg => $alg,
        key => $key->{pk}, extra_headers => \%header));
}


# Of parts as they are, signed with the key ed25519.
sub raw_token ($self, $header, $payload) {
    my $input = join '.', map { encode_base64url($_) } $header, $payload;

    return $self->keep("$input." . encode_base64url(
        $self->{keys}{ed25519}{pk}->sign_message($input)));
}


# A token is a secret: its claims and its signature, however it is cut.
sub keep ($self, $token) {
    my (undef, $claims, $signature) = split /\./, $token;

    for (map { substr $_ // '', 0, 32 } $claims, $signature) {
        $self->{hub}->keep_secret($_) if length > 8 && !$self->{seen}{$_}++;
    }

    return $token;
}


# Asks for a token as clients do: the form of the grant, and who asks. The
# answer of the authority.
sub login ($self, $client, $secret, %form) {
    my $link = CredHubTest::Client->new(port => $self->{port},
        ca => $self->{hub}->pki->cert('clients'));
    my $r = $link->request('POST', '/oauth/token',
        body    => join('&', map {"$_=$form{$_}"} sort keys %form),
        headers => { 'Content-Type' => 'application/x-www-form-urlencoded',
            Authorization =>
                'Basic ' . encode_base64("$client:$secret", '') })->response;

    $link->close;
    $self->keep($r->json->{access_token}) if $r->status == 200;
    return $r;
}


# Up and down

sub up ($self) { return defined $self->{control} }

sub start ($self) {
    socketpair my $mine, my $its, AF_UNIX, SOCK_STREAM, PF_UNSPEC
        or die "socketpair: $!";
    my $pki = $self->{hub}->pki;

    my %me = (port => $self->{port}, issuer => $self->issuer,
        cert    => $pki->cert('server'), tls_key => $pki->key('server'),
        clients => $self->{clients}, users => $self->{users},
        authority => $self, control => $its);

    $self->{pid} = CredHubTest::Process::spawn_code(sub {
        close $mine;
        _work(\%me);
    });
    close $its;
    $self->{control} = $mine;
    $self->behave(%{ $self->{behavior} });
    return;
}


# Nobody listens then; what was asked before is remembered.
sub stop ($self) {
    $self->{requests} = [$self->requests];
    delete $self->{control};
    return stop_process($self->{pid});
}


sub _call ($self, $what, $value = undef) {
    my $line = encode_json([$what, $value]) . "\n";

    while (length $line) {
        my $n = syswrite $self->{control}, $line;
        die "the authority is gone: $!\n" if !$n;
        substr $line, 0, $n, '';
    }

    my $answer = readline $self->{control} // die "the authority is gone\n";
    return decode_json($answer)->[0];
}


# From here on: the child.

sub _work ($me) {
    require Mojolicious;
    require Mojo::Server::Daemon;

    my $app = Mojolicious->new(mode => 'production');
    $app->secrets(['x']);
    $app->log->level('fatal');
    $app->renderer->compress(0);
    $app->routes->any('/token_keys' => sub ($c) { _ask($me, $c) });
    $app->routes->post('/oauth/token' => sub ($c) { _grant($me, $c) });

    $me->{requests} = [];
    $me->{held}     = [];
    $me->{daemon}   = Mojo::Server::Daemon->new(app => $app, silent => 1,
        inactivity_timeout => 60, listen => ["https://127.0.0.1:$me->{port}"
            . "?cert=$me->{cert}&key=$me->{tls_key}"])->start;

    my $stream = Mojo::IOLoop::Stream->new($me->{control});
    my $buffer = '';
    $stream->timeout(0);
    $stream->on(close => sub { Mojo::IOLoop->stop });
    $stream->on(read => sub ($stream, $bytes) {
        $buffer .= $bytes;
        while ($buffer =~ s/^(.*)\n//) {
            $stream->write(encode_json([_obey($me, @{ decode_json($1) })])
                . "\n");
        }
    });
    Mojo::IOLoop->stream($stream);
    Mojo::IOLoop->start;
    return;
}


sub _obey ($me, $what, $value) {
    if ($what eq 'requests') { return $me->{requests} }

    if ($what eq 'forget') { $me->{requests} = [] }

    if ($what eq 'behave') {
        $me->{behavior} = $value;
        my @held = $value->{hold} ? () : splice @{ $me->{held} };
        _answer($me, $_) for @held;
    }

    return 1;
}


sub _ask ($me, $c) {
    my $req = $c->req;
    my %headers = map { lc $_ => $req->headers->header($_) }
        @{ $req->headers->names };

    push @{ $me->{requests} }, { method => $req->method,
        target  => $req->url->to_string, headers => \%headers,
        body    => $req->body };

    $c->render_later;
    $me->{behavior}{hold} ? push @{ $me->{held} }, $c : _answer($me, $c);
    return;
}


sub _answer ($me, $c) {
    my $how  = $me->{behavior};
    my $body = $how->{body} // $how->{set};
    my $pad = ($how->{pad} // 0) - length $body;
    $body .= ' ' x $pad if $pad > 0;
    my $tx   = $c->tx or return;
    my $headers = $c->res->headers;

    $c->res->code($how->{status} // 200);
    $headers->content_type('application/json');
    $headers->location($how->{location}) if $how->{location};
    $headers->cache_control('max-age=60');

    if ($how->{gzip}) {
        gzip(\$body, \my $packed) or die 'gzip';
        $body = $packed;
        $headers->content_encoding('gzip');
    }

    if (defined $how->{cut}) {
        $headers->content_length(length $body);
        my $link = $tx->connection;
        $c->write(substr($body, 0, $how->{cut}) => sub ($c, @) {
            Mojo::IOLoop->next_tick(sub { Mojo::IOLoop->remove($link) });
        });
        return;
    }

    if ($how->{chunked}) {
        my @pieces = $body =~ /(.{1,1000})/gs;
        my $next   = sub ($c, @) {
            @pieces ? $c->write_chunk(shift @pieces => __SUB__)
                : $c->write_chunk('');
        };
        $next->($c);
        return;
    }

    $c->render(data => $body);
    return;
}


# POST /oauth/token, the grants client_credentials and password.
sub _grant ($me, $c) {
    my ($client, $secret) = split /:/, $c->req->url->to_abs->userinfo // '', 2;
    my %form = map { $_ => $c->param($_) // '' }
        qw(grant_type username password);
    my %claims = (client_id => $client);
    my $user   = $me->{users}{ $form{username} };

    return $c->render(status => 401, json => { error => 'unauthorized' })
        if !defined $client || !defined $me->{clients}{$client}
        || $me->{clients}{$client} ne ($secret // '')
        || ($form{grant_type} eq 'password'
            && (!$user || $user->[0] ne $form{password}));
    return $c->render(status => 400, json => { error => 'invalid_grant' })
        if $form{grant_type} !~ /^(?:password|client_credentials)\z/;

    $claims{user} = $user->[1] if $form{grant_type} eq 'password';
    return $c->render(json => {
        access_token => $me->{authority}->token(%claims),
        token_type   => 'bearer',
        expires_in   => 600,
        scope        => "@SCOPES",
    });
}


1;

__END__

=head1 NAME

CredHubTest::Authority - who grants bearer tokens

=head1 SYNOPSIS

    my $hub = CredHubTest->new(start => 0);
    my $uaa = CredHubTest::Authority->new($hub, clients => { app => 'word' });

    $hub->configure(server => $uaa->location('/keys')
        . 'credhub_jwt_key_request /keys;');
    $hub->start;

    my $r = $uaa->login('app', 'word', grant_type => 'client_credentials');
    $hub->get('/version', cert => undef, headers => {
        Authorization => 'Bearer ' . $r->json->{access_token} });

    $uaa->token(scope => ['credhub.read'], exp => time - 61);

=cut
