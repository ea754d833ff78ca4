/* Puts a catalogue into force in a store, for tests that have no daemon. */
#ifndef SUANPAN_TESTS_LIB_ADOPT_H
#define SUANPAN_TESTS_LIB_ADOPT_H

#include "daemon/catalogue/catalogue.h"
#include "daemon/store/store.h"

/* `files` stands for the packed form: any text, the same for the same catalogue. Finds the ids if it is in force already, else
 * adopts it in a commit of its own (without recomputing anything). Fails the test if it cannot. */
void adopt_catalogue(struct store *store, struct catalogue *catalogue, const char *files, int64_t wall_ms);
/* With the packed files of the folder it was loaded from, so that it can be built again. */
void adopt_folder(struct store *store, struct catalogue *catalogue, const char *folder, int64_t wall_ms);

#endif
