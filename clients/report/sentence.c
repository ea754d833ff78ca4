#include "clients/report/sentence.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void sentence_set(struct sentence *sentence, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(sentence->text, sizeof sentence->text, format, arguments);
	va_end(arguments);
}

#define ELLIPSIS "\xe2\x80\xa6"

struct quoted quote(const char *text, size_t length)
{
	struct quoted quoted;
	const size_t room = sizeof quoted.text - sizeof "''" - strlen(ELLIPSIS);
	size_t taken = length < room ? length : room;
	while (taken < length && taken > 0 && ((unsigned char)text[taken] & 0xc0) == 0x80)
		taken--;
	snprintf(quoted.text, sizeof quoted.text, "'%.*s%s'", (int)taken, text,
	         taken < length ? ELLIPSIS : "");
	for (char *at = quoted.text; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?';
	return quoted;
}

struct grouped group_digits(uint64_t number)
{
	struct grouped grouped;
	char plain[32];
	size_t length = (size_t)snprintf(plain, sizeof plain, "%" PRIu64, number);
	char *to = grouped.text;
	for (size_t i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = plain[i];
	}
	*to = '\0';
	return grouped;
}
