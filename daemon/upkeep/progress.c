#include "daemon/upkeep/progress.h"

#include "daemon/base/clock.h"
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define BAR_WIDTH 30

void progress_begin(struct progress *progress, FILE *out, const char *what, const char *unit, uint64_t total)
{
	int64_t now = clock_read().monotonic_ms;
	*progress = (struct progress){.out = out,
	                              .what = what,
	                              .unit = unit,
	                              .total = total,
	                              .moves = out && isatty(fileno(out)),
	                              .started_ms = now,
	                              .said_ms = now};
}

static uint64_t seconds_left(const struct progress *progress, int64_t now)
{
	if (progress->done == 0)
		return 0;
	double passed = (double)(now - progress->started_ms) / 1000;
	return (uint64_t)(passed * (double)(progress->total - progress->done) / (double)progress->done);
}

static void draw(const struct progress *progress, int64_t now)
{
	char bar[BAR_WIDTH + 1];
	uint64_t filled = progress->total > 0 ? progress->done * BAR_WIDTH / progress->total : 0;
	memset(bar, ' ', BAR_WIDTH);
	memset(bar, '#', filled > BAR_WIDTH ? BAR_WIDTH : filled);
	bar[BAR_WIDTH] = '\0';
	fprintf(progress->out, "\r%s [%s] %3" PRIu64 " %%, %" PRIu64 " s left \033[K", progress->what, bar,
	        progress->total > 0 ? progress->done * 100 / progress->total : 0,
	        seconds_left(progress, now));
	fflush(progress->out);
}

static void say(const struct progress *progress, int64_t now)
{
	fprintf(progress->out, "%s: %" PRIu64 " of %" PRIu64 " %s, %" PRIu64 " s left\n", progress->what,
	        progress->done, progress->total, progress->unit, seconds_left(progress, now));
	fflush(progress->out);
}

void progress_step(struct progress *progress, uint64_t done)
{
	progress->done = done > progress->total ? progress->total : done;
	if (!progress->out)
		return;
	int64_t now = clock_read().monotonic_ms;
	bool first = progress->said_ms == progress->started_ms;
	if (now - progress->said_ms < (first ? 1000 : progress->moves ? 200 : 10000))
		return;
	progress->said_ms = now;
	if (progress->moves)
		draw(progress, now);
	else
		say(progress, now);
}

void progress_end(struct progress *progress)
{
	if (progress->out && progress->moves && progress->said_ms != progress->started_ms) {
		fprintf(progress->out, "\r\033[K");
		fflush(progress->out);
	}
}
