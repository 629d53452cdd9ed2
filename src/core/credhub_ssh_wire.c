
/* Reading and writing of SSH's wire format (RFC 4251, section 5). */

#include "credhub_ssh.h"
#include "credhub_text.h"


static const u_char *credhub_ssh_take(credhub_ssh_reader_t *reader, size_t len);


void
credhub_ssh_reader(credhub_ssh_reader_t *reader, credhub_str_t bytes)
{
    if (bytes.len == 0) {
        bytes = credhub_str("");
    }

    reader->pos = bytes.data;
    reader->end = bytes.data + bytes.len;
    reader->failed = 0;
}


static const u_char *
credhub_ssh_take(credhub_ssh_reader_t *reader, size_t len)
{
    const u_char *p = reader->pos;

    if (reader->failed || (size_t) (reader->end - p) < len) {
        reader->failed = 1;
        return NULL;
    }

    reader->pos = p + len;

    return p;
}


uint32_t
credhub_ssh_uint32(credhub_ssh_reader_t *reader)
{
    const u_char *p;

    p = credhub_ssh_take(reader, 4);

    return p == NULL ? 0
                     : (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
                           | (uint32_t) p[2] << 8 | p[3];
}


uint64_t
credhub_ssh_uint64(credhub_ssh_reader_t *reader)
{
    uint64_t high;

    high = credhub_ssh_uint32(reader);

    return high << 32 | credhub_ssh_uint32(reader);
}


credhub_str_t
credhub_ssh_string(credhub_ssh_reader_t *reader)
{
    size_t        len;
    const u_char *p;
    credhub_str_t str;

    len = credhub_ssh_uint32(reader);
    p = credhub_ssh_take(reader, len);

    if (p == NULL) {
        return credhub_str("");
    }

    str.data = (u_char *) p;
    str.len = len;

    return str;
}


int
credhub_ssh_ended(const credhub_ssh_reader_t *reader)
{
    return !reader->failed && reader->pos == reader->end;
}


void
credhub_ssh_add_uint32(credhub_buf_t *buf, uint32_t n)
{
    u_char bytes[4];

    (void) credhub_put_uint32(bytes, n);

    credhub_buf_add(buf, bytes, sizeof(bytes));
}


void
credhub_ssh_add_uint64(credhub_buf_t *buf, uint64_t n)
{
    credhub_ssh_add_uint32(buf, (uint32_t) (n >> 32));
    credhub_ssh_add_uint32(buf, (uint32_t) n);
}


void
credhub_ssh_add_string(credhub_buf_t *buf, credhub_str_t str)
{
    credhub_ssh_add_uint32(buf, (uint32_t) str.len);
    credhub_buf_add_str(buf, str);
}


void
credhub_ssh_add_mpint(credhub_buf_t *buf, credhub_str_t number)
{
    int sign;

    while (number.len != 0 && number.data[0] == 0) {
        number.data++;
        number.len--;
    }

    sign = number.len != 0 && (number.data[0] & 0x80) != 0;

    credhub_ssh_add_uint32(buf, (uint32_t) (number.len + sign));

    if (sign) {
        credhub_buf_lit(buf, "\0");
    }

    credhub_buf_add_str(buf, number);
}
