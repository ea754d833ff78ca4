#include "daemon/query/question.h"

#include "daemon/store/alerts.h"

static void add_counters(const struct counters *counters, Suanpan__Status *row)
{
	const struct {
		protobuf_c_boolean *has;
		uint64_t *count;
		enum counter which;
	} fields[] = {
	    {&row->has_connections, &row->connections, COUNTER_CONNECTIONS},
	    {&row->has_connections_closed, &row->connections_closed, COUNTER_CONNECTIONS_CLOSED},
	    {&row->has_handshakes, &row->handshakes, COUNTER_HANDSHAKES},
	    {&row->has_handshakes_strange, &row->handshakes_strange, COUNTER_HANDSHAKES_STRANGE},
	    {&row->has_handshakes_limited, &row->handshakes_limited, COUNTER_HANDSHAKES_LIMITED},
	    {&row->has_connections_silent, &row->connections_silent, COUNTER_CONNECTIONS_SILENT},
	    {&row->has_messages_forbidden, &row->messages_forbidden, COUNTER_MESSAGES_FORBIDDEN},
	    {&row->has_messages_dropped, &row->messages_dropped, COUNTER_MESSAGES_DROPPED},
	    {&row->has_reports_foreign, &row->reports_foreign, COUNTER_REPORTS_FOREIGN},
	    {&row->has_reports_overloaded, &row->reports_overloaded, COUNTER_REPORTS_OVERLOADED},
	    {&row->has_answers_unread, &row->answers_unread, COUNTER_ANSWERS_UNREAD},
	    {&row->has_subscriptions_denied, &row->subscriptions_denied, COUNTER_SUBSCRIPTIONS_DENIED},
	    {&row->has_acts, &row->acts, COUNTER_ACTS},
	};
	_Static_assert(sizeof fields / sizeof fields[0] == COUNTER_COUNT, "each counter has its field");
	for (size_t i = 0; i < COUNTER_COUNT; i++) {
		*fields[i].has = 1;
		*fields[i].count = counted(counters, fields[i].which);
	}
}

int answer_status(struct question *question)
{
	const struct answer_context *context = question->context;
	struct wording *words = &question->words;
	struct store_summary summary;
	uint8_t catalogue[STORE_HASH_SIZE];
	const void *bytes;
	size_t size;
	int result = snapshot_summary(question->snapshot, &summary);
	if (result == 0)
		result = snapshot_catalogue(question->snapshot, &bytes, &size, catalogue);
	struct alert_count alerts;
	if (result == 0)
		result = snapshot_count_alerts(question->snapshot, &alerts);
	if (result != 0)
		return result;
	struct store_disk disk;
	result = store_look_at_disk(context->store, &disk);
	if (result != 0)
		return result;
	Suanpan__Status row = SUANPAN__STATUS__INIT;
	row.version = wording_borrow(SUANPAN_VERSION);
	row.format = STORE_FORMAT;
	row.commit = summary.commit;
	row.entries = summary.entries;
	row.observations = summary.observations;
	row.revisions = summary.revisions;
	row.values = summary.values;
	row.refused = summary.refused;
	row.head = wording_hex(words, summary.head, sizeof summary.head);
	row.epoch = context->live_epoch;
	row.started = wording_time(words, context->started_wall_ms);
	row.map_bytes = summary.map_bytes;
	row.used_bytes = summary.used_bytes;
	row.has_recomputed = row.has_recomputed_in_all = row.has_changed = 1;
	row.recomputed = summary.recomputed;
	row.recomputed_in_all = summary.recomputed_in_all;
	row.changed = summary.changed;
	row.catalogue = wording_hex(words, catalogue, sizeof catalogue);
	row.has_archived = context->archived != NULL;
	if (context->archived)
		row.archived = atomic_load(context->archived);
	row.has_disk_free_bytes = row.has_disk_reserve_bytes = 1;
	row.disk_free_bytes = disk.free_bytes;
	row.disk_reserve_bytes = disk.reserve_bytes;
	row.refusing = disk.is_low ? wording_borrow(fault_text(FAULT_DISK_LOW)) : NULL;
	row.has_alerts_open = row.has_alerts_acknowledged = 1;
	row.alerts_open = alerts.open;
	row.alerts_acknowledged = alerts.acknowledged;
	if (context->counters)
		add_counters(context->counters, &row);
	return question_add(question, &row.base);
}
