#include "tests/lib/city.h"

#include "daemon/base/arena.h"
#include "daemon/query/past.h"
#include "daemon/store/write.h"
#include "proto/envelope.h"
#include "tests/lib/adopt.h"
#include "tests/lib/scratch.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NUMBER 4711

/* ---- the catalogue ---- */

static const struct {
	const char *name, *text;
} files[] = {
    {"areas.yaml", "areas:\n"
                   "  - {code: '440100', level: city,\n"
                   "     names: {en: Guangzhou, zh_hans: 广州市, zh_hant: 廣州市}}\n"
                   "  - {code: '440103', level: district, parent: '440100',\n"
                   "     names: {en: Liwan, zh_hans: 荔湾区, zh_hant: 荔灣區}}\n"
                   "  - {code: '440103001', level: street, parent: '440103',\n"
                   "     names: {en: Shamian, zh_hans: 沙面街道, zh_hant: 沙面街道}}\n"
                   "  - {code: '440104', level: district, parent: '440100',\n"
                   "     names: {en: Yuexiu, zh_hans: 越秀区, zh_hant: 越秀區}}\n"
                   "  - {code: '440113', level: district, parent: '440100',\n"
                   "     names: {en: Panyu, zh_hans: 番禺区, zh_hant: 番禺區}}\n"
                   "groups:\n"
                   "  - {code: central, members: ['440103', '440104'],\n"
                   "     names: {en: Central districts, zh_hans: 中心城区, zh_hant: 中心城區}}\n"},
    {"statistics.yaml", "statistics:\n"
                        "  - {code: residents, kind: stock, frequency: A, level: district, carry: 24,\n"
                        "     decimals: 0, deadline: 60, unit: {en: persons, zh_hans: 人, zh_hant: 人},\n"
                        "     names: {en: Residents, zh_hans: 常住人口, zh_hant: 常住人口}}\n"
                        "  - {code: beds, kind: stock, frequency: M, level: district, carry: 3,\n"
                        "     decimals: 0, deadline: 15, unit: {en: beds, zh_hans: 张, zh_hant: 張},\n"
                        "     names: {en: Hospital beds, zh_hans: 床位, zh_hant: 床位}}\n"
                        "  - {code: births, kind: flow, frequency: M, level: district,\n"
                        "     decimals: 0, deadline: 15, unit: {en: births, zh_hans: 人, zh_hant: 人},\n"
                        "     names: {en: Births, zh_hans: 出生, zh_hant: 出生}}\n"
                        "  - {code: rain, kind: flow, frequency: D, level: city,\n"
                        "     decimals: 1, deadline: 1, unit: {en: mm, zh_hans: 毫米, zh_hant: 毫米},\n"
                        "     names: {en: Rain, zh_hans: 雨量, zh_hant: 雨量}}\n"
                        "  - {code: life_expectancy, kind: level, frequency: A, level: city, carry: 24,\n"
                        "     decimals: 2, deadline: 90, unit: {en: years, zh_hans: 岁, zh_hant: 歲},\n"
                        "     names: {en: Life expectancy, zh_hans: 预期寿命, zh_hant: 預期壽命}}\n"
                        "  - {code: gdp, kind: flow, frequency: A, level: city,\n"
                        "     decimals: 0, deadline: 30, unit: {en: yuan, zh_hans: 元, zh_hant: 元},\n"
                        "     names: {en: GDP, zh_hans: 生产总值, zh_hant: 生產總值}}\n"
                        "  - {code: income, kind: flow, frequency: A, level: city,\n"
                        "     decimals: 0, deadline: 30, unit: {en: yuan, zh_hans: 元, zh_hant: 元},\n"
                        "     names: {en: Income, zh_hans: 收入, zh_hant: 收入}}\n"},
    {"reporters.yaml", "reporters:\n"
                       "  - {code: liwan, areas: ['440103'], statistics: [residents, beds, births],\n"
                       "     names: {en: Liwan office, zh_hans: 荔湾局, zh_hant: 荔灣局}}\n"
                       "  - {code: bureau, areas: ['440100'], statistics: [all],\n"
                       "     names: {en: City bureau, zh_hans: 市局, zh_hant: 市局}}\n"},
    {"indicators.yaml", "indicators:\n"
                        "  - {code: residents_10k, decimals: 2, formula: residents / 10000,\n"
                        "     unit: {en: 10k persons, zh_hans: 万人, zh_hant: 萬人},\n"
                        "     names: {en: Resident population, zh_hans: 常住人口, zh_hant: 常住人口}}\n"
                        "  - {code: beds_per_1000, decimals: 2, formula: 1000 * beds / residents,\n"
                        "     frequency: M, unit: {en: beds, zh_hans: 张, zh_hant: 張},\n"
                        "     names: {en: Beds per 1000, zh_hans: 千人床位, zh_hant: 千人床位}}\n"
                        "  - {code: life_expectancy, decimals: 1, formula: life_expectancy,\n"
                        "     unit: {en: years, zh_hans: 岁, zh_hant: 歲},\n"
                        "     names: {en: Life expectancy, zh_hans: 预期寿命, zh_hant: 預期壽命}}\n"
                        "  - {code: gdp_growth, decimals: 1, formula: growth(gdp),\n"
                        "     unit: {en: '%', zh_hans: '%', zh_hant: '%'},\n"
                        "     names: {en: GDP growth, zh_hans: 经济增长, zh_hant: 經濟增長}}\n"
                        "  - {code: income_growth, decimals: 1, formula: growth(income),\n"
                        "     unit: {en: '%', zh_hans: '%', zh_hant: '%'},\n"
                        "     names: {en: Income growth, zh_hans: 收入增长, zh_hant: 收入增長}}\n"
                        "  - {code: births_per_1000, decimals: 1, coverage: complete,\n"
                        "     formula: 1000 * births / residents,\n"
                        "     unit: {en: births, zh_hans: 人, zh_hant: 人},\n"
                        "     names: {en: Birth rate, zh_hans: 出生率, zh_hant: 出生率}}\n"},
    {"plan-plan14.yaml", "plan: plan14\n"
                         "names: {en: 14th plan, zh_hans: 十四五, zh_hant: 十四五}\n"
                         "from: 2021\n"
                         "to: 2025\n"
                         "targets:\n"
                         "  - {row: '1', indicator: residents_10k, baseline: '493.53',\n"
                         "     comparison: about, target: '600', target_text: 600左右,\n"
                         "     nature: anticipatory}\n"
                         "  - {row: '2', indicator: beds_per_1000, baseline: '6.00',\n"
                         "     comparison: '>=', target: '7.0', nature: binding}\n"
                         "  - {row: '3', indicator: income_growth, comparison: tracks-gdp,\n"
                         "     follows: gdp_growth, nature: anticipatory}\n"
                         "  - {row: '4', indicator: life_expectancy, baseline: '82.9',\n"
                         "     comparison: '>=', target: '83.6', nature: anticipatory,\n"
                         "     cancelled: no longer counted}\n"
                         "  - {row: '5a', indicator: residents_10k, area: central,\n"
                         "     comparison: about, target: '250', nature: anticipatory}\n"
                         "  - {row: '6', indicator: births_per_1000, comparison: '>=', target: '9.0',\n"
                         "     nature: anticipatory}\n"
                         "  - {row: '7', indicator: beds_per_1000, baseline: '6.00',\n"
                         "     comparison: hold>=, target: '5.00', nature: binding}\n"},
};

