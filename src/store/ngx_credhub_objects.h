
/*
 * Objects of the trust API in the store. A key is "KIND/ID" ("connections/..."),
 * a reference is the key of another object. Strings of a result live in the
 * call's arena.
 */

#ifndef _NGX_CREDHUB_OBJECTS_H_INCLUDED_
#define _NGX_CREDHUB_OBJECTS_H_INCLUDED_


#include "ngx_credhub_grants.h"


#define NGX_CREDHUB_REFS_MAX 3
#define NGX_CREDHUB_ASKS_MAX 4 /* objects read by one call */


typedef struct {
    credhub_str_t key;
    credhub_str_t uid;        /* random, of this object alone: another one that
                                 gets its id later has another uid */
    credhub_str_t version;    /* random, of the last write */
    credhub_str_t attributes; /* JSON */
    credhub_str_t config;     /* sealed; empty: none */
    credhub_str_t creator;    /* actor */
    int64_t       sequence;
    int64_t       created; /* microseconds since 1970 */
    int64_t       updated;
    credhub_str_t lease;   /* of who provisions it; empty: nobody */
    int64_t       until;   /* when the lease ends */
    credhub_str_t related; /* of a list that brings it along: attributes of
                              another object */
} ngx_credhub_object_t;


/* Several objects, and what an actor may do with each, in one round trip. */

typedef struct {
    /* asked */
    credhub_str_t key;       /* or "KIND?TEXT": the one with that unique text */
    credhub_str_t path;      /* folded permission resource; empty: as the key
                                says */
    unsigned      operation; /* CREDHUB_OP_* */
    credhub_str_t caller;    /* folded; empty: configuration allows it */

    unsigned with:1; /* the first that it refers to comes along */

    /* answered */
    ngx_credhub_object_t object; /* key empty: there is none */
    ngx_credhub_object_t referred;
    ngx_credhub_grants_t grants;
} ngx_credhub_object_ask_t;

void ngx_credhub_objects_read(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, const ngx_credhub_object_ask_t *asks,
    ngx_uint_t n);

/* NGX_OK, NGX_ERROR with *error. */
ngx_int_t ngx_credhub_objects_result(ngx_credhub_call_t *call,
    ngx_credhub_object_ask_t *asks, ngx_uint_t n, credhub_error_e *error);


/*
 * One step of a list, in the order of creation. `index` is "objects:KIND" (all
 * of a kind), "used:KEY" (those that refer to an object) or "used:KIND" (those
 * that refer to any of a kind). `with`: a kind; the object of that kind which
 * each refers to is brought along. Empty: none.
 */

typedef struct {
    ngx_credhub_object_t object;
    ngx_credhub_grants_t grants; /* of the caller to read it */
} ngx_credhub_listed_t;

typedef struct {
    ngx_credhub_listed_t *listed;
    ngx_uint_t            n;
    int64_t               next; /* sequence to go on behind; 0: no more */
} ngx_credhub_objects_t;

void      ngx_credhub_objects_list(ngx_credhub_call_t *call,
         ngx_credhub_store_t *store, credhub_str_t index, int64_t behind,
         ngx_uint_t limit, credhub_str_t caller, credhub_str_t with);
ngx_int_t ngx_credhub_objects_listed(ngx_credhub_call_t *call,
    ngx_credhub_objects_t *page, credhub_error_e *error);


/* A write. */

#define NGX_CREDHUB_MARKS_MAX 2

typedef struct {
    credhub_str_t set; /* empty: none */
    credhub_str_t member;
    unsigned      fresh:1; /* refused when it is a member */
} ngx_credhub_mark_t;

