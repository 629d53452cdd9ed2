
/*
 * What the resources of the trust API share: an object is created, shown,
 * listed, changed, tested and deleted in one way, and a resource says in tables
 * and a few functions what is its own. Answers are envelopes:
 * {"code":"Success","message":...,"data":...}.
 *
 * An endpoint is a way (ngx_http_credhub_way_t): an operation, whose steps are
 * one of the lists below, and the resource that it is about. The way is what the
 * steps find in op->operation.
 */

#ifndef _NGX_HTTP_CREDHUB_OBJECT_H_INCLUDED_
#define _NGX_HTTP_CREDHUB_OBJECT_H_INCLUDED_


#include "ngx_http_credhub_api.h"
#include "ngx_credhub_setup.h"


#define NGX_HTTP_CREDHUB_LIMIT     100 /* elements of a page, unless asked */
#define NGX_HTTP_CREDHUB_LIMIT_MAX 1000


typedef struct ngx_http_credhub_object_s ngx_http_credhub_object_t;
typedef struct ngx_http_credhub_page_s   ngx_http_credhub_page_t;


/* An attribute that is the id of another object. */

typedef struct {
    const char               *attribute; /* NULL: the end */
    ngx_credhub_object_kind_e kind;
    credhub_error_e           missing; /* CREDHUB_OK: the kind's own */
} ngx_http_credhub_ref_t;


/* A resource: what is its own. Functions and texts may be NULL. */

struct ngx_http_credhub_resource_s {
    ngx_credhub_object_kind_e     kind;
    const credhub_attribute_t    *attributes;
    const ngx_http_credhub_ref_t *refs;    /* up to NGX_CREDHUB_REFS_MAX */
    const char                   *created; /* messages; %s: the id */
    const char                   *updated;
    const char                   *deleted;
    const char                   *listed;
    const char                   *exists; /* 409: the id is taken */
    const char                   *state; /* attribute: how its setup tests went;
                                            NULL: it has none */
    credhub_port_e                ports;
    unsigned                      config:1;        /* has one */
    unsigned                      config_listed:1; /* shown in lists, too */
    unsigned                      masked:1;        /* its secrets are masked */

    /*
     * Rules between fields, before the references are looked up. May change
     * ctx->attributes, ctx->config and, of what is created, ctx->id, and sets
     * .unique, .state, .lease, .due of ctx->change. The object as it stands is
     * ctx->current. May be called again, when somebody else wrote in between.
     */
    credhub_error_e (*check)(
        ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);

    /* ctx->change.unique is taken by another object: the error, or CREDHUB_OK
     * when `ctx` was changed and may be written once more. */
    credhub_error_e (*taken)(
        ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);

    /* It is not deleted but written once more, to be removed later: changes
     * ctx->change, whose object is the one that stands. */
    credhub_error_e (*destroy)(
        ngx_credhub_op_t *op, ngx_http_credhub_object_t *ctx);

    /* Appends members that are computed, each behind a comma. `listed`: in a
     * list. */
    void (*show)(ngx_credhub_op_t *op, credhub_buf_t *buf,
        const ngx_credhub_object_t *object, ngx_uint_t listed);

    /* The error of a deletion that is refused because others refer to it; NULL:
     * CREDHUB_E_CONFLICT, which names them. */
    credhub_error_e (*used)(ngx_credhub_op_t *op,
        const ngx_credhub_object_result_t *result, credhub_str_t id);
};


/* The context of everything but lists. */

struct ngx_http_credhub_object_s {
    const ngx_http_credhub_resource_t *resource;

    credhub_str_t       id;
    credhub_str_t       key;
    credhub_str_t       path;
    ngx_credhub_guard_t guard; /* without values */

    /* what is read: the object and, behind it, those it refers to */
    ngx_credhub_object_ask_t    asks[NGX_CREDHUB_ASKS_MAX];
    ngx_uint_t                  nasks;
    ngx_uint_t                  nread;
    const ngx_credhub_object_t *current; /* NULL: it is created */

    /* as it shall be */
    credhub_str_t                 body; /* checked JSON, an object */
    credhub_str_t                 attributes;
    credhub_str_t                 config; /* in clear; empty: none */
    size_t                        given;  /* attributes in the body */
    const ngx_http_credhub_ref_t *refs[NGX_CREDHUB_REFS_MAX]; /* of asks[1..] */
    ngx_uint_t                    attached[NGX_CREDHUB_REFS_MAX]; /* anew */
    ngx_credhub_object_change_t   change;
    ngx_uint_t                    tries;

    credhub_str_t        standing; /* config of `current` in clear */
    ngx_credhub_object_t written;
    ngx_uint_t           status;
    const char          *message;

    ngx_credhub_setup_t setup;
    unsigned            creating:1;
    unsigned            patching:1; /* the body has to change something */
    unsigned            config_given:1;
    unsigned            tests:1; /* run setup tests */
    unsigned            tested:1;
    unsigned            trust_certificates:1;
    unsigned            trust_fingerprints:1;
};


/* The endpoints of one object. */

extern const ngx_credhub_step_pt ngx_http_credhub_object_create[];
extern const ngx_credhub_step_pt ngx_http_credhub_object_get[];
extern const ngx_credhub_step_pt ngx_http_credhub_object_patch[];
extern const ngx_credhub_step_pt ngx_http_credhub_object_test[];
extern const ngx_credhub_step_pt ngx_http_credhub_object_delete[];
extern const ngx_credhub_step_pt ngx_http_credhub_object_destroy[];

