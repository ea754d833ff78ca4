/* Mutations of packed protocol buffers that leave them well-formed, so that a fuzzer gets beyond the decoder.
 *
 * One call changes one thing somewhere in the message: a field is dropped, doubled, moved, added, or given
 * another number, word or piece of bytes. Everything follows from the seed, but for what LLVMFuzzerMutate does. */
#ifndef SUANPAN_TESTS_LIB_MUTATE_H
#define SUANPAN_TESTS_LIB_MUTATE_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mutation {
	const ProtobufCMessageDescriptor *descriptor;
	const char *const *words; /* that its strings are made of */
	size_t word_count;
	/* What mutate_parts does to one of them; NULL: mutate_message. */
	size_t (*mutate)(const struct mutation *mutation, uint8_t *bytes, size_t size, size_t room,
	                 unsigned seed);
};

/* In place; answers the new size, `room` at most. Bytes that are no fields are mutated as bytes. */
size_t mutate_message(const struct mutation *mutation, uint8_t *bytes, size_t size, size_t room,
                      unsigned seed);

/* Several messages one after the other, each behind PART_HEAD bytes: a number of any meaning and the message's length, both
 * u32 in little-endian order. One message is mutated, and its length with it; now and then the bytes are. `size` may begin
 * behind `before` bytes of another meaning, which are left alone by the former. */
#define PART_HEAD 8
size_t mutate_parts(const struct mutation *mutation, size_t before, uint8_t *bytes, size_t size, size_t room,
                    unsigned seed);
/* The next part at *at: false at the end, and where a length reaches beyond it. */
bool next_part(const uint8_t *bytes, size_t size, size_t *at, uint32_t *ret_number, const uint8_t **ret_part,
               uint32_t *ret_length);

/* The source of chance of all mutations: never 0 as its state. */
struct dice {
	uint64_t state;
};
struct dice dice_of(unsigned seed);
uint64_t dice_roll(struct dice *dice);
size_t dice_below(struct dice *dice, size_t bound); /* 0 for a bound of 0 */
/* Mostly small, else at an edge of some width, else anything. */
uint64_t dice_number(struct dice *dice);

#endif
