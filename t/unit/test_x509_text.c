
/* Names and public keys as Java prints them; what is expected of the first rows
 * is what a Java virtual machine has printed. */

#include "unit_made.h"
#include "unit_certificates.h"
#include "credhub_text.h"
#include "credhub_x509_text.h"

#include <openssl/pem.h>


typedef struct {
    const char *hex;
    const char *text;
} row_t;


static credhub_str_t
bytes_of(const char *hex)
{
    size_t        i;
    credhub_str_t bytes;

    bytes.len = strlen(hex) / 2;
    bytes.data = credhub_arena_bytes(unit_arena, bytes.len + 1);

    for (i = 0; i < bytes.len; i++) {
        bytes.data[i] = (u_char) (credhub_hex_digit((u_char) hex[2 * i]) << 4
                                  | credhub_hex_digit((u_char) hex[2 * i + 1]));
    }

    return bytes;
}


static int
name_text(credhub_str_t name, credhub_str_t *text)
{
    int           rc;
    credhub_buf_t buf;
    credhub_str_t exact;

    exact = unit_exact((const char *) name.data, name.len);

    credhub_buf_init(&buf, unit_arena, 0);
    rc = credhub_x509_name_text(&buf, exact);
    *text = credhub_buf_str(&buf);

    free(exact.data);

    assert_false(buf.failed);
    assert_int_equal(ERR_peek_error(), 0);

    return rc;
}


static void
assert_name(const char *hex, const char *want)
{
    credhub_str_t text;

    assert_int_equal(name_text(bytes_of(hex), &text), 0);
    unit_assert_str(text, want);
}


static void
test_names(void **state)
{
    size_t i;

    static const row_t rows[] = {
        { "30818a310b30090603550406130255533113301106035504080c0a57617368696e"
          "67746f6e3110300e06035504070c0753656174746c6531223020060355040a0c19"
          "416d617a6f6e205765622053657276696365732c20496e632e3113301106035504"
          "0b0c0a416d617a6f6e20524453311b301906035504030c12416d617a6f6e205244"
          "5320526f6f74204341",
            "CN=Amazon RDS Root CA, OU=Amazon RDS, "
            "O=\"Amazon Web Services, Inc.\", L=Seattle, ST=Washington, C=US" },
        { "3081d531133011060a0992268993f22c64011916036f726731123010060a099226"
          "8993f22c6401191602657831123010060a0992268993f22c6401010c0275313114"
          "301206092a864886f70d01090116056140622e63310b3009060355040c0c024472"
          "310e300c06035504090c055761792031310c300a06035504040c03537572310c30"
          "0a060355042a0c03476976310a3008060355042b0c0149310c300a060355042c0c"
          "03494949310a3008060355042e130171310b300906035504051302313231143008"
          "06035504030c01783008060355040b0c0179",
            "CN=x + OU=y, SERIALNUMBER=12, DNQ=q, GENERATION=III, INITIALS=I, "
            "GIVENNAME=Giv, SURNAME=Sur, STREET=Way 1, T=Dr, "
            "EMAILADDRESS=a@b.c, UID=u1, DC=ex, DC=org" },
        { "3081ca310e300c06035504030c05206c656164310f300d06035504030c06747261"
          "696c203110300e06035504030c0774776f20207370310c300a06035504030c0361"
          "2362310d300b06035504030c04613c623e310c300a06035504030c03613b62310c"
          "300a06035504030c03712275310c300a06035504030c03625c73310d300b060355"
          "04030c04c3bcc3b1310c300a06035504030c03613d62310a300806035504030c01"
          "61310a3008060355041"
          "10c0131310a3008060355040f0c0162310d300b06035504030c045f2a4026",
            "CN=_*@&, OID.2.5.4.15=b, OID.2.5.4.17=1, CN=a, CN=\"a=b\", "
            "CN=\xc3\xbc\xc3\xb1, CN=\"b\\\\s\", CN=\"q\\\"u\", CN=\"a;b\", "
            "CN=\"a<b>\", CN=\"a#b\", CN=\"two  sp\", CN=\"trail \", "
            "CN=\" lead\"" },
        { "3073310e300c06035504030c05706c61696e31133011060b2b0601040182373c02"
          "010313025553310a300806035504290c016e310a300806035504410c0170310a30"
          "0806035504140c01313110300e06092a864886f70d0109020c0178310a30080603"
          "55040d0c0164310a300806035504100c0178",
            "OID.2.5.4.16=x, OID.2.5.4.13=d, OID.1.2.840.113549.1.9.2=x, "
            "OID.2.5.4.20=1, OID.2.5.4.65=p, OID.2.5.4.41=n, "
            "OID.1.3.6.1.4.1.311.60.2.1.3=US, CN=plain" },
        { "3010310e300c060355042d0305000102030a",
            "OID.2.5.4.45=#0305000102030a" },
        { "300f310d300b06035504031e0400e4263a", "CN=\xc3\xa4\xe2\x98\xba" },
        { "300d310b300906035504031402"
          "61e4",
            "CN=a\xc3\xa4" },
        { "300c310a300806035504030201ff", "CN=#0201ff" },
        { "3000", "" },
        { "300b310930070603550403"
          "0c00",
            "CN=" },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_name(rows[i].hex, rows[i].text);
    }
}


