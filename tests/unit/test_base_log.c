#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/log.h"
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is logged between begin and end, read back from the file that standard error was. */
struct capture {
	FILE *file;
	int stderr_before;
	char text[1 << 16];
};

static struct capture capture;

static void begin(void)
{
	capture.file = tmpfile();
	assert_non_null(capture.file);
	capture.stderr_before = dup(STDERR_FILENO);
	dup2(fileno(capture.file), STDERR_FILENO);
}

static const char *end(void)
{
	dup2(capture.stderr_before, STDERR_FILENO);
	close(capture.stderr_before);
	rewind(capture.file);
	size_t length = fread(capture.text, 1, sizeof capture.text - 1, capture.file);
	capture.text[length] = '\0';
	fclose(capture.file);
	return capture.text;
}

static void an_event_is_one_line(void **state)
{
	(void)state;
	begin();
	log_event(LOG_LEVEL_INFO, "started", "commit=%d store='%s'", 7, "a b");
	assert_string_equal(end(), "event=started commit=7 store='a b'\n");
}

static void an_event_may_stand_alone(void **state)
{
	(void)state;
	begin();
	log_event(LOG_LEVEL_ERROR, "stopped", NULL);
	assert_string_equal(end(), "event=stopped\n");
}

static void values_cannot_forge_lines(void **state)
{
	(void)state;
	begin();
	log_event(LOG_LEVEL_INFO, "refused", "note='%s'", "x\nevent=forged\r\x1b[2J\x7f 荔湾");
	assert_string_equal(end(), "event=refused note='x?event=forged??[2J? 荔湾'\n");
}

static void long_lines_are_cut_and_still_end(void **state)
{
	static char value[5000];

	(void)state;
	memset(value, 'v', sizeof value - 1);
	begin();
	log_event(LOG_LEVEL_INFO, "long", "value=%s", value);
	log_event(LOG_LEVEL_INFO, "next", NULL);
	const char *text = end();
	const char *newline = strchr(text, '\n');
	assert_non_null(newline);
	assert_true(newline - text > 1000 && newline - text < 4096);
	assert_string_equal(newline + 1, "event=next\n");
}

static void less_urgent_events_are_dropped(void **state)
{
	(void)state;
	begin();
	log_event(LOG_LEVEL_DEBUG, "a", NULL);
	log_set_level(LOG_LEVEL_WARNING);
	log_event(LOG_LEVEL_INFO, "b", NULL);
	log_event(LOG_LEVEL_WARNING, "c", NULL);
	log_set_level(LOG_LEVEL_DEBUG);
	log_event(LOG_LEVEL_DEBUG, "d", NULL);
	log_set_level(LOG_LEVEL_INFO);
	assert_string_equal(end(), "event=c\nevent=d\n");
}

static void the_journal_gets_priorities_and_nobody_else(void **state)
{
	struct stat status;
	char stream[64];

	(void)state;
	begin();
	assert_int_equal(fstat(STDERR_FILENO, &status), 0);
	snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_event(LOG_LEVEL_ERROR, "a", NULL);
	log_event(LOG_LEVEL_WARNING, "b", NULL);
	snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino + 1);
	setenv("JOURNAL_STREAM", stream, 1);
	log_event(LOG_LEVEL_ERROR, "c", NULL);
	setenv("JOURNAL_STREAM", "nonsense", 1);
	log_event(LOG_LEVEL_ERROR, "d", NULL);
	unsetenv("JOURNAL_STREAM");
	assert_string_equal(end(), "<3>event=a\n<4>event=b\nevent=c\nevent=d\n");
}

static void errno_is_left_alone(void **state)
{
	(void)state;
	begin();
	close(STDERR_FILENO);
	errno = ENOSPC;
	log_event(LOG_LEVEL_ERROR, "a", NULL);
	int after = errno;
	dup2(fileno(capture.file), STDERR_FILENO);
	end();
	assert_int_equal(after, ENOSPC);
}

#define THREADS 4
#define LINES   200

static void *log_many(void *name)
{
	for (int i = 0; i < LINES; i++)
		log_event(LOG_LEVEL_INFO, "turn", "thread=%s padding=%050d", (const char *)name, 0);
	return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
	static char names[THREADS][2] = {"a", "b", "c", "d"};
	static char lines[1 << 17];
	pthread_t threads[THREADS];
	int count = 0, ends[2];

	(void)state;
	begin();
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, log_many, names[i]), 0);
	size_t length = 0, expected = (size_t)THREADS * LINES * (sizeof "event=turn thread=a padding=" + 50);
	while (length < expected) {
		ssize_t got = read(ends[0], lines + length, sizeof lines - length);
		assert_true(got > 0);
		length += (size_t)got;
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	end();
	close(ends[0]);
	for (const char *line = lines; line < lines + length; line = strchr(line, '\n') + 1, count++)
		assert_memory_equal(line, "event=turn thread=", strlen("event=turn thread="));
	assert_int_equal(length, expected);
	assert_int_equal(count, THREADS * LINES);
}

static void a_flood_of_one_event_is_cut_and_counted(void **state)
{
	struct log_quota quota = {.said = 0};
	int said = 0;
	(void)state;
	begin();
	for (int i = 0; i < 1000; i++)
		said += log_may_say(&quota, "knock", 5000 + i);
	assert_true(log_may_say(&quota, "knock", 5000 + LOG_QUOTA_MS));
	assert_true(log_may_say(&quota, "knock", 5001 + LOG_QUOTA_MS));
	assert_string_equal(end(), "event=lines-left-out of=knock count=980\n");
	assert_int_equal(said, LOG_QUOTA_LINES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_event_is_one_line),
	    cmocka_unit_test(an_event_may_stand_alone),
	    cmocka_unit_test(a_flood_of_one_event_is_cut_and_counted),
	    cmocka_unit_test(values_cannot_forge_lines),
	    cmocka_unit_test(long_lines_are_cut_and_still_end),
	    cmocka_unit_test(less_urgent_events_are_dropped),
	    cmocka_unit_test(the_journal_gets_priorities_and_nobody_else),
	    cmocka_unit_test(errno_is_left_alone),
	    cmocka_unit_test(lines_of_threads_do_not_mix),
	};

	unsetenv("JOURNAL_STREAM");
	return cmocka_run_group_tests_name("base_log", tests, NULL, NULL);
}
