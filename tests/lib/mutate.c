#include "tests/lib/mutate.h"

#include "tests/fuzz/fuzz.h"
#include <endian.h>
#include <string.h>

#define PIECES_MAX  1024
#define NUMBERS_MAX 9000
#define DEPTH_MAX   4
#define DESK_SIZE   ((size_t)1 << 20)

enum wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* One field as it stands in the message: its tag, and what follows (without the length). */
struct piece {
	uint64_t tag;
	const uint8_t *bytes;
	size_t size;
};

struct pieces {
	struct piece list[PIECES_MAX];
	size_t count;
};

struct work {
	const struct mutation *mutation;
	struct dice dice;
	size_t used; /* of the desk */
};

/* Where everything new is made; cleared by every call. */
static uint8_t desk[DESK_SIZE];
static struct pieces levels[DEPTH_MAX];
static uint64_t numbers[NUMBERS_MAX];

/* ---- chance ---- */

struct dice dice_of(unsigned seed)
{
	return (struct dice){.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
}

uint64_t dice_roll(struct dice *dice)
{
	dice->state ^= dice->state << 13;
	dice->state ^= dice->state >> 7;
	dice->state ^= dice->state << 17;
	return dice->state * UINT64_C(0x2545f4914f6cdd1d) >> 7;
}

size_t dice_below(struct dice *dice, size_t bound)
{
	return bound > 0 ? (size_t)(dice_roll(dice) % bound) : 0;
}

uint64_t dice_number(struct dice *dice)
{
	switch (dice_below(dice, 8)) {
	case 0:
		return (UINT64_C(1) << dice_below(dice, 64)) - dice_below(dice, 2);
	case 1:
		return (UINT64_C(1) << 32) + dice_below(dice, 8);
	case 2:
		return UINT64_MAX - dice_below(dice, 2);
	case 3:
		return dice_roll(dice) >> dice_below(dice, 57);
	case 4:
		return 'A' + dice_below(dice, 26);
	default:
		return dice_below(dice, dice_below(dice, 2) ? 4 : 20);
	}
}

/* ---- reading and writing fields ---- */

static bool read_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret_value)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
		uint8_t byte = *(*at)++;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static size_t write_varint(uint8_t *at, uint64_t value)
{
	size_t size = 0;
	for (; value >= 0x80; value >>= 7)
		at[size++] = (uint8_t)(value | 0x80);
	at[size++] = (uint8_t)value;
	return size;
}

static bool read_piece(const uint8_t **at, const uint8_t *end, struct piece *ret_piece)
{
	uint64_t size = 0;
	if (!read_varint(at, end, &ret_piece->tag))
		return false;
	ret_piece->bytes = *at;
	switch (ret_piece->tag & 7) {
	case WIRE_VARINT:
		if (!read_varint(at, end, &size))
			return false;
		ret_piece->size = (size_t)(*at - ret_piece->bytes);
		return true;
	case WIRE_BYTES:
		if (!read_varint(at, end, &size))
			return false;
		ret_piece->bytes = *at;
		break;
	case WIRE_FIXED64:
		size = 8;
		break;
	case WIRE_FIXED32:
		size = 4;
		break;
	default:
		return false;
	}
	if (size > (uint64_t)(end - *at))
		return false;
	*at += size;
	ret_piece->size = (size_t)size;
	return true;
}

static bool read_pieces(const uint8_t *bytes, size_t size, struct pieces *ret_pieces)
{
	const uint8_t *at = bytes, *end = bytes + size;
	ret_pieces->count = 0;
	while (at < end) {
		if (ret_pieces->count == PIECES_MAX ||
		    !read_piece(&at, end, &ret_pieces->list[ret_pieces->count]))
			return false;
		ret_pieces->count++;
	}
	return true;
}

