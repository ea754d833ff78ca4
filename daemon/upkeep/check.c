#include "daemon/upkeep/check.h"

#include "daemon/archive/archive.h"
#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/store/internal.h"
#include "daemon/upkeep/compare.h"
#include "daemon/upkeep/digest.h"
#include "daemon/upkeep/rebuild.h"
#include "daemon/upkeep/upkeep.h"
#include "daemon/upkeep/verify.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- in this process ---- */

static void say_what_is_checked(const struct check *check, struct db_txn *txn, struct findings *findings)
{
	struct head_record head;
	char when[CLOCK_TEXT_SIZE];
	findings_begin(findings, "store");
	int result = store_read_head(txn, UINT64_MAX, &head);
	db_forgive(txn);
	if (result < 0) {
		findings_add(findings, "%s: the head cannot be read", check->store);
		return;
	}
	clock_format(head.wall_ms, when);
	findings_say(findings, "%s, as of commit %" PRIu64 " (%s)", check->store, head.commit, when);
}

/* ---- against a rebuilt store ---- */

/* What a replay says against an entry is a finding, line by line. */
static void add_lines(char *text, struct findings *findings)
{
	for (char *line = text, *end; line && *line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		findings_add(findings, "%s", line);
	}
}

static int make_scratch(const struct check *check, struct db_txn *txn, const struct head_record *head,
                        struct findings *findings)
{
	struct store_entries entries = {.txn = txn, .entry = 1};
	const struct journal_source source = store_entries_source(&entries);
	struct progress progress;
	char *text = NULL;
	size_t size;
	uint64_t entry;
	FILE *errors = open_memstream(&text, &size);
	if (!errors)
		return -ENOMEM;
	progress_begin(&progress, check->progress, "rebuild", "entries", head->journal.entry);
	int result = rebuild_store(check->scratch, &source, head->journal.entry, errors, &progress, &entry);
	progress_end(&progress);
	fclose(errors);
	if (result > 0)
		add_lines(text, findings);
	free(text);
	return result;
}

static int compare_with_scratch(const struct check *check, struct db_txn *txn, struct findings *findings)
{
	struct store *rebuilt;
	struct db_txn *its;
	struct progress progress;
	uint64_t values = 0;
	int result = store_open_reader(check->scratch, &rebuilt);
	if (result != 0)
		return result;
	for (enum table table = 0; table < TABLE_COUNT; table++)
		values += db_count(txn, table);
	progress_begin(&progress, check->progress, "compare", "values", values);
	result = db_begin_read(store_db(rebuilt), &its);
	if (result == 0) {
		result = compare_stores(txn, its, &progress, findings);
		db_abort(its);
	}
	progress_end(&progress);
	store_close(rebuilt);
	return result;
}

static int verify_against_journal(const struct check *check, struct db_txn *txn, bool journal_is_whole,
                                  struct findings *findings)
{
	struct head_record head;
	findings_begin(findings, "rebuild");
	if (!journal_is_whole) {
		findings_say(findings, "left out: the journal is damaged");
		return 0;
	}
	int result = store_read_head(txn, UINT64_MAX, &head);
	if (result == 0)
		result = make_scratch(check, txn, &head, findings);
	if (result == 0)
		result = compare_with_scratch(check, txn, findings);
	rebuild_remove(check->scratch);
	findings_end(findings, "every table is what the journal gives");
	return result > 0 ? 0 : result;
}

static int tell_digest(const struct check *check, struct db_txn *txn, struct findings *findings)
{
	struct digest digest;
	struct progress progress;
	progress_begin(&progress, check->progress, "digest", "values", 0);
	int result = digest_compute(txn, &progress, &digest);
	progress_end(&progress);
	if (result == 0)
		digest_print(&digest, findings->out);
	return result;
}

static int check_all(const struct check *check, struct db_txn *txn, uint64_t archived,
                     struct findings *findings)
{
	if (check->first_table == 0)
		say_what_is_checked(check, txn, findings);
	int result = verify_tables(txn, check->first_table, findings);
	if (result == 0)
		result = verify_journal(txn, findings);
	bool journal_is_whole = findings->in_part == 0;
	if (result == 0 && check->archive)
		result = verify_archive(txn, check->archive, archived, findings);
	if (check->first_table > 0)
		return result;
	if (result == 0 && check->scratch)
		result = verify_against_journal(check, txn, journal_is_whole, findings);
	return result == 0 && findings->count == 0 ? tell_digest(check, txn, findings) : result;
}

static int check_snapshot(const struct check *check, struct findings *findings)
{
	struct store *store;
	struct db_txn *txn;
	uint64_t archived = 0;
	int result = check->archive ? archive_newest(check->archive, &archived) : 0;
	if (result != 0 && result != -ENOENT)
		return result;
	result = store_open_reader(check->store, &store);
	if (result != 0)
		return result;
	if (check->first_table == 0)
		result = verify_pages(store_db(store), findings);
	if (result == 0)
		result = db_begin_read(store_db(store), &txn);
	if (result == 0) {
		result = check_all(check, txn, archived, findings);
		db_abort(txn);
	}
	store_close(store);
	return result;
}

