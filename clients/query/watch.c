/* Following without missing anything: subscribe, ask for what there is, then print every update that is
 * newer. Where the daemon's numbering shows that updates were lost, ask again and print what the lost ones
 * said; a row may then come twice, but none is missed. */
#include "clients/query/commands.h"

#include "clients/query/listener.h"
#include "clients/query/session.h"
#include "proto/codes.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const struct option_row watch_options[] = {
    SETTINGS_OPTION(count, "NUMBER", "stop after so many changes; what there was before does not count"),
    {.name = NULL},
};

struct area {
	char *code, *kind;
};

/* A code that was given, or that an update told of. */
struct followed {
	char *code;
	bool numbered; /* epoch and sequence are those of the last update */
	bool stale;    /* asking again failed; the next update is a reason to try once more */
	uint64_t epoch, sequence;
	uint64_t snapshot; /* the commit up to which everything was asked for */
	uint64_t newest;   /* the commit of the last update that was printed */
};

struct watch {
	struct session session;
	struct listener listener;
	struct output *output;
	int64_t left; /* changes still to print; below 0: without end */
	struct followed *followed;
	size_t followed_count;
	struct area *areas;
	size_t area_count;
};

/* ---------------------------------------------------------------------------------------------- areas */

static int add_area(struct watch *watch, const Suanpan__ListRow *row)
{
	struct area *areas = reallocarray(watch->areas, watch->area_count + 1, sizeof *areas);
	struct area area;

	if (!areas)
		return -ENOMEM;
	watch->areas = areas;
	area.code = strdup(row->code);
	area.kind = strdup(row->kind ? row->kind : "");
	watch->areas[watch->area_count++] = area;
	return area.code && area.kind ? 0 : -ENOMEM;
}

static int take_areas(void *closure, const Suanpan__Answer *answer)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < answer->n_list; i++)
		result = add_area(closure, answer->list[i]);
	return result;
}

static void forget_areas(struct watch *watch)
{
	for (size_t i = 0; i < watch->area_count; i++) {
		free(watch->areas[i].code);
		free(watch->areas[i].kind);
	}
	watch->area_count = 0;
}

static int learn_areas(struct watch *watch)
{
	Suanpan__ListQuery list = SUANPAN__LIST_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	int status;

	if (watch->area_count)
		return EXIT_DONE;
	list.kind = SUANPAN__LIST_KIND__LIST_AREAS;
	query.list = &list;
	status = session_ask(&watch->session, &query, take_areas, watch);
	if (status)
		forget_areas(watch); /* half a list would pass for a whole one */
	return status;
}

/* ------------------------------------------------------------------------------------------ asking again */

/* One area's series on its way: either its newest value is kept, or all rows from a commit on are printed. */
struct catching_up {
	struct watch *watch;
	bool only_newest;
	uint64_t from_commit;
	uint64_t answer_commit;
	Suanpan__Value *newest; /* our own copy: rows die with their chunk */
};

static int keep_copy(struct catching_up *catching_up, const Suanpan__Value *value)
{
	Suanpan__Value *copy = (Suanpan__Value *)session_copy(&value->base);

	if (!copy)
		return -ENOMEM;
	suanpan__value__free_unpacked(catching_up->newest, NULL);
	catching_up->newest = copy;
	return 0;
}

static const Suanpan__Value *last_with_value(const Suanpan__Answer *answer)
{
	for (size_t i = answer->n_series; i > 0; i--)
		if (answer->series[i - 1]->value)
			return answer->series[i - 1];
	return NULL;
}

static int take_series(void *closure, const Suanpan__Answer *answer)
{
	struct catching_up *catching_up = closure;
	const Suanpan__Value *last = last_with_value(answer);
	int result = 0;

	catching_up->answer_commit = answer->commit;
	if (catching_up->only_newest)
		return last ? keep_copy(catching_up, last) : 0;
	for (size_t i = 0; result == 0 && i < answer->n_series; i++)
		if (answer->series[i]->commit >= catching_up->from_commit)
			result = output_row(catching_up->watch->output, answer->series[i]);
	return result;
}

/* Answers what ask_query does. */
static int ask_area(struct catching_up *catching_up, char *code, char *area)
{
	Suanpan__SeriesQuery series = SUANPAN__SERIES_QUERY__INIT;
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	int result;

	series.code = code;
	series.area = area;
	query.series = &series;
	result = session_try(&catching_up->watch->session, &query, take_series, catching_up);
	if (result == 0 && catching_up->newest)
		result = output_row(catching_up->watch->output, catching_up->newest);
	suanpan__value__free_unpacked(catching_up->newest, NULL);
	catching_up->newest = NULL;
	return result;
}

