/* A reporter that speaks the contract without the sender's help: for tests that need to say it wrongly, too.
 */
#ifndef SUANPAN_TESTS_LIB_PEER_H
#define SUANPAN_TESTS_LIB_PEER_H

#include "proto/endpoint.h"
#include "proto/suanpan.pb-c.h"
#include <stddef.h>
#include <stdint.h>

struct peer {
	void *context, *socket;
};

void peer_open(struct peer *peer, const char *url);
/* Under CURVE. */
void peer_open_as(struct peer *peer, const char *url, const struct endpoint_keys *keys);
void peer_close(struct peer *peer);

/* One observation as a report: `stream` fills the 16 bytes of the stream's name. The caller frees *ret_bytes.
 */
struct peer_report {
	const char *reporter, *statistic, *area, *period;
	int64_t value;
	uint64_t decimals;
	uint8_t stream;
	uint64_t sequence, oldest; /* oldest 0: not said */
};
void peer_pack(const struct peer_report *report, void **ret_bytes, size_t *ret_size);

void peer_send(struct peer *peer, const void *bytes, size_t size);
void peer_send_two_frames(struct peer *peer, const void *bytes, size_t size);
/* NULL when nothing comes within `timeout_ms`. Free with suanpan__ack__free_unpacked. */
Suanpan__Ack *peer_receive_ack(struct peer *peer, int timeout_ms);
Suanpan__Answer *peer_receive_answer(struct peer *peer, int timeout_ms);
/* Packs, sends and waits. */
Suanpan__Ack *peer_report_one(struct peer *peer, const struct peer_report *report);

#endif
