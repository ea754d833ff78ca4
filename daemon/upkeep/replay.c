#include "daemon/upkeep/replay.h"

#include "daemon/acts.h"
#include "daemon/catalogue/catalogue.h"
#include "daemon/pipeline.h"
#include "proto/envelope.h"
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A commit that a store had room for may need more of a young map than is kept free. */
#define ROOM_FIRST ((size_t)512 << 20)
#define ROOM_TRIES 8

struct replay {
	struct store *store;
	FILE *errors;
	struct catalogue *catalogue; /* in force; NULL before the first */
	struct reception *reception; /* NULL with it */
	struct writer *writer;
	struct journal_head head; /* of what is in the store */
	/* The reports of one commit, waiting for its last one. */
	struct mail *group, **group_end;
	struct journal_record last; /* of the group */
	uint64_t group_size;
	uint8_t chain[JOURNAL_HASH_SIZE]; /* of the last entry read */
};

static int refuse(struct replay *replay, uint64_t entry, const char *what)
{
	fprintf(replay->errors, "entry %" PRIu64 ": %s\n", entry, what);
	return REPLAY_REFUSED;
}

/* ---- catalogues ---- */

static int build(struct replay *replay, uint64_t entry, const void *bytes, size_t size,
                 struct catalogue **ret_catalogue)
{
	struct catalogue_files files;
	int result = catalogue_files_unpack(bytes, size, &files);
	if (result != 0)
		return result;
	result = catalogue_build(&files, "journal", replay->errors, ret_catalogue);
	catalogue_files_done(&files);
	return result > 0
	           ? refuse(replay, entry, "this version does not take the catalogue any more; see above")
	           : result;
}

/* Old catalogues are not kept: nothing that is in the store or the writer refers to them any more. */
static void switch_to(struct replay *replay, struct catalogue *catalogue)
{
	reception_switch(replay->reception, catalogue);
	catalogue_free(replay->catalogue);
	replay->catalogue = catalogue;
}

static int bind_catalogue_in_force(struct replay *replay, struct snapshot *snapshot)
{
	uint8_t hash[STORE_HASH_SIZE];
	const void *bytes;
	size_t size;
	int result = snapshot_catalogue(snapshot, &bytes, &size, hash);
	if (result != 0)
		return result == SNAPSHOT_NOTHING ? 0 : result;
	result = build(replay, replay->head.entry, bytes, size, &replay->catalogue);
	return result == 0 ? store_bind_catalogue(replay->store, replay->catalogue) : result;
}

/* ---- the head ---- */

static int read_head(struct replay *replay)
{
	struct snapshot *snapshot;
	struct store_summary summary;
	int result = snapshot_open(replay->store, &snapshot);
	if (result != 0)
		return result;
	result = snapshot_summary(snapshot, &summary);
	snapshot_close(snapshot);
	if (result != 0)
		return result;
	replay->head.entry = summary.entries;
	memcpy(replay->head.chain, summary.head, sizeof replay->head.chain);
	return 0;
}

/* ---- a commit of reports ---- */

static void forget_group(struct replay *replay)
{
	for (struct mail *mail = replay->group, *next; mail; mail = next) {
		next = mail->next;
		passage_free((struct passage *)mail);
	}
	replay->group = NULL;
	replay->group_end = &replay->group;
	replay->group_size = 0;
}

/* Why the first report of the group that was not accepted was not, in its ack's words. */
static int refuse_first_unlike(struct replay *replay)
{
	uint64_t entry = replay->head.entry;
	for (struct mail *mail = replay->group; mail; mail = mail->next) {
		struct passage *passage = (struct passage *)mail;
		Suanpan__Ack *ack =
		    passage->ack ? suanpan__ack__unpack(NULL, passage->ack_size, passage->ack) : NULL;
		char what[256] = "";
		entry++;
		if (ack && (ack->outcome != SUANPAN__OUTCOME__OUTCOME_ACCEPTED || ack->has_repeated_report))
			snprintf(what, sizeof what, "it was accepted, and is not any more: %s",
			         ack->reason ? ack->reason : "it seems to be there already");
		suanpan__ack__free_unpacked(ack, NULL);
		if (what[0] != '\0')
			return refuse(replay, entry, what);
	}
	return refuse(replay, entry, "replaying the commit it ends gives another hash");
}

/* Acks of a try that failed must not be taken for refusals of the next. */
static void forget_acks(struct replay *replay)
{
	for (struct mail *mail = replay->group; mail; mail = mail->next) {
		struct passage *passage = (struct passage *)mail;
		free(passage->ack);
		passage->ack = NULL;
	}
}

static int decide(struct replay *replay)
{
	const struct changed_value *changed;
	size_t count, room = ROOM_FIRST;
	int result = FAULT_MAP_FULL;
	for (int tries = 0; result == FAULT_MAP_FULL && tries < ROOM_TRIES; tries++, room *= 2) {
		int grown = tries > 0 ? store_make_room(replay->store, room) : 0;
		if (grown != 0)
			return grown;
		forget_acks(replay);
		result = pipeline_decide(replay->writer, replay->group, replay->last.wall_ms, false, &changed,
		                         &count);
	}
	return result == PIPELINE_STOP ? (int)FAULT_STORE : result;
}

