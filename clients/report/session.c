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

/* Answers an exit status. */
static int find_spool(const struct sender_settings *settings, char **ret_path)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int length;
	if (settings->spool)
		length = asprintf(ret_path, "%s", settings->spool);
	else if (state && *state == '/')
		length = asprintf(ret_path, "%s/suanpan/spool", state);
	else if (home && *home)
		length = asprintf(ret_path, "%s/.local/state/suanpan/spool", home);
	else {
		fputs("suanpan-report: there is no home for the spool; give --spool DIR\n", stderr);
		return EXIT_USAGE;
	}
	if (length >= 0)
		return 0;
	*ret_path = NULL;
	fputs("suanpan-report: out of memory\n", stderr);
	return EXIT_REFUSED;
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

#define KEEP_MOST_DAYS 36500
#define DAY_MS         86400000

static int read_keep(struct session *session)
{
	const char *text = session->settings->keep ? session->settings->keep : SENDER_KEEP;
	int64_t days;
	if (decimal_parse(text, strlen(text), 0, &days) == 0 && days >= 0 && days <= KEEP_MOST_DAYS) {
		session->keep_ms = days * DAY_MS;
		return 0;
	}
	fprintf(stderr, "suanpan-report: --keep: '%s'; expected days, from 0 to %d\n", text, KEEP_MOST_DAYS);
	return EXIT_USAGE;
}

static int check_reporter(const char *reporter)
{
	if (!reporter || code_is_valid(reporter, strlen(reporter)))
		return 0;
	fprintf(stderr, "suanpan-report: --reporter: '%s' is not a code (a-z, 0-9, _ and -)\n", reporter);
	return EXIT_USAGE;
}

/* Before anything is sent: what could be read on the way must not leave. */
static int read_identity(struct session *session)
{
	const struct sender_settings *settings = session->settings;
	struct keys_reason reason;
	if (identity_read(settings->key, settings->server_key, &session->identity, &reason) == 0 &&
	    identity_check_url(&session->identity, settings->intake, &reason) == 0 &&
	    identity_check_url(&session->identity, settings->query, &reason) == 0)
		return 0;
	fprintf(stderr, "suanpan-report: %s\n", reason.text);
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
	if (!status)
		status = read_keep(session);
	if (!status)
		status = read_identity(session);
	return status ? status : find_spool(settings, &session->path);
}

void session_done(struct session *session)
{
	spool_close(session->spool);
	endpoint_context_free(session->zmq_context);
	identity_wipe(&session->identity);
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
	spool_set_bounds(session->spool,
	                 &(struct spool_bounds){.keep_ms = session->keep_ms, .room = SPOOL_ROOM});
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

static int run_delivery(struct session *session, const struct deliver_settings *settings,
                        struct delivery *ret_delivery)
{
	int fault = deliver(settings, ret_delivery);
	progress_clear();
	return fault ? session_say_fault(session, fault) : 0;
}

static struct deliver_settings delivery_settings(struct session *session)
{
	return (struct deliver_settings){
	    .zmq_context = session->zmq_context,
	    .url = session->settings->intake,
	    .identity = &session->identity,
	    .timeout_ms = session->timeout_ms,
	    .spool = session->spool,
	    .why = &session->why,
	    .last = UINT64_MAX,
	    .messages = stderr,
	    .progress = session->settings->quiet ? NULL : progress_draw,
	};
}

static void say_end(struct session *session, const struct delivery *delivery)
{
	if (delivery->end != DELIVER_ALL)
		fprintf(stderr, "suanpan-report: %s\n", session->why.text);
	if (delivery->left)
		session_say_left(delivery->left);
}

int session_deliver(struct session *session, uint64_t own_first, uint64_t last, struct delivery *ret_delivery)
{
	session->why.text[0] = '\0';
	int status = session_connect(session);
	if (status)
		return status;
	struct deliver_settings settings = delivery_settings(session);
	settings.own_first = own_first;
	settings.last = last;
	status = run_delivery(session, &settings, ret_delivery);
	if (!status)
		say_end(session, ret_delivery);
	return status;
}

#define PROBE_MOST_MS 3000

int session_ask_newest(struct session *session, struct delivery *ret_delivery)
{
	session->why.text[0] = '\0';
	int status = session_connect(session);
	if (status)
		return status;
	struct deliver_settings settings = delivery_settings(session);
	settings.probe = true;
	if (settings.timeout_ms > PROBE_MOST_MS)
		settings.timeout_ms = PROBE_MOST_MS;
	status = run_delivery(session, &settings, ret_delivery);
	if (status)
		return status;
	if (ret_delivery->left || ret_delivery->end == DELIVER_ALL)
		say_end(session, ret_delivery);
	else if (!session->settings->quiet)
		fprintf(stderr,
		        "note: whether the daemon still has what it acknowledged could not be asked: %s\n",
		        session->why.text);
	if (!ret_delivery->left) /* nothing was to be delivered, and nothing is left to be */
		ret_delivery->end = DELIVER_ALL;
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
	const struct deliver_tally *tallies[] = {&delivery->own, &delivery->earlier, &delivery->again};
	for (size_t i = 0; i < sizeof tallies / sizeof *tallies; i++)
		if (tallies[i]->refused || tallies[i]->conflicts)
			return EXIT_REFUSED;
	switch (delivery->end) {
	case DELIVER_ALL:
		return EXIT_DONE;
	case DELIVER_SILENCE:
	case DELIVER_OVERLOADED:
		return EXIT_UNREACHABLE;
	case DELIVER_SHUT_OUT:
	case DELIVER_UNSUPPORTED:
	case DELIVER_STUCK:
	default:
		return EXIT_REFUSED;
	}
}
