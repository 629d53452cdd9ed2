# 10,000 approvals in pages of 1,000, while others come and go: each page costs
# the same, and what stays is seen exactly once.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Trust qw(connection);
use Test::More;

my $ALL  = 10_000;
my $PAGE = 1000;

my $hub  = CredHubTest->new(keep => 1, leaks => 0, workers => 1);
my $path = '/v1/connections/' . connection($hub, {})->{id} . '/fingerprints';

sub approve ($hash) {
    return $hub->post($path, { hash => $hash, public_key => 'key' })->status
        == 201;
}

# Commands that Redis has carried out, those of scripts included.
sub commands () {
    return $hub->redis('INFO', 'stats')
        =~ /^total_commands_processed:(\d+)/m ? $1 : die 'no statistics';
}

is(scalar(grep { approve("h$_") } 1 .. $ALL), $ALL, 'all are approved');


my (%seen, @order, @cost, $cursor);
my (%gone, %came);

for my $page (0 .. $ALL / $PAGE) {
    my $before = commands();
    my $r = $hub->get("$path?limit=$PAGE"
        . (defined $cursor ? "&cursor=$cursor" : ''));
    push @cost, commands() - $before - 1;

    is($r->status, 200, "page $page") or last;
    my $data = $r->json->{data};

    push @order, map { $_->{hash} } @{ $data->{items} };
    $seen{ $_->{hash} }++ for @{ $data->{items} };
    $cursor = $data->{next_cursor} // last;

    # the element that the cursor stands on, one before it, one behind it
    for my $hash ($order[-1], $order[-5], 'h' . ($ALL - $page)) {
        is($hub->delete("$path/$hash")->status, 200, "$hash is revoked");
        $gone{$hash} = 1;
    }
    approve("new$page") or die 'not approved';
    $came{"new$page"} = 1;
}

is_deeply([grep { !$gone{$_} && ($seen{$_} // 0) != 1 }
    map {"h$_"} 1 .. $ALL], [], 'what stays is seen once');
is_deeply([grep { $seen{$_} > 1 } keys %seen], [], 'nothing is seen twice');
is_deeply([grep { !$seen{$_} } keys %came], [], 'what comes is at the end');

my @stays = grep {/^h/} @order;
is_deeply(\@stays, [sort { substr($a, 1) <=> substr($b, 1) } @stays],
    'in the order of approval');

cmp_ok($cost[$_], '<=', $cost[0], "page $_ costs no more than the first one")
    for 1 .. $ALL / $PAGE - 1;

$hub->done;
