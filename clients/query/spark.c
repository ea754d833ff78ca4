#include "clients/query/spark.h"

#include "proto/decimal.h"
#include <stdio.h>
#include <string.h>

#define HEIGHTS 8
#define PLACES  4 /* a picture of eight heights needs no more */

static const char *const blocks[HEIGHTS] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char *const signs[HEIGHTS] = {"_", ".", "-", "~", "=", "+", "*", "#"};

struct frame {
	double low, high;
	bool filled;
};

/* Decimals beyond those that are drawn are cut off. */
static bool read_figure(const char *text, double *ret_figure)
{
	const char *point = text ? strchr(text, '.') : NULL;
	size_t length = text ? strlen(text) : 0;
	int64_t units;

	if (point && length > (size_t)(point - text) + 1 + PLACES)
		length = (size_t)(point - text) + 1 + PLACES;
	if (!text || decimal_parse(text, length, PLACES, &units))
		return false;
	*ret_figure = (double)units;
	return true;
}

static void frame(const char *text, struct frame *frame)
{
	double figure;

	if (!read_figure(text, &figure))
		return;
	if (!frame->filled || figure < frame->low)
		frame->low = figure;
	if (!frame->filled || figure > frame->high)
		frame->high = figure;
	frame->filled = true;
}

static const char *draw(const char *text, const struct frame *frame, bool ascii)
{
	const double width = frame->high - frame->low;
	double figure;
	size_t height = HEIGHTS / 2 - 1; /* where all are alike */

	if (!read_figure(text, &figure))
		return " ";
	if (width > 0)
		height = (size_t)((figure - frame->low) / width * (HEIGHTS - 1.0) + 0.5);
	return ascii ? signs[height] : blocks[height];
}

void spark_draw(char *const *figures, size_t count, const char *target, bool ascii, char ret_text[SPARK_SIZE])
{
	const size_t first = count > SPARK_POINTS_MAX ? count - SPARK_POINTS_MAX : 0;
	struct frame whole = {.filled = false};
	char *end = ret_text;

	*end = '\0';
	for (size_t i = first; i < count; i++)
		frame(figures[i], &whole);
	if (!whole.filled)
		return;
	frame(target, &whole);
	for (size_t i = first; i < count; i++)
		end = stpcpy(end, draw(figures[i], &whole, ascii));
	if (target)
		stpcpy(stpcpy(end, " "), draw(target, &whole, ascii));
}
