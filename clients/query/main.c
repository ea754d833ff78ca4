/* suanpan: asks a city's daemon how its figures and its plans stand. */
#include "clients/query/commands.h"
#include "clients/query/settings.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>

static const struct option_row no_options[] = {{.name = NULL}};

static const struct command_row commands[] = {
    {.name = "status",
     .arguments = "",
     .sentence = "how the daemon and its store are",
     .example = "suanpan status",
     .options = no_options,
     .run = status_run},
    {.name = "list",
     .arguments = "areas|statistics|indicators|plans|reporters",
     .sentence = "what the catalogue knows",
     .example = "suanpan list statistics --lang zh-hans",
     .options = no_options,
     .arguments_min = 1,
     .arguments_max = 1,
     .run = list_run},
    {.name = "get",
     .arguments = "CODE",
     .sentence = "the series of a statistic or an indicator",
     .example = "suanpan get resident_population --area Liwan --from 2016 --format csv",
     .options = get_options,
     .arguments_min = 1,
     .arguments_max = 1,
     .run = get_run},
    {.name = "plan",
     .arguments = "PLAN",
     .sentence = "every target of a plan, and whether it will be met",
     .example = "suanpan plan plan14 --period 2020",
     .options = plan_options,
     .arguments_min = 1,
     .arguments_max = 1,
     .run = plan_run},
    {.name = "history",
     .arguments = "STATISTIC AREA PERIOD",
     .sentence = "every revision of one observation: its value, who sent it, when",
     .example = "suanpan history resident_population Liwan 2020",
     .options = no_options,
     .arguments_min = 3,
     .arguments_max = 3,
     .run = history_run},
    {.name = "watch",
     .arguments = "[CODE]...",
     .sentence = "values as they change, until interrupted; those of given codes first",
     .example = "suanpan watch resident_population --format json",
     .options = watch_options,
     .arguments_max = -1,
     .run = watch_run},
    {.name = NULL},
};

static const struct program program = {
    .name = "suanpan",
    .sentence = "asks how a city's figures and plans stand",
    .commands = commands,
    .common = settings_options,
};

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
	return options_run(&program, argc, argv, &settings);
}
