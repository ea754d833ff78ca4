/* suanpan-report's commands as the program runs them, in this process, and what they say. */
#ifndef SUANPAN_TESTS_UNIT_SCRIPTED_SENDER_H
#define SUANPAN_TESTS_UNIT_SCRIPTED_SENDER_H

#include "clients/report/sender.h"
#include "tests/lib/scratch.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* Lets a stream of this process write to a file; answers what it wrote to before. */
static inline int sender_redirect(FILE *stream, const char *path)
{
	fflush(stream);
	int before = dup(fileno(stream));
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(before >= 0 && file >= 0);
	assert_true(dup2(file, fileno(stream)) >= 0);
	close(file);
	return before;
}

static inline char *sender_restore(FILE *stream, int before, const char *path)
{
	fflush(stream);
	dup2(before, fileno(stream));
	close(before);
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 65536);
	assert_true(fread(text, 1, 65535, file) < 65535);
	fclose(file);
	return text;
}

/* Answers the exit status, and what was said, from malloc. `folder` is for two files. */
static inline int run_sender(struct sender_settings *settings, const char *folder,
                             int (*command)(void *, int, char *[]), int count, char *arguments[],
                             char **ret_out, char **ret_err)
{
	char *out_path = scratch_path(folder, "out"), *err_path = scratch_path(folder, "err");
	int out = sender_redirect(stdout, out_path), err = sender_redirect(stderr, err_path);
	int status = command(settings, count, arguments);
	*ret_out = sender_restore(stdout, out, out_path);
	*ret_err = sender_restore(stderr, err, err_path);
	free(out_path);
	free(err_path);
	return status;
}

#endif