/* What could deceive a reader is not shown as it is. */

static void
test_deceiving_names(void **state)
{
    size_t i;

    static const row_t rows[] = {
        /* NUL, newline, escape, DEL */
        { "300f310d300b06035504030c0461006263", "CN=\"a\\00bc\"" },
        { "300f310d300b06035504030c04610a6263", "CN=\"a\\0abc\"" },
        { "300f310d300b06035504030c04611b5b63", "CN=\"a\\1b[c\"" },
        { "300e310c300a06035504030c03617f62", "CN=\"a\\7fb\"" },
        /* a value in quotes of its own */
        { "3018311630140603550403"
          "0c0d2261222c204f3d2262222c2022",
            "CN=\"\\\"a\\\", O=\\\"b\\\", \\\"\"" },
        /* a surrogate alone, and text that is not UTF-8 */
        { "300d310b300906035504031e02d800", "CN=#1e02d800" },
        { "300d310b300906035504030c02ff41", "CN=#0c02ff41" },
        { "300e310c300a06035504031c0300d800", "CN=#1c0300d800" },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_name(rows[i].hex, rows[i].text);
    }
}


static void
test_bad_names(void **state)
{
    size_t        i, len;
    credhub_str_t name, text;

    static const char *const rows[] = { "", "30", "3001", "300100", "3100",
        "300030", "30800000", "3002310", "30023100",
        "30043102"
        "3000",
        "300431020500",
        "300631043002"
        "0603",
        "300b3109300706035504030c",
        "300c310a300806035504030c00"
        "00",
        "300b310930070503550403"
        "0c00",
        "3081023100",
        "300931073005060180"
        "0c00",
        "30083106300406000c00",
        "3082000b310930070603550403"
        "0c00" };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (name_text(bytes_of(rows[i]), &text) != -1) {
            fail_msg("taken: %s", rows[i]);
        }
    }

    /* cut anywhere */

    name = bytes_of("3022310b30090603550403130255533113301106035504080c0a5761"
                    "7368696e67746f6e");

    assert_int_equal(name_text(name, &text), 0);

    for (len = name.len; len-- > 0; /* void */) {
        name.len = len;
        assert_int_equal(name_text(name, &text), -1);
    }
}


/* What is paid for by whoever lists a name is bounded by its length. */

