
/* Feeds files to a fuzz target, each in memory without a byte to spare, and
 * says how many there were. */

#include <stdio.h>
#include "fuzz.h"


#define REPLAY_MAX (1 << 21)


static int
replay(const char *file)
{
    FILE    *in;
    size_t   len;
    uint8_t *exact;

    static uint8_t data[REPLAY_MAX];

    in = fopen(file, "rb");
    if (in == NULL) {
        perror(file);
        return -1;
    }

    len = fread(data, 1, sizeof(data), in);
    (void) fclose(in);

    exact = malloc(len + (len == 0));
    if (exact == NULL) {
        return -1;
    }

    memcpy(exact, data, len);
    (void) LLVMFuzzerTestOneInput(exact, len);
    free(exact);

    return 0;
}


int
main(int argc, char **argv)
{
    int i;

    for (i = 1; i < argc; i++) {
        if (replay(argv[i]) != 0) {
            return 1;
        }
    }

    printf("replayed %d\n", argc - 1);

    return 0;
}
