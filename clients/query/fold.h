/* Text by the columns that it takes on a terminal: Chinese takes two a character. UTF-8, in a locale whose LC_CTYPE knows it. */
#ifndef SUANPAN_CLIENTS_QUERY_FOLD_H
#define SUANPAN_CLIENTS_QUERY_FOLD_H

#include <stddef.h>

size_t fold_width(const char *text);

/* Parts `text` into lines of at most `width` columns (at least 2): at blanks, and between characters that are wide, which is
 * where Chinese may be parted; a word that is longer than that is parted where the line ends. Answers the lines with '\n'
 * between them, to be freed; NULL: out of memory. */
char *fold_text(const char *text, size_t width);

#endif
