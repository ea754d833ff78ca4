#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/base/lines.h"
#include <stdio.h>
#include <string.h>

#define SHARE 100
#define TOTAL 250

static int open_lines(void **state)
{
	return lines_new(SHARE, TOTAL, (struct lines **)state);
}

static int close_lines(void **state)
{
	while (lines_take(*state))
		;
	lines_free(*state);
	return 0;
}

static int post(struct lines *lines, const char *owner, struct mail *mail, size_t weight)
{
	mail->weight = weight;
	return lines_post(lines, owner, strlen(owner), mail);
}

static void mails_of_one_owner_keep_their_order(void **state)
{
	static struct mail mails[3];
	for (int i = 0; i < 3; i++)
		assert_int_equal(post(*state, "a", &mails[i], 1), 0);
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(lines_take(*state), &mails[i]);
	assert_null(lines_take(*state));
	assert_true(lines_are_empty(*state));
}

static void a_newcomer_waits_for_one_of_each_other_and_no_more(void **state)
{
	static struct mail a[40], b[2], c;
	for (int i = 0; i < 40; i++)
		assert_int_equal(post(*state, "a", &a[i], 1), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(post(*state, "b", &b[i], 1), 0);
	assert_int_equal(post(*state, "c", &c, 1), 0);
	const struct mail *const expected[] = {&a[0], &b[0], &c, &a[1], &b[1], &a[2], &a[3]};
	for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
		assert_ptr_equal(lines_take(*state), expected[i]);
}

static void an_owner_with_his_share_waiting_is_told_so_and_others_are_not(void **state)
{
	static struct mail first, beyond, other;
	assert_int_equal(post(*state, "a", &first, SHARE), 0);
	assert_int_equal(post(*state, "a", &beyond, 1), LINES_FULL);
	assert_int_equal(post(*state, "b", &other, 1), 0);
	assert_ptr_equal(lines_take(*state), &first);
	assert_int_equal(post(*state, "a", &beyond, 1), 0);
}

static void the_total_is_full_when_all_shares_together_reach_it(void **state)
{
	static struct mail mails[3];
	assert_int_equal(post(*state, "a", &mails[0], SHARE), 0);
	assert_int_equal(post(*state, "b", &mails[1], SHARE), 0);
	assert_false(lines_are_full(*state));
	assert_int_equal(post(*state, "c", &mails[2], SHARE), 0);
	assert_true(lines_are_full(*state));
	assert_ptr_equal(lines_take(*state), &mails[0]);
	assert_false(lines_are_full(*state));
}

static void there_are_not_more_owners_than_can_be_looked_through(void **state)
{
	static struct mail mails[LINES_OWNERS_MAX + 1];
	char owner[16];
	for (int i = 0; i < LINES_OWNERS_MAX; i++) {
		snprintf(owner, sizeof owner, "%d", i);
		assert_int_equal(post(*state, owner, &mails[i], 0), 0);
	}
	assert_int_equal(post(*state, "one more", &mails[LINES_OWNERS_MAX], 0), LINES_FULL);
	assert_int_equal(post(*state, "7", &mails[LINES_OWNERS_MAX], 0), 0);
}

static void an_owner_may_come_again_after_his_line_was_empty(void **state)
{
	static struct mail mail;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(post(*state, "a", &mail, SHARE), 0);
		assert_ptr_equal(lines_take(*state), &mail);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_lines, close_lines)
	const struct CMUnitTest tests[] = {
	    CASE(mails_of_one_owner_keep_their_order),
	    CASE(a_newcomer_waits_for_one_of_each_other_and_no_more),
	    CASE(an_owner_with_his_share_waiting_is_told_so_and_others_are_not),
	    CASE(the_total_is_full_when_all_shares_together_reach_it),
	    CASE(there_are_not_more_owners_than_can_be_looked_through),
	    CASE(an_owner_may_come_again_after_his_line_was_empty),
	};
	return cmocka_run_group_tests_name("base_lines", tests, NULL, NULL);
}
