/* Rules: limits, relations, and what is questioned. */
#include "daemon/catalogue/link.h"

#include "daemon/catalogue/rules.h"
#include "proto/decimal.h"
#include <stdarg.h>
#include <string.h>

#define DEVIATIONS_DEFAULT   600 /* six: of a normal distribution one in 500 million lies further out */
#define MARGIN_DEFAULT       100 /* one percent */
#define PEERS_MARGIN_DEFAULT 1000
#define LEAST_DEFAULT        6
#define HISTORY_DEFAULT      24
#define TERMS_MAX            16

static const struct source *source_of(const struct link *link)
{
	return &link->inputs->rules.source;
}

static uint32_t find_statistic(struct link *link, struct place place, const char *key, const char *code)
{
	const struct catalogue *catalogue = link->catalogue;
	uint32_t found = catalogue_find_statistic(catalogue, code);
	if (found == CATALOGUE_NONE && catalogue_find_indicator(catalogue, code) != CATALOGUE_NONE)
		mistake_at(link->mistakes, place, "%s: '%s' is an indicator, expected a statistic", key,
		           code);
	else if (found == CATALOGUE_NONE)
		mistake_at(link->mistakes, place, "%s: unknown statistic '%s'%s", key, code,
		           code_list_suggestion(&catalogue->index->statistic_codes, code).text);
	return found;
}

/* -------------------------------------------------------------------------------------------------- limits */

static void link_limit(struct link *link, uint32_t index, const struct written_limit *written)
{
	struct place place = source_place(source_of(link), "limits[%u].statistic", index);
	uint32_t found = find_statistic(link, place, "statistic", written->statistic);
	if (found == CATALOGUE_NONE)
		return;
	struct statistic *statistic = &link->catalogue->statistics[found];
	if (statistic->has_most)
		mistake_at(link->mistakes, place, "statistic: '%s' has a limit already", statistic->code);
	int verdict =
	    decimal_parse(written->max, strlen(written->max), statistic->decimals, &statistic->most);
	if (verdict != 0)
		mistake_at(link->mistakes, source_place(source_of(link), "limits[%u].max", index),
		           "max: found '%s': %s", written->max, decimal_verdict_text(verdict));
	statistic->has_most = true;
}

/* ----------------------------------------------------------------------------------------------- relations */

/* "a + b <= c" being read. */
struct reading {
	struct link *link;
	uint32_t index; /* of the relation */
	const char *text;
	size_t at;
	uint32_t terms[TERMS_MAX];
	uint32_t count;
};

static bool PRINTF_LIKE(3, 4) refuse(struct reading *reading, size_t at, const char *format, ...)
{
	char text[256];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	mistake_at(reading->link->mistakes,
	           source_place(source_of(reading->link), "relations[%u].holds", reading->index),
	           "holds: column %zu: %s", at + 1, text);
	return false;
}

static void skip_blanks(struct reading *reading)
{
	reading->at += strspn(reading->text + reading->at, " \t");
}

static bool is_term_already(const struct reading *reading, uint32_t statistic)
{
	for (uint32_t i = 0; i < reading->count; i++)
		if (reading->terms[i] == statistic)
			return true;
	return false;
}

/* Only what is counted at the same places can be compared. */
static bool fits_the_others(struct reading *reading, size_t at, const struct statistic *statistic)
{
	if (reading->count == 0)
		return true;
	const struct statistic *first = &reading->link->catalogue->statistics[reading->terms[0]];
	if (statistic->frequency != first->frequency)
		return refuse(reading, at, "'%s' has the frequency %c, expected %c as '%s' has",
		              statistic->code, period_frequency_letter(statistic->frequency),
		              period_frequency_letter(first->frequency), first->code);
	if (statistic->level != first->level)
		return refuse(reading, at, "'%s' is reported by %s, expected %s as '%s' is", statistic->code,
		              area_level_name(statistic->level), area_level_name(first->level), first->code);
	return true;
}

static bool add_term(struct reading *reading, size_t at, const char *code)
{
	const struct catalogue *catalogue = reading->link->catalogue;
	uint32_t found = catalogue_find_statistic(catalogue, code);
	if (found == CATALOGUE_NONE)
		return refuse(reading, at, "unknown statistic '%s'%s", code,
		              code_list_suggestion(&catalogue->index->statistic_codes, code).text);
	if (is_term_already(reading, found))
		return refuse(reading, at, "'%s' stands there twice", code);
	if (reading->count == TERMS_MAX)
		return refuse(reading, at, "expected at most %d statistics", TERMS_MAX);
	if (!fits_the_others(reading, at, &catalogue->statistics[found]))
		return false;
	reading->terms[reading->count++] = found;
	return true;
}

static bool read_term(struct reading *reading)
{
	char code[CODE_LENGTH_MAX + 1];
	skip_blanks(reading);
	const char *word = reading->text + reading->at;
	size_t at = reading->at, length = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_");
	if (length == 0 || length > CODE_LENGTH_MAX)
		return refuse(reading, at, "expected a statistic");
	memcpy(code, word, length);
	code[length] = '\0';
	reading->at += length;
	return add_term(reading, at, code);
}

