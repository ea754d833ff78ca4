/* From what the files say to a catalogue: codes become indexes, lists are drawn up, and everything that one
 * value or two files can get wrong is looked for.
 *
 * Linking goes on after a mistake, so that one run finds as many as possible; the half-made catalogue is then
 * thrown away. The sticky fault (-ENOMEM) ends it instead: every call after it does nothing. */
#ifndef SUANPAN_CATALOGUE_LINK_H
#define SUANPAN_CATALOGUE_LINK_H

#include "daemon/base/arena.h"
#include "daemon/catalogue/find.h"
#include "daemon/catalogue/schema.h"
#include "daemon/catalogue/source.h"

struct input {
	struct source source;
	const cyaml_schema_value_t *schema;
	void *file; /* the struct that belongs to the schema */
};

struct inputs {
	struct input areas, statistics, reporters, indicators;
	struct input readers, calendar, alerts, rules; /* file is NULL where there is none */
	struct input *plans;
	uint32_t plan_count;
};

struct link {
	const struct inputs *inputs;
	struct catalogue *catalogue; /* its memory and index are there from the start */
	struct arena *scratch;       /* for as long as linking takes */
	struct mistakes *mistakes;
	int fault;
};

/* In this order. */
void link_areas(struct link *link);
void link_statistics(struct link *link);
void link_indicators(struct link *link);
void link_reporters(struct link *link);
void link_readers(struct link *link);
void link_keys(struct link *link); /* after both */
void link_calendar(struct link *link);
void link_alerts(struct link *link);
void link_plans(struct link *link);
void link_rules(struct link *link);

/* What they share. Zeroed memory from the catalogue's arena, or from scratch; NULL sets the fault. */
void *link_take(struct link *link, size_t count, size_t size);
void *link_take_scratch(struct link *link, size_t count, size_t size);
const char *link_copy(struct link *link, const char *text); /* NULL stays NULL */
/* `path` leads to the three names: "areas[3].names". */
struct names link_names(struct link *link, const struct source *source, const char *path,
                        const struct written_names *written);
void link_check_code(struct link *link, struct place place, const char *label, const char *code);
/* Every code that stands twice in `table` is a mistake at place_of its later index. */
void link_check_unique(struct link *link, const struct code_table *table, const char *label,
                       struct place (*place_of)(const struct link *link, uint32_t index));

#endif
