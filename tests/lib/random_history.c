#include "tests/lib/random_history.h"

#include "daemon/catalogue/change.h"
#include "daemon/pipeline.h"
#include "proto/codes.h"
#include "proto/envelope.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define AREAS_MAX      24
#define STATISTICS_MAX 8
#define INDICATORS_MAX 8
#define GROUPS         2
#define REPORTERS      3 /* the last one may report everything */
#define STREAMS        2 /* of each reporter */
#define ROWS_MAX       24
#define FORMULA_SIZE   96
#define START_MS       INT64_C(1514736000000) /* 2018-01-01 in China, when the plan begins */

/* A catalogue as it is written. Codes are "dN", "sN", "iN" and are never used for something else. */
struct written {
	struct {
		int parent; /* -1: a district */
		int to;     /* the year after which it has ended; 0: it has not */
		int successor;
	} areas[AREAS_MAX];
	int area_count;
	uint32_t members[GROUPS]; /* a bit for each area */
	struct {
		bool here;
		const char *kind;
		enum period_frequency frequency;
		bool of_streets;
		unsigned carry;
	} statistics[STATISTICS_MAX];
	struct {
		bool here;
		char formula[FORMULA_SIZE];
		bool complete;
	} indicators[INDICATORS_MAX];
	uint32_t relations; /* a bit for each pair of statistics i, i + 1 of one frequency and level */
	uint32_t doubts;    /* a bit for each statistic that soft rules look at */
	int rotation;       /* of the order in which they are written */
	int renaming;       /* of the reporters: no figure depends on it */
};

struct stream {
	uint64_t sequence; /* the last one that was decided */
	void *bytes;       /* of its report */
	size_t size;
};

struct history {
	struct random_source source;
	char *folder;
	struct written written;
	struct store *store;
	struct catalogue *catalogue;
	struct reception *reception;
	struct writer *writer;
	struct stream streams[REPORTERS][STREAMS];
	int64_t wall_ms;
	struct history_count count;
};

static uint32_t below(struct history *history, uint32_t limit)
{
	return random_below(&history->source, limit);
}

static bool percent(struct history *history, unsigned chance)
{
	return random_percent(&history->source, chance);
}

/* ---- the first catalogue ---- */

static int random_area_but(struct history *history, int but, bool street)
{
	const struct written *written = &history->written;
	for (int tries = 0; tries < 30; tries++) {
		int area = (int)below(history, (uint32_t)written->area_count);
		if (area != but && (written->areas[area].parent >= 0) == street &&
		    written->areas[area].to == 0)
			return area;
	}
	return -1;
}

static void add_area(struct history *history)
{
	struct written *written = &history->written;
	if (written->area_count == AREAS_MAX)
		return;
	int parent =
	    written->area_count > 2 && percent(history, 50) ? random_area_but(history, -1, false) : -1;
	written->areas[written->area_count].parent = parent;
	written->areas[written->area_count++].to = 0;
}

static void add_statistic(struct history *history, int at)
{
	static const char *const kinds[] = {"flow", "flow", "stock", "stock", "average"};
	static const enum period_frequency frequencies[] = {PERIOD_MONTH, PERIOD_MONTH, PERIOD_QUARTER,
	                                                    PERIOD_ANNUAL};
	struct written *written = &history->written;
	if (!written->statistics[at].kind) { /* it may be back, and then is what it was */
		written->statistics[at].kind = kinds[below(history, 5)];
		written->statistics[at].frequency = frequencies[below(history, 4)];
		written->statistics[at].of_streets = percent(history, 20);
	}
	written->statistics[at].carry = 1 + below(history, 24);
	written->statistics[at].here = true;
}

static int random_statistic(struct history *history)
{
	for (;;) {
		int at = (int)below(history, STATISTICS_MAX);
		if (history->written.statistics[at].here)
			return at;
	}
}

