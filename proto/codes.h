/* Codes and text that cross the wire: what a code may look like, what a note may hold, and the nearest known
 * word to one that is not known. Also the observation statuses of SDMX CL_OBS_STATUS that Suanpan uses. */
#ifndef SUANPAN_PROTO_CODES_H
#define SUANPAN_PROTO_CODES_H

#include "daemon/base/fault.h"
#include <stdbool.h>
#include <stddef.h>

#define CODE_LENGTH_MAX 64  /* bytes, without the end */
#define NOTE_LENGTH_MAX 256 /* bytes, without the end */

/* 1 to CODE_LENGTH_MAX of a-z, 0-9, '_', '-'; starts with a letter or a digit. */
bool code_is_valid(const char *text, size_t length);
/* Well-formed UTF-8 without NUL or control characters other than tab (a note is one line). Empty is fine. */
bool text_is_valid(const char *text, size_t length);

/* A normal, P provisional, E estimated, F forecast, B break, V unvalidated, O missing (takes the value back),
 * L not collected, Q suppressed. O, L and Q carry no value. */
bool status_is_valid(char status);
bool status_has_value(char status);
const char *status_name(char status); /* "normal"; NULL for an unknown one */

/* The entry of words[] nearest to `word` by edit distance (ASCII case folded), or NULL when none is near
 * enough to be worth suggesting (more than a third of the longer one's characters differ). */
const char *nearest_word(const char *word, const char *const words[], size_t count);

#endif
