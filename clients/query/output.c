#include "clients/query/output.h"

#include "clients/lib/language.h"
#include "clients/lib/options.h"
#include "clients/query/fold.h"
#include "proto/decimal.h"
#include <errno.h>
#include <inttypes.h>
#include <libsmartcols.h>
#include <protobuf-c/protobuf-c.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LISTED_MAX   20 /* names in one cell of a table */
#define FOLDED_LEAST 16 /* columns, however narrow the terminal */

struct output {
	FILE *stream;
	const struct output_shape *shape;
	size_t rows;
	struct libscols_table *table; /* tables that are not live */
	size_t width;                 /* theirs; 0: any */
};

/* ---------------------------------------------------------------------------------------------- cells */

static bool is_column(const struct column *column)
{
	return column->header || column->title;
}

static const char *joined(const struct cell *cell, const char *between, size_t most, char **ret_made)
{
	const size_t whole = cell->whole > cell->count ? cell->whole : cell->count;
	const size_t shown = cell->count < most ? cell->count : most;
	size_t size = 0;
	FILE *text = open_memstream(ret_made, &size);

	if (!text)
		return NULL;
	for (size_t i = 0; i < shown; i++)
		fprintf(text, "%s%s", i ? between : "", cell->items[i]);
	if (most < SIZE_MAX && shown && whole > shown)
		fprintf(text, gettext(" and %zu more"), whole - shown);
	if (fclose(text) == 0)
		return *ret_made;
	free(*ret_made);
	*ret_made = NULL;
	return NULL;
}

static size_t most_listed(const struct column *column)
{
	return column->most ? column->most : LISTED_MAX;
}

/* The cell as one text: never NULL unless there is no memory. *ret_made is the caller's to free. */
static const char *text_of(const struct column *column, const struct cell *cell, const char *between,
                           size_t most, char **ret_made)
{
	*ret_made = NULL;
	if (column->type == COLUMN_LIST)
		return joined(cell, between, most, ret_made);
	return cell->text ? cell->text : "";
}

void cell_count(uint64_t count, struct cell *cell)
{
	snprintf(cell->scratch, sizeof cell->scratch, "%" PRIu64, count);
	cell->text = cell->scratch;
}

static void get_count(const char *at, struct cell *cell)
{
	uint64_t count;

	memcpy(&count, at, sizeof count);
	cell_count(count, cell);
}

static void get_cell(const struct column *column, const void *row, struct cell *cell)
{
	const char *at = (const char *)row + column->at, *beside = (const char *)row + column->beside;
	protobuf_c_boolean has;

	memset(cell, 0, sizeof *cell);
	switch (column->source) {
	case COLUMN_FROM_GETTER:
		column->get(row, cell);
		break;
	case COLUMN_FROM_STRING:
		memcpy(&cell->text, at, sizeof cell->text);
		break;
	case COLUMN_FROM_STRINGS:
		memcpy(&cell->items, at, sizeof cell->items);
		memcpy(&cell->count, beside, sizeof cell->count);
		break;
	case COLUMN_FROM_COUNT:
		get_count(at, cell);
		break;
	case COLUMN_FROM_FLAG:
		memcpy(&has, at, sizeof has);
		cell->text = has ? "true" : "false";
		break;
	case COLUMN_FROM_OPTIONAL_COUNT:
		memcpy(&has, beside, sizeof has);
		if (has)
			get_count(at, cell);
		break;
	}
}

/* ------------------------------------------------------------------------------------------------ CSV */

static void write_csv_text(FILE *stream, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, stream);
		return;
	}
	fputc('"', stream);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', stream);
		fputc(*text, stream);
	}
	fputc('"', stream);
}

static void write_csv_header(struct output *output)
{
	const char *comma = "";

	for (const struct column *column = output->shape->columns; is_column(column); column++) {
		if (!column->header)
			continue;
		fprintf(output->stream, "%s%s", comma, column->header);
		comma = ",";
	}
	fputc('\n', output->stream);
}

