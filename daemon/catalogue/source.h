/* One catalogue file: its bytes, and where in them each value stands.
 *
 * libcyaml keeps no lines for values that are well-formed but wrong, so the file is read a second time as a
 * libyaml document, in which a path such as indicators[12].formula leads to a line and a column. */
#ifndef SUANPAN_CATALOGUE_SOURCE_H
#define SUANPAN_CATALOGUE_SOURCE_H

#include "daemon/catalogue/catalogue.h"
#include "daemon/catalogue/mistakes.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yaml.h>

struct source {
	char *path;
	const unsigned char *bytes; /* the file's: borrowed */
	size_t size;
	bool parsed;
	yaml_document_t document; /* holds something once parsed */
};

enum source_verdict { SOURCE_REFUSED = 1 };

/* Takes `path` (from malloc) whatever happens. Parses the file (NULL: there is none, which is a mistake); what is wrong
 * becomes a line of mistakes and SOURCE_REFUSED. Give the source to source_done in every case. */
int MUST_CHECK source_init(struct source *source, char **path, const struct catalogue_file *file,
                           struct mistakes *mistakes);
void source_done(struct source *source);

struct place source_whole(const struct source *source);
struct place source_node_place(const struct source *source, const yaml_node_t *node);
/* The place of the value that a path such as "areas[3].names.en" leads to; of the innermost thing around it
 * where the path leads nowhere (a key that is absent). */
struct place source_place(const struct source *source, const char *path, ...) PRINTF_LIKE(2, 3);

#endif
