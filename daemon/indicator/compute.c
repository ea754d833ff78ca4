#include "daemon/indicator/compute.h"

#include <assert.h>
#include <stdbool.h>

static enum value_state state_of(int verdict)
{
	switch ((enum fraction_verdict)verdict) {
	case FRACTION_OVERFLOW:
		return VALUE_OVERFLOW;
	case FRACTION_DIVISION_BY_ZERO:
		return VALUE_DIVISION_BY_ZERO;
	case FRACTION_UNDEFINED:
		return VALUE_UNDEFINED;
	}
	return VALUE_PRESENT;
}

/* a OP b into *ret; `a` was pushed first. */
static int combine(enum formula_op op, struct fraction a, struct fraction b, int years, struct fraction *ret)
{
	switch (op) {
	case FORMULA_ADD:
		return fraction_add(a, b, ret);
	case FORMULA_SUBTRACT:
		return fraction_subtract(a, b, ret);
	case FORMULA_MULTIPLY:
		return fraction_multiply(a, b, ret);
	case FORMULA_DIVIDE:
		return fraction_divide(a, b, ret);
	case FORMULA_MIN:
		*ret = fraction_compare(a, b) <= 0 ? a : b;
		return 0;
	case FORMULA_MAX:
		*ret = fraction_compare(a, b) >= 0 ? a : b;
		return 0;
	case FORMULA_AVERAGE_GROWTH:
		return fraction_growth(a, b, years, ret);
	case FORMULA_NUMBER:
	case FORMULA_ATOM:
	case FORMULA_NEGATE:
		break;
	}
	assert(false && "an operation on two numbers");
	return FRACTION_UNDEFINED;
}

enum value_state compute_formula(const struct formula *formula, const struct fraction *atoms, int years,
                                 struct fraction *ret_result)
{
	struct fraction stack[FORMULA_DEPTH_MAX];
	unsigned depth = 0;
	for (uint32_t i = 0; i < formula->step_count; i++) {
		const struct formula_step *step = &formula->steps[i];
		if (step->op == FORMULA_NUMBER || step->op == FORMULA_ATOM) {
			assert(depth < FORMULA_DEPTH_MAX);
			stack[depth++] = step->op == FORMULA_ATOM
			                     ? atoms[step->atom]
			                     : fraction_of_decimal(step->number, step->decimals);
		} else if (step->op == FORMULA_NEGATE) {
			assert(depth >= 1);
			stack[depth - 1] = fraction_negate(stack[depth - 1]);
		} else {
			assert(depth >= 2);
			depth--;
			const int verdict =
			    combine(step->op, stack[depth - 1], stack[depth], years, &stack[depth - 1]);
			if (verdict)
				return state_of(verdict);
		}
	}
	assert(depth == 1);
	*ret_result = stack[0];
	return VALUE_PRESENT;
}
