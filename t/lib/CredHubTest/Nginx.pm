package CredHubTest::Nginx;

# The nginx of a test: stock binary, configuration and files of its own.

use v5.36;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IO::Socket::INET;
use IO::Socket::UNIX;

use CredHubTest::Process qw(spawn running stop_process wait_until
    run_command read_file write_file);

my $ROOT = abs_path(dirname(__FILE__) . '/../../..');


# Options: dir (exists), port (one to wait for).
sub new ($class, %opt) {
    return bless {%opt}, $class;
}


sub root ($class) { return $ROOT }


sub module ($class) {
    return $ENV{CREDHUB_MODULE} // "$ROOT/build/ngx_http_credhub_module.so";
}


# A port nobody listens on, below the range of outgoing connections. It is this
# process's as long as that runs: tests beside it look for a name first.
sub free_port ($class) {
    state @names;

    for (1 .. 100) {
        my $port = 10000 + int rand 20000;
        my $name = IO::Socket::UNIX->new(Listen => 1,
            Local => "\0credhub-test-port-$port") or next;
        my $socket = IO::Socket::INET->new(
            LocalAddr => '127.0.0.1', LocalPort => $port,
            Listen    => 1, ReuseAddr => 1) or next;
        push @names, $name;
        return $port;
    }

    die 'no free port';
}


# The text around what the test puts into main and http.
sub write_config ($self, %part) {
    my $dir  = $self->{dir};
    my $user = $> == 0 ? 'user root;' : '';

    $self->{workers} = $part{main} =~ /master_process\s+off/ ? 0 : $part{workers};
    return write_file("$dir/nginx.conf", <<"END");
$user
daemon off;
worker_processes $part{workers};
pid $dir/nginx.pid;
error_log $dir/error.log $part{log_level};
$part{main}
events {
    worker_connections 512;
    $part{events}
}
http {
    access_log $dir/access.log;
    client_body_temp_path $dir/temp/body;
    proxy_temp_path $dir/temp/proxy;
    fastcgi_temp_path $dir/temp/fastcgi;
    uwsgi_temp_path $dir/temp/uwsgi;
    scgi_temp_path $dir/temp/scgi;
$part{http}
}
END
}


# What makes a sanitized module work in the stock binary. Leaks need complete
# stacks, so that one of nginx's own can be told from one of the module's: they
# make an allocation slow, and work with many, such as that of OpenSSL on
# certificates, several times slower.
sub environment ($class, %opt) {
    return () if !$ENV{CREDHUB_SANITIZE};

    my $leaks = $opt{leaks} // 1;
    my $fast  = $leaks ? 0 : 1;
    state @libs = map { (run_command(['gcc', "-print-file-name=$_"]))[1] =~ s/\s//gr }
        qw(libasan.so libubsan.so);

    return (
        LD_PRELOAD   => "@libs",
        ASAN_OPTIONS => "detect_leaks=$leaks:halt_on_error=1:exitcode=97"
            . ":fast_unwind_on_malloc=$fast:malloc_context_size=40:"
            . ($ENV{CREDHUB_ASAN_OPTIONS} // ''),
        UBSAN_OPTIONS => 'halt_on_error=1:print_stacktrace=1:exitcode=97',
    );
}


sub _command ($self, @more) {
    return ['nginx', '-p', $self->{dir}, '-e', "$self->{dir}/error.log",
        '-c', "$self->{dir}/nginx.conf", @more];
}


# nginx -t: (exit code, its output).
sub test ($self) {
    mkdir "$self->{dir}/temp";
    return run_command(
        ['nginx', '-p', $self->{dir}, '-e', 'stderr',
            '-c', "$self->{dir}/nginx.conf", '-t'],
        env => { $self->environment(leaks => 0) });
}


sub start ($self) {
    mkdir "$self->{dir}/temp";
    $self->{pid} = spawn($self->_command, out => "$self->{dir}/stderr.log",
        env => { $self->environment(leaks => $self->{leaks}) });

    my $ready = wait_until(120, sub {
        return 'gone' if !running($self->{pid});
        return 0      if $self->worker_pids < $self->{workers};
        return IO::Socket::INET->new(PeerAddr => '127.0.0.1',
            PeerPort => $self->{port});
    });

    die "nginx did not start:\n", $self->tail
        if !$ready || $ready eq 'gone';
    return;
}


sub pid ($self) { return $self->{pid} }


# Process ids of the workers, old ones that still work included.
sub worker_pids ($self) {
    my @pids;

    for my $stat (glob '/proc/[0-9]*/stat') {
        my ($pid, $state, $parent)
            = read_file($stat) =~ /^(\d+) \(.*\) (\S) (\d+)/s or next;
        push @pids, $pid if $parent == $self->{pid} && $state ne 'Z';
    }

    @pids = sort { $a <=> $b } @pids;
    return @pids;
}


# Returns when the old workers have gone; old => 1: when the new ones are
# there, the old ones may still be busy.
sub reload ($self, %opt) {
    my %old  = map { $_ => 1 } $self->worker_pids;
    my $want = $self->{workers};

    kill 'HUP', $self->{pid};

    my $done = wait_until(120, sub {
        my @now = $self->worker_pids;
        my $new = grep { !$old{$_} } @now;
        return $new >= $want && ($opt{old} || $new == @now);
    });

    die "nginx was not reloaded:\n", $self->tail if !$done;
    return;
}


# True when nginx left in time.
sub quit ($self, $signal = 'QUIT', $seconds = 120) {
    return stop_process($self->{pid}, $signal, $seconds);
}


sub tail ($self, $lines = 40) {
    my @all = split /^/, read_file("$self->{dir}/stderr.log")
        . read_file("$self->{dir}/error.log");

    return join '', @all > $lines ? @all[-$lines .. -1] : @all;
}


1;
