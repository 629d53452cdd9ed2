
/* Templates: what is kept of a body, what is refused, and their patterns. */

#include "unit_template.h"
#include "credhub_ssh_pattern.h"


#define ACCESS(member)      "{'AccessControl':{" member "}}"
#define CERTIFICATE(member) "{'Certificate':{" member "}}"


static void
refused(const char *body, const char *member)
{
    credhub_str_t kept, detail;

    assert_int_equal(
        unit_template_try(body, &kept, &detail), CREDHUB_E_SSH_FIELD);
    unit_assert_str(detail, member);
}


static void
test_presets(void **state)
{
    credhub_buf_t buf;
    credhub_str_t kept;

    kept = unit_template("{'Name':'x','Unknown':{'a':[1]},'Type':null,"
                         "'AccessControl':null}");

    assert_true(credhub_str_eq(
        kept, unit_quoted(
                  "{'AccessControl':{'AllowedCertificateIdentifierPatterns':[],"
                  "'AllowedExtensions':[],'AllowedForceCommandPatterns':[],"
                  "'AllowedPrincipalsPatterns':[],'AllowedSourceAddresses':[],"
                  "'DefaultCertificateIdentifier':'','DefaultExtensions':[],"
                  "'DefaultForceCommand':'','DefaultPrincipals':[],"
                  "'DefaultSourceAddresses':[]},"
                  "'APIClient':{'AllowedToRequestCertificateIdentifier':true,"
                  "'AllowedToRequestExtensions':true,"
                  "'AllowedToRequestForceCommand':true,"
                  "'AllowedToRequestPrincipals':true,"
                  "'AllowedToRequestSourceAddresses':true},"
                  "'Certificate':{'AllowedPrivateKeyAlgorithms':[],"
                  "'AllowedPrivateKeyReuse':false,"
                  "'CertificateDestinationDN':'\\\\VED\\\\Policy',"
                  "'DefaultPrivateKeyAlgorithm':'ED25519',"
                  "'MaximumValidityPeriod':'3650d','Type':'client',"
                  "'ValidityPeriod':'8h'},'Approval':{'Required':false}}")));

    assert_false(credhub_ssh_template_host(kept));
    assert_false(credhub_ssh_template_approval(kept));
    assert_false(credhub_ssh_template_reuse(kept));
    unit_assert_str(
        credhub_ssh_template_destination(unit_arena, kept), "\\VED\\Policy");

    /* shown as it is, without what is inside only */

    credhub_buf_init(&buf, unit_arena, 64);
    credhub_ssh_template_show(&buf, kept);
    assert_int_equal(
        buf.len, kept.len - strlen("{,\"Approval\":{\"Required\":false}}"));
    assert_memory_equal(buf.data, kept.data + 1, buf.len);
}


static void
test_members(void **state)
{
    credhub_str_t kept;

    kept = unit_template(
        "{'Certificate':{'Type':'HOST','AllowedPrivateKeyReuse':true,"
        "'AllowedPrivateKeyAlgorithms':['ecdsa256','rsa4096'],"
        "'CertificateDestinationDN':'VED\\\\\\\\Policy\\\\\\\\A b',"
        "'ValidityPeriod':'2w'},'ApprovalRequired':true,"
        "'APIClient':{'AllowedToRequestPrincipals':false},"
        "'AccessControl':{'AllowedPrincipalsPatterns':['[a-z]+'],"
        "'DefaultExtensions':['permit-pty','login@github.com=a=b'],"
        "'DefaultPrincipals':['\\u00e9'],'DefaultForceCommand':'/bin/true'}}");

    assert_true(credhub_ssh_template_host(kept));
    assert_true(credhub_ssh_template_approval(kept));
    assert_true(credhub_ssh_template_reuse(kept));
    unit_assert_str(credhub_ssh_template_destination(unit_arena, kept),
        "\\VED\\Policy\\A b");

    assert_true(credhub_str_eq(kept,
        unit_quoted(
            "{'AccessControl':{'AllowedCertificateIdentifierPatterns':[],"
            "'AllowedExtensions':[],'AllowedForceCommandPatterns':[],"
            "'AllowedPrincipalsPatterns':['[a-z]+'],'AllowedSourceAddresses':[]"
            ","
            "'DefaultCertificateIdentifier':'',"
            "'DefaultExtensions':['permit-pty','login@github.com=a=b'],"
            "'DefaultForceCommand':'/bin/"
            "true','DefaultPrincipals':['\xc3\xa9'],"
            "'DefaultSourceAddresses':[]},"
            "'APIClient':{'AllowedToRequestCertificateIdentifier':true,"
            "'AllowedToRequestExtensions':true,"
            "'AllowedToRequestForceCommand':true,"
            "'AllowedToRequestPrincipals':false,"
            "'AllowedToRequestSourceAddresses':true},"
            "'Certificate':{'AllowedPrivateKeyAlgorithms':['P256','RSA4096'],"
            "'AllowedPrivateKeyReuse':true,"
            "'CertificateDestinationDN':'\\\\VED\\\\Policy\\\\A b',"
            "'DefaultPrivateKeyAlgorithm':'P256',"
            "'MaximumValidityPeriod':'3650d','Type':'host',"
            "'ValidityPeriod':'2w'},'Approval':{'Required':true}}")));
}