/* Room on the desk; NULL once it is full. */
static uint8_t *take(struct work *work, size_t size)
{
	if (size > DESK_SIZE - work->used)
		return NULL;
	uint8_t *bytes = desk + work->used;
	work->used += size;
	return bytes;
}

static bool write_pieces(struct work *work, const struct pieces *pieces, struct piece *ret_whole)
{
	size_t room = 0;
	for (size_t i = 0; i < pieces->count; i++)
		room += pieces->list[i].size + 20;
	uint8_t *bytes = take(work, room);
	if (!bytes)
		return false;
	size_t size = 0;
	for (size_t i = 0; i < pieces->count; i++) {
		const struct piece *piece = &pieces->list[i];
		size += write_varint(bytes + size, piece->tag);
		if ((piece->tag & 7) == WIRE_BYTES)
			size += write_varint(bytes + size, piece->size);
		if (piece->size > 0)
			memcpy(bytes + size, piece->bytes, piece->size);
		size += piece->size;
	}
	ret_whole->bytes = bytes;
	ret_whole->size = size;
	return true;
}

/* ---- new contents ---- */

static bool make_varint(struct work *work, uint64_t value, struct piece *ret_piece)
{
	uint8_t *bytes = take(work, 10);
	if (!bytes)
		return false;
	ret_piece->bytes = bytes;
	ret_piece->size = write_varint(bytes, value);
	return true;
}

static bool make_word(struct work *work, struct piece *ret_piece)
{
	const struct mutation *mutation = work->mutation;
	const char *word = mutation->words[dice_below(&work->dice, mutation->word_count)];
	ret_piece->bytes = (const uint8_t *)word;
	ret_piece->size = strlen(word);
	return true;
}

static bool make_bytes(struct work *work, struct piece *ret_piece)
{
	size_t size = dice_below(&work->dice, 8) ? 16 : dice_below(&work->dice, 40);
	uint8_t *bytes = take(work, size);
	if (!bytes)
		return false;
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)dice_below(&work->dice, 3);
	ret_piece->bytes = bytes;
	ret_piece->size = size;
	return true;
}

static bool make_numbers(struct work *work, size_t count, struct piece *ret_piece)
{
	uint8_t *bytes = take(work, 10 * count);
	size_t size = 0;
	if (!bytes)
		return false;
	for (size_t i = 0; i < count; i++)
		size += write_varint(bytes + size, numbers[i]);
	ret_piece->bytes = bytes;
	ret_piece->size = size;
	return true;
}

static bool make_field(struct work *work, const ProtobufCFieldDescriptor *field, unsigned depth,
                       struct piece *ret_piece);

/* What is required, and now and then what is not. */
static bool make_message(struct work *work, const ProtobufCMessageDescriptor *descriptor, unsigned depth,
                         struct piece *ret_piece)
{
	if (depth == DEPTH_MAX)
		return false;
	struct pieces *pieces = &levels[depth];
	pieces->count = 0;
	for (unsigned i = 0; i < descriptor->n_fields && pieces->count < PIECES_MAX; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
		if (field->label != PROTOBUF_C_LABEL_REQUIRED && dice_below(&work->dice, 3) > 0)
			continue;
		if (make_field(work, field, depth + 1, &pieces->list[pieces->count]))
			pieces->count++;
	}
	return write_pieces(work, pieces, ret_piece);
}

static bool make_field(struct work *work, const ProtobufCFieldDescriptor *field, unsigned depth,
                       struct piece *ret_piece)
{
	bool is_packed = (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED) != 0;
	enum wire wire = WIRE_BYTES;
	bool is_made = false;
	if (field->type == PROTOBUF_C_TYPE_STRING) {
		is_made = make_word(work, ret_piece);
	} else if (field->type == PROTOBUF_C_TYPE_BYTES) {
		is_made = make_bytes(work, ret_piece);
	} else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
		is_made = make_message(work, field->descriptor, depth, ret_piece);
	} else if (is_packed) {
		size_t count = dice_below(&work->dice, 5);
		for (size_t i = 0; i < count; i++)
			numbers[i] = dice_number(&work->dice);
		is_made = make_numbers(work, count, ret_piece);
	} else {
		wire = WIRE_VARINT;
		is_made = make_varint(
		    work, field->id == 1 && dice_below(&work->dice, 8) ? 1 : dice_number(&work->dice),
		    ret_piece);
	}
	ret_piece->tag = (uint64_t)field->id << 3 | wire;
	return is_made;
}