static void add_indicator(struct history *history, int at)
{
	static const char *const forms[] = {"s%d",
	                                    "s%d / s%d",
	                                    "1000 * s%d / (s%d + 1)",
	                                    "growth(s%d)",
	                                    "previous(s%d) + s%d",
	                                    "s%d - s%d",
	                                    "rolling(s%d, 3)",
	                                    "cumulative(s%d)",
	                                    "year_to_date(s%d)",
	                                    "average_growth(s%d)",
	                                    "min(s%d, s%d)",
	                                    "baseline(s%d)",
	                                    "100 * share_of(s%d, group0)"};
	char *text = history->written.indicators[at].formula;
	int first = random_statistic(history), second = random_statistic(history);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the forms above */
#pragma GCC diagnostic ignored "-Wformat-extra-args"
	snprintf(text, FORMULA_SIZE, forms[below(history, sizeof forms / sizeof *forms)], first, second);
#pragma GCC diagnostic pop
	history->written.indicators[at].here = true;
	history->written.indicators[at].complete = percent(history, 20);
}

/* Few relations: of figures at random they refuse half. */
static void change_rules(struct history *history)
{
	history->written.relations = percent(history, 50) ? 1u << below(history, STATISTICS_MAX) : 0;
	history->written.doubts = percent(history, 80) ? below(history, 1u << STATISTICS_MAX) : 0;
}

static void write_first(struct history *history)
{
	for (uint32_t areas = 4 + below(history, 8); areas > 0; areas--)
		add_area(history);
	for (int i = 0; i < GROUPS; i++)
		history->written.members[i] = 1 + below(history, 15);
	for (int i = 0; i < 4; i++)
		add_statistic(history, i);
	for (int i = 0; i < 3; i++)
		add_indicator(history, i);
	change_rules(history);
}

/* ---- changes ---- */

static bool is_used(const struct written *written, int statistic)
{
	char code[16];
	snprintf(code, sizeof code, "s%d", statistic);
	for (int i = 0; i < INDICATORS_MAX; i++)
		if (written->indicators[i].here && strstr(written->indicators[i].formula, code))
			return true;
	return false;
}

static void end_an_area(struct history *history)
{
	struct written *written = &history->written;
	bool street = percent(history, 30);
	int area = random_area_but(history, -1, street), successor = random_area_but(history, area, street);
	if (area < 0 || successor < 0)
		return;
	written->areas[area].to = RANDOM_FIRST_YEAR + (int)below(history, 4);
	written->areas[area].successor = successor;
}

static void change_something(struct history *history)
{
	struct written *written = &history->written;
	int at = (int)below(history, INDICATORS_MAX), statistic = (int)below(history, STATISTICS_MAX);
	switch (below(history, 9)) {
	case 0:
		add_area(history);
		return;
	case 1:
		written->members[below(history, GROUPS)] = 1 + below(history, 15);
		return;
	case 2:
		if (written->statistics[statistic].here && !is_used(written, statistic))
			written->statistics[statistic].here = false;
		else
			add_statistic(history, statistic);
		return;
	case 3:
		written->indicators[at].here = false;
		return;
	case 4:
		end_an_area(history);
		return;
	case 5:
		written->rotation++;
		return;
	case 6:
		written->renaming++;
		return;
	case 7:
		change_rules(history);
		return;
	default:
		add_indicator(history, at);
	}
}

/* ---- as files ---- */

static void print_names(FILE *out, const char *kind, int number)
{
	fprintf(out, "    names: {en: %s%d, zh_hans: %s%d, zh_hant: %s%d}\n", kind, number, kind, number,
	        kind, number);
}

static void print_areas(const struct written *written, FILE *out)
{
	fprintf(out, "areas:\n  - code: city\n    level: city\n    names: {en: C, zh_hans: C, zh_hant: C}\n");
	for (int i = 0; i < written->area_count; i++) {
		int parent = written->areas[i].parent;
		fprintf(out, "  - code: d%d\n    level: %s\n    parent: ", i,
		        parent < 0 ? "district" : "street");
		fprintf(out, parent < 0 ? "city\n" : "d%d\n", parent);
		if (written->areas[i].to)
			fprintf(out, "    to: \"%d\"\n    successors: [d%d]\n", written->areas[i].to,
			        written->areas[i].successor);
		print_names(out, "d", i);
	}
	fprintf(out, "groups:\n");
	for (int i = 0; i < GROUPS; i++) {
		const char *comma = "";
		fprintf(out, "  - code: group%d\n    members: [", i);
		for (int area = 0; area < written->area_count; area++)
			if (written->members[i] >> area & 1) {
				fprintf(out, "%sd%d", comma, area);
				comma = ", ";
			}
		fprintf(out, "]\n");
		print_names(out, "group", i);
	}
}

