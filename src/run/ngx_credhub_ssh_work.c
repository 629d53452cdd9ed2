
/* What a thread works on is a copy, since the operation may end before it. */

#include "ngx_credhub_ssh_work.h"

#include <stddef.h>


static ngx_uint_t      ngx_credhub_ssh_slow(const ngx_credhub_ssh_work_t *work);
static credhub_error_e ngx_credhub_ssh_run(ngx_credhub_task_t *task);
static credhub_error_e ngx_credhub_ssh_now(ngx_credhub_ssh_work_t *work,
    credhub_arena_t *arena, atomic_int *cancel, credhub_str_t *detail);
static ngx_int_t       ngx_credhub_ssh_copy(
          credhub_arena_t *arena, ngx_credhub_ssh_work_t *work);
static ngx_int_t ngx_credhub_ssh_copy_str(
    credhub_arena_t *arena, credhub_str_t *str);
static ngx_int_t ngx_credhub_ssh_copy_list(
    credhub_arena_t *arena, credhub_ssh_list_t *list);
static ngx_int_t ngx_credhub_ssh_copy_extensions(
    credhub_arena_t *arena, credhub_ssh_certificate_t *certificate);


/* clang-format off */

#define work_string(field)  offsetof(ngx_credhub_ssh_work_t, field)

static const size_t  ngx_credhub_ssh_strings[] = {
    work_string(pair.blob),
    work_string(pair.private_key),
    work_string(certificate.key_id),
    work_string(certificate.force_command),
    work_string(subject),
    work_string(text),
    work_string(passphrase),
    work_string(comment)
};

/* clang-format on */


ngx_credhub_rc_e
ngx_credhub_ssh_work(ngx_credhub_op_t *op, ngx_credhub_ssh_work_t *work)
{
    atomic_int          cancel;
    credhub_str_t       detail;
    credhub_error_e     error;
    ngx_credhub_task_t *task;

    op->task = NULL; /* of earlier work */

    if (!ngx_credhub_ssh_slow(work)) {
        atomic_init(&cancel, 0);
        detail = credhub_null_str;

        error = ngx_credhub_ssh_now(work, op->arena, &cancel, &detail);

        return error == CREDHUB_OK ? NGX_CREDHUB_NEXT
                                   : ngx_credhub_op_fail(op, error, detail);
    }

    task = ngx_credhub_task_create(sizeof(ngx_credhub_ssh_work_t));

    if (task == NULL) {
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    task->run = ngx_credhub_ssh_run;

    ngx_memcpy(task->data, work, sizeof(ngx_credhub_ssh_work_t));

    if (ngx_credhub_ssh_copy(task->arena, task->data) != NGX_OK) {
        ngx_credhub_task_destroy(task);
        return ngx_credhub_op_error(op, CREDHUB_E_INTERNAL);
    }

    return ngx_credhub_op_compute(op, task);
}


void
ngx_credhub_ssh_worked(ngx_credhub_op_t *op, ngx_credhub_ssh_work_t *work)
{
    if (op->task != NULL) {
        ngx_memcpy(work, op->task->data, sizeof(ngx_credhub_ssh_work_t));
    }
}


/* RSA, P-521, and what derives a key from a passphrase takes milliseconds. */

static ngx_uint_t
ngx_credhub_ssh_slow(const ngx_credhub_ssh_work_t *work)
{
    return work->kind == NGX_CREDHUB_SSH_IMPORT || work->passphrase.len != 0
           || work->pair.algorithm.type == CREDHUB_SSH_RSA
           || work->pair.algorithm.type == CREDHUB_SSH_P521;
}


static credhub_error_e
ngx_credhub_ssh_run(ngx_credhub_task_t *task)
{
    return ngx_credhub_ssh_now(
        task->data, task->arena, &task->cancel, &task->detail);
}


static credhub_error_e
ngx_credhub_ssh_now(ngx_credhub_ssh_work_t *work, credhub_arena_t *arena,
    atomic_int *cancel, credhub_str_t *detail)
{
    credhub_ssh_algorithm_t algorithm;

    switch (work->kind) {
    case NGX_CREDHUB_SSH_GENERATE:
        algorithm = work->pair.algorithm;
        return credhub_ssh_generate(arena, &algorithm, cancel, &work->pair);

    case NGX_CREDHUB_SSH_IMPORT:
        return credhub_ssh_import(
            arena, work->text, work->passphrase, &work->pair, detail);

    case NGX_CREDHUB_SSH_CERTIFY:
        return credhub_ssh_certify(
            arena, &work->certificate, work->subject, &work->pair, &work->blob);

    case NGX_CREDHUB_SSH_EXPORT:
        return credhub_ssh_private(arena, work->pair.private_key, work->comment,
            work->passphrase, &work->text);

    default:
        return CREDHUB_E_INTERNAL;
    }
}


static ngx_int_t
ngx_credhub_ssh_copy(credhub_arena_t *arena, ngx_credhub_ssh_work_t *work)
{
    size_t    i, n;
    ngx_int_t rc;
    u_char   *base = (u_char *) work;

    n = sizeof(ngx_credhub_ssh_strings) / sizeof(ngx_credhub_ssh_strings[0]);
    rc = NGX_OK;

    for (i = 0; i < n && rc == NGX_OK; i++) {
        rc = ngx_credhub_ssh_copy_str(
            arena, (credhub_str_t *) (base + ngx_credhub_ssh_strings[i]));
    }

    return rc == NGX_OK
                   && ngx_credhub_ssh_copy_list(
                          arena, &work->certificate.principals)
                          == NGX_OK
                   && ngx_credhub_ssh_copy_list(
                          arena, &work->certificate.sources)
                          == NGX_OK
                   && ngx_credhub_ssh_copy_extensions(arena, &work->certificate)
                          == NGX_OK
               ? NGX_OK
               : NGX_ERROR;
}


static ngx_int_t
ngx_credhub_ssh_copy_str(credhub_arena_t *arena, credhub_str_t *str)
{
    if (str->data == NULL) {
        return NGX_OK;
    }

    *str = credhub_arena_copy(arena, str->data, str->len);

    return str->data != NULL ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_credhub_ssh_copy_list(credhub_arena_t *arena, credhub_ssh_list_t *list)
{
    size_t         i;
    credhub_str_t *items;

    items = credhub_arena_alloc(arena, (list->n + 1) * sizeof(credhub_str_t));

    if (items == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < list->n; i++) {
        items[i] = list->items[i];

        if (ngx_credhub_ssh_copy_str(arena, &items[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    list->items = items;

    return NGX_OK;
}


static ngx_int_t
ngx_credhub_ssh_copy_extensions(
    credhub_arena_t *arena, credhub_ssh_certificate_t *certificate)
{
    size_t                i;
    credhub_ssh_option_t *extensions;

    extensions = credhub_arena_alloc(
        arena, (certificate->nextensions + 1) * sizeof(credhub_ssh_option_t));

    if (extensions == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < certificate->nextensions; i++) {
        extensions[i] = certificate->extensions[i];

        if (ngx_credhub_ssh_copy_str(arena, &extensions[i].name) != NGX_OK
            || ngx_credhub_ssh_copy_str(arena, &extensions[i].value) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    certificate->extensions = extensions;

    return NGX_OK;
}
