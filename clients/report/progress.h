/* A bar on standard error while many reports are delivered, if that is a terminal. */
#ifndef SUANPAN_CLIENTS_REPORT_PROGRESS_H
#define SUANPAN_CLIENTS_REPORT_PROGRESS_H

#include <stddef.h>

#define PROGRESS_LEAST 21 /* reports: fewer are gone before a bar is worth looking at */

/* Draws at most ten times a second. `closure` is not used: there is one terminal. */
void progress_draw(void *closure, size_t done, size_t total);
void progress_clear(void);

#endif
