# Builds the unit tests of src/core and hands their results through.

use v5.36;

use lib 't/lib';
use CredHubTest::Make qw(build);
use CredHubTest::Nginx;
use CredHubTest::Process qw(run_command);
use File::Basename qw(basename);
use Test::More;

my $root  = CredHubTest::Nginx->root;
my $build = build('unit');
my @tests = map { basename($_, '.c') } glob "$root/t/unit/test_*.c";

ok(scalar @tests, 'there are some');

for my $test (@tests) {
    subtest $test => sub {
        my ($status, $output) = run_command(["$build/unit/$test"],
            env => { CMOCKA_MESSAGE_OUTPUT => 'TAP',
                UBSAN_OPTIONS => 'halt_on_error=1:print_stacktrace=1' });
        my ($plan) = $output =~ /^1\.\.(\d+)/m;
        my @lines  = $output =~ /^((?:not )?ok \d+.*)/mg;

        is(scalar @lines, $plan, 'as many results as planned');

        for my $line (@lines) {
            my ($not, $name) = $line =~ /^(not )?ok \d+\s*(?:- )?(.*)/;
            ok(!$not, $name);
        }

        is($status, 0, 'exit status') or diag($output);
    };
}

done_testing();
