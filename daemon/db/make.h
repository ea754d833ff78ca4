/* The making of an environment, such that a power cut leaves a whole one or none.
 *
 * LMDB makes its file in place: cut off in between, it may have its length and not its first pages, and is refused for ever
 * after. And neither the file nor its folder has a name on the disk before the folders they are in are synced, however often the
 * file itself is. So an environment is made beside its place and moved there, and both folders are synced, at every start: the
 * one before may have been killed just then. */
#ifndef SUANPAN_DB_MAKE_H
#define SUANPAN_DB_MAKE_H

#include "daemon/base/fault.h"

/* Makes sure that `folder`, which is there and locked by the caller, holds an environment, an empty one if there was none. Answers 0
 * or a negative errno. */
int MUST_CHECK db_make_environment(const char *folder);

#endif
