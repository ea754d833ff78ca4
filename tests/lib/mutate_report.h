/* Mutations of a packed Report that keep its columns in step: rows, statuses and words come and go as a sender would have them. */
#ifndef SUANPAN_TESTS_LIB_MUTATE_REPORT_H
#define SUANPAN_TESTS_LIB_MUTATE_REPORT_H

#include "proto/suanpan.pb-c.h"
#include "tests/lib/mutate.h"

/* As mutate_message, which it is half of the time. */
size_t mutate_report(const struct mutation *mutation, uint8_t *bytes, size_t size, size_t room,
                     unsigned seed);

#endif