static void print_statistics(const struct written *written, FILE *out)
{
	fprintf(out, "statistics:\n");
	for (int n = 0; n < STATISTICS_MAX; n++) {
		int i = (n + written->rotation) % STATISTICS_MAX;
		if (!written->statistics[i].here)
			continue;
		fprintf(out,
		        "  - code: s%d\n    kind: %s\n    frequency: %c\n    level: %s\n    decimals: 0\n"
		        "    deadline: 15\n    unit: {en: x, zh_hans: x, zh_hant: x}\n",
		        i, written->statistics[i].kind,
		        period_frequency_letter(written->statistics[i].frequency),
		        written->statistics[i].of_streets ? "street" : "district");
		if (strcmp(written->statistics[i].kind, "stock") == 0)
			fprintf(out, "    carry: %u\n", written->statistics[i].carry);
		print_names(out, "s", i);
	}
}

static void print_indicators(const struct written *written, FILE *out)
{
	fprintf(out, "indicators:\n");
	for (int n = 0; n < INDICATORS_MAX; n++) {
		int i = (n + written->rotation) % INDICATORS_MAX;
		if (!written->indicators[i].here)
			continue;
		fprintf(
		    out,
		    "  - code: i%d\n    decimals: 2\n    formula: %s\n    unit: {en: x, zh_hans: x, zh_hant: "
		    "x}\n%s",
		    i, written->indicators[i].formula,
		    written->indicators[i].complete ? "    coverage: complete\n" : "");
		print_names(out, "i", i);
	}
}

static void print_reporters(const struct written *written, FILE *out)
{
	fprintf(out, "reporters:\n");
	for (int i = 0; i < REPORTERS; i++) {
		fprintf(out, "  - code: r%d\n    areas: [", i);
		if (i == REPORTERS - 1)
			fprintf(out, "city");
		else
			fprintf(out, "d%d", i);
		fprintf(out, "]\n    statistics: [all]\n");
		print_names(out, "r", i + 100 * written->renaming);
	}
}

static bool may_relate(const struct written *written, int left, int right)
{
	return written->statistics[left].here && written->statistics[right].here &&
	       written->statistics[left].frequency == written->statistics[right].frequency &&
	       written->statistics[left].of_streets == written->statistics[right].of_streets;
}

/* A list of the statistics that `written->doubts` names; false, and nothing printed, if there is none. */
static bool print_doubted(const struct written *written, const char *head, FILE *out)
{
	const char *between = head;
	for (int i = 0; i < STATISTICS_MAX; i++)
		if (written->doubts >> i & 1 && written->statistics[i].here) {
			fprintf(out, "%ss%d", between, i);
			between = ", ";
		}
	return between != head;
}

static int find_divisor(const struct written *written, int statistic)
{
	for (int i = 0; i < STATISTICS_MAX; i++)
		if (written->statistics[i].here && strcmp(written->statistics[i].kind, "stock") == 0 &&
		    written->statistics[i].of_streets == written->statistics[statistic].of_streets &&
		    written->statistics[i].frequency <= written->statistics[statistic].frequency)
			return i;
	return -1;
}

static void print_peers(const struct written *written, FILE *out)
{
	const char *head = "peers:\n";
	for (int i = 0; i < STATISTICS_MAX; i++) {
		if (!(written->doubts >> i & 1) || !written->statistics[i].here ||
		    find_divisor(written, i) < 0)
			continue;
		fprintf(out, "%s  - {statistics: [s%d], per: s%d, least: 1, deviations: '1'}\n", head, i,
		        find_divisor(written, i));
		head = "";
	}
}

