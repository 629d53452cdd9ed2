
/* Requests for SSH certificates: the shape of the body, then what a template
 * makes of it. */

#include "unit_template.h"
#include "credhub_ssh_fields.h"


#define P256_BLOB                                                              \
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBGsX0fLhLEJH+"        \
    "Lzm5WOkQ"                                                                 \
    "PJ3A32BLeszoPShOUXYmMKWT+NC4v4af5uO5+tKfA+eFivOM1drMV7Oy7ZAaDe/UfU="

#define ED25519_LINE                                                           \
    "ssh-ed25519 "                                                             \
    "AAAAC3NzaC1lZDI1NTE5AAAAIGa3aV8T4BiJHraILsURsyXEiq1mKYPJxYgJZrVuMi8L "    \
    "a comment"


static credhub_error_e
parse(const char *body, credhub_ssh_request_t *request, credhub_str_t *detail)
{
    credhub_str_t   text, exact;
    credhub_error_e error;

    text = unit_quoted(body);
    exact = unit_exact((char *) text.data, text.len);
    *detail = credhub_null_str;
    error = credhub_ssh_request_parse(unit_arena, exact, request, detail);
    free(exact.data);

    return error;
}


/* Both passes. */

static credhub_error_e
apply(const char *template, const char *body, credhub_ssh_request_t *request,
    credhub_str_t *detail)
{
    assert_int_equal(parse(body, request, detail), CREDHUB_OK);

    return credhub_ssh_request_apply(
        unit_arena, unit_template(template), request, detail);
}


static void
accepted(const char *template, const char *body, credhub_ssh_request_t *request)
{
    credhub_str_t detail;

    assert_int_equal(apply(template, body, request, &detail), CREDHUB_OK);
}


static void
refused(const char *template, const char *body, const char *why)
{
    credhub_str_t         detail;
    credhub_ssh_request_t request;

    assert_int_equal(
        apply(template, body, &request, &detail), CREDHUB_E_SSH_POLICY);
    unit_assert_str(detail, why);
}


static void
test_members(void **state)
{
    credhub_str_t                    detail;
    credhub_ssh_request_t            request;
    const credhub_ssh_certificate_t *certificate = &request.certificate;

    assert_int_equal(
        parse("{'CADN':'\\\\VED\\\\Certificate Authority\\\\SSH\\\\Templates"
              "\\\\t 1','PolicyDN':'VED\\\\Policy\\\\a','ObjectName':'o 1',"
              "'KeyId':'k','Principals':['a','b'],'ValidityPeriod':'4h',"
              "'PublicKeyData':'" ED25519_LINE "\\n',"
              "'DestinationAddress':'h1','DestinationAddresses':['h2','h3'],"
              "'SourceAddresses':['test.com','10.0.0.0/8'],"
              "'Extensions':{'permit-pty':'','login@github.com':'alice'},"
              "'ForceCommand':'/bin/true','Origin':'me','Other':[{}],"
              "'IncludePrivateKeyData':true,'IncludeCertificateDetails':true,"
              "'PrivateKeyPassphrase':'p\\nq','ProcessingTimeout':'10'}",
            &request, &detail),
        CREDHUB_OK);

    unit_assert_str(
        request.dn, "\\VED\\Certificate Authority\\SSH\\Templates\\t 1");
    unit_assert_str(request.policy, "\\VED\\Policy\\a");
    unit_assert_str(request.object, "o 1");
    assert_true(request.named);
    unit_assert_str(certificate->key_id, "k");
    assert_int_equal(certificate->principals.n, 2);
    unit_assert_str(certificate->principals.items[0], "a");
    unit_assert_str(certificate->principals.items[1], "b");
    assert_int_equal(request.validity, 14400);
    unit_assert_str(request.line, ED25519_LINE "\n");
    assert_int_equal(request.key.type, CREDHUB_SSH_ED25519);
    assert_int_equal(request.key.blob.len, 51);
    unit_assert_str(request.key.comment, "a comment");
    unit_assert_str(request.destination, "h1,h2,h3");
    assert_int_equal(certificate->sources.n, 2);
    unit_assert_str(certificate->sources.items[0], "test.com");
    unit_assert_str(certificate->sources.items[1], "10.0.0.0/8");
    assert_int_equal(certificate->nextensions, 2);
    unit_assert_str(certificate->extensions[0].name, "permit-pty");
    unit_assert_str(certificate->extensions[0].value, "");
    unit_assert_str(certificate->extensions[1].name, "login@github.com");
    unit_assert_str(certificate->extensions[1].value, "alice");
    unit_assert_str(certificate->force_command, "/bin/true");
    unit_assert_str(request.origin, "me");
    assert_true(request.include_key);
    assert_true(request.include_details);
    unit_assert_str(request.passphrase, "p\nq");
}