static void
test_together(void **state)
{
    credhub_str_t kept;

    assert_true(credhub_ssh_template_host(unit_template("{'Type':'host'}")));
    assert_true(credhub_ssh_template_host(
        unit_template("{'Type':'Host','Certificate':{'Type':'host'}}")));
    refused("{'Type':'host','Certificate':{'Type':'client'}}", "Type");

    kept = unit_template(CERTIFICATE("'MaximumValidityPeriod':'1h'"));
    assert_non_null(
        memmem(kept.data, kept.len, "\"ValidityPeriod\":\"1h\"", 21));

    refused(CERTIFICATE("'MaximumValidityPeriod':'1h',"
                        "'ValidityPeriod':'61m'"),
        "ValidityPeriod");
    refused(CERTIFICATE("'AllowedPrivateKeyAlgorithms':['P256'],"
                        "'DefaultPrivateKeyAlgorithm':'ED25519'"),
        "DefaultPrivateKeyAlgorithm");
    refused(ACCESS("'DefaultExtensions':['a=1','b','a']"), "DefaultExtensions");
}


static void
test_types(void **state)
{
    size_t i;

    static const char *const rows[][2] = {
        { "{'Type':1}", "Type" },
        { "{'Type':'user'}", "Type" },
        { "{'ApprovalRequired':'true'}", "ApprovalRequired" },
        { "{'ApprovalRequired':1}", "ApprovalRequired" },
        { "{'AccessControl':[]}", "AccessControl" },
        { "{'APIClient':true}", "APIClient" },
        { "{'Certificate':'x'}", "Certificate" },
        { "{'APIClient':{'AllowedToRequestPrincipals':'false'}}",
            "AllowedToRequestPrincipals" },
        { ACCESS("'DefaultPrincipals':'a'"), "DefaultPrincipals" },
        { ACCESS("'DefaultPrincipals':[1]"), "DefaultPrincipals" },
        { ACCESS("'DefaultPrincipals':[null]"), "DefaultPrincipals" },
        { ACCESS("'DefaultPrincipals':['']"), "DefaultPrincipals" },
        { ACCESS("'DefaultPrincipals':['a b']"), "DefaultPrincipals" },
        { ACCESS("'DefaultPrincipals':['a,b']"), "DefaultPrincipals" },
        { ACCESS("'DefaultPrincipals':['a\\n']"), "DefaultPrincipals" },
        { ACCESS("'DefaultSourceAddresses':['a,b']"),
            "DefaultSourceAddresses" },
        { ACCESS("'AllowedExtensions':['a b']"), "AllowedExtensions" },
        { ACCESS("'AllowedExtensions':['a=b']"), "AllowedExtensions" },
        { ACCESS("'DefaultExtensions':['=b']"), "DefaultExtensions" },
        { ACCESS("'DefaultExtensions':['a=\\u0001']"), "DefaultExtensions" },
        { ACCESS("'DefaultForceCommand':[]"), "DefaultForceCommand" },
        { ACCESS("'DefaultForceCommand':'a\\n'"), "DefaultForceCommand" },
        { ACCESS("'DefaultCertificateIdentifier':'\\u007f'"),
            "DefaultCertificateIdentifier" },
        { ACCESS("'AllowedPrincipalsPatterns':['(']"),
            "AllowedPrincipalsPatterns" },
        { ACCESS("'AllowedForceCommandPatterns':['a','[']"),
            "AllowedForceCommandPatterns" },
        { ACCESS("'AllowedCertificateIdentifierPatterns':['*']"),
            "AllowedCertificateIdentifierPatterns" },
        { CERTIFICATE("'AllowedPrivateKeyAlgorithms':['DSA']"),
            "AllowedPrivateKeyAlgorithms" },
        { CERTIFICATE("'DefaultPrivateKeyAlgorithm':'RSA1024'"),
            "DefaultPrivateKeyAlgorithm" },
        { CERTIFICATE("'CertificateDestinationDN':'\\\\VED\\\\Policy\\\\..'"),
            "CertificateDestinationDN" },
        { CERTIFICATE("'CertificateDestinationDN':'\\\\VED\\\\Other'"),
            "CertificateDestinationDN" },
        { CERTIFICATE("'ValidityPeriod':0"), "ValidityPeriod" },
        { CERTIFICATE("'ValidityPeriod':'0h'"), "ValidityPeriod" },
        { CERTIFICATE("'MaximumValidityPeriod':'3651d'"),
            "MaximumValidityPeriod" },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        refused(rows[i][0], rows[i][1]);
    }
}


