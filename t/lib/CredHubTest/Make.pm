package CredHubTest::Make;

# Programs that tests build. Files that are tested at the same time share them.

use v5.36;

use Exporter 'import';
use Fcntl ':flock';
use Test::More;

use CredHubTest::Nginx;
use CredHubTest::Process qw(run_command);

our @EXPORT_OK = qw(build);


# Makes a target of the Makefile, or the test ends: the directory for builds.
sub build ($target) {
    my $root = CredHubTest::Nginx->root;
    my @make = $ENV{CREDHUB_SANITIZE} ? ('SANITIZE=1') : ();
    my $dir  = $ENV{CREDHUB_SANITIZE} ? "$root/build/asan" : "$root/build";

    # the flags of the make that runs this test are not for this one
    local @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS)};
    delete @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS)};

    mkdir "$root/build";
    open my $lock, '>', "$root/build/make.lock" or die "make.lock: $!";
    flock $lock, LOCK_EX or die "flock: $!";

    my ($code, $text) = run_command(['make', '-s', '-j2', '-C', $root, @make,
        $target]);
    is($code, 0, 'they build') or BAIL_OUT($text);
    return $dir;
}


1;
