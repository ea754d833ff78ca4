/* A small picture of a series, a character a figure. */
#ifndef SUANPAN_CLIENTS_QUERY_SPARK_H
#define SUANPAN_CLIENTS_QUERY_SPARK_H

#include <stdbool.h>
#include <stddef.h>

#define SPARK_POINTS_MAX 12 /* of a longer series the newest */
#define SPARK_SIZE       ((SPARK_POINTS_MAX + 2) * 3 + 1)

/* Figures are text, and what is none leaves a blank. After one more blank stands the target, on the same scale, which goes
 * from the least of them all to the greatest. `target` may be NULL; without any figure the picture is empty. */
void spark_draw(char *const *figures, size_t count, const char *target, bool ascii,
                char ret_text[SPARK_SIZE]);

#endif
