#include "daemon/store/alerts.h"

#include "daemon/store/read_internal.h"
#include "daemon/store/write_internal.h"
#include "proto/envelope.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- on disk and back ---- */

struct text_place {
	char *text;
	size_t size;
};

static void find_texts(struct alert *alert, struct text_place ret_places[ALERT_TEXT_COUNT])
{
	struct alert_facts *facts = &alert->facts;
	const struct text_place places[ALERT_TEXT_COUNT] = {
	    [ALERT_TEXT_CODE] = {facts->code, sizeof facts->code},
	    [ALERT_TEXT_AREA] = {facts->area, sizeof facts->area},
	    [ALERT_TEXT_REPORTER] = {facts->reporter, sizeof facts->reporter},
	    [ALERT_TEXT_PLAN] = {facts->plan, sizeof facts->plan},
	    [ALERT_TEXT_ROW] = {facts->row, sizeof facts->row},
	    [ALERT_TEXT_RULE] = {facts->rule, sizeof facts->rule},
	    [ALERT_TEXT_ACTOR] = {alert->actor, sizeof alert->actor},
	    [ALERT_TEXT_WHY] = {alert->why, sizeof alert->why},
	};
	memcpy(ret_places, places, sizeof places);
}

#define TEXTS_SIZE_MAX ((ALERT_TEXT_COUNT - 1) * (CODE_LENGTH_MAX + 1) + ALERT_TEXT_MAX + 1)

static size_t encode_texts(struct alert *alert, char ret_bytes[TEXTS_SIZE_MAX])
{
	struct text_place places[ALERT_TEXT_COUNT];
	size_t size = 0;
	find_texts(alert, places);
	for (int i = 0; i < ALERT_TEXT_COUNT; i++) {
		size_t length = strlen(places[i].text);
		memcpy(ret_bytes + size, places[i].text, length + 1);
		size += length + 1;
	}
	return size;
}

static int decode_texts(const char *bytes, size_t size, struct alert *alert)
{
	struct text_place places[ALERT_TEXT_COUNT];
	find_texts(alert, places);
	for (int i = 0; i < ALERT_TEXT_COUNT; i++) {
		const char *end = memchr(bytes, '\0', size);
		if (!end || (size_t)(end - bytes) >= places[i].size)
			return FAULT_CORRUPT;
		size_t taken = (size_t)(end - bytes) + 1;
		memcpy(places[i].text, bytes, taken);
		bytes += taken;
		size -= taken;
	}
	return size == 0 ? 0 : (int)FAULT_CORRUPT;
}

static struct alert_record encode_facts(const struct alert *alert)
{
	const struct alert_facts *facts = &alert->facts;
	return (struct alert_record){
	    .raised = alert->raised_commit,
	    .units = facts->units,
	    .period = facts->period.code,
	    .due_day = facts->due_day,
	    .part = facts->part,
	    .whole = facts->whole,
	    .kind = (uint8_t)facts->kind,
	    .state = (uint8_t)alert->state,
	    .severity = (uint8_t)facts->severity,
	    .flags = (uint8_t)((facts->provisional ? ALERT_FLAG_PROVISIONAL : 0) |
	                       (facts->binding ? ALERT_FLAG_BINDING : 0) |
	                       (facts->has_value ? ALERT_FLAG_VALUE : 0)),
	    .decimals = (uint8_t)facts->decimals,
	    .chance = (uint8_t)facts->chance,
	    .agreed = (uint8_t)facts->agreed,
	};
}

static bool is_possible(const struct alert_record *record)
{
	return record->kind > 0 && record->kind < ALERT_KIND_END && record->state > 0 &&
	       record->state < ALERT_STATE_END && record->severity < ALERT_SEVERITY_END;
}

