#include "daemon/store/write_internal.h"
#include <string.h>

#define LISTED_MAX 64

struct encoded_value {
	struct value_record record;
	uint32_t ids[2 * LISTED_MAX];
};

static size_t encode(const struct catalogue *catalogue, const struct value *value, struct encoded_value *ret)
{
	uint32_t missing = value->missing_count < LISTED_MAX ? value->missing_count : LISTED_MAX;
	uint32_t carried = value->carried_count < LISTED_MAX ? value->carried_count : LISTED_MAX;
	memset(ret, 0, sizeof *ret);
	ret->record = (struct value_record){
	    .units = value->state == VALUE_PRESENT ? value->units : 0,
	    .reported = value->reported,
	    .expected = value->expected,
	    .missing_count = value->missing_count,
	    .carried_count = value->carried_count,
	    .listed_missing = (uint16_t)missing,
	    .listed_carried = (uint16_t)carried,
	    .state = (uint8_t)value->state,
	    .status = (uint8_t)value->status,
	};
	for (uint32_t i = 0; i < missing; i++)
		ret->ids[i] = catalogue->areas[value->missing[i]].id;
	for (uint32_t i = 0; i < carried; i++)
		ret->ids[missing + i] = catalogue->areas[value->carried[i]].id;
	return sizeof ret->record + (missing + carried) * sizeof ret->ids[0];
}

/* Equal but for the commit that wrote it. */
static bool is_same(const struct encoded_value *fresh, size_t size, struct db_value stored)
{
	struct value_record before;
	if (stored.size != size)
		return false;
	memcpy(&before, stored.bytes, sizeof before);
	before.commit = fresh->record.commit;
	return memcmp(&before, &fresh->record, sizeof before) == 0 &&
	       memcmp((const char *)stored.bytes + sizeof before, fresh->ids, size - sizeof before) == 0;
}

/* What is kept until now goes to the past under the commit that wrote it; nothing kept any more is an empty version of this
 * commit. A value that this very commit wrote has no past of its own. */
static void retire(struct write *write, const struct db_key *key, struct db_value stored)
{
	struct value_record before;
	memcpy(&before, stored.bytes, sizeof before);
	if (before.commit == write->head.commit)
		return;
	struct db_key version = layout_version_key(*key, before.commit);
	char copy[sizeof(struct encoded_value)];
	memcpy(copy, stored.bytes, stored.size); /* a put may move what the map holds */
	db_put(write->txn, TABLE_PAST_VALUES, &version, copy, stored.size);
}

static bool is_record(struct db_value stored)
{
	return stored.size >= sizeof(struct value_record) && stored.size <= sizeof(struct encoded_value);
}

int write_drop_value(struct write *write, const struct db_key *key)
{
	struct db_key version = layout_version_key(*key, write->head.commit);
	struct db_value stored;
	int found = db_get(write->txn, TABLE_VALUES, key, &stored);
	if (found != 0 || !is_record(stored))
		return found < 0 ? found : found == 0 ? (int)FAULT_CORRUPT : 0;
	retire(write, key, stored);
	db_put(write->txn, TABLE_PAST_VALUES, &version, "", 0);
	db_delete(write->txn, TABLE_VALUES, key);
	write->head.values--;
	write->head.changed++;
	return db_failure(write->txn);
}

int write_value(struct write *write, uint32_t indicator, uint32_t area, struct period period,
                const struct value *value, bool *ret_changed)
{
	const struct catalogue *catalogue = write->catalogue;
	struct db_key key =
	    layout_values_key(catalogue->indicators[indicator].id, catalogue->areas[area].id, period);
	struct db_value stored;
	int found = db_get(write->txn, TABLE_VALUES, &key, &stored);
	if (found < 0 || (found == 0 && !is_record(stored)))
		return found < 0 ? found : FAULT_CORRUPT;
	write->head.recomputed++;
	write->head.recomputed_in_all++;
	*ret_changed = found == 0;
	if (value->cells == 0)
		return write_drop_value(write, &key);
	*ret_changed = false;
	struct encoded_value fresh;
	size_t size = encode(catalogue, value, &fresh);
	if (found == 0 && is_same(&fresh, size, stored))
		return 0;
	if (found == 0)
		retire(write, &key, stored);
	else
		write->head.values++;
	fresh.record.commit = write->head.commit;
	db_put(write->txn, TABLE_VALUES, &key, &fresh, size);
	write->head.changed++;
	*ret_changed = true;
	return db_failure(write->txn);
}