static void
test_no_json(void **state)
{
    size_t        i;
    credhub_str_t kept, detail;

    static const char *const rows[] = { "", "{", "[]", "'x'", "null",
        "{'Type':'host','Type':'host'}", "{'Type':'\\u0000'}" };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            unit_template_try(rows[i], &kept, &detail), CREDHUB_E_BAD_REQUEST);
    }
}


/* A list with so many elements of so many bytes. */

static credhub_error_e
listed(size_t n, size_t len, credhub_str_t *detail)
{
    size_t        i;
    credhub_buf_t buf;
    credhub_str_t kept;

    credhub_buf_init(&buf, unit_arena, n * (len + 3) + 64);
    credhub_buf_lit(&buf, "{\"AccessControl\":{\"DefaultPrincipals\":[");

    for (i = 0; i < n; i++) {
        credhub_buf_printf(&buf, "%s\"%0*u\"", i == 0 ? "" : ",", (int) len, 1);
    }

    credhub_buf_lit(&buf, "]}}");

    return credhub_ssh_template(
        unit_arena, credhub_buf_str(&buf), &kept, detail);
}


static void
test_limits(void **state)
{
    credhub_str_t detail;

    assert_int_equal(listed(CREDHUB_SSH_LIST_MAX, 1, &detail), CREDHUB_OK);
    assert_int_equal(
        listed(CREDHUB_SSH_LIST_MAX + 1, 1, &detail), CREDHUB_E_SSH_FIELD);
    unit_assert_str(detail, "DefaultPrincipals");

    assert_int_equal(listed(1, CREDHUB_SSH_TEXT_MAX, &detail), CREDHUB_OK);
    assert_int_equal(
        listed(1, CREDHUB_SSH_TEXT_MAX + 1, &detail), CREDHUB_E_SSH_FIELD);
    assert_int_equal(
        listed(1, 7 * CREDHUB_SSH_TEXT_MAX, &detail), CREDHUB_E_SSH_FIELD);
}


static credhub_error_e
match(const char *pattern, const char *value)
{
    credhub_str_t      p, v, got;
    credhub_error_e    error;
    credhub_ssh_list_t patterns = { &p, 1 }, values = { &v, 1 };

    p = unit_str(pattern);
    v = unit_exact(value, strlen(value));
    error = credhub_ssh_patterns_match(unit_arena, &patterns, &values, &got);
    free(v.data);

    return error;
}


