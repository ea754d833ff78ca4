#include "tests/torture/lane.h"

#include "tests/lib/little_city.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sender_start(const struct lane *lane, struct child *child, const struct sender_run *run)
{
	const char *words[] = {
	    "suanpan-report", run->command, "--reporter", "south_office",    "--spool",   run->spool,
	    "--intake",       run->intake,  "--query",    "ipc://run/query", "--timeout", run->timeout,
	    run->file,        NULL};
	child_start(child, lane->settings->build, words, run->environment, run->output);
}

char *sender_said(const struct sender_run *run)
{
	FILE *file = fopen(run->output, "re");
	char *text = calloc(1, 4096);
	if (!file || !text)
		abort();
	size_t size = fread(text, 1, 4095, file);
	text[size] = '\0';
	fclose(file);
	return text;
}

/* ---- files ---- */

/* The cells of the south, in an order of their own for each file. */
static struct ledger_row south_cell(size_t at)
{
	struct ledger_row row = {.statistic = at < LEDGER_MONTHS ? BEDS : BIRTHS, .area = SOUTH};
	row.period = (uint8_t)(at % LEDGER_MONTHS);
	return row;
}

void sender_write_file(struct random_source *random, const char *path, size_t rows, uint32_t mark)
{
	FILE *file = fopen(path, "we");
	size_t first = random_below(random, SENDER_ROWS_MAX);
	if (!file)
		abort();
	fputs("statistic,area,period,value\n", file);
	for (size_t i = 0; i < rows; i++) {
		struct ledger_row row = south_cell((first + i) % SENDER_ROWS_MAX);
		char period[16];
		ledger_period_text(&row, period);
		fprintf(file, "%s,south,%s,%" PRIu64 "\n", row.statistic == BEDS ? "beds" : "births", period,
		        (uint64_t)mark * 64 + i);
	}
	if (fclose(file) != 0)
		abort();
}

uint32_t sender_mark(const struct ledger_row *row)
{
	return (uint32_t)(row->value / 64);
}

/* ---- looking at a spool ---- */

static uint64_t number_after(const char *said, const char *word)
{
	uint64_t number = 0;
	const char *at = strstr(said, word);
	if (at)
		sscanf(at + strlen(word), "%" SCNu64, &number);
	return number;
}

static bool read_stream(const char *said, uint8_t ret_stream[LEDGER_STREAM_SIZE])
{
	const char *at = strstr(said, "stream    ");
	if (!at)
		return false;
	at += strlen("stream    ");
	for (size_t i = 0; i < LEDGER_STREAM_SIZE; i++) {
		unsigned byte;
		if (sscanf(at + 2 * i, "%2x", &byte) != 1)
			return false;
		ret_stream[i] = (uint8_t)byte;
	}
	return true;
}

bool sender_look(const struct lane *lane, const char *spool, struct spool_sight *ret_sight, char **ret_said)
{
	struct child child;
	const struct sender_run run = {.command = "status",
	                               .spool = spool,
	                               .timeout = "5",
	                               .intake = "ipc://run/nobody",
	                               .output = "run/status"};
	sender_start(lane, &child, &run);
	int status = child_wait(&child);
	char *said = sender_said(&run);
	if (status != 0) {
		*ret_said = said;
		return false;
	}
	*ret_sight = (struct spool_sight){.next = number_after(said, "\nnext "),
	                                  .pending = number_after(said, "\npending ")};
	ret_sight->has_stream = read_stream(said, ret_sight->stream);
	if (ret_sight->next == 0)
		ret_sight->next = 1; /* nothing was ever spooled */
	free(said);
	return true;
}
