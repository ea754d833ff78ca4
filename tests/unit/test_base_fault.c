#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/fault.h"
#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

static void every_fault_of_ours_has_its_own_words(void **state)
{
	(void)state;
	for (int a = FAULT_DISK_LOW; a <= FAULT_CORRUPT; a++) {
		assert_string_not_equal(fault_text(a), "unknown fault");
		for (int b = FAULT_DISK_LOW; b < a; b++)
			assert_string_not_equal(fault_text(a), fault_text(b));
	}
}

static void errno_values_speak_english(void **state)
{
	(void)state;
	assert_string_equal(fault_text(-ENOSPC), "No space left on device");
	assert_string_equal(fault_text(-ENOMEM), "Cannot allocate memory");
}

static void anything_else_is_answered_too(void **state)
{
	static const int OTHERS[] = {1, INT_MAX, INT_MIN, -9999, FAULT_DISK_LOW - 1, FAULT_CORRUPT + 1};

	(void)state;
	for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++)
		assert_string_equal(fault_text(OTHERS[i]), "unknown fault");
	assert_string_equal(fault_text(0), "no fault");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_fault_of_ours_has_its_own_words),
	    cmocka_unit_test(errno_values_speak_english),
	    cmocka_unit_test(anything_else_is_answered_too),
	};

	return cmocka_run_group_tests_name("base_fault", tests, NULL, NULL);
}
