/* Is this report one that may be stored? Pure: decides from the bytes and the catalogue alone.
 *
 * Everything wrong with a report is found in one go. Order within the stream and repetition are not looked at
 * here: they need the store, and are the pipeline's. */
#ifndef SUANPAN_INTAKE_CHECK_H
#define SUANPAN_INTAKE_CHECK_H

#include "daemon/base/arena.h"
#include "daemon/catalogue/catalogue.h"
#include "daemon/catalogue/observation.h"
#include "proto/suanpan.pb-c.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum check_verdict {
	CHECK_REFUSED = 1, /* it has a name, and will never be accepted as it is: reason, perhaps problems */
	CHECK_NAMELESS =
	    2, /* not a report, or from nobody we know: it cannot even be remembered as refused */
	CHECK_UNSUPPORTED = 3, /* a newer major */
};

/* What a check found; pointers live in the arena until its reset, but for the observations. */
struct checked_report {
	bool has_stream;                  /* stream and sequence could be read */
	bool names_another;               /* CHECK_NAMELESS: the key is one reporter's, the name another's */
	struct report_name name;          /* reporter_id is the permanent one; 0 under CHECK_NAMELESS */
	uint64_t oldest;                  /* the lowest sequence the sender still holds; 0: it did not say */
	struct observation *observations; /* from malloc, the caller's to free; NULL unless 0 was answered */
	size_t observation_count;
	bool confirms,
	    corrects; /* it gives a reason why figures that look wrong are right; why a closed period changes */
	const char *reason;          /* one sentence, unless 0 was answered */
	Suanpan__Problem **problems; /* ascending by row */
	size_t problem_count;
};

/* `reporter_index`: who the key says it is, or CATALOGUE_NONE where the name in the report is trusted (ipc,
 * loopback). Answers 0, a check_verdict, or -ENOMEM. *ret_report is always set. */
int MUST_CHECK intake_check(const struct catalogue *catalogue, uint32_t reporter_index, const void *payload,
                            size_t size, struct arena *arena, struct checked_report *ret_report);

#endif
