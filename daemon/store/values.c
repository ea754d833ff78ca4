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

int write_value(struct write *write, uint32_t indicator, uint32_t area, struct period period,
                const struct value *value, bool *ret_changed)
{
	const struct catalogue *catalogue = write->store->catalogue;
	struct db_key key =
	    layout_values_key(catalogue->indicators[indicator].id, catalogue->areas[area].id, period);
	struct db_value stored;
	int found = db_get(write->txn, TABLE_VALUES, &key, &stored);
	if (found < 0)
		return found;
	if (value->cells == 0) {
		*ret_changed = found == 0;
		if (found == 0) {
			db_delete(write->txn, TABLE_VALUES, &key);
			write->head.values--;
		}
		return db_failure(write->txn);
	}
	struct encoded_value fresh;
	size_t size = encode(catalogue, value, &fresh);
	*ret_changed = found != 0 || !is_same(&fresh, size, stored);
	if (!*ret_changed)
		return 0;
	fresh.record.commit = write->head.commit;
	if (found != 0)
		write->head.values++;
	db_put(write->txn, TABLE_VALUES, &key, &fresh, size);
	return db_failure(write->txn);
}
