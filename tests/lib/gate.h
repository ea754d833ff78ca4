/* A ZAP handler of a test's own, in a thread: who may come in, and who was turned away. */
#ifndef SUANPAN_TESTS_LIB_GATE_H
#define SUANPAN_TESTS_LIB_GATE_H

#include <pthread.h>
#include <stddef.h>

#define GATE_KEY_SIZE   41
#define GATE_GUESTS_MAX 8

struct gate {
	void *context, *zap, *stop;
	pthread_t thread;
	pthread_mutex_t mutex; /* guards what follows */
	char guests[GATE_GUESTS_MAX][GATE_KEY_SIZE];
	size_t guest_count;
	int let_in, turned_away;
	const char *refusal; /* "400", or what the test sets before anybody knocks */
};

/* A key pair in Z85. */
struct gate_pair {
	char public[GATE_KEY_SIZE], secret[GATE_KEY_SIZE];
};
struct gate_pair gate_new_pair(void);

/* Must be open before a server of this context is bound, and closed before the context is freed. The User-Id
 * of whoever comes in is the public key in Z85. */
void gate_open(struct gate *gate, void *context);
void gate_close(struct gate *gate);
void gate_admit(struct gate *gate, const char *key);
int gate_count_let_in(struct gate *gate);
int gate_count_turned_away(struct gate *gate);

#endif
