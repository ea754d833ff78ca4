#include "clients/query/settings.h"

#include "proto/codes.h"
#include "proto/decimal.h"
#include "proto/endpoint.h"
#include "proto/period.h"
#include <limits.h>
#include <string.h>

#define TIMEOUT_MS_MAX 86400000 /* a day */

const struct option_row settings_options[] = {
    {.name = "query",
     .takes = "URL",
     .environment = "SUANPAN_QUERY",
     .otherwise = ENDPOINT_DEFAULT_QUERY,
     .sentence = "where suanpand answers questions",
     .offset = offsetof(struct settings, query)},
    {.name = "live",
     .takes = "URL",
     .environment = "SUANPAN_LIVE",
     .otherwise = ENDPOINT_DEFAULT_LIVE,
     .sentence = "where suanpand tells of changes (watch)",
     .offset = offsetof(struct settings, live)},
    {.name = "format",
     .takes = "table|csv|json",
     .environment = "SUANPAN_FORMAT",
     .otherwise = "table",
     .sentence = "how rows are printed",
     .offset = offsetof(struct settings, format)},
    {.name = "lang",
     .takes = "en|zh-hans|zh-hant",
     .environment = "SUANPAN_LANG",
     .otherwise = "en",
     .sentence = "the language of names and units",
     .offset = offsetof(struct settings, lang)},
    {.name = "timeout",
     .takes = "SECONDS",
     .environment = "SUANPAN_TIMEOUT",
     .otherwise = "5",
     .sentence = "how long to wait for an answer",
     .offset = offsetof(struct settings, timeout)},
    {.name = "key",
     .takes = "FILE",
     .environment = "SUANPAN_KEY",
     .sentence = "your key, as suanpan-keys makes it; needed where the daemon is on another machine",
     .offset = offsetof(struct settings, key)},
    {.name = "server-key",
     .takes = "KEY|FILE",
     .environment = "SUANPAN_SERVER_KEY",
     .sentence = "the daemon's public key, or a file of 'public: KEY' lines",
     .offset = offsetof(struct settings, server_key)},
    {.name = "intake",
     .takes = "URL",
     .environment = "SUANPAN_INTAKE",
     .otherwise = ENDPOINT_DEFAULT_INTAKE,
     .sentence = "for suanpan-report; not used here",
     .offset = offsetof(struct settings, intake)},
    {.name = "spool",
     .takes = "DIR",
     .environment = "SUANPAN_SPOOL",
     .sentence = "for suanpan-report; not used here",
     .offset = offsetof(struct settings, spool)},
    {.name = "reporter",
     .takes = "NAME",
     .environment = "SUANPAN_REPORTER",
     .sentence = "for suanpan-report; not used here (coverage and calendar have their own)",
     .offset = offsetof(struct settings, reporter)},
    {.name = NULL},
};

const struct option_row as_of_options[] = {SETTINGS_AS_OF, {.name = NULL}};

static const char *const format_words[] = {"table", "csv", "json"};
static const enum output_format formats[] = {OUTPUT_TABLE, OUTPUT_CSV, OUTPUT_JSON};

static const char *const language_words[] = {"en", "zh-hans", "zh-hant"};
static const Suanpan__Language languages[] = {
    SUANPAN__LANGUAGE__LANGUAGE_ENGLISH,
    SUANPAN__LANGUAGE__LANGUAGE_SIMPLIFIED,
    SUANPAN__LANGUAGE__LANGUAGE_TRADITIONAL,
};

#define WORDS 3 /* in either */