static bool read_sum(struct reading *reading)
{
	if (!read_term(reading))
		return false;
	for (skip_blanks(reading); reading->text[reading->at] == '+'; skip_blanks(reading)) {
		reading->at++;
		if (!read_term(reading))
			return false;
	}
	return true;
}

static bool read_sign(struct reading *reading, struct relation *relation)
{
	static const struct {
		const char *word;
		enum relation_sign sign;
		bool turned;
	} signs[] = {{"<=", RELATION_AT_MOST, false},
	             {">=", RELATION_AT_MOST, true},
	             {"<", RELATION_LESS, false},
	             {">", RELATION_LESS, true},
	             {"=", RELATION_EQUAL, false}};
	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
		size_t length = strlen(signs[i].word);
		if (strncmp(reading->text + reading->at, signs[i].word, length) != 0)
			continue;
		reading->at += length;
		relation->sign = signs[i].sign;
		relation->turned = signs[i].turned;
		return true;
	}
	return refuse(reading, reading->at, "expected +, <=, <, =, > or >=");
}

/* What is greater comes last. */
static const uint32_t *order_terms(const struct reading *reading, uint32_t left_count, bool turned)
{
	uint32_t *terms = link_take(reading->link, reading->count, sizeof *terms);
	uint32_t shift = turned ? left_count : 0;
	for (uint32_t i = 0; terms && i < reading->count; i++)
		terms[i] = reading->terms[(i + shift) % reading->count];
	return terms;
}

static void read_relation(struct reading *reading, struct relation *relation)
{
	if (!read_sum(reading))
		return;
	uint32_t left_count = reading->count;
	if (!read_sign(reading, relation) || !read_sum(reading))
		return;
	if (reading->text[reading->at] != '\0') {
		refuse(reading, reading->at, "expected + or the end");
		return;
	}
	relation->statistics = order_terms(reading, left_count, relation->turned);
	relation->left_count = relation->turned ? reading->count - left_count : left_count;
	relation->count = reading->count;
}

static struct place place_of_relation(const struct link *link, uint32_t index)
{
	return source_place(source_of(link), "relations[%u].code", index);
}

static void link_relation(struct link *link, uint32_t index, const struct written_relation *written)
{
	struct reading reading = {.link = link, .index = index, .text = written->holds};
	char names[40];
	snprintf(names, sizeof names, "relations[%u].names", index);
	link_check_code(link, place_of_relation(link, index), "code", written->code);
	struct relation *relation = &link->catalogue->relations[index];
	*relation = (struct relation){
	    .code = link_copy(link, written->code),
	    .names = link_names(link, source_of(link), names, &written->names),
	    .text = link_copy(link, written->holds),
	};
	read_relation(&reading, relation);
}

static void link_relations(struct link *link, const struct rules_file *file)
{
	struct catalogue *catalogue = link->catalogue;
	struct code_table codes;
	catalogue->relations = link_take(link, file->relation_count, sizeof catalogue->relations[0]);
	for (uint32_t i = 0; link->fault == 0 && i < file->relation_count; i++)
		link_relation(link, i, &file->relations[i]);
	if (link->fault)
		return;
	catalogue->relation_count = file->relation_count;
	link->fault = code_table_build(link->scratch, catalogue->relations, sizeof catalogue->relations[0],
	                               catalogue->relation_count, &codes);
	if (link->fault == 0)
		link_check_unique(link, &codes, "code", place_of_relation);
}

/* ---------------------------------------------------------------------------------------------- soft rules */

/* One entry of a list of soft rules. */
struct asking {
	struct link *link;
	enum soft_rule rule;
	uint32_t index;
	const struct written_doubt *written;
};

static struct place place_of(const struct asking *asking, const char *key)
{
	return source_place(source_of(asking->link), "%s[%u].%s", soft_rule_name(asking->rule), asking->index,
	                    key);
}

static uint32_t read_hundredths(const struct asking *asking, const char *key, const char *written,
                                uint32_t otherwise)
{
	int64_t units = otherwise;
	int verdict = written ? decimal_parse(written, strlen(written), 2, &units) : 0;
	if (verdict != 0)
		mistake_at(asking->link->mistakes, place_of(asking, key), "%s: found '%s': %s", key, written,
		           decimal_verdict_text(verdict));
	else if (units < 0 || units > 100000)
		mistake_at(asking->link->mistakes, place_of(asking, key),
		           "%s: found '%s', expected 0 to 1000", key, written);
	return (uint32_t)units;
}

static uint32_t read_count(const struct asking *asking, const char *key, const uint32_t *written,
                           uint32_t otherwise)
{
	if (written && (*written < 1 || *written > DOUBT_HISTORY_MAX))
		mistake_at(asking->link->mistakes, place_of(asking, key), "%s: found %u, expected 1 to %d",
		           key, *written, DOUBT_HISTORY_MAX);
	return written ? *written : otherwise;
}

