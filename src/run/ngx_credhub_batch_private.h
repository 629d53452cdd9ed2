
/* The inside of a batch. For src/run/ngx_credhub_batch*.c only. */

#ifndef _NGX_CREDHUB_BATCH_PRIVATE_H_INCLUDED_
#define _NGX_CREDHUB_BATCH_PRIVATE_H_INCLUDED_


#include "ngx_credhub_batch.h"


#define NGX_CREDHUB_BATCH_PARTS_MAX 16 /* certificates worked on at a time */


/*
 * A certificate that gets a new version, or the CA of one. Rows stay from try
 * to try for the key that was generated; the rest is found anew.
 */

typedef struct ngx_credhub_batch_row_s ngx_credhub_batch_row_t;

struct ngx_credhub_batch_row_s {
    ngx_str_node_t node; /* first; by folded name */
    credhub_str_t  folded;
    credhub_str_t  name; /* as first written */

    credhub_key_kind_t kind;
    credhub_str_t      private_key; /* PEM of that kind; empty: none yet */

    /* of one try */
    ngx_uint_t               round;
    ngx_credhub_batch_row_t *next; /* child */
    ngx_credhub_batch_row_t *link; /* in a queue */
    ngx_credhub_batch_row_t *ca;   /* NULL: signs itself */
    credhub_str_t            stamp;
    int64_t                  signed_count;
    credhub_str_t            certificate; /* the staged one, of a CA */
    unsigned                 child:1;     /* gets a new version */
    unsigned                 checked:1;   /* a CA: stamp and count are there */
    unsigned                 queued:1;    /* to be checked */
    unsigned                 placed:1;    /* on its way into the order */
    unsigned                 ordered:1;   /* there */
    unsigned                 fresh:1;     /* signed with what its CA is to be */
    unsigned                 staged:1;
};


struct ngx_credhub_batch_s {
    const ngx_credhub_operation_t *part; /* what is done with each child */
    credhub_str_t                  root; /* the CA, folded */
    ngx_msec_t                     deadline;
    ngx_uint_t                     tries;
    ngx_uint_t                     round;
    ngx_rbtree_t                   rows;
    ngx_rbtree_node_t              sentinel;

    /* retrust: PEM of the CA's versions */
    credhub_str_t active;
    credhub_str_t transitional;

    /* of one try */
    credhub_str_t             id;
    ngx_credhub_batch_row_t  *top; /* the row of `root` */
    ngx_credhub_batch_row_t  *ca;  /* whose turn it is */
    ngx_credhub_batch_row_t  *queue;
    ngx_credhub_batch_row_t **queue_end;
    credhub_str_t             cursor;
    ngx_credhub_batch_row_t  *children;
    ngx_uint_t                n; /* of them */
    ngx_uint_t                cas;
    ngx_credhub_batch_row_t **order; /* of work */
    credhub_str_t            *names;
    ngx_uint_t                next; /* to begin */
    ngx_uint_t                running;
    ngx_uint_t                staged;
    credhub_error_e           error;
    credhub_str_t             detail;
    unsigned                  recursive:1; /* regenerate: the whole tree */
    unsigned                  orphan:1;    /* nothing says who signs a child */
    unsigned                  stale:1;
};


/* The work on one child: the context of a part. */

typedef struct {
    ngx_credhub_batch_t             *batch;
    ngx_credhub_batch_row_t         *row;
    ngx_credhub_certificate_t        found;
    ngx_credhub_certificate_t        ca; /* when row->ca is one */
    ngx_credhub_issue_t              issue;
    ngx_credhub_guard_t              guard;
    ngx_credhub_certificate_commit_t commit;
} ngx_credhub_batch_part_t;


/* An empty batch under a CA; NULL without memory. */
ngx_credhub_batch_t *ngx_credhub_batch_create(ngx_credhub_op_t *op,
    const ngx_credhub_operation_t *part, credhub_str_t root);

/* The row of a folded name, made when there is none; NULL without memory. */
ngx_credhub_batch_row_t *ngx_credhub_batch_row(
    ngx_credhub_op_t *op, ngx_credhub_batch_t *batch, credhub_str_t folded);

/* What is going on is to be decided anew. */
ngx_credhub_rc_e ngx_credhub_batch_again(ngx_credhub_op_t *op);


/* Steps; op->ctx is the batch. */

/* Gives up what an earlier try has staged; then fails, or begins a try. */
ngx_credhub_rc_e ngx_credhub_batch_discard(ngx_credhub_op_t *op);
ngx_credhub_rc_e ngx_credhub_batch_begin(ngx_credhub_op_t *op);

/* Finds the children; `next` and `checked` go through the CAs of a tree. */
ngx_credhub_rc_e ngx_credhub_batch_next(ngx_credhub_op_t *op);
ngx_credhub_rc_e ngx_credhub_batch_checked(ngx_credhub_op_t *op);
ngx_credhub_rc_e ngx_credhub_batch_list(ngx_credhub_op_t *op);
ngx_credhub_rc_e ngx_credhub_batch_listed(ngx_credhub_op_t *op);

/* Puts them in order, a CA before what it signs. */
ngx_credhub_rc_e ngx_credhub_batch_plan(ngx_credhub_op_t *op);

/* Runs a part for each. */
ngx_credhub_rc_e ngx_credhub_batch_run(ngx_credhub_op_t *op);
ngx_credhub_rc_e ngx_credhub_batch_ran(ngx_credhub_op_t *op);


/* Steps of a part, and for them. */

ngx_credhub_rc_e ngx_credhub_batch_lookup(ngx_credhub_op_t *op);

/* Takes the answer: NEXT; DONE when it is not what was listed. */
ngx_credhub_rc_e ngx_credhub_batch_looked_up(ngx_credhub_op_t *op);

/* Stages `commit`, whose certificate, signer, trusted and metadata are given:
 * WAIT or FAIL. */
ngx_credhub_rc_e ngx_credhub_batch_stage(ngx_credhub_op_t *op);
ngx_credhub_rc_e ngx_credhub_batch_staged(ngx_credhub_op_t *op);

/* The end of a part that has found something else than was listed. */
ngx_credhub_rc_e ngx_credhub_batch_stale(ngx_credhub_op_t *op);

/* Is that a member of a version's facts? */
ngx_uint_t ngx_credhub_batch_fact(
    const credhub_version_t *version, const char *fact);


#endif /* _NGX_CREDHUB_BATCH_PRIVATE_H_INCLUDED_ */