static int decode(const struct db_key *key, struct db_value stored, struct alert *ret_alert)
{
	struct alert_record record;
	size_t offset = 0;
	if (key->size != 2 * sizeof(uint64_t) || stored.size < sizeof record)
		return FAULT_CORRUPT;
	memcpy(&record, stored.bytes, sizeof record);
	if (!is_possible(&record))
		return FAULT_CORRUPT;
	memset(ret_alert, 0, sizeof *ret_alert);
	ret_alert->number = db_key_take_u64(key, &offset);
	ret_alert->changed_commit = db_key_take_u64(key, &offset);
	ret_alert->raised_commit = record.raised;
	ret_alert->state = record.state;
	struct alert_facts *facts = &ret_alert->facts;
	facts->kind = record.kind;
	facts->severity = record.severity;
	facts->provisional = record.flags & ALERT_FLAG_PROVISIONAL;
	facts->binding = record.flags & ALERT_FLAG_BINDING;
	facts->has_value = record.flags & ALERT_FLAG_VALUE;
	facts->period.code = record.period;
	facts->due_day = record.due_day;
	facts->part = record.part;
	facts->whole = record.whole;
	facts->units = record.units;
	facts->decimals = record.decimals;
	facts->chance = record.chance;
	facts->agreed = record.agreed;
	return decode_texts((const char *)stored.bytes + sizeof record, stored.size - sizeof record,
	                    ret_alert);
}

static int read_times(struct db_txn *txn, struct alert *alert)
{
	struct head_record raised, changed;
	int result = store_read_head(txn, alert->raised_commit, &raised);
	if (result == 0)
		result = store_read_head(txn, alert->changed_commit, &changed);
	if (result != 0)
		return result;
	alert->raised_ms = raised.wall_ms;
	alert->changed_ms = changed.wall_ms;
	return 0;
}

/* ---- writing ---- */

const struct alert *write_alerts(const struct write *write, size_t *ret_count)
{
	*ret_count = write->alert_count;
	return write->alerts;
}

/* Into the table, and to those that this write tells of. */
static int put_alert(struct write *write, struct alert *alert)
{
	char texts[TEXTS_SIZE_MAX];
	int result = write_grow((void **)&write->alerts, write->alert_count, &write->alert_capacity,
	                        sizeof *write->alerts);
	if (result != 0)
		return result;
	const struct alert_record record = encode_facts(alert);
	const size_t size = encode_texts(alert, texts);
	const struct db_key key = layout_alert_key(alert->number, alert->changed_commit);
	db_put_two(write->txn, TABLE_ALERTS, &key, &record, sizeof record, texts, size);
	write->alerts[write->alert_count++] = *alert;
	write->changed = true;
	return db_failure(write->txn);
}

static int find_newest_number(struct write *write, uint64_t *ret_number)
{
	struct db_key key = layout_alert_key(UINT64_MAX, UINT64_MAX), found;
	struct db_value stored;
	size_t offset = 0;
	int result = db_get_last(write->txn, TABLE_ALERTS, &key, 0, &found, &stored);
	if (result < 0)
		return result;
	*ret_number = result == 0 ? db_key_take_u64(&found, &offset) : 0;
	return 0;
}

int write_raise_alert(struct write *write, const struct alert_facts *facts, uint64_t *ret_number)
{
	uint64_t newest;
	int result = find_newest_number(write, &newest);
	if (result != 0)
		return result;
	struct alert alert = {
	    .number = newest + 1,
	    .state = ALERT_OPEN,
	    .facts = *facts,
	    .raised_commit = write->head.commit,
	    .changed_commit = write->head.commit,
	    .raised_ms = write->head.wall_ms,
	    .changed_ms = write->head.wall_ms,
	};
	result = put_alert(write, &alert);
	if (result == 0)
		*ret_number = alert.number;
	return result;
}

static int read_newest_state(struct write *write, uint64_t number, struct alert *ret_alert)
{
	struct db_key key = layout_alert_key(number, UINT64_MAX), found;
	struct db_value stored;
	int result = db_get_last(write->txn, TABLE_ALERTS, &key, sizeof number, &found, &stored);
	if (result != 0)
		return result == DB_ABSENT ? (int)ALERTS_NO_SUCH : result;
	result = decode(&found, stored, ret_alert);
	return result == 0 ? read_times(write->txn, ret_alert) : result;
}

