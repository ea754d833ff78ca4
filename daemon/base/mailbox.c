#include "daemon/base/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct mailbox {
	pthread_mutex_t mutex;
	pthread_cond_t arrived;
	struct mail *first, **end;
	size_t weight;
	bool closed;
	int fd;
};

int mailbox_new(struct mailbox **ret_mailbox)
{
	struct mailbox *mailbox = calloc(1, sizeof *mailbox);
	if (!mailbox)
		return -ENOMEM;
	mailbox->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (mailbox->fd < 0) {
		int fault = -errno;
		free(mailbox);
		return fault;
	}
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&mailbox->mutex, NULL);
	pthread_cond_init(&mailbox->arrived, &monotonic);
	pthread_condattr_destroy(&monotonic);
	mailbox->end = &mailbox->first;
	*ret_mailbox = mailbox;
	return 0;
}

void mailbox_free(struct mailbox *mailbox)
{
	if (!mailbox)
		return;
	close(mailbox->fd);
	pthread_cond_destroy(&mailbox->arrived);
	pthread_mutex_destroy(&mailbox->mutex);
	free(mailbox);
}

/* Called with the mutex held: the descriptor is readable exactly while there is mail. */
static void show_on_fd(struct mailbox *mailbox, bool was_empty)
{
	uint64_t one = 1;
	ssize_t done = 0;
	bool is_empty = mailbox->first == NULL;
	if (was_empty && !is_empty)
		done = write(mailbox->fd, &one, sizeof one);
	else if (!was_empty && is_empty)
		done = read(mailbox->fd, &one, sizeof one);
	(void)done; /* an eventfd of our own neither fills up nor fails */
}

void mailbox_post(struct mailbox *mailbox, struct mail *mail)
{
	pthread_mutex_lock(&mailbox->mutex);
	bool was_empty = mailbox->first == NULL;
	mail->next = NULL;
	*mailbox->end = mail;
	mailbox->end = &mail->next;
	mailbox->weight += mail->weight;
	show_on_fd(mailbox, was_empty);
	pthread_cond_signal(&mailbox->arrived);
	pthread_mutex_unlock(&mailbox->mutex);
}

void mailbox_close(struct mailbox *mailbox)
{
	pthread_mutex_lock(&mailbox->mutex);
	mailbox->closed = true;
	pthread_cond_signal(&mailbox->arrived);
	pthread_mutex_unlock(&mailbox->mutex);
}

size_t mailbox_weight(struct mailbox *mailbox)
{
	pthread_mutex_lock(&mailbox->mutex);
	size_t weight = mailbox->weight;
	pthread_mutex_unlock(&mailbox->mutex);
	return weight;
}

struct mail *mailbox_take(struct mailbox *mailbox, size_t weight_max)
{
	pthread_mutex_lock(&mailbox->mutex);
	struct mail *taken = mailbox->first, *last = NULL;
	size_t weight = 0;
	for (struct mail *mail = taken; mail && (!last || weight + mail->weight <= weight_max);
	     mail = mail->next) {
		weight += mail->weight;
		last = mail;
	}
	if (last) {
		mailbox->first = last->next;
		if (!mailbox->first)
			mailbox->end = &mailbox->first;
		last->next = NULL;
		mailbox->weight -= weight;
		show_on_fd(mailbox, false);
	}
	pthread_mutex_unlock(&mailbox->mutex);
	return taken;
}

int mailbox_wait(struct mailbox *mailbox)
{
	pthread_mutex_lock(&mailbox->mutex);
	while (!mailbox->first && !mailbox->closed)
		pthread_cond_wait(&mailbox->arrived, &mailbox->mutex);
	int verdict = mailbox->first ? 0 : MAILBOX_CLOSED;
	pthread_mutex_unlock(&mailbox->mutex);
	return verdict;
}

static struct timespec time_in(unsigned timeout_ms)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_sec += timeout_ms / 1000;
	time.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (time.tv_nsec >= 1000000000) {
		time.tv_nsec -= 1000000000;
		time.tv_sec++;
	}
	return time;
}

int mailbox_wait_within(struct mailbox *mailbox, unsigned timeout_ms)
{
	const struct timespec end = time_in(timeout_ms);
	int waited = 0;
	pthread_mutex_lock(&mailbox->mutex);
	while (!mailbox->first && !mailbox->closed && waited == 0)
		waited = pthread_cond_timedwait(&mailbox->arrived, &mailbox->mutex, &end);
	int verdict = mailbox->first ? 0 : mailbox->closed ? (int)MAILBOX_CLOSED : (int)MAILBOX_QUIET;
	pthread_mutex_unlock(&mailbox->mutex);
	return verdict;
}

int mailbox_fd(const struct mailbox *mailbox)
{
	return mailbox->fd;
}
