/* values_wit.c - the random types of values.c as WIT, for bindgen.  Room: component (its tests).
 *
 *   values_wit COUNT SEED FILE                                                                                              */
#include <stdio.h>
#include <stdlib.h>

#include "differential/shape.h"

int main(int argc, char **argv)
{
    struct shape shape;
    sw_auto_buf text = SW_BUF(256u << 20);
    if (argc != 4) {
        (void)fprintf(stderr, "usage: values_wit COUNT SEED FILE\n");
        return 2;
    }
    shape_make(&shape, strtoull(argv[2], NULL, 0), (uint32_t)strtoul(argv[1], NULL, 0), true);
    shape_wit(&shape, &text);
    FILE *file = fopen(argv[3], "w");
    if (!file || fwrite(text.p, 1, text.n, file) != text.n || fclose(file) != 0) {
        perror(argv[3]);
        return 1;
    }
    shape_free(&shape);
    return 0;
}
