/* Whether a file has the shape its libcyaml schema asks for: every mistake of the file, each with its place.
 *
 * libcyaml checks shapes too, but stops at the first mistake, and lets pass what is surely one: "12abc" where
 * a number is asked for (12), 010 (8), any word for a boolean (true), and a key given twice (it keeps the
 * second and leaks the first). So this runs first, over the same tables, and libcyaml then fills the structs.
 */
#ifndef SUANPAN_CATALOGUE_SHAPE_H
#define SUANPAN_CATALOGUE_SHAPE_H

#include "daemon/catalogue/source.h"
#include <cyaml/cyaml.h>

void shape_check(const struct source *source, const cyaml_schema_value_t *schema, struct mistakes *mistakes);

#endif
