/* The commands of suanpan: each a file that holds its arguments' meaning, its query and its columns. */
#ifndef SUANPAN_CLIENTS_QUERY_COMMANDS_H
#define SUANPAN_CLIENTS_QUERY_COMMANDS_H

#include "clients/lib/language.h"
#include "clients/lib/options.h"
#include "clients/query/output.h"
#include "proto/suanpan.pb-c.h"

extern const struct program suanpan_program;

/* `settings` is a struct settings; all answer an exit status. */
int status_run(void *settings, int count, char *arguments[]);
int list_run(void *settings, int count, char *arguments[]);
int get_run(void *settings, int count, char *arguments[]);
int plan_run(void *settings, int count, char *arguments[]);
int history_run(void *settings, int count, char *arguments[]);
int eval_run(void *settings, int count, char *arguments[]);
int coverage_run(void *settings, int count, char *arguments[]);
int explain_run(void *settings, int count, char *arguments[]);
int forecast_run(void *settings, int count, char *arguments[]);
int backtest_run(void *settings, int count, char *arguments[]);
int diff_run(void *settings, int count, char *arguments[]);
int watch_run(void *settings, int count, char *arguments[]);
int close_run(void *settings, int count, char *arguments[]);
int reopen_run(void *settings, int count, char *arguments[]);
int alerts_run(void *settings, int count, char *arguments[]);
int calendar_run(void *settings, int count, char *arguments[]);
/* The part of it that follows what is raised and changed. */
struct settings;
int alerts_watch(struct settings *settings);

extern const struct option_row get_options[], plan_options[], watch_options[];
extern const struct option_row forecast_options[], backtest_options[];
extern const struct option_row eval_options[], coverage_options[], diff_options[], alerts_options[];
extern const struct option_row calendar_options[];
extern const struct option_row act_options[]; /* of every command that does something */

/* What the rows of each command look like; rows are the messages of suanpan.proto. */
extern const struct column get_columns[];     /* Value */
extern const struct column watch_columns[];   /* Value; the same words in CSV and JSON as get_columns */
extern const struct column plan_columns[];    /* PlanRow */
extern const struct column history_columns[]; /* Revision */

extern const struct column eval_columns[];     /* Value */
extern const struct column coverage_columns[]; /* CoverageRow */
extern const struct column explain_columns[];  /* an input and the part it is in; see explain.c */
extern const struct column diff_columns[];     /* DiffRow */
extern const struct column alerts_columns[];   /* Alert */
extern const struct column forecast_columns[]; /* OutlookRow */
extern const struct column backtest_columns[]; /* BacktestRow */
extern const struct column calendar_columns[]; /* CalendarRow */

/* Has the daemon do something, in the name of whoever types, and prints what came of it. Kind and subject are filled in; the
 * reason comes from --why. Answers an exit status. */
struct settings;
int act_run(struct settings *settings, Suanpan__Act *act);

/* Prints the rows of a series, for session_print. */
int get_take(void *printing, const Suanpan__Answer *answer);

/* Cells that several commands show alike. */
void cell_value(const Suanpan__Value *value, struct cell *cell);    /* or why there is none */
void cell_coverage(const Suanpan__Value *value, struct cell *cell); /* "9/11 P" */
void cell_missing(const Suanpan__Value *value, struct cell *cell);  /* a list; an answer names only so many */

#endif
