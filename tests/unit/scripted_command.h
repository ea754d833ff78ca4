/* suanpan's commands as they are typed, and what they say. */
#ifndef SUANPAN_TESTS_UNIT_SCRIPTED_COMMAND_H
#define SUANPAN_TESTS_UNIT_SCRIPTED_COMMAND_H

#include "clients/query/commands.h"
#include "clients/query/settings.h"
#include "tests/unit/scripted_daemon.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define WORDS_MAX 24

struct outcome {
	int status;
	char *out, *err;
};

/* The next word of a line: words are parted by blanks, unless they stand between apostrophes. NULL: the last was. */
static inline char *next_word(char **state)
{
	char *word = *state + strspn(*state, " ");
	const char end = *word == '\'' ? '\'' : ' ';

	if (!*word)
		return NULL;
	word += end == '\'';
	*state = strchrnul(word, end);
	if (**state)
		*(*state)++ = '\0';
	return word;
}

/* Runs suanpan with the words of `line`. */
static inline struct outcome run(const char *line)
{
	static char words[512];
	struct settings settings = {0};
	struct outcome outcome;
	char name[] = "suanpan", *argv[WORDS_MAX] = {name}, *state = words;
	FILE *out = stdout, *err = stderr;
	size_t size;
	int argc = 1;

	snprintf(words, sizeof words, "%s", line);
	for (char *word = next_word(&state); word; word = next_word(&state)) {
		assert(argc < WORDS_MAX - 1);
		argv[argc++] = word;
	}
	stdout = open_memstream(&outcome.out, &size);
	stderr = open_memstream(&outcome.err, &size);
	outcome.status = options_run(&suanpan_program, argc, argv, &settings);
	fclose(stdout);
	fclose(stderr);
	stdout = out;
	stderr = err;
	return outcome;
}

static inline void must_say(const char *line, int status, const char *out, const char *err)
{
	struct outcome outcome = run(line);

	assert_string_equal(outcome.err, err);
	assert_string_equal(outcome.out, out);
	assert_int_equal(outcome.status, status);
	free(outcome.out);
	free(outcome.err);
}

/* The same with "--query URL" of the daemon put before the line. */
static inline void must_answer(struct scripted_daemon *daemon, const char *line, int status, const char *out,
                               const char *err)
{
	char whole[512];

	snprintf(whole, sizeof whole, "--query %s %s", daemon->url, line);
	must_say(whole, status, out, err);
}

/* protobuf-c knows no const. */
#define TEXT(literal) ((char[]){literal})

static inline void send_answer(struct scripted_daemon *daemon, const Suanpan__Query *query,
                               Suanpan__Answer *answer)
{
	answer->major = 1;
	answer->number = query->number;
	answer->last = true;
	answer->has_commit = true;
	answer->commit = 7;
	scripted_send(daemon, answer);
}

static inline bool is_text(const char *text, const char *expected)
{
	return expected ? text && strcmp(text, expected) == 0 : !text;
}

static inline void must_ask(void (*expect)(struct scripted_daemon *, const Suanpan__Query *),
                            const char *line)
{
	struct scripted_daemon daemon;
	struct outcome outcome;
	char whole[512];

	scripted_start(&daemon, expect);
	snprintf(whole, sizeof whole, "--query %s %s", daemon.url, line);
	outcome = run(whole);
	assert_int_equal(outcome.status, EXIT_DONE);
	scripted_stop(&daemon);
	assert_int_equal(daemon.asked, 1);
	free(outcome.out);
	free(outcome.err);
}

static inline void must_refuse(const char *line, const char *sentence)
{
	must_say(line, EXIT_USAGE, "", sentence);
}

#endif
