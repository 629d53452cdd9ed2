# Replays the corpus of every fuzz target, without libFuzzer.

use v5.36;

use lib 't/lib';
use CredHubTest::Make qw(build);
use CredHubTest::Nginx;
use CredHubTest::Process qw(run_command);
use File::Basename qw(basename);
use Test::More;

my $root    = CredHubTest::Nginx->root;
my $build   = build('fuzzers');
my @targets = map { basename($_, '.c') } glob "$root/t/fuzz/fuzz_*.c";
my @corpora = map { basename($_) } glob "$root/t/fuzz/corpus/*";

ok(scalar @targets, 'there are some');
is_deeply(\@corpora, \@targets, 'each has a corpus');

for my $target (@targets) {
    my @files = glob "$root/t/fuzz/corpus/$target/*";
    ok(@files > 2, "$target: there are inputs");

    my ($status, $output) = run_command(
        ["$build/fuzz/$target", @files],
        env => { UBSAN_OPTIONS => 'halt_on_error=1:print_stacktrace=1' });

    is($status, 0, "$target: exit status") or diag($output);
    is($output, 'replayed ' . @files . "\n", "$target: all replayed");
}

done_testing();
