/* TCP without ZeroMQ: what somebody sends who does not keep to any protocol. */
#ifndef SUANPAN_TESTS_LIB_RAW_H
#define SUANPAN_TESTS_LIB_RAW_H

#include <stdbool.h>
#include <stddef.h>

/* A non-blocking connection to "tcp://127.A.B.C:PORT"; -1 when it is refused. */
int raw_connect(const char *url);
/* How much of it went; 0 also when the other side has closed. */
size_t raw_send(int fd, const void *bytes, size_t size);
/* Takes what has come; true once the other side has closed. */
bool raw_is_closed(int fd);
/* Until it is closed, at most `timeout_ms`; answers how long that took, or -1. */
long raw_await_close(int fd, int timeout_ms);
/* ZMTP 3.0's first 64 bytes, naming a mechanism ("NULL", "CURVE"). */
void raw_greeting(const char *mechanism, unsigned char ret_bytes[64]);

#endif
