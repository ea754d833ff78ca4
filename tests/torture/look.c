#include "tests/torture/figures.h"
#include "tests/torture/lane.h"

#include "tests/lib/scratch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct figures *ask(struct lane *lane)
{
	char *complaint = NULL;
	struct figures *figures = figures_ask(lane->zmq_context, "ipc://run/query", &complaint);
	lane->counts->figures++;
	return lane_agrees(lane, lane->state, complaint) ? figures : NULL;
}

/* The figures as they are found are compared only when everything has been answered: only then it is known which of the reports
 * that nobody had heard of are in them. */
bool look_at_daemon(struct lane *lane, bool as_found, unsigned percent)
{
	struct figures *before = as_found ? ask(lane) : NULL, *after = NULL;
	if (!lane->failed && talk_until_quiet(lane))
		after = ask(lane);
	bool good = after &&
	            (!before || lane_agrees(lane, "figures as found",
	                                    figures_compare(before, lane->ledger, percent, &lane->random))) &&
	            lane_agrees(lane, "figures after all was sent again",
	                        figures_compare(after, lane->ledger, percent, &lane->random)) &&
	            lane_agrees(lane, "counts", figures_count(after, lane->ledger)) &&
	            lane_agrees(lane, "entries", ledger_audit(lane->ledger));
	figures_free(before);
	figures_free(after);
	return good;
}

/* ---- the store itself ---- */

#define SAID_SIZE 16384

/* Runs suanpand with a command to its end; answers its exit status, and what it said. */
static int run_command(struct lane *lane, const char *state, const char *const command[],
                       char said[SAID_SIZE])
{
	const char *words[16] = {"suanpand"};
	char store[256], archive[256];
	size_t count = 1;
	struct child child;
	snprintf(store, sizeof store, "store=%s/store", state);
	snprintf(archive, sizeof archive, "archive=%s/archive", state);
	for (size_t i = 0; command[i]; i++)
		words[count++] = command[i];
	words[count++] = "--set";
	words[count++] = store;
	words[count++] = "--set";
	words[count++] = archive;
	words[count] = NULL;
	child_start(&child, lane->settings->build, words, NULL, "run/command");
	int status = child_wait(&child);
	FILE *file = fopen("run/command", "re");
	size_t size = file ? fread(said, 1, SAID_SIZE - 1, file) : 0;
	said[size] = '\0';
	if (file)
		fclose(file);
	return status;
}

static const char *digest_in(const char *said)
{
	const char *at = strstr(said, "digest     all ");
	return at ? at : "no digest";
}

static bool is_same_digest(const char *left, const char *right)
{
	size_t length = strcspn(left, "\n");
	return length > 64 && strncmp(left, right, length) == 0;
}

/* Into a fresh store, which must be the same to the byte. */
static bool must_rebuild(struct lane *lane, const char *state, const char *const command[],
                         const char *checked)
{
	static char said[SAID_SIZE];
	remove_folder("rebuilt");
	int status = run_command(lane, state, command, said);
	lane->counts->rebuilds++;
	if (status == 0 && is_same_digest(digest_in(checked), digest_in(said)))
		return true;
	lane_find(lane, "suanpand rebuild of %s: exit %d\n%s\nand the check before it:\n%s", state, status,
	          said, checked);
	return false;
}

/* Every value and entry verifies, the journal gives every table once more, and so does the archive, which a daemon that was stopped
 * has brought up to the journal's end. */
bool look_at_store(struct lane *lane, const char *state)
{
	static char said[SAID_SIZE];
	char archive[256];
	snprintf(archive, sizeof archive, "%s/archive", state);
	const char *const check[] = {"check", NULL};
	int status = run_command(lane, state, check, said);
	lane->counts->checks++;
	if (status != 0) {
		lane_find(lane, "suanpand check of %s: exit %d\n%s", state, status, said);
		return false;
	}
	return must_rebuild(lane, state, (const char *const[]){"rebuild", "rebuilt", NULL}, said) &&
	       must_rebuild(lane, state,
	                    (const char *const[]){"rebuild", "rebuilt", "--archive", archive, NULL}, said);
}
