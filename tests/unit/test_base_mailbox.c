#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/base/mailbox.h"

#include "daemon/base/clock.h"
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct letter {
	struct mail mail;
	unsigned poster, number;
};

static int open_box(void **state)
{
	struct mailbox *box;
	assert_int_equal(mailbox_new(&box), 0);
	*state = box;
	return 0;
}

static int free_box(void **state)
{
	mailbox_free(*state);
	return 0;
}

static bool is_readable(struct mailbox *box)
{
	struct pollfd item = {.fd = mailbox_fd(box), .events = POLLIN};
	return poll(&item, 1, 0) == 1 && (item.revents & POLLIN);
}

/* Takes, and expects the letters from `first` on, `count` of them. */
static void expect_taken(struct mailbox *box, size_t weight_max, const struct letter *first, size_t count)
{
	struct mail *mail = mailbox_take(box, weight_max);
	for (size_t i = 0; i < count; i++, mail = mail->next) {
		assert_non_null(mail);
		assert_ptr_equal(mail, &first[i].mail);
	}
	assert_null(mail);
}

static void mail_is_taken_oldest_first_within_the_weight(void **state)
{
	struct mailbox *box = *state;
	struct letter letters[6] = {{.mail.weight = 3}, {.mail.weight = 4}, {.mail.weight = 1},
	                            {.mail.weight = 9}, {.mail.weight = 0}, {.mail.weight = 2}};
	assert_null(mailbox_take(box, SIZE_MAX));
	for (size_t i = 0; i < 6; i++)
		mailbox_post(box, &letters[i].mail);
	assert_int_equal(mailbox_weight(box), 19);
	expect_taken(box, 7, &letters[0], 2);
	assert_int_equal(mailbox_weight(box), 12);
	expect_taken(box, 2, &letters[2], 1); /* not the next but one, though it would fit */
	expect_taken(box, 2, &letters[3], 1); /* too heavy, but one is always given */
	expect_taken(box, 1, &letters[4], 1);
	expect_taken(box, SIZE_MAX, &letters[5], 1);
	assert_int_equal(mailbox_weight(box), 0);
	assert_null(mailbox_take(box, SIZE_MAX));
}

static void an_emptied_box_takes_mail_again(void **state)
{
	struct mailbox *box = *state;
	struct letter letters[2] = {{.mail.weight = 1}, {.mail.weight = 1}};
	for (int turn = 0; turn < 3; turn++) {
		letters[0].mail.next = &letters[1].mail; /* left over from an earlier list */
		mailbox_post(box, &letters[0].mail);
		expect_taken(box, SIZE_MAX, &letters[0], 1);
	}
	mailbox_post(box, &letters[0].mail);
	mailbox_post(box, &letters[1].mail);
	expect_taken(box, SIZE_MAX, letters, 2);
}

static void the_descriptor_is_readable_exactly_while_mail_waits(void **state)
{
	struct mailbox *box = *state;
	struct letter letters[3] = {{.mail.weight = 1}, {.mail.weight = 1}, {.mail.weight = 1}};
	assert_false(is_readable(box));
	for (int turn = 0; turn < 3; turn++) {
		for (size_t i = 0; i < 3; i++) {
			mailbox_post(box, &letters[i].mail);
			assert_true(is_readable(box));
		}
		expect_taken(box, 2, &letters[0], 2);
		assert_true(is_readable(box));
		expect_taken(box, 2, &letters[2], 1);
		assert_false(is_readable(box));
		assert_null(mailbox_take(box, 2));
		assert_false(is_readable(box));
	}
}

static void a_closed_box_gives_what_is_in_it_first(void **state)
{
	struct mailbox *box = *state;
	struct letter letter = {.mail.weight = 1};
	mailbox_post(box, &letter.mail);
	mailbox_close(box);
	assert_int_equal(mailbox_wait(box), 0);
	expect_taken(box, SIZE_MAX, &letter, 1);
	assert_int_equal(mailbox_wait(box), MAILBOX_CLOSED);
	assert_int_equal(mailbox_wait(box), MAILBOX_CLOSED);
}

static void *wait_in_thread(void *box)
{
	return (void *)(intptr_t)mailbox_wait(box);
}

