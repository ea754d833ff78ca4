/* Packing and unpacking the messages of suanpan.proto, with every bound in one place.
 *
 * Unpacking takes memory from an arena with a budget, so that a small message cannot become a large one; the
 * message lives until the arena is reset and is never freed by itself. Packing writes into a buffer of the
 * caller's. */
#ifndef SUANPAN_PROTO_ENVELOPE_H
#define SUANPAN_PROTO_ENVELOPE_H

#include "daemon/base/arena.h"
#include "daemon/base/fault.h"
#include "proto/suanpan.pb-c.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENVELOPE_MAJOR            1
#define ENVELOPE_REQUEST_MAX      65536   /* bytes of a Report or Query on the wire */
#define ENVELOPE_ANSWER_MAX       1048576 /* bytes of an Ack, Answer or Update on the wire */
#define ENVELOPE_CHUNK_TARGET     49152   /* an Answer is sent once it has grown to this */
#define ENVELOPE_UNPACK_BUDGET    (8u << 20)
/* Topics of the live endpoint: "code.CODE.AREA"; a subscription is a prefix of them. */
#define ENVELOPE_TOPIC_PREFIX     "code."
#define ENVELOPE_TOPIC_ALERT      "alert."
#define ENVELOPE_TOPIC_MAX        160
#define ENVELOPE_STREAM_SIZE      16
#define ENVELOPE_OBSERVATIONS_MAX 8192 /* rows in one report: a refusal must be able to name each */

enum envelope_verdict {
	ENVELOPE_MALFORMED = 1, /* not a message of this kind, or of two majors, or with a NUL in a string */
	ENVELOPE_UNSUPPORTED = 2, /* its major is unknown here; *ret_major is set */
	ENVELOPE_TOO_LARGE = 3,   /* more bytes than allowed, on the wire or unpacked */
};

/* Unpacks one message of the kind that `descriptor` names (suanpan__report__descriptor ...). The major is
 * looked at first, so that a message of a newer major gets ENVELOPE_UNSUPPORTED however different it is.
 * Answers 0, an envelope_verdict, or -ENOMEM. */
int MUST_CHECK envelope_unpack(const ProtobufCMessageDescriptor *descriptor, const void *bytes, size_t size,
                               struct arena *arena, uint64_t *ret_major, ProtobufCMessage **ret_message);

/* The stream and sequence of a packed Report, without unpacking it. False: they are not both to be found. */
bool envelope_find_name(const void *bytes, size_t size, uint8_t ret_stream[ENVELOPE_STREAM_SIZE],
                        uint64_t *ret_sequence);

/* Whether this message, or one inside it, holds fields that this major does not define. */
int envelope_has_unknown_fields(const ProtobufCMessage *message);

/* Packs into memory from malloc that the caller frees. -ENOMEM, or ENVELOPE_TOO_LARGE beyond `limit`. */
int MUST_CHECK envelope_pack(const ProtobufCMessage *message, size_t limit, void **ret_bytes,
                             size_t *ret_size);

/* 32 bytes: BLAKE2b-256 of the bytes as they are on the wire (libsodium). */
#define ENVELOPE_HASH_SIZE 32
void envelope_hash(const void *bytes, size_t size, uint8_t ret_hash[ENVELOPE_HASH_SIZE]);

#endif
