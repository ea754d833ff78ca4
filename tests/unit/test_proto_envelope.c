#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/envelope.h"
#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;

static int set_up(void **state)
{
	(void)state;
	return arena_new(ENVELOPE_UNPACK_BUDGET, &arena);
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static int start_afresh(void **state)
{
	(void)state;
	arena_reset(arena);
	return 0;
}

/* ---- bytes made by hand, because the interesting ones are those that no encoder writes */

struct bytes {
	uint8_t at[ENVELOPE_ANSWER_MAX + 16];
	size_t size;
};

static struct bytes made;

static void put(const void *bytes, size_t size)
{
	assert_true(made.size + size <= sizeof made.at);
	memcpy(made.at + made.size, bytes, size);
	made.size += size;
}

static void put_varint(uint64_t value)
{
	do {
		uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
		put(&byte, 1);
		value >>= 7;
	} while (value > 0);
}

static void put_number(unsigned field, uint64_t value)
{
	put_varint(field << 3);
	put_varint(value);
}

static void put_bytes(unsigned field, const void *bytes, size_t size)
{
	put_varint(field << 3 | 2);
	put_varint(size);
	put(bytes, size);
}

static void begin(void)
{
	made.size = 0;
}

static int unpack(const ProtobufCMessageDescriptor *descriptor, uint64_t *ret_major,
                  ProtobufCMessage **ret_message)
{
	return envelope_unpack(descriptor, made.at, made.size, arena, ret_major, ret_message);
}

static void must_answer(const ProtobufCMessageDescriptor *descriptor, int verdict)
{
	ProtobufCMessage *message = NULL;
	uint64_t major = 77;

	assert_int_equal(unpack(descriptor, &major, &message), verdict);
	assert_null(message);
	if (verdict != ENVELOPE_UNSUPPORTED)
		assert_int_equal(major, 77);
}

static void must_be_unsupported(const ProtobufCMessageDescriptor *descriptor, uint64_t expected)
{
	ProtobufCMessage *message = NULL;
	uint64_t major = 77;

	assert_int_equal(unpack(descriptor, &major, &message), ENVELOPE_UNSUPPORTED);
	assert_true(major == expected);
	assert_null(message);
}

static ProtobufCMessage *must_unpack(const ProtobufCMessageDescriptor *descriptor)
{
	ProtobufCMessage *message = NULL;
	uint64_t major = 77;

	assert_int_equal(unpack(descriptor, &major, &message), 0);
	assert_int_equal(major, ENVELOPE_MAJOR);
	assert_ptr_equal(message->descriptor, descriptor);
	return message;
}

/* ---- a report with something in every field */

static uint8_t stream[ENVELOPE_STREAM_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static char *statistics[] = {(char[]){"resident_population"}, (char[]){"hospital_beds"}};
static char *periods[] = {(char[]){"2020"}, (char[]){"2020-12"}};
static char *areas[] = {(char[]){"440103"}, (char[]){"440104"}};
static uint64_t decimals[] = {0, 2};
static int64_t deltas[] = {0, 1, 0, -1};
static int64_t values[] = {1867660, INT64_MAX, INT64_MIN, -3};
static uint64_t status_rows[] = {3};
static uint64_t status_codes[] = {'P'};

static void pack_into_made(const ProtobufCMessage *message)
{
	void *bytes = NULL;
	size_t size = 0;

	assert_int_equal(envelope_pack(message, ENVELOPE_ANSWER_MAX, &bytes, &size), 0);
	begin();
	put(bytes, size);
	free(bytes);
}

static void make_report(void)
{
	Suanpan__Note note = SUANPAN__NOTE__INIT;
	Suanpan__Note *notes[] = {&note};
	Suanpan__Report report = SUANPAN__REPORT__INIT;

	note.row = 2;
	note.text = (char[]){"复核"};
	report.major = ENVELOPE_MAJOR;
	report.stream = (ProtobufCBinaryData){.len = sizeof stream, .data = stream};
	report.sequence = UINT64_MAX;
	report.has_oldest = 1;
	report.oldest = 1;
	report.reporter = (char[]){"liwan"};
	report.statistic = statistics, report.n_statistic = 2;
	report.decimals = decimals, report.n_decimals = 2;
	report.period = periods, report.n_period = 2;
	report.area = areas, report.n_area = 2;
	report.statistic_delta = deltas, report.n_statistic_delta = 4;
	report.period_delta = deltas, report.n_period_delta = 4;
	report.area_delta = deltas, report.n_area_delta = 4;
	report.value = values, report.n_value = 4;
	report.status_row = status_rows, report.n_status_row = 1;
	report.status_code = status_codes, report.n_status_code = 1;
	report.note = notes, report.n_note = 1;
	report.source = (char[]){"liwan.csv"};
	pack_into_made(&report.base);
}

static void what_is_packed_is_unpacked(void **state)
{
	(void)state;
	make_report();
	const Suanpan__Report *report = (const Suanpan__Report *)must_unpack(&suanpan__report__descriptor);
	assert_true(report->sequence == UINT64_MAX);
	assert_memory_equal(report->stream.data, stream, sizeof stream);
	assert_string_equal(report->reporter, "liwan");
	assert_int_equal(report->n_value, 4);
	assert_memory_equal(report->value, values, sizeof values);
	assert_memory_equal(report->area_delta, deltas, sizeof deltas);
	assert_string_equal(report->statistic[1], "hospital_beds");
	assert_string_equal(report->note[0]->text, "复核");
	assert_false(envelope_has_unknown_fields(&report->base));
}

static void packing_stops_at_its_limit(void **state)
{
	Suanpan__Query query = SUANPAN__QUERY__INIT;
	void *bytes = &query;
	size_t size = 77;

	(void)state;
	query.major = 1;
	query.number = 5;
	assert_int_equal(envelope_pack(&query.base, 3, &bytes, &size), ENVELOPE_TOO_LARGE);
	assert_ptr_equal(bytes, &query);
	assert_int_equal(size, 77);
	assert_int_equal(envelope_pack(&query.base, 4, &bytes, &size), 0);
	assert_int_equal(size, 4);
	assert_memory_equal(bytes, "\x08\x01\x10\x05", 4);
	free(bytes);
}

/* ---- majors */

static void a_newer_major_is_unsupported_whatever_follows(void **state)
{
	static const char NONSENSE[] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff nonsense";

	(void)state;
	begin();
	put_number(1, 2);
	must_be_unsupported(&suanpan__report__descriptor, 2);
	put(NONSENSE, sizeof NONSENSE);
	must_be_unsupported(&suanpan__report__descriptor, 2);
	must_be_unsupported(&suanpan__query__descriptor, 2);
	must_be_unsupported(&suanpan__ack__descriptor, 2);
	begin();
	put_number(1, UINT64_MAX);
	put(NONSENSE, sizeof NONSENSE);
	must_be_unsupported(&suanpan__answer__descriptor, UINT64_MAX);
	begin();
	put_number(1, 0);
	must_be_unsupported(&suanpan__update__descriptor, 0);
}

static void a_newer_major_is_found_behind_other_fields(void **state)
{
	(void)state;
	begin();
	put_bytes(2, stream, sizeof stream);
	put_number(3, 7);
	put_varint(100 << 3 | 1);
	put("12345678", 8);
	put_varint(101 << 3 | 5);
	put("1234", 4);
	must_answer(&suanpan__report__descriptor, ENVELOPE_MALFORMED);
	put_number(1, 9);
	must_be_unsupported(&suanpan__report__descriptor, 9);
}

static void a_newer_major_may_be_larger_than_this_one(void **state)
{
	static const uint8_t padding[ENVELOPE_REQUEST_MAX];

	(void)state;
	begin();
	put_number(1, 2);
	put(padding, sizeof padding);
	must_be_unsupported(&suanpan__report__descriptor, 2);
}

/* The decoder keeps the last of two; a reader that looks at the first would think it another version's message. */
static void a_message_of_two_majors_is_malformed(void **state)
{
	(void)state;
	begin();
	put_number(1, 1);
	put_number(2, 7);
	put_number(1, 2);
	must_answer(&suanpan__query__descriptor, ENVELOPE_MALFORMED);
	put_number(1, 1); /* said three times, and the last one is right */
	uint64_t major;
	ProtobufCMessage *message;
	assert_int_equal(unpack(&suanpan__query__descriptor, &major, &message), 0);
}

static void without_a_major_it_is_no_message(void **state)
{
	(void)state;
	begin();
	must_answer(&suanpan__report__descriptor, ENVELOPE_MALFORMED);
	put_number(2, 1);
	must_answer(&suanpan__query__descriptor, ENVELOPE_MALFORMED);
	begin();
	put_bytes(1, "1", 1); /* field 1, but no varint */
	must_answer(&suanpan__query__descriptor, ENVELOPE_MALFORMED);
	begin();
	put("\x08", 1);
	must_answer(&suanpan__query__descriptor, ENVELOPE_MALFORMED);
	begin();
	put("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11); /* 65 bits */
	must_answer(&suanpan__query__descriptor, ENVELOPE_MALFORMED);
	begin();
	put("\x08\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 12); /* eleven bytes */
	must_answer(&suanpan__query__descriptor, ENVELOPE_MALFORMED);
	begin();
	put("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11); /* a length of 2^64 - 1 */
	must_answer(&suanpan__query__descriptor, ENVELOPE_MALFORMED);
	begin();
	put_varint(2 << 3 | 3); /* a group */
	must_answer(&suanpan__query__descriptor, ENVELOPE_MALFORMED);
}

static void required_fields_are_required(void **state)
{
	(void)state;
	begin();
	put_number(1, 1);
	must_answer(&suanpan__query__descriptor, ENVELOPE_MALFORMED);
	put_number(2, 1);
	must_unpack(&suanpan__query__descriptor);
	must_answer(&suanpan__report__descriptor, ENVELOPE_MALFORMED);
}

/* ---- sizes */

static void make_query_of(size_t size)
{
	static char code[ENVELOPE_REQUEST_MAX];
	size_t frame = 4 + 4 + 4; /* major and number; two tags with their lengths of three bytes */

	memset(code, 'a', sizeof code);
	begin();
	put_number(1, 1);
	put_number(2, 1);
	put_varint(12 << 3 | 2);
	put_varint(size - frame + 4);
	put_bytes(1, code, size - frame);
	assert_int_equal(made.size, size);
}

static void requests_have_their_limit_on_the_wire(void **state)
{
	(void)state;
	make_query_of(ENVELOPE_REQUEST_MAX);
	must_unpack(&suanpan__query__descriptor);
	make_query_of(ENVELOPE_REQUEST_MAX + 1);
	must_answer(&suanpan__query__descriptor, ENVELOPE_TOO_LARGE);
}

static void answers_have_their_limit_on_the_wire(void **state)
{
	static uint8_t padding[ENVELOPE_ANSWER_MAX];

	(void)state;
	memset(padding, 'a', sizeof padding);
	begin();
	put_number(1, 1);
	put_number(4, 1);
	put_bytes(8, padding, ENVELOPE_ANSWER_MAX - 8);
	assert_int_equal(made.size, ENVELOPE_ANSWER_MAX);
	must_unpack(&suanpan__ack__descriptor);
	put("\x20\x01", 2);
	must_answer(&suanpan__ack__descriptor, ENVELOPE_TOO_LARGE);
}

/* Many tiny sub-messages: each costs its struct. */
static void make_bomb(size_t size)
{
	begin();
	put_number(1, 1);
	put_number(2, 1);
	put_number(3, 1);
	while (made.size + 6 <= size) {
		put_varint(11 << 3 | 2);
		put_varint(4);
		put_bytes(1, "", 0);
		put_bytes(2, "", 0);
	}
}

static void a_message_bomb_is_too_large(void **state)
{
	(void)state;
	make_bomb(ENVELOPE_ANSWER_MAX);
	must_answer(&suanpan__answer__descriptor, ENVELOPE_TOO_LARGE);
	arena_reset(arena);
	make_bomb(10000);
	const Suanpan__Answer *answer = (const Suanpan__Answer *)must_unpack(&suanpan__answer__descriptor);
	assert_true(answer->n_list > 1000);
}

static void bombs_within_the_limit_of_requests_stay_within_the_budget(void **state)
{
	static const struct {
		unsigned field;
		const char *bytes;
		size_t size;
	} ROWS[] = {{6, "", 0}, {16, "\x08\x01\x12\x00", 4}, {16, "", 0}, {500, "", 0}};

	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
		ProtobufCMessage *message = NULL;
		uint64_t major;
		arena_reset(arena);
		begin();
		put_number(1, 1);
		put_bytes(2, stream, sizeof stream);
		put_number(3, 1);
		while (made.size + 16 <= ENVELOPE_REQUEST_MAX)
			put_bytes(ROWS[i].field, ROWS[i].bytes, ROWS[i].size);
		int answer = unpack(&suanpan__report__descriptor, &major, &message);
		assert_true(answer == 0 || answer == ENVELOPE_MALFORMED || answer == ENVELOPE_TOO_LARGE);
	}
}

/* Whatever the budget, the answer is one of two. */
static void every_budget_is_enough_or_too_small(void **state)
{
	bool was_enough = false;

	(void)state;
	make_report();
	for (size_t budget = 0; budget < 8192; budget += 8) {
		struct arena *small = NULL;
		ProtobufCMessage *message = NULL;
		uint64_t major;
		assert_int_equal(arena_new(budget, &small), 0);
		int answer = envelope_unpack(&suanpan__report__descriptor, made.at, made.size, small, &major,
		                             &message);
		assert_true(answer == (was_enough ? 0 : answer == 0 ? 0 : ENVELOPE_TOO_LARGE));
		was_enough = was_enough || answer == 0;
		arena_free(small);
	}
	assert_true(was_enough);
}

/* ---- unknown fields */

static void unknown_fields_are_seen_at_the_top(void **state)
{
	(void)state;
	make_report();
	put_number(200, 1);
	assert_true(envelope_has_unknown_fields(must_unpack(&suanpan__report__descriptor)));
	make_report();
	put_bytes(200, "x", 1);
	assert_true(envelope_has_unknown_fields(must_unpack(&suanpan__report__descriptor)));
}

static void unknown_fields_are_seen_in_repeated_messages(void **state)
{
	(void)state;
	make_report();
	put_bytes(16, "\x08\x01\x12\x01x", 5);
	assert_false(envelope_has_unknown_fields(must_unpack(&suanpan__report__descriptor)));
	put_bytes(16, "\x08\x01\x12\x01x\x18\x01", 7);
	assert_true(envelope_has_unknown_fields(must_unpack(&suanpan__report__descriptor)));
}

static void unknown_fields_are_seen_in_single_and_deep_messages(void **state)
{
	Suanpan__Value value = SUANPAN__VALUE__INIT;
	Suanpan__PlanRow row = SUANPAN__PLAN_ROW__INIT;
	Suanpan__PlanRow *rows[] = {&row};
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;
	ProtobufCMessageUnknownField unknown = {
	    .tag = 300, .wire_type = PROTOBUF_C_WIRE_TYPE_VARINT, .len = 1, .data = (uint8_t[]){1}};

	(void)state;
	value.code = value.area = value.area_name = value.period = value.unit = value.status = (char[]){"x"};
	row.row = row.indicator = row.name = row.unit = row.comparison = row.nature = row.verdict =
	    (char[]){"x"};
	row.value = &value;
	answer.major = 1;
	answer.plan = rows, answer.n_plan = 1;
	pack_into_made(&answer.base);
	assert_false(envelope_has_unknown_fields(must_unpack(&suanpan__answer__descriptor)));
	value.base.unknown_fields = &unknown, value.base.n_unknown_fields = 1;
	pack_into_made(&answer.base);
	assert_true(envelope_has_unknown_fields(must_unpack(&suanpan__answer__descriptor)));
	begin();
	put_number(1, 1);
	put_number(2, 1);
	put_bytes(12, "\x0a\x01x\x78\x01", 5);
	assert_true(envelope_has_unknown_fields(must_unpack(&suanpan__query__descriptor)));
}

static void absent_messages_have_no_unknown_fields(void **state)
{
	(void)state;
	begin();
	put_number(1, 1);
	put_number(2, 1);
	assert_false(envelope_has_unknown_fields(must_unpack(&suanpan__query__descriptor)));
}

/* ---- NUL: C would see a shorter string */

static void a_string_with_a_nul_is_malformed(void **state)
{
	static const char note[] = "\x08\x01\x12\x03x\0y";
	static const unsigned text_fields[] = {5, 6, 8, 9, 17};

	(void)state;
	for (size_t i = 0; i < sizeof text_fields / sizeof text_fields[0]; i++) {
		unsigned field = text_fields[i];
		make_report();
		put_bytes(field, "beds\0", 5);
		must_answer(&suanpan__report__descriptor, ENVELOPE_MALFORMED);
		make_report();
		put_bytes(field, "\0beds", 5);
		must_answer(&suanpan__report__descriptor, ENVELOPE_MALFORMED);
		make_report();
		put_bytes(field, "\0", 1);
		must_answer(&suanpan__report__descriptor, ENVELOPE_MALFORMED);
		make_report();
		put_bytes(field, "", 0);
		must_unpack(&suanpan__report__descriptor);
	}
	make_report();
	put_bytes(16, note, sizeof note - 1);
	must_answer(&suanpan__report__descriptor, ENVELOPE_MALFORMED);
	begin();
	put_number(1, 1);
	put_number(2, 1);
	put_bytes(12, "\x0a\x02x\0", 4); /* the code of a SeriesQuery */
	must_answer(&suanpan__query__descriptor, ENVELOPE_MALFORMED);
}

static void a_nul_elsewhere_is_no_harm(void **state)
{
	static const uint8_t zeros[16];

	(void)state;
	make_report();
	put_bytes(2, zeros, sizeof zeros);  /* bytes, not text */
	put_bytes(13, zeros, sizeof zeros); /* packed numbers */
	put_number(5 << 10, 0);             /* an unknown field */
	put_bytes(900, zeros, sizeof zeros);
	must_unpack(&suanpan__report__descriptor);
}

/* ---- damage */

/* From memory of exactly that size, so that the sanitizer sees a read beyond it. */
static void unpack_exactly(const void *bytes, size_t size)
{
	ProtobufCMessage *message = NULL;
	uint64_t major;
	uint8_t *copy = malloc(size ? size : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	arena_reset(arena);
	int answer = envelope_unpack(&suanpan__report__descriptor, copy, size, arena, &major, &message);
	assert_true(answer >= 0 && answer <= ENVELOPE_TOO_LARGE);
	assert_int_equal(answer == 0, message != NULL);
	if (message)
		envelope_has_unknown_fields(message);
	free(copy);
}

static void truncated_bytes_never_crash(void **state)
{
	(void)state;
	make_report();
	for (size_t size = 0; size <= made.size; size++)
		unpack_exactly(made.at, size);
}

static void flipped_bytes_never_crash(void **state)
{
	(void)state;
	make_report();
	for (size_t i = 0; i < made.size; i++) {
		uint8_t before = made.at[i];
		for (unsigned value = 0; value < 256; value++) {
			made.at[i] = (uint8_t)value;
			unpack_exactly(made.at, made.size);
		}
		made.at[i] = before;
	}
}

static void random_bytes_never_crash(void **state)
{
	uint64_t random = 88172645463325252u;
	uint8_t bytes[64];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		for (size_t j = 0; j < sizeof bytes; j++) {
			random ^= random << 13, random ^= random >> 7, random ^= random << 17;
			bytes[j] = (uint8_t)(random >> 32);
		}
		bytes[0] = 8, bytes[1] = 1;
		unpack_exactly(bytes, (size_t)(random % (sizeof bytes + 1)));
	}
}

/* ---- the name of a report, without unpacking it */

/* What is found is what unpacking finds. It may find a name in what is no report as a whole, and none where a number is longer
 * than it can be (protobuf-c cuts it). */
static bool found_as_unpacked(const void *bytes, size_t size)
{
	ProtobufCMessage *message;
	uint8_t name[ENVELOPE_STREAM_SIZE];
	uint64_t major, sequence;
	bool found = envelope_find_name(bytes, size, name, &sequence);

	arena_reset(arena);
	if (envelope_unpack(&suanpan__report__descriptor, bytes, size, arena, &major, &message) || !found)
		return found;
	const Suanpan__Report *report = (const Suanpan__Report *)message;
	assert_int_equal(report->stream.len, ENVELOPE_STREAM_SIZE);
	assert_memory_equal(name, report->stream.data, sizeof name);
	assert_true(sequence == report->sequence);
	return true;
}

static void a_reports_name_is_found_without_unpacking_it(void **state)
{
	(void)state;
	make_report();
	assert_true(found_as_unpacked(made.at, made.size));
	for (size_t i = 0; i < made.size; i++) {
		uint8_t before = made.at[i];
		for (unsigned value = 0; value < 256; value++) {
			made.at[i] = (uint8_t)value;
			found_as_unpacked(made.at, made.size);
		}
		made.at[i] = before;
	}
	for (size_t size = 0; size < made.size; size++)
		found_as_unpacked(made.at, size);
	put_number(3, 7); /* the last of two counts */
	assert_true(found_as_unpacked(made.at, made.size));
	put_number(3, 0);
	assert_false(found_as_unpacked(made.at, made.size));
	put_number(3, 8);
	put_bytes(2, "0123456789abcde", 15);
	assert_false(found_as_unpacked(made.at, made.size));
}

/* ---- hash */

static void hash_is_blake2b_256(void **state)
{
	/* `printf %s abc | b2sum -l 256`, and of nothing */
	static const uint8_t ABC[] = {0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42, 0x39, 0x72, 0x31, 0x71, 0xef,
	                              0x3f, 0xee, 0x98, 0x57, 0x9b, 0x94, 0x96, 0x4e, 0x3b, 0xb1, 0xcb,
	                              0x3e, 0x42, 0x72, 0x62, 0xc8, 0xc0, 0x68, 0xd5, 0x23, 0x19};
	static const uint8_t NOTHING[] = {0x0e, 0x57, 0x51, 0xc0, 0x26, 0xe5, 0x43, 0xb2, 0xe8, 0xab, 0x2e,
	                                  0xb0, 0x60, 0x99, 0xda, 0xa1, 0xd1, 0xe5, 0xdf, 0x47, 0x77, 0x8f,
	                                  0x77, 0x87, 0xfa, 0xab, 0x45, 0xcd, 0xf1, 0x2f, 0xe3, 0xa8};
	uint8_t hash[ENVELOPE_HASH_SIZE];

	(void)state;
	envelope_hash("abc", 3, hash);
	assert_memory_equal(hash, ABC, sizeof ABC);
	envelope_hash("", 0, hash);
	assert_memory_equal(hash, NOTHING, sizeof NOTHING);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, start_afresh)
	const struct CMUnitTest tests[] = {
	    CASE(what_is_packed_is_unpacked),
	    CASE(packing_stops_at_its_limit),
	    CASE(a_newer_major_is_unsupported_whatever_follows),
	    CASE(a_newer_major_is_found_behind_other_fields),
	    CASE(a_newer_major_may_be_larger_than_this_one),
	    CASE(a_message_of_two_majors_is_malformed),
	    CASE(without_a_major_it_is_no_message),
	    CASE(required_fields_are_required),
	    CASE(requests_have_their_limit_on_the_wire),
	    CASE(answers_have_their_limit_on_the_wire),
	    CASE(a_message_bomb_is_too_large),
	    CASE(bombs_within_the_limit_of_requests_stay_within_the_budget),
	    CASE(every_budget_is_enough_or_too_small),
	    CASE(unknown_fields_are_seen_at_the_top),
	    CASE(unknown_fields_are_seen_in_repeated_messages),
	    CASE(unknown_fields_are_seen_in_single_and_deep_messages),
	    CASE(absent_messages_have_no_unknown_fields),
	    CASE(a_string_with_a_nul_is_malformed),
	    CASE(a_nul_elsewhere_is_no_harm),
	    CASE(truncated_bytes_never_crash),
	    CASE(flipped_bytes_never_crash),
	    CASE(random_bytes_never_crash),
	    CASE(a_reports_name_is_found_without_unpacking_it),
	    CASE(hash_is_blake2b_256),
	};

	return cmocka_run_group_tests_name("proto_envelope", tests, set_up, tear_down);
}
