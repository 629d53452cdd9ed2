
/* Objects of the trust API: scripts and how their answers are read. */

#include "ngx_credhub_rows.h"
#include "ngx_credhub_objects.h"
#include "ngx_credhub_script.h"
#include "ngx_credhub_lua.h"
#include "credhub_grant.h"


#define NGX_CREDHUB_ASK_ARGS 5 /* of an object that is read */


static ngx_int_t ngx_credhub_object_row(
    const ngx_credhub_reply_t *reply, ngx_credhub_object_t *object);
static ngx_int_t ngx_credhub_object_maybe(
    const ngx_credhub_reply_t *reply, ngx_credhub_object_t *object);
static ngx_int_t ngx_credhub_object_granted(ngx_credhub_call_t *call,
    const ngx_credhub_reply_t *reply, ngx_credhub_object_t *object,
    ngx_credhub_grants_t *grants);
static ngx_credhub_object_rc_e ngx_credhub_object_written(
    const ngx_credhub_reply_t *reply, ngx_credhub_object_result_t *result,
    credhub_error_e *error);
static ngx_credhub_object_rc_e ngx_credhub_object_refused(
    ngx_credhub_call_t *call, const ngx_credhub_reply_t *reply,
    ngx_credhub_object_result_t *result, credhub_error_e *error);
static ngx_int_t ngx_credhub_object_users(ngx_credhub_call_t *call,
    const ngx_credhub_reply_t *reply, ngx_credhub_object_result_t *result);


/* clang-format off */

#define ngx_credhub_object_field(name, kind)                                  \
    ngx_credhub_field(ngx_credhub_object_t, name, kind)

/* in the order of object_row() of prelude.lua */

static const ngx_credhub_field_t  ngx_credhub_object_fields[] = {
    ngx_credhub_object_field(key, REQUIRED),
    ngx_credhub_object_field(uid, REQUIRED),
    ngx_credhub_object_field(version, REQUIRED),
    ngx_credhub_object_field(attributes, OPTIONAL),
    ngx_credhub_object_field(config, OPTIONAL),
    ngx_credhub_object_field(creator, OPTIONAL),
    ngx_credhub_object_field(sequence, NUMBER),
    ngx_credhub_object_field(created, NUMBER),
    ngx_credhub_object_field(updated, NUMBER),
    ngx_credhub_object_field(lease, OPTIONAL),
    ngx_credhub_object_field(until, NUMBER_OPTIONAL)
};

/* clang-format on */


void
ngx_credhub_objects_read(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    const ngx_credhub_object_ask_t *asks, ngx_uint_t n)
{
    u_char        letters[NGX_CREDHUB_ASKS_MAX];
    ngx_uint_t    i;
    credhub_str_t argv[NGX_CREDHUB_ASK_ARGS * NGX_CREDHUB_ASKS_MAX], *arg;

    arg = argv;

    for (i = 0; i < n; i++) {
        letters[i] = credhub_grant_letter(asks[i].operation);

        *arg++ = asks[i].key;
        *arg++ = asks[i].path;
        arg->data = &letters[i];
        arg->len = 1;
        arg++;
        *arg++ = asks[i].caller;
        *arg++ = asks[i].with ? credhub_str("1") : credhub_null_str;
    }

    ngx_credhub_call_script(
        call, store, NGX_CREDHUB_SCRIPT_OBJECT, arg - argv, argv);
}


ngx_int_t
ngx_credhub_objects_result(ngx_credhub_call_t *call,
    ngx_credhub_object_ask_t *asks, ngx_uint_t n, credhub_error_e *error)
{
    ngx_uint_t           i;
    credhub_str_t        word;
    ngx_credhub_reply_t *reply;

    if (ngx_credhub_script_answer(call, &reply, &word, error) != NGX_OK) {
        return NGX_ERROR;
    }

    *error = CREDHUB_E_INTERNAL;

    if (reply->n != 1 + n) {
        return ngx_credhub_row_damaged(credhub_str("objects"));
    }

    for (i = 0; i < n; i++) {
        if (ngx_credhub_object_granted(
                call, reply->elements[1 + i], &asks[i].object, &asks[i].grants)
                != NGX_OK
            || reply->elements[1 + i]->n != 3
            || ngx_credhub_object_maybe(
                   reply->elements[1 + i]->elements[2], &asks[i].referred)
                   != NGX_OK)
        {
            return ngx_credhub_row_damaged(asks[i].key);
        }
    }

    return NGX_OK;
}


