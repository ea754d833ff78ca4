/* One query being answered: what the kinds of answer share. Private to daemon/query. */
#ifndef SUANPAN_QUERY_QUESTION_H
#define SUANPAN_QUERY_QUESTION_H

#include "daemon/catalogue/formula.h"
#include "daemon/query/answer.h"
#include "daemon/query/chunk.h"
#include "daemon/query/wording.h"
#include "proto/suanpan.pb-c.h"

struct refusal {
	Suanpan__FailureKind kind;
	const char *suggestion; /* NULL: none */
	char text[1024];
};

/* The decoded Query is in the arena and dies with the first chunk sent: read all of it before adding a row.
 */
struct question {
	const struct answer_context *context;
	/* As of the question's moment: */
	const struct catalogue *catalogue;
	struct evaluator *evaluator;
	struct snapshot *snapshot;
	int64_t now_ms; /* the time of day then: what is due by now */
	struct wording words;
	struct chunk chunk;
	struct refusal refusal;
};

/* Every int function below answers 0, QUESTION_REFUSED (the refusal says why), a fault, or what the sink
 * answered. */
enum question_verdict {
	QUESTION_REFUSED = 1,
	QUESTION_TAKEN = 2, /* an act: its answer comes when it is decided */
};

/* `suggestion` must outlive the question; NULL: none. */
void question_note_refusal(struct question *question, Suanpan__FailureKind kind, const char *suggestion,
                           const char *format, ...) PRINTF_LIKE(4, 5);
/* Notes the refusal and is QUESTION_REFUSED: `return question_refuse(...)`, in sight of whoever analyses the
 * caller. */
#define question_refuse(...) (question_note_refusal(__VA_ARGS__), (int)QUESTION_REFUSED)

/* "There is no WHAT 'given'", with the suggestion, if there is one. */
void question_note_unknown(struct question *question, const char *what, const char *given,
                           const char *suggestion);
#define question_refuse_unknown(...) (question_note_unknown(__VA_ARGS__), (int)QUESTION_REFUSED)

int MUST_CHECK question_add(struct question *question, const ProtobufCMessage *row);

int MUST_CHECK question_find_area(struct question *question, const char *given, uint32_t *ret_area);
int MUST_CHECK question_find_reporter(struct question *question, const char *given, uint32_t *ret_reporter);
int MUST_CHECK question_read_period(struct question *question, const char *given, struct period *ret_period);

#define QUOTE_SIZE 80
/* A moment as someone wrote it, found in a snapshot that has not gone back: one that has knows nothing newer. */
int MUST_CHECK question_find_moment(struct question *question, struct snapshot *snapshot, const char *given,
                                    struct moment *ret_moment);

/* A statistic or an indicator by its code (an indicator first), as what evaluates it. A lone statistic's formula is made in `lone`. */
struct subject {
	const char *code;
	const struct formula *formula;
	const char *formula_text;
	struct measure measure;
	enum coverage_policy coverage;
	enum period_frequency frequency; /* its own */
	bool may_be_finer;               /* a lone stock: its last value stands in finer periods */
	struct formula lone;
	struct formula_atom atom;
	struct formula_step step;
};
int MUST_CHECK question_find_subject(struct question *question, const char *code,
                                     struct subject *ret_subject);
/* Refuses a period that is too fine for the subject, and an area below its level. */
int MUST_CHECK question_check_place(struct question *question, const struct subject *subject, uint32_t area,
                                    struct period period);
/* Area (NULL: the root) and period, checked against the subject: neither too fine nor below its level. */
int MUST_CHECK question_find_place(struct question *question, const struct subject *subject, const char *area,
                                   const char *period, uint32_t *ret_area, struct period *ret_period);

/* What someone typed, fit to be shown in a sentence: cut if it is long, replaced if it is not text. */
void question_quote(const char *given, char ret_text[QUOTE_SIZE]);

/* What stands where nothing is kept, in an area where something could be: no data, and everyone missing whose code is in force
 * at the period's end. */
struct value question_absent_value(struct question *question, uint32_t indicator, uint32_t area,
                                   struct period period);
/* The value of the indicator as it was kept, or the absent one. */
int MUST_CHECK question_kept_value(struct question *question, uint32_t indicator, uint32_t area,
                                   struct period period, struct kept_value *ret_kept);

/* The kinds of answer: each adds its rows. */
int MUST_CHECK answer_status(struct question *question);
int MUST_CHECK answer_list(struct question *question, const Suanpan__ListQuery *query);
int MUST_CHECK answer_series(struct question *question, const Suanpan__SeriesQuery *query);
int MUST_CHECK answer_plan(struct question *question, const Suanpan__PlanQuery *query);
int MUST_CHECK answer_history(struct question *question, const Suanpan__HistoryQuery *query);
int MUST_CHECK answer_eval(struct question *question, const Suanpan__EvalQuery *query);
int MUST_CHECK answer_coverage(struct question *question, const Suanpan__CoverageQuery *query);
int MUST_CHECK answer_explain(struct question *question, const Suanpan__ExplainQuery *query);
/* Checks whether it makes sense, and passes it on: QUESTION_TAKEN. */
int MUST_CHECK answer_act(struct question *question, uint64_t number, const Suanpan__Act *act);
int MUST_CHECK answer_diff(struct question *question, const Suanpan__DiffQuery *query);
int MUST_CHECK answer_forecast(struct question *question, const Suanpan__ForecastQuery *query);
int MUST_CHECK answer_backtest(struct question *question, const Suanpan__BacktestQuery *query);
int MUST_CHECK answer_alerts(struct question *question, const Suanpan__AlertsQuery *query);
int MUST_CHECK answer_calendar(struct question *question, const Suanpan__CalendarQuery *query);

#endif