static void print_rules(const struct written *written, FILE *out)
{
	fprintf(out, "limits:\n  - {statistic: s%d, max: '1990'}\n",
	        written->statistics[0].here ? 0 : 1 + !written->statistics[1].here);
	for (int i = 0; i + 1 < STATISTICS_MAX; i++)
		if (written->relations >> i & 1 && may_relate(written, i, i + 1))
			fprintf(out,
			        "relations:\n  - {code: r, holds: s%d <= s%d, names: {en: r, zh_hans: r, "
			        "zh_hant: r}}\n",
			        i, i + 1);
	if (print_doubted(written, "jump:\n  - {least: 1, history: 12, deviations: '1', statistics: [", out))
		fprintf(out, "]}\n");
	if (print_doubted(written, "unchanged:\n  - {least: 1, statistics: [", out))
		fprintf(out, "]}\n");
	print_peers(written, out);
}

static void print_plan(const struct written *written, FILE *out)
{
	int target = 0;
	while (target < INDICATORS_MAX - 1 && !written->indicators[target].here)
		target++;
	fprintf(out,
	        "plan: p\nnames: {en: p, zh_hans: p, zh_hant: p}\nfrom: 2018\nto: 2022\ntargets:\n"
	        "  - {row: '1', indicator: i%d, comparison: '>=', target: '5', nature: binding}\n",
	        target);
}

static struct catalogue_file print_file(const struct written *written, const char *name,
                                        void (*print)(const struct written *, FILE *))
{
	struct catalogue_file file = {.name = strdup(name)};
	FILE *out = open_memstream(&file.bytes, &file.size);
	assert_non_null(out);
	print(written, out);
	fclose(out);
	return file;
}

static struct catalogue_files print_files(const struct written *written)
{
	static const struct {
		const char *name;
		void (*print)(const struct written *, FILE *);
	} rows[] = {{"areas.yaml", print_areas}, {"indicators.yaml", print_indicators},
	            {"plan-p.yaml", print_plan}, {"reporters.yaml", print_reporters},
	            {"rules.yaml", print_rules}, {"statistics.yaml", print_statistics}};
	const size_t count = sizeof rows / sizeof *rows;
	struct catalogue_files files = {.files = calloc(count, sizeof *files.files), .count = count};
	for (size_t i = 0; i < count; i++)
		files.files[i] = print_file(written, rows[i].name, rows[i].print);
	return files;
}

/* ---- adopting, as the daemon does ---- */

static bool everything_is_reported(void *context, uint32_t statistic)
{
	(void)context;
	(void)statistic;
	return true;
}

static bool build(struct history *history, struct adoption *adoption, FILE *errors)
{
	struct catalogue_files files = print_files(&history->written);
	int result = catalogue_build(&files, "random", errors, &adoption->catalogue);
	if (result == 0 && history->catalogue)
		result = catalogue_check_change(history->catalogue, adoption->catalogue,
		                                everything_is_reported, NULL, errors);
	if (result == 0)
		assert_int_equal(catalogue_files_pack(&files, &adoption->files, &adoption->files_size), 0);
	catalogue_files_done(&files);
	return result == 0;
}

static bool is_in_force(struct history *history, const struct adoption *adoption)
{
	struct snapshot *snapshot;
	const void *bytes;
	size_t size;
	uint8_t hash[STORE_HASH_SIZE];
	assert_int_equal(snapshot_open(history->store, &snapshot), 0);
	bool same = snapshot_catalogue(snapshot, &bytes, &size, hash) == 0 && size == adoption->files_size &&
	            memcmp(bytes, adoption->files, size) == 0;
	snapshot_close(snapshot);
	return same;
}

static void put_into_force(struct history *history, struct adoption *adoption)
{
	const struct changed_value *changed;
	size_t count;
	struct snapshot *snapshot;
	assert_int_equal(snapshot_open(history->store, &snapshot), 0);
	assert_int_equal(adoption_compare(adoption, history->catalogue, snapshot), 0);
	snapshot_close(snapshot);
	assert_int_equal(pipeline_adopt(history->writer, adoption, history->wall_ms, percent(history, 50),
	                                &changed, &count),
	                 0);
	assert_true(adoption->adopted);
	if (history->reception)
		reception_switch(history->reception, adoption->catalogue);
	else
		assert_int_equal(reception_new(adoption->catalogue, &history->reception), 0);
	catalogue_free(history->catalogue);
	history->catalogue = adoption->catalogue;
	history->count.catalogues++;
	history->count.commits++;
}

