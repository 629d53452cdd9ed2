package CredHubTest::Config;

# What nginx -t says of a configuration: a hub whose http block is a text, and
# tables of lines that are wrong.

use v5.36;

use Exporter 'import';
use Test::More;

use CredHubTest;

our @EXPORT = qw(nginx_test wrong right);

my $SECRET = qr/MARKER|TUFSS0VS/;    # also in base64

my $lines = '';
my $hub;


# Neither nginx nor Redis is started.
sub hub ($class) {
    return $hub //= CredHubTest->new(start => 0, start_redis => 0,
        config => sub ($hub) { $lines });
}


# Exit code and output
sub nginx_test ($text) {
    $lines = $text;
    __PACKAGE__->hub->configure;
    return $hub->nginx_test;
}


# Texts that are accepted without a warning
sub right (@texts) {
    subtest 'right ones' => sub {
        for my $text (@texts) {
            my ($code, $said) = nginx_test($text);
            is($code, 0, $text =~ s/\s+/ /gr) or diag($said);
            unlike($said, qr/\[(?!notice)/, 'no warning');
        }
    };
    return;
}


# Rows: [what is wrong, message without file and line, file in its place];
# `around` is the function that puts such a line into a text.
sub wrong ($title, $around, @rows) {
    subtest $title => sub {
        for (@rows) {
            my ($line, $message, $place) = @$_;
            my ($code, $text) = nginx_test($around->("$line # !"));

            $place //= _marked();
            is($code, 1, $line);
            my ($said) = $text =~ /\[emerg\] \d+#\d+: (.*)$/m;
            is($said, "$message in $place", "$line: message");
            unlike($text, $SECRET, "$line: no secret");
        }
    };
    return;
}


# Where the line marked with "!" stands
sub _marked () {
    my $conf = $hub->dir . '/nginx.conf';

    open my $in, '<', $conf or die "$conf: $!";
    while (<$in>) {
        return "$conf:$." if /# !$/;
    }
    die "no mark in $conf";
}


1;
