#include "daemon/alert/due.h"

#include "daemon/catalogue/calendar.h"

static bool is_expected(const struct area *area, const struct statistic *statistic, struct period period)
{
	return area->level == statistic->level && area->first_day <= period_first_day(period) &&
	       area->last_day >= period_last_day(period);
}

static int is_in(const struct cell_source *source, uint32_t statistic_id, struct period period,
                 uint32_t area_id, bool *ret_in)
{
	const struct cell_row *row;
	int result = source->row(source->context, statistic_id, period, area_id / CELLS_PER_ROW, &row);
	if (result != 0)
		return result;
	const struct cell *cell = row ? &row->cell[area_id % CELLS_PER_ROW] : NULL;
	*ret_in = cell && cell->entry != 0 && cell->status != 'O';
	return 0;
}

static int add_statistic(const struct catalogue *catalogue, const struct reporter *reporter,
                         const struct statistic *statistic, struct period period, int32_t due_day,
                         const struct cell_source *source, struct owed *owed)
{
	for (uint32_t i = 0; i < reporter->areas.count; i++) {
		const struct area *area = &catalogue->areas[reporter->areas.area[i]];
		bool in;
		if (!is_expected(area, statistic, period))
			continue;
		int result = is_in(source, statistic->id, period, area->id, &in);
		if (result != 0)
			return result;
		owed->due++;
		if (in)
			continue;
		if (owed->missing++ == 0 || due_day < owed->due_day)
			owed->due_day = due_day;
	}
	return 0;
}

int alert_find_owed(const struct catalogue *catalogue, const struct reporter *reporter, struct period period,
                    int32_t today, const struct cell_source *source, struct owed *ret_owed)
{
	const enum period_frequency frequency = period_frequency_of(period);
	struct owed owed = {.due = 0};
	int result = 0;
	for (uint32_t i = 0; i < catalogue->statistic_count && result == 0; i++) {
		const struct statistic *statistic = &catalogue->statistics[i];
		if (!reporter->statistics[i] || statistic->frequency != frequency)
			continue;
		const int32_t due_day = calendar_due_day(catalogue, statistic, period);
		if (due_day < today)
			result =
			    add_statistic(catalogue, reporter, statistic, period, due_day, source, &owed);
	}
	if (result == 0)
		*ret_owed = owed;
	return result;
}
