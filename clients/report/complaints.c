#include "clients/report/complaints.h"
#include <stdarg.h>
#include <stdlib.h>

void complaints_done(struct complaints *complaints)
{
	for (size_t i = 0; i < complaints->count; i++)
		free(complaints->list[i].text);
	free(complaints->list);
	*complaints = (struct complaints){0};
}

static bool make_room(struct complaints *complaints)
{
	if (complaints->count < complaints->room)
		return true;
	size_t room = complaints->room ? 2 * complaints->room : 64;
	struct complaint *list = realloc(complaints->list, room * sizeof *list);
	if (!list)
		return false;
	complaints->list = list;
	complaints->room = room;
	return true;
}

void complain(struct complaints *complaints, uint32_t file, uint32_t line, const char *column,
              const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *text = NULL;
	if (make_room(complaints) && vasprintf(&text, format, arguments) >= 0) {
		size_t number = complaints->count++;
		complaints->list[number] = (struct complaint){
		    .file = file, .line = line, .number = number, .column = column, .text = text};
	} else {
		complaints->incomplete = true;
	}
	va_end(arguments);
}

static int compare_places(const void *left, const void *right)
{
	const struct complaint *a = left, *b = right;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->number < b->number ? -1 : 1;
}

void complaints_print(struct complaints *complaints, const char *const files[], FILE *stream)
{
	if (complaints->count)
		qsort(complaints->list, complaints->count, sizeof *complaints->list, compare_places);
	for (size_t i = 0; i < complaints->count; i++) {
		const struct complaint *complaint = &complaints->list[i];
		fputs(files[complaint->file], stream);
		if (complaint->line)
			fprintf(stream, ":%u", complaint->line);
		if (complaint->column)
			fprintf(stream, ": %s", complaint->column);
		fprintf(stream, ": %s\n", complaint->text);
	}
	if (complaints->incomplete)
		fputs("there is more, but memory ran out while listing it\n", stream);
}
