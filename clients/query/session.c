#include "clients/query/session.h"

#include "proto/endpoint.h"
#include <stdio.h>
#include <stdlib.h>

static int explain_fault(int fault)
{
	fprintf(stderr, "suanpan: %s\n", fault_text(fault));
	return EXIT_REFUSED;
}

int session_open(const struct settings *settings, struct session *ret_session)
{
	struct session session = {.settings = settings};
	int fault = endpoint_context_new(&session.context);

	if (fault == 0)
		fault = ask_open(session.context, settings->query, &settings->identity, &session.ask);
	if (fault) {
		session_close(&session);
		return explain_fault(fault);
	}
	*ret_session = session;
	return EXIT_DONE;
}

void session_close(struct session *session)
{
	ask_close(session->ask);
	if (session->context)
		endpoint_context_free(session->context);
}

int session_try(struct session *session, Suanpan__Query *query,
                int (*each)(void *closure, const Suanpan__Answer *answer), void *closure)
{
	query->as_of = session->settings->as_of;
	query->has_language = 1;
	query->language = session->settings->language;
	return ask_query(session->ask, query, session->settings->timeout_ms, each, closure);
}

ProtobufCMessage *session_copy(const ProtobufCMessage *message)
{
	const size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = malloc(size);
	ProtobufCMessage *copy = NULL;

	if (bytes) {
		protobuf_c_message_pack(message, bytes);
		copy = protobuf_c_message_unpack(message->descriptor, NULL, size, bytes);
	}
	free(bytes);
	return copy;
}

int session_explain(const struct session *session, int result)
{
	if (result == 0)
		return EXIT_DONE;
	if (result < 0 && result != FAULT_SOCKET)
		return explain_fault(result);
	fprintf(stderr, "suanpan: %s\n", ask_failure(session->ask));
	return result == ASK_UNREACHABLE ? EXIT_UNREACHABLE : EXIT_REFUSED;
}

int session_ask(struct session *session, Suanpan__Query *query,
                int (*each)(void *closure, const Suanpan__Answer *answer), void *closure)
{
	return session_explain(session, session_try(session, query, each, closure));
}

static int print_answer(struct session *session, Suanpan__Query *query, const struct output_shape *shape,
                        int (*each)(void *printing, const Suanpan__Answer *answer), struct printing *printing)
{
	const int fault = output_open(stdout, shape, &printing->output);

	if (fault)
		return explain_fault(fault);
	return output_close(printing->output, session_ask(session, query, each, printing));
}

int session_print(const struct settings *settings, Suanpan__Query *query, const struct output_shape *shape,
                  int (*each)(void *printing, const Suanpan__Answer *answer), struct printing *printing)
{
	struct session session;
	int status = session_open(settings, &session);

	if (status)
		return status;
	status = print_answer(&session, query, shape, each, printing);
	session_close(&session);
	return status;
}