/* An area below the level a statistic is reported at has no series, and nor have others of its kind: one
 * refusal a kind is enough. Groups differ from each other. */
struct kinds {
	const char *refused[8];
	size_t count;
};

static bool is_refused(const struct kinds *kinds, const char *kind)
{
	for (size_t i = 0; i < kinds->count; i++)
		if (strcmp(kinds->refused[i], kind) == 0)
			return true;
	return false;
}

static void refuse(struct kinds *kinds, const char *kind)
{
	if (strcmp(kind, "group") != 0 && kinds->count < sizeof kinds->refused / sizeof kinds->refused[0])
		kinds->refused[kinds->count++] = kind;
}

/* Each area answers from its own snapshot; what the oldest of them holds is surely behind us. A code that no
 * area has a series of is an error, told in the words of the last refusal. */
static int ask_all_areas(struct watch *watch, struct catching_up *catching_up, struct followed *followed)
{
	struct kinds kinds = {.count = 0};
	uint64_t oldest = UINT64_MAX;
	int result = 0;

	for (size_t i = 0; i < watch->area_count; i++) {
		const struct area *area = &watch->areas[i];

		if (is_refused(&kinds, area->kind))
			continue;
		result = ask_area(catching_up, followed->code, area->code);
		if (result == ASK_REFUSED)
			refuse(&kinds, area->kind);
		else if (result)
			return session_explain(&watch->session, result);
		else if (catching_up->answer_commit < oldest)
			oldest = catching_up->answer_commit;
	}
	if (oldest == UINT64_MAX)
		return session_explain(&watch->session, result);
	followed->snapshot = oldest;
	return EXIT_DONE;
}

static int print_newest(struct watch *watch, struct followed *followed)
{
	struct catching_up catching_up = {.watch = watch, .only_newest = true};

	return ask_all_areas(watch, &catching_up, followed);
}

/* The commit of the last update may have had more of them, so it is asked for once more. */
static void print_missed(struct watch *watch, struct followed *followed)
{
	struct catching_up catching_up = {
	    .watch = watch,
	    .from_commit = followed->newest > followed->snapshot ? followed->newest : followed->snapshot + 1,
	};

	followed->stale =
	    learn_areas(watch) != EXIT_DONE || ask_all_areas(watch, &catching_up, followed) != EXIT_DONE;
}

static void print_all_missed(struct watch *watch)
{
	for (size_t i = 0; i < watch->followed_count; i++)
		print_missed(watch, &watch->followed[i]);
}

/* --------------------------------------------------------------------------------------------- updates */

static struct followed *find_followed(struct watch *watch, const char *code)
{
	for (size_t i = 0; i < watch->followed_count; i++)
		if (strcmp(watch->followed[i].code, code) == 0)
			return &watch->followed[i];
	return NULL;
}

/* NULL: out of memory. */
static struct followed *add_followed(struct watch *watch, const char *code)
{
	struct followed *all = reallocarray(watch->followed, watch->followed_count + 1, sizeof *all);
	char *copy = strdup(code);

	if (all)
		watch->followed = all;
	if (!all || !copy) {
		free(copy);
		return NULL;
	}
	all[watch->followed_count] = (struct followed){.code = copy};
	return &all[watch->followed_count++];
}

/* Says so where updates of the code were lost. */
static bool has_gap(const struct followed *followed, const Suanpan__Update *update)
{
	if (followed->numbered && update->epoch != followed->epoch)
		fprintf(stderr, "suanpan: the daemon started again; asking for %s again\n", followed->code);
	else if (followed->numbered && update->sequence != followed->sequence + 1)
		fprintf(stderr,
		        "suanpan: updates of %s were lost (%" PRIu64 " came after %" PRIu64
		        "); asking again\n",
		        followed->code, update->sequence, followed->sequence);
	else
		return followed->stale;
	return true;
}