/* Every member that is null, and what clients send for "not this one". */

static void
test_absent(void **state)
{
    size_t                i;
    credhub_str_t         detail;
    credhub_ssh_request_t request;

    static const char *const rows[] = { "{}",
        "{'CADN':null,'PolicyDN':null,'ObjectName':null,'KeyId':null,"
        "'Principals':null,'ValidityPeriod':null,'PublicKeyData':null,"
        "'DestinationAddress':null,'DestinationAddresses':null,"
        "'SourceAddresses':null,'Extensions':null,'ForceCommand':null,"
        "'Origin':null,'IncludePrivateKeyData':null,"
        "'IncludeCertificateDetails':null,'PrivateKeyPassphrase':null,"
        "'ProcessingTimeout':null}",
        "{'CADN':'','PolicyDN':'','ObjectName':'','KeyId':'',"
        "'Principals':[],'ValidityPeriod':'','PublicKeyData':'',"
        "'DestinationAddress':'','DestinationAddresses':[],"
        "'SourceAddresses':[],'Extensions':{'permit-pty':null},"
        "'ForceCommand':'','Origin':'','PrivateKeyPassphrase':'',"
        "'ProcessingTimeout':''}" };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(parse(rows[i], &request, &detail), CREDHUB_OK);

        assert_int_equal(request.dn.len, 0);
        assert_int_equal(request.policy.len, 0);
        assert_int_equal(request.object.len, 0);
        assert_false(request.named);
        assert_int_equal(request.certificate.key_id.len, 0);
        assert_int_equal(request.certificate.principals.n, 0);
        assert_int_equal(request.validity, 0);
        assert_int_equal(request.line.len, 0);
        assert_int_equal(request.key.blob.len, 0);
        assert_int_equal(request.destination.len, 0);
        assert_int_equal(request.certificate.sources.n, 0);
        assert_int_equal(request.certificate.nextensions, 0);
        assert_null(request.certificate.force_command.data);
        assert_int_equal(request.origin.len, 0);
        assert_int_equal(request.passphrase.len, 0);
        assert_false(request.include_key);
        assert_false(request.include_details);
    }
}


static void
test_names(void **state)
{
    size_t                i;
    credhub_str_t         detail;
    credhub_ssh_request_t request;

    static const char *const forged[] = { "{'CADN':'..'}", "{'CADN':'a/b'}",
        "{'CADN':'\\\\VED\\\\..\\\\a'}", "{'CADN':' a'}", "{'CADN':'a\\n'}",
        "{'PolicyDN':'\\\\VED\\\\Policy\\\\..\\\\Certificate Authority'}",
        "{'PolicyDN':'\\\\VED\\\\Certificate Authority'}",
        "{'PolicyDN':'\\\\VED/Policy'}", "{'PolicyDN':'/VED/Policy'}",
        "{'PolicyDN':'\\\\VED\\\\Policy\\\\\\\\\\\\a'}", "{'ObjectName':'..'}",
        "{'ObjectName':'a\\\\b'}", "{'ObjectName':'a/b'}",
        "{'ObjectName':'a '}", "{'ObjectName':'\\\\'}",
        "{'ObjectName':'\\u00e9'}" };

    assert_int_equal(
        parse("{'CADN':'DB Admins'}", &request, &detail), CREDHUB_OK);
    unit_assert_str(request.dn, CREDHUB_SSH_TEMPLATES "\\DB Admins");

    for (i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
        assert_int_equal(parse(forged[i], &request, &detail), CREDHUB_E_SSH_DN);
    }
}


