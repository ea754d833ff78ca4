#include "daemon/intake/remarks.h"

#include "proto/envelope.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define REMARKS_SIZE    (ENVELOPE_ANSWER_MAX - 4096) /* packed, all of them */
#define ROW_SHARE       (REMARKS_SIZE / ENVELOPE_OBSERVATIONS_MAX)
#define REMARK_OVERHEAD 12 /* packed, besides its texts */

void remarks_init(struct remarks *remarks, struct arena *arena, size_t rows)
{
	*remarks = (struct remarks){.arena = arena, .rows = rows, .room = REMARKS_SIZE};
}

size_t remarks_whole_characters(const char *text, size_t length)
{
	while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	return length;
}

char *remarks_print(struct arena *arena, size_t length_max, const char *format, va_list arguments)
{
	char text[REMARKS_SENTENCE_SIZE];
	int printed = vsnprintf(text, sizeof text, format, arguments);
	if (printed < 0)
		return NULL;
	bool cut = (size_t)printed >= sizeof text;
	size_t length = cut ? sizeof text - 2 : (size_t)printed;
	if (cut || length > length_max)
		length = remarks_whole_characters(text, length < length_max ? length : length_max);
	char *copy = arena_take(arena, length + 1);
	if (copy) {
		memcpy(copy, text, length);
		copy[length] = '\0';
	}
	return copy;
}

static int grow(struct remarks *remarks)
{
	if (remarks->count < remarks->capacity)
		return 0;
	size_t capacity = remarks->capacity ? remarks->capacity * 2 : 16;
	void **grown = arena_take(remarks->arena, capacity * sizeof(void *));
	if (!grown)
		return -ENOMEM;
	if (remarks->count > 0)
		memcpy(grown, remarks->any, remarks->count * sizeof(void *));
	remarks->any = grown;
	remarks->capacity = capacity;
	return 0;
}

/* What a remark on this row may take, packed. */
static size_t room_for(const struct remarks *remarks, size_t row)
{
	size_t kept_for_later = (remarks->rows - row - 1) * ROW_SHARE;
	return remarks->room > kept_for_later ? remarks->room - kept_for_later : 0;
}

/* One more remark, a message of this size, and its text; NULL where there can be none. */
static void *PRINTF_LIKE(5, 0) add(struct remarks *remarks, size_t row, size_t overhead, size_t size,
                                   const char *format, va_list arguments, char **ret_text)
{
	size_t room = room_for(remarks, row);
	if (remarks->fault != 0)
		return NULL;
	if (room < ROW_SHARE) { /* never for the first one of a row */
		remarks->unlisted++;
		return NULL;
	}
	void *remark = arena_take(remarks->arena, size);
	char *text = remark && grow(remarks) == 0
	                 ? remarks_print(remarks->arena, room - overhead, format, arguments)
	                 : NULL;
	if (!text) {
		remarks->fault = -ENOMEM;
		return NULL;
	}
	remarks->room -= overhead + strlen(text);
	remarks->any[remarks->count++] = remark;
	*ret_text = text;
	return remark;
}

void remarks_add_problem(struct remarks *remarks, size_t row, Suanpan__Reason reason, const char *format, ...)
{
	char *text;
	va_list arguments;
	va_start(arguments, format);
	Suanpan__Problem *problem =
	    add(remarks, row, REMARK_OVERHEAD, sizeof *problem, format, arguments, &text);
	va_end(arguments);
	if (!problem)
		return;
	suanpan__problem__init(problem);
	problem->row = row;
	problem->reason = reason;
	problem->text = text;
}

void remarks_add_warning(struct remarks *remarks, size_t row, const char *rule, const char *format, ...)
{
	char *text;
	va_list arguments;
	va_start(arguments, format);
	Suanpan__Warning *warning =
	    add(remarks, row, REMARK_OVERHEAD + strlen(rule), sizeof *warning, format, arguments, &text);
	va_end(arguments);
	if (!warning)
		return;
	suanpan__warning__init(warning);
	warning->row = row;
	warning->rule = (char *)(uintptr_t)rule; /* protobuf-c's structs have no const */
	warning->text = text;
}

static char *PRINTF_LIKE(2, 3) print(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *text = remarks_print(arena, REMARKS_SENTENCE_SIZE, format, arguments);
	va_end(arguments);
	return text;
}

const char *remarks_sum_up(const struct remarks *problems)
{
	size_t count = problems->count + problems->unlisted;
	return print(problems->arena, "%zu problem%s in %zu observations%s", count, count == 1 ? "" : "s",
	             problems->rows, problems->unlisted > 0 ? "; of some rows only the first is listed" : "");
}
