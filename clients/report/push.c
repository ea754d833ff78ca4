#include "clients/lib/options.h"
#include "clients/report/build.h"
#include "clients/report/complaints.h"
#include "clients/report/csv.h"
#include "clients/report/rows.h"
#include "clients/report/sender.h"
#include "clients/report/session.h"
#include "clients/report/vocabulary.h"
#include "daemon/base/clock.h"
#include "proto/codes.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct push {
	struct session session;
	const char *reporter; /* NULL: nobody, in a dry run */
	size_t file_count;
	const char **paths; /* as given; "standard input" for "-" */
	const char **names; /* without folders: what crosses the wire */
	char **contents;    /* what rows point into */
	struct vocabulary *vocabulary;
	struct complaints complaints;
	struct rows *rows;
	struct build *build;
};

static int out_of_memory(void)
{
	fputs("suanpan-report: out of memory\n", stderr);
	return EXIT_REFUSED;
}

/* ---- the daemon's words ---- */

#define ASK_MOST_MS    3000
#define CACHE_FRESH_MS 86400000

/* Written only if it says something new, or its date would mislead: most pushes change nothing. */
static void keep_vocabulary(struct push *push, const void *bytes, size_t size)
{
	struct spool *spool = push->session.spool;
	int64_t now_ms = clock_read().wall_ms, wall_ms;
	void *kept = NULL;
	size_t kept_size = 0;
	if (!spool)
		return;
	bool same = spool_read_cache(spool, &wall_ms, &kept, &kept_size) == 0 && kept_size == size &&
	            memcmp(kept, bytes, size) == 0 && now_ms - wall_ms < CACHE_FRESH_MS;
	free(kept);
	if (!same && spool_write_cache(spool, now_ms, bytes, size))
		fprintf(stderr, "note: the daemon's codes could not be kept: %s\n", push->session.why.text);
}

static int read_kept_vocabulary(struct push *push, const char *reason)
{
	int64_t wall_ms;
	void *bytes = NULL;
	size_t size = 0;
	int answer = push->session.spool ? spool_read_cache(push->session.spool, &wall_ms, &bytes, &size)
	                                 : SPOOL_NOTHING;
	if (!answer)
		answer = vocabulary_new(bytes, size, &push->vocabulary);
	free(bytes);
	if (answer == -ENOMEM)
		return out_of_memory();
	if (answer) {
		fprintf(stderr,
		        "note: the daemon's codes are not known here yet, so only the form of the files is "
		        "checked (%s)\n",
		        reason);
		return 0;
	}
	char time[CLOCK_TEXT_SIZE];
	clock_format(wall_ms, time);
	if (!push->session.settings->quiet)
		fprintf(stderr, "note: files are checked against the daemon's codes of %s (%s)\n", time,
		        reason);
	return 0;
}

static int read_vocabulary(struct push *push)
{
	struct session *session = &push->session;
	int status = session_connect(session);
	if (status)
		return status;
	int timeout_ms = session->timeout_ms < ASK_MOST_MS ? session->timeout_ms : ASK_MOST_MS;
	struct sentence reason = {.text = "the daemon's lists cannot be read by this program"};
	void *bytes = NULL;
	size_t size = 0;
	int answer = vocabulary_ask(session->zmq_context, session->settings->query, &session->identity,
	                            timeout_ms, &reason, &bytes, &size);
	if (!answer)
		answer = vocabulary_new(bytes, size, &push->vocabulary);
	if (!answer)
		keep_vocabulary(push, bytes, size);
	free(bytes);
	if (answer == -ENOMEM)
		return out_of_memory();
	if (answer && session->settings->only_reachable) {
		fprintf(stderr, "suanpan-report: %s; nothing was sent\n", reason.text);
		return EXIT_UNREACHABLE;
	}
	return answer ? read_kept_vocabulary(push, reason.text) : 0;
}

/* Which of the vocabulary's reporters we are; WORDS_NONE if there is no telling. */
static int find_reporter(const struct push *push, uint32_t *ret_reporter)
{
	*ret_reporter = WORDS_NONE;
	if (!push->vocabulary || !push->reporter)
		return 0;
	const struct words *reporters = &push->vocabulary->reporters;
	*ret_reporter = words_find(reporters, push->reporter, strlen(push->reporter));
	if (*ret_reporter != WORDS_NONE || reporters->count == 0)
		return 0;
	const char *suggestion =
	    nearest_word(push->reporter, (const char *const *)reporters->list, reporters->count);
	fprintf(stderr, "suanpan-report: the daemon knows no reporter '%s'", push->reporter);
	if (suggestion)
		fprintf(stderr, "; did you mean '%s'?", suggestion);
	fputs("\nnothing was sent\n", stderr);
	return EXIT_REFUSED;
}

