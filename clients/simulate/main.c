/* suanpan-simulate: five years of a city that does not exist, played into a real daemon. */
#include "clients/lib/options.h"
#include "clients/simulate/play.h"
#include "proto/endpoint.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct settings {
	const char *intake, *query, *live;
	const char *seed, *until, *speed, *clock, *catalogue, *past, *timeout;
	bool reports_only, verbose;
};

#define MEMBER(name) offsetof(struct settings, name)

static const struct option_row common[] = {
    {.name = "seed",
     .takes = "NUMBER",
     .otherwise = "2021",
     .sentence = "what chance follows from; the same seed, the same diary",
     .offset = MEMBER(seed)},
    {.name = "catalogue",
     .takes = "DIR",
     .otherwise = "config/catalogue",
     .sentence = "the catalogue that the daemon has",
     .offset = MEMBER(catalogue)},
    {.name = "past",
     .takes = "DIR",
     .otherwise = "config/demo/2020",
     .sentence = "the reports for 2020, which everything starts from",
     .offset = MEMBER(past)},
    {.name = NULL},
};

static const struct option_row play_options[] = {
    {.name = "clock",
     .takes = "FILE",
     .environment = "SUANPAN_CLOCK_FILE",
     .sentence = "the daemon's hand-wound clock: it runs with SUANPAN_CLOCK_FILE=FILE",
     .offset = MEMBER(clock)},
    {.name = "until",
     .takes = "DAY",
     .otherwise = DIARY_LAST_DAY,
     .sentence = "the last day to play",
     .offset = MEMBER(until)},
    {.name = "speed",
     .takes = "DAYS",
     .otherwise = "0",
     .sentence = "days a second; 0 as fast as it goes",
     .offset = MEMBER(speed)},
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
     .sentence = "where the daemon answers",
     .offset = MEMBER(query)},
    {.name = "live",
     .takes = "URL",
     .environment = "SUANPAN_LIVE",
     .sentence = "not used here",
     .offset = MEMBER(live)},
    {.name = "timeout",
     .takes = "SECONDS",
     .otherwise = "30",
     .sentence = "how long to wait for an answer",
     .offset = MEMBER(timeout)},
    {.name = "reports-only",
     .sentence = "no operator: nothing is looked at, closed, acknowledged or settled",
     .offset = MEMBER(reports_only)},
    {.name = "verbose",
     .sentence = "say of each refusal that was not meant to be why it came",
     .offset = MEMBER(verbose)},
    {.name = NULL},
};

static const struct option_row no_options[] = {{.name = NULL}};

/* ---- what both commands begin with ---- */

struct simulation {
	uint64_t seed;
	struct catalogue *catalogue;
	struct past past;
	struct truth *truth;
	struct diary *diary;
};

static int say_fault(int fault)
{
	fprintf(stderr, "suanpan-simulate: %s\n", fault_text(fault));
	return EXIT_REFUSED;
}

static bool read_number(const char *text, double *ret_number)
{
	char *end;
	double number = strtod(text, &end);
	if (*text == '\0' || *end != '\0' || !(number >= 0 && number < 1e15))
		return false;
	*ret_number = number;
	return true;
}

static int usage(const char *option, const char *text, const char *expected)
{
	fprintf(stderr, "suanpan-simulate: --%s: '%s': expected %s\n", option, text, expected);
	return EXIT_USAGE;
}

/* Everything that answers a verdict has said why. */
static int simulation_init(struct simulation *simulation, const struct settings *settings)
{
	char *end;
	simulation->seed = strtoull(settings->seed, &end, 10);
	if (*end != '\0' || settings->seed[0] < '0' || settings->seed[0] > '9')
		return usage("seed", settings->seed, "a whole number");
	int answer = catalogue_load(settings->catalogue, stderr, &simulation->catalogue);
	if (!answer)
		answer = past_read(simulation->catalogue, settings->past, &simulation->past);
	if (!answer)
		answer =
		    truth_new(simulation->catalogue, &simulation->past, simulation->seed, &simulation->truth);
	if (!answer)
		answer = diary_new(simulation->truth, simulation->catalogue, &simulation->past,
		                   simulation->seed, &simulation->diary);
	return answer < 0 ? say_fault(answer) : answer ? EXIT_REFUSED : EXIT_DONE;
}

static void simulation_done(struct simulation *simulation)
{
	diary_free(simulation->diary);
	truth_free(simulation->truth);
	past_done(&simulation->past);
	catalogue_free(simulation->catalogue);
}

/* ---- write ---- */