/* ---- changed contents ---- */

static bool change_bytes(struct work *work, struct piece *piece)
{
	size_t room = piece->size + 32;
	uint8_t *bytes = take(work, room);
	if (!bytes)
		return false;
	if (piece->size > 0)
		memcpy(bytes, piece->bytes, piece->size);
	piece->size = LLVMFuzzerMutate(bytes, piece->size, room);
	piece->bytes = bytes;
	return true;
}

static bool change_numbers(struct work *work, struct piece *piece)
{
	const uint8_t *at = piece->bytes, *end = at + piece->size;
	size_t count = 0;
	while (count < NUMBERS_MAX - 1 && at < end)
		if (!read_varint(&at, end, &numbers[count++]))
			return change_bytes(work, piece);
	size_t which = dice_below(&work->dice, count);
	switch (dice_below(&work->dice, 4)) {
	case 0:
		memmove(&numbers[which + 1], &numbers[which], (count - which) * sizeof *numbers);
		count++;
		break;
	case 1:
		if (count > 0)
			memmove(&numbers[which], &numbers[which + 1], (--count - which) * sizeof *numbers);
		break;
	default:
		numbers[which] = dice_number(&work->dice);
		count += count == 0;
		break;
	}
	return make_numbers(work, count, piece);
}

static bool change_message(struct work *work, const ProtobufCMessageDescriptor *descriptor, unsigned depth,
                           struct piece *piece);

static bool change_piece(struct work *work, const ProtobufCMessageDescriptor *descriptor, unsigned depth,
                         struct piece *piece)
{
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field(descriptor, (unsigned)(piece->tag >> 3));
	if ((piece->tag & 7) == WIRE_VARINT)
		return make_varint(work, dice_number(&work->dice), piece);
	if (!field || (piece->tag & 7) != WIRE_BYTES)
		return change_bytes(work, piece);
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return change_message(work, field->descriptor, depth, piece);
	if (field->type == PROTOBUF_C_TYPE_STRING && dice_below(&work->dice, 3) > 0)
		return make_word(work, piece);
	if (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED)
		return change_numbers(work, piece);
	return change_bytes(work, piece);
}

static bool add_piece(struct work *work, const ProtobufCMessageDescriptor *descriptor, unsigned depth,
                      struct pieces *pieces)
{
	const ProtobufCFieldDescriptor *field =
	    &descriptor->fields[dice_below(&work->dice, descriptor->n_fields)];
	return pieces->count < PIECES_MAX && descriptor->n_fields > 0 &&
	       make_field(work, field, depth + 1, &pieces->list[pieces->count]) && ++pieces->count;
}

static void drop_piece(struct pieces *pieces, size_t which)
{
	pieces->count--;
	memmove(&pieces->list[which], &pieces->list[which + 1],
	        (pieces->count - which) * sizeof *pieces->list);
}

static bool change_pieces(struct work *work, const ProtobufCMessageDescriptor *descriptor, unsigned depth,
                          struct pieces *pieces)
{
	if (pieces->count == 0)
		return add_piece(work, descriptor, depth, pieces);
	size_t which = dice_below(&work->dice, pieces->count), other = dice_below(&work->dice, pieces->count);
	struct piece piece = pieces->list[which];
	switch (dice_below(&work->dice, 12)) {
	case 0:
		drop_piece(pieces, which);
		return true;
	case 1:
		if (pieces->count < PIECES_MAX)
			pieces->list[pieces->count++] = piece;
		return true;
	case 2:
		pieces->list[which] = pieces->list[other];
		pieces->list[other] = piece;
		return true;
	case 3:
	case 4:
		return add_piece(work, descriptor, depth, pieces);
	default:
		if (!change_piece(work, descriptor, depth + 1, &piece))
			return false;
		pieces->list[which] = piece;
		return true;
	}
}

