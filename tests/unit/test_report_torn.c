/* A spool's file that was cut off, or has wrong bytes in it: whatever is damaged, and whatever is done with it, the answer
 * is what was stored or a sentence, never another payload and never a signal.
 *
 * Every damage is tried in a process of its own. SUANPAN_EVERY_BYTE=1 flips each byte of the file, not only those of page
 * headers and a sample of the others. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/failing_calls.h"

#include "clients/report/spool.h"
#include "tests/lib/scratch.h"
#include <signal.h>
#include <sys/wait.h>

enum { PAGE = 4096, SECTOR = 512, REPORTS = 12, LONG_PAYLOAD = 9000 };

enum { CHILD_GOOD = 0, CHILD_SAID_WHY = 1, CHILD_WAS_FOOLED = 42, CHILD_SAID_NOTHING = 43 };

struct fixture {
	char *folder, *path, *data;
	char *bytes; /* of the whole spool */
	size_t size;
	unsigned good, said, seed;
};

/* ---- a spool of short and long reports, pending and kept ---- */

static void spell_payload(uint64_t sequence, char payload[LONG_PAYLOAD], size_t *ret_size)
{
	*ret_size = sequence % 3 == 0 ? LONG_PAYLOAD : 40;
	for (size_t i = 0; i < *ret_size; i++)
		payload[i] = (char)('a' + (sequence * 7 + i) % 26);
}

static int put_one(struct spool_batch *batch)
{
	static const char *const files[] = {"a.csv"};
	static const struct spool_place places[] = {{0, 2}};
	char payload[LONG_PAYLOAD];
	size_t size;
	spell_payload(batch->state.next, payload, &size);
	spool_put(batch, &(struct spool_report){.payload = payload,
	                                        .payload_size = size,
	                                        .places = places,
	                                        .row_count = 1,
	                                        .files = files,
	                                        .file_count = 1});
	return batch->failed;
}

static void fill(struct spool *spool)
{
	spool_set_bounds(spool, &(struct spool_bounds){.keep_ms = INT64_MAX / 2, .room = SPOOL_ROOM});
	for (int i = 0; i < REPORTS; i++) {
		struct spool_batch batch;
		assert_int_equal(spool_begin(spool, "liwan", &batch), 0);
		assert_int_equal(put_one(&batch), 0);
		assert_int_equal(spool_commit(&batch), 0);
		const struct spool_decision decision = {(uint64_t)i, true};
		if (i < REPORTS - 4)
			assert_int_equal(spool_decide(spool, &decision, 1, 1000), 0);
	}
	assert_int_equal(spool_write_cache(spool, 1, "what the daemon said", 20), 0);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct sentence why;
	struct spool *spool;
	fixture->seed = 20260703;
	fixture->folder = scratch_new();
	fixture->path = scratch_path(fixture->folder, "spool");
	fixture->data = scratch_path(fixture->path, "data.mdb");
	assert_int_equal(spool_open(fixture->path, &why, &spool), 0);
	fill(spool);
	spool_close(spool);
	FILE *file = fopen(fixture->data, "rb");
	assert_non_null(file);
	fixture->bytes = malloc(1 << 20);
	fixture->size = fread(fixture->bytes, 1, 1 << 20, file);
	fclose(file);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	free(fixture->bytes);
	free(fixture->data);
	free(fixture->path);
	scratch_free(fixture->folder);
	free(fixture);
	return 0;
}

/* ---- one damage, in a child ---- */

/* What answered other than 0 must have said why. */
static void take_answer(int answer, const struct sentence *why, bool *ret_said)
{
	if (answer == 0 || answer == SPOOL_NOTHING)
		return;
	if (!*why->text)
		_exit(CHILD_SAID_NOTHING);
	*ret_said = true;
}

static void read_all(struct spool *spool, const struct sentence *why, bool *ret_said)
{
	for (uint64_t sequence = 1; sequence <= REPORTS + 1; sequence++) {
		struct spool_report *report;
		char payload[LONG_PAYLOAD];
		size_t size;
		int answer = spool_read(spool, sequence, &report);
		take_answer(answer, why, ret_said);
		if (answer)
			continue;
		spell_payload(sequence, payload, &size);
		if (report->payload_size != size || memcmp(report->payload, payload, size) != 0)
			_exit(CHILD_WAS_FOOLED);
		free(report);
	}
}

static void list_both(struct spool *spool, const struct sentence *why, bool *ret_said)
{
	uint64_t *list = NULL;
	size_t count;
	take_answer(spool_list(spool, UINT64_MAX, &list, &count), why, ret_said);
	free(list);
	list = NULL;
	take_answer(spool_list_kept(spool, UINT64_MAX, &list, &count), why, ret_said);
	free(list);
}

