/* suanpan: asks a city's daemon how its figures and its plans stand. */
#include "clients/query/commands.h"
#include "clients/query/settings.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>

/* Names are UTF-8 wherever they go; only the widths of characters are asked of the locale. Numbers stay as they are in C.
 * */
static void set_locale(void)
{
	if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

int main(int argc, char *argv[])
{
	struct settings settings = {.ascii = !language_is_utf8()};

	set_locale();
	const int status = options_run(&suanpan_program, argc, argv, &settings);
	identity_wipe(&settings.identity);
	return status;
}
