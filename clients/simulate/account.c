#include "clients/simulate/account.h"

#include "clients/simulate/trend.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- what was counted ---- */

void account_print(const struct account *account, FILE *stream)
{
	size_t reports = 0;
	for (int kind = 0; kind < ERRAND_KIND_COUNT; kind++)
		reports += account->reports[kind];
	fprintf(stream, "reports      %6zu:", reports);
	for (int kind = 0; kind < ERRAND_KIND_COUNT; kind++)
		fprintf(stream, "%s %zu %s", kind ? "," : "", account->reports[kind],
		        errand_kind_name((enum errand_kind)kind));
	fprintf(stream, "\nobservations %6zu accepted\n", account->figures);
	fprintf(stream, "refused      %6zu reports, of which %zu were not meant to be; %zu given up\n",
	        account->refused, account->unexpected, account->given_up);
	fprintf(stream, "questioned   %6zu observations; %zu confirmed\n", account->questioned,
	        account->confirmed);
	fprintf(stream, "with reason  %6zu reports that change a closed year\n", account->reasons);
}

/* ---- what the daemon knows ---- */

static const char *const alert_names[] = {
    [SUANPAN__ALERT_KIND__ALERT_OVERDUE] = "overdue", [SUANPAN__ALERT_KIND__ALERT_RULE] = "rule",
    [SUANPAN__ALERT_KIND__ALERT_VERDICT] = "verdict", [SUANPAN__ALERT_KIND__ALERT_FORECAST] = "forecast",
    [SUANPAN__ALERT_KIND__ALERT_MISSED] = "missed",
};
#define ALERT_KINDS (sizeof alert_names / sizeof *alert_names)

struct alert_counts {
	size_t raised[ALERT_KINDS], by_itself[ALERT_KINDS], by_hand[ALERT_KINDS];
};

static int count_alerts(void *closure, const Suanpan__Answer *answer)
{
	struct alert_counts *counts = closure;
	for (size_t i = 0; i < answer->n_alert; i++) {
		const Suanpan__Alert *alert = answer->alert[i];
		size_t kind = (size_t)alert->kind;
		if (kind >= ALERT_KINDS)
			continue;
		bool is_resolved = alert->state == SUANPAN__ALERT_STATE__ALERT_RESOLVED;
		counts->raised[kind]++;
		counts->by_hand[kind] += is_resolved && alert->actor;
		counts->by_itself[kind] += is_resolved && !alert->actor;
	}
	return 0;
}

static int lose(const struct overseer *overseer, int result)
{
	if (result > 0)
		fprintf(stderr, "suanpan-simulate: %s\n", ask_failure(overseer->ask));
	return result > 0 ? (int)OVERSEER_LOST : result;
}

static void print_deeds(const struct overseer *overseer, FILE *stream)
{
	fprintf(stream,
	        "operator     %6zu looks; %zu years closed, %zu alerts acknowledged, %zu settled by hand\n",
	        overseer->looks, overseer->closed, overseer->acknowledged, overseer->resolved);
}

static int print_alerts(struct overseer *overseer, FILE *stream)
{
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__AlertsQuery alerts = SUANPAN__ALERTS_QUERY__INIT;
	struct alert_counts counts = {0};
	query.alerts = &alerts;
	int result = ask_query(overseer->ask, &query, overseer->timeout_ms, count_alerts, &counts);
	if (result)
		return lose(overseer, result);
	fputs("\nalerts      raised  resolved  by hand  open\n", stream);
	for (size_t kind = 1; kind < ALERT_KINDS; kind++)
		fprintf(stream, "  %-9s %6zu %9zu %8zu %5zu\n", alert_names[kind], counts.raised[kind],
		        counts.by_itself[kind], counts.by_hand[kind],
		        counts.raised[kind] - counts.by_itself[kind] - counts.by_hand[kind]);
	return 0;
}

static const char *const verdicts[] = {"met", "on track", "behind", "off track", "no data", "cancelled"};
#define VERDICTS (sizeof verdicts / sizeof *verdicts)

static int count_verdicts(void *closure, const Suanpan__Answer *answer)
{
	size_t *counts = closure;
	for (size_t i = 0; i < answer->n_plan; i++)
		for (size_t verdict = 0; verdict < VERDICTS; verdict++)
			counts[verdict] += strcmp(answer->plan[i]->verdict, verdicts[verdict]) == 0;
	return 0;
}

/* As it stood when the year had been closed, or at the end. */
static int print_year(struct overseer *overseer, int year, int32_t last_day,
                      const struct catalogue *catalogue, FILE *stream)
{
	char period[16], moment[PERIOD_TEXT_SIZE];
	int32_t closing = diary_closing_day(catalogue, year);
	diary_day_format(closing < last_day ? closing : last_day, moment);
	snprintf(period, sizeof period, "%d", year);
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	Suanpan__PlanQuery plan = SUANPAN__PLAN_QUERY__INIT;
	size_t counts[VERDICTS] = {0};
	plan.plan = (char *)(uintptr_t) "plan14";
	plan.period = period;
	query.plan = &plan;
	query.as_of = moment;
	int result = ask_query(overseer->ask, &query, overseer->timeout_ms, count_verdicts, counts);
	if (result)
		return lose(overseer, result);
	fprintf(stream, "  %s, as of %s", period, moment);
	for (size_t verdict = 0; verdict < VERDICTS; verdict++)
		fprintf(stream, " %9zu", counts[verdict]);
	fputc('\n', stream);
	return 0;
}

int account_ask(struct overseer *overseer, const struct catalogue *catalogue, int32_t last_day, FILE *stream)
{
	print_deeds(overseer, stream);
	int answer = print_alerts(overseer, stream);
	fputs("\nplan14                  ", stream);
	for (size_t verdict = 0; verdict < VERDICTS; verdict++)
		fprintf(stream, " %9s", verdicts[verdict]);
	fputc('\n', stream);
	int year_of_last_day = period_year(period_of_day(last_day, PERIOD_ANNUAL));
	for (int year = TREND_FIRST_YEAR; year <= TREND_LAST_YEAR && year < year_of_last_day && !answer;
	     year++)
		answer = print_year(overseer, year, last_day, catalogue, stream);
	return answer;
}
