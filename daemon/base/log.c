#include "daemon/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Longer lines are cut; well below PIPE_BUF, so that lines of several threads never mix in a pipe. */
#define LINE_SIZE 2048

struct line {
	char text[LINE_SIZE];
	size_t length;
};

static _Atomic int least_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level least)
{
	atomic_store_explicit(&least_level, (int)least, memory_order_relaxed);
}

/* sd-daemon(3): the variable names the journal's own stream, so a redirected standard error does not match.
 */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

static void PRINTF_LIKE(2, 0) append(struct line *line, const char *format, va_list arguments)
{
	size_t room = sizeof line->text - line->length;
	int written = vsnprintf(line->text + line->length, room, format, arguments);

	if (written > 0)
		line->length += (size_t)written < room ? (size_t)written : room - 1;
}

static void PRINTF_LIKE(2, 3) add(struct line *line, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	append(line, format, arguments);
	va_end(arguments);
}

/* Text from outside must not be able to forge a line or to steer a terminal. */
static void tame(struct line *line)
{
	for (size_t i = 0; i < line->length; i++) {
		unsigned char byte = (unsigned char)line->text[i];
		if (byte < 0x20 || byte == 0x7f)
			line->text[i] = '?';
	}
}

/* A log that cannot be written is not worth stopping for. */
static void put(const struct line *line)
{
	size_t done = 0;

	while (done < line->length) {
		ssize_t written = write(STDERR_FILENO, line->text + done, line->length - done);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return;
		done += (size_t)written;
	}
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
	struct line line = {.length = 0};
	int saved_errno = errno;

	if ((int)level > atomic_load_explicit(&least_level, memory_order_relaxed))
		return;
	if (stderr_is_journal())
		add(&line, "<%d>", (int)level);
	add(&line, "event=%s", event);
	if (format) {
		va_list arguments;
		add(&line, " ");
		va_start(arguments, format);
		append(&line, format, arguments);
		va_end(arguments);
	}
	tame(&line);
	if (line.length == sizeof line.text - 1)
		line.length--;
	line.text[line.length++] = '\n';
	put(&line);
	errno = saved_errno;
}

bool log_may_say(struct log_quota *quota, const char *event, int64_t monotonic_ms)
{
	if (monotonic_ms >= quota->until_ms) {
		if (quota->unsaid > 0)
			log_event(LOG_LEVEL_WARNING, "lines-left-out", "of=%s count=%lu", event,
			          quota->unsaid);
		*quota = (struct log_quota){.until_ms = monotonic_ms + LOG_QUOTA_MS};
	}
	if (quota->said < LOG_QUOTA_LINES) {
		quota->said++;
		return true;
	}
	quota->unsaid++;
	return false;
}