static void write_catalogue(const char *folder)
{
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char *path = scratch_path(folder, files[i].name);
		scratch_write(path, files[i].text, strlen(files[i].text));
		free(path);
	}
}

/* ---- up and down ---- */

static int open_city(struct city *city)
{
	city->folder = scratch_new();
	write_catalogue(city->folder);
	int result = catalogue_load(city->folder, stderr, &city->catalogue);
	if (result != 0)
		return result;
	char *path = scratch_path(city->folder, "store");
	result = store_open(path, &city->store);
	free(path);
	if (result == 0)
		adopt_folder(city->store, city->catalogue, city->folder, CITY_WALL_MS);
	if (result == 0)
		result = evaluator_new(city->catalogue, &city->evaluator);
	if (result == 0)
		result = past_new(&city->past);
	return result == 0 ? arena_new(ENVELOPE_UNPACK_BUDGET, &city->arena) : result;
}

int city_set_up(void **state)
{
	struct city *city = calloc(1, sizeof *city);
	if (!city)
		return -1;
	*state = city;
	return open_city(city);
}

static void forget_answers(struct city *city)
{
	for (size_t i = 0; i < city->answer_count; i++)
		suanpan__answer__free_unpacked(city->answers[i], NULL);
	free(city->answers);
	city->answers = NULL;
	city->answer_count = 0;
}

int city_tear_down(void **state)
{
	struct city *city = *state;
	forget_answers(city);
	arena_free(city->arena);
	evaluator_free(city->evaluator);
	past_free(city->past);
	store_close(city->store);
	catalogue_free(city->catalogue);
	scratch_free(city->folder);
	free(city);
	return 0;
}

/* ---- reports ---- */

#define REPORT_ROWS_MAX 512

