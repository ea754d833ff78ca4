#include "daemon/wire/sender.h"

#include <string.h>

void sender_read(void *socket, zmq_msg_t *frame, char ret_key[KEYS_TEXT_SIZE], int *ret_descriptor)
{
	int mechanism = ZMQ_NULL;
	size_t size = sizeof mechanism;
	const char *user = NULL;
	ret_key[0] = '\0';
	*ret_descriptor = zmq_msg_get(frame, ZMQ_SRCFD);
	if (zmq_getsockopt(socket, ZMQ_MECHANISM, &mechanism, &size) == 0 && mechanism == ZMQ_CURVE)
		user = zmq_msg_gets(frame, "User-Id");
	if (user && strlen(user) == KEYS_TEXT_SIZE - 1)
		memcpy(ret_key, user, KEYS_TEXT_SIZE);
}