static void
test_wrong(void **state)
{
    size_t                i;
    credhub_str_t         detail;
    credhub_ssh_request_t request;

    static const char *const rows[][2] = {
        { "{'CADN':1}", "CADN" },
        { "{'PolicyDN':{}}", "PolicyDN" },
        { "{'ObjectName':[]}", "ObjectName" },
        { "{'KeyId':true}", "KeyId" },
        { "{'KeyId':'a\\u0007'}", "KeyId" },
        { "{'Principals':'alice'}", "Principals" },
        { "{'Principals':{}}", "Principals" },
        { "{'Principals':['a',2]}", "Principals" },
        { "{'Principals':['a',null]}", "Principals" },
        { "{'Principals':['']}", "Principals" },
        { "{'Principals':['a,b']}", "Principals" },
        { "{'Principals':['a b']}", "Principals" },
        { "{'Principals':['a\\nb']}", "Principals" },
        { "{'Principals':['a\\tb']}", "Principals" },
        { "{'ValidityPeriod':3600}", "ValidityPeriod" },
        { "{'ValidityPeriod':'0'}", "ValidityPeriod" },
        { "{'ValidityPeriod':'-1h'}", "ValidityPeriod" },
        { "{'ValidityPeriod':'1y'}", "ValidityPeriod" },
        { "{'PublicKeyData':[]}", "PublicKeyData" },
        { "{'DestinationAddress':['h']}", "DestinationAddress" },
        { "{'DestinationAddresses':'h'}", "DestinationAddresses" },
        { "{'DestinationAddresses':['h\\n']}", "DestinationAddresses" },
        { "{'SourceAddresses':'10.0.0.1'}", "SourceAddresses" },
        { "{'SourceAddresses':['10.0.0.1,10.0.0.2']}", "SourceAddresses" },
        { "{'SourceAddresses':['']}", "SourceAddresses" },
        { "{'Extensions':['permit-pty']}", "Extensions" },
        { "{'Extensions':{'permit-pty':true}}", "Extensions" },
        { "{'Extensions':{'':''}}", "Extensions" },
        { "{'Extensions':{'permit pty':''}}", "Extensions" },
        { "{'Extensions':{'a\\n':''}}", "Extensions" },
        { "{'Extensions':{'a/b':''}}", "Extensions" },
        { "{'Extensions':{'a':'b\\u0001'}}", "Extensions" },
        { "{'ForceCommand':1}", "ForceCommand" },
        { "{'ForceCommand':'a\\nb'}", "ForceCommand" },
        { "{'Origin':{}}", "Origin" },
        { "{'IncludePrivateKeyData':'true'}", "IncludePrivateKeyData" },
        { "{'IncludeCertificateDetails':1}", "IncludeCertificateDetails" },
        { "{'PrivateKeyPassphrase':5}", "PrivateKeyPassphrase" },
        { "{'ProcessingTimeout':[]}", "ProcessingTimeout" },
        { "{'ProcessingTimeout':true}", "ProcessingTimeout" },
    };

    static const char *const no_json[] = { "", "{", "[]", "'x'",
        "{'KeyId':'a','KeyId':'b'}", "{'Extensions':{'a\\u0000b':''}}",
        "{'Extensions':{'a':'\\u0000'}}", "{'KeyId':'\xff'}" };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            parse(rows[i][0], &request, &detail), CREDHUB_E_SSH_FIELD);
        unit_assert_str(detail, rows[i][1]);
    }

    for (i = 0; i < sizeof(no_json) / sizeof(no_json[0]); i++) {
        assert_int_equal(
            parse(no_json[i], &request, &detail), CREDHUB_E_BAD_REQUEST);
    }
}


