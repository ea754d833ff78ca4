#include "clients/query/listener.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

int listener_explain(int fault)
{
	fprintf(stderr, "suanpan: %s\n", fault_text(fault));
	return EXIT_REFUSED;
}

int listener_check(const struct settings *settings, const char *command)
{
	struct keys_reason reason;

	if (identity_check_url(&settings->identity, settings->live, &reason) == 0)
		return EXIT_DONE;
	fprintf(stderr, "suanpan %s: %s\n", command, reason.text);
	return EXIT_USAGE;
}

int listener_open(struct listener *listener, const struct settings *settings, void *zmq_context)
{
	const char *error = "";
	const int result =
	    live_open(zmq_context, settings->live, &settings->identity, &listener->live, &error);

	listener->settings = settings;
	if (result < 0)
		return listener_explain(result);
	if (result == 0)
		return EXIT_DONE;
	fprintf(stderr, "suanpan: cannot connect to %s: %s\n", settings->live, error);
	return EXIT_UNREACHABLE;
}

int listener_await_grants(struct listener *listener)
{
	const struct settings *settings = listener->settings;
	const Suanpan__Update *update;
	int result;

	do
		result = live_wait(listener->live, settings->timeout_ms, -1, &update);
	while (result == LIVE_LOST || result == LIVE_GARBLED || result == 0);
	if (result == LIVE_READY)
		return EXIT_DONE;
	if (result < 0)
		return listener_explain(result);
	if (live_trouble(listener->live))
		fprintf(stderr, "suanpan: %s\n", live_trouble(listener->live));
	else
		fprintf(stderr, "suanpan: nobody answers at %s; is suanpand running there?\n",
		        settings->live);
	return result == LIVE_SHUT_OUT ? EXIT_REFUSED : EXIT_UNREACHABLE;
}

int listener_catch_interrupts(struct listener *listener)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	listener->stop_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return listener->stop_fd < 0 ? listener_explain(-errno) : EXIT_DONE;
}

void listener_close(struct listener *listener)
{
	live_close(listener->live);
	if (listener->stop_fd >= 0)
		close(listener->stop_fd);
}
