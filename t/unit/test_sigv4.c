
/* Signature Version 4: the examples and test vectors that AWS has published. */

#include "unit.h"
#include "credhub_sigv4.h"

#include <openssl/err.h>


static const char secret[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";


static void
request_init(credhub_sigv4_t *request, const char *method, const char *service)
{
    memset(request, 0, sizeof(credhub_sigv4_t));

    request->method = method;
    request->region = unit_str("us-east-1");
    request->service = unit_str(service);
    request->access_key_id = unit_str("AKIDEXAMPLE");
    request->secret_access_key = unit_str(secret);

    credhub_sigv4_date(1440938160, request->date);
}


static void
request_header(credhub_sigv4_t *request, const char *name, const char *value)
{
    request->headers[request->nheaders].name = name;
    request->headers[request->nheaders++].value = unit_str(value);
}


static credhub_str_t
canonical_of(const credhub_sigv4_t *request)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_sigv4_canonical(&buf, request);
    assert_false(buf.failed);

    return credhub_buf_str(&buf);
}


static credhub_str_t
string_of(const credhub_sigv4_t *request)
{
    credhub_buf_t buf;

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_sigv4_string(&buf, request, canonical_of(request));
    assert_false(buf.failed);

    return credhub_buf_str(&buf);
}


static void
test_date(void **state)
{
    u_char date[CREDHUB_SIGV4_DATE_LEN];

    credhub_sigv4_date(1440938160, date);
    assert_memory_equal(date, "20150830T123600Z", sizeof(date));

    credhub_sigv4_date(0, date);
    assert_memory_equal(date, "19700101T000000Z", sizeof(date));
}


/* ListUsers, the example of the documentation, step by step */

