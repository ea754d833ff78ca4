/* What really is in the simulated city: every statistic, in every area that reports it, in every native period from 2020 to
 * 2025. 2020 is what was reported for it; the years after follow the trends (trend.h). Whole numbers throughout, and for
 * one seed always the same; parts are never more than their wholes. Pure, but for reading 2020's files. */
#ifndef SUANPAN_CLIENTS_SIMULATE_TRUTH_H
#define SUANPAN_CLIENTS_SIMULATE_TRUTH_H

#include "daemon/base/fault.h"
#include "daemon/catalogue/catalogue.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One figure, as it stands in a file. */
struct figure {
	uint32_t statistic, area; /* of the catalogue */
	struct period period;
	int64_t value; /* of the statistic's decimals */
	char status;
	const char *note; /* one line, or NULL; outlives the figure */
};

/* The files of a year before the simulation: each reporter's. */
struct past_file {
	char *name,
	    *bytes; /* bytes as they were read, then as rows_read leaves them: notes point into them */
	uint32_t reporter;
	struct figure *figures;
	size_t count;
};

struct past {
	struct past_file *files; /* by name */
	size_t count;
};

enum truth_verdict { TRUTH_REFUSED = 1 }; /* a line on standard error says why */

/* Reads REPORTER-LABEL.csv of a folder. Answers 0, TRUTH_REFUSED, or a fault. */
int MUST_CHECK past_read(const struct catalogue *catalogue, const char *folder, struct past *ret_past);
void past_done(struct past *past);

struct truth;

/* Borrows the catalogue. TRUTH_REFUSED where a trend is missing for a statistic of it. */
int MUST_CHECK truth_new(const struct catalogue *catalogue, const struct past *past, uint64_t seed,
                         struct truth **ret_truth);
void truth_free(struct truth *truth); /* NULL is fine */

/* The statistic's areas, and each one's value; false before 2020 (or where 2020 was not reported), after 2025, and for
 * areas that do not report it. */
bool truth_find(const struct truth *truth, uint32_t statistic, uint32_t area, struct period period,
                int64_t *ret_value);
struct area_list truth_areas(const struct truth *truth, uint32_t statistic);

/* `total` in whole numbers in proportion to the weights (0 or more), by largest remainders; all 0 without any weight. */
int MUST_CHECK truth_share_out(int64_t total, const int64_t weights[], size_t count, int64_t ret_parts[]);

#endif