int write_change_alert(struct write *write, uint64_t number, enum alert_state state, const char *actor,
                       const char *why)
{
	struct alert alert;
	int result = read_newest_state(write, number, &alert);
	if (result != 0)
		return result;
	if (alert.state == state)
		return ALERTS_SO_ALREADY;
	if (alert.state == ALERT_RESOLVED)
		return ALERTS_RESOLVED;
	alert.state = state;
	if (alert.raised_commit == write->head.commit)
		alert.raised_ms = write->head.wall_ms; /* whose time is not on disk yet */
	alert.changed_commit = write->head.commit;
	alert.changed_ms = write->head.wall_ms;
	snprintf(alert.actor, sizeof alert.actor, "%s", actor ? actor : "");
	snprintf(alert.why, sizeof alert.why, "%s", why ? why : "");
	return put_alert(write, &alert);
}

/* ---- what is remembered ---- */

/* Codes have no '/' in them. */
static struct db_key subject_key(const struct alert_subject *subject)
{
	struct db_key key = {.size = 0};
	db_key_add_u8(&key, (uint8_t)subject->kind);
	switch (subject->kind) {
	case ALERT_OVERDUE:
		db_key_add_u32(&key, subject->reporter_id);
		db_key_add_u32(&key, subject->period.code);
		break;
	case ALERT_RULE:
		db_key_add_u32(&key, subject->statistic_id);
		db_key_add_u32(&key, subject->area_id);
		db_key_add_u32(&key, subject->period.code);
		break;
	case ALERT_VERDICT:
	case ALERT_FORECAST:
	case ALERT_MISSED:
		db_key_add_bytes(&key, subject->plan, strlen(subject->plan));
		db_key_add_bytes(&key, "/", 1);
		db_key_add_bytes(&key, subject->row, strlen(subject->row));
		break;
	case ALERT_KIND_END:
		break;
	}
	return key;
}

static struct watched watched_of(const struct watched_record *record)
{
	return (struct watched){.number = record->number,
	                        .severity = record->severity,
	                        .settled = record->settled,
	                        .fine_day = record->fine_day};
}

int write_watched(struct write *write, const struct alert_subject *subject, struct watched *ret_watched)
{
	const struct db_key key = subject_key(subject);
	struct watched_record record = {.number = 0};
	int result = layout_read(write->txn, TABLE_WATCHED, &key, &record, sizeof record);
	if (result < 0)
		return result;
	if (record.severity >= ALERT_SEVERITY_END)
		return FAULT_CORRUPT;
	*ret_watched = watched_of(&record);
	return 0;
}

int write_watch(struct write *write, const struct alert_subject *subject, const struct watched *watched)
{
	const struct db_key key = subject_key(subject);
	struct watched before;
	int result = write_watched(write, subject, &before);
	if (result != 0 || (before.number == watched->number && before.severity == watched->severity &&
	                    before.settled == watched->settled && before.fine_day == watched->fine_day))
		return result;
	const struct watched_record record = {.number = watched->number,
	                                      .severity = (uint8_t)watched->severity,
	                                      .settled = (uint8_t)watched->settled,
	                                      .fine_day = watched->fine_day};
	if (watched->number == 0 && watched->severity == ALERT_FINE && watched->settled == 0)
		db_delete(write->txn, TABLE_WATCHED, &key);
	else
		db_put(write->txn, TABLE_WATCHED, &key, &record, sizeof record);
	write->watched_otherwise = true;
	return db_failure(write->txn);
}

struct watched_walk {
	int (*each)(void *context, const struct alert_subject *subject, const struct watched *watched);
	void *context;
};

/* A subject as its key tells it; the texts are cut in `text`, which holds the key. */
static bool read_subject(const struct db_key *key, char text[DB_KEY_MAX + 1],
                         struct alert_subject *ret_subject)
{
	size_t offset = 1;
	struct alert_subject subject = {.kind = key->size > 0 ? key->bytes[0] : ALERT_KIND_END};
	if (subject.kind == ALERT_OVERDUE && key->size == 9) {
		subject.reporter_id = db_key_take_u32(key, &offset);
		subject.period.code = db_key_take_u32(key, &offset);
	} else if (subject.kind == ALERT_RULE && key->size == 13) {
		subject.statistic_id = db_key_take_u32(key, &offset);
		subject.area_id = db_key_take_u32(key, &offset);
		subject.period.code = db_key_take_u32(key, &offset);
	} else if (subject.kind >= ALERT_VERDICT && subject.kind < ALERT_KIND_END) {
		memcpy(text, key->bytes + 1, key->size - 1);
		text[key->size - 1] = '\0';
		char *slash = strchr(text, '/');
		if (!slash)
			return false;
		*slash = '\0';
		subject.plan = text;
		subject.row = slash + 1;
	} else {
		return false;
	}
	*ret_subject = subject;
	return true;
}