/* A member of so many bytes between two texts. */

static credhub_error_e
sized(const char *head, size_t len, const char *tail, credhub_str_t *detail)
{
    credhub_buf_t         buf;
    credhub_ssh_request_t request;

    credhub_buf_init(&buf, unit_arena, len + 64);
    credhub_buf_printf(&buf, "%s%0*u%s", head, (int) len, 1, tail);

    *detail = credhub_null_str;

    return credhub_ssh_request_parse(unit_arena,
        unit_quoted(
            (char *) credhub_arena_copy(unit_arena, buf.data, buf.len).data),
        &request, detail);
}


static void
test_lengths(void **state)
{
    size_t        i;
    credhub_str_t detail;

    static const struct {
        const char *head;
        size_t      max;
        const char *tail;
        const char *member;
    } rows[] = {
        { "{'KeyId':'", CREDHUB_SSH_KEY_ID_MAX, "'}", "KeyId" },
        { "{'Principals':['", CREDHUB_SSH_TEXT_MAX, "']}", "Principals" },
        { "{'Extensions':{'", CREDHUB_SSH_TEXT_MAX, "':''}}", "Extensions" },
        { "{'Extensions':{'a':'", CREDHUB_SSH_TEXT_MAX, "'}}", "Extensions" },
        { "{'ForceCommand':'", CREDHUB_SSH_TEXT_MAX, "'}", "ForceCommand" },
        { "{'Origin':'", CREDHUB_SSH_TEXT_MAX, "'}", "Origin" },
        { "{'PrivateKeyPassphrase':'", CREDHUB_SSH_PASSPHRASE_MAX, "'}",
            "PrivateKeyPassphrase" },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            sized(rows[i].head, rows[i].max, rows[i].tail, &detail),
            CREDHUB_OK);
        assert_int_equal(
            sized(rows[i].head, rows[i].max + 1, rows[i].tail, &detail),
            CREDHUB_E_SSH_FIELD);
        unit_assert_str(detail, rows[i].member);
    }

    assert_int_equal(
        sized("{'PublicKeyData':'", CREDHUB_SSH_LINE_MAX + 1, "'}", &detail),
        CREDHUB_E_SSH_FIELD);
    unit_assert_str(detail, "PublicKeyData");

    assert_int_equal(sized("{'PrivateKeyPassphrase':'", 10240, "'}", &detail),
        CREDHUB_E_SSH_FIELD);
    unit_assert_str(detail, "PrivateKeyPassphrase");
}


static void
test_counts(void **state)
{
    size_t                i, k;
    credhub_buf_t         buf;
    credhub_str_t         detail;
    credhub_ssh_request_t request;

    for (i = 0; i < 2; i++) {
        credhub_buf_init(&buf, unit_arena, 4096);
        credhub_buf_lit(&buf, "{'Principals':['a'");

        for (k = 1; k < CREDHUB_SSH_PRINCIPALS_MAX + i; k++) {
            credhub_buf_lit(&buf, ",'a'");
        }

        credhub_buf_add(&buf, "]}", 3);

        assert_int_equal(parse((char *) buf.data, &request, &detail),
            i == 0 ? CREDHUB_OK : CREDHUB_E_SSH_FIELD);

        credhub_buf_init(&buf, unit_arena, 4096);
        credhub_buf_lit(&buf, "{'Extensions':{'a':''");

        for (k = 1; k < CREDHUB_SSH_LIST_MAX + i; k++) {
            credhub_buf_printf(&buf, ",'%u':''", (unsigned) k);
        }

        credhub_buf_add(&buf, "}}", 3);

        assert_int_equal(parse((char *) buf.data, &request, &detail),
            i == 0 ? CREDHUB_OK : CREDHUB_E_SSH_FIELD);
    }

    unit_assert_str(detail, "Extensions");
}