static void
test_patterns(void **state)
{
    size_t i;

    static const struct {
        const char *pattern;
        const char *value;
        int         matches;
    } rows[] = {
        { "alice", "alice", 1 },
        { "alice", "alice2", 0 },
        { "alice", "malice", 0 },
        { "alice", "Alice", 0 },
        { "a|ab", "ab", 1 },
        { "a|b", "ab", 0 },
        { "a$", "a\n", 0 },
        { "^a$|^b$", "b", 1 },
        { "(?m)^a$", "a\nb", 0 },
        { "a(*ACCEPT)b", "ax", 0 },
        { ".*", "", 1 },
        { ".", "\xc3\xa9", 0 },
        { "..", "\xc3\xa9", 1 },
        { "(a)\\1", "aa", 1 },
        { "[a-z]+-[0-9]{1,3}", "web-12", 1 },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(match(rows[i].pattern, rows[i].value),
            rows[i].matches ? CREDHUB_OK : CREDHUB_E_SSH_POLICY);
    }
}


/* Each value needs one pattern; the first without one is named. */

static void
test_pattern_lists(void **state)
{
    credhub_str_t      got;
    credhub_str_t      p[] = { credhub_string("a+"), credhub_string("b+") };
    credhub_str_t      v[] = { credhub_string("bb"), credhub_string("a"),
             credhub_string("c"), credhub_string("d") };
    credhub_ssh_list_t patterns = { p, 2 }, values = { v, 2 };

    assert_int_equal(
        credhub_ssh_patterns_match(unit_arena, &patterns, &values, &got),
        CREDHUB_OK);

    values.n = 4;
    assert_int_equal(
        credhub_ssh_patterns_match(unit_arena, &patterns, &values, &got),
        CREDHUB_E_SSH_POLICY);
    unit_assert_str(got, "c");

    patterns.n = 0;
    assert_int_equal(
        credhub_ssh_patterns_match(unit_arena, &patterns, &values, &got),
        CREDHUB_OK);
}


/* What would take years ends, and is no match: each of these has a second
 * alternative that does match, but is never come to. */

static void
test_pattern_cost(void **state)
{
    char value[CREDHUB_SSH_TEXT_MAX + 1];

    memset(value, 'a', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';

    assert_int_equal(match("(a+)+", value), CREDHUB_OK);
    assert_int_equal(match("a*", value), CREDHUB_OK);
    assert_int_equal(match("(a*)*[bx]|a*", value), CREDHUB_E_SSH_POLICY);
    assert_int_equal(match("(a|aa)+[bx]|a*", value), CREDHUB_E_SSH_POLICY);
    assert_int_equal(match(".*.*.*[bx]|a*", value), CREDHUB_E_SSH_POLICY);
    assert_int_equal(match("(a(?1)?)+[bx]|a*", value), CREDHUB_E_SSH_POLICY);

    /* some 500,000 steps, which PCRE2 alone would take */
    assert_int_equal(match(".*.*[bx]|a*", value), CREDHUB_E_SSH_POLICY);

    /* the same without the cost */
    assert_int_equal(match("a[bx]|a*", value), CREDHUB_OK);
}


static void
test_pattern_size(void **state)
{
    size_t i;
    char   nested[CREDHUB_SSH_TEXT_MAX];

    static const char *const rows[] = { "(?:(?:ab|cd){500}){500}",
        "(?:abcdefghij){1500}", "(?:abcdefghij){4000}", "(*UTF)a", "(*UCP)a",
        "\\C", "(?<=a+)b" };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        credhub_str_t      p = unit_str(rows[i]);
        credhub_ssh_list_t patterns = { &p, 1 };

        assert_int_equal(
            credhub_ssh_patterns_valid(&patterns), CREDHUB_E_SSH_FIELD);
    }

    for (i = 0; i < 2; i++) {
        size_t             n = CREDHUB_SSH_PATTERN_NEST + i;
        credhub_str_t      p;
        credhub_ssh_list_t patterns = { &p, 1 };

        memset(nested, '(', n);
        nested[n] = 'a';
        memset(nested + n + 1, ')', n);

        p.data = (u_char *) nested;
        p.len = 2 * n + 1;

        assert_int_equal(credhub_ssh_patterns_valid(&patterns),
            i == 0 ? CREDHUB_OK : CREDHUB_E_SSH_FIELD);
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_presets),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_together),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_no_json),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_pattern_lists),
        cmocka_unit_test(test_pattern_cost),
        cmocka_unit_test(test_pattern_size),
    };

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