static int finish_group(struct replay *replay)
{
	if (!replay->group)
		return 0;
	uint64_t wanted = replay->head.entry + replay->group_size;
	struct journal_head before = replay->head;
	int result = decide(replay);
	if (result == 0)
		result = read_head(replay);
	if (result == 0 && (replay->head.entry != wanted ||
	                    memcmp(replay->head.chain, replay->last.chain, sizeof replay->last.chain) != 0)) {
		replay->head = before;
		result = refuse_first_unlike(replay);
	}
	forget_group(replay);
	return result;
}

static int refuse_received(struct replay *replay, uint64_t entry, const struct passage *passage)
{
	char what[512];
	Suanpan__Ack *ack = suanpan__ack__unpack(NULL, passage->ack_size, passage->ack);
	const char *problem = ack && ack->n_problem > 0 ? ack->problem[0]->text : NULL;
	snprintf(what, sizeof what, "it was accepted, and is not any more: %s%s%s",
	         ack && ack->reason ? ack->reason : "", problem ? ": " : "", problem ? problem : "");
	suanpan__ack__free_unpacked(ack, NULL);
	return refuse(replay, entry, what);
}

static int receive(struct replay *replay, const struct journal_item *item, struct passage *passage)
{
	if (item->record.kind == JOURNAL_ACCEPTED) {
		passage->payload = malloc(item->size > 0 ? item->size : 1);
		if (!passage->payload)
			return -ENOMEM;
		memcpy(passage->payload, item->payload, item->size);
		passage->payload_size = item->size;
	}
	int result = pipeline_receive_again(replay->reception, &item->record, passage);
	return result == PIPELINE_ANSWERED ? refuse_received(replay, item->entry, passage) : result;
}

static int add_report(struct replay *replay, const struct journal_item *item)
{
	if (!replay->catalogue)
		return refuse(replay, item->entry, "a report before any catalogue");
	struct passage *passage = calloc(1, sizeof *passage);
	if (!passage)
		return -ENOMEM;
	int result = receive(replay, item, passage);
	if (result != 0) {
		passage_free(passage);
		return result;
	}
	*replay->group_end = &passage->mail;
	replay->group_end = &passage->mail.next;
	replay->group_size++;
	replay->last = item->record;
	return 0;
}

/* ---- a commit of a catalogue ---- */

/* The commit had this one entry, and must have ended as it did then. */
static int check_alone(struct replay *replay, const struct journal_item *item)
{
	int result = read_head(replay);
	if (result == 0 && memcmp(replay->head.chain, item->record.chain, sizeof item->record.chain) != 0)
		return refuse(replay, item->entry, "replaying its commit gives another hash");
	return result;
}

static int adopt_with_room(struct replay *replay, struct adoption *adoption, int64_t wall_ms)
{
	const struct changed_value *changed;
	size_t count, room = ROOM_FIRST;
	int result = FAULT_MAP_FULL;
	for (int tries = 0; result == FAULT_MAP_FULL && tries < ROOM_TRIES; tries++, room *= 2) {
		int grown = tries > 0 ? store_make_room(replay->store, room) : 0;
		if (grown != 0)
			return grown;
		result = pipeline_adopt(replay->writer, adoption, wall_ms, false, &changed, &count);
	}
	return result == PIPELINE_STOP ? (int)FAULT_STORE : result;
}

static int compare_with_last(struct replay *replay, struct adoption *adoption)
{
	struct snapshot *snapshot;
	int result = snapshot_open(replay->store, &snapshot);
	if (result != 0)
		return result;
	result = adoption_compare(adoption, replay->catalogue, snapshot);
	snapshot_close(snapshot);
	return result;
}

static int adopt(struct replay *replay, const struct journal_item *item, struct adoption *adoption)
{
	int result = build(replay, item->entry, item->payload, item->size, &adoption->catalogue);
	if (result != 0)
		return result;
	adoption->files = malloc(item->size > 0 ? item->size : 1);
	if (!adoption->files)
		return -ENOMEM;
	memcpy(adoption->files, item->payload, item->size);
	adoption->files_size = item->size;
	result = compare_with_last(replay, adoption);
	return result == 0 ? adopt_with_room(replay, adoption, item->record.wall_ms) : result;
}

static int add_catalogue(struct replay *replay, const struct journal_item *item)
{
	struct adoption *adoption = calloc(1, sizeof *adoption);
	if (!adoption)
		return -ENOMEM;
	int result = adopt(replay, item, adoption);
	if (adoption->adopted)
		switch_to(replay, adoption->catalogue);
	else
		catalogue_free(adoption->catalogue);
	adoption_free(adoption);
	return result == 0 ? check_alone(replay, item) : result;
}

/* ---- a commit of an act ---- */