static void
test_long_names(void **state)
{
    size_t        i, count;
    credhub_buf_t buf, pair;
    credhub_str_t text;

    static const char object[] = "\x30\x82\x02\x50\x06\x82\x02\x4a";

    /* the longest object identifier that OpenSSL prints */

    credhub_buf_init(&pair, unit_arena, 0);
    credhub_buf_lit(&pair, "\x30\x82\x02\x58\x31\x82\x02\x54");
    credhub_buf_add(&pair, object, sizeof(object) - 1);

    for (i = 0; i < 0x24a; i++) {
        credhub_buf_lit(&pair, "\x7f");
    }

    credhub_buf_lit(&pair, "\x05\x00");

    assert_int_equal(name_text(credhub_buf_str(&pair), &text), 0);
    assert_int_equal(text.len,
        strlen("OID.2.47") + (0x24a - 1) * strlen(".127") + strlen("=#0500"));

    /* a thousand of the shortest relative names */

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_buf_lit(&buf, "\x30\x82\x2e\xe0");

    for (i = 0; i < 1000; i++) {
        credhub_buf_lit(&buf, "\x31\x0a\x30\x08\x06\x03\x55\x04\x06\x13\x01X");
    }

    assert_int_equal(name_text(credhub_buf_str(&buf), &text), 0);

    for (i = 0, count = 0; i < text.len; i++) {
        count += (text.data[i] == 'X');
    }

    assert_int_equal(count, 1000);
    assert_int_equal(text.len, 1000 * 5 - 2);
}


static credhub_str_t
pem_der(const char *pem)
{
    BIO          *bio;
    X509         *x509;
    credhub_str_t der;

    bio = BIO_new_mem_buf(pem, -1);
    x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);

    der = made_der(x509);
    X509_free(x509);

    return der;
}


static credhub_str_t
key_text(credhub_str_t key)
{
    credhub_buf_t buf;
    credhub_str_t exact;

    exact = unit_exact((const char *) key.data, key.len);

    credhub_buf_init(&buf, unit_arena, 0);
    assert_int_equal(credhub_x509_key_text(&buf, exact), 0);
    assert_false(buf.failed);

    free(exact.data);

    assert_int_equal(ERR_peek_error(), 0);

    return credhub_buf_str(&buf);
}


static void
test_certificates(void **state)
{
    size_t                 i;
    credhub_str_t          name;
    credhub_x509_outline_t outline;

    static const struct {
        const char *pem;
        const char *name;
        const char *key;
    } rows[] = {
        { UNIT_V1_PEM, "CN=v1",
            "Sun RSA public key, 1024 bits\n"
            "  params: null\n"
            "  modulus: 106586393683470265942642176228463088937378022952397289"
            "567524525527091759386721698574780799242044479453874215214317053555"
            "466168858619541325354380820740642907393207523876583546050815676530"
            "124633771539394666660670473978139373015146864246500886051061014106"
            "438851011746050090109439722612699280388221070960605532577\n"
            "  public exponent: 65537" },
        { UNIT_ROOT_PEM, "O=Example, CN=Their root",
            "Sun EC public key, 256 bits\n"
            "  public x coord: "
            "2182540141037198056214680652874162543875042564564"
            "1666432280862552687354169778\n"
            "  public y coord: "
            "9318698863757981165523988738327565993032721177682"
            "1730086725040791770604846395\n"
            "  parameters: secp256r1 [NIST P-256,X9.62 prime256v1] "
            "(1.2.840.10045.3.1.7)" },
        { UNIT_LEAF_PEM, "CN=leaf.example.com, C=DE",
            "Sun EC public key, 384 bits\n"
            "  public x coord: "
            "1979743565946049452254939524286770655768858697921"
            "579464361137112540400495434917189454408908006111231889133805970300"
            "8\n"
            "  public y coord: "
            "2748658256402392321007530949610857547767547493566"
            "380591113463201640153173856060808506506565120687853124305580380649"
            "2\n"
            "  parameters: secp384r1 [NIST P-384] (1.3.132.0.34)" },
        { UNIT_P521_PEM, "CN=P-521",
            "Sun EC public key, 521 bits\n"
            "  public x coord: "
            "6294192157678877877648974170390027383229432373145"
            "496894542325882966336681377687057727213888867836125058460081189445"
            "492527078177651713684491804212354066738499\n"
            "  public y coord: "
            "2855097487082871155405553285838010869409751133588"
            "023042393781520664869283164643176538849270227002988999795077182840"
            "748645032548147266047051591888180895175557\n"
            "  parameters: secp521r1 [NIST P-521] (1.3.132.0.35)" },
        { UNIT_ED25519_PEM, "CN=Ed",
            "Public key of algorithm ED25519\n"
            "  encoded: MCowBQYDK2VwAyEAZrdpXxPgGIketoguxRGzJcSKrWYpg8nFiAlmtW4"
            "yLws=" },
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            credhub_x509_outline(pem_der(rows[i].pem), &outline), 1);
        assert_int_equal(name_text(outline.subject, &name), 0);
        unit_assert_str(name, rows[i].name);
        unit_assert_str(key_text(outline.key), rows[i].key);
    }
}


