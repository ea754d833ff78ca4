#include "proto/envelope.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAJOR_FIELD 1
#define VARINT_MAX  10 /* bytes: 64 bits by seven */

/* ---- field 1, read from the bytes: a newer major may be anything from there on */

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct cursor {
	const uint8_t *at;
	size_t left;
};

static bool read_varint(struct cursor *cursor, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < VARINT_MAX && i < cursor->left; i++) {
		uint8_t byte = cursor->at[i];
		if (i == VARINT_MAX - 1 && byte > 1)
			return false;
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			cursor->at += i + 1;
			cursor->left -= i + 1;
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static bool skip(struct cursor *cursor, uint64_t size)
{
	if (size > cursor->left)
		return false;
	cursor->at += size;
	cursor->left -= size;
	return true;
}

static bool skip_field(struct cursor *cursor, unsigned wire_type)
{
	uint64_t value;

	switch (wire_type) {
	case WIRE_VARINT:
		return read_varint(cursor, &value);
	case WIRE_FIXED64:
		return skip(cursor, 8);
	case WIRE_BYTES:
		return read_varint(cursor, &value) && skip(cursor, value);
	case WIRE_FIXED32:
		return skip(cursor, 4);
	default:
		return false;
	}
}

/* Encoders are free in the order of their fields, though all known ones write field 1 first. */
static bool find_major(const void *bytes, size_t size, uint64_t *ret_major)
{
	struct cursor cursor = {.at = bytes, .left = size};
	uint64_t tag;

	while (read_varint(&cursor, &tag)) {
		if (tag == (MAJOR_FIELD << 3 | WIRE_VARINT))
			return read_varint(&cursor, ret_major);
		if (!skip_field(&cursor, tag & 7))
			return false;
	}
	return false;
}

/* ---- a report's name: of a field that stands twice the last counts, as where it is unpacked */

#define STREAM_FIELD   2
#define SEQUENCE_FIELD 3

static bool read_stream(struct cursor *cursor, const uint8_t **ret_stream)
{
	uint64_t size;

	if (!read_varint(cursor, &size) || size != ENVELOPE_STREAM_SIZE || size > cursor->left)
		return false;
	*ret_stream = cursor->at;
	return skip(cursor, size);
}

bool envelope_find_name(const void *bytes, size_t size, uint8_t ret_stream[ENVELOPE_STREAM_SIZE],
                        uint64_t *ret_sequence)
{
	struct cursor cursor = {.at = bytes, .left = size};
	const uint8_t *stream = NULL;
	uint64_t tag, sequence = 0;

	while (cursor.left > 0) {
		bool is_well = read_varint(&cursor, &tag);
		if (is_well && tag == (STREAM_FIELD << 3 | WIRE_BYTES))
			is_well = read_stream(&cursor, &stream);
		else if (is_well && tag == (SEQUENCE_FIELD << 3 | WIRE_VARINT))
			is_well = read_varint(&cursor, &sequence);
		else if (is_well)
			is_well = skip_field(&cursor, tag & 7);
		if (!is_well)
			return false;
	}
	if (!stream || sequence == 0)
		return false;
	memcpy(ret_stream, stream, ENVELOPE_STREAM_SIZE);
	*ret_sequence = sequence;
	return true;
}

/* ---- text: on the wire a string may hold a NUL, in C it would end there and pass for a shorter one */

static bool holds_nul(const ProtobufCMessageDescriptor *descriptor, struct cursor cursor);

static bool field_holds_nul(const ProtobufCFieldDescriptor *field, struct cursor value)
{
	if (!field)
		return false;
	if (field->type == PROTOBUF_C_TYPE_STRING)
		return value.left > 0 && memchr(value.at, '\0', value.left) != NULL;
	return field->type == PROTOBUF_C_TYPE_MESSAGE && holds_nul(field->descriptor, value);
}

/* Of bytes that have been unpacked, and so are well formed. As deep as the messages are: none contains itself. */
static bool holds_nul(const ProtobufCMessageDescriptor *descriptor, struct cursor cursor)
{
	uint64_t tag, size;

	while (read_varint(&cursor, &tag)) {
		if ((tag & 7) != WIRE_BYTES) {
			if (!skip_field(&cursor, tag & 7))
				return false;
			continue;
		}
		if (!read_varint(&cursor, &size) || !skip(&cursor, size))
			return false;
		struct cursor value = {.at = cursor.at - size, .left = size};
		if (field_holds_nul(protobuf_c_message_descriptor_get_field(descriptor, (unsigned)(tag >> 3)),
		                    value))
			return true;
	}
	return false;
}

/* ---- unpacking into the arena */

static const void *member(const ProtobufCMessage *message, unsigned offset)
{
	return (const char *)message + offset;
}

struct purse {
	struct arena *arena;
	bool is_spent;         /* the budget refused */
	bool is_out_of_memory; /* the machine did */
};

static void *take(void *data, size_t size)
{
	struct purse *purse = data;
	void *bytes = arena_take(purse->arena, size);

	if (!bytes && size > arena_left(purse->arena))
		purse->is_spent = true;
	else if (!bytes)
		purse->is_out_of_memory = true;
	return bytes;
}

static void give_back_nothing(void *data, void *bytes)
{
	(void)data;
	(void)bytes; /* the arena's reset does */
}

static size_t wire_limit(const ProtobufCMessageDescriptor *descriptor)
{
	bool is_request =
	    descriptor == &suanpan__report__descriptor || descriptor == &suanpan__query__descriptor;

	return is_request ? ENVELOPE_REQUEST_MAX : ENVELOPE_ANSWER_MAX;
}

/* Of two values of one field the decoder keeps the last, and a message that says two majors is of neither. */
static bool says_another_major(const ProtobufCMessage *message)
{
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field(message->descriptor, MAJOR_FIELD);

	return *(const uint64_t *)member(message, field->offset) != ENVELOPE_MAJOR;
}

int envelope_unpack(const ProtobufCMessageDescriptor *descriptor, const void *bytes, size_t size,
                    struct arena *arena, uint64_t *ret_major, ProtobufCMessage **ret_message)
{
	struct purse purse = {.arena = arena};
	ProtobufCAllocator allocator = {.alloc = take, .free = give_back_nothing, .allocator_data = &purse};
	uint64_t major;

	if (!find_major(bytes, size, &major))
		return size > wire_limit(descriptor) ? ENVELOPE_TOO_LARGE : ENVELOPE_MALFORMED;
	if (major != ENVELOPE_MAJOR) {
		*ret_major = major;
		return ENVELOPE_UNSUPPORTED;
	}
	if (size > wire_limit(descriptor))
		return ENVELOPE_TOO_LARGE;
	ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, &allocator, size, bytes);
	if (purse.is_out_of_memory)
		return -ENOMEM;
	if (purse.is_spent)
		return ENVELOPE_TOO_LARGE;
	if (!message || says_another_major(message) ||
	    holds_nul(descriptor, (struct cursor){.at = bytes, .left = size}))
		return ENVELOPE_MALFORMED;
	*ret_major = major;
	*ret_message = message;
	return 0;
}