static void
test_public_key(void **state)
{
    size_t                i;
    credhub_str_t         detail;
    credhub_ssh_request_t request;

    static const char *const rows[] = { "{'PublicKeyData':'x'}",
        "{'PublicKeyData':'ssh-ed25519 !!!'}",
        "{'PublicKeyData':'ssh-rsa "
        "AAAAC3NzaC1lZDI1NTE5AAAAIGa3aV8T4BiJHraILsURsyXEiq1mKYPJxYgJZrVuMi8L"
        "'}",
        "{'PublicKeyData':'" ED25519_LINE "\\n" ED25519_LINE "'}" };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(parse(rows[i], &request, &detail), CREDHUB_E_SSH_KEY);
        assert_true(detail.len > 10);
    }
}


static void
test_validity(void **state)
{
    size_t  i;
    int64_t seconds;

    static const struct {
        const char *text;
        int64_t     seconds;
    } rows[] = { { "8h", 28800 }, { "30m", 1800 }, { "4d", 345600 },
        { "2w", 1209600 }, { "3600s", 3600 }, { "3600", 3600 }, { "1", 1 },
        { "3650d", CREDHUB_SSH_VALIDITY_MAX }, { "007s", 7 } };

    static const char *const bad[] = { "", "0", "0h", "h", "-1h", "+1h", "1.5h",
        "1H", "1y", "1hh", "1 h", " 1h", "1h ", "3651d", "522w", "315360001",
        "18446744073709551617", "9223372036854775807h",
        "99999999999999999999999999d", "0x10", "1e3" };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            credhub_ssh_validity(unit_str(rows[i].text), &seconds), 0);
        assert_int_equal(seconds, rows[i].seconds);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(credhub_ssh_validity(unit_str(bad[i]), &seconds), -1);
    }
}


static void
test_permissive(void **state)
{
    credhub_ssh_request_t request;

    accepted("{}", "{'Principals':['alice','bob']}", &request);

    assert_false(request.certificate.host);
    assert_int_equal(request.certificate.principals.n, 2);
    unit_assert_str(request.certificate.key_id, "alice");
    unit_assert_str(request.object, "alice");
    unit_assert_str(request.policy, "\\VED\\Policy");
    assert_int_equal(request.validity, 28800);
    assert_int_equal(request.certificate.nextensions, 0);
    assert_null(request.certificate.force_command.data);
    assert_int_equal(request.certificate.sources.n, 0);
    assert_int_equal(request.algorithm.type, CREDHUB_SSH_ED25519);

    accepted("{}",
        "{'Principals':['a'],'KeyId':'k/1','ValidityPeriod':'1w',"
        "'Extensions':{'x':'y'},'ForceCommand':'c','SourceAddresses':['s'],"
        "'PolicyDN':'\\\\VED\\\\Policy\\\\b'}",
        &request);

    unit_assert_str(request.certificate.key_id, "k/1");
    unit_assert_str(request.object, "k_1");
    unit_assert_str(request.policy, "\\VED\\Policy\\b");
    assert_int_equal(request.validity, 604800);
    assert_int_equal(request.certificate.nextensions, 1);
    unit_assert_str(request.certificate.force_command, "c");
    assert_int_equal(request.certificate.sources.n, 1);
}


#define PRESETS                                                                \
    "'DefaultCertificateIdentifier':'id','DefaultExtensions':['permit-pty',"   \
    "'login@github.com=x=y'],'DefaultForceCommand':'cmd',"                     \
    "'DefaultPrincipals':['p','q'],'DefaultSourceAddresses':['10.0.0.1']"

#define REQUEST                                                                \
    "{'KeyId':'mine','Extensions':{'x':'y'},'ForceCommand':'c',"               \
    "'Principals':['me'],'SourceAddresses':['s']}"