static bool change_message(struct work *work, const ProtobufCMessageDescriptor *descriptor, unsigned depth,
                           struct piece *piece)
{
	if (depth == DEPTH_MAX || !read_pieces(piece->bytes, piece->size, &levels[depth]))
		return change_bytes(work, piece);
	return change_pieces(work, descriptor, depth, &levels[depth]) &&
	       write_pieces(work, &levels[depth], piece);
}

size_t mutate_message(const struct mutation *mutation, uint8_t *bytes, size_t size, size_t room,
                      unsigned seed)
{
	struct work work = {.mutation = mutation, .dice = dice_of(seed)};
	struct piece whole = {.bytes = bytes, .size = size};
	if (!read_pieces(bytes, size, &levels[0]) || dice_below(&work.dice, 16) == 0)
		return LLVMFuzzerMutate(bytes, size, room);
	for (size_t times = 1 + dice_below(&work.dice, 3); times > 0; times--)
		if (!change_message(&work, mutation->descriptor, 0, &whole))
			break;
	if (whole.size > room || whole.size == 0)
		return LLVMFuzzerMutate(bytes, size, room);
	memmove(bytes, whole.bytes, whole.size);
	return whole.size;
}

/* ---- several messages ---- */

bool next_part(const uint8_t *bytes, size_t size, size_t *at, uint32_t *ret_number, const uint8_t **ret_part,
               uint32_t *ret_length)
{
	uint32_t head[2];
	if (size - *at < PART_HEAD)
		return false;
	memcpy(head, bytes + *at, sizeof head);
	if (le32toh(head[1]) > size - *at - PART_HEAD)
		return false;
	*ret_number = le32toh(head[0]);
	*ret_length = le32toh(head[1]);
	*ret_part = bytes + *at + PART_HEAD;
	*at += PART_HEAD + *ret_length;
	return true;
}

/* The part at `at` is `length` long; behind it the rest moves. */
static size_t mutate_part(const struct mutation *mutation, uint8_t *bytes, size_t size, size_t room,
                          size_t at, uint32_t length, unsigned seed)
{
	static uint8_t part[DESK_SIZE];
	size_t behind = size - at - length, most = room - at - behind;
	if (length > sizeof part || most == 0)
		return size;
	memcpy(part, bytes + at, length);
	size_t (*mutate)(const struct mutation *, uint8_t *, size_t, size_t, unsigned) =
	    mutation->mutate ? mutation->mutate : mutate_message;
	uint32_t changed =
	    (uint32_t)mutate(mutation, part, length, most < sizeof part ? most : sizeof part, seed);
	memmove(bytes + at + changed, bytes + at + length, behind);
	memcpy(bytes + at, part, changed);
	uint32_t written = htole32(changed);
	memcpy(bytes + at - sizeof written, &written, sizeof written);
	return at + changed + behind;
}

size_t mutate_parts(const struct mutation *mutation, size_t before, uint8_t *bytes, size_t size, size_t room,
                    unsigned seed)
{
	struct dice dice = dice_of(seed ^ 0x1234);
	size_t at = before, skip = dice_below(&dice, 4);
	const uint8_t *part;
	uint32_t number, length;
	bool is_message = size > before && dice_below(&dice, 8) > 0;
	while (is_message && next_part(bytes, size, &at, &number, &part, &length))
		if (skip-- == 0)
			return mutate_part(mutation, bytes, size, room, (size_t)(part - bytes), length, seed);
	return LLVMFuzzerMutate(bytes, size, room);
}
