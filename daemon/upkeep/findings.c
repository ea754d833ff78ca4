#include "daemon/upkeep/findings.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

void findings_step(struct findings *findings, const char *what)
{
	if (findings->step)
		snprintf(findings->step, FINDINGS_STEP_SIZE, "%s", what);
}

void findings_table(struct findings *findings, unsigned table)
{
	if (findings->table)
		*findings->table = table;
}

void findings_begin(struct findings *findings, const char *part)
{
	snprintf(findings->part, sizeof findings->part, "%s", part);
	findings->in_part = 0;
	findings_step(findings, part);
}

/* Each line leaves at once: the next page may be the one that ends the process. */
static void PRINTF_LIKE(2, 0) print(struct findings *findings, const char *format, va_list arguments)
{
	fprintf(findings->out, "%-10s ", findings->part);
	vfprintf(findings->out, format, arguments);
	fputc('\n', findings->out);
	fflush(findings->out);
}

void findings_add(struct findings *findings, const char *format, ...)
{
	va_list arguments;
	findings->count++;
	if (++findings->in_part > FINDINGS_SHOWN)
		return;
	va_start(arguments, format);
	print(findings, format, arguments);
	va_end(arguments);
}

void findings_say(struct findings *findings, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	print(findings, format, arguments);
	va_end(arguments);
}

void findings_end(struct findings *findings, const char *format, ...)
{
	va_list arguments;
	if (findings->in_part > FINDINGS_SHOWN)
		findings_say(findings, "and %" PRIu64 " more", findings->in_part - FINDINGS_SHOWN);
	if (findings->in_part > 0)
		return;
	va_start(arguments, format);
	print(findings, format, arguments);
	va_end(arguments);
}
