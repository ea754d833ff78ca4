#include "clients/query/fold.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

/* One character: the bytes it is made of (0 at the end) and the columns it takes. What is no character is a byte. */
struct glyph {
	size_t bytes, width;
	wchar_t is;
};

static struct glyph read_glyph(const char *text)
{
	mbstate_t state = {0};
	wchar_t character;
	const size_t bytes = mbrtowc(&character, text, MB_CUR_MAX, &state);
	int width;

	if (bytes == (size_t)-1 || bytes == (size_t)-2)
		return (struct glyph){1, 1, L'?'};
	width = wcwidth(character);
	return (struct glyph){bytes, width > 0 ? (size_t)width : 0, character};
}

size_t fold_width(const char *text)
{
	size_t width = 0;

	for (struct glyph glyph = read_glyph(text); glyph.bytes; glyph = read_glyph(text)) {
		width += glyph.width;
		text += glyph.bytes;
	}
	return width;
}

/* No line begins with a sign that closes something, and none ends with one that opens it. */
static bool may_part(const struct glyph *before, const struct glyph *after)
{
	return (after->is == L' ' && before->is != L' ') ||
	       (before->width == 2 && after->width == 2 && !wcschr(L"（《「『", before->is) &&
	        !wcschr(L"）》」』、，。；：？！％", after->is));
}

/* How many bytes of the text the next line holds. */
static size_t line_length(const char *text, size_t most)
{
	size_t best = 0, width = 0;
	const char *at = text;
	struct glyph before = {.bytes = 0};

	for (struct glyph glyph = read_glyph(at); glyph.bytes; glyph = read_glyph(at)) {
		if (may_part(&before, &glyph))
			best = (size_t)(at - text);
		if (width + glyph.width > most)
			return best ? best : (size_t)(at - text);
		before = glyph;
		width += glyph.width;
		at += glyph.bytes;
	}
	return (size_t)(at - text);
}

char *fold_text(const char *text, size_t width)
{
	char *made = NULL;
	size_t size;
	FILE *lines = open_memstream(&made, &size);

	if (!lines)
		return NULL;
	while (*text) {
		const size_t length = line_length(text, width < 2 ? 2 : width);

		fwrite(text, 1, length, lines);
		text += length;
		while (*text == ' ')
			text++;
		if (*text)
			fputc('\n', lines);
	}
	if (fclose(lines) == 0)
		return made;
	free(made);
	return NULL;
}
