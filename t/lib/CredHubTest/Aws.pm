package CredHubTest::Aws;

# STS and Secrets Manager of AWS, on one port: AssumeRole and GetSecretValue. A
# signature is computed here once more, from what has arrived.

use v5.36;

use parent 'CredHubTest::Manager';

use Digest::SHA qw(hmac_sha256 hmac_sha256_hex sha256_hex);
use Mojo::JSON qw(decode_json);
use Mojo::Parameters;
use Mojo::Util qw(xml_escape);
use Time::Local qw(timegm);

my $CLOCK = 300;    # seconds that a client's clock may be wrong


sub prepare ($self) {
    my %defaults = (
        role_arn          => 'arn:aws:iam::123456789012:role/reader',
        external_id       => '',
        region            => 'eu-west-1',
        access_key_id     => 'AKIAEXAMPLE',
        secret_access_key => 'MARKER-long-term/key+',
        role              => {
            access_key_id     => 'ASIAEXAMPLE',
            secret_access_key => 'MARKER-of-the-role/&<key>',
            token             => 'MARKER-session-token//+&==',
        },
    );

    $self->{$_} //= $defaults{$_} for keys %defaults;
    return;
}


sub config ($self) {
    return {
        map({ $_ => $self->{$_} } qw(role_arn region access_key_id
            secret_access_key)),
        $self->{external_id} ne '' ? (external_id => $self->{external_id}) : (),
        sts_endpoint => $self->url . '/sts',
        endpoint     => $self->url,
    };
}


sub answer ($self, $asked) {
    my $what = "$asked->{method} $asked->{path}";

    return $self->_json_error(400, 'ValidationException')
        if $asked->{query} ne '';
    return $self->_assume($asked) if $what eq 'POST /sts/';
    return $self->_secret($asked) if $what eq 'POST /';
    return $self->_json_error(404, 'UnknownOperationException');
}


sub _assume ($self, $asked) {
    my $wrong = $self->wrong_headers($asked,
        'content-type'  => 'application/x-www-form-urlencoded; charset=utf-8',
        'x-amz-date'    => qr/^\d{8}T\d{6}Z\z/,
        'authorization' => qr/^AWS4-HMAC-SHA256 /)
        || $self->_wrong_signature($asked, 'sts', $self,
            'content-type;host;x-amz-date');
    return $self->_xml_error(403, 'SignatureDoesNotMatch', $wrong) if $wrong;

    my $form = Mojo::Parameters->new($asked->{body})->to_hash;
    my %want = (Action => 'AssumeRole', Version => '2011-06-15',
        RoleArn => $self->{role_arn}, RoleSessionName => 'credhub',
        DurationSeconds => 900,
        $self->{external_id} ne '' ? (ExternalId => $self->{external_id}) : ());

    return $self->_xml_error(403, 'AccessDenied', 'not authorized')
        if join("\n", map {"$_ $form->{$_}"} sort keys %$form)
        ne join "\n", map {"$_ $want{$_}"} sort keys %want;

    my $role = $self->{role};
    my ($id, $key, $token) = map { xml_escape($role->{$_}) }
        qw(access_key_id secret_access_key token);
    return (200, 'text/xml', <<"END");
<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser>
      <AssumedRoleId>AROAEXAMPLE:credhub</AssumedRoleId>
      <Arn>arn:aws:sts::123456789012:assumed-role/reader/credhub</Arn>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>$id</AccessKeyId>
      <SecretAccessKey>$key</SecretAccessKey>
      <SessionToken>$token</SessionToken>
      <Expiration>2031-01-02T03:04:05Z</Expiration>
    </Credentials>
  </AssumeRoleResult>
  <ResponseMetadata>
    <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>
  </ResponseMetadata>
</AssumeRoleResponse>
END
}


sub _secret ($self, $asked) {
    my $wrong = $self->wrong_headers($asked,
        'content-type'         => 'application/x-amz-json-1.1',
        'x-amz-date'           => qr/^\d{8}T\d{6}Z\z/,
        'x-amz-security-token' => $self->{role}{token},
        'x-amz-target'         => 'secretsmanager.GetSecretValue',
        'authorization'        => qr/^AWS4-HMAC-SHA256 /)
        || $self->_wrong_signature($asked, 'secretsmanager', $self->{role},
            'content-type;host;x-amz-date;x-amz-security-token;x-amz-target');
    return $self->_json_error(400, 'InvalidSignatureException', $wrong)
        if $wrong;

    my $body = eval { decode_json($asked->{body}) } // {};
    return $self->_json_error(400, 'ValidationException')
        if join(' ', keys %$body) ne 'SecretId';

    my $secret = $self->{secrets}{ $body->{SecretId} }
        // return $self->_json_error(400, 'ResourceNotFoundException');

    return (200, 'application/x-amz-json-1.1', ($self->json(200, {
        ARN  => "arn:aws:secretsmanager:$self->{region}:123456789012:secret:x",
        Name => $body->{SecretId}, CreatedDate => 1523477145.713,
        VersionId => 'EXAMPLE1-90ab-cdef-fedc-ba987SECRET1',
        VersionStages => ['AWSCURRENT'],
        ref $secret ? %$secret : (SecretString => $secret),
    }))[2]);
}


# What is wrong with it, or nothing.
sub _wrong_signature ($self, $asked, $service, $by, $signed) {
    my $have = $asked->{headers};
    my $date = $have->{'x-amz-date'};
    my $day  = substr $date, 0, 8;
    my @t    = $date =~ /^(....)(..)(..)T(..)(..)(..)Z/;

    return "the date is $date" if $t[1] < 1 || $t[1] > 12
        || abs(timegm(@t[5, 4, 3, 2], $t[1] - 1, $t[0]) - time) > $CLOCK;

    my $scope = "$day/$self->{region}/$service/aws4_request";
    my $canonical = join "\n", $asked->{method}, $asked->{path}, '',
        (map {"$_:$have->{$_}"} split /;/, $signed), '', $signed,
        sha256_hex($asked->{body});
    my $text = join "\n", 'AWS4-HMAC-SHA256', $date, $scope,
        sha256_hex($canonical);

    my $key = "AWS4$by->{secret_access_key}";
    $key = hmac_sha256($_, $key)
        for $day, $self->{region}, $service, 'aws4_request';

    my $want = "AWS4-HMAC-SHA256 Credential=$by->{access_key_id}/$scope, "
        . "SignedHeaders=$signed, Signature=" . hmac_sha256_hex($text, $key);

    return $have->{authorization} eq $want ? '' : 'the signature';
}


sub _json_error ($self, $status, $type, $text = '') {
    return ($status, 'application/x-amz-json-1.1',
        ($self->json(200, { __type => $type, message => $text }))[2]);
}


sub _xml_error ($self, $status, $code, $text) {
    return ($status, 'text/xml', <<"END");
<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error><Type>Sender</Type><Code>$code</Code><Message>$text</Message></Error>
</ErrorResponse>
END
}


1;

__END__

=head1 NAME

CredHubTest::Aws - a small AWS: STS and Secrets Manager

=head1 DESCRIPTION

See L<CredHubTest::Manager>. STS is at the path F</sts/>, Secrets Manager at F</>.
C<secrets>: id =E<gt> its text, or a hash of what is answered in place of
C<SecretString>. More options, with defaults: C<role_arn>, C<external_id> (none),
C<region>, C<access_key_id>, C<secret_access_key>, C<role> (the keys that
AssumeRole gives: C<access_key_id>, C<secret_access_key>, C<token>).

A signature must be right for exactly the headers that are expected, and its
date within five minutes.

=cut
