package CredHubTest::Process;

# Child processes of a test: each is remembered and ended with the test, also
# when the test dies; one that outlives even a SIGKILL of the test gets its
# signal from the kernel.

use v5.36;

use Exporter 'import';
use POSIX ();
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(spawn running stop_process wait_until run_command
    read_file write_file);

my %children;    # pid => pid of the process that started it

$SIG{INT} = $SIG{TERM} = $SIG{HUP} = sub { exit 1 };


# Polls until the code answers true; returns that answer, or false in the end.
sub wait_until ($seconds, $code) {
    my $end = time + $seconds;

    while (1) {
        my $found = $code->();
        return $found if $found;
        return if time > $end;
        sleep 0.01;
    }
}


# Options: out (a file for its output), env (a hash), dir.
sub spawn ($command, %opt) {
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        open STDIN,  '<',  '/dev/null'              or POSIX::_exit(126);
        open STDOUT, '>>', $opt{out} // '/dev/null' or POSIX::_exit(126);
        open STDERR, '>&', \*STDOUT                 or POSIX::_exit(126);
        chdir $opt{dir} if defined $opt{dir};

        # the preloads of a sanitizer are for the program, not for setpriv
        my @env = map {"$_=$opt{env}{$_}"} sort keys %{ $opt{env} // {} };
        exec 'setpriv', '--pdeathsig', 'KILL', 'env', @env, @$command
            or POSIX::_exit(127);
    }

    $children{$pid} = $$;
    return $pid;
}


# A code block in a child of its own; it must never return to the test.
sub spawn_code ($code) {
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        %children = ();
        @SIG{qw(INT TERM HUP)} = ('DEFAULT') x 3;
        eval { $code->(); 1 } or print STDERR $@;
        POSIX::_exit(0);
    }

    $children{$pid} = $$;
    return $pid;
}


sub running ($pid) {
    return 0 if !$pid || !$children{$pid};
    return 1 if waitpid($pid, POSIX::WNOHANG) == 0;

    delete $children{$pid};
    return 0;
}


# True when it ended in time; what is left after that is killed.
sub stop_process ($pid, $signal = 'TERM', $seconds = 60) {
    return 1 if !running($pid);

    kill $signal, $pid;
    return 1 if wait_until($seconds, sub { !running($pid) });

    kill 'KILL', $pid;
    wait_until(5, sub { !running($pid) });
    return 0;
}


# Runs a command to its end: (exit code, output and errors together).
sub run_command ($command, %opt) {
    my $pid = open(my $pipe, '-|') // die "fork: $!";

    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        open STDIN,  '<',  $opt{in} // '/dev/null';
        local @ENV{ keys %{ $opt{env} // {} } } = values %{ $opt{env} // {} };
        exec @$command or POSIX::_exit(127);
    }

    local $/ = undef;
    my $text = <$pipe> // '';
    close $pipe;
    return ($? >> 8 || $? & 127, $text);
}


sub read_file ($file) {
    open my $in, '<:raw', $file or return '';
    local $/ = undef;
    return <$in> // '';
}


sub write_file ($file, $bytes, $mode = 0644) {
    open my $out, '>:raw', $file or die "$file: $!";
    print {$out} $bytes;
    close $out or die "$file: $!";
    chmod $mode, $file;
    return $file;
}


END {
    my $status = $?;

    for my $pid (grep { $children{$_} == $$ } keys %children) {
        kill 'CONT', $pid;
        stop_process($pid, 'TERM', 3);
    }

    $? = $status;
}


1;
