#include "daemon/door.h"

#include "daemon/base/clock.h"
#include "daemon/wire/wait.h"
#include "daemon/wire/watch.h"
#include "daemon/wire/zap.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MINUTE_MS     60000
#define LOOK_AGAIN_MS 200 /* how often connections' appetite is looked at, while there are any */

const struct key_holder *keyring_find(const struct keyring *keyring, const char *key)
{
	return catalogue_find_key(atomic_load(&keyring->in_force), key);
}

bool followers_there(const struct followers *followers)
{
	return atomic_load(&followers->granted) != atomic_load(&followers->forgotten);
}

/* ---- who knocks ---- */

/* Without memory to count, nobody is limited. */
static void begin_minute(struct door *door, const struct catalogue *catalogue, int64_t now)
{
	free(door->handshakes_of);
	door->handshakes_of = calloc(catalogue->key_holder_count + 1, sizeof *door->handshakes_of);
	door->counted = catalogue;
	door->minute_ends_ms = now + MINUTE_MS;
}

static bool knocks_too_often(struct door *door, const struct catalogue *catalogue,
                             const struct key_holder *holder, int64_t now)
{
	if (door->counted != catalogue || now >= door->minute_ends_ms)
		begin_minute(door, catalogue, now);
	size_t index = (size_t)(holder - catalogue->key_holders);
	return door->handshakes_of && ++door->handshakes_of[index] > door->handshakes;
}

static enum zap_answer refuse_stranger(struct door *door, const struct zap_question *question, int64_t now)
{
	if (!atomic_load(&door->open))
		return ZAP_STRANGER;
	count_one(door->counters, COUNTER_HANDSHAKES_STRANGE);
	/* The whole key: whoever runs the daemon may want to enrol it, and it is public. */
	if (log_may_say(&door->strangers, "stranger-refused", now))
		log_event(LOG_LEVEL_WARNING, "stranger-refused", "address='%s' key='%s'", question->address,
		          question->key);
	return ZAP_STRANGER;
}

static enum zap_answer judge(void *closure, const struct zap_question *question)
{
	struct door *door = closure;
	const struct catalogue *catalogue = atomic_load(&door->keyring->in_force);
	const struct key_holder *holder = catalogue_find_key(catalogue, question->key);
	int64_t now = clock_read().monotonic_ms;
	if (!holder)
		return refuse_stranger(door, question, now);
	if (!knocks_too_often(door, catalogue, holder, now)) {
		count_one(door->counters, COUNTER_HANDSHAKES);
		return ZAP_WELCOME;
	}
	count_one(door->counters, COUNTER_HANDSHAKES_LIMITED);
	if (log_may_say(&door->limited, "handshake-limited", now))
		log_event(LOG_LEVEL_WARNING, "handshake-limited",
		          "address='%s' holder=%s most=%zu reason='in one minute'", question->address,
		          holder->code, door->handshakes);
	return ZAP_LATER;
}

static int answer_all(struct door *door)
{
	int result = 0;
	while (result == 0)
		result = zap_answer_one(door->zap, judge, door);
	return result == ZAP_EMPTY ? 0 : result;
}

/* ---- who comes and goes ---- */

static void note(struct door *door, enum peers_socket socket, const struct watched *watched)
{
	switch (watched->event) {
	case WATCH_OPENED:
		peers_opened(door->peers, socket, watched->descriptor);
		break;
	case WATCH_CLOSED:
		peers_closed(door->peers, socket, watched->descriptor);
		break;
	case WATCH_OTHER:
		break;
	}
}

static int note_all(struct door *door, enum peers_socket socket)
{
	struct watched watched;
	int result = 0;
	while (result == 0) {
		result = watch_take(door->events[socket], &watched);
		if (result == 0)
			note(door, socket, &watched);
	}
	return result == WATCH_EMPTY ? 0 : result;
}

/* A subscription is granted after its connection's beginning was told. So when all that was told is taken and no connection is
 * there, none of those granted before lasts. */
static int note_live(struct door *door)
{
	size_t granted = atomic_load(&door->followers->granted);
	int result = note_all(door, PEERS_LIVE);
	if (result == 0 && peers_count(door->peers, PEERS_LIVE) == 0)
		atomic_store(&door->followers->forgotten, granted);
	return result;
}

/* ---- the loop ---- */

static void take_news(struct door *door, bool *stop)
{
	for (struct mail *mail = mailbox_take(door->news, SIZE_MAX), *next; mail; mail = next) {
		const struct door_mail *news = (struct door_mail *)mail;
		next = mail->next;
		if (mail->kind == DOOR_WATCH)
			door->events[news->socket] = news->events;
		else
			*stop = true;
	}
}

static bool anybody_there(const struct door *door)
{
	return counted(door->counters, COUNTER_CONNECTIONS) > 0;
}

static void look_around(struct door *door)
{
	int64_t now = clock_read().monotonic_ms;
	if (now < door->look_again_ms)
		return;
	door->look_again_ms = now + LOOK_AGAIN_MS;
	peers_check_appetite(door->peers);
}

static int door_turn(struct door *door, bool *stop)
{
	struct wait_item items[2 + PEERS_SOCKET_COUNT] = {{.fd = mailbox_fd(door->news)}};
	size_t count = 1;
	if (door->zap)
		items[count++].socket = door->zap;
	for (int i = 0; i < PEERS_SOCKET_COUNT; i++)
		if (door->events[i])
			items[count++].socket = door->events[i];
	pulse_rest(&door->pulse);
	int result = wait_for_input_within(items, count, anybody_there(door) ? LOOK_AGAIN_MS : -1);
	pulse_beat(&door->pulse, clock_read().monotonic_ms, 0);
	if (result == 0 && items[0].ready)
		take_news(door, stop);
	if (result == 0 && door->zap)
		result = answer_all(door);
	for (int i = 0; i < PEERS_SOCKET_COUNT && result == 0; i++)
		if (door->events[i])
			result = i == PEERS_LIVE ? note_live(door) : note_all(door, (enum peers_socket)i);
	if (result == 0)
		look_around(door);
	return result;
}

void *door_run(void *closure)
{
	struct door *door = closure;
	bool stop = false;
	int result = 0;
	while (!stop && result == 0)
		result = door_turn(door, &stop);
	if (result != 0) {
		log_event(LOG_LEVEL_ERROR, "door-failed", "reason='%s'", fault_text(result));
		atomic_store(door->failed, true);
		kill(getpid(), SIGTERM);
	}
	return NULL;
}

void door_done(struct door *door)
{
	free(door->handshakes_of);
}