/* What LMDB refuses, too, is the file's fault. */
static bool is_damage(int fault)
{
	return fault == FAULT_CORRUPT || fault == FAULT_STORE || fault == -EINVAL || fault == -EIO;
}

int check_store(const struct check *check, struct findings *findings)
{
	int result = check->first_table == 0 ? verify_seal(check->store, findings) : 0;
	findings_begin(findings, "store");
	if (result == 0)
		result = check_snapshot(check, findings);
	if (is_damage(result)) {
		findings_add(findings, "%s: cannot be read: %s", check->store, fault_text(result));
		result = 0;
	}
	return result == 0 && findings->count > 0 ? (int)UPKEEP_DAMAGED : result;
}

/* ---- in another one ---- */

/* Shared with the child. */
struct outcome {
	int result;
	bool finished;
	unsigned table; /* that is being read; TABLE_COUNT: none */
	char step[FINDINGS_STEP_SIZE];
};

static void be_the_child(const struct check *check, struct outcome *outcome)
{
	struct findings findings = {.out = stdout, .step = outcome->step, .table = &outcome->table};
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &(struct rlimit){.rlim_cur = 0});
	outcome->result = check_store(check, &findings);
	outcome->finished = true;
	fflush(stdout);
	_exit(0);
}

static volatile sig_atomic_t stop_signal;

static void note_signal(int signal)
{
	stop_signal = signal;
}

static void hear_signals(void (*handler)(int))
{
	const struct sigaction action = {.sa_handler = handler}; /* no SA_RESTART: the wait must end */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static int wait_for(pid_t child, int *ret_status)
{
	while (waitpid(child, ret_status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
		if (stop_signal != 0)
			kill(child, SIGKILL);
	}
	return stop_signal != 0 ? -ECANCELED : 0;
}

static void tell_how_it_ended(const struct outcome *outcome, int status)
{
	bool signalled = WIFSIGNALED(status);
	printf("%-10s %s: reading ended by %s: pages of the file are damaged\n", "pages", outcome->step,
	       signalled ? strsignal(WTERMSIG(status)) : "itself");
}

/* One child; *outcome says how far it came. */
static int run_child(const struct check *check, struct outcome *outcome)
{
	int status = 0;
	*outcome = (struct outcome){.table = TABLE_COUNT};
	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		be_the_child(check, outcome);
	int result = child < 0 ? -errno : wait_for(child, &status);
	if (check->scratch)
		rebuild_remove(check->scratch);
	if (result != 0 || outcome->finished)
		return result != 0 ? result : outcome->result;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return -EINTR; /* no page does that: somebody did, or there was no memory left */
	tell_how_it_ended(outcome, status);
	return UPKEEP_DAMAGED;
}

/* Where a table's pages end the process, another one goes on with the next table. */
static int guard(const struct check *check, struct outcome *outcome)
{
	struct check rest = *check;
	bool damaged = false;
	int result;
	do {
		result = run_child(&rest, outcome);
		damaged |= result == UPKEEP_DAMAGED;
		rest.first_table = outcome->table + 1;
	} while (result == UPKEEP_DAMAGED && !outcome->finished && rest.first_table < TABLE_COUNT);
	return damaged ? (int)UPKEEP_DAMAGED : result;
}

int check_guarded(const struct check *check)
{
	struct outcome *outcome =
	    mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (outcome == MAP_FAILED)
		return -errno;
	hear_signals(note_signal);
	int result = guard(check, outcome);
	hear_signals(SIG_DFL);
	munmap(outcome, sizeof *outcome);
	return result;
}

/* ---- the command ---- */

static int run(const struct check *check)
{
	int result = check_guarded(check);
	if (result == -ENOSPC)
		fprintf(stderr,
		        "suanpand: no room for the rebuilt store %s; name another place with --scratch, or "
		        "leave it out with --quick\n",
		        check->scratch);
	else if (result < 0)
		fprintf(stderr, "suanpand: cannot check the store %s: %s\n", check->store,
		        fault_text(result));
	if (result < 0)
		return UPKEEP_USAGE;
	puts(result == 0 ? "clean" : "damaged");
	return result == 0 ? UPKEEP_DONE : UPKEEP_FAILED;
}

/* NULL under --quick; from malloc. */
static int name_scratch(const struct config *config, const struct upkeep_request *request, char **ret_scratch)
{
	int length = 0;
	*ret_scratch = NULL;
	if (!request->quick)
		length = request->scratch
		             ? asprintf(ret_scratch, "%s/check-%d", request->scratch, (int)getpid())
		             : asprintf(ret_scratch, "%s.check-%d", config->store, (int)getpid());
	return length < 0 ? -ENOMEM : 0;
}

int check_run(const struct config *config, const struct upkeep_request *request)
{
	char *scratch, *archive = NULL;
	log_set_level(LOG_LEVEL_WARNING);
	int result = name_scratch(config, request, &scratch);
	if (result == 0)
		result = config_archive(config, &archive);
	if (result != 0) {
		fprintf(stderr, "suanpand: %s\n", fault_text(result));
		return UPKEEP_USAGE;
	}
	const struct check check = {
	    .store = config->store, .archive = archive, .scratch = scratch, .progress = stderr};
	int status = run(&check);
	free(scratch);
	free(archive);
	return status;
}