/* The catalogue as it is written now; false where it is refused, or is the one in force. */
static bool adopt(struct history *history, FILE *errors)
{
	struct adoption *adoption = calloc(1, sizeof *adoption);
	assert_non_null(adoption);
	bool built = build(history, adoption, errors);
	bool other = built && !is_in_force(history, adoption);
	if (other)
		put_into_force(history, adoption);
	else
		catalogue_free(adoption->catalogue);
	history->count.catalogues_refused += !built;
	adoption_free(adoption);
	return built;
}

static void reload(struct history *history)
{
	struct written before = history->written;
	FILE *nowhere = fopen("/dev/null", "w");
	for (uint32_t changes = 1 + below(history, 3); changes > 0; changes--)
		change_something(history);
	if (!adopt(history, nowhere))
		history->written = before;
	fclose(nowhere);
}

/* ---- reports ---- */

/* The columns of a report; each row has entries of its own in the dictionaries it is the first to use. */
struct draft {
	char words[3][ROWS_MAX][16]; /* statistics, periods, areas */
	char *dictionary[3][ROWS_MAX];
	size_t count[3];
	int64_t delta[3][ROWS_MAX];
	int64_t index[3]; /* of the row before */
	int64_t values[ROWS_MAX];
	uint64_t decimals[ROWS_MAX], status_rows[ROWS_MAX], status_codes[ROWS_MAX];
	size_t status_count, rows;
};

static int64_t look_up(struct draft *draft, int column, const char *word)
{
	for (size_t i = 0; i < draft->count[column]; i++)
		if (strcmp(draft->dictionary[column][i], word) == 0)
			return (int64_t)i;
	size_t at = draft->count[column]++;
	snprintf(draft->words[column][at], sizeof draft->words[column][at], "%s", word);
	draft->dictionary[column][at] = draft->words[column][at];
	return (int64_t)at;
}

static void add_word(struct draft *draft, int column, const char *word)
{
	int64_t index = look_up(draft, column, word);
	draft->delta[column][draft->rows] = index - draft->index[column];
	draft->index[column] = index;
}

static void add_row(struct history *history, struct draft *draft, int statistic, const char *area)
{
	char code[16], period[PERIOD_TEXT_SIZE];
	char status = random_status(&history->source);
	snprintf(code, sizeof code, "s%d", statistic);
	period_format(random_period(&history->source, history->written.statistics[statistic].frequency,
	                            RANDOM_FIRST_YEAR, RANDOM_LAST_YEAR),
	              period);
	add_word(draft, 0, code);
	add_word(draft, 1, period);
	add_word(draft, 2, area);
	draft->values[draft->rows] = status_has_value(status) ? (int64_t)below(history, 2000) : 0;
	if (status != 'A') {
		draft->status_rows[draft->status_count] = draft->rows;
		draft->status_codes[draft->status_count++] = (uint64_t)status;
	}
	draft->rows++;
}

static bool may_report(const struct written *written, int reporter, int area)
{
	return reporter == REPORTERS - 1 || area == reporter || written->areas[area].parent == reporter;
}

/* Rows that are right, save for a year in which a code had ended, a place named twice, or a `slip`. */
static void fill_draft(struct history *history, int reporter, bool slip, struct draft *draft)
{
	const struct written *written = &history->written;
	char code[16];
	for (uint32_t rows = 1 + below(history, ROWS_MAX / 2); rows > 0; rows--) {
		int statistic = random_statistic(history);
		int area = random_area_but(history, -1, written->statistics[statistic].of_streets);
		if (area < 0 || !may_report(written, reporter, area))
			continue;
		snprintf(code, sizeof code, "d%d", area);
		add_row(history, draft, statistic, code);
	}
	if (slip)
		add_row(history, draft, random_statistic(history), "nowhere");
}

