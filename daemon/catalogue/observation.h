/* An observation on its way in, and the name of the report that brings it. Plain values; indexes into the
 * catalogue. */
#ifndef SUANPAN_CATALOGUE_OBSERVATION_H
#define SUANPAN_CATALOGUE_OBSERVATION_H

#include "proto/period.h"
#include <stdint.h>

struct observation {
	uint32_t statistic, area;
	struct period period; /* of the statistic's frequency */
	char status;
	/* Where a soft rule questions it, which one (rules.h), and the status that V stands for then. */
	uint8_t question;
	char said;
	int64_t value; /* times 10^-decimals of the statistic; 0 where the status has no value */
};

#define REPORT_STREAM_SIZE 16
#define REPORT_HASH_SIZE   32

/* Names a report for good. */
struct report_name {
	uint32_t reporter_id; /* permanent */
	uint8_t stream[REPORT_STREAM_SIZE];
	uint64_t sequence; /* from 1 */
};

#endif
