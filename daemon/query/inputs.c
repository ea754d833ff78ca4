#include "daemon/query/inputs.h"

#include <errno.h>
#include <stdlib.h>

enum { TOO_MANY = 1 };

static int keep_cell(void *context, const struct explained_cell *cell)
{
	struct inputs *inputs = context;
	if (inputs->count == INPUTS_MAX)
		return TOO_MANY;
	if (inputs->count == inputs->capacity) {
		size_t capacity = inputs->capacity ? inputs->capacity * 2 : 256;
		struct explained_cell *grown = realloc(inputs->cells, capacity * sizeof *grown);
		if (!grown)
			return -ENOMEM;
		inputs->cells = grown;
		inputs->capacity = capacity;
	}
	inputs->cells[inputs->count++] = *cell;
	return 0;
}

int inputs_gather(struct question *question, const struct subject *subject, unsigned decimals, uint32_t area,
                  struct period period, const struct cell_source *source, struct inputs *ret_inputs)
{
	ret_inputs->cells = NULL;
	ret_inputs->count = ret_inputs->capacity = 0;
	int result =
	    evaluate_explain(question->evaluator, subject->formula, decimals, subject->coverage, area, period,
	                     source, &ret_inputs->value, ret_inputs->atoms, keep_cell, ret_inputs);
	if (result != TOO_MANY)
		return result;
	return question_refuse(
	    question, SUANPAN__FAILURE_KIND__FAILURE_NOT_POSSIBLE, NULL,
	    "More than %d observations stand behind it; ask for a shorter period or a smaller area.",
	    INPUTS_MAX);
}

void inputs_done(struct inputs *inputs)
{
	free(inputs->cells);
	inputs->cells = NULL;
}
