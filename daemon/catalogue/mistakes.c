#include "daemon/catalogue/mistakes.h"

#include "proto/codes.h"
#include <stdarg.h>

void mistake_at(struct mistakes *mistakes, struct place place, const char *format, ...)
{
	va_list arguments;
	mistakes->count++;
	fputs(place.file, mistakes->errors);
	if (place.line)
		fprintf(mistakes->errors, ":%u", place.line);
	if (place.line && place.column)
		fprintf(mistakes->errors, ":%u", place.column);
	fputs(": ", mistakes->errors);
	va_start(arguments, format);
	vfprintf(mistakes->errors, format, arguments);
	va_end(arguments);
	fputc('\n', mistakes->errors);
}

struct suggestion suggestion_for(const char *word, const char *const words[], size_t count)
{
	const char *nearest = nearest_word(word, words, count);
	struct suggestion suggestion = {""};
	if (nearest)
		snprintf(suggestion.text, sizeof suggestion.text, ", nearest is '%.100s'", nearest);
	return suggestion;
}