typedef struct {
    ngx_credhub_object_t object; /* key, uid, version, attributes, config,
                                    creator: as they shall be */
    credhub_str_t        expect; /* version that stands; empty: created */
    credhub_str_t        unique; /* text that no other object of the kind may
                                    have; empty: none */
    credhub_str_t        refs[NGX_CREDHUB_REFS_MAX];   /* keys; empty: none */
    ngx_credhub_mark_t   marks[NGX_CREDHUB_MARKS_MAX]; /* stay for good */
    credhub_str_t        state; /* of a private link, else empty */
    credhub_str_t        lease; /* that is ended by this write; empty: none */

    /* a second one, created in the same step; it refers to the first */
    const ngx_credhub_object_t *with; /* NULL: none */
    credhub_str_t               with_unique;

    unsigned due:1;    /* a link that the hub shall provision */
    unsigned unused:1; /* refused while others refer to it */
} ngx_credhub_object_change_t;

void ngx_credhub_object_write(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, const ngx_credhub_object_change_t *change,
    const ngx_credhub_guard_t *guard);

typedef enum {
    NGX_CREDHUB_OBJECT_WRITTEN = 0,
    NGX_CREDHUB_OBJECT_STALE,   /* another version stands, or none */
    NGX_CREDHUB_OBJECT_EXISTS,  /* created: the key is taken */
    NGX_CREDHUB_OBJECT_TAKEN,   /* `unique` is */
    NGX_CREDHUB_OBJECT_REF,     /* refs[which] does not exist */
    NGX_CREDHUB_OBJECT_MARKED,  /* marks[which] is there */
    NGX_CREDHUB_OBJECT_LEASE,   /* the lease is not the one that stands */
    NGX_CREDHUB_OBJECT_USED,    /* see users */
    NGX_CREDHUB_OBJECT_MISSING, /* deleted: there is none */
    NGX_CREDHUB_OBJECT_DENIED,
    NGX_CREDHUB_OBJECT_FAILED /* *error */
} ngx_credhub_object_rc_e;

typedef struct {
    int64_t        sequence; /* WRITTEN */
    int64_t        created;
    int64_t        updated;
    ngx_uint_t     which; /* REF, MARKED */
    credhub_str_t *users; /* USED: keys, the first 10 */
    ngx_uint_t     nusers;
    ngx_uint_t     connections; /* USED: how many of each, of 1,000 */
    ngx_uint_t     destinations;
    ngx_uint_t     rest; /* deleted: approvals are left, see sweep */
} ngx_credhub_object_result_t;

/* Of a write or a deletion. */
ngx_credhub_object_rc_e ngx_credhub_object_result(ngx_credhub_call_t *call,
    ngx_credhub_object_result_t *result, credhub_error_e *error);


/* Deletes an object that no other refers to, its references, and its approvals:
 * up to 1,000 of them at once, the others are seen by nobody any more. */
void ngx_credhub_object_delete(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, credhub_str_t key,
    const ngx_credhub_guard_t *guard);

/* One step of what deletions have left, and of private links that are being
 * destroyed. ngx_credhub_swept() reads the answer. */
void ngx_credhub_objects_sweep(
    ngx_credhub_call_t *call, ngx_credhub_store_t *store);


/*
 * Private links that wait to be provisioned. A lease is a fencing number: one
 * worker works on a link, and only the write that brings its lease counts.
 */

/* Takes a lease for `ms` on the link with that key; empty: on the one that has
 * waited longest. `guard` may be NULL: a job. */
void ngx_credhub_link_claim(ngx_credhub_call_t *call,
    ngx_credhub_store_t *store, credhub_str_t key, ngx_msec_t ms,
    const ngx_credhub_guard_t *guard);

/* NGX_OK (with its lease), NGX_DECLINED (nothing is due), NGX_ERROR with
 * *error: CREDHUB_E_NOT_FOUND_LINK, CREDHUB_E_ILLEGAL_STATE (it does not wait),
 * CREDHUB_E_LEASED (to somebody else), CREDHUB_E_FORBIDDEN, ... */
ngx_int_t ngx_credhub_link_claimed(ngx_credhub_call_t *call,
    ngx_credhub_object_t *object, credhub_error_e *error);


#endif /* _NGX_CREDHUB_OBJECTS_H_INCLUDED_ */