/* { row, grants }; an empty row: there is no such object */

static ngx_int_t
ngx_credhub_object_granted(ngx_credhub_call_t *call,
    const ngx_credhub_reply_t *reply, ngx_credhub_object_t *object,
    ngx_credhub_grants_t *grants)
{
    if (reply->type != NGX_CREDHUB_REPLY_ARRAY || reply->n < 2
        || ngx_credhub_grants_take(call, reply->elements[1], grants) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_credhub_object_maybe(reply->elements[0], object);
}


static ngx_int_t
ngx_credhub_object_maybe(
    const ngx_credhub_reply_t *reply, ngx_credhub_object_t *object)
{
    if (reply->type == NGX_CREDHUB_REPLY_ARRAY && reply->n == 0) {
        ngx_memzero(object, sizeof(ngx_credhub_object_t));
        return NGX_OK;
    }

    return ngx_credhub_object_row(reply, object);
}


static ngx_int_t
ngx_credhub_object_row(
    const ngx_credhub_reply_t *reply, ngx_credhub_object_t *object)
{
    ngx_memzero(object, sizeof(ngx_credhub_object_t));

    return ngx_credhub_row_fields(reply, ngx_credhub_object_fields,
        sizeof(ngx_credhub_object_fields) / sizeof(ngx_credhub_field_t),
        object);
}


void
ngx_credhub_objects_list(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    credhub_str_t index, int64_t behind, ngx_uint_t limit, credhub_str_t caller,
    credhub_str_t with)
{
    credhub_str_t argv[6];

    argv[0] = index;
    argv[1] = ngx_credhub_call_decimal(call, behind);
    argv[2] = ngx_credhub_call_decimal(call, limit);
    argv[3] = ngx_credhub_call_decimal(call, NGX_CREDHUB_PAGE_BYTES);
    argv[4] = caller;
    argv[5] = with;

    ngx_credhub_call_script(call, store, NGX_CREDHUB_SCRIPT_OBJECTS, 6, argv);
}


ngx_int_t
ngx_credhub_objects_listed(ngx_credhub_call_t *call,
    ngx_credhub_objects_t *page, credhub_error_e *error)
{
    ngx_uint_t            i;
    credhub_str_t         word;
    ngx_credhub_reply_t  *reply, *row;
    ngx_credhub_listed_t *listed;

    if (ngx_credhub_script_answer(call, &reply, &word, error) != NGX_OK) {
        return NGX_ERROR;
    }

    *error = CREDHUB_E_INTERNAL;

    if (reply->n < 2
        || ngx_credhub_row_number(reply->elements[1], &page->next) != NGX_OK)
    {
        return ngx_credhub_row_damaged(credhub_str("objects"));
    }

    page->n = reply->n - 2;
    page->listed = credhub_arena_alloc(
        call->arena, (page->n + 1) * sizeof(ngx_credhub_listed_t));

    if (page->listed == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < page->n; i++) {
        listed = &page->listed[i];
        row = reply->elements[2 + i];

        if (ngx_credhub_object_granted(
                call, row, &listed->object, &listed->grants)
                != NGX_OK
            || listed->object.key.len == 0 || row->n != 3)
        {
            return ngx_credhub_row_damaged(credhub_str("objects"));
        }

        listed->object.related = row->elements[2]->str;
    }

    return NGX_OK;
}


void
ngx_credhub_object_write(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    const ngx_credhub_object_change_t *change, const ngx_credhub_guard_t *guard)
{
    ngx_uint_t                i;
    credhub_str_t            *arg;
    const ngx_credhub_mark_t *mark;

    const ngx_credhub_object_t  none = { 0 };
    const ngx_credhub_object_t *with;

    credhub_str_t argv[18 + NGX_CREDHUB_REFS_MAX + 3 * NGX_CREDHUB_MARKS_MAX];

    arg = argv;

    *arg++ = change->object.key;
    *arg++ = change->object.uid;
    *arg++ = change->object.version;
    *arg++ = change->expect;
    *arg++ = change->object.attributes;
    *arg++ = change->object.config;
    *arg++ = change->object.creator;
    *arg++ = change->unique;

    for (i = 0; i < NGX_CREDHUB_REFS_MAX; i++) {
        *arg++ = change->refs[i];
    }

    *arg++ = change->state;
    *arg++ = change->lease;
    *arg++ = change->due ? credhub_str("1") : credhub_null_str;
    *arg++ = change->unused ? credhub_str("1") : credhub_null_str;

    for (i = 0; i < NGX_CREDHUB_MARKS_MAX; i++) {
        mark = &change->marks[i];

        *arg++ = mark->set;
        *arg++ = mark->member;
        *arg++ = mark->fresh ? credhub_str("1") : credhub_null_str;
    }

    with = (change->with != NULL) ? change->with : &none;

    *arg++ = with->key;
    *arg++ = with->uid;
    *arg++ = with->version;
    *arg++ = with->attributes;
    *arg++ = with->config;
    *arg++ = change->with_unique;

    ngx_credhub_call_guarded(
        call, store, NGX_CREDHUB_SCRIPT_OBJECT_WRITE, arg - argv, argv, guard);
}


void
ngx_credhub_object_delete(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    credhub_str_t key, const ngx_credhub_guard_t *guard)
{
    ngx_credhub_call_guarded(
        call, store, NGX_CREDHUB_SCRIPT_OBJECT_DELETE, 1, &key, guard);
}


ngx_credhub_object_rc_e
ngx_credhub_object_result(ngx_credhub_call_t *call,
    ngx_credhub_object_result_t *result, credhub_error_e *error)
{
    credhub_str_t        word;
    ngx_credhub_reply_t *reply;

    ngx_memzero(result, sizeof(ngx_credhub_object_result_t));

    switch (ngx_credhub_script_answer(call, &reply, &word, error)) {
    case NGX_OK:
        return ngx_credhub_object_written(reply, result, error);

    case NGX_DECLINED:
        return ngx_credhub_object_refused(call, reply, result, error);

    default:
        return NGX_CREDHUB_OBJECT_FAILED;
    }
}


/* ok, key, sequence, created, updated, seals, rest */

static ngx_credhub_object_rc_e
ngx_credhub_object_written(const ngx_credhub_reply_t *reply,
    ngx_credhub_object_result_t *result, credhub_error_e *error)
{
    if (reply->n != 7
        || ngx_credhub_row_number(reply->elements[2], &result->sequence)
               != NGX_OK
        || ngx_credhub_row_number(reply->elements[3], &result->created)
               != NGX_OK
        || ngx_credhub_row_number(reply->elements[4], &result->updated)
               != NGX_OK)
    {
        *error = CREDHUB_E_INTERNAL;
        (void) ngx_credhub_row_damaged(credhub_str("an object"));
        return NGX_CREDHUB_OBJECT_FAILED;
    }

    result->rest = (reply->elements[6]->integer != 0);

    ngx_credhub_row_seals(reply->elements[5], 1, reply->elements[1]->str);

    return NGX_CREDHUB_OBJECT_WRITTEN;
}


static ngx_credhub_object_rc_e
ngx_credhub_object_refused(ngx_credhub_call_t *call,
    const ngx_credhub_reply_t *reply, ngx_credhub_object_result_t *result,
    credhub_error_e *error)
{
    ngx_uint_t              i;
    ngx_credhub_object_rc_e rc;

    static const struct {
        credhub_str_t           word;
        ngx_credhub_object_rc_e rc;
    } words[] = {
        { credhub_string("stale"), NGX_CREDHUB_OBJECT_STALE },
        { credhub_string("exists"), NGX_CREDHUB_OBJECT_EXISTS },
        { credhub_string("taken"), NGX_CREDHUB_OBJECT_TAKEN },
        { credhub_string("ref"), NGX_CREDHUB_OBJECT_REF },
        { credhub_string("marked"), NGX_CREDHUB_OBJECT_MARKED },
        { credhub_string("lease"), NGX_CREDHUB_OBJECT_LEASE },
        { credhub_string("used"), NGX_CREDHUB_OBJECT_USED },
        { credhub_string("missing"), NGX_CREDHUB_OBJECT_MISSING },
    };

    *error = CREDHUB_E_INTERNAL;

    if (ngx_credhub_guard_refused(reply)) {
        return NGX_CREDHUB_OBJECT_DENIED;
    }

    rc = NGX_CREDHUB_OBJECT_FAILED;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (credhub_str_eq(reply->elements[0]->str, words[i].word)) {
            rc = words[i].rc;
        }
    }

    if ((rc == NGX_CREDHUB_OBJECT_REF || rc == NGX_CREDHUB_OBJECT_MARKED)
        && reply->n == 2)
    {
        result->which = reply->elements[1]->integer;
    }

    if (rc == NGX_CREDHUB_OBJECT_USED
        && ngx_credhub_object_users(call, reply, result) != NGX_OK)
    {
        return NGX_CREDHUB_OBJECT_FAILED;
    }

    return rc;
}


