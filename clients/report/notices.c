#include "clients/report/notices.h"
#include <inttypes.h>
#include <stdlib.h>

/* The column of the file that a reason is about, so that the daemon's complaints read like our own. */
static const char *column_of(Suanpan__Reason reason)
{
	static const char *const columns[] = {
	    [SUANPAN__REASON__REASON_UNKNOWN_STATISTIC] = "statistic",
	    [SUANPAN__REASON__REASON_UNKNOWN_AREA] = "area",
	    [SUANPAN__REASON__REASON_BAD_PERIOD] = "period",
	    [SUANPAN__REASON__REASON_WRONG_FREQUENCY] = "period",
	    [SUANPAN__REASON__REASON_WRONG_LEVEL] = "area",
	    [SUANPAN__REASON__REASON_AREA_OUT_OF_SCOPE] = "area",
	    [SUANPAN__REASON__REASON_STATISTIC_OUT_OF_SCOPE] = "statistic",
	    [SUANPAN__REASON__REASON_TOO_MANY_DECIMALS] = "value",
	    [SUANPAN__REASON__REASON_OUT_OF_RANGE] = "value",
	    [SUANPAN__REASON__REASON_BAD_STATUS] = "status",
	    [SUANPAN__REASON__REASON_BAD_TEXT] = "note",
	    [SUANPAN__REASON__REASON_RULE] = "value",
	    [SUANPAN__REASON__REASON_PERIOD_CLOSED] = "period",
	};
	size_t at = (size_t)reason;
	return at < sizeof columns / sizeof *columns ? columns[at] : NULL;
}

static void print_place(FILE *stream, const struct spool_report *report, uint64_t row)
{
	if (report && row < report->row_count && report->places[row].file < report->file_count)
		fprintf(stream, "%s:%" PRIu32, report->files[report->places[row].file],
		        report->places[row].line);
	else
		fprintf(stream, "row %" PRIu64, row);
}

static void print_problem(FILE *stream, const struct spool_report *report, const Suanpan__Problem *problem)
{
	const char *column = column_of(problem->reason);
	print_place(stream, report, problem->row);
	fprintf(stream, ": %s%s%s\n", column ? column : "", column ? ": " : "", problem->text);
}

/* For the places of its rows; what there is to say is worth saying without them, too. */
static struct spool_report *read_report(struct spool *spool, uint64_t sequence)
{
	struct spool_report *report = NULL;
	return spool_read(spool, sequence, &report) ? NULL : report;
}

static bool names_closed_period(const Suanpan__Ack *ack)
{
	for (size_t i = 0; i < ack->n_problem; i++)
		if (ack->problem[i]->reason == SUANPAN__REASON__REASON_PERIOD_CLOSED)
			return true;
	return false;
}

void notice_refusal(FILE *stream, struct spool *spool, const Suanpan__Ack *ack)
{
	struct spool_report *report = read_report(spool, ack->sequence);
	fprintf(stream, "report %" PRIu64 " was refused, and nothing of it was stored", ack->sequence);
	if (ack->reason)
		fprintf(stream, ": %s", ack->reason);
	fputc('\n', stream);
	for (size_t i = 0; i < ack->n_problem; i++)
		print_problem(stream, report, ack->problem[i]);
	if (names_closed_period(ack))
		fputs("what has to change in a closed period goes with --correction REASON\n", stream);
	free(report);
}

void notice_warnings(FILE *stream, struct spool *spool, const Suanpan__Ack *ack)
{
	if (ack->n_warning == 0)
		return;
	struct spool_report *report = read_report(spool, ack->sequence);
	fprintf(
	    stream,
	    "report %" PRIu64
	    " was stored, and some of it looks wrong; send what is wrong corrected, or what is right again "
	    "with --confirm REASON\n",
	    ack->sequence);
	for (size_t i = 0; i < ack->n_warning; i++) {
		print_place(stream, report, ack->warning[i]->row);
		fprintf(stream, ": warning: %s: %s\n", ack->warning[i]->rule, ack->warning[i]->text);
	}
	free(report);
}

void notice_conflict(FILE *stream, const Suanpan__Ack *ack)
{
	fprintf(stream,
	        "CONFLICT: the daemon knows another report under the number %" PRIu64
	        " of this spool's stream. Was the "
	        "spool copied, or restored from a backup? The report is kept and changed nothing; ask the "
	        "daemon's "
	        "operator before anything else, then push from a new spool%s%s\n",
	        ack->sequence, ack->reason ? ": " : ".", ack->reason ? ack->reason : "");
}

void notice_again(FILE *stream, const char *url, uint64_t from, uint64_t first, size_t again)
{
	fprintf(stream,
	        "the daemon at %s asks for report %" PRIu64
	        " again, which it had decided on (was it restored from a backup?)\n",
	        url, from);
	if (first > from)
		fprintf(
		    stream,
		    "what came before report %" PRIu64
		    " is no longer kept here (--keep), and the daemon is told that it is lost; push those "
		    "files again where their figures matter\n",
		    first);
	if (again)
		fprintf(stream, "%s report%s sent again\n", group_digits(again).text,
		        again == 1 ? " is" : "s are");
}
