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
     .sentence = N_("where suanpand answers questions"),
     .offset = offsetof(struct settings, query)},
    {.name = "live",
     .takes = "URL",
     .environment = "SUANPAN_LIVE",
     .otherwise = ENDPOINT_DEFAULT_LIVE,
     .sentence = N_("where suanpand tells of changes (watch)"),
     .offset = offsetof(struct settings, live)},
    {.name = "format",
     .takes = "table|csv|json",
     .environment = "SUANPAN_FORMAT",
     .otherwise = "table",
     .sentence = N_("how rows are printed"),
     .offset = offsetof(struct settings, format)},
    {.name = "lang",
     .takes = "en|zh-hans|zh-hant",
     .environment = "SUANPAN_LANG",
     .sentence = N_("the language of what is printed; the locale's if not given"),
     .offset = offsetof(struct settings, lang)},
    {.name = "timeout",
     .takes = "SECONDS",
     .environment = "SUANPAN_TIMEOUT",
     .otherwise = "5",
     .sentence = N_("how long to wait for an answer"),
     .offset = offsetof(struct settings, timeout)},
    {.name = "key",
     .takes = "FILE",
     .environment = "SUANPAN_KEY",
     .sentence = N_("your key, as suanpan-keys makes it; needed where the daemon is on another machine"),
     .offset = offsetof(struct settings, key)},
    {.name = "server-key",
     .takes = "KEY|FILE",
     .environment = "SUANPAN_SERVER_KEY",
     .sentence = N_("the daemon's public key, or a file of 'public: KEY' lines"),
     .offset = offsetof(struct settings, server_key)},
    {.name = "intake",
     .takes = "URL",
     .environment = "SUANPAN_INTAKE",
     .otherwise = ENDPOINT_DEFAULT_INTAKE,
     .sentence = N_("for suanpan-report; not used here"),
     .offset = offsetof(struct settings, intake)},
    {.name = "spool",
     .takes = "DIR",
     .environment = "SUANPAN_SPOOL",
     .sentence = N_("for suanpan-report; not used here"),
     .offset = offsetof(struct settings, spool)},
    {.name = "reporter",
     .takes = "NAME",
     .environment = "SUANPAN_REPORTER",
     .sentence = N_("for suanpan-report; not used here (coverage and calendar have their own)"),
     .offset = offsetof(struct settings, reporter)},
    {.name = NULL},
};

const struct option_row as_of_options[] = {SETTINGS_AS_OF, {.name = NULL}};

static const char *const format_words[] = {"table", "csv", "json"};
static const enum output_format formats[] = {OUTPUT_TABLE, OUTPUT_CSV, OUTPUT_JSON};

#define FORMATS (sizeof formats / sizeof formats[0])

static int check_format(struct settings *settings)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (strcmp(settings->format, format_words[i]) == 0) {
			settings->output_format = formats[i];
			return EXIT_DONE;
		}
	fprintf(stderr, "suanpan: --format '%s': expected %s, %s or %s\n", settings->format, format_words[0],
	        format_words[1], format_words[2]);
	return EXIT_USAGE;
}

void settings_speak(const char *name)
{
	Suanpan__Language language;

	if (!name || !language_find(name, &language))
		language = language_of_locale();
	language_speak(language);
}

static int check_language(struct settings *settings)
{
	if (!settings->lang) {
		settings->language = language_of_locale();
		return EXIT_DONE;
	}
	if (language_find(settings->lang, &settings->language))
		return EXIT_DONE;
	fprintf(stderr, "suanpan: --lang '%s': expected en, zh-hans or zh-hant\n", settings->lang);
	return EXIT_USAGE;
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
	if (check_format(settings) || check_language(settings))
		return EXIT_USAGE;
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