static void
presets_given(const credhub_ssh_certificate_t *certificate)
{
    unit_assert_str(certificate->key_id, "id");
    assert_int_equal(certificate->nextensions, 2);
    unit_assert_str(certificate->extensions[0].name, "permit-pty");
    unit_assert_str(certificate->extensions[0].value, "");
    unit_assert_str(certificate->extensions[1].name, "login@github.com");
    unit_assert_str(certificate->extensions[1].value, "x=y");
    unit_assert_str(certificate->force_command, "cmd");
    assert_int_equal(certificate->principals.n, 2);
    unit_assert_str(certificate->principals.items[1], "q");
    assert_int_equal(certificate->sources.n, 1);
    unit_assert_str(certificate->sources.items[0], "10.0.0.1");
}


static void
test_presets(void **state)
{
    credhub_ssh_request_t request;

    /* not asked for */
    accepted("{'AccessControl':{" PRESETS "}}", "{}", &request);
    presets_given(&request.certificate);

    /* asked for, and callers may not; limits do not matter then */
    accepted("{'AccessControl':{" PRESETS
             ",'AllowedPrincipalsPatterns':['x'],'AllowedExtensions':['z'],"
             "'AllowedSourceAddresses':['z'],"
             "'AllowedForceCommandPatterns':['z'],"
             "'AllowedCertificateIdentifierPatterns':['z']},"
             "'APIClient':{'AllowedToRequestCertificateIdentifier':false,"
             "'AllowedToRequestExtensions':false,"
             "'AllowedToRequestForceCommand':false,"
             "'AllowedToRequestPrincipals':false,"
             "'AllowedToRequestSourceAddresses':false}}",
        REQUEST, &request);
    presets_given(&request.certificate);

    /* asked for: none of the presets is left */
    accepted("{'AccessControl':{" PRESETS "}}", REQUEST, &request);
    unit_assert_str(request.certificate.key_id, "mine");
    assert_int_equal(request.certificate.nextensions, 1);
    unit_assert_str(request.certificate.extensions[0].name, "x");
    unit_assert_str(request.certificate.force_command, "c");
    assert_int_equal(request.certificate.principals.n, 1);
    unit_assert_str(request.certificate.principals.items[0], "me");
    unit_assert_str(request.certificate.sources.items[0], "s");
}


static void
test_limits(void **state)
{
    size_t                i;
    credhub_ssh_request_t request;

    static const char template[] =
        "{'AccessControl':{'AllowedCertificateIdentifierPatterns':['id-.*','a'"
        "],'AllowedExtensions':['permit-pty'],"
        "'AllowedForceCommandPatterns':['/bin/[a-z]+'],"
        "'AllowedPrincipalsPatterns':['a','b.*'],"
        "'AllowedSourceAddresses':['10.0.0.1']},"
        "'Certificate':{'MaximumValidityPeriod':'1d'}}";

    static const char *const rows[][2] = {
        { "{'Principals':['a','c']}",
            "The principal 'c' is not allowed by the template." },
        { "{'Principals':['ax']}",
            "The principal 'ax' is not allowed by the template." },
        { "{'Principals':['a'],'KeyId':'x'}",
            "The key id 'x' is not allowed by the template." },
        { "{'Principals':['b1']}",
            "The key id 'b1' is not allowed by the template." },
        { "{'Principals':['a'],'Extensions':{'permit-pty':'','x':''}}",
            "The extension 'x' is not allowed by the template." },
        { "{'Principals':['a'],'Extensions':{'Permit-pty':''}}",
            "The extension 'Permit-pty' is not allowed by the template." },
        { "{'Principals':['a'],'ForceCommand':'/bin/sh -i'}",
            "The forced command '/bin/sh -i' is not allowed by the template." },
        { "{'Principals':['a'],'SourceAddresses':['10.0.0.1','*']}",
            "The source address '*' is not allowed by the template." },
        { "{'Principals':['a'],'ValidityPeriod':'25h'}",
            "The validity is longer than the template allows." },
        { "{}", "Neither the request nor the template has a principal." },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        refused(template, rows[i][0], rows[i][1]);
    }

    accepted(template,
        "{'Principals':['a','bb'],'KeyId':'id-1','ValidityPeriod':'24h',"
        "'Extensions':{'permit-pty':''},'ForceCommand':'/bin/true',"
        "'SourceAddresses':['10.0.0.1']}",
        &request);
    assert_int_equal(request.validity, 86400);

    refused("{'APIClient':{'AllowedToRequestPrincipals':false}}",
        "{'Principals':['a']}",
        "Neither the request nor the template has a principal.");
}


