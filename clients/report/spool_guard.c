/* LMDB reads its file through a map, and trusts it: where the file was cut off, the disk fails, or a page is damaged, the
 * answer is a signal, out of the midst of anything. A clerk gets a sentence for it, not "Bus error". Nothing is lost by
 * ending: whatever transaction was open never was. */
#include "clients/lib/options.h"
#include "clients/report/spool_internal.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const int signals[] = {SIGBUS, SIGSEGV, SIGABRT};
#define SIGNALS (sizeof signals / sizeof *signals)

static struct {
	char text[512];
	size_t length;
	struct sigaction before[SIGNALS];
} guard;

static void on_signal(int number)
{
	(void)number;
	if (write(STDERR_FILENO, guard.text, guard.length) < 0)
		_exit(EXIT_REFUSED); /* there is nobody to tell */
	_exit(EXIT_REFUSED);
}

/* Somebody else who waits for a signal, such as a sanitizer, knows more of it than we; but nobody else knows SIGBUS. */
static void watch(size_t i)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigemptyset(&action.sa_mask);
	sigaction(signals[i], NULL, &guard.before[i]);
	if (signals[i] == SIGBUS || guard.before[i].sa_handler == SIG_DFL)
		sigaction(signals[i], &action, NULL);
}

void spool_guard_begin(const struct spool *spool)
{
	snprintf(guard.text, sizeof guard.text,
	         "suanpan-report: the spool in %.300s cannot be used: its file is cut off or damaged, or the "
	         "disk fails\n",
	         spool->path);
	guard.length = strlen(guard.text);
	for (size_t i = 0; i < SIGNALS; i++)
		watch(i);
}

void spool_guard_end(void)
{
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &guard.before[i], NULL);
}
