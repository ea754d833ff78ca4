/* What operators do: an Act on its way from the desk to the writer and back.
 *
 *     desk    query/act.c     whether it makes sense
 *             act_new         packed as the journal will hold it, with who does it
 *     writer  pipeline_act    decides it in a commit of its own, by acts_apply
 *     desk                    answers, once the commit is on disk
 *
 * What is so already changes nothing, is not written down, and says so: an act may be repeated. What comes of one follows from
 * its payload, the store's tables and the commit's time alone, because a replay must come to the same. */
#ifndef SUANPAN_ACTS_H
#define SUANPAN_ACTS_H

#include "daemon/base/mailbox.h"
#include "daemon/query/answer.h"
#include "daemon/store/write.h"
#include "daemon/wire/router.h"
#include "proto/suanpan.pb-c.h"

/* Owned by one thread at a time; mail first, so that it can travel. */
struct act {
	struct mail mail; /* of MAIL_ACT */
	struct route route;
	uint64_t number; /* of the query */
	void *payload;   /* the Act packed; from malloc */
	size_t payload_size;
	Suanpan__Act *message; /* what the payload says */
	bool unanswerable;     /* nobody knows whether it is on disk: nothing may be said */
	struct act_result result;
};

enum act_verdict {
	ACT_UNREADABLE = 1 /* the bytes are not an Act that the daemon wrote; or there is no memory */
};
/* Copies the payload. */
int MUST_CHECK act_new(const void *payload, size_t size, struct act **ret_act);
void act_free(struct act *act); /* NULL is fine */

/* "close", for the log; static storage. */
const char *act_name(const struct act *act);

/* Does it, inside a write of its own; act->result says what came of it. Answers 0 or a fault; where it changed something
 * write_has_changes. */
int MUST_CHECK acts_apply(struct write *write, struct act *act);
/* A look is not done by a write alone: the writer does it with looks.h, and then has the act say what came of it. */
bool act_is_look(const struct act *act);
void act_tell_look(const struct write *write, struct act *act);
/* It was not done, and the store is as it was. */
void act_postpone(struct act *act, const char *reason);

#endif