static credhub_str_t
public_der(EVP_PKEY *key)
{
    int           len;
    credhub_str_t der, copy;

    der.data = NULL;
    len = i2d_PUBKEY(key, &der.data);
    assert_true(len > 0);

    copy = credhub_arena_copy(unit_arena, der.data, (size_t) len);
    OPENSSL_free(der.data);

    return copy;
}


static void
assert_other(credhub_str_t key, const char *algorithm)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_buf_printf(
        &buf, "Public key of algorithm %s\n  encoded: ", algorithm);
    credhub_buf_add_str(&buf, credhub_base64(unit_arena, key, 1));
    credhub_buf_add(&buf, "", 1);

    unit_assert_str(key_text(key), (const char *) buf.data);
}


static void
test_other_keys(void **state)
{
    EVP_PKEY     *key;
    credhub_str_t text, der;

    /* numbers are printed up to a length: it takes its square */

    text = key_text(public_der(made_public_rsa(8192, 17)));
    assert_memory_equal(text.data,
        "Sun RSA public key, 8192 bits\n  params: null\n  modulus: 545",
        strlen(
            "Sun RSA public key, 8192 bits\n  params: null\n  modulus: 545"));
    assert_int_equal(text.len,
        strlen("Sun RSA public key, 8192 bits\n  params: null\n  modulus: ")
            + 2466 + strlen("\n  public exponent: 65537"));

    assert_other(public_der(made_public_rsa(8193, 17)), "rsaEncryption");
    assert_other(public_der(made_public_rsa(500000, 17)), "rsaEncryption");
    assert_other(public_der(made_public_rsa(2048, 9000)), "rsaEncryption");
    assert_other(public_der(made_public_dsa(10000)), "dsaEncryption");
    assert_other(
        public_der(made_keep(EVP_EC_gen("secp256k1"))), "id-ecPublicKey");

    /* points in short, and curves that are spelled out */

    key = made_ec();
    assert_int_equal(
        EVP_PKEY_set_utf8_string_param(key, "point-format", "compressed"), 1);
    assert_other(public_der(key), "id-ecPublicKey");

    key = made_ec();
    assert_int_equal(
        EVP_PKEY_set_utf8_string_param(key, "encoding", "explicit"), 1);
    assert_other(public_der(key), "id-ecPublicKey");

    /* an RSA key that is none: negative, something behind it, nothing in it */

    assert_other(bytes_of("301a300d06092a864886f70d0101010500030900"
                          "3006020180020103"),
        "rsaEncryption");
    assert_other(bytes_of("301c300d06092a864886f70d0101010500030b00"
                          "3008020105020103"
                          "0500"),
        "rsaEncryption");
    assert_other(bytes_of("3014300d06092a864886f70d01010105000303003000"),
        "rsaEncryption");
    assert_other(bytes_of("3012300d06092a864886f70d010101050003"
                          "0100"),
        "rsaEncryption");

    der = bytes_of("300a300506032a0304030100");
    assert_other(der, "1.2.3.4");
}


static void
test_bad_keys(void **state)
{
    size_t        i, len;
    credhub_buf_t buf;
    credhub_str_t der;

    static const char *const rows[] = { "", "3000",
        "300a300506032a03040301"
        "0000",
        "300a310506032a0304030100", "300a300506032a0304040100",
        "3009300506032a03040300",
        "3007300203000301"
        "00",
        "30083003060180030100", "300c300506032a03040301000500" };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        credhub_buf_init(&buf, unit_arena, 0);

        if (credhub_x509_key_text(&buf, bytes_of(rows[i])) != -1) {
            fail_msg("taken: %s", rows[i]);
        }
    }

    der = public_der(made_ec());

    for (len = der.len; len-- > 0; /* void */) {
        der.len = len;
        credhub_buf_init(&buf, unit_arena, 0);
        assert_int_equal(credhub_x509_key_text(&buf, der), -1);
    }
}


