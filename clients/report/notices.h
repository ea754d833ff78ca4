/* What a delivery tells people while it goes on: refusals and warnings with file and line, conflicts, what is sent again. */
#ifndef SUANPAN_CLIENTS_REPORT_NOTICES_H
#define SUANPAN_CLIENTS_REPORT_NOTICES_H

#include "clients/report/spool.h"
#include "proto/suanpan.pb-c.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Reads the report for the places of its rows. */
void notice_refusal(FILE *stream, struct spool *spool, const Suanpan__Ack *ack);
/* What is questioned of an accepted report; nothing if nothing is. */
void notice_warnings(FILE *stream, struct spool *spool, const Suanpan__Ack *ack);
void notice_conflict(FILE *stream, const Suanpan__Ack *ack);
/* The daemon asked for `from`, which had been decided: everything held from `first` on, of which `again` had been decided,
 * is sent again. */
void notice_again(FILE *stream, const char *url, uint64_t from, uint64_t first, size_t again);

#endif