static int take_update(struct watch *watch, const Suanpan__Update *update)
{
	const Suanpan__Value *value = update->value;
	struct followed *followed = find_followed(watch, value->code);
	int result;

	if (!followed)
		followed = add_followed(watch, value->code);
	if (!followed)
		return -ENOMEM;
	if (has_gap(followed, update))
		print_missed(watch, followed);
	followed->numbered = true;
	followed->epoch = update->epoch;
	followed->sequence = update->sequence;
	if (value->has_commit && value->commit <= followed->snapshot)
		return 0;
	result = output_row(watch->output, value);
	if (result == 0 && value->has_commit)
		followed->newest = value->commit;
	if (result == 0 && watch->left > 0)
		watch->left--;
	return result;
}

static int follow_updates(struct watch *watch)
{
	const char *url = watch->session.settings->live;

	bool is_shut_out = false;

	while (watch->left) {
		const Suanpan__Update *update;
		int result = live_wait(watch->listener.live, -1, watch->listener.stop_fd, &update);

		if (result == LIVE_STOPPED)
			return EXIT_DONE;
		if (result == LIVE_SHUT_OUT && !is_shut_out)
			fprintf(stderr, "suanpan: %s; trying again until then\n",
			        live_trouble(watch->listener.live));
		is_shut_out = result == LIVE_SHUT_OUT || (is_shut_out && result != LIVE_READY);
		if (result == LIVE_LOST)
			fprintf(stderr, "suanpan: the connection to %s is lost; waiting for it\n", url);
		if (result == LIVE_GARBLED)
			fprintf(stderr, "suanpan: dropped what came from %s: it cannot be read\n", url);
		if (result == LIVE_READY) {
			fprintf(stderr, "suanpan: connected to %s again; asking for what changed\n", url);
			print_all_missed(watch);
		}
		if (result == 0)
			result = take_update(watch, update);
		if (result < 0)
			return listener_explain(result);
	}
	return EXIT_DONE;
}

/* -------------------------------------------------------------------------------------------- beginning */

static int subscribe(struct watch *watch, int count, char *codes[])
{
	int fault = count ? 0 : live_follow(watch->listener.live, NULL);

	for (int i = 0; fault == 0 && i < count; i++) {
		if (find_followed(watch, codes[i]))
			continue; /* given twice */
		fault = add_followed(watch, codes[i]) ? live_follow(watch->listener.live, codes[i]) : -ENOMEM;
	}
	return fault ? listener_explain(fault) : EXIT_DONE;
}

static int print_given(struct watch *watch)
{
	int status = watch->followed_count ? learn_areas(watch) : EXIT_DONE;

	for (size_t i = 0; status == EXIT_DONE && i < watch->followed_count; i++)
		status = print_newest(watch, &watch->followed[i]);
	return status;
}

static int watch_codes(struct watch *watch, int count, char *codes[])
{
	int status = listener_open(&watch->listener, watch->session.settings, watch->session.context);

	if (status == EXIT_DONE)
		status = subscribe(watch, count, codes);
	if (status == EXIT_DONE)
		status = listener_await_grants(&watch->listener);
	if (status == EXIT_DONE)
		status = print_given(watch);
	if (status == EXIT_DONE)
		status = listener_catch_interrupts(&watch->listener);
	return status ? status : follow_updates(watch);
}

static void close_watch(struct watch *watch)
{
	listener_close(&watch->listener);
	session_close(&watch->session);
	forget_areas(watch);
	free(watch->areas);
	for (size_t i = 0; i < watch->followed_count; i++)
		free(watch->followed[i].code);
	free(watch->followed);
}

static int check_codes(int count, char *codes[])
{
	for (int i = 0; i < count; i++) {
		if (code_is_valid(codes[i], strlen(codes[i])))
			continue;
		fprintf(stderr, "suanpan watch: '%s' is not a code (a-z, 0-9, _ and -)\n", codes[i]);
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}

int watch_run(void *closure, int count, char *arguments[])
{
	struct settings *settings = closure;
	struct watch watch = {.listener = LISTENER_INIT};
	struct output_shape shape = {.columns = watch_columns, .live = true};
	int status;

	if (settings_check(settings) || listener_check(settings, "watch") || check_codes(count, arguments) ||
	    settings_count(settings, "watch", &watch.left))
		return EXIT_USAGE;
	shape.format = settings->output_format;
	status = session_open(settings, &watch.session);
	if (status)
		return status;
	status = output_open(stdout, &shape, &watch.output) ? listener_explain(-ENOMEM) : EXIT_DONE;
	if (status == EXIT_DONE)
		status = output_close(watch.output, watch_codes(&watch, count, arguments));
	close_watch(&watch);
	return status;
}
