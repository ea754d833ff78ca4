/* What the command line and the environment said, and the same checked. */
#ifndef SUANPAN_CLIENTS_QUERY_SETTINGS_H
#define SUANPAN_CLIENTS_QUERY_SETTINGS_H

#include "clients/lib/identity.h"
#include "clients/lib/language.h"
#include "clients/lib/options.h"
#include "clients/query/output.h"
#include "proto/suanpan.pb-c.h"

struct settings {
	/* As given; pointers into argv or the environment. */
	const char *intake, *query, *live, *spool;
	const char *format, *lang, *timeout;
	const char *key, *server_key;
	const char *period, *count, *decimals, *kind, *days, *horizon;
	bool open;
	/* Not const only because protobuf-c knows no const. */
	char *area, *from, *to, *frequency, *as_of, *statistic, *reporter, *why;

	/* As read by settings_check. */
	enum output_format output_format;
	Suanpan__Language language;
	int timeout_ms;

	/* As main found it: the locale does not know UTF-8, and pictures are drawn in ASCII. */
	bool ascii;
	struct identity identity; /* its secret is wiped by main */
};

/* The options of every command. */
extern const struct option_row settings_options[];

/* Speaks the language of that name from now on; of the locale, where it is NULL or none of ours. */
void settings_speak(const char *name);

/* Checks what every command shares. Answers EXIT_DONE, or EXIT_USAGE after a sentence. */
int MUST_CHECK settings_check(struct settings *settings);

/* Checks a period and writes its canonical form (PERIOD_TEXT_SIZE bytes). `what` is where it was given:
 * "--from". Answers as above. */
int MUST_CHECK settings_period(const char *what, const char *text, char *ret_text);

/* Checks --from and --to as periods in their order; each is written only where it was given. */
int MUST_CHECK settings_window(const struct settings *settings, char *ret_from, char *ret_to);
/* --count, a number above 0; -1 where it was not given. `command` names who wants it. */
int MUST_CHECK settings_count(const struct settings *settings, const char *command, int64_t *ret_count);
/* Checks --frequency, where it was given. */
int MUST_CHECK settings_frequency(const struct settings *settings);

/* For the commands that answer of the past; session_ask puts it into their queries. */
#define SETTINGS_AS_OF                                                                                       \
	{                                                                                                    \
		.name = "as-of", .takes = "COMMIT|DAY|TIME",                                                 \
		.sentence = N_("as it stood then: 17, 2024-05-01 (at its end) or 2024-05-01T12:00+08:00; "   \
		               "now if not given"),                                                          \
		.offset = offsetof(struct settings, as_of)                                                   \
	}
extern const struct option_row as_of_options[]; /* of the commands that have no other */

/* A row of a command's own options. */
#define SETTINGS_OPTION(field, takes_, sentence_)                                                            \
	{                                                                                                    \
		.name = #field, .takes = takes_, .sentence = sentence_,                                      \
		.offset = offsetof(struct settings, field)                                                   \
	}

#endif
