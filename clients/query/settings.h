/* What the command line and the environment said, and the same checked. */
#ifndef SUANPAN_CLIENTS_QUERY_SETTINGS_H
#define SUANPAN_CLIENTS_QUERY_SETTINGS_H

#include "clients/lib/options.h"
#include "clients/query/output.h"
#include "proto/suanpan.pb-c.h"

struct settings {
	/* As given; pointers into argv or the environment. */
	const char *intake, *query, *live, *spool, *reporter;
	const char *format, *lang, *timeout;
	const char *from, *to, *period, *count;
	char *area, *frequency; /* not const only because protobuf-c knows no const */

	/* As read by settings_check. */
	enum output_format output_format;
	Suanpan__Language language;
	int timeout_ms;
};

/* The options of every command. */
extern const struct option_row settings_options[];

/* Checks what every command shares. Answers EXIT_DONE, or EXIT_USAGE after a sentence. */
int MUST_CHECK settings_check(struct settings *settings);

/* Checks a period and writes its canonical form (PERIOD_TEXT_SIZE bytes). `what` is where it was given:
 * "--from". Answers as above. */
int MUST_CHECK settings_period(const char *what, const char *text, char *ret_text);

/* A row of a command's own options. */
#define SETTINGS_OPTION(field, takes_, sentence_)                                                            \
	{                                                                                                    \
		.name = #field, .takes = takes_, .sentence = sentence_,                                      \
		.offset = offsetof(struct settings, field)                                                   \
	}

#endif
