# 10,000 injections of 100 secrets: none of them is left anywhere, neither in
# what nginx writes nor in what its processes keep.

use v5.36;
no warnings qw(portable); # addresses have 64 bits

use lib 't/lib';
use CredHubTest;
use CredHubTest::Process qw(read_file);
use Test::More;

my $SECRETS = 100;
my $EACH    = 100;

my $hub = CredHubTest->new(start => 0, workers => 2, keep => 1,
    log_level => 'info', permissions => [
        ['good', '/*', 'read,write,delete,read_acl,write_acl'],
        ['edge', '/apps/*', 'read'],
    ]);
my $up = $hub->port('upstream');

$hub->configure(
    http => <<"END",
    log_format all '\$request_uri \$status [\$a] \$credhub_cef';
    server {
        listen 127.0.0.1:$up;
        access_log off;
        location / {
            add_header X-Length "\$http_x_secret_known";
            return 200;
        }
    }
END
    server => <<"END",
    access_log @{[$hub->dir]}/edge.log all;
    location /x/ {
        credhub_identity edge;
        credhub_set \$a /apps/\$arg_n;
        proxy_set_header X-Secret \$a;
        proxy_set_header X-Secret-Known \$arg_n;
        proxy_buffering off;
        proxy_pass http://127.0.0.1:$up;
    }
END
);
$hub->start;

# The secret has nothing in it that its name has.
my %secret = map { ("s$_" => "MARKER-$_-" . join '', map { chr 97 + rand 26 } 1 .. 24) }
    1 .. $SECRETS;

$hub->set("/apps/$_", 'value', $secret{$_})->status == 200 or die $_
    for sort keys %secret;

my $none = $hub->as(undef);
my $good = 0;

for my $round (1 .. $EACH) {
    for my $name (sort keys %secret) {
        my $r = $none->get("/x/?n=$name");
        $good++ if $r->status == 200 && $r->header('X-Length') eq $name;
    }
}

is($good, $SECRETS * $EACH, 'every request had its secret');

subtest 'logs and files' => sub {
    my $text = join '', map { read_file($_) }
        grep { -f } glob $hub->dir . '/*.log';
    unlike($text, qr/MARKER/, 'no secret');
    cmp_ok(length $text, '>', 10_000, 'and there are logs');
};

subtest 'shared memory' => sub {
    my $found = 0;

    for my $pid ($hub->worker_pids, $hub->nginx_pid) {
        open my $memory, '<:raw', "/proc/$pid/mem" or next;

        for my $line (split /\n/, read_file("/proc/$pid/maps")) {
            my ($from, $to, $mode) = $line =~ /^(\w+)-(\w+) (\S+)/ or next;
            next if $mode !~ /^r..s/;
            sysseek $memory, hex $from, 0 or next;
            sysread $memory, my $bytes, hex($to) - hex $from or next;
            $found++ if $bytes =~ /MARKER-\d/;
        }
    }

    is($found, 0, 'no secret');
};

done_testing;