static int act_with_room(struct replay *replay, struct act *act, int64_t wall_ms)
{
	size_t room = ROOM_FIRST;
	int result = FAULT_MAP_FULL;
	for (int tries = 0; result == FAULT_MAP_FULL && tries < ROOM_TRIES; tries++, room *= 2) {
		int grown = tries > 0 ? store_make_room(replay->store, room) : 0;
		if (grown != 0)
			return grown;
		result = pipeline_act(replay->writer, act, wall_ms);
	}
	return result == PIPELINE_STOP ? (int)FAULT_STORE : result;
}

static int add_act(struct replay *replay, const struct journal_item *item)
{
	struct act *act;
	if (!replay->catalogue)
		return refuse(replay, item->entry, "an act before any catalogue");
	int result = act_new(item->payload, item->size, &act);
	if (result == ACT_UNREADABLE)
		return refuse(replay, item->entry, "it is not an act");
	if (result != 0)
		return result;
	result = act_with_room(replay, act, item->record.wall_ms);
	if (result == 0 && !act->result.changed)
		result = refuse(replay, item->entry, act->result.text);
	act_free(act);
	return result == 0 ? check_alone(replay, item) : result;
}

/* ---- a commit of a look ---- */

static int look_with_room(struct replay *replay, int64_t wall_ms)
{
	size_t room = ROOM_FIRST;
	uint64_t commit;
	int result = FAULT_MAP_FULL;
	for (int tries = 0; result == FAULT_MAP_FULL && tries < ROOM_TRIES; tries++, room *= 2) {
		int grown = tries > 0 ? store_make_room(replay->store, room) : 0;
		if (grown != 0)
			return grown;
		result = pipeline_look(replay->writer, wall_ms, &commit);
	}
	return result == PIPELINE_STOP ? (int)FAULT_STORE : result;
}

static int add_look(struct replay *replay, const struct journal_item *item)
{
	if (!replay->catalogue)
		return refuse(replay, item->entry, "a look before any catalogue");
	int result = look_with_room(replay, item->record.wall_ms);
	return result == 0 ? check_alone(replay, item) : result;
}

/* ---- the whole ---- */

static int add_entry(struct replay *replay, const struct journal_item *item, uint64_t expected)
{
	if (item->entry != expected)
		return refuse(replay, expected, "it is missing");
	int verdict = journal_check(replay->chain, &item->record, item->payload, item->size);
	if (verdict != 0)
		return refuse(replay, item->entry, journal_verdict_text(verdict));
	memcpy(replay->chain, item->record.chain, sizeof replay->chain);
	int result = 0;
	if (replay->group && replay->last.commit != item->record.commit)
		result = finish_group(replay);
	if (result != 0)
		return result;
	switch (item->record.kind) {
	case JOURNAL_CATALOGUE:
		return add_catalogue(replay, item);
	case JOURNAL_ACT:
		return add_act(replay, item);
	case JOURNAL_LOOK:
		return add_look(replay, item);
	default:
		return add_report(replay, item);
	}
}

int replay_run(struct replay *replay, const struct journal_source *source, uint64_t last,
               struct progress *progress)
{
	struct journal_item item;
	uint64_t first = replay->head.entry;
	bool ended = false;
	int result = 0;
	memcpy(replay->chain, replay->head.chain, sizeof replay->chain);
	for (uint64_t entry = first + 1; entry <= last && result == 0 && !ended; entry++) {
		result = source->next(source->context, &item);
		ended = result == JOURNAL_END;
		if (ended)
			result = 0;
		else if (result == 0)
			result = add_entry(replay, &item, entry);
		progress_step(progress, entry - first);
	}
	if (result == 0)
		result = finish_group(replay);
	forget_group(replay);
	return result;
}

uint64_t replay_entry(const struct replay *replay)
{
	return replay->head.entry;
}

static int open_writer(struct replay *replay)
{
	struct snapshot *snapshot;
	int result = read_head(replay);
	if (result == 0)
		result = snapshot_open(replay->store, &snapshot);
	if (result != 0)
		return result;
	result = bind_catalogue_in_force(replay, snapshot);
	snapshot_close(snapshot);
	if (result == 0)
		result = reception_new(replay->catalogue, &replay->reception);
	return result == 0 ? writer_new(replay->catalogue, replay->store, &replay->writer) : result;
}

int replay_new(struct store *store, FILE *errors, struct replay **ret_replay)
{
	struct replay *replay = calloc(1, sizeof *replay);
	if (!replay)
		return -ENOMEM;
	replay->store = store;
	replay->errors = errors;
	replay->group_end = &replay->group;
	int result = open_writer(replay);
	if (result != 0) {
		replay_free(replay);
		return result;
	}
	*ret_replay = replay;
	return 0;
}

void replay_free(struct replay *replay)
{
	if (!replay)
		return;
	forget_group(replay);
	writer_free(replay->writer);
	reception_free(replay->reception);
	catalogue_free(replay->catalogue);
	free(replay);
}