static int write_csv_row(struct output *output, const void *row)
{
	const char *comma = "";

	if (output->rows == 0)
		write_csv_header(output);
	for (const struct column *column = output->shape->columns; is_column(column); column++) {
		struct cell cell;
		const char *text;
		char *made;

		if (!column->header)
			continue;
		get_cell(column, row, &cell);
		text = text_of(column, &cell, ";", SIZE_MAX, &made);
		if (!text)
			return -ENOMEM;
		fputs(comma, output->stream);
		write_csv_text(output->stream, text);
		free(made);
		comma = ",";
	}
	fputc('\n', output->stream);
	return 0;
}

/* ----------------------------------------------------------------------------------------------- JSON */

static const char *skip_digits(const char *text)
{
	return text + strspn(text, "0123456789");
}

/* RFC 8259 without an exponent: 0, -1.50; not 007, +1, .5, 1. */
static bool is_json_number(const char *text)
{
	const char *whole = text + (*text == '-');
	const char *end = skip_digits(whole);

	if (end == whole || (*whole == '0' && end > whole + 1))
		return false;
	if (*end == '.' && skip_digits(end + 1) > end + 1)
		end = skip_digits(end + 1);
	return *end == '\0';
}

static void write_json_text(FILE *stream, const char *text)
{
	fputc('"', stream);
	for (; *text; text++) {
		const unsigned char byte = (unsigned char)*text;

		if (byte == '"' || byte == '\\')
			fprintf(stream, "\\%c", byte);
		else if (byte == '\n')
			fputs("\\n", stream);
		else if (byte < 0x20 || byte == 0x7f)
			fprintf(stream, "\\u%04x", byte);
		else
			fputc(byte, stream);
	}
	fputc('"', stream);
}

static void write_json_list(FILE *stream, const struct cell *cell)
{
	fputc('[', stream);
	for (size_t i = 0; i < cell->count; i++) {
		fputs(i ? ", " : "", stream);
		write_json_text(stream, cell->items[i]);
	}
	fputc(']', stream);
}

static void write_json_cell(FILE *stream, const struct column *column, const struct cell *cell)
{
	if (column->type == COLUMN_LIST)
		write_json_list(stream, cell);
	else if (!cell->text)
		fputs("null", stream);
	else if (column->type == COLUMN_FLAG || (column->type == COLUMN_NUMBER && is_json_number(cell->text)))
		fputs(cell->text, stream);
	else
		write_json_text(stream, cell->text);
}

void output_members(FILE *stream, const struct column *columns, const void *row)
{
	const char *comma = "";

	for (const struct column *column = columns; is_column(column); column++) {
		struct cell cell;

		if (!column->header)
			continue;
		get_cell(column, row, &cell);
		fprintf(stream, "%s\"%s\": ", comma, column->header);
		write_json_cell(stream, column, &cell);
		comma = ", ";
	}
}

static int write_json_row(struct output *output, const void *row)
{
	if (!output->shape->live)
		fputs(output->rows == 0 ? "[\n" : ",\n", output->stream);
	fputc('{', output->stream);
	output_members(output->stream, output->shape->columns, row);
	fputs(output->shape->live ? "}\n" : "}", output->stream);
	return 0;
}

static void end_json(struct output *output)
{
	if (!output->shape->live)
		fputs(output->rows == 0 ? "[]\n" : "\n]\n", output->stream);
}

/* ---------------------------------------------------------------------------------------------- tables */

