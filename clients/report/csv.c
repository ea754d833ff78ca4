#include "clients/report/csv.h"
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void PRINTF_LIKE(3, 4) note_mistake(struct csv *csv, uint32_t line, const char *format, ...)
{
	if (csv->mistake.text[0])
		return; /* the first one in a record is the cause, the others mostly follow from it */
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(csv->mistake.text, sizeof csv->mistake.text, format, arguments);
	va_end(arguments);
	csv->mistake.line = line;
}

/* ---- encoding ---- */

/* Bytes of the well-formed UTF-8 character at `at`, or 0. The ranges are table 3-7 of the Unicode standard:
 * no overlong forms, no surrogates, nothing above U+10FFFF. */
static size_t character_length(const unsigned char *at, const unsigned char *end)
{
	static const struct {
		unsigned char first, last, second_first, second_last;
		size_t length;
	} forms[] = {
	    {0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
	    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
	    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		if (*at < forms[i].first || *at > forms[i].last)
			continue;
		if ((size_t)(end - at) < forms[i].length)
			return 0;
		for (size_t k = 1; k < forms[i].length; k++) {
			unsigned char least = k == 1 ? forms[i].second_first : 0x80;
			unsigned char most = k == 1 ? forms[i].second_last : 0xbf;
			if (at[k] < least || at[k] > most)
				return 0;
		}
		return forms[i].length;
	}
	return 0;
}

static bool starts_with(const struct csv *csv, const char *bytes, size_t size)
{
	return (size_t)(csv->end - csv->at) >= size && memcmp(csv->at, bytes, size) == 0;
}

/* Files that are no text at all, by their first bytes: they deserve better than "bad byte in line 1". */
static const char *foreign_format(const struct csv *csv)
{
	static const struct {
		const char *bytes, *name;
		size_t size;
	} formats[] = {
	    {"\xff\xfe", "UTF-16", 2},
	    {"\xfe\xff", "UTF-16", 2},
	    {"PK\x03\x04", "a workbook (.xlsx or .ods)", 4},
	    {"\xd0\xcf\x11\xe0", "a workbook (.xls)", 4},
	};
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (starts_with(csv, formats[i].bytes, formats[i].size))
			return formats[i].name;
	return NULL;
}

#define HOW_TO_SAVE "save as UTF-8 (in a spreadsheet: 'CSV UTF-8')"

static void note_bad_byte(struct csv *csv, uint32_t line, const unsigned char *at)
{
	/* GBK and Big5 write a Chinese character as two bytes from 0x81 and 0x40 on. */
	bool two_bytes = *at >= 0x81 && at + 1 < (unsigned char *)csv->end && at[1] >= 0x40;
	if (*at == 0)
		note_mistake(csv, line, "holds a NUL byte, so it is not text; " HOW_TO_SAVE);
	else
		note_mistake(csv, line, "byte 0x%02X is not UTF-8%s; " HOW_TO_SAVE, *at,
		             two_bytes ? " (it may be GBK)" : "");
}

static int check_encoding(struct csv *csv)
{
	const char *foreign = foreign_format(csv);
	if (foreign) {
		note_mistake(csv, 1, "this is %s, not UTF-8 text; " HOW_TO_SAVE, foreign);
		return CSV_MISTAKE;
	}
	uint32_t line = 1;
	const unsigned char *end = (const unsigned char *)csv->end;
	for (const unsigned char *at = (const unsigned char *)csv->at; at < end;) {
		size_t length = character_length(at, end);
		if (length == 0) {
			note_bad_byte(csv, line, at);
			return CSV_MISTAKE;
		}
		line += *at == '\n';
		at += length;
	}
	return 0;
}

int csv_init(struct csv *csv, char *bytes, size_t size)
{
	*csv = (struct csv){.at = bytes, .end = bytes + size, .line = 1};
	int verdict = check_encoding(csv);
	if (verdict)
		return verdict;
	if (starts_with(csv, "\xef\xbb\xbf", 3))
		csv->at += 3;
	return 0;
}

/* ---- records ---- */

static bool at_line_end(const struct csv *csv)
{
	return csv->at == csv->end || *csv->at == '\n' ||
	       (*csv->at == '\r' && csv->at + 1 < csv->end && csv->at[1] == '\n');
}

static bool at_field_end(const struct csv *csv)
{
	return at_line_end(csv) || *csv->at == ',';
}

static void skip_line_end(struct csv *csv)
{
	if (csv->at == csv->end)
		return;
	csv->at += *csv->at == '\r' ? 2 : 1;
	csv->line++;
}

static void read_plain(struct csv *csv, struct csv_field *field)
{
	for (; !at_field_end(csv); csv->at++) {
		if (*csv->at == '"')
			note_mistake(
			    csv, csv->line,
			    "a quote inside a field that does not start with one; put the whole field in "
			    "quotes and double the quotes in it");
		else if (*csv->at == '\r')
			note_mistake(csv, csv->line, "a carriage return alone; lines must end in LF or CRLF");
	}
	field->length = (size_t)(csv->at - field->text);
}

/* The closing quote is behind us: nothing may stand between it and the end of the field. */
static void finish_quoted(struct csv *csv)
{
	if (!at_field_end(csv))
		note_mistake(
		    csv, csv->line,
		    "text after a closing quote; expected a comma or the end of the line (a quote inside "
		    "a field is written twice)");
	while (!at_field_end(csv))
		csv->at++;
}

static void read_quoted(struct csv *csv, struct csv_field *field)
{
	char *to = ++csv->at;
	field->text = to;
	for (; csv->at < csv->end; *to++ = *csv->at++) {
		csv->line += *csv->at == '\n';
		if (*csv->at != '"')
			continue;
		csv->at++;
		if (csv->at < csv->end && *csv->at == '"')
			continue;
		field->length = (size_t)(to - field->text);
		finish_quoted(csv);
		return;
	}
	field->length = (size_t)(to - field->text);
	note_mistake(csv, field->line, "a quoted field that starts here is never closed");
}

static void read_field(struct csv *csv, struct csv_record *record)
{
	struct csv_field field = {.text = csv->at, .line = csv->line};
	if (csv->at < csv->end && *csv->at == '"')
		read_quoted(csv, &field);
	else
		read_plain(csv, &field);
	if (record->count < CSV_FIELDS_MAX)
		record->fields[record->count++] = field;
	else
		note_mistake(csv, csv->line, "more than %d fields", CSV_FIELDS_MAX);
}

/* What stands behind a field (comma, line end, closing quote) has been read by now and gives its byte to the
 * NUL. */
static void end_fields(struct csv_record *record)
{
	for (size_t i = 0; i < record->count; i++)
		record->fields[i].text[record->fields[i].length] = '\0';
}

static void skip_blank_lines(struct csv *csv)
{
	while (csv->at < csv->end && at_line_end(csv))
		skip_line_end(csv);
}

int csv_next(struct csv *csv, struct csv_record *ret_record)
{
	csv->mistake.text[0] = '\0';
	skip_blank_lines(csv);
	if (csv->at == csv->end)
		return CSV_END;
	struct csv_record *record = ret_record;
	record->line = csv->line;
	record->count = 0;
	read_field(csv, record);
	while (!at_line_end(csv)) {
		csv->at++; /* the comma */
		read_field(csv, record);
	}
	skip_line_end(csv);
	end_fields(record);
	return csv->mistake.text[0] ? CSV_MISTAKE : 0;
}

int csv_read_stream(FILE *stream, char **ret_bytes, size_t *ret_size)
{
	char *bytes = NULL;
	size_t size = 0, room = 0;
	int fault = 0;
	while (!fault) {
		if (size + 1 >= room) {
			room = room ? 2 * room : 65536;
			char *larger = realloc(bytes, room);
			if (!larger) {
				fault = -ENOMEM;
				break;
			}
			bytes = larger;
		}
		errno = 0;
		size_t got = fread(bytes + size, 1, room - size - 1, stream);
		size += got;
		if (size > CSV_BYTES_MAX)
			fault = -EFBIG;
		else if (ferror(stream))
			fault = errno ? -errno : -EIO;
		else if (got == 0)
			break;
	}
	if (fault) {
		free(bytes);
		return fault;
	}
	*ret_bytes = bytes;
	*ret_size = size;
	return 0;
}