static void
test_list_users(void **state)
{
    u_char            key[CREDHUB_SIGV4_KEY_SIZE];
    credhub_sigv4_t   request;
    static const char canonical[] =
        "GET\n"
        "/\n"
        "Action=ListUsers&Version=2010-05-08\n"
        "content-type:application/x-www-form-urlencoded; charset=utf-8\n"
        "host:iam.amazonaws.com\n"
        "x-amz-date:20150830T123600Z\n"
        "\n"
        "content-type;host;x-amz-date\n"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    static const char string[] =
        "AWS4-HMAC-SHA256\n"
        "20150830T123600Z\n"
        "20150830/us-east-1/iam/aws4_request\n"
        "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
    static const u_char want[] = { 0xc4, 0xaf, 0xb1, 0xcc, 0x57, 0x71, 0xd8,
        0x71, 0x76, 0x3a, 0x39, 0x3e, 0x44, 0xb7, 0x03, 0x57, 0x1b, 0x55, 0xcc,
        0x28, 0x42, 0x4d, 0x1a, 0x5e, 0x86, 0xda, 0x6e, 0xd3, 0xc1, 0x54, 0xa4,
        0xb9 };

    request_init(&request, "GET", "iam");
    request.path = unit_str("/");
    request.query = unit_str("Action=ListUsers&Version=2010-05-08");
    request_header(&request, "content-type",
        "application/x-www-form-urlencoded; charset=utf-8");
    request_header(&request, "host", "iam.amazonaws.com");

    unit_assert_str(canonical_of(&request), canonical);
    unit_assert_str(string_of(&request), string);

    assert_int_equal(credhub_sigv4_key(&request, key), 0);
    assert_memory_equal(key, want, sizeof(key));

    unit_assert_str(credhub_sigv4(unit_arena, &request),
        "AWS4-HMAC-SHA256 "
        "Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature="
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}


/* The test suite: service "service" at example.amazonaws.com */

static void
suite(const char *method, const char *type, const char *body,
    const char *headers, const char *signature)
{
    credhub_buf_t   buf;
    credhub_sigv4_t request;

    request_init(&request, method, "service");
    request.body = unit_str(body);

    if (type != NULL) {
        request_header(&request, "content-type", type);
    }

    request_header(&request, "host", "example.amazonaws.com");

    credhub_buf_init(&buf, unit_arena, 0);
    credhub_buf_printf(&buf,
        "AWS4-HMAC-SHA256 "
        "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=%s, Signature=%s%c",
        headers, signature, '\0');

    unit_assert_str(
        credhub_sigv4(unit_arena, &request), (const char *) buf.data);
}


static void
test_suite(void **state)
{
    suite("GET", NULL, "", "host;x-amz-date",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    suite("POST", NULL, "", "host;x-amz-date",
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
    suite("POST", "application/x-www-form-urlencoded", "Param1=value1",
        "content-type;host;x-amz-date",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
}


/* The date stands in its place between other headers. */

static void
test_header_order(void **state)
{
    credhub_sigv4_t request;

    request_init(&request, "POST", "service");
    request.path = unit_str("/a/b");
    request.body = unit_str("{}");
    request_header(&request, "host", "example.amazonaws.com");
    request_header(&request, "x-amz-security-token", "token");
    request_header(&request, "x-amz-target", "a.B");

    unit_assert_str(canonical_of(&request),
        "POST\n/a/b\n\n"
        "host:example.amazonaws.com\n"
        "x-amz-date:20150830T123600Z\n"
        "x-amz-security-token:token\n"
        "x-amz-target:a.B\n"
        "\n"
        "host;x-amz-date;x-amz-security-token;x-amz-target\n"
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
}


/* Each part counts. */

static void
test_parts(void **state)
{
    size_t          i;
    credhub_str_t   signatures[7];
    credhub_sigv4_t request;

    request_init(&request, "GET", "service");
    request_header(&request, "host", "example.amazonaws.com");

    signatures[0] = credhub_sigv4(unit_arena, &request);
    request.method = "POST";
    signatures[1] = credhub_sigv4(unit_arena, &request);
    request.path = unit_str("/a");
    signatures[2] = credhub_sigv4(unit_arena, &request);
    request.query = unit_str("a=b");
    signatures[3] = credhub_sigv4(unit_arena, &request);
    request.body = unit_str("x");
    signatures[4] = credhub_sigv4(unit_arena, &request);
    request.headers[0].value = unit_str("example.amazonaws.com:8443");
    signatures[5] = credhub_sigv4(unit_arena, &request);
    request.secret_access_key = unit_str("another");
    signatures[6] = credhub_sigv4(unit_arena, &request);

    for (i = 0; i < 7; i++) {
        assert_non_null(signatures[i].data);
        assert_true(
            i == 0 || !credhub_str_eq(signatures[i], signatures[i - 1]));
    }
}


static void
test_long_secret(void **state)
{
    char            text[CREDHUB_SIGV4_SECRET_MAX + 1];
    credhub_sigv4_t request;

    memset(text, 's', sizeof(text));

    request_init(&request, "GET", "service");
    request.secret_access_key.data = (u_char *) text;
    request.secret_access_key.len = CREDHUB_SIGV4_SECRET_MAX;
    assert_non_null(credhub_sigv4(unit_arena, &request).data);

    request.secret_access_key.len++;
    assert_null(credhub_sigv4(unit_arena, &request).data);
}


static void
test_error_queue_is_left_alone(void **state)
{
    credhub_sigv4_t request;

    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 7);

    request_init(&request, "GET", "service");
    assert_non_null(credhub_sigv4(unit_arena, &request).data);

    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 7);
    assert_int_equal(ERR_get_error(), 0);
}


static void
test_memory_runs_out(void **state)
{
    credhub_arena_t *arena;
    credhub_sigv4_t  request;

    unit_need_memory_hooks();

    request_init(&request, "GET", "service");

    arena = credhub_arena_create(1);
    assert_non_null(arena);

    unit_malloc_left = 0;
    assert_null(credhub_sigv4(arena, &request).data);
    unit_malloc_left = -1;

    credhub_arena_destroy(arena);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_date),
        cmocka_unit_test(test_list_users),
        cmocka_unit_test(test_suite),
        cmocka_unit_test(test_header_order),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_long_secret),
        cmocka_unit_test(test_error_queue_is_left_alone),
        cmocka_unit_test(test_memory_runs_out),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