static void closing_wakes_who_waits(void **state)
{
	struct mailbox *box = *state;
	pthread_t thread;
	void *verdict;
	assert_int_equal(pthread_create(&thread, NULL, wait_in_thread, box), 0);
	mailbox_close(box);
	assert_int_equal(pthread_join(thread, &verdict), 0);
	assert_int_equal((intptr_t)verdict, MAILBOX_CLOSED);
}

static void mail_wakes_who_waits(void **state)
{
	struct mailbox *box = *state;
	struct letter letter = {.mail.weight = 1};
	pthread_t thread;
	void *verdict;
	assert_int_equal(pthread_create(&thread, NULL, wait_in_thread, box), 0);
	mailbox_post(box, &letter.mail);
	assert_int_equal(pthread_join(thread, &verdict), 0);
	assert_int_equal((intptr_t)verdict, 0);
	expect_taken(box, SIZE_MAX, &letter, 1);
}

enum { POSTERS = 8, LETTERS = 2000 };

struct poster {
	struct mailbox *box;
	unsigned number;
	struct letter letters[LETTERS];
};

static void *post_all(void *closure)
{
	struct poster *poster = closure;
	for (unsigned i = 0; i < LETTERS; i++) {
		poster->letters[i] = (struct letter){.mail.weight = 1, .poster = poster->number, .number = i};
		mailbox_post(poster->box, &poster->letters[i].mail);
	}
	return NULL;
}

/* Every letter once, each poster's in its order. */
static void many_posters_lose_nothing_and_keep_their_order(void **state)
{
	struct mailbox *box = *state;
	struct poster *posters = calloc(POSTERS, sizeof *posters);
	pthread_t threads[POSTERS];
	unsigned next[POSTERS] = {0}, taken = 0;
	for (unsigned i = 0; i < POSTERS; i++) {
		posters[i].box = box;
		posters[i].number = i;
		assert_int_equal(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
	}
	while (taken < POSTERS * LETTERS) {
		unsigned together = 0;
		assert_int_equal(mailbox_wait(box), 0);
		for (struct mail *mail = mailbox_take(box, 7); mail; mail = mail->next, together++) {
			const struct letter *letter = (const struct letter *)mail;
			assert_int_equal(letter->number, next[letter->poster]);
			next[letter->poster]++;
		}
		assert_in_range(together, 1, 7);
		taken += together;
	}
	for (unsigned i = 0; i < POSTERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_null(mailbox_take(box, SIZE_MAX));
	assert_int_equal(mailbox_weight(box), 0);
	assert_false(is_readable(box));
	free(posters);
}

static void who_waits_for_a_while_hears_that_nothing_came(void **state)
{
	struct mailbox *box = *state;
	struct letter letter = {.mail = {.weight = 1}};
	const int64_t begin = clock_read().monotonic_ms;
	assert_int_equal(mailbox_wait_within(box, 30), MAILBOX_QUIET);
	assert_true(clock_read().monotonic_ms - begin >= 30);
	mailbox_post(box, &letter.mail);
	assert_int_equal(mailbox_wait_within(box, 60000), 0);
	assert_ptr_equal(mailbox_take(box, SIZE_MAX), &letter.mail);
	mailbox_close(box);
	assert_int_equal(mailbox_wait_within(box, 60000), MAILBOX_CLOSED);
}

#define MAILBOX_TEST(name) cmocka_unit_test_setup_teardown(name, open_box, free_box)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    MAILBOX_TEST(mail_is_taken_oldest_first_within_the_weight),
	    MAILBOX_TEST(an_emptied_box_takes_mail_again),
	    MAILBOX_TEST(the_descriptor_is_readable_exactly_while_mail_waits),
	    MAILBOX_TEST(a_closed_box_gives_what_is_in_it_first),
	    MAILBOX_TEST(closing_wakes_who_waits),
	    MAILBOX_TEST(mail_wakes_who_waits),
	    MAILBOX_TEST(who_waits_for_a_while_hears_that_nothing_came),
	    MAILBOX_TEST(many_posters_lose_nothing_and_keep_their_order),
	};
	return cmocka_run_group_tests_name("base_mailbox", tests, NULL, NULL);
}