/* ---- files ---- */

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static int init_files(struct push *push, int count, char *arguments[])
{
	push->file_count = (size_t)count;
	push->paths = calloc(push->file_count, sizeof *push->paths);
	push->names = calloc(push->file_count, sizeof *push->names);
	push->contents = calloc(push->file_count, sizeof *push->contents);
	if (!push->paths || !push->names || !push->contents)
		return out_of_memory();
	bool has_input = false;
	for (size_t i = 0; i < push->file_count; i++) {
		bool is_input = strcmp(arguments[i], "-") == 0;
		push->paths[i] = is_input ? "standard input" : arguments[i];
		push->names[i] = is_input ? push->paths[i] : name_of(arguments[i]);
		if (is_input && has_input) {
			fputs("suanpan-report push: standard input (-) can be read only once\n", stderr);
			return EXIT_USAGE;
		}
		has_input |= is_input;
	}
	return 0;
}

static int read_contents(const char *argument, char **ret_bytes, size_t *ret_size)
{
	if (strcmp(argument, "-") == 0)
		return csv_read_stream(stdin, ret_bytes, ret_size);
	FILE *stream = fopen(argument, "rbe");
	if (!stream)
		return -errno;
	int fault = csv_read_stream(stream, ret_bytes, ret_size);
	fclose(stream);
	return fault;
}

static int read_file(struct push *push, size_t at, const char *argument)
{
	size_t size = 0;
	int fault = read_contents(argument, &push->contents[at], &size);
	if (fault == -ENOMEM)
		return fault;
	if (fault) {
		complain(&push->complaints, (uint32_t)at, 0, NULL, "cannot be read: %s", strerror(-fault));
		return 0;
	}
	return rows_read(push->rows, (uint32_t)at, push->contents[at], size);
}

static int read_files(struct push *push, char *arguments[])
{
	uint32_t reporter;
	int status = find_reporter(push, &reporter);
	if (status)
		return status;
	int fault = rows_new(push->vocabulary, reporter, &push->complaints, &push->rows);
	for (size_t i = 0; i < push->file_count && !fault; i++)
		fault = read_file(push, i, arguments[i]);
	if (!fault)
		fault = rows_finish(push->rows, push->paths);
	return fault ? out_of_memory() : 0;
}

static int say_complaints(struct push *push)
{
	size_t count = push->complaints.count;
	if (count == 0 && !push->complaints.incomplete)
		return 0;
	complaints_print(&push->complaints, push->paths, stderr);
	fprintf(stderr, "%s mistake%s; nothing was sent\n", group_digits(count).text, count == 1 ? "" : "s");
	return EXIT_REFUSED;
}

/* ---- spooling ---- */

static int spool_reports(struct push *push, uint64_t *ret_first, uint64_t *ret_last)
{
	if (build_report_count(push->build) == 0) {
		*ret_first = push->session.state.next;
		*ret_last = *ret_first - 1;
		return 0;
	}
	struct spool_batch batch;
	int answer = spool_begin(push->session.spool, push->reporter, &batch);
	if (answer)
		return answer;
	uint64_t first = batch.state.next;
	int64_t wall_ms = clock_read().wall_ms;
	for (size_t i = 0; i < build_report_count(push->build) && !answer; i++)
		answer = build_put_report(push->build, i, wall_ms, &batch);
	if (answer) {
		spool_abort(&batch);
		return answer;
	}
	*ret_first = first;
	*ret_last = batch.state.next - 1;
	return spool_commit(&batch);
}

/* ---- what is said at the end ---- */

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void print_counts(const struct push *push)
{
	uint64_t observations = push->rows->count, reports = build_report_count(push->build);
	printf("%s file%s, %s observation%s, %s report%s", group_digits(push->file_count).text,
	       plural(push->file_count), group_digits(observations).text, plural(observations),
	       group_digits(reports).text, plural(reports));
}

static void print_summary(const struct push *push, const struct delivery *delivery)
{
	uint64_t reports = build_report_count(push->build);
	print_counts(push);
	if (reports > 0 && delivery->own.accepted == reports)
		fputs(", all accepted", stdout);
	else
		session_print_tally(": ", &delivery->own);
	if (delivery->left)
		printf(", %s not delivered", group_digits(delivery->left).text);
	session_print_tally("; of those spooled before: ", &delivery->earlier);
	session_print_tally("; of those sent again: ", &delivery->again);
	if (delivery->commit)
		printf(" (commit %" PRIu64 ")", delivery->commit);
	putchar('\n');
}

