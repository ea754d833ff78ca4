/* Answers as suanpan gets them from whatever it asked, through every command and form of output.
 *
 * The first byte chooses the command, the second the form; then come the Answers, each as a part of mutate.h. Nobody is asked:
 * this file is what clients/lib/ask.h promises, with the very check of what came. */
#include "clients/lib/ask.h"
#include "clients/query/commands.h"
#include "clients/query/settings.h"
#include "proto/envelope.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/mutate.h"
#include <assert.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define HEAD 2

static struct arena *arena;
static FILE *nowhere;
static const uint8_t *input;
static size_t input_size;

/* ---- what answers ---- */

int ask_open(void *zmq_context, const char *url, const struct identity *identity, struct ask **ret_ask)
{
	(void)zmq_context;
	(void)url;
	(void)identity;
	*ret_ask = NULL;
	return 0;
}

void ask_close(struct ask *ask)
{
	(void)ask;
}

const char *ask_failure(const struct ask *ask)
{
	(void)ask;
	return "it failed";
}

int ask_query(struct ask *ask, Suanpan__Query *query, int timeout_ms,
              int (*each)(void *closure, const Suanpan__Answer *answer), void *closure)
{
	size_t at = HEAD;
	const uint8_t *part;
	uint32_t number, length;
	(void)ask;
	(void)query;
	(void)timeout_ms;
	while (next_part(input, input_size, &at, &number, &part, &length)) {
		ProtobufCMessage *message;
		uint64_t major;
		arena_reset(arena);
		if (envelope_unpack(&suanpan__answer__descriptor, part, length, arena, &major, &message) != 0)
			return ASK_GARBLED;
		const Suanpan__Answer *answer = (const Suanpan__Answer *)message;
		if (answer->failure)
			return ASK_REFUSED;
		int result = each(closure, answer);
		if (result != 0 || answer->last)
			return result;
	}
	return ASK_UNREACHABLE;
}

/* ---- what asks ---- */

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	(void)count;
	(void)arguments;
	setlocale(LC_ALL, "C.UTF-8"); /* as main does; libsmartcols measures by it */
	nowhere = fopen("/dev/null", "w");
	if (!nowhere || arena_new(ENVELOPE_UNPACK_BUDGET, &arena) != 0)
		abort();
	return 0;
}

static const struct asking {
	int (*run)(void *settings, int count, char *arguments[]);
	char arguments[3][16];
} askings[] = {
    {status_run, {""}},
    {list_run, {"areas"}},
    {list_run, {"statistics"}},
    {list_run, {"indicators"}},
    {list_run, {"plans"}},
    {list_run, {"reporters"}},
    {get_run, {"residents"}},
    {plan_run, {"plan14"}},
    {history_run, {"residents", "Liwan", "2020"}},
    {eval_run, {"beds / 2"}},
    {coverage_run, {"2020"}},
    {explain_run, {"residents", "Liwan", "2020"}},
    {diff_run, {"residents", "Liwan", "2020"}},
    {list_run, {"streams"}},
    {list_run, {"closed"}},
    {calendar_run, {""}},
    {close_run, {"2024-06"}},
    {alerts_run, {""}},
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const formats[] = {"table", "csv", "json"};
	char from[] = "1", why[] = "published";
	if (size < HEAD)
		return 0;
	input = bytes;
	input_size = size;
	struct asking asking = askings[bytes[0] % (sizeof askings / sizeof *askings)];
	char *arguments[] = {asking.arguments[0], asking.arguments[1], asking.arguments[2], NULL};
	struct settings settings = {
	    .intake = "inproc://nobody",
	    .query = "inproc://nobody",
	    .live = "inproc://nobody",
	    .format = formats[bytes[1] % 3],
	    .lang = "en",
	    .timeout = "1",
	    .decimals = "2",
	    .why = why,
	    .from = asking.run == diff_run ? from : NULL,
	};
	FILE *out = stdout, *errors = stderr;
	stdout = stderr = nowhere;
	int status = asking.run(&settings, asking.arguments[0][0] ? 3 : 0, arguments);
	stdout = out;
	stderr = errors;
	assert(status == EXIT_DONE || status == EXIT_REFUSED || status == EXIT_UNREACHABLE);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed)
{
	static const char *const words[] = {
	    "residents",
	    "440100",
	    "Guangzhou",
	    "荔湾区",
	    "廣州市",
	    "2024-06",
	    "2024",
	    "12.50",
	    "-0.05",
	    "0",
	    "A",
	    "P",
	    "O",
	    "binding",
	    "met",
	    "on track",
	    "behind",
	    "off track",
	    "no data",
	    "cancelled",
	    ">=",
	    "hospital_beds / x",
	    "",
	    "\xff",
	    "\x1b[31m",
	    "\"",
	    ",",
	    "a\nb",
	    "division by zero",
	    "persons",
	    "007",
	    "1e9",
	};
	const struct mutation mutation = {.descriptor = &suanpan__answer__descriptor,
	                                  .words = words,
	                                  .word_count = sizeof words / sizeof *words};
	return mutate_parts(&mutation, HEAD, bytes, size, room, seed);
}
