/* A report's walk through the daemon, the calls in order.
 *
 *     front thread    pipeline_receive     decode, authorise, validate (pure)
 *     writer thread   pipeline_decide      rules, journal, observations, totals, indicators, commit: a group at a time
 *     front thread                         the acks leave, the changed values are published
 *
 * What each refusal means stands in the code, where it is decided. */
#ifndef SUANPAN_PIPELINE_H
#define SUANPAN_PIPELINE_H

#include "daemon/alert/alert.h"
#include "daemon/base/mailbox.h"
#include "daemon/catalogue/catalogue.h"
#include "daemon/catalogue/observation.h"
#include "daemon/store/store.h"
#include "daemon/wire/router.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mail_kind { MAIL_REPORT, MAIL_CATALOGUE, MAIL_ACT };

/* One report in the daemon, from its frame to its ack. Owned by one thread at a time; mail first, so that it
 * can travel. */
struct passage {
	struct mail mail;
	struct route route;
	const struct key_holder *holder; /* whose it is by its key; NULL where no key is demanded */
	void *payload;                   /* as received, from malloc */
	size_t payload_size;
	struct report_name name;
	uint64_t oldest;
	uint8_t hash[REPORT_HASH_SIZE];
	bool foreign; /* refused, because it is for what is another's to report, or in another's name */
	bool refused; /* validation refused it: `ack` already says why, the store has only to remember it */
	struct observation *observations; /* from malloc */
	size_t observation_count;
	bool confirms,
	    corrects; /* it gives a reason for figures that look wrong; for changing closed periods */
	void *ack;    /* packed, from malloc; NULL: nothing is to be sent */
	size_t ack_size;
};
void passage_free(struct passage *passage); /* NULL is fine */

/* What the front thread needs, and what the writer thread needs: one of each. */
struct reception;
int MUST_CHECK reception_new(const struct catalogue *catalogue, struct reception **ret_reception);
void reception_free(struct reception *reception);
/* Reports from here on are checked against another catalogue. */
void reception_switch(struct reception *reception, const struct catalogue *catalogue);
/* From here on only the holder of a reporter's key may report, and only as that one; before, everybody is believed to be who
 * they say they are. */
void reception_demand_keys(struct reception *reception);

enum pipeline_verdict {
	PIPELINE_ANSWERED = 1, /* nothing for the store: the ack can leave at once */
	PIPELINE_STOP = 2, /* the outcome of a commit is unknown: nothing may be acked; stop the process */
};

/* Whether its sender may report at all, as it stands now. 0, or PIPELINE_ANSWERED with an ack that says no. */
int MUST_CHECK pipeline_admit(struct reception *reception, struct passage *passage);
/* It was not looked at: an ack that says OVERLOADED, and why. Answers PIPELINE_ANSWERED or a fault. */
int MUST_CHECK pipeline_put_off(struct passage *passage, const char *reason);
/* Fills in everything from payload and payload_size, and admits it once more: since it came, its key may have been taken out.
 * 0: on to the writer. */
int MUST_CHECK pipeline_receive(struct reception *reception, struct passage *passage);

/* For a report that the journal already holds (daemon/upkeep/replay.h): fills in everything from its record and
 * payload as pipeline_receive did when it came, but for what is the store's to know. What was refused has no
 * payload and gets no ack. 0: on to the writer, which decides as it did then. PIPELINE_ANSWERED: it is not
 * accepted now; the ack says why. */
struct journal_record;
int MUST_CHECK pipeline_receive_again(struct reception *reception, const struct journal_record *record,
                                      struct passage *passage);

struct writer;
/* `catalogue`: the one in force; NULL: there is none yet, and one must be adopted first. */
int MUST_CHECK writer_new(const struct catalogue *catalogue, struct store *store, struct writer **ret_writer);
void writer_free(struct writer *writer);

/* Decides a whole group (a list of reports as from mailbox_take) in one commit, and gives every passage its ack. With `follow` the
 * changed values are told, which are the writer's until the next call: those of indicators, and those of the touched
 * statistics. Answers 0, PIPELINE_STOP, or a fault that left the store as it was (the acks then say OVERLOADED). */
int MUST_CHECK pipeline_decide(struct writer *writer, struct mail *group, int64_t wall_ms, bool follow,
                               const struct changed_value **ret_changed, size_t *ret_count);

/* The changed values that were told last, from malloc: they are the caller's from now on. NULL if there were none. */
struct changed_value *writer_take_changed(struct writer *writer);

/* Decides what an operator does, in a commit of its own if it changes anything (acts.h). Answers 0, PIPELINE_STOP (the act is
 * then unanswerable), or a fault that left the store as it was. Except after PIPELINE_STOP act->result says what came of it. */
struct act;
int MUST_CHECK pipeline_act(struct writer *writer, struct act *act, int64_t wall_ms);

/* A catalogue on its way into force. Mail first. */
struct adoption {
	struct mail mail;
	struct catalogue *catalogue; /* stays until the store is closed, whatever comes of it */
	void *files;                 /* packed; from malloc */
	size_t files_size;
	bool totals_differ;
	bool figures_stay; /* only who may report and ask has changed: nothing is computed */
	bool adopted;      /* what came of it, and in which commit */
	uint64_t commit;
};
void adoption_free(struct adoption *adoption); /* not its catalogue; NULL is fine */
/* What it means to follow `before` (NULL: there was none), which is in force in the snapshot: told from the two catalogues alone,
 * because a replay must come to the same. adoption->catalogue and ->files are there. */
int MUST_CHECK adoption_compare(struct adoption *adoption, const struct catalogue *before,
                                struct snapshot *snapshot);

/* Puts it into force in one commit: every value is computed anew for all history. From then on the writer works with it. Answers as
 * pipeline_decide does; adoption->adopted is false where the store was left as it was. */
int MUST_CHECK pipeline_adopt(struct writer *writer, struct adoption *adoption, int64_t wall_ms, bool follow,
                              const struct changed_value **ret_changed, size_t *ret_count);

/* Looks at calendar and targets (looks.h) in a commit of its own. *ret_commit: its number; 0: there was nothing to raise or to
 * resolve, and so there is no commit. Answers as pipeline_decide does. */
int MUST_CHECK pipeline_look(struct writer *writer, int64_t wall_ms, uint64_t *ret_commit);

/* The alerts that the last commit raised or changed, from malloc: they are the caller's from now on. NULL if there were none. */
struct alert *writer_take_alerts(struct writer *writer, size_t *ret_count);

#endif
