/* Between the files that make the diary. All of these do nothing once diary->fault is set. */
#ifndef SUANPAN_CLIENTS_SIMULATE_DIARY_INTERNAL_H
#define SUANPAN_CLIENTS_SIMULATE_DIARY_INTERNAL_H

#include "clients/simulate/diary.h"

void *diary_more(struct diary *diary, void **list, size_t *count, size_t *room, size_t size);
/* A copy with room for so many figures and none yet; NULL after a fault. Valid until the next one is added. */
struct errand *diary_add_errand(struct diary *diary, const struct errand *errand, size_t figures);
void diary_add_mishap(struct diary *diary, const struct mishap *mishap);
/* "month-2021-01", which lives as long as the diary. */
const char *diary_label(struct diary *diary, const char *kind, struct period period);

/* Everything that one reporter sends in these years. */
void diary_add_reporter(struct diary *diary, uint32_t reporter);

/* Sends the figures of an errand with what goes wrong in it: `errand` is the ordinary one, right; it and what mends it are
 * added to the diary. */
void diary_add_with_mishaps(struct diary *diary, const struct errand *errand);

#endif
