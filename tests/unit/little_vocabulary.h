/* The words of a small city, as vocabulary_ask would have brought them:
 *
 *     440100 Guangzhou (city) -> 440103 Liwan, 440104 Yuexiu, 440183 Zengcheng (districts);  group central
 *     residents: yearly, 0 decimals;  income: quarterly, 2 decimals;  expectancy: yearly, 1 decimal, by city
 *     liwan reports 440103, everything but expectancy;  bureau reports 440100, expectancy only */
#ifndef SUANPAN_TESTS_UNIT_LITTLE_VOCABULARY_H
#define SUANPAN_TESTS_UNIT_LITTLE_VOCABULARY_H

#include "clients/report/vocabulary.h"
#include "proto/suanpan.pb-c.h"
#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

struct little_bytes {
	uint8_t bytes[4096];
	size_t size;
};

static inline void little_add_answer(struct little_bytes *bytes, Suanpan__ListKind kind,
                                     Suanpan__ListRow rows[], size_t count)
{
	Suanpan__ListRow *list[16];
	Suanpan__Answer answer = SUANPAN__ANSWER__INIT;
	for (size_t i = 0; i < count; i++)
		list[i] = &rows[i];
	answer.major = 1;
	answer.last = 1;
	answer.n_list = count;
	answer.list = list;
	const uint32_t head[] = {htole32((uint32_t)kind),
	                         htole32((uint32_t)suanpan__answer__get_packed_size(&answer))};
	assert(bytes->size + sizeof head + le32toh(head[1]) <= sizeof bytes->bytes);
	memcpy(bytes->bytes + bytes->size, head, sizeof head);
	bytes->size += sizeof head;
	bytes->size += suanpan__answer__pack(&answer, bytes->bytes + bytes->size);
}

static inline Suanpan__ListRow little_area(const char *code, const char *level, const char *en,
                                           const char *hans, const char *hant)
{
	Suanpan__ListRow row = SUANPAN__LIST_ROW__INIT;
	row.code = (char *)(uintptr_t)code;
	row.kind = (char *)(uintptr_t)level;
	row.name = row.name_en = (char *)(uintptr_t)en;
	row.name_zh_hans = (char *)(uintptr_t)hans;
	row.name_zh_hant = (char *)(uintptr_t)hant;
	return row;
}

static inline Suanpan__ListRow little_statistic(const char *code, const char *frequency, uint64_t decimals,
                                                const char *level)
{
	Suanpan__ListRow row = SUANPAN__LIST_ROW__INIT;
	row.code = row.name = (char *)(uintptr_t)code;
	row.frequency = (char *)(uintptr_t)frequency;
	row.level = (char *)(uintptr_t)level;
	row.has_decimals = 1;
	row.decimals = decimals;
	return row;
}

static inline struct little_bytes little_bytes(void)
{
	char *liwan_areas[] = {(char[]){"440103"}}, *bureau_areas[] = {(char[]){"440100"}};
	char *liwan_statistics[] = {(char[]){"residents"}, (char[]){"income"}};
	char *bureau_statistics[] = {(char[]){"expectancy"}};
	Suanpan__ListRow statistics[] = {little_statistic("residents", "A", 0, "district"),
	                                 little_statistic("income", "Q", 2, "district"),
	                                 little_statistic("expectancy", "A", 1, "city")};
	Suanpan__ListRow areas[] = {
	    little_area("440100", "city", "Guangzhou", "广州市", "廣州市"),
	    little_area("440103", "district", "Liwan", "荔湾区", "荔灣區"),
	    little_area("440104", "district", "Yuexiu", "越秀区", "越秀區"),
	    little_area("440183", "district", "Zengcheng", "增城区", "增城區"),
	    little_area("central", "group", "Central districts", "中心城区", "中心城區")};
	Suanpan__ListRow reporters[] = {SUANPAN__LIST_ROW__INIT, SUANPAN__LIST_ROW__INIT};
	reporters[0].code = reporters[0].name = (char[]){"liwan"};
	reporters[0].n_scope_area = 1;
	reporters[0].scope_area = liwan_areas;
	reporters[0].n_scope_statistic = 2;
	reporters[0].scope_statistic = liwan_statistics;
	reporters[1].code = reporters[1].name = (char[]){"bureau"};
	reporters[1].n_scope_area = 1;
	reporters[1].scope_area = bureau_areas;
	reporters[1].n_scope_statistic = 1;
	reporters[1].scope_statistic = bureau_statistics;
	struct little_bytes bytes = {.size = 0};
	little_add_answer(&bytes, SUANPAN__LIST_KIND__LIST_STATISTICS, statistics, 3);
	little_add_answer(&bytes, SUANPAN__LIST_KIND__LIST_AREAS, areas, 2); /* in two chunks */
	little_add_answer(&bytes, SUANPAN__LIST_KIND__LIST_AREAS, areas + 2, 3);
	little_add_answer(&bytes, SUANPAN__LIST_KIND__LIST_REPORTERS, reporters, 2);
	return bytes;
}

static inline struct vocabulary *little_vocabulary(void)
{
	const struct little_bytes bytes = little_bytes();
	struct vocabulary *vocabulary;
	int answer = vocabulary_new(bytes.bytes, bytes.size, &vocabulary);
	assert(answer == 0);
	(void)answer;
	return vocabulary;
}

#endif
