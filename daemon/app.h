/* The daemon as a whole: builds the parts in order, runs them, takes them down in reverse. */
#ifndef SUANPAN_APP_H
#define SUANPAN_APP_H

#include "daemon/base/fault.h"
#include "daemon/config.h"

/* Runs until SIGTERM or SIGINT. Answers the process's exit status. */
int app_run(const struct config *config);

/* Loads and checks the catalogue and says so; nothing else. Answers the process's exit status. */
int app_check(const struct config *config);

#endif