static int take_watched(void *context, const struct db_key *key, struct db_value stored)
{
	struct watched_walk *walk = context;
	struct watched_record record;
	struct alert_subject subject;
	char text[DB_KEY_MAX + 1];
	if (stored.size != sizeof record || !read_subject(key, text, &subject))
		return FAULT_CORRUPT;
	memcpy(&record, stored.bytes, sizeof record);
	const struct watched watched = watched_of(&record);
	return walk->each(walk->context, &subject, &watched);
}

int write_walk_watched(struct write *write,
                       int (*each)(void *context, const struct alert_subject *subject,
                                   const struct watched *watched),
                       void *context)
{
	struct watched_walk walk = {.each = each, .context = context};
	const struct db_key from = {.size = 0};
	return db_walk(write->txn, TABLE_WATCHED, &from, 0, take_watched, &walk);
}

bool write_came_to_something(const struct write *write)
{
	return write->alert_count > 0 || write->watched_otherwise;
}

int write_note_look(struct write *write)
{
	struct journal_record entry = {
	    .commit = write->head.commit, .wall_ms = write->head.wall_ms, .kind = JOURNAL_LOOK};
	envelope_hash("", 0, entry.payload_hash);
	journal_append(write->txn, &write->head.journal, &entry, "", 0);
	write->changed = true;
	return db_failure(write->txn);
}

/* ---- reading ---- */

struct alert_list {
	uint64_t last_commit; /* of the moment */
	struct alert *alerts;
	size_t count, capacity;
};

/* Versions come in the order of number and commit: the last one that is not too new is the one. */
static int take_version(void *context, const struct db_key *key, struct db_value stored)
{
	struct alert_list *list = context;
	struct alert alert;
	int result = decode(key, stored, &alert);
	if (result != 0 || alert.changed_commit > list->last_commit)
		return result;
	if (list->count > 0 && list->alerts[list->count - 1].number == alert.number) {
		list->alerts[list->count - 1] = alert;
		return 0;
	}
	result = write_grow((void **)&list->alerts, list->count, &list->capacity, sizeof *list->alerts);
	if (result == 0)
		list->alerts[list->count++] = alert;
	return result;
}

int snapshot_alerts(struct snapshot *snapshot, struct alert **ret_alerts, size_t *ret_count)
{
	struct alert_list list = {.last_commit = snapshot->moment.commit};
	const struct db_key from = {.size = 0};
	int result = db_walk(snapshot->txn, TABLE_ALERTS, &from, 0, take_version, &list);
	for (size_t i = 0; i < list.count && result == 0; i++)
		result = read_times(snapshot->txn, &list.alerts[i]);
	if (result != 0) {
		free(list.alerts);
		return result;
	}
	*ret_alerts = list.alerts;
	*ret_count = list.count;
	return 0;
}

int snapshot_count_alerts(struct snapshot *snapshot, struct alert_count *ret_count)
{
	struct alert_list list = {.last_commit = snapshot->moment.commit};
	const struct db_key from = {.size = 0};
	struct alert_count count = {.open = 0};
	int result = db_walk(snapshot->txn, TABLE_ALERTS, &from, 0, take_version, &list);
	for (size_t i = 0; i < list.count; i++) {
		count.open += list.alerts[i].state == ALERT_OPEN;
		count.acknowledged += list.alerts[i].state == ALERT_ACKNOWLEDGED;
		count.resolved += list.alerts[i].state == ALERT_RESOLVED;
	}
	free(list.alerts);
	if (result == 0)
		*ret_count = count;
	return result;
}