static void pack(struct history *history, int reporter, int stream, uint64_t sequence, uint64_t oldest,
                 void **ret_bytes, size_t *ret_size)
{
	char name[16], reason[] = "so it is";
	uint8_t id[ENVELOPE_STREAM_SIZE] = {(uint8_t)reporter, (uint8_t)stream, 7};
	struct draft *draft = calloc(1, sizeof *draft);
	assert_non_null(draft);
	fill_draft(history, reporter, percent(history, 8), draft);
	if (draft->rows == 0)
		add_row(history, draft, random_statistic(history), "nowhere");
	snprintf(name, sizeof name, "r%d", reporter);
	Suanpan__Report report = SUANPAN__REPORT__INIT;
	report.major = ENVELOPE_MAJOR;
	report.stream = (ProtobufCBinaryData){.len = sizeof id, .data = id};
	report.sequence = sequence;
	report.has_oldest = oldest != 0;
	report.oldest = oldest;
	report.reporter = name;
	report.n_statistic = report.n_decimals = draft->count[0];
	report.statistic = draft->dictionary[0];
	report.decimals = draft->decimals;
	report.n_period = draft->count[1];
	report.period = draft->dictionary[1];
	report.n_area = draft->count[2];
	report.area = draft->dictionary[2];
	report.n_statistic_delta = report.n_period_delta = report.n_area_delta = report.n_value = draft->rows;
	report.statistic_delta = draft->delta[0];
	report.period_delta = draft->delta[1];
	report.area_delta = draft->delta[2];
	report.value = draft->values;
	report.n_status_row = report.n_status_code = draft->status_count;
	report.status_row = draft->status_rows;
	report.status_code = draft->status_codes;
	report.confirm = percent(history, 15) ? reason : NULL;
	report.correction = percent(history, 15) ? reason : NULL;
	assert_int_equal(envelope_pack(&report.base, ENVELOPE_REQUEST_MAX, ret_bytes, ret_size), 0);
	free(draft);
}

static void append(struct mail **group, struct passage *passage)
{
	while (*group)
		group = &(*group)->next;
	*group = &passage->mail;
}

static void receive(struct history *history, const void *bytes, size_t size, struct mail **group)
{
	struct passage *passage = calloc(1, sizeof *passage);
	assert_non_null(passage);
	passage->payload = malloc(size);
	memcpy(passage->payload, bytes, size);
	passage->payload_size = size;
	int result = pipeline_receive(history->reception, passage);
	assert_true(result == 0 || result == PIPELINE_ANSWERED);
	if (result == 0)
		append(group, passage);
	else
		passage_free(passage);
}

/* The next report of a random stream; sometimes behind a gap, again, or with other bytes under the same
 * name. */
static void send_one(struct history *history, struct mail **group)
{
	int reporter = (int)below(history, REPORTERS), at = (int)below(history, STREAMS);
	struct stream *stream = &history->streams[reporter][at];
	bool again = stream->bytes && percent(history, 12), conflict = stream->bytes && percent(history, 6);
	bool gap = percent(history, 6);
	void *bytes;
	size_t size;
	if (again) {
		receive(history, stream->bytes, stream->size, group);
		return;
	}
	uint64_t sequence = stream->sequence + (conflict ? 0 : gap ? 2 + below(history, 3) : 1);
	pack(history, reporter, at, sequence, gap ? sequence : 0, &bytes, &size);
	receive(history, bytes, size, group);
	if (conflict) {
		free(bytes);
		return;
	}
	free(stream->bytes);
	stream->bytes = bytes;
	stream->size = size;
	stream->sequence = sequence;
	history->count.gaps += gap;
}

static void count_ack(struct history *history, const struct passage *passage)
{
	assert_non_null(passage->ack);
	Suanpan__Ack *ack = suanpan__ack__unpack(NULL, passage->ack_size, passage->ack);
	assert_non_null(ack);
	history->count.repeated += ack->repeated_report;
	history->count.accepted += ack->outcome == SUANPAN__OUTCOME__OUTCOME_ACCEPTED;
	history->count.warnings += (unsigned)ack->n_warning;
	history->count.broken +=
	    ack->n_problem > 0 && ack->problem[0]->reason == SUANPAN__REASON__REASON_RULE;
	history->count.refused += ack->outcome == SUANPAN__OUTCOME__OUTCOME_REFUSED;
	history->count.conflicts += ack->outcome == SUANPAN__OUTCOME__OUTCOME_CONFLICT;
	suanpan__ack__free_unpacked(ack, NULL);
}

