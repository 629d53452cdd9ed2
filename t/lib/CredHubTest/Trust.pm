package CredHubTest::Trust;

# Objects of the trust API that a test needs.

use v5.36;

use Exporter 'import';
use JSON::PP ();
use Test::More;

our @EXPORT_OK = qw(group connection destination retest outcomes outcome);


# A new group; its id.
sub group ($hub, $name = 'a group') {
    return _made($hub->post('/v1/groups', { name => $name }))->{id};
}


# A new connection with this config; its data. More fields replace those that
# every connection here has. Setup tests run only when asked for.
sub connection ($hub, $config, %more) {
    return _made($hub->post('/v1/connections', {
        service         => 'postgres',
        group_id        => $more{group_id} // group($hub),
        config          => $config,
        run_setup_tests => JSON::PP::false(),
        %more,
    }));
}


# The same for a destination, in a group of its own.
sub destination ($hub, $config, %more) {
    return _made($hub->post('/v1/destinations', {
        service          => 'postgres_warehouse',
        group_id         => $more{group_id} // group($hub),
        time_zone_offset => '0',
        config           => $config,
        run_setup_tests  => JSON::PP::false(),
        %more,
    }));
}


sub _made ($response) {
    $response->status == 201 or die 'not made: ', $response->status, ' ',
        $response->body // '';
    return $response->json->{data};
}


# Runs the setup tests of an object; the data of the answer.
sub retest ($hub, $path, %trust) {
    my $r = $hub->post("/v1/$path/test", \%trust);
    is($r->status, 200, 'the tests were run') or diag $r->body;
    return $r->json->{data};
}


# { title => status } of every setup test in the data of an answer.
sub outcomes ($data) {
    return { map { $_->{title} => $_->{status} } @{ $data->{setup_tests} } };
}


# One setup test, by its title.
sub outcome ($data, $title) {
    my ($test) = grep { $_->{title} eq $title } @{ $data->{setup_tests} };
    return $test;
}


1;

__END__

=head1 NAME

CredHubTest::Trust - objects of the trust API that a test needs

=head1 SYNOPSIS

    my $made = connection($hub, { host => '127.0.0.1', port => 5432 });
    my $data = retest($hub, "connections/$made->{id}");
    is(outcome($data, 'Validate Certificate')->{status}, 'FAILED');

=cut
