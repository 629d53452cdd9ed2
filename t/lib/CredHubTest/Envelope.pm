package CredHubTest::Envelope;

# Answers of the trust API to the byte. What differs from run to run is called
# by a name: DATE, CURSOR, and what a test gives a name itself.

use v5.36;

use Exporter 'import';
use JSON::PP ();
use Test::More;

our @EXPORT = qw(is_envelope is_refused is_missing);
our @EXPORT_OK = qw(called id_of cursor_of pages);

my $DATE = qr/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/;

my %names;    # id => name


# From now on the text is called by that name in what is compared.
sub called ($name, $text) {
    die "nothing to be called $name" if !length($text // q());
    $names{$text} = $name;
    return $text;
}


# The id in an answer, called by that name.
sub id_of ($name, $response) {
    return called($name, $response->json->{data}{id});
}


sub _named ($text) {
    $text =~ s/"$DATE"/"DATE"/g;
    $text =~ s/("next_cursor":)"[\w-]+"/$1"CURSOR"/;
    $text =~ s/\Q$_\E/$names{$_}/g for sort keys %names;
    return $text;
}


# Status and body; `data` and `message` may be left out.
sub is_envelope ($response, $status, $label, %more) {
    my $body = '{"code":"Success"';
    $body .= ',"message":' . JSON::PP->new->allow_nonref->encode($more{message})
        if defined $more{message};
    $body .= ",\"data\":$more{data}" if defined $more{data};

    return is(_answer($response), "$status $body}", $label);
}


# The same for an error.
sub is_refused ($response, $status, $code, $message, $label = $message) {
    my $json = JSON::PP->new->allow_nonref;
    return is(_answer($response), "$status {\"code\":\"$code\",\"message\":"
        . $json->encode($message) . '}', $label);
}


# It is not there: an error of the kind, with the text that goes with it.
sub is_missing ($response, $code, $id, $label) {
    my %texts = (
        NotFound_Connector   => "Connector with id '$id' does not exist.",
        NotFound_Destination => "Destination with id '$id' does not exist.",
        NotFound_Group       => "Group with id '$id' does not exist.",
        NotFound_PrivateLink => "Private link with id '$id' does not exist.",
        NotFound_User        => "User with id '$id' does not exist.",
    );
    return is_refused($response, 404, $code, $texts{$code}, $label);
}


sub _answer ($response) {
    return $response->status . ' ' . _named($response->body // '');
}


sub cursor_of ($response) { return $response->json->{data}{next_cursor} }


# The ids of a list that is fetched in pages, one array a page.
sub pages ($hub, $target, $limit) {
    my ($cursor, @pages);

    do {
        my $r = $hub->get($target . ($target =~ /\?/ ? '&' : '?')
            . "limit=$limit" . (defined $cursor ? "&cursor=$cursor" : ''));
        $r->status == 200 or die 'no list: ', $r->status, ' ', $r->body;

        push @pages, [map { $_->{id} } @{ $r->json->{data}{items} }];
        $cursor = cursor_of($r);
    } while defined $cursor && @pages < 1000;

    return @pages;
}


1;

__END__

=head1 NAME

CredHubTest::Envelope - answers of the trust API to the byte

=head1 SYNOPSIS

    my $group = id_of(GROUP => $hub->post('/v1/groups', { name => 'a' }));

    is_envelope($hub->get("/v1/groups/$group"), 200, 'a group', data =>
        '{"id":"GROUP","name":"a","created_at":"DATE"}');

    is_refused($hub->post('/v1/groups', {}), 400, 'InvalidInput',
        q(Field 'name' is required));

=cut
