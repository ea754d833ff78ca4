/* Alerts as they are raised and changed: what the daemon publishes of them, a row each. */
#include "clients/query/commands.h"

#include "clients/lib/live.h"
#include "clients/query/session.h"
#include "proto/endpoint.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct following {
	const struct settings *settings;
	void *context;
	struct live *live;
	struct output *output;
	int stop_fd;
	int64_t left; /* alerts still to print; below 0: without end */
	bool numbered;
	uint64_t epoch, sequence; /* of the last update */
};

static int explain(int fault)
{
	fprintf(stderr, "suanpan: %s\n", fault_text(fault));
	return EXIT_REFUSED;
}

/* Nothing is asked again: what was lost stands in `suanpan alerts`. */
static void say_gap(const struct following *following, const Suanpan__Update *update)
{
	if (following->numbered &&
	    (update->epoch != following->epoch || update->sequence != following->sequence + 1))
		fprintf(stderr, "suanpan: alerts before this one were lost; `suanpan alerts` shows all\n");
}

static int take_update(struct following *following, const Suanpan__Update *update)
{
	if (!update->alert)
		return 0;
	say_gap(following, update);
	following->numbered = true;
	following->epoch = update->epoch;
	following->sequence = update->sequence;
	if (following->left > 0)
		following->left--;
	return output_row(following->output, update->alert);
}

static int follow(struct following *following)
{
	while (following->left) {
		const Suanpan__Update *update;
		int result = live_wait(following->live, -1, following->stop_fd, &update);

		if (result == LIVE_STOPPED)
			return EXIT_DONE;
		if (result == LIVE_LOST)
			fprintf(stderr, "suanpan: the connection to %s is lost; waiting for it\n",
			        following->settings->live);
		if (result == 0)
			result = take_update(following, update);
		if (result < 0)
			return explain(result);
	}
	return EXIT_DONE;
}

static int wait_until_ready(struct following *following)
{
	const struct settings *settings = following->settings;
	const Suanpan__Update *update;
	int result;

	do
		result = live_wait(following->live, settings->timeout_ms, -1, &update);
	while (result == LIVE_LOST || result == LIVE_GARBLED || result == 0);
	if (result == LIVE_READY)
		return EXIT_DONE;
	if (result < 0)
		return explain(result);
	if (live_trouble(following->live))
		fprintf(stderr, "suanpan: %s\n", live_trouble(following->live));
	else
		fprintf(stderr, "suanpan: nobody answers at %s; is suanpand running there?\n",
		        settings->live);
	return result == LIVE_SHUT_OUT ? EXIT_REFUSED : EXIT_UNREACHABLE;
}

static int subscribe(struct following *following)
{
	const struct settings *settings = following->settings;
	const char *error = "";
	int result = endpoint_context_new(&following->context);

	if (result == 0)
		result = live_open(following->context, settings->live, &settings->identity, &following->live,
		                   &error);
	if (result == 0)
		result = live_follow_alerts(following->live);
	if (result < 0)
		return explain(result);
	if (result == 0)
		return wait_until_ready(following);
	fprintf(stderr, "suanpan: cannot connect to %s: %s\n", settings->live, error);
	return EXIT_UNREACHABLE;
}

/* From here on an interrupt ends the watching, and what is open is closed. */
static int catch_interrupts(struct following *following)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	following->stop_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return following->stop_fd < 0 ? explain(-errno) : EXIT_DONE;
}

static int subscribe_and_follow(struct following *following)
{
	int status = subscribe(following);

	if (status == EXIT_DONE)
		status = catch_interrupts(following);
	return status == EXIT_DONE ? follow(following) : status;
}

int alerts_watch(struct settings *settings)
{
	struct following following = {.settings = settings, .stop_fd = -1};
	const struct output_shape shape = {
	    .format = settings->output_format, .columns = alerts_columns, .live = true};
	struct keys_reason reason;
	int status;

	if (settings_count(settings, "alerts watch", &following.left))
		return EXIT_USAGE;
	if (identity_check_url(&settings->identity, settings->live, &reason) != 0) {
		fprintf(stderr, "suanpan alerts watch: %s\n", reason.text);
		return EXIT_USAGE;
	}
	status = output_open(stdout, &shape, &following.output) ? explain(-ENOMEM) : EXIT_DONE;
	if (status == EXIT_DONE)
		status = output_close(following.output, subscribe_and_follow(&following));
	live_close(following.live);
	if (following.context)
		endpoint_context_free(following.context);
	if (following.stop_fd >= 0)
		close(following.stop_fd);
	return status;
}
