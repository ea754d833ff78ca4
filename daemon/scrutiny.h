/* What the writer asks of a report before it is accepted, and only it can know: does it agree with what else is reported
 * (intake/examine.h), and does it leave closed periods as they are? What a report says of itself alone was checked before
 * (intake/check.h).
 *
 * Everything is decided from the store as the write sees it, the reports accepted earlier in the same commit, the catalogue and
 * the report: a replay decides the same. A report that no rule names and that touches no closed period pays for one look at
 * each row. Writer thread only. */
#ifndef SUANPAN_DAEMON_SCRUTINY_H
#define SUANPAN_DAEMON_SCRUTINY_H

#include "daemon/catalogue/observation.h"
#include "daemon/intake/remarks.h"
#include "daemon/store/write.h"
#include <stdbool.h>
#include <stddef.h>

struct scrutiny;
int MUST_CHECK scrutiny_new(const struct catalogue *catalogue, struct scrutiny **ret_scrutiny);
void scrutiny_free(struct scrutiny *scrutiny); /* NULL is fine */

/* Nothing is accepted yet in this commit. */
void scrutiny_begin(struct scrutiny *scrutiny);

struct scrutinised {
	struct observation *observations; /* a row that is questioned gets status V */
	size_t count;
	bool confirms,
	    corrects; /* the report gives a reason for figures that look wrong; for changing closed periods */
};

enum scrutiny_verdict { SCRUTINY_REFUSED = 1 };

/* 0: it may be accepted, with these warnings. SCRUTINY_REFUSED: with these problems, one at least for each bad row. *ret_remarks
 * lives until the next call. Looking twice at the same report gives the same. */
int MUST_CHECK scrutiny_look(struct scrutiny *scrutiny, struct write *write, const struct scrutinised *report,
                             const struct remarks **ret_remarks);
/* The report that was looked at last is accepted: the next one is looked at as if it were in the store. Its observations must
 * stay until the commit. */
int MUST_CHECK scrutiny_accept(struct scrutiny *scrutiny);

#endif
