#include "tests/lib/little_city.h"

#include "tests/lib/scratch.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES(en) "names: {en: " en ", zh_hans: " en ", zh_hant: " en "}"
#define UNIT(en)  "unit: {en: " en ", zh_hans: " en ", zh_hant: " en "}"

static const char areas[] =
    "areas:\n"
    "  - {code: city, level: city, " NAMES(
        "City") "}\n"
                "  - {code: north, level: district, parent: city, " NAMES(
                    "North") "}\n"
                             "  - {code: south, level: district, parent: city, " NAMES(
                                 "South") "}\n"
                                          "groups:\n"
                                          "  - {code: both, " NAMES("Both") ", members: [north, south]}\n";

static const char statistics[] =
    "statistics:\n"
    "  - {code: beds, " NAMES("Beds") ", " UNIT(
        "beds") ", decimals: 0, kind: stock, frequency: M,\n"
                "     level: district, carry: 6, deadline: 15}\n"
                "  - {code: people, " NAMES("People") ", " UNIT(
                    "persons") ", decimals: 0, kind: stock, frequency: A,\n"
                               "     level: district, carry: 24, deadline: 60}\n"
                               "  - {code: births, " NAMES("Births") ", " UNIT(
                                   "births") ", decimals: 0, kind: flow, frequency: M,\n"
                                             "     level: district, deadline: 15}\n";

static const char reporters[] =
    "reporters:\n"
    "  - {code: north_office, " NAMES(
        "North office") ", areas: [north], statistics: [all]}\n"
                        "  - {code: south_office, " NAMES(
                            "South office") ", areas: [south], statistics: [all]}\n";

static const char indicators[] = "indicators:\n"
                                 "  - {code: beds_per_1000, " NAMES("Beds per 1000") ", " UNIT(
                                     "beds") ", decimals: 2,\n"
                                             "     formula: 1000 * beds / people, frequency: M}\n";

static const char plan[] = "plan: little\n" NAMES(
    "Little plan") "\n"
                   "from: 2021\n"
                   "to: 2025\n"
                   "targets:\n"
                   "  - {row: \"1\", indicator: beds_per_1000, baseline: \"5.00\", comparison: \">=\",\n"
                   "     target: \"6.00\", nature: binding}\n";

static void write_file(const char *folder, const char *name, const char *text)
{
	char *path = scratch_path(folder, name);
	scratch_write(path, text, strlen(text));
	free(path);
}

struct catalogue *little_city_load(const char *folder)
{
	struct catalogue *catalogue;
	write_file(folder, "areas.yaml", areas);
	write_file(folder, "statistics.yaml", statistics);
	write_file(folder, "reporters.yaml", reporters);
	write_file(folder, "indicators.yaml", indicators);
	write_file(folder, "plan-little.yaml", plan);
	if (catalogue_load(folder, stderr, &catalogue) != 0) {
		fprintf(stderr, "little_city: the catalogue was refused\n");
		abort();
	}
	return catalogue;
}
