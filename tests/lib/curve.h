/* A CURVE client written from CurveZMQ (ZeroMQ RFC 26) on a bare TCP connection: it can say what libzmq's own never would. */
#ifndef SUANPAN_TESTS_LIB_CURVE_H
#define SUANPAN_TESTS_LIB_CURVE_H

#include "proto/endpoint.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct curve {
	int fd;
	uint64_t nonce;                               /* of the last command or message */
	unsigned char shared[32];                     /* of our and the server's keys for this connection */
	unsigned char frame[9 + 16 + 16 + 1 + 65536]; /* the last one sent, as it went */
	size_t frame_size;
};

/* Shakes hands as a socket of `type` ("DEALER"), with one more property in the metadata (`name` may be NULL). False: it was not let
 * in. */
bool curve_open(struct curve *curve, const char *url, const struct endpoint_keys *keys, const char *type,
                const char *name, const char *value);
void curve_close(struct curve *curve);

/* One frame; with `more` the message goes on with the next. False: the other side has closed. */
bool curve_send(struct curve *curve, const void *bytes, size_t size, bool more);
/* The last one again, to the byte: what somebody could do who listens on the wire. */
void curve_replay(struct curve *curve);
/* The next message that is none of libzmq's own commands. False: none came in time, or it was closed. */
bool curve_receive(struct curve *curve, int timeout_ms, unsigned char *ret_bytes, size_t room,
                   size_t *ret_size);

#endif