static void
test_outline(void **state)
{
    size_t                 len;
    char                   names[20000];
    made_t                 made;
    X509_NAME             *name;
    credhub_str_t          der, more, text;
    credhub_x509_outline_t outline;

    made = make((made_ask_t){ .name = "somebody" });
    der = made.der;

    assert_int_equal(credhub_x509_outline(der, &outline), 1);
    assert_int_equal(name_text(outline.subject, &text), 0);
    unit_assert_str(text, "CN=somebody");
    assert_int_equal(name_text(outline.issuer, &text), 0);
    unit_assert_str(text, "CN=somebody");

    for (len = der.len; len-- > 0; /* void */) {
        der.len = len;
        assert_int_equal(credhub_x509_outline(der, &outline), 0);
    }

    more.len = made.der.len + 1;
    more.data = credhub_arena_alloc(unit_arena, more.len);
    memcpy(more.data, made.der.data, made.der.len);
    assert_int_equal(credhub_x509_outline(more, &outline), 0);

    assert_int_equal(credhub_x509_outline(credhub_null_str, &outline), 0);
    assert_int_equal(
        credhub_x509_outline(unit_str(UNIT_ROOT_PEM), &outline), 0);

    /* names that are too long */

    memset(names, 'a', sizeof(names));

    name = X509_NAME_new();
    assert_int_equal(
        X509_NAME_add_entry_by_OBJ(name,
            OBJ_nid2obj(NID_pkcs9_unstructuredName), V_ASN1_UTF8STRING,
            (u_char *) names, 16384 - 27, -1, 0),
        1);

    assert_int_equal(i2d_X509_NAME(name, NULL), CREDHUB_X509_NAME_MAX);
    assert_int_equal(X509_set_subject_name(made.x509, name), 1);
    assert_true(X509_sign(made.x509, made.key, EVP_sha256()) > 0);

    der = made_der(made.x509);

    assert_int_equal(credhub_x509_outline(der, &outline), 1);
    assert_int_equal(outline.subject.len, CREDHUB_X509_NAME_MAX);

    X509_NAME_free(name);

    name = X509_NAME_new();
    assert_int_equal(
        X509_NAME_add_entry_by_OBJ(name,
            OBJ_nid2obj(NID_pkcs9_unstructuredName), V_ASN1_UTF8STRING,
            (u_char *) names, 16384 - 26, -1, 0),
        1);
    assert_int_equal(X509_set_issuer_name(made.x509, name), 1);
    assert_true(X509_sign(made.x509, made.key, EVP_sha256()) > 0);
    X509_NAME_free(name);

    der = made_der(made.x509);

    assert_int_equal(credhub_x509_outline(der, &outline), 0);
}


static void
test_memory_runs_out(void **state)
{
    int           rc;
    long          i;
    credhub_buf_t buf;
    credhub_str_t name, key;

    unit_need_memory_hooks();

    name = bytes_of("3022310b30090603550403130255533113301106035504080c0a5761"
                    "7368696e67746f6e");
    key = public_der(made_ec());
    rc = -1;

    for (i = 0; rc != 0 && i < 1000; i++) {
        credhub_buf_init(&buf, unit_arena, 0);

        unit_malloc_left = i;

        rc = credhub_x509_name_text(&buf, name);

        if (rc == 0) {
            rc = credhub_x509_key_text(&buf, key);
        }

        unit_malloc_left = -1;

        if (rc == 0 && buf.failed) {
            rc = -1;
        }
    }

    assert_int_equal(rc, 0);
    assert_true(i > 1);
    assert_int_equal(ERR_peek_error(), 0);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_deceiving_names),
        cmocka_unit_test(test_bad_names),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_other_keys),
        cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_outline),
        cmocka_unit_test(test_memory_runs_out),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, made_teardown);
}