static int add_columns(struct output *output)
{
	for (const struct column *column = output->shape->columns; is_column(column); column++) {
		const int flags = (column->right ? SCOLS_FL_RIGHT : 0) |
		                  (column->wraps || column->folds ? SCOLS_FL_WRAP : 0);

		struct libscols_column *made;

		if (!column->title)
			continue;
		made = scols_table_new_column(output->table, language_text(column->title), 0, flags);
		if (!made)
			return -ENOMEM;
		if (!column->folds)
			continue;
		if (scols_column_set_safechars(made, "\n"))
			return -ENOMEM;
		scols_column_set_wrapfunc(made, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
	}
	return 0;
}

static size_t width_from_environment(void)
{
	const char *text = getenv("COLUMNS");
	int64_t width;

	return text && decimal_parse(text, strlen(text), 0, &width) == 0 && width > 0 ? (size_t)width : 0;
}

size_t output_width(FILE *stream, size_t otherwise)
{
	struct winsize size = {0};
	size_t given;

	if (isatty(fileno(stream)))
		return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
	given = otherwise ? width_from_environment() : 0;
	return given ? given : otherwise;
}

static bool has_colours(FILE *stream)
{
	const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(fileno(stream)) && !(no && *no) && terminal && strcmp(terminal, "dumb") != 0;
}

static int open_table(struct output *output)
{
	output->width = output_width(output->stream, output->shape->width);
	output->table = scols_new_table();
	if (!output->table)
		return -ENOMEM;
	scols_table_set_stream(output->table, output->stream);
	scols_table_set_termforce(output->table,
	                          output->width ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	scols_table_set_termwidth(output->table, output->width);
	scols_table_enable_noheadings(output->table, output->shape->bare);
	scols_table_enable_colors(output->table, has_colours(output->stream));
	return add_columns(output);
}

static int set_table_cell(struct libscols_line *line, size_t at, const struct column *column, const void *row)
{
	struct cell cell;
	const char *text;
	char *made;
	int result;

	get_cell(column, row, &cell);
	text = text_of(column, &cell, ", ", most_listed(column), &made);
	result = text ? scols_line_set_data(line, at, column->spoken ? language_text(text) : text) : -ENOMEM;
	free(made);
	if (result == 0 && cell.colour)
		result = scols_cell_set_color(scols_line_get_cell(line, at), cell.colour);
	return result;
}

static int add_table_row(struct output *output, const void *row)
{
	struct libscols_line *line = scols_table_new_line(output->table, NULL);
	size_t at = 0;
	int result = line ? 0 : -ENOMEM;

	for (const struct column *column = output->shape->columns; !result && is_column(column); column++)
		if (column->title)
			result = set_table_cell(line, at++, column, row);
	return result;
}

static const char *text_at(struct output *output, size_t row, size_t at)
{
	struct libscols_line *line = scols_table_get_line(output->table, row);
	const char *text = scols_cell_get_data(scols_line_get_cell(line, at));

	return text ? text : "";
}

static bool is_filled(struct output *output, size_t at)
{
	for (size_t i = 0; i < output->rows; i++)
		if (*text_at(output, i, at))
			return true;
	return false;
}

static void hide_columns(struct output *output)
{
	size_t at = 0;

	for (const struct column *column = output->shape->columns; is_column(column); column++) {
		if (!column->title)
			continue;
		if ((column->if_filled && !is_filled(output, at)) ||
		    (output->width && output->width < column->from))
			scols_column_set_flags(scols_table_get_column(output->table, at), SCOLS_FL_HIDDEN);
		at++;
	}
}

static size_t widest(struct output *output, size_t at)
{
	struct libscols_column *column = scols_table_get_column(output->table, at);
	size_t width = fold_width(scols_cell_get_data(scols_column_get_header(column)));

	for (size_t i = 0; i < output->rows; i++) {
		const size_t own = fold_width(text_at(output, i, at));
		width = own > width ? own : width;
	}
	return width;
}

/* What the columns beside it leave for the one at `at`. */
static size_t room_for(struct output *output, size_t at)
{
	size_t taken = 0;

	for (size_t i = 0; i < scols_table_get_ncols(output->table); i++)
		if (i != at &&
		    !(scols_column_get_flags(scols_table_get_column(output->table, i)) & SCOLS_FL_HIDDEN))
			taken += widest(output, i) + 1;
	return output->width > taken + FOLDED_LEAST ? output->width - taken : FOLDED_LEAST;
}

static int fold_column(struct output *output, size_t at)
{
	const size_t room = output->width ? room_for(output, at) : SIZE_MAX;
	int result = 0;

	for (size_t i = 0; result == 0 && i < output->rows; i++) {
		char *folded = fold_text(text_at(output, i, at), room);

		result = folded ? scols_line_refer_data(scols_table_get_line(output->table, i), at, folded)
		                : -ENOMEM;
	}
	return result;
}

/* The place of the column that folds; false: none does. */
static bool find_folding(const struct output *output, size_t *ret_at)
{
	size_t at = 0;

	for (const struct column *column = output->shape->columns; is_column(column); column++) {
		if (column->title && column->folds) {
			*ret_at = at;
			return true;
		}
		at += column->title != NULL;
	}
	return false;
}

/* Where a cell goes on, the others beside it are blanks: not at a line's end. */
static int print_without_blanks(struct output *output)
{
	char *text = NULL;
	int result = scols_print_table_to_string(output->table, &text);

	for (const char *line = result == 0 ? text : ""; *line;) {
		const char *end = strchrnul(line, '\n');
		size_t length = (size_t)(end - line);

		while (length > 0 && line[length - 1] == ' ')
			length--;
		fprintf(output->stream, "%.*s\n", (int)length, line);
		line = *end ? end + 1 : end;
	}
	free(text);
	return result;
}

static int end_table(struct output *output)
{
	size_t folding;
	int result;

	if (output->rows == 0 && output->shape->nothing)
		fprintf(stderr, "%s\n", language_text(output->shape->nothing));
	if (output->rows == 0)
		return 0;
	hide_columns(output);
	if (!find_folding(output, &folding))
		return scols_print_table(output->table);
	result = fold_column(output, folding);
	return result ? result : print_without_blanks(output);
}

/* A table whose rows are not known yet has no widths to align by. */
static int write_line(struct output *output, const void *row)
{
	const char *blanks = "";

	for (const struct column *column = output->shape->columns; is_column(column); column++) {
		struct cell cell;
		const char *text;
		char *made;

		if (!column->title)
			continue;
		get_cell(column, row, &cell);
		text = text_of(column, &cell, ", ", most_listed(column), &made);
		if (!text)
			return -ENOMEM;
		if (*text) {
			fprintf(output->stream, "%s%s", blanks, column->spoken ? language_text(text) : text);
			blanks = "  ";
		}
		free(made);
	}
	fputc('\n', output->stream);
	return 0;
}

/* ------------------------------------------------------------------------------------------- all forms */

int output_open(FILE *stream, const struct output_shape *shape, struct output **ret_output)
{
	struct output *output = calloc(1, sizeof *output);
	int result = 0;

	if (!output)
		return -ENOMEM;
	output->stream = stream;
	output->shape = shape;
	if (shape->format == OUTPUT_TABLE && !shape->live)
		result = open_table(output);
	if (result) {
		scols_unref_table(output->table);
		free(output);
		return result;
	}
	*ret_output = output;
	return 0;
}

static int write_row(struct output *output, const void *row)
{
	switch (output->shape->format) {
	case OUTPUT_CSV:
		return write_csv_row(output, row);
	case OUTPUT_JSON:
		return write_json_row(output, row);
	case OUTPUT_TABLE:
		break;
	}
	return output->shape->live ? write_line(output, row) : add_table_row(output, row);
}

int output_row(struct output *output, const void *row)
{
	int result = write_row(output, row);

	if (result)
		return result;
	output->rows++;
	if (output->shape->live && fflush(output->stream))
		return -errno;
	return 0;
}

static int end(struct output *output)
{
	if (output->table)
		return end_table(output);
	if (output->shape->format == OUTPUT_JSON)
		end_json(output);
	if (output->shape->format == OUTPUT_CSV && output->rows == 0)
		write_csv_header(output);
	return 0;
}

int output_close(struct output *output, int status)
{
	if (status == EXIT_DONE && (end(output) || fflush(output->stream) || ferror(output->stream))) {
		fprintf(stderr, "cannot write the answer: %s\n", strerror(errno));
		status = EXIT_REFUSED;
	}
	scols_unref_table(output->table);
	free(output);
	return status;
}