/* The place of `text` among the words, or WORDS after a sentence. */
static size_t find_word(const char *what, const char *text, const char *const words[WORDS])
{
	for (size_t i = 0; i < WORDS; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	fprintf(stderr, "suanpan: %s '%s': expected %s, %s or %s\n", what, text, words[0], words[1],
	        words[2]);
	return WORDS;
}

static int check_timeout(struct settings *settings)
{
	const char *text = settings->timeout;
	int64_t ms;

	if (decimal_parse(text, strlen(text), 3, &ms) == 0 && ms > 0 && ms <= TIMEOUT_MS_MAX) {
		settings->timeout_ms = (int)ms;
		return EXIT_DONE;
	}
	fprintf(stderr, "suanpan: --timeout '%s': expected seconds, such as 5 or 0.5\n", text);
	return EXIT_USAGE;
}

static int check_url(const char *what, const char *url)
{
	const char *expected;

	if (endpoint_is_valid(url, &expected))
		return EXIT_DONE;
	fprintf(stderr, "suanpan: %s '%s': expected %s\n", what, url, expected);
	return EXIT_USAGE;
}

static int read_identity(struct settings *settings)
{
	struct keys_reason reason;

	if (identity_read(settings->key, settings->server_key, &settings->identity, &reason) == 0 &&
	    identity_check_url(&settings->identity, settings->query, &reason) == 0)
		return EXIT_DONE;
	fprintf(stderr, "suanpan: %s\n", reason.text);
	return EXIT_USAGE;
}

int settings_check(struct settings *settings)
{
	const size_t format = find_word("--format", settings->format, format_words);
	const size_t language = find_word("--lang", settings->lang, language_words);

	if (format == WORDS || language == WORDS)
		return EXIT_USAGE;
	settings->output_format = formats[format];
	settings->language = languages[language];
	if (check_url("--query", settings->query) || check_url("--live", settings->live))
		return EXIT_USAGE;
	if (check_timeout(settings))
		return EXIT_USAGE;
	return read_identity(settings);
}

int settings_period(const char *what, const char *text, char *ret_text)
{
	struct period period;
	const int verdict = period_parse(text, strlen(text), &period);

	if (verdict == 0) {
		period_format(period, ret_text);
		return EXIT_DONE;
	}
	fprintf(stderr, "suanpan: %s '%s': %s; expected 2024, 2024-S1, 2024-Q2, 2024-06 or 2024-06-15\n",
	        what, text, verdict == PERIOD_OUT_OF_RANGE ? "there is no such period" : "not a period");
	return EXIT_USAGE;
}

/* `from` and `to` are canonical here, and so parse. */
static int check_order(const char *from, const char *to)
{
	struct period first, last;

	if (period_parse(from, strlen(from), &first) || period_parse(to, strlen(to), &last) ||
	    period_first_day(first) <= period_last_day(last))
		return EXIT_DONE;
	fprintf(stderr, "suanpan: --from %s is after --to %s\n", from, to);
	return EXIT_USAGE;
}

int settings_window(const struct settings *settings, char *ret_from, char *ret_to)
{
	if (settings->from && settings_period("--from", settings->from, ret_from))
		return EXIT_USAGE;
	if (settings->to && settings_period("--to", settings->to, ret_to))
		return EXIT_USAGE;
	return settings->from && settings->to ? check_order(ret_from, ret_to) : EXIT_DONE;
}

int settings_count(const struct settings *settings, const char *command, int64_t *ret_count)
{
	const char *text = settings->count;
	int64_t count = -1;

	if (text && (decimal_parse(text, strlen(text), 0, &count) || count <= 0)) {
		fprintf(stderr, "suanpan %s: --count '%s': expected a number above 0\n", command, text);
		return EXIT_USAGE;
	}
	*ret_count = count;
	return EXIT_DONE;
}

int settings_frequency(const struct settings *settings)
{
	enum period_frequency frequency;

	if (!settings->frequency || period_frequency_parse(settings->frequency, &frequency) == 0)
		return EXIT_DONE;
	fprintf(stderr,
	        "suanpan: --frequency '%s': expected A (years), S (half-years), Q (quarters), M (months) "
	        "or D (days)\n",
	        settings->frequency);
	return EXIT_USAGE;
}
