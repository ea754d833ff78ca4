/* The spool's records as bytes: sealing, writing, reading. Private to the files named spool_*.
 *
 * On disk (numbers are little-endian, keys of reports big-endian so that they sort):
 *   meta     "format"    u32
 *            "identity"  seal, stream[16], next u64, reporter (the rest)
 *            "cache"     seal, wall_ms u64, bytes (the rest)
 *            "amended"   seal, sequence u64, its payload's size u32 before something was appended to it
 *   reports  sequence    seal, BODY: not decided yet
 *   kept     sequence    seal, decided_ms u64, accepted u32, BODY: decided, kept for the day it is asked for again
 *   BODY is wall_ms u64, payload size u32, rows u32, files u32, payload, per row: file u32, line u32; per file:
 *   its name and a NUL. A report is in one of the two tables, never in both.
 * A seal is XXH3 (64 bits) of the key and of everything behind it. Format 1 had neither "kept" nor "amended". */
#ifndef SUANPAN_CLIENTS_REPORT_SPOOL_RECORD_H
#define SUANPAN_CLIENTS_REPORT_SPOOL_RECORD_H

#include "clients/report/spool.h"
#include <endian.h>
#include <lmdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SEAL_SIZE sizeof(uint64_t)
/* What stands between the seal and the body of a kept report. */
#define KEPT_HEAD (sizeof(uint64_t) + sizeof(uint32_t))
#define BODY_HEAD (sizeof(uint64_t) + 3 * sizeof(uint32_t))

static inline void put_u32(uint8_t **at, uint32_t number)
{
	number = htole32(number);
	memcpy(*at, &number, sizeof number);
	*at += sizeof number;
}

static inline void put_u64(uint8_t **at, uint64_t number)
{
	number = htole64(number);
	memcpy(*at, &number, sizeof number);
	*at += sizeof number;
}

static inline void put_bytes(uint8_t **at, const void *bytes, size_t size)
{
	if (size)
		memcpy(*at, bytes, size);
	*at += size;
}

static inline uint32_t get_u32(const uint8_t **at)
{
	uint32_t number;
	memcpy(&number, *at, sizeof number);
	*at += sizeof number;
	return le32toh(number);
}

static inline uint64_t get_u64(const uint8_t **at)
{
	uint64_t number;
	memcpy(&number, *at, sizeof number);
	*at += sizeof number;
	return le64toh(number);
}

void spool_set_seal(const MDB_val *key, const MDB_val *value);
bool spool_seal_holds(const MDB_val *key, const MDB_val *value);

static inline MDB_val text_key(const char *text)
{
	/* LMDB's type is not const; it does not write to keys. */
	return (MDB_val){.mv_data = (void *)(uintptr_t)text, .mv_size = strlen(text)};
}

struct sequence_key {
	uint64_t big_endian;
};
/* `key` must live as long as the answer. */
static inline MDB_val key_of(struct sequence_key *key, uint64_t sequence)
{
	key->big_endian = htobe64(sequence);
	return (MDB_val){.mv_data = key, .mv_size = sizeof *key};
}

static inline uint64_t sequence_of(const MDB_val *key)
{
	uint64_t big_endian = 0;
	if (key->mv_size == sizeof big_endian)
		memcpy(&big_endian, key->mv_data, sizeof big_endian);
	return be64toh(big_endian);
}

size_t spool_body_size(const struct spool_report *report);
void spool_write_body(const struct spool_report *report, uint8_t *at);
/* One block from malloc, the caller's to free: the report with all it points to. `head` is how far behind the seal its
 * body begins. FAULT_CORRUPT if the sizes in it do not add up, or -ENOMEM. */
int MUST_CHECK spool_copy_report(const MDB_val *value, size_t head, struct spool_report **ret_report);

#endif
