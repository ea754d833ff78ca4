/* What a simulation came to: counted while it is played, and asked of the daemon at its end. */
#ifndef SUANPAN_CLIENTS_SIMULATE_ACCOUNT_H
#define SUANPAN_CLIENTS_SIMULATE_ACCOUNT_H

#include "clients/simulate/diary.h"
#include "clients/simulate/overseer.h"
#include <stddef.h>
#include <stdio.h>

struct account {
	size_t reports[ERRAND_KIND_COUNT];
	size_t figures;
	size_t refused, unexpected; /* of the reports; those that the diary did not foresee */
	size_t questioned;          /* figures that a soft rule questioned */
	size_t confirmed;           /* figures confirmed after that */
	size_t reasons;             /* reports that change a closed period, with their reason */
	size_t given_up;            /* refused again and again */
};

void account_print(const struct account *account, FILE *stream);
/* What the operator did, alerts by kind, and verdicts by year. Answers 0, OVERSEER_LOST, or a fault. */
int MUST_CHECK account_ask(struct overseer *overseer, const struct catalogue *catalogue, int32_t last_day,
                           FILE *stream);

#endif
