/* Turns what the catalogue and the store hold into the text of an answer, in one language. Private to
 * daemon/query.
 *
 * Text is made in the arena (or borrowed from the catalogue). When the arena is spent, `exhausted` is set and
 * stays set, and the words answer NULL: build the whole row, then look once. */
#ifndef SUANPAN_QUERY_WORDING_H
#define SUANPAN_QUERY_WORDING_H

#include "daemon/catalogue/catalogue.h"
#include "daemon/indicator/evaluate.h"
#include "daemon/store/store.h"
#include "proto/suanpan.pb-c.h"

#define WORDING_NAMES_MAX                                                                                    \
	64 /* names in one list of missing or carried areas; the store keeps no more either                  \
	    */

struct wording {
	const struct catalogue *catalogue;
	struct arena *arena;
	enum catalogue_language language;
	bool exhausted;
	/* From permanent id to index; made when first needed. */
	uint32_t *area_of_id;
	uint32_t area_ids;
};

void wording_init(struct wording *words, const struct catalogue *catalogue, struct arena *arena,
                  enum catalogue_language language);
void wording_done(struct wording *words);

/* protobuf-c wants `char *` where it only reads. NULL stays NULL. */
char *wording_borrow(const char *text);
void *wording_take(struct wording *words, size_t size);
void *wording_keep(struct wording *words, const void *bytes, size_t size); /* a copy in the arena */
char *wording_copy(struct wording *words, const char *text);
char *wording_format(struct wording *words, const char *format, ...) PRINTF_LIKE(2, 3);

char *wording_name(const struct wording *words, const struct names *names);
char *wording_letter(struct wording *words, char letter);
char *wording_period(struct wording *words, struct period period);
char *wording_number(struct wording *words, int64_t units, unsigned decimals);
char *wording_printed(struct wording *words, const struct printed_number *number); /* NULL: there is none */
char *wording_time(struct wording *words, int64_t wall_ms);
char *wording_hex(struct wording *words, const uint8_t *bytes, size_t size);
/* Area indexes as names (the first WORDING_NAMES_MAX), or as codes (all); *ret_texts is NULL for none. */
size_t wording_area_names(struct wording *words, const uint32_t *areas, uint32_t count, char ***ret_texts);
size_t wording_area_codes(struct wording *words, const uint32_t *areas, uint32_t count, char ***ret_texts);

const char *wording_adverb(enum period_frequency frequency); /* "yearly"; static storage */

/* What a value is a value of. */
struct measure {
	const char *code;
	const struct names *unit;
	unsigned decimals;
};
struct measure measure_of_statistic(const struct statistic *statistic);
struct measure measure_of_indicator(const struct indicator *indicator);

/* A value from the store in the form that the evaluator gives them: indexes, no longer ids. Must not be
 * copied: the value points into it. */
struct kept_value {
	struct value value;
	uint64_t commit;        /* 0: none */
	uint32_t missing_total; /* value.missing may hold only the first of them */
	uint32_t missing[WORDING_NAMES_MAX], carried[WORDING_NAMES_MAX];
};
void wording_kept(struct wording *words, const struct stored_value *stored, struct kept_value *ret_kept);

/* `commit` 0: left out. */
Suanpan__Value wording_value(struct wording *words, const struct measure *measure, uint32_t area,
                             struct period period, const struct value *value, uint64_t commit);

#endif