static int write_run(void *settings, int count, char *arguments[])
{
	struct simulation simulation = {0};
	(void)count;
	int status = simulation_init(&simulation, settings);
	int fault = status ? 0 : diary_write(simulation.diary, arguments[0]);
	if (!status && !fault)
		printf("%zu reports in %s; diary.csv tells when each goes\n", simulation.diary->errand_count,
		       arguments[0]);
	if (fault)
		status = say_fault(fault);
	simulation_done(&simulation);
	return status;
}

/* ---- play ---- */

struct stage {
	const struct settings *settings;
	struct simulation simulation;
	void *context;
	struct ask *ask;
	struct overseer overseer;
	struct play_settings play;
};

static int read_play_settings(struct stage *stage)
{
	const struct settings *settings = stage->settings;
	struct period until;
	double seconds;
	if (!settings->clock)
		return usage("clock", "", "the file that the daemon's clock is read from");
	if (period_parse(settings->until, strlen(settings->until), &until) ||
	    period_frequency_of(until) != PERIOD_DAY)
		return usage("until", settings->until, "a day such as 2023-06-30");
	if (!read_number(settings->speed, &stage->play.days_a_second))
		return usage("speed", settings->speed, "days a second");
	if (!read_number(settings->timeout, &seconds) || seconds < 1 || seconds > 3600)
		return usage("timeout", settings->timeout, "1 to 3600 seconds");
	stage->overseer.timeout_ms = (int)(seconds * 1000);
	stage->play.last_day = period_first_day(until);
	stage->play.messages = settings->verbose ? stderr : NULL;
	return EXIT_DONE;
}

static int open_clock(const char *path, int *ret_clock)
{
	int clock = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	if (clock < 0)
		return -errno;
	*ret_clock = clock;
	return 0;
}

static int open_stage(struct stage *stage)
{
	const struct settings *settings = stage->settings;
	int fault = open_clock(settings->clock, &stage->play.clock);
	if (!fault)
		fault = endpoint_context_new(&stage->context);
	if (!fault)
		fault = ask_open(stage->context, settings->query, NULL, &stage->ask);
	if (!fault)
		fault =
		    courier_open(stage->context, settings->intake, stage->overseer.timeout_ms,
		                 stage->simulation.catalogue, stage->simulation.seed, &stage->play.courier);
	stage->overseer.ask = stage->ask;
	stage->overseer.seed = stage->simulation.seed;
	stage->play.diary = stage->simulation.diary;
	stage->play.overseer = settings->reports_only ? NULL : &stage->overseer;
	return fault ? say_fault(fault) : EXIT_DONE;
}

static int perform(struct stage *stage)
{
	struct account account;
	int answer = play(&stage->play, &account);
	if (!answer) {
		account_print(&account, stdout);
		if (stage->play.overseer)
			answer = account_ask(stage->play.overseer, stage->simulation.catalogue,
			                     stage->play.last_day, stdout);
	}
	return answer < 0 ? say_fault(answer) : answer ? EXIT_UNREACHABLE : EXIT_DONE;
}

static void stage_done(struct stage *stage)
{
	courier_close(stage->play.courier);
	ask_close(stage->ask);
	if (stage->context)
		endpoint_context_free(stage->context);
	if (stage->play.clock >= 0)
		close(stage->play.clock);
	simulation_done(&stage->simulation);
}

static int play_run(void *settings, int count, char *arguments[])
{
	struct stage stage = {.settings = settings, .play.clock = -1};
	(void)count;
	(void)arguments;
	int status = read_play_settings(&stage);
	if (!status)
		status = simulation_init(&stage.simulation, settings);
	if (!status)
		status = open_stage(&stage);
	if (!status)
		status = perform(&stage);
	stage_done(&stage);
	return status;
}

static const struct command_row commands[] = {
    {.name = "play",
     .arguments = "",
     .options = play_options,
     .sentence =
         "wind the clock of a daemon with an empty store from 2021 to 2026, and send it what is reported",
     .example = "suanpan-simulate play --clock build/simulate/clock --until 2023-06-30",
     .run = play_run},
    {.name = "write",
     .arguments = "DIR",
     .arguments_min = 1,
     .arguments_max = 1,
     .options = no_options,
     .sentence = "write the reports as CSV files instead, with a list of when each goes",
     .example = "suanpan-simulate write build/diary --seed 7",
     .run = write_run},
    {.name = NULL},
};

int main(int argc, char *argv[])
{
	static const struct program program = {
	    .name = "suanpan-simulate",
	    .sentence = "play five years of reports, with all that goes wrong, into a daemon",
	    .commands = commands,
	    .common = common,
	};
	struct settings settings = {0};
	return options_run(&program, argc, argv, &settings);
}
