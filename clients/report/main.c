/* suanpan-report: the district's sender. */
#include "clients/lib/options.h"
#include "clients/report/sender.h"
#include "proto/endpoint.h"

#define MEMBER(name) offsetof(struct sender_settings, name)

static const struct option_row common[] = {
    {.name = "intake",
     .takes = "URL",
     .environment = "SUANPAN_INTAKE",
     .otherwise = ENDPOINT_DEFAULT_INTAKE,
     .sentence = "where the daemon takes reports",
     .offset = MEMBER(intake)},
    {.name = "query",
     .takes = "URL",
     .environment = "SUANPAN_QUERY",
     .otherwise = ENDPOINT_DEFAULT_QUERY,
     .sentence = "where the daemon says what it knows, to check files against",
     .offset = MEMBER(query)},
    {.name = "live",
     .takes = "URL",
     .environment = "SUANPAN_LIVE",
     .sentence = "for suanpan; not used here",
     .offset = MEMBER(live)},
    {.name = "spool",
     .takes = "DIR",
     .environment = "SUANPAN_SPOOL",
     .sentence = "where reports are kept until they are delivered (else suanpan/spool in $XDG_STATE_HOME or "
                 "~/.local/state)",
     .offset = MEMBER(spool)},
    {.name = "reporter",
     .takes = "NAME",
     .environment = "SUANPAN_REPORTER",
     .sentence = "who reports (else whom the spool belongs to)",
     .offset = MEMBER(reporter)},
    {.name = "key",
     .takes = "FILE",
     .environment = "SUANPAN_KEY",
     .sentence = "your key, as suanpan-keys makes it; needed where the daemon is on another machine",
     .offset = MEMBER(key)},
    {.name = "server-key",
     .takes = "KEY|FILE",
     .environment = "SUANPAN_SERVER_KEY",
     .sentence = "the daemon's public key, or a file of 'public: KEY' lines",
     .offset = MEMBER(server_key)},
    {.name = "timeout",
     .takes = "SECONDS",
     .otherwise = "10",
     .sentence = "how long to wait for the daemon without hearing from it",
     .offset = MEMBER(timeout)},
    {.name = "keep",
     .takes = "DAYS",
     .environment = "SUANPAN_KEEP",
     .otherwise = SENDER_KEEP,
     .sentence = "how long decided reports stay in the spool, for a daemon that is restored from a backup "
                 "(in at most half of its room)",
     .offset = MEMBER(keep)},
    {.name = "quiet", .sentence = "say only what went wrong", .offset = MEMBER(quiet)},
    {.name = NULL},
};

static const struct option_row push_options[] = {
    {.name = "dry-run", .sentence = "check the files and send nothing", .offset = MEMBER(dry_run)},
    {.name = "confirm",
     .takes = "REASON",
     .sentence = "these figures are right though they look wrong: none is questioned, and those that were no "
                 "longer are",
     .offset = MEMBER(confirm)},
    {.name = "correction",
     .takes = "REASON",
     .sentence = "why figures of a closed period change; without it they are refused",
     .offset = MEMBER(correction)},
    {.name = NULL},
};

static const struct option_row status_options[] = {
    {.name = "kept",
     .sentence = "list the reports that were decided on as well",
     .offset = MEMBER(list_kept)},
    {.name = NULL},
};

static const struct option_row drop_options[] = {
    {.name = "settle",
     .takes = "SECONDS",
     .otherwise = "5",
     .sentence = "take a file when nothing about it has changed for so long, and nobody has it open to write",
     .offset = MEMBER(settle)},
    {.name = NULL},
};

static const struct option_row no_options[] = {{.name = NULL}};

static const struct command_row commands[] = {
    {.name = "push",
     .arguments = "FILE.csv...",
     .arguments_min = 1,
     .arguments_max = -1,
     .options = push_options,
     .sentence =
         "check files (- is standard input), spool their observations and deliver them; the header is "
         "statistic,area,period,value[,status][,note]",
     .example = "suanpan-report push residents.csv beds.csv --reporter liwan",
     .run = sender_push},
    {.name = "drain",
     .arguments = "",
     .options = no_options,
     .sentence = "deliver what could not be delivered before, and what a daemon restored from a backup asks "
                 "for again",
     .example = "suanpan-report drain --timeout 60",
     .run = sender_drain},
    {.name = "drop",
     .arguments = "FOLDER",
     .arguments_min = 1,
     .arguments_max = 1,
     .options = drop_options,
     .sentence =
         "push each file that lies in a folder, and move it to done/ or refused/ in there, with what was "
         "said of it beside it; while the daemon does not answer all stay where they are",
     .example = "suanpan-report drop /srv/liwan/drop --reporter liwan",
     .run = sender_drop},
    {.name = "status",
     .arguments = "",
     .options = status_options,
     .sentence = "print what is spooled, and what is kept",
     .example = "suanpan-report status --spool /var/lib/liwan/spool",
     .run = sender_status},
    {.name = NULL},
};

int main(int argc, char *argv[])
{
	static const struct program program = {
	    .name = "suanpan-report",
	    .sentence = "check a district's statistics and send them to the city",
	    .commands = commands,
	    .common = common,
	};
	struct sender_settings settings = {0};
	return options_run(&program, argc, argv, &settings);
}
