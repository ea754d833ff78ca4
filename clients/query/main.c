/* suanpan: asks a city's daemon how its figures and its plans stand. */
#include "clients/query/commands.h"
#include "clients/query/settings.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>

/* Names are UTF-8 wherever they go; only the widths of characters are asked of the locale. */
static void set_locale(void)
{
	if (!setlocale(LC_ALL, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

int main(int argc, char *argv[])
{
	struct settings settings = {0};

	set_locale();
	int status = options_run(&suanpan_program, argc, argv, &settings);
	identity_wipe(&settings.identity);
	return status;
}
