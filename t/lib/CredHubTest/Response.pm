package CredHubTest::Response;

# What came back: status (0 and an error text when nothing did), headers, body.

use v5.36;

use JSON::PP ();

my $JSON = JSON::PP->new->utf8->allow_nonref;


sub new ($class, %self) {
    return bless {
        status => 0, reason => '', headers => [], body => '', interim => [],
        error  => undef, %self
    }, $class;
}


sub status ($self)  { return $self->{status} }
sub reason ($self)  { return $self->{reason} }
sub body ($self)    { return $self->{body} }
sub error ($self)   { return $self->{error} }
sub interim ($self) { return $self->{interim} }


# The pairs as they were sent.
sub raw_headers ($self) { return $self->{headers} }


sub header ($self, $name) {
    my @values = map { $_->[1] }
        grep { lc $_->[0] eq lc $name } @{ $self->{headers} };

    return @values ? join(', ', @values) : undef;
}


# Names in lower case.
sub headers ($self) {
    return { map { lc $_->[0] => $self->header($_->[0]) }
            @{ $self->{headers} } };
}


# The decoded body; undef when it is not JSON.
sub json ($self) {
    return scalar eval { $JSON->decode($self->{body}) };
}


1;
