/* Whose a received frame is, and by which connection it came. Only for the sockets of this folder. */
#ifndef SUANPAN_WIRE_SENDER_H
#define SUANPAN_WIRE_SENDER_H

#include "daemon/wire/zap.h"
#include <zmq.h>

/* The frame must be one of payload: a ROUTER's identity frame does not know whose it is (libzmq 4.3.4). The key is empty where
 * the socket demands none: there a peer may claim any User-Id it likes, so nobody gets to see that. The descriptor is below 0
 * for what libzmq made up itself: the end of a subscription whose connection has ended. */
void sender_read(void *socket, zmq_msg_t *frame, char ret_key[KEYS_TEXT_SIZE], int *ret_descriptor);

#endif
