/* Every byte of a file, flipped, one after the other, and what comes of each.
 *
 * A child flips, looks and mends, byte after byte, until damage ends it; then the next one goes on behind
 * that byte. So looking may crash, as LMDB does on pages that are none, and 200,000 flips take no 200,000
 * forks. */
#ifndef SUANPAN_TESTS_LIB_FLIPS_H
#define SUANPAN_TESTS_LIB_FLIPS_H

#include <stddef.h>
#include <stdint.h>

#define FLIPS_ENDED 255 /* the child ended, by a signal or with a status */

struct flips {
	char *path;
	uint8_t *bytes; /* of the file, as they should be */
	size_t size;
	/* Every so many bytes one. 1 from flips_begin; but under the sanitizers, where a look costs some
	 * ten times as much, 61. */
	size_t stride;
	void (*begin)(void *context); /* in each child, before its first flip; NULL: nothing */
	uint8_t *answers; /* of each byte that was flipped: what `look` answered, below FLIPS_ENDED */
};

void flips_begin(struct flips *flips, const char *folder, const char *name);
/* `look` may change nothing but what is its own; what it prints is lost. Fails the test where a look does
 * not end. */
void flips_sweep(struct flips *flips, uint8_t (*look)(void *context), void *context);
/* The flipped byte; also in the child, for whoever wants to see one of them. */
void flips_flip(const struct flips *flips, size_t at);
void flips_mend(const struct flips *flips, size_t at);
/* The flips there were, and those that got this answer. */
size_t flips_total(const struct flips *flips);
size_t flips_count(const struct flips *flips, uint8_t answer);
void flips_done(struct flips *flips);

#endif
