#include "clients/report/progress.h"
#include "daemon/base/clock.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#define WIDTH 40

static int64_t drawn_ms; /* 0: nothing stands there */

static bool is_wanted(size_t total)
{
	return total >= PROGRESS_LEAST && isatty(STDERR_FILENO);
}

void progress_draw(void *closure, size_t done, size_t total)
{
	(void)closure;
	int64_t now_ms = clock_read().monotonic_ms;
	if (!is_wanted(total) || (drawn_ms && now_ms - drawn_ms < 100 && done < total))
		return;
	drawn_ms = now_ms;
	char bar[WIDTH + 1];
	for (size_t i = 0; i < WIDTH; i++)
		bar[i] = i * total < done * WIDTH ? '#' : '.';
	bar[WIDTH] = '\0';
	fprintf(stderr, "\r[%s] %zu of %zu reports ", bar, done, total);
	fflush(stderr);
}

void progress_clear(void)
{
	if (drawn_ms)
		fputs("\r\033[K", stderr);
	drawn_ms = 0;
}
