/* Sentences for people: why something did not work, and pieces of their files quoted safely in it. */
#ifndef SUANPAN_CLIENTS_REPORT_SENTENCE_H
#define SUANPAN_CLIENTS_REPORT_SENTENCE_H

#include "daemon/base/fault.h"
#include <stddef.h>
#include <stdint.h>

struct sentence {
	char text[512];
};

void sentence_set(struct sentence *sentence, const char *format, ...) PRINTF_LIKE(2, 3);

/* 'text' in quotes: control characters become '?' (they could drive a terminal), long text is cut with an
 * ellipsis between two characters. */
struct quoted {
	char text[96];
};
struct quoted quote(const char *text, size_t length);

/* 1204 -> "1,204" */
struct grouped {
	char text[32];
};
struct grouped group_digits(uint64_t number);

#endif