/* A Report under construction; its columns hold indexes until they are turned into differences. */
struct draft {
	char *statistics[REPORT_ROWS_MAX], *periods[REPORT_ROWS_MAX], *areas[REPORT_ROWS_MAX];
	size_t statistic_count, period_count, area_count;
	int64_t statistic[REPORT_ROWS_MAX], period[REPORT_ROWS_MAX], area[REPORT_ROWS_MAX];
	int64_t values[REPORT_ROWS_MAX];
	uint64_t decimals[REPORT_ROWS_MAX];
	uint64_t status_rows[REPORT_ROWS_MAX], status_codes[REPORT_ROWS_MAX];
	size_t status_count;
	Suanpan__Note notes[REPORT_ROWS_MAX], *note_list[REPORT_ROWS_MAX];
	size_t note_count;
};

static char *borrow(const char *text)
{
	return (char *)(uintptr_t)text;
}

static int64_t look_up(char **words, size_t *count, const char *word)
{
	for (size_t i = 0; i < *count; i++)
		if (strcmp(words[i], word) == 0)
			return (int64_t)i;
	words[*count] = borrow(word);
	return (int64_t)(*count)++;
}

static void draft_row(struct draft *draft, size_t row, const struct sighting *sighting)
{
	draft->statistic[row] = look_up(draft->statistics, &draft->statistic_count, sighting->statistic);
	draft->period[row] = look_up(draft->periods, &draft->period_count, sighting->period);
	draft->area[row] = look_up(draft->areas, &draft->area_count, sighting->area);
	draft->values[row] = sighting->value;
	if (sighting->status && sighting->status != 'A') {
		draft->status_rows[draft->status_count] = row;
		draft->status_codes[draft->status_count++] = (uint64_t)sighting->status;
	}
	if (sighting->note) {
		Suanpan__Note *note = &draft->notes[draft->note_count];
		*note = (Suanpan__Note)SUANPAN__NOTE__INIT;
		note->row = row;
		note->text = borrow(sighting->note);
		draft->note_list[draft->note_count++] = note;
	}
}

static void make_differences(int64_t *column, size_t rows)
{
	for (size_t i = rows; i-- > 1;)
		column[i] -= column[i - 1];
}

static void pack_report(struct city *city, const char *reporter, const char *source,
                        const struct sighting *sightings, size_t count, void **ret_bytes, size_t *ret_size)
{
	struct draft *draft = calloc(1, sizeof *draft);
	assert_non_null(draft);
	assert_true(count <= REPORT_ROWS_MAX);
	for (size_t i = 0; i < count; i++)
		draft_row(draft, i, &sightings[i]);
	make_differences(draft->statistic, count);
	make_differences(draft->period, count);
	make_differences(draft->area, count);
	uint8_t stream[ENVELOPE_STREAM_SIZE] = {0xab};
	Suanpan__Report report = SUANPAN__REPORT__INIT;
	report.major = ENVELOPE_MAJOR;
	report.stream = (ProtobufCBinaryData){.len = sizeof stream, .data = stream};
	report.sequence = city->sequence;
	report.reporter = borrow(reporter);
	report.source = borrow(source);
	report.n_statistic = report.n_decimals = draft->statistic_count;
	report.statistic = draft->statistics;
	report.decimals = draft->decimals;
	report.n_period = draft->period_count;
	report.period = draft->periods;
	report.n_area = draft->area_count;
	report.area = draft->areas;
	report.n_statistic_delta = report.n_period_delta = report.n_area_delta = report.n_value = count;
	report.statistic_delta = draft->statistic;
	report.period_delta = draft->period;
	report.area_delta = draft->area;
	report.value = draft->values;
	report.n_status_row = report.n_status_code = draft->status_count;
	report.status_row = draft->status_rows;
	report.status_code = draft->status_codes;
	report.n_note = draft->note_count;
	report.note = draft->note_list;
	assert_int_equal(envelope_pack(&report.base, ENVELOPE_REQUEST_MAX, ret_bytes, ret_size), 0);
	free(draft);
}

static void observe(const struct city *city, const struct sighting *sighting, struct observation *ret)
{
	*ret = (struct observation){
	    .statistic = catalogue_find_statistic(city->catalogue, sighting->statistic),
	    .area = catalogue_find_area(city->catalogue, sighting->area),
	    .status = sighting->status ? sighting->status : 'A',
	    .value = sighting->value,
	};
	assert_int_not_equal(ret->statistic, CATALOGUE_NONE);
	assert_int_not_equal(ret->area, CATALOGUE_NONE);
	assert_int_equal(period_parse(sighting->period, strlen(sighting->period), &ret->period), 0);
}

