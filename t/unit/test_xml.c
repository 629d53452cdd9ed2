
/* The text of an element of an XML answer. */

#include "unit.h"
#include "credhub_xml.h"


static credhub_str_t
text_of(const char *xml, const char *name)
{
    credhub_str_t exact, text;

    exact = unit_exact(xml, strlen(xml));
    text = credhub_xml_text(unit_arena, exact, name);
    free(exact.data);

    return text;
}


#define assert_text(xml, text) unit_assert_str(text_of(xml, "a"), text)
#define assert_none(xml)       assert_null(text_of(xml, "a").data)


static void
test_answer(void **state)
{
    static const char xml[] =
        "<?xml version=\"1.0\"?>\n"
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/\">\n"
        "  <AssumeRoleResult>\n"
        "    <Credentials>\n"
        "      <AccessKeyId>ASIAEXAMPLE</AccessKeyId>\n"
        "      <SecretAccessKey>a+b/c&amp;d</SecretAccessKey>\n"
        "      <SessionToken>AQo//=&#61;</SessionToken>\n"
        "    </Credentials>\n"
        "  </AssumeRoleResult>\n"
        "</AssumeRoleResponse>\n";

    unit_assert_str(text_of(xml, "AccessKeyId"), "ASIAEXAMPLE");
    unit_assert_str(text_of(xml, "SecretAccessKey"), "a+b/c&d");
    unit_assert_str(text_of(xml, "SessionToken"), "AQo//==");
    assert_null(text_of(xml, "Access").data);
    assert_null(text_of(xml, "AccessKeyIds").data);
    assert_null(text_of(xml, "Credentials").data);
}


static void
test_text(void **state)
{
    assert_text("<a>x</a>", "x");
    assert_text("<a></a>", "");
    assert_text("<a/>", "");
    assert_text("<r><a b='>' c=\"</a>\">x</a ></r>", "x");
    assert_text("<a>x<!-- <a> -->y<?a <a> ?>z</a>", "xyz");
    assert_text("<a>x<![CDATA[<&amp;]]]>y</a>", "x<&amp;]y");
    assert_text("<!-- <a>1</a> --><a>2</a>", "2");
    assert_text("<r><![CDATA[<a>1</a>]]><a>2</a></r>", "2");
    assert_text("<ab>1</ab><a>2</a><b>3</b>", "2");
    assert_text("<A>1</A><a>2</a>", "2");
}


static void
test_references(void **state)
{
    assert_text("<a>&amp;&lt;&gt;&quot;&apos;</a>", "&<>\"'");
    assert_text("<a>&amp;lt;</a>", "&lt;");
    assert_text("<a>&#65;&#x41;&#x6a;&#x6A;</a>", "AAjj");
    assert_text("<a>&#228;&#x20ac;&#x1f600;</a>",
        "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    assert_text("<a>&#x10ffff;</a>", "\xf4\x8f\xbf\xbf");

    assert_none("<a>&</a>");
    assert_none("<a>&;</a>");
    assert_none("<a>&#;</a>");
    assert_none("<a>&#x;</a>");
    assert_none("<a>&#0;</a>");
    assert_none("<a>&#xd800;</a>");
    assert_none("<a>&#x110000;</a>");
    assert_none("<a>&#99999999;</a>");
    assert_none("<a>&#6a;</a>");
    assert_none("<a>&nbsp;</a>");
    assert_none("<a>&amp</a>;");
    assert_none("<a>&#00000000000065;</a>");
}


static void
test_none(void **state)
{
    assert_none("");
    assert_none("a");
    assert_none("<b>x</b>");
    assert_none("<a>x");
    assert_none("<a>x</b>");
    assert_none("<a>x<b/></a>");
    assert_none("<a>x<b>y</b></a>");
    assert_none("<a>x</a><a>y</a>");
    assert_none("<a>x</a><a/>");
    assert_none("<a>x</a><");
    assert_none("<a>x</a><b");
    assert_none("<a>x</a><!-- ");
    assert_none("<a><![CDATA[x]]</a>");
    assert_none("<a b=\"></a>");
    assert_none("<!DOCTYPE r [<!ENTITY e \"x\">]><a>x</a>");
    assert_none("<a>\x80</a>");
    assert_none("<>x</><a>x</a>");
}


/* Every prefix of an answer is read without a byte beyond it. */

static void
test_cut(void **state)
{
    size_t            i;
    credhub_str_t     exact;
    static const char xml[] = "<?x?><r a='1'><!--c--><a>x&amp;<![CDATA[y]]>"
                              "&#65;</a></r>";

    for (i = 0; i < sizeof(xml) - 1; i++) {
        exact = unit_exact(xml, i);
        (void) credhub_xml_text(unit_arena, exact, "a");
        free(exact.data);
    }

    assert_text(xml, "x&yA");
}


static void
test_memory_runs_out(void **state)
{
    char             xml[4096];
    credhub_arena_t *arena;

    unit_need_memory_hooks();

    memset(xml, 'x', sizeof(xml));
    memcpy(xml, "<a>", 3);
    memcpy(xml + sizeof(xml) - 5, "</a>", 5);

    arena = credhub_arena_create(128);
    assert_non_null(arena);

    unit_malloc_left = 0;
    assert_null(credhub_xml_text(arena, unit_str(xml), "a").data);
    unit_malloc_left = -1;

    credhub_arena_destroy(arena);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_memory_runs_out),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