/* ---- unknown fields */

/* A oneof is a union: its pointer is this field's only where the case says so. */
static bool is_present(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
		return true;
	return *(const uint32_t *)member(message, field->quantifier_offset) == field->id;
}

static int field_has_unknown_fields(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	const void *value = member(message, field->offset);

	if (field->label != PROTOBUF_C_LABEL_REPEATED) {
		const ProtobufCMessage *inner = *(const ProtobufCMessage *const *)value;
		return inner && envelope_has_unknown_fields(inner);
	}
	size_t count = *(const size_t *)member(message, field->quantifier_offset);
	const ProtobufCMessage *const *inner = *(const ProtobufCMessage *const *const *)value;
	for (size_t i = 0; i < count; i++)
		if (envelope_has_unknown_fields(inner[i]))
			return 1;
	return 0;
}

int envelope_has_unknown_fields(const ProtobufCMessage *message)
{
	const ProtobufCMessageDescriptor *descriptor = message->descriptor;

	if (message->n_unknown_fields > 0)
		return 1;
	for (unsigned i = 0; i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
		if (field->type == PROTOBUF_C_TYPE_MESSAGE && is_present(message, field) &&
		    field_has_unknown_fields(message, field))
			return 1;
	}
	return 0;
}

/* ---- packing and hashing */

int envelope_pack(const ProtobufCMessage *message, size_t limit, void **ret_bytes, size_t *ret_size)
{
	size_t size = protobuf_c_message_get_packed_size(message);

	if (size > limit)
		return ENVELOPE_TOO_LARGE;
	uint8_t *bytes = malloc(size > 0 ? size : 1);
	if (!bytes)
		return -ENOMEM;
	*ret_size = protobuf_c_message_pack(message, bytes);
	*ret_bytes = bytes;
	return 0;
}

void envelope_hash(const void *bytes, size_t size, uint8_t ret_hash[ENVELOPE_HASH_SIZE])
{
	_Static_assert(ENVELOPE_HASH_SIZE == crypto_generichash_BYTES, "BLAKE2b-256");
	/* Cheap once it has been done, and it picks the processor's fastest code. It fails where there is no
	 * randomness, of which a hash needs none; the hash itself cannot fail for these sizes. */
	bool is_fast = sodium_init() >= 0;
	(void)is_fast;
	crypto_generichash(ret_hash, ENVELOPE_HASH_SIZE, bytes, size, NULL, 0);
}
