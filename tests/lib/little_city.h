/* A catalogue small enough to hold in one's head, for tests that need one and no files:
 *
 *     city (root)  -> north (area 1), south (area 2);  group "both" holds north and south
 *     beds: monthly stock by district;  people: yearly stock by district;  births: monthly flow by district
 *     beds_per_1000 = 1000 * beds / people, two decimals, monthly
 *     reporters: north_office (area north, everything), south_office */
#ifndef SUANPAN_TESTS_LIB_LITTLE_CITY_H
#define SUANPAN_TESTS_LIB_LITTLE_CITY_H

#include "daemon/catalogue/catalogue.h"

enum { CITY, NORTH, SOUTH, BOTH };
enum { BEDS, PEOPLE, BIRTHS };
enum { BEDS_PER_1000 };
enum { NORTH_OFFICE, SOUTH_OFFICE };

/* Loaded through the real loader from files written to `folder`. Fails the test if that does not work. */
struct catalogue *little_city_load(const char *folder);

#endif
