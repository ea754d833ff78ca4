/* A set of words, each with the index it got when it was first added: 0, 1, 2 ... */
#ifndef SUANPAN_CLIENTS_REPORT_WORDS_H
#define SUANPAN_CLIENTS_REPORT_WORDS_H

#include "daemon/base/fault.h"
#include <stddef.h>
#include <stdint.h>

#define WORDS_NONE UINT32_MAX

struct words {
	char **list; /* ours, each ends with a NUL */
	uint32_t count;
	uint32_t *slots; /* open addressing: index + 1, 0 is free; a power of two of them */
	uint32_t slot_count, room;
};

/* An all-zero struct words is an empty set. */
void words_done(struct words *words);
uint32_t words_find(const struct words *words, const char *text, size_t length); /* WORDS_NONE: not there */
/* Adds it unless it is there. 0 or -ENOMEM. */
int MUST_CHECK words_add(struct words *words, const char *text, size_t length, uint32_t *ret_index);

#endif
