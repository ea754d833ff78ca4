#include "daemon/query/question.h"

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
	return question_add(question, &row.base);
}
