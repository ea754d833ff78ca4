/* What the intake would say to a report, apart from city.h because the sender has a struct observation of its own. */
#ifndef SUANPAN_TESTS_LIB_CITY_CHECK_H
#define SUANPAN_TESTS_LIB_CITY_CHECK_H

#include "tests/lib/city.h"

/* Whether intake_check accepts it from whomever it says it is from; else prints why. Resets the city's arena. */
bool city_would_accept(const struct city *city, const void *bytes, size_t size);

#endif
