#include "daemon/indicator/rows.h"

void rows_begin(struct rows *rows, const struct cell_source *source)
{
	rows->source = source;
	rows->evaluation++;
}

static struct row_kept *place_of(struct rows *rows, uint32_t statistic_id, struct period period,
                                 uint32_t row_number)
{
	uint64_t mixed = ((uint64_t)statistic_id << 32 | period.code) ^ ((uint64_t)row_number << 20);
	mixed *= 0x9e3779b97f4a7c15; /* 2^64 / the golden ratio: Knuth, vol. 3, section 6.4 */
	return &rows->kept[mixed >> 32 & (ROWS_KEPT - 1)];
}

int rows_find(struct rows *rows, uint32_t statistic_id, struct period period, uint32_t row_number,
              const struct cell_row **ret_row)
{
	struct row_kept *kept = place_of(rows, statistic_id, period, row_number);
	if (kept->evaluation != rows->evaluation || kept->statistic_id != statistic_id ||
	    kept->period.code != period.code || kept->row_number != row_number) {
		const struct cell_row *row = NULL;
		const int fault =
		    rows->source->row(rows->source->context, statistic_id, period, row_number, &row);
		if (fault)
			return fault;
		*kept = (struct row_kept){.evaluation = rows->evaluation,
		                          .statistic_id = statistic_id,
		                          .row_number = row_number,
		                          .period = period,
		                          .row = row};
	}
	*ret_row = kept->row;
	return 0;
}
