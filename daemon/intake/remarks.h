/* What there is to say of the rows of one report: problems, or warnings. Every row that has one is named, and the ack that lists
 * them all stays within ENVELOPE_ANSWER_MAX whatever was sent: each row has its share for a first remark; more is said as
 * long as it takes nothing from the rows to come.
 *
 * Memory comes from an arena of the caller's; running out of it is remembered, and nothing is added from then on. */
#ifndef SUANPAN_INTAKE_REMARKS_H
#define SUANPAN_INTAKE_REMARKS_H

#include "daemon/base/arena.h"
#include "proto/suanpan.pb-c.h"
#include <stdarg.h>
#include <stddef.h>

#define REMARKS_SENTENCE_SIZE 512

struct remarks {
	struct arena *arena;
	size_t rows; /* of the report */
	size_t room; /* packed bytes that remarks may still take */
	union {
		Suanpan__Problem **problems;
		Suanpan__Warning **warnings;
		void **any;
	};
	size_t count, capacity;
	size_t unlisted; /* those for which there was no room */
	int fault;
};

void remarks_init(struct remarks *remarks, struct arena *arena, size_t rows);
/* Of one kind or of the other; in ascending order of rows. */
void remarks_add_problem(struct remarks *remarks, size_t row, Suanpan__Reason reason, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* `rule` must live as long as the arena's memory. */
void remarks_add_warning(struct remarks *remarks, size_t row, const char *rule, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* "3 problems in 5 observations"; NULL: no memory. */
const char *remarks_sum_up(const struct remarks *problems);

/* A sentence of at most length_max bytes, cut where a character ends; NULL: no memory. */
char *remarks_print(struct arena *arena, size_t length_max, const char *format, va_list arguments)
    PRINTF_LIKE(3, 0);
/* `length`, or less where that would cut a character in two. */
size_t remarks_whole_characters(const char *text, size_t length);

#endif
