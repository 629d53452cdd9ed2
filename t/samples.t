# The samples of the API's documentation: status, content type, and of each
# answer the names of its fields, their types and their nulls, at each level.

use v5.36;

use lib 't/lib';
use CredHubTest;
use CredHubTest::Process qw(read_file);
use JSON::PP;
use Test::More;

my $hub     = CredHubTest->new;
my $samples = decode_json(read_file('t/data/credhub-samples.json'));


# A structure with the types of its values in the place of the values.
sub shape ($value) {
    return 'null'   if !defined $value;
    return 'bool'   if JSON::PP::is_bool($value);
    return [map { shape($_) } @$value] if ref $value eq 'ARRAY';
    return { map { $_ => shape($value->{$_}) } keys %$value }
        if ref $value eq 'HASH';
    return encode_json([$value]) =~ /^\["/ ? 'string' : 'number';
}


# What a sample needs, or writes itself: a permission has a path, a credential a
# name. Samples share names, with several types.

sub forget ($body) {
    for ($body->{permissions} ? @{ $body->{permissions} } : $body) {
        my $path = $body->{credential_name} // $_->{path};
        $hub->delete("/api/v1/permissions?credential_name=$path"
            . "&actor=$_->{actor}") if defined $path && $_->{actor};
    }

    $hub->delete("/api/v1/data?name=$body->{name}") if $body->{name};
    return;
}

sub put ($body) {
    my $r = $body->{path} ? $hub->post('/api/v2/permissions', $body)
        : $hub->put('/api/v1/data', $body);

    is($r->status, $body->{path} ? 201 : 200,
        ($body->{path} // $body->{name}) . ' is there') or diag($r->body);
    return $r->json;
}

sub target ($sample, $before) {
    return $sample->{path}
        =~ s/\{id\}/$before->{uuid} \/\/ $before->{id}/er;
}


# What the hub made is a secret, of a key one of its lines.
sub keep ($value) {
    $hub->keep_secret(!ref $value ? $value
        : $value->{password} // (split /\n/, $value->{private_key})[5]);
    return;
}


for my $sample (@$samples) {
    subtest $sample->{title} => sub {
        my $before;

        forget($_) for @{ $sample->{before} // [] }, $sample->{body} // ();
        $before = put($_) for @{ $sample->{before} // [] };

        my $r = $hub->request($sample->{method}, target($sample, $before),
            headers => { 'Content-Type' => 'application/json' },
            defined $sample->{body} ? (json => $sample->{body}) : ());

        is($r->status, $sample->{status}, 'status') or diag($r->body);
        is($r->header('Content-Type'), $sample->{response_content_type},
            'content type');

        if (!defined $sample->{response}) {
            is($r->body, '', 'no body');
            return;
        }

        is_deeply(shape($r->json), shape($sample->{response}), 'fields');

        my ($got) = map { ref $_ eq 'ARRAY' ? @$_ : () }
            @{ $r->json }{qw(data permissions)};
        $got //= $r->json;
        return if $got->{credentials};

        my @fields = $got->{actor} ? qw(path actor operations)
            : qw(name type metadata);
        my $asked = $got->{actor}
            ? { %{ $before // {} }, %{ $sample->{body} // {} } }
            : $sample->{body} // $before;
        is_deeply([@$got{@fields}], [@$asked{@fields}], 'what was asked for');
        return if $got->{actor};

        is_deeply($got->{value}{public_key_fingerprint},
            $sample->{response}{value}{public_key_fingerprint},
            'fingerprint') if $got->{type} eq 'ssh' && $sample->{method} eq 'PUT';

        keep($got->{value}) if $sample->{method} eq 'POST';
    };
}

$hub->done;