static void send_some(struct history *history)
{
	const struct changed_value *changed;
	struct mail *group = NULL;
	size_t count;
	for (uint32_t reports = 1 + below(history, 5); reports > 0; reports--)
		send_one(history, &group);
	assert_int_equal(
	    pipeline_decide(history->writer, group, history->wall_ms, percent(history, 50), &changed, &count),
	    0);
	for (struct mail *mail = group, *next; mail; mail = next) {
		next = mail->next;
		count_ack(history, (struct passage *)mail);
		passage_free((struct passage *)mail);
	}
	history->count.commits++;
}

/* ---- looks ---- */

#define DAY_MS INT64_C(86400000)

/* A writer that knows nothing of what was looked at before finds nothing more to do. */
static void must_be_whole(struct history *history)
{
	struct writer *other;
	uint64_t commit;
	assert_int_equal(writer_new(history->catalogue, history->store, &other), 0);
	assert_int_equal(pipeline_look(other, history->wall_ms, &commit), 0);
	assert_int_equal(commit, 0);
	writer_free(other);
}

/* Some weeks later. It may be that there is nothing new to see. */
static void look(struct history *history)
{
	uint64_t commit;
	history->wall_ms += (int64_t)below(history, 40) * DAY_MS;
	assert_int_equal(pipeline_look(history->writer, history->wall_ms, &commit), 0);
	history->count.looks += commit != 0;
	history->count.commits += commit != 0;
	must_be_whole(history);
}

/* ---- the life ---- */

struct history *history_begin(uint64_t seed, const char *folder)
{
	struct history *history = calloc(1, sizeof *history);
	assert_non_null(history);
	history->source.state = seed;
	history->folder = strdup(folder);
	history->wall_ms = START_MS;
	assert_int_equal(store_open_unsynced(folder, &history->store), 0);
	assert_int_equal(writer_new(NULL, history->store, &history->writer), 0);
	FILE *nowhere = fopen("/dev/null", "w");
	do { /* not every formula suits every statistic */
		memset(&history->written, 0, sizeof history->written);
		write_first(history);
	} while (!adopt(history, nowhere));
	fclose(nowhere);
	return history;
}

static void step(struct history *history)
{
	/* Clocks go back, too. */
	history->wall_ms += percent(history, 5) ? -5000 : (int64_t)below(history, 4000);
	if (percent(history, 15))
		reload(history);
	else if (percent(history, 20))
		look(history);
	else
		send_some(history);
}

void history_go_on(struct history *history, unsigned steps)
{
	for (; steps > 0; steps--) {
		step(history);
		if (percent(history, 4))
			history_restart(history);
	}
}

void history_go_on_without_restarts(struct history *history, unsigned steps)
{
	for (; steps > 0; steps--)
		step(history);
}

struct store *history_store(struct history *history)
{
	return history->store;
}

void history_close(struct history *history)
{
	writer_free(history->writer);
	store_close(history->store);
	history->writer = NULL;
	history->store = NULL;
}

void history_restart(struct history *history)
{
	history_close(history);
	assert_int_equal(store_open_unsynced(history->folder, &history->store), 0);
	assert_int_equal(store_bind_catalogue(history->store, history->catalogue), 0);
	assert_int_equal(writer_new(history->catalogue, history->store, &history->writer), 0);
}

struct history_count history_count(const struct history *history)
{
	return history->count;
}

void history_end(struct history *history)
{
	writer_free(history->writer);
	reception_free(history->reception);
	store_close(history->store);
	catalogue_free(history->catalogue);
	for (int i = 0; i < REPORTERS; i++)
		for (int j = 0; j < STREAMS; j++)
			free(history->streams[i][j].bytes);
	free(history->folder);
	free(history);
}
