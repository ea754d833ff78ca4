/* Alerts, newest first. */
#include "daemon/query/question.h"

#include "daemon/query/wording_alert.h"
#include "daemon/store/alerts.h"
#include <stdlib.h>

struct wanted {
	bool open;
	uint32_t area;        /* CATALOGUE_NONE: everywhere */
	enum alert_kind kind; /* 0: all */
};

static int read_wanted(struct question *question, const Suanpan__AlertsQuery *query, struct wanted *wanted)
{
	*wanted = (struct wanted){.open = query->has_open && query->open, .area = CATALOGUE_NONE};
	if (query->has_kind) {
		/* protobuf-c passes on whatever number stood there. */
		if (query->kind < SUANPAN__ALERT_KIND__ALERT_OVERDUE ||
		    query->kind > SUANPAN__ALERT_KIND__ALERT_MISSED)
			return question_refuse(question, SUANPAN__FAILURE_KIND__FAILURE_MALFORMED, NULL,
			                       "There is no kind %d of alert; the kinds go from 1 to %d.",
			                       (int)query->kind, SUANPAN__ALERT_KIND__ALERT_MISSED);
		wanted->kind = (enum alert_kind)query->kind;
	}
	return query->area ? question_find_area(question, query->area, &wanted->area) : 0;
}

static bool lies_in(const struct catalogue *catalogue, const char *code, uint32_t outer)
{
	const uint32_t area = catalogue_find_area(catalogue, code);
	if (area == CATALOGUE_NONE || area == outer)
		return area == outer;
	const struct area_list *aggregates = &catalogue->areas[area].counts_towards;
	for (uint32_t i = 0; i < aggregates->count; i++)
		if (aggregates->area[i] == outer)
			return true;
	return false;
}

static bool is_wanted(const struct question *question, const struct wanted *wanted, const struct alert *alert)
{
	if (wanted->open && alert->state == ALERT_RESOLVED)
		return false;
	if (wanted->kind != 0 && alert->facts.kind != wanted->kind)
		return false;
	return wanted->area == CATALOGUE_NONE ||
	       lies_in(question->catalogue, alert->facts.area, wanted->area);
}

static int add_alerts(struct question *question, const struct wanted *wanted, const struct alert *alerts,
                      size_t count)
{
	int result = 0;
	for (size_t i = count; i > 0 && result == 0; i--) {
		if (!is_wanted(question, wanted, &alerts[i - 1]))
			continue;
		Suanpan__Alert row = wording_alert(&question->words, &alerts[i - 1]);
		result = question_add(question, &row.base);
	}
	return result;
}

int answer_alerts(struct question *question, const Suanpan__AlertsQuery *query)
{
	struct wanted wanted;
	struct alert *alerts;
	size_t count;
	int result = read_wanted(question, query, &wanted);
	if (result == 0)
		result = snapshot_alerts(question->snapshot, &alerts, &count);
	if (result != 0)
		return result;
	result = add_alerts(question, &wanted, alerts, count);
	free(alerts);
	return result;
}
