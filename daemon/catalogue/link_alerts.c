/* From which figures on somebody is to be told. */
#include "daemon/catalogue/link.h"

#define AGREED_BINDING      60
#define AGREED_ANTICIPATORY 40

static unsigned link_chance(struct link *link, const char *label, const uint32_t *written, unsigned otherwise)
{
	if (!written)
		return otherwise;
	if (*written > 100)
		mistake_at(link->mistakes, source_place(&link->inputs->alerts.source, "%s", label),
		           "%s: found %u, expected percent, 0 to 100", label, *written);
	return *written;
}

void link_alerts(struct link *link)
{
	static const struct alerts_file nothing = {.chance_binding = NULL};
	const struct alerts_file *file = link->inputs->alerts.file ? link->inputs->alerts.file : &nothing;
	unsigned *agreed = link->catalogue->agreed_chance;
	agreed[NATURE_BINDING] = link_chance(link, "chance_binding", file->chance_binding, AGREED_BINDING);
	agreed[NATURE_ANTICIPATORY] =
	    link_chance(link, "chance_anticipatory", file->chance_anticipatory, AGREED_ANTICIPATORY);
}