static struct doubt *link_doubt(const struct asking *asking)
{
	const struct written_doubt *written = asking->written;
	struct doubt *doubt = link_take(asking->link, 1, sizeof *doubt);
	if (!doubt)
		return NULL;
	*doubt = (struct doubt){
	    .deviations = read_hundredths(asking, "deviations", written->deviations, DEVIATIONS_DEFAULT),
	    .margin = read_hundredths(asking, "margin", written->margin,
	                              asking->rule == SOFT_PEERS ? PEERS_MARGIN_DEFAULT : MARGIN_DEFAULT),
	    .least = read_count(asking, "least", written->least, LEAST_DEFAULT),
	    .history = read_count(asking, "history", written->history, HISTORY_DEFAULT),
	    .per = CATALOGUE_NONE,
	};
	if (asking->rule != SOFT_PEERS && doubt->history <= doubt->least)
		mistake_at(asking->link->mistakes, place_of(asking, "history"),
		           "history: %u periods have fewer than %u changes, expected more", doubt->history,
		           doubt->least);
	if (written->per)
		doubt->per = find_statistic(asking->link, place_of(asking, "per"), "per", written->per);
	return doubt;
}

static struct statistic_rules *rules_of(struct link *link, uint32_t statistic)
{
	struct statistic *looked_at = &link->catalogue->statistics[statistic];
	if (!looked_at->rules)
		looked_at->rules = link_take(link, 1, sizeof *looked_at->rules);
	return (struct statistic_rules *)(uintptr_t)looked_at->rules; /* ours until linking is over */
}

/* What figures are divided by must stand where they do. */
static void check_per(const struct asking *asking, const struct doubt *doubt,
                      const struct statistic *statistic)
{
	if (doubt->per == CATALOGUE_NONE)
		return;
	const struct statistic *per = &asking->link->catalogue->statistics[doubt->per];
	if (per->level != statistic->level)
		mistake_at(asking->link->mistakes, place_of(asking, "per"),
		           "per: '%s' is reported by %s, expected %s as '%s' is", per->code,
		           area_level_name(per->level), area_level_name(statistic->level), statistic->code);
	if (per->kind != KIND_STOCK || per->frequency > statistic->frequency)
		mistake_at(asking->link->mistakes, place_of(asking, "per"),
		           "per: '%s' is a %s of frequency %c, expected a stock of %c or coarser", per->code,
		           statistic_kind_name(per->kind), period_frequency_letter(per->frequency),
		           period_frequency_letter(statistic->frequency));
}

static void ask_of(const struct asking *asking, uint32_t entry, const struct doubt *doubt)
{
	struct link *link = asking->link;
	struct place place = source_place(source_of(link), "%s[%u].statistics[%u]",
	                                  soft_rule_name(asking->rule), asking->index, entry);
	const char *code = asking->written->statistics[entry];
	uint32_t found = find_statistic(link, place, "statistics", code);
	struct statistic_rules *rules = found == CATALOGUE_NONE ? NULL : rules_of(link, found);
	if (!rules)
		return;
	if (rules->soft[asking->rule])
		mistake_at(link->mistakes, place, "statistics: '%s' stands under '%s' already", code,
		           soft_rule_name(asking->rule));
	rules->soft[asking->rule] = doubt;
	check_per(asking, doubt, &link->catalogue->statistics[found]);
	if (doubt->per != CATALOGUE_NONE)
		rules_of(link, doubt->per); /* what it is as a report leaves it is looked at */
}

static void link_soft_rules(struct link *link, enum soft_rule rule, const struct written_doubt *list,
                            uint32_t count)
{
	for (uint32_t i = 0; i < count && link->fault == 0; i++) {
		struct asking asking = {.link = link, .rule = rule, .index = i, .written = &list[i]};
		const struct doubt *doubt = link_doubt(&asking);
		for (uint32_t entry = 0; doubt && entry < list[i].statistic_count; entry++)
			ask_of(&asking, entry, doubt);
	}
}

/* ------------------------------------------------------------------------------------------- what names what */

static void list_relations_of(struct link *link, uint32_t statistic)
{
	const struct catalogue *catalogue = link->catalogue;
	struct statistic_rules *rules = NULL;
	uint32_t *list = NULL;
	for (uint32_t i = 0; i < catalogue->relation_count; i++)
		for (uint32_t term = 0; term < catalogue->relations[i].count; term++) {
			if (catalogue->relations[i].statistics[term] != statistic)
				continue;
			if (!list) {
				rules = rules_of(link, statistic);
				list = link_take(link, catalogue->relation_count, sizeof *list);
			}
			if (!rules || !list)
				return;
			rules->relations = list;
			list[rules->relation_count++] = i;
		}
}

void link_rules(struct link *link)
{
	const struct rules_file *file = link->inputs->rules.file;
	if (!file)
		return;
	for (uint32_t i = 0; i < file->limit_count; i++)
		link_limit(link, i, &file->limits[i]);
	link_relations(link, file);
	link_soft_rules(link, SOFT_JUMP, file->jump, file->jump_count);
	link_soft_rules(link, SOFT_UNCHANGED, file->unchanged, file->unchanged_count);
	link_soft_rules(link, SOFT_PEERS, file->peers, file->peers_count);
	for (uint32_t i = 0; i < link->catalogue->statistic_count && link->fault == 0; i++)
		list_relations_of(link, i);
}