/* used, connections, destinations, { key... } */

static ngx_int_t
ngx_credhub_object_users(ngx_credhub_call_t *call,
    const ngx_credhub_reply_t *reply, ngx_credhub_object_result_t *result)
{
    ngx_uint_t                 i;
    const ngx_credhub_reply_t *users;

    if (reply->n != 4 || reply->elements[3]->type != NGX_CREDHUB_REPLY_ARRAY) {
        return NGX_ERROR;
    }

    result->connections = reply->elements[1]->integer;
    result->destinations = reply->elements[2]->integer;

    users = reply->elements[3];
    result->nusers = users->n;
    result->users = credhub_arena_alloc(
        call->arena, (users->n + 1) * sizeof(credhub_str_t));

    if (result->users == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < users->n; i++) {
        result->users[i] = users->elements[i]->str;
    }

    return NGX_OK;
}


void
ngx_credhub_objects_sweep(ngx_credhub_call_t *call, ngx_credhub_store_t *store)
{
    ngx_credhub_call_script(
        call, store, NGX_CREDHUB_SCRIPT_OBJECT_SWEEP, 0, NULL);
}


void
ngx_credhub_link_claim(ngx_credhub_call_t *call, ngx_credhub_store_t *store,
    credhub_str_t key, ngx_msec_t ms, const ngx_credhub_guard_t *guard)
{
    credhub_str_t argv[2];

    static const ngx_credhub_guard_t job = { credhub_string(""), { NULL, 0 } };

    argv[0] = key;
    argv[1] = ngx_credhub_call_decimal(call, ms);

    ngx_credhub_call_guarded(call, store, NGX_CREDHUB_SCRIPT_LINK_CLAIM, 2,
        argv, guard != NULL ? guard : &job);
}


ngx_int_t
ngx_credhub_link_claimed(ngx_credhub_call_t *call, ngx_credhub_object_t *object,
    credhub_error_e *error)
{
    ngx_int_t            rc;
    ngx_credhub_reply_t *reply;

    static const ngx_credhub_refusal_t refusals[] = {
        { credhub_string("missing"), CREDHUB_E_NOT_FOUND_LINK },
        { credhub_string("state"), CREDHUB_E_ILLEGAL_STATE },
        { credhub_string("leased"), CREDHUB_E_LEASED },
        { credhub_string(""), CREDHUB_OK },
    };

    rc = ngx_credhub_guarded_answer(
        call, &reply, refusals, CREDHUB_E_FORBIDDEN, error);

    if (rc != NGX_OK) {
        return rc;
    }

    if (reply->n != 2
        || ngx_credhub_object_row(reply->elements[1], object) != NGX_OK)
    {
        *error = CREDHUB_E_INTERNAL;
        return ngx_credhub_row_damaged(credhub_str("a private link"));
    }

    return NGX_OK;
}
