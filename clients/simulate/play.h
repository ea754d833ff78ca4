/* Plays a diary: winds the daemon's clock from day to day, sends what is due, and does what people do when they hear what came
 * of it: a refused report is looked over and sent again, a figure that is questioned and right is confirmed, one that is
 * wrong and had gone unseen is corrected. */
#ifndef SUANPAN_CLIENTS_SIMULATE_PLAY_H
#define SUANPAN_CLIENTS_SIMULATE_PLAY_H

#include "clients/simulate/account.h"
#include "clients/simulate/courier.h"
#include "clients/simulate/diary.h"
#include "clients/simulate/overseer.h"

struct play_settings {
	const struct diary *diary;
	struct courier *courier;
	struct overseer *overseer; /* NULL: nobody closes, looks or settles anything */
	int clock;                 /* descriptor of the daemon's SUANPAN_CLOCK_FILE */
	int32_t last_day;          /* up to here */
	double days_a_second;      /* 0: as fast as it goes */
	/* Called at the end of each day on which anything happened; NULL: nobody is. Another answer than 0 ends the play with it. */
	int (*evening)(void *witness, int32_t day);
	void *witness;
	FILE *messages; /* a line for each refusal that the diary did not foresee; NULL: none */
};

enum play_verdict { PLAY_LOST = 1 }; /* a line on standard error says why */

int MUST_CHECK play(const struct play_settings *settings, struct account *ret_account);

/* Sets the clock: a minute of a day in China. */
int MUST_CHECK play_wind(int clock, int32_t day, int minute);

#endif
