#include "daemon/base/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct line {
	struct line *next;
	struct mail *first, **end;
	size_t weight;
	size_t owner_size;
	unsigned char owner[];
};

struct lines {
	size_t share, total, weight;
	size_t count;             /* lines; none is empty */
	struct line *turn, **end; /* in the order of their turns */
};

int lines_new(size_t share, size_t total, struct lines **ret_lines)
{
	struct lines *lines = malloc(sizeof *lines);
	if (!lines)
		return -ENOMEM;
	*lines = (struct lines){.share = share, .total = total};
	lines->end = &lines->turn;
	*ret_lines = lines;
	return 0;
}

void lines_free(struct lines *lines)
{
	free(lines);
}

/* There are as many as owners have something waiting: few, and one when there is no pressure. */
static struct line *find_line(const struct lines *lines, const void *owner, size_t owner_size)
{
	for (struct line *line = lines->turn; line; line = line->next)
		if (line->owner_size == owner_size && memcmp(line->owner, owner, owner_size) == 0)
			return line;
	return NULL;
}

static void append_line(struct lines *lines, struct line *line)
{
	line->next = NULL;
	*lines->end = line;
	lines->end = &line->next;
}

static int open_line(struct lines *lines, const void *owner, size_t owner_size, struct line **ret_line)
{
	if (lines->count == LINES_OWNERS_MAX)
		return LINES_FULL;
	struct line *line = malloc(sizeof *line + owner_size);
	if (!line)
		return -ENOMEM;
	*line = (struct line){.owner_size = owner_size};
	line->end = &line->first;
	memcpy(line->owner, owner, owner_size);
	append_line(lines, line);
	lines->count++;
	*ret_line = line;
	return 0;
}

int lines_post(struct lines *lines, const void *owner, size_t owner_size, struct mail *mail)
{
	struct line *line = find_line(lines, owner, owner_size);
	int result = line ? 0 : open_line(lines, owner, owner_size, &line);
	if (result != 0)
		return result;
	if (line->weight >= lines->share)
		return LINES_FULL;
	mail->next = NULL;
	*line->end = mail;
	line->end = &mail->next;
	line->weight += mail->weight;
	lines->weight += mail->weight;
	return 0;
}

struct mail *lines_take(struct lines *lines)
{
	struct line *line = lines->turn;
	if (!line)
		return NULL;
	struct mail *mail = line->first;
	lines->turn = line->next;
	if (!lines->turn)
		lines->end = &lines->turn;
	line->first = mail->next;
	line->weight -= mail->weight;
	lines->weight -= mail->weight;
	if (line->first) {
		append_line(lines, line);
	} else {
		lines->count--;
		free(line);
	}
	mail->next = NULL;
	return mail;
}

bool lines_are_full(const struct lines *lines)
{
	return lines->weight >= lines->total;
}

bool lines_are_empty(const struct lines *lines)
{
	return lines->count == 0;
}
