package CredHubTest::Permissions;

# Permissions by /api/v2: their bodies, and those that a test needs.

use v5.36;

use Exporter 'import';

our @EXPORT_OK = qw(entry permit withdraw find_permission);

my $V2 = '/api/v2/permissions';


sub entry ($path, $actor, @operations) {
    return { path => $path, actor => $actor, operations => [@operations] };
}


# A permission that is there from now on; its view.
sub permit ($hub, $path, $actor, @operations) {
    my $r = $hub->post($V2, entry($path, $actor, @operations));
    $r->status == 201 or die 'no permission: ', $r->body;
    return $r->json;
}


# The end of permissions, by their views.
sub withdraw ($hub, @views) {
    $hub->delete("$V2/$_->{uuid}")->status == 200 or die 'no such permission'
        for @views;
    return;
}


sub find_permission ($hub, $path, $actor) {
    s/([^\w.~-])/sprintf '%%%02X', ord $1/ge for $path, $actor;
    return $hub->get("$V2?actor=$actor&path=$path");
}


1;

__END__

=head1 NAME

CredHubTest::Permissions - permissions that a test needs

=head1 SYNOPSIS

    my $view = permit($hub, '/app/*', $hub->actor('second'), 'read');
    is(find_permission($hub, '/app/*', $view->{actor})->status, 200);
    withdraw($hub, $view);

=cut