/* ---- the command ---- */

/* Another process that delivers does not keep us from spooling: that is one transaction. It will not take
 * ours along, because then its terminal would get our refusals. */
static int deliver_own(struct push *push, bool locked, uint64_t first, uint64_t last)
{
	struct session *session = &push->session;
	if (!locked) {
		session_say_fault(session, SPOOL_BUSY);
		session_say_left(last - first + 1);
		return EXIT_UNREACHABLE;
	}
	struct delivery delivery;
	int status = session_deliver(session, first, last, &delivery);
	if (status)
		return status;
	if (!session->settings->quiet)
		print_summary(push, &delivery);
	return session_exit_status(&delivery);
}

static int send_all(struct push *push)
{
	struct session *session = &push->session;
	int answer = spool_lock(session->spool, session->timeout_ms);
	if (answer && answer != SPOOL_BUSY)
		return session_say_fault(session, answer);
	bool locked = answer == 0;
	const struct sentence busy = session->why;
	uint64_t first, last;
	answer = spool_reports(push, &first, &last);
	if (answer) {
		session_say_fault(session, answer);
		fputs("nothing was sent\n", stderr);
		return EXIT_REFUSED;
	}
	session->why = busy;
	return deliver_own(push, locked, first, last);
}

static int check_and_send(struct push *push, char *arguments[])
{
	int status = read_vocabulary(push);
	if (!status)
		status = read_files(push, arguments);
	if (!status)
		status = say_complaints(push);
	if (status)
		return status;
	const struct build_words words = {.reporter = push->reporter,
	                                  .confirm = push->session.settings->confirm,
	                                  .correction = push->session.settings->correction};
	if (build_new(push->rows, push->names, push->file_count, &words, &push->build))
		return out_of_memory();
	if (!push->session.settings->dry_run)
		return send_all(push);
	if (!push->session.settings->quiet)
		printf("%s observation%s in %zu report%s; nothing was sent\n",
		       group_digits(push->rows->count).text, plural(push->rows->count),
		       build_report_count(push->build), plural(build_report_count(push->build)));
	return 0;
}

/* A reason is for whoever looks into it later: a blank one tells him nothing. */
static int check_reason(const char *option, const char *reason)
{
	if (!reason || (strlen(reason) <= BUILD_REASON_MAX && text_is_valid(reason, strlen(reason)) &&
	                reason[strspn(reason, " \t")] != '\0'))
		return 0;
	fprintf(stderr, "suanpan-report push: --%s: expected a reason: one line of at most %d bytes\n",
	        option, BUILD_REASON_MAX);
	return EXIT_USAGE;
}

static int check_reasons(const struct sender_settings *settings)
{
	int status = check_reason("confirm", settings->confirm);
	return status ? status : check_reason("correction", settings->correction);
}

static int ask_who(void)
{
	fputs("suanpan-report push: who reports? give --reporter NAME or set SUANPAN_REPORTER\n", stderr);
	return EXIT_USAGE;
}

/* A dry run leaves no trace: it uses a spool that is there and makes none. */
static int open_spool(struct push *push)
{
	struct session *session = &push->session;
	const struct sender_settings *settings = session->settings;
	bool exists = spool_exists(session->path);
	if (!exists && !settings->reporter && !settings->dry_run)
		return ask_who();
	if (exists || !settings->dry_run) {
		int status = session_open_spool(session);
		if (status)
			return status;
	}
	push->reporter = settings->reporter;
	if (!push->reporter && session->state.has_identity)
		push->reporter = session->state.reporter;
	return push->reporter || settings->dry_run ? 0 : ask_who();
}

static void push_done(struct push *push)
{
	build_free(push->build);
	rows_free(push->rows);
	complaints_done(&push->complaints);
	vocabulary_free(push->vocabulary);
	for (size_t i = 0; i < push->file_count && push->contents; i++)
		free(push->contents[i]);
	free(push->contents);
	free(push->names);
	free(push->paths);
	session_done(&push->session);
}

int sender_push(void *settings, int count, char *arguments[])
{
	struct push push = {0};
	int status = session_init(&push.session, settings);
	if (!status)
		status = check_reasons(settings);
	if (!status)
		status = init_files(&push, count, arguments);
	if (!status)
		status = open_spool(&push);
	if (!status)
		status = check_and_send(&push, arguments);
	push_done(&push);
	return status;
}
