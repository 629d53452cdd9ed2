
/* Endpoints: the parts lie in the text, and put together again they say the
 * same. */

#include "credhub_endpoint.h"
#include "fuzz.h"


static int
same(const credhub_endpoint_t *a, const credhub_endpoint_t *b)
{
    return credhub_str_eq(a->scheme, b->scheme)
           && credhub_str_eq(a->host, b->host)
           && credhub_str_eq(a->path, b->path) && a->port == b->port;
}


static void
try_endpoint(credhub_arena_t *arena, const credhub_endpoint_t *endpoint)
{
    int                bracket;
    credhub_buf_t      buf;
    credhub_endpoint_t again;

    fuzz_assert(endpoint->port >= 1 && endpoint->port <= 65535);
    fuzz_assert(credhub_host_valid(endpoint->host));
    fuzz_assert(endpoint->path.len == 0 || endpoint->path.data[0] == '/');
    fuzz_assert(endpoint->scheme.len != 0 || endpoint->path.len == 0);

    bracket = memchr(endpoint->host.data, ':', endpoint->host.len) != NULL;

    credhub_buf_init(&buf, arena, 0);
    credhub_buf_add_str(&buf, endpoint->scheme);
    credhub_buf_printf(&buf, "%s%s", endpoint->scheme.len != 0 ? "://" : "",
        bracket ? "[" : "");
    credhub_buf_add_str(&buf, endpoint->host);
    credhub_buf_printf(&buf, "%s:%u", bracket ? "]" : "", endpoint->port);
    credhub_buf_add_str(&buf, endpoint->path);

    fuzz_assert(credhub_endpoint(credhub_buf_str(&buf), &again) == 0);
    fuzz_assert(same(endpoint, &again));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    credhub_str_t      text;
    credhub_arena_t   *arena;
    credhub_endpoint_t endpoint;

    arena = fuzz_arena();
    text = fuzz_str(data, size);

    if (credhub_endpoint(text, &endpoint) == 0) {
        fuzz_assert(endpoint.host.data >= text.data);
        fuzz_assert(
            endpoint.host.data + endpoint.host.len <= text.data + text.len);

        try_endpoint(arena, &endpoint);
    }

    (void) credhub_host_valid(text);

    credhub_arena_destroy(arena);

    return 0;
}