#define ngx_http_credhub_object_way(name, steps, resource)                     \
    {                                                                          \
        { name, steps, sizeof(ngx_http_credhub_object_t) }, &resource, NULL    \
    }


/* A list: which objects, and how each is shown. */

struct ngx_http_credhub_listing_s {
    /*
     * Sets what of page->... is not that of all objects of the resource: index,
     * with, name, and owner and owner_kind, an object that has to exist and that the
     * caller has to read.
     */
    credhub_error_e (*begin)(
        ngx_credhub_op_t *op, ngx_http_credhub_page_t *page);

    /* Is it in the list? NULL: all are. */
    ngx_uint_t (*fits)(ngx_credhub_op_t *op, ngx_http_credhub_page_t *page,
        const ngx_credhub_object_t *object);

    /* Appends the element; NULL: as the resource shows it. */
    credhub_error_e (*item)(ngx_credhub_op_t *op, credhub_buf_t *buf,
        const ngx_credhub_object_t *object);
};


struct ngx_http_credhub_page_s {
    const ngx_http_credhub_resource_t *resource;
    const ngx_http_credhub_listing_t  *listing; /* NULL: all there are */

    credhub_str_t index; /* of the store: "objects:KIND" */
    credhub_str_t with;  /* a kind that is brought along */
    credhub_str_t name;  /* the list's, with owner and filters */

    ngx_credhub_object_kind_e owner_kind;
    credhub_str_t             owner; /* an id; empty: none */
    ngx_credhub_object_ask_t  ask;   /* of it */

    credhub_str_t schema; /* filters of listings */
    credhub_str_t kind;

    int64_t       behind;
    int64_t       end; /* behind the last element */
    ngx_uint_t    limit;
    ngx_uint_t    rows; /* of the next step */
    ngx_uint_t    n;
    ngx_uint_t    more;
    credhub_buf_t items;
};

extern const ngx_credhub_step_pt ngx_http_credhub_object_list[];

/* `listing`: NULL, or a pointer. */
#define ngx_http_credhub_object_list_way(name, resource, listing)              \
    {                                                                          \
        { name, ngx_http_credhub_object_list,                                  \
            sizeof(ngx_http_credhub_page_t) },                                 \
            &resource, listing                                                 \
    }


/* For what goes a way of its own. */

/* Answers the envelope: `data` is JSON, empty: none. `message` empty: none. */
ngx_credhub_rc_e ngx_http_credhub_envelope(ngx_credhub_op_t *op,
    ngx_uint_t status, credhub_str_t message, credhub_str_t data);

/* A message: `format` with the id in place of its %s, empty when it is NULL. */
credhub_str_t ngx_http_credhub_message(
    ngx_credhub_op_t *op, const char *format, credhub_str_t id);

/* The body, checked, an object; "{}" when it is empty and `optional`. */
credhub_error_e ngx_http_credhub_object_body(
    ngx_credhub_op_t *op, ngx_uint_t optional, credhub_str_t *body);

/* "limit" and "cursor" of the query, for the list of that name; the hub id is
 * known (ngx_credhub_ready()). */
credhub_error_e ngx_http_credhub_limit(ngx_credhub_op_t *op, ngx_uint_t *limit);
credhub_error_e ngx_http_credhub_behind(
    ngx_credhub_op_t *op, credhub_str_t name, int64_t *behind);

/* For begin(): an index of the store, such as "objects:" with a kind behind it;
 * .data == NULL when memory is exhausted. And another part of the list's name,
 * an owner or the value of a filter; empty ones count. */
credhub_str_t ngx_http_credhub_page_index(
    ngx_credhub_op_t *op, const char *which, ngx_credhub_object_kind_e kind);
credhub_error_e ngx_http_credhub_page_named(
    ngx_credhub_op_t *op, ngx_http_credhub_page_t *page, credhub_str_t part);

/* The list of those that refer to an object of that kind (empty id: to any). */
credhub_error_e ngx_http_credhub_page_users(ngx_credhub_op_t *op,
    ngx_http_credhub_page_t *page, ngx_credhub_object_kind_e kind,
    credhub_str_t id);

/* Ends "items":[ with ] and next_cursor, unless `end` is 0, and answers. */
ngx_credhub_rc_e ngx_http_credhub_items(ngx_credhub_op_t *op,
    const char *message, credhub_str_t items, credhub_str_t name, int64_t end);

/* Appends the members of an object as its resource shows it, with a comma
 * between them; `config` in clear. */
void ngx_http_credhub_object_members(ngx_credhub_op_t *op, credhub_buf_t *buf,
    const ngx_http_credhub_resource_t *resource,
    const ngx_credhub_object_t *object, credhub_str_t config,
    ngx_uint_t listed);

/* Was a member given in a body that is an object, and not null? */
ngx_uint_t ngx_http_credhub_given(credhub_str_t body, const char *name);

/* Appends ,"name":"DATE" and ,"name":"plain" (null when it is empty). */
void ngx_http_credhub_add_date(
    credhub_buf_t *buf, const char *name, int64_t us);
void ngx_http_credhub_add_text(
    credhub_buf_t *buf, const char *name, credhub_str_t plain);


#endif /* _NGX_HTTP_CREDHUB_OBJECT_H_INCLUDED_ */
