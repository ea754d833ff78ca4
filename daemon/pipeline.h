/* A report's walk through the daemon, the calls in order.
 *
 *     front thread    pipeline_receive     decode, authorise, validate (pure)
 *     writer thread   pipeline_decide      journal, observations, totals, indicators, commit: a group at a
 * time front thread                         the acks leave, the changed values are published
 *
 * What each refusal means stands in the code, where it is decided. */
#ifndef SUANPAN_PIPELINE_H
#define SUANPAN_PIPELINE_H

#include "daemon/base/mailbox.h"
#include "daemon/catalogue/catalogue.h"
#include "daemon/catalogue/observation.h"
#include "daemon/store/store.h"
#include "daemon/wire/router.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mail_kind { MAIL_REPORT, MAIL_CATALOGUE };

/* One report in the daemon, from its frame to its ack. Owned by one thread at a time; mail first, so that it
 * can travel. */
struct passage {
	struct mail mail;
	struct route route;
	void *payload; /* as received, from malloc */
	size_t payload_size;
	struct report_name name;
	uint64_t oldest;
	uint8_t hash[REPORT_HASH_SIZE];
	bool refused; /* validation refused it: `ack` already says why, the store has only to remember it */
	struct observation *observations; /* from malloc */
	size_t observation_count;
	void *ack; /* packed, from malloc; NULL: nothing is to be sent */
	size_t ack_size;
};
void passage_free(struct passage *passage); /* NULL is fine */

/* What the front thread needs, and what the writer thread needs: one of each. */
struct reception;
int MUST_CHECK reception_new(const struct catalogue *catalogue, struct reception **ret_reception);
void reception_free(struct reception *reception);
/* Reports from here on are checked against another catalogue. */
void reception_switch(struct reception *reception, const struct catalogue *catalogue);

enum pipeline_verdict {
	PIPELINE_ANSWERED = 1, /* nothing for the store: the ack can leave at once */
	PIPELINE_STOP = 2, /* the outcome of a commit is unknown: nothing may be acked; stop the process */
};

/* Fills in everything from payload and payload_size. 0: on to the writer. */
int MUST_CHECK pipeline_receive(struct reception *reception, struct passage *passage);

struct writer;
/* `catalogue`: the one in force; NULL: there is none yet, and one must be adopted first. */
int MUST_CHECK writer_new(const struct catalogue *catalogue, struct store *store, struct writer **ret_writer);
void writer_free(struct writer *writer);

/* Decides a whole group (a list of reports as from mailbox_take) in one commit, and gives every passage its ack. With `follow` the
 * changed values are told, which are the writer's until the next call: those of indicators, and those of the touched
 * statistics. Answers 0, PIPELINE_STOP, or a fault that left the store as it was (the acks then say OVERLOADED). */
int MUST_CHECK pipeline_decide(struct writer *writer, struct mail *group, int64_t wall_ms, bool follow,
                               const struct changed_value **ret_changed, size_t *ret_count);

/* A catalogue on its way into force. Mail first. */
struct adoption {
	struct mail mail;
	struct catalogue *catalogue; /* stays until the store is closed, whatever comes of it */
	void *files;                 /* packed; from malloc */
	size_t files_size;
	bool totals_differ;
	bool adopted; /* what came of it, and in which commit */
	uint64_t commit;
};
void adoption_free(struct adoption *adoption); /* not its catalogue; NULL is fine */

/* Puts it into force in one commit: every value is computed anew for all history. From then on the writer works with it. Answers as
 * pipeline_decide does; adoption->adopted is false where the store was left as it was. */
int MUST_CHECK pipeline_adopt(struct writer *writer, struct adoption *adoption, int64_t wall_ms, bool follow,
                              const struct changed_value **ret_changed, size_t *ret_count);

#endif
