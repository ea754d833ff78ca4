/* A conversation with the daemon for the length of one command. */
#ifndef SUANPAN_CLIENTS_QUERY_SESSION_H
#define SUANPAN_CLIENTS_QUERY_SESSION_H

#include "clients/lib/ask.h"
#include "clients/query/settings.h"

struct session {
	const struct settings *settings;
	void *context;
	struct ask *ask;
};

/* Every call that answers an exit status has said on standard error why it is not EXIT_DONE. */
int MUST_CHECK session_open(const struct settings *settings, struct session *ret_session);
void session_close(struct session *session);

/* Puts one query, in the language of the settings and as of their moment; `each` gets the chunks as in ask_query and answers 0 or a
 * fault. Answers an exit status. */
int MUST_CHECK session_ask(struct session *session, Suanpan__Query *query,
                           int (*each)(void *closure, const Suanpan__Answer *answer), void *closure);
/* The same without a sentence where the daemon refuses: answers what ask_query does. */
int MUST_CHECK session_try(struct session *session, Suanpan__Query *query,
                           int (*each)(void *closure, const Suanpan__Answer *answer), void *closure);
/* The sentence for such an answer of session_try, and its exit status. */
int session_explain(const struct session *session, int result);

/* Rows die with their chunk; this one does not. NULL: out of memory. Freed by protobuf_c_message_free_unpacked. */
ProtobufCMessage *session_copy(const ProtobufCMessage *message);

/* What `each` of session_print gets; a command that keeps more makes this its struct's first member. */
struct printing {
	struct output *output;
};

/* One query and its rows, from opening to closing; `each` gets `printing` with its output filled in. */
int MUST_CHECK session_print(const struct settings *settings, Suanpan__Query *query,
                             const struct output_shape *shape,
                             int (*each)(void *printing, const Suanpan__Answer *answer),
                             struct printing *printing);

#endif