static void
test_host(void **state)
{
    credhub_ssh_request_t request;

    accepted("{'Type':'host','AccessControl':{" PRESETS "}}",
        "{'Principals':['h.example']}", &request);
    assert_true(request.certificate.host);
    assert_int_equal(request.certificate.nextensions, 0);
    assert_null(request.certificate.force_command.data);

    refused("{'Type':'host'}", "{'Principals':['h'],'Extensions':{'a':''}}",
        "A certificate of a host has no extensions.");
    refused("{'Type':'host'}", "{'Principals':['h'],'ForceCommand':'a'}",
        "A certificate of a host has no forced command.");
}


static void
test_keys(void **state)
{
    credhub_ssh_request_t request;

    accepted("{'Certificate':{'DefaultPrivateKeyAlgorithm':'rsa3072'}}",
        "{'Principals':['a']}", &request);
    assert_int_equal(request.algorithm.type, CREDHUB_SSH_RSA);
    assert_int_equal(request.algorithm.bits, 3072);

    accepted("{'Certificate':{'AllowedPrivateKeyAlgorithms':['ED25519']}}",
        "{'Principals':['a'],'PublicKeyData':'" ED25519_LINE "'}", &request);
    assert_int_equal(request.algorithm.type, CREDHUB_SSH_ED25519);

    refused("{'Certificate':{'AllowedPrivateKeyAlgorithms':['ED25519']}}",
        "{'Principals':['a'],'PublicKeyData':'ecdsa-sha2-nistp256 " P256_BLOB
        "'}",
        "The template does not allow keys of this kind.");
}


/* What a client has sent is cut between its characters. */

static void
test_quoted(void **state)
{
    size_t                i;
    credhub_buf_t         body, want;
    credhub_str_t         detail;
    credhub_ssh_request_t request;

    credhub_buf_init(&body, unit_arena, 1024);
    credhub_buf_init(&want, unit_arena, 1024);
    credhub_buf_lit(&body, "{'Principals':['a");
    credhub_buf_lit(&want, "The principal 'a");

    for (i = 0; i < 150; i++) {
        credhub_buf_lit(&body, "\xc3\xa9");

        if (i < 99) {
            credhub_buf_lit(&want, "\xc3\xa9");
        }
    }

    credhub_buf_add(&body, "']}", 4);
    credhub_buf_lit(&want, "' is not allowed by the template.");

    assert_int_equal(
        apply("{'AccessControl':{'AllowedPrincipalsPatterns':['x']}}",
            (char *) body.data, &request, &detail),
        CREDHUB_E_SSH_POLICY);
    assert_true(credhub_str_eq(detail, credhub_buf_str(&want)));
}


/* The name of the object has to have room behind its folder. */

static void
test_place(void **state)
{
    credhub_buf_t         buf;
    credhub_str_t         detail;
    credhub_ssh_request_t request;

    credhub_buf_init(&buf, unit_arena, 1024);
    credhub_buf_printf(&buf,
        "{'PolicyDN':'\\\\VED\\\\Policy\\\\%0200u\\\\%0200u','KeyId':'%0150u',"
        "'Principals':['a'],'ObjectName':null}",
        1, 2, 3);
    credhub_buf_add(&buf, "", 1);

    assert_int_equal(
        apply("{}", (char *) buf.data, &request, &detail), CREDHUB_E_SSH_DN);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_public_key),
        cmocka_unit_test(test_validity),
        cmocka_unit_test(test_permissive),
        cmocka_unit_test(test_presets),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_host),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_quoted),
        cmocka_unit_test(test_place),
    };

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