static void add_one(struct spool *spool, const struct sentence *why, bool *ret_said)
{
	struct spool_batch batch;
	int answer = spool_begin(spool, "liwan", &batch);
	take_answer(answer, why, ret_said);
	if (answer)
		return;
	if (put_one(&batch))
		take_answer(batch.failed, why, ret_said);
	take_answer(spool_commit(&batch), why, ret_said);
}

static int use(const char *path)
{
	struct sentence why = {.text = ""};
	struct spool *spool;
	struct spool_state state;
	void *cache;
	size_t size;
	int64_t wall_ms;
	uint64_t first;
	bool said = false;
	int answer = spool_open(path, &why, &spool);
	take_answer(answer, &why, &said);
	if (answer)
		return CHILD_SAID_WHY;
	spool_set_bounds(spool, &(struct spool_bounds){.keep_ms = INT64_MAX / 2, .room = SPOOL_ROOM});
	take_answer(spool_read_state(spool, &state), &why, &said);
	answer = spool_read_cache(spool, &wall_ms, &cache, &size);
	if (answer == 0)
		free(cache);
	list_both(spool, &why, &said);
	read_all(spool, &why, &said);
	add_one(spool, &why, &said);
	take_answer(spool_decide(spool, &(struct spool_decision){9, true}, 1, 2000), &why, &said);
	take_answer(spool_go_back(spool, 3, &first, &size), &why, &said);
	read_all(spool, &why, &said);
	spool_close(spool);
	return said ? CHILD_SAID_WHY : CHILD_GOOD;
}

static void try_damage(struct fixture *fixture, const char *bytes, size_t size, const char *what, size_t at)
{
	scratch_write(fixture->data, bytes, size);
	fflush(NULL);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		for (int number = 1; number < 32; number++) /* not the test's, which would run on */
			if (number != SIGKILL && number != SIGSTOP)
				signal(number, SIG_DFL);
		int null = open("/dev/null", O_WRONLY);
		dup2(null, 2);
		alarm(20);
		_exit(use(fixture->path));
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > CHILD_SAID_WHY)
		fail_msg("%s at %zu: %s %d", what, at, WIFEXITED(status) ? "exit status" : "signal",
		         WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	*(WEXITSTATUS(status) ? &fixture->said : &fixture->good) += 1;
}

/* ---- */

static void a_whole_one_is_good(void **state)
{
	struct fixture *fixture = *state;
	try_damage(fixture, fixture->bytes, fixture->size, "nothing", 0);
	assert_int_equal(fixture->good, 1);
}

static void one_that_is_cut_off_anywhere_is_said_to_be(void **state)
{
	struct fixture *fixture = *state;
	for (size_t size = 1; size < fixture->size; size += size == 1 ? SECTOR - 1 : SECTOR)
		try_damage(fixture, fixture->bytes, size, "cut off", size);
	assert_true(fixture->said > fixture->size / SECTOR / 2);
	print_message("%u read, %u said to be damaged\n", fixture->good, fixture->said);
}

static void a_sector_of_zeros_is_never_taken_for_a_report(void **state)
{
	struct fixture *fixture = *state;
	char *bytes = malloc(fixture->size);
	for (size_t at = 0; at < fixture->size; at += SECTOR) {
		memcpy(bytes, fixture->bytes, fixture->size);
		memset(bytes + at, 0, SECTOR);
		try_damage(fixture, bytes, fixture->size, "zeros", at);
	}
	free(bytes);
	print_message("%u read, %u said to be damaged\n", fixture->good, fixture->said);
}

static void a_flipped_byte_is_never_taken_for_a_report(void **state)
{
	struct fixture *fixture = *state;
	bool every = getenv("SUANPAN_EVERY_BYTE") != NULL;
	for (size_t at = 0; at < fixture->size; at++) {
		if (!every && at % PAGE >= 48 && rand_r(&fixture->seed) % 32 != 0)
			continue;
		char flip = (char)(1 << rand_r(&fixture->seed) % 8);
		fixture->bytes[at] ^= flip;
		try_damage(fixture, fixture->bytes, fixture->size, "a flip", at);
		fixture->bytes[at] ^= flip;
	}
	print_message("%u read, %u said to be damaged\n", fixture->good, fixture->said);
}

#define TORN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TORN_TEST(a_whole_one_is_good),
	    TORN_TEST(one_that_is_cut_off_anywhere_is_said_to_be),
	    TORN_TEST(a_sector_of_zeros_is_never_taken_for_a_report),
	    TORN_TEST(a_flipped_byte_is_never_taken_for_a_report),
	};
	return cmocka_run_group_tests_name("report_torn", tests, NULL, NULL);
}