static void keep_value(struct city *city, struct write *write, uint32_t indicator, uint32_t area,
                       struct period period)
{
	struct cell_source cells = write_cells(write);
	struct value value;
	bool changed;
	assert_int_equal(evaluate_indicator(city->evaluator, indicator, area, period, &cells, &value), 0);
	assert_int_equal(write_value(write, indicator, area, period, &value, &changed), 0);
}

/* Which values a report moves is another part's business: here all of them are computed. */
static void keep_values(struct city *city, struct write *write)
{
	const struct catalogue *catalogue = city->catalogue;
	for (uint32_t i = 0; i < catalogue->indicator_count; i++)
		for (uint32_t area = 0; area < catalogue->area_count; area++)
			for (int frequency = PERIOD_ANNUAL;
			     frequency <= (int)catalogue->indicators[i].frequency; frequency++) {
				struct period period = period_make((enum period_frequency)frequency, 2019, 0);
				for (; period_year(period) <= 2022; period_shift(period, 1, &period))
					keep_value(city, write, i, area, period);
			}
}

void city_report(struct city *city, const char *reporter, const char *source,
                 const struct sighting *sightings, size_t count)
{
	struct observation observations[REPORT_ROWS_MAX];
	struct write *write;
	void *bytes;
	size_t size;
	uint64_t entry;
	city->sequence++;
	pack_report(city, reporter, source, sightings, count, &bytes, &size);
	for (size_t i = 0; i < count; i++)
		observe(city, &sightings[i], &observations[i]);
	uint32_t index = catalogue_find_reporter(city->catalogue, reporter);
	assert_int_not_equal(index, CATALOGUE_NONE);
	struct accepted_report report = {
	    .name = {.reporter_id = city->catalogue->reporters[index].id,
	             .stream = {0xab},
	             .sequence = city->sequence},
	    .payload = bytes,
	    .payload_size = size,
	    .observations = observations,
	    .observation_count = count,
	};
	envelope_hash(bytes, size, report.hash);
	assert_int_equal(write_begin(city->store, CITY_WALL_MS + 1000 * (int64_t)city->sequence, &write), 0);
	assert_int_equal(write_accept(write, &report, &entry), 0);
	assert_int_equal(write_apply(write), 0);
	keep_values(city, write);
	assert_int_equal(write_commit(write), 0);
	free(bytes);
}

/* ---- queries ---- */

static int hear(void *closure, const void *bytes, size_t size)
{
	struct city *city = closure;
	if (city->answer_count + 1 == city->fail_at)
		return city->failure;
	Suanpan__Answer **grown =
	    realloc(city->answers, (city->answer_count + 1) * sizeof(Suanpan__Answer *));
	if (!grown)
		return -ENOMEM;
	city->answers = grown;
	grown[city->answer_count] = suanpan__answer__unpack(NULL, size, bytes);
	assert_non_null(grown[city->answer_count]);
	city->answer_count++;
	return 0;
}

int city_ask_bytes(struct city *city, const void *bytes, size_t size)
{
	const struct answer_context context = {
	    .store = city->store,
	    .past = city->past,
	    .arena = city->arena,
	    .live_epoch = 99,
	    .started_wall_ms = CITY_WALL_MS,
	};
	forget_answers(city);
	return query_answer(&context, bytes, size, hear, city);
}

static void check_chunks(const struct city *city)
{
	assert_true(city->answer_count > 0);
	for (size_t i = 0; i < city->answer_count; i++) {
		assert_int_equal(city->answers[i]->major, ENVELOPE_MAJOR);
		assert_int_equal(city->answers[i]->number, NUMBER);
		assert_int_equal(city->answers[i]->last, i + 1 == city->answer_count);
	}
}

const Suanpan__Answer *city_ask(struct city *city, Suanpan__Query *query)
{
	void *bytes;
	size_t size;
	query->major = ENVELOPE_MAJOR;
	query->number = NUMBER;
	assert_int_equal(envelope_pack(&query->base, ENVELOPE_REQUEST_MAX, &bytes, &size), 0);
	int result = city_ask_bytes(city, bytes, size);
	free(bytes);
	assert_int_equal(result, 0);
	check_chunks(city);
	return city->answers[0];
}

const Suanpan__Failure *city_must_refuse(struct city *city, Suanpan__Query *query, Suanpan__FailureKind kind,
                                         const char *part)
{
	const Suanpan__Answer *answer = city_ask(city, query);
	assert_int_equal(city->answer_count, 1);
	assert_non_null(answer->failure);
	if (!strstr(answer->failure->text, part))
		fail_msg("'%s' does not say '%s'", answer->failure->text, part);
	assert_int_equal(answer->failure->kind, kind);
	return answer->failure;
}
