/* Alerts as they are raised and changed: what the daemon publishes of them, a row each. */
#include "clients/query/commands.h"

#include "clients/query/listener.h"
#include "clients/query/session.h"
#include "proto/endpoint.h"
#include <errno.h>

struct following {
	void *context;
	struct listener listener;
	struct output *output;
	int64_t left; /* alerts still to print; below 0: without end */
	bool numbered;
	uint64_t epoch, sequence; /* of the last update */
};

/* Nothing is asked again: what was lost stands in `suanpan alerts`. */
static void say_gap(const struct following *following, const Suanpan__Update *update)
{
	if (following->numbered &&
	    (update->epoch != following->epoch || update->sequence != following->sequence + 1))
		fprintf(stderr, "suanpan: alerts before this one were lost; `suanpan alerts` shows all\n");
}

static int take_update(struct following *following, const Suanpan__Update *update)
{
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
		int result = live_wait(following->listener.live, -1, following->listener.stop_fd, &update);

		if (result == LIVE_STOPPED)
			return EXIT_DONE;
		if (result == LIVE_LOST)
			fprintf(stderr, "suanpan: the connection to %s is lost; waiting for it\n",
			        following->listener.settings->live);
		if (result == 0)
			result = take_update(following, update);
		if (result < 0)
			return listener_explain(result);
	}
	return EXIT_DONE;
}

static int subscribe(struct following *following)
{
	const int fault = live_follow_alerts(following->listener.live);

	return fault ? listener_explain(fault) : EXIT_DONE;
}

static int subscribe_and_follow(struct following *following, const struct settings *settings)
{
	const int fault = endpoint_context_new(&following->context);
	int status = fault ? listener_explain(fault)
	                   : listener_open(&following->listener, settings, following->context);

	if (status == EXIT_DONE)
		status = subscribe(following);
	if (status == EXIT_DONE)
		status = listener_await_grants(&following->listener);
	if (status == EXIT_DONE)
		status = listener_catch_interrupts(&following->listener);
	return status == EXIT_DONE ? follow(following) : status;
}

int alerts_watch(struct settings *settings)
{
	struct following following = {.listener = LISTENER_INIT};
	const struct output_shape shape = {
	    .format = settings->output_format, .columns = alerts_columns, .live = true};
	int status;

	if (settings_count(settings, "alerts watch", &following.left))
		return EXIT_USAGE;
	if (listener_check(settings, "alerts watch"))
		return EXIT_USAGE;
	status = output_open(stdout, &shape, &following.output) ? listener_explain(-ENOMEM) : EXIT_DONE;
	if (status == EXIT_DONE)
		status = output_close(following.output, subscribe_and_follow(&following, settings));
	listener_close(&following.listener);
	if (following.context)
		endpoint_context_free(following.context);
	return status;
}
