#include "tests/lib/shuffle.h"

#include "tests/lib/random_world.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define PEERS_MAX 64
#define NAME_SIZE 32

/* A sender's connection, and ours to the daemon in its place. */
struct peer_line {
	uint8_t name[NAME_SIZE];
	size_t name_size;
	void *daemon;
	int64_t newest_answer_ms; /* due */
};

struct parcel {
	struct parcel *next;
	int64_t due_ms;
	uint64_t number; /* in the order in which they came */
	size_t peer;
	int is_up;
	size_t size;
	uint8_t bytes[];
};

struct post {
	struct shuffle_rules *rules;
	struct random_source random;
	void *context, *server;
	const char *intake;
	struct peer_line peers[PEERS_MAX];
	size_t peer_count;
	struct parcel *parcels;
	uint64_t number, newest_passed;
};

static void give_up(const char *what)
{
	fprintf(stderr, "tests/lib/shuffle: %s: %s\n", what, zmq_strerror(zmq_errno()));
	abort();
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *open_socket(void *context, int type)
{
	const int linger = 0;
	void *socket = zmq_socket(context, type);
	if (!socket || zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger) != 0)
		give_up("socket");
	return socket;
}

static size_t find_peer(struct post *post, const void *name, size_t size)
{
	for (size_t i = 0; i < post->peer_count; i++)
		if (post->peers[i].name_size == size && memcmp(post->peers[i].name, name, size) == 0)
			return i;
	/* The oldest ones are long gone. */
	size_t at = post->peer_count < PEERS_MAX ? post->peer_count++ : post->number % PEERS_MAX;
	struct peer_line *peer = &post->peers[at];
	if (peer->daemon)
		zmq_close(peer->daemon);
	if (size > sizeof peer->name)
		give_up("a long name");
	memcpy(peer->name, name, size);
	peer->name_size = size;
	peer->newest_answer_ms = 0;
	peer->daemon = open_socket(post->context, ZMQ_DEALER);
	if (zmq_connect(peer->daemon, post->intake) != 0)
		give_up(post->intake);
	return at;
}

static void keep(struct post *post, size_t peer, int is_up, const void *bytes, size_t size, uint64_t number)
{
	struct parcel *parcel = malloc(sizeof *parcel + size);
	if (!parcel)
		give_up("memory");
	struct peer_line *line = &post->peers[peer];
	*parcel = (struct parcel){.next = post->parcels,
	                          .due_ms = now_ms(),
	                          .number = number,
	                          .peer = peer,
	                          .is_up = is_up,
	                          .size = size};
	if (post->rules->delay_ms > 0)
		parcel->due_ms += random_below(&post->random, post->rules->delay_ms + 1);
	if (!is_up && parcel->due_ms < line->newest_answer_ms)
		parcel->due_ms = line->newest_answer_ms;
	if (!is_up)
		line->newest_answer_ms = parcel->due_ms;
	memcpy(parcel->bytes, bytes, size);
	post->parcels = parcel;
}

static void take(struct post *post, size_t peer, int is_up, zmq_msg_t *message)
{
	uint64_t number = ++post->number;
	if (random_percent(&post->random, post->rules->lose_percent)) {
		post->rules->lost++;
		return;
	}
	keep(post, peer, is_up, zmq_msg_data(message), zmq_msg_size(message), number);
	if (!random_percent(&post->random, post->rules->double_percent))
		return;
	keep(post, peer, is_up, zmq_msg_data(message), zmq_msg_size(message), number);
	post->rules->doubled++;
}

static void take_all(struct post *post)
{
	zmq_msg_t name, message;
	zmq_msg_init(&name);
	zmq_msg_init(&message);
	while (zmq_msg_recv(&name, post->server, ZMQ_DONTWAIT) >= 0 &&
	       zmq_msg_recv(&message, post->server, ZMQ_DONTWAIT) >= 0)
		take(post, find_peer(post, zmq_msg_data(&name), zmq_msg_size(&name)), 1, &message);
	for (size_t i = 0; i < post->peer_count; i++)
		while (zmq_msg_recv(&message, post->peers[i].daemon, ZMQ_DONTWAIT) >= 0)
			take(post, i, 0, &message);
	zmq_msg_close(&name);
	zmq_msg_close(&message);
}

static void deliver(struct post *post, const struct parcel *parcel)
{
	const struct peer_line *peer = &post->peers[parcel->peer];
	post->rules->passed++;
	post->rules->overtaken += parcel->number < post->newest_passed;
	if (parcel->number > post->newest_passed)
		post->newest_passed = parcel->number;
	if (parcel->is_up) {
		zmq_send(peer->daemon, parcel->bytes, parcel->size, ZMQ_DONTWAIT);
		return;
	}
	zmq_send(post->server, peer->name, peer->name_size, ZMQ_DONTWAIT | ZMQ_SNDMORE);
	zmq_send(post->server, parcel->bytes, parcel->size, ZMQ_DONTWAIT);
}

/* Of those that are due the one that came first: without a delay nothing is overtaken. */
static struct parcel **next_due(struct post *post, int64_t now)
{
	struct parcel **next = NULL;
	for (struct parcel **at = &post->parcels; *at; at = &(*at)->next)
		if ((*at)->due_ms <= now &&
		    (!next || (*at)->due_ms < (*next)->due_ms ||
		     ((*at)->due_ms == (*next)->due_ms && (*at)->number < (*next)->number)))
			next = at;
	return next;
}

static void run(struct post *post)
{
	for (;;) {
		zmq_pollitem_t item = {.socket = post->server, .events = ZMQ_POLLIN};
		zmq_poll(&item, 1, 1);
		take_all(post);
		for (struct parcel **link; (link = next_due(post, now_ms()));) {
			struct parcel *parcel = *link;
			deliver(post, parcel);
			*link = parcel->next;
			free(parcel);
		}
	}
}

void shuffle_start(struct shuffle *shuffle, const char *url, const char *intake, uint64_t seed)
{
	char ready;
	int ends[2];
	shuffle->rules =
	    mmap(NULL, sizeof *shuffle->rules, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shuffle->rules == MAP_FAILED || pipe(ends) != 0)
		give_up("memory");
	fflush(NULL);
	shuffle->pid = fork();
	if (shuffle->pid < 0)
		give_up("fork");
	if (shuffle->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		struct post post = {.rules = shuffle->rules,
		                    .random = {.state = seed},
		                    .context = zmq_ctx_new(),
		                    .intake = intake};
		post.server = open_socket(post.context, ZMQ_ROUTER);
		if (zmq_bind(post.server, url) != 0)
			give_up(url);
		if (write(ends[1], "", 1) != 1)
			give_up("pipe");
		run(&post);
	}
	close(ends[1]);
	if (read(ends[0], &ready, 1) != 1)
		give_up("start");
	close(ends[0]);
}

void shuffle_stop(struct shuffle *shuffle)
{
	kill(shuffle->pid, SIGKILL);
	while (waitpid(shuffle->pid, NULL, 0) < 0 && errno == EINTR)
		;
	munmap(shuffle->rules, sizeof *shuffle->rules);
	shuffle->pid = 0;
}
