#include "clients/report/session.h"
#include "clients/lib/options.h"
#include "clients/report/progress.h"
#include "proto/codes.h"
#include "proto/decimal.h"
#include "proto/endpoint.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- settings ---- */

static char *default_spool(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *path = NULL;
	int length = -1;
	if (state && *state == '/')
		length = asprintf(&path, "%s/suanpan/spool", state);
	else if (home && *home)
		length = asprintf(&path, "%s/.local/state/suanpan/spool", home);
	return length < 0 ? NULL : path;
}

static int check_url(const char *option, const char *url)
{
	const char *expected = "";
	if (endpoint_is_valid(url, &expected))
		return 0;
	fprintf(stderr, "suanpan-report: --%s: '%s' is not an endpoint; expected %s\n", option, url,
	        expected);
	return EXIT_USAGE;
}

#define TIMEOUT_MOST_MS 3600000

static int read_timeout(struct session *session)
{
	const char *text = session->settings->timeout;
	int64_t ms;
	if (decimal_parse(text, strlen(text), 3, &ms) == 0 && ms > 0 && ms <= TIMEOUT_MOST_MS) {
		session->timeout_ms = (int)ms;
		return 0;
	}
	fprintf(stderr, "suanpan-report: --timeout: '%s'; expected seconds, more than 0 and at most 3600\n",
	        text);
	return EXIT_USAGE;
}

static int check_reporter(const char *reporter)
{
	if (!reporter || code_is_valid(reporter, strlen(reporter)))
		return 0;
	fprintf(stderr, "suanpan-report: --reporter: '%s' is not a code (a-z, 0-9, _ and -)\n", reporter);
	return EXIT_USAGE;
}

int session_init(struct session *session, const struct sender_settings *settings)
{
	*session = (struct session){.settings = settings, .state.next = 1};
	int status = check_url("intake", settings->intake);
	if (!status)
		status = check_url("query", settings->query);
	if (!status)
		status = check_reporter(settings->reporter);
	if (!status)
		status = read_timeout(session);
	if (status)
		return status;
	session->path = settings->spool ? strdup(settings->spool) : default_spool();
	if (session->path)
		return 0;
	fputs("suanpan-report: there is no home for the spool; give --spool DIR\n", stderr);
	return EXIT_USAGE;
}

void session_done(struct session *session)
{
	spool_close(session->spool);
	endpoint_context_free(session->zmq_context);
	free(session->path);
}

int session_say_fault(struct session *session, int fault)
{
	fprintf(stderr, "suanpan-report: %s\n", *session->why.text ? session->why.text : fault_text(fault));
	return EXIT_REFUSED;
}

/* ---- the spool ---- */

int session_open_spool(struct session *session)
{
	int answer = spool_open(session->path, &session->why, &session->spool);
	if (!answer)
		answer = spool_read_state(session->spool, &session->state);
	if (answer)
		return session_say_fault(session, answer);
	const char *reporter = session->settings->reporter;
	if (!session->state.has_identity || !reporter || strcmp(reporter, session->state.reporter) == 0)
		return 0;
	fprintf(stderr,
	        "suanpan-report: the spool in %s belongs to the reporter '%s'; '%s' needs a spool of its own "
	        "(--spool)\n",
	        session->path, session->state.reporter, reporter);
	return EXIT_REFUSED;
}

int session_connect(struct session *session)
{
	if (session->zmq_context)
		return 0;
	int fault = endpoint_context_new(&session->zmq_context);
	return fault ? session_say_fault(session, fault) : 0;
}

/* ---- delivering ---- */

void session_say_left(uint64_t left)
{
	fprintf(stderr, "%s report%s spooled and will be sent by the next push or drain\n",
	        group_digits(left).text, left == 1 ? " is" : "s are");
}

int session_deliver(struct session *session, uint64_t own_first, uint64_t last, struct delivery *ret_delivery)
{
	session->why.text[0] = '\0';
	int status = session_connect(session);
	if (status)
		return status;
	const struct deliver_settings settings = {
	    .zmq_context = session->zmq_context,
	    .url = session->settings->intake,
	    .timeout_ms = session->timeout_ms,
	    .spool = session->spool,
	    .why = &session->why,
	    .own_first = own_first,
	    .last = last,
	    .messages = stderr,
	    .progress = session->settings->quiet ? NULL : progress_draw,
	};
	int fault = deliver(&settings, ret_delivery);
	progress_clear();
	if (fault)
		return session_say_fault(session, fault);
	if (ret_delivery->end != DELIVER_ALL)
		fprintf(stderr, "suanpan-report: %s\n", session->why.text);
	if (ret_delivery->left)
		session_say_left(ret_delivery->left);
	return 0;
}

void session_print_tally(const char *before, const struct deliver_tally *tally)
{
	const struct {
		uint64_t count;
		const char *what;
	} parts[] = {
	    {tally->accepted, "accepted"}, {tally->refused, "refused"}, {tally->conflicts, "in conflict"}};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (parts[i].count == 0)
			continue;
		printf("%s%s %s", before, group_digits(parts[i].count).text, parts[i].what);
		before = ", ";
	}
}

/* What a person must look at outranks what the next push will mend by itself. */
int session_exit_status(const struct delivery *delivery)
{
	if (delivery->own.refused || delivery->own.conflicts || delivery->earlier.refused ||
	    delivery->earlier.conflicts)
		return EXIT_REFUSED;
	switch (delivery->end) {
	case DELIVER_ALL:
		return EXIT_DONE;
	case DELIVER_SILENCE:
	case DELIVER_OVERLOADED:
		return EXIT_UNREACHABLE;
	case DELIVER_UNSUPPORTED:
	case DELIVER_STUCK:
	default:
		return EXIT_REFUSED;
	}
}
