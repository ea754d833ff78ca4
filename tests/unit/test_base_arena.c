#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/arena.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define GRAIN _Alignof(max_align_t)

static struct arena *make(size_t budget)
{
	struct arena *arena = NULL;

	assert_int_equal(arena_new(budget, &arena), 0);
	return arena;
}

static void budget_is_exact(void **state)
{
	struct arena *arena = make(10 * GRAIN);

	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(arena_left(arena), (size_t)(10 - i) * GRAIN);
		assert_non_null(arena_take(arena, GRAIN));
	}
	assert_int_equal(arena_left(arena), 0);
	assert_null(arena_take(arena, 1));
	assert_null(arena_take(arena, 0));
	arena_free(arena);
}

static void budget_can_be_spent_in_one_piece_of_any_size(void **state)
{
	static const size_t SIZES[] = {1, 15, 16, 17, 100, 16384, 16385, 1000003};

	(void)state;
	for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
		struct arena *arena = make(SIZES[i]);
		assert_null(arena_take(arena, SIZES[i] + 1));
		char *bytes = arena_take(arena, SIZES[i]);
		assert_non_null(bytes);
		memset(bytes, 1, SIZES[i]);
		assert_null(arena_take(arena, 1));
		arena_free(arena);
	}
}

static void padding_is_charged(void **state)
{
	struct arena *arena = make(64 * GRAIN);
	int pieces = 0;

	(void)state;
	while (arena_take(arena, 1))
		pieces++;
	assert_int_equal(pieces, 64);
	arena_free(arena);
}

static void enormous_requests_are_refused_and_harm_nothing(void **state)
{
	struct arena *arena = make(1000);

	(void)state;
	assert_null(arena_take(arena, SIZE_MAX));
	assert_null(arena_take(arena, SIZE_MAX - 15));
	assert_null(arena_take(arena, 1001));
	assert_int_equal(arena_left(arena), 1000);
	assert_non_null(arena_take(arena, 1000));
	arena_free(arena);
}

static void pieces_are_aligned_and_do_not_touch(void **state)
{
	struct arena *arena = make(8u << 20);
	enum { COUNT = 5000 };
	static unsigned char *pieces[COUNT];

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		pieces[i] = arena_take(arena, 1 + i % 300);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % GRAIN, 0);
		memset(pieces[i], (int)(i % 251), 1 + i % 300);
	}
	for (size_t i = 0; i < COUNT; i++)
		for (size_t j = 0; j < 1 + i % 300; j++)
			assert_int_equal(pieces[i][j], i % 251);
	arena_free(arena);
}

static void nothing_asked_for_is_something(void **state)
{
	struct arena *arena = make(1000);
	const void *a = arena_take(arena, 0), *b = arena_take(arena, 0);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_ptr_not_equal(a, b);
	arena_free(arena);
}

static void reset_gives_the_budget_and_the_first_block_back(void **state)
{
	struct arena *arena = make(1u << 20);
	const void *first = arena_take(arena, 100);

	(void)state;
	for (int round = 0; round < 3; round++) {
		while (arena_take(arena, 1000))
			;
		arena_reset(arena);
		assert_int_equal(arena_left(arena), 1u << 20);
		assert_ptr_equal(arena_take(arena, 100), first);
	}
	arena_free(arena);
}

static void an_unused_arena_is_reset_and_freed(void **state)
{
	struct arena *arena = make(0);

	(void)state;
	assert_null(arena_take(arena, 0));
	arena_reset(arena);
	arena_free(arena);
	arena_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(budget_is_exact),
	    cmocka_unit_test(budget_can_be_spent_in_one_piece_of_any_size),
	    cmocka_unit_test(padding_is_charged),
	    cmocka_unit_test(enormous_requests_are_refused_and_harm_nothing),
	    cmocka_unit_test(pieces_are_aligned_and_do_not_touch),
	    cmocka_unit_test(nothing_asked_for_is_something),
	    cmocka_unit_test(reset_gives_the_budget_and_the_first_block_back),
	    cmocka_unit_test(an_unused_arena_is_reset_and_freed),
	};

	return cmocka_run_group_tests_name("base_arena", tests, NULL, NULL);
}
