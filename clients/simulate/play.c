#include "clients/simulate/play.h"

#include "clients/simulate/chance.h"
#include "daemon/catalogue/calendar.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NIGHT_MINUTE   5
#define MORNING_MINUTE (7 * 60 + 30)
#define EVENING_MINUTE (20 * 60)
#define DAY_MS         INT64_C(86400000)
#define MINUTE_MS      INT64_C(60000)
#define CHINA_AHEAD_MS INT64_C(28800000)
#define TRIES_MAX      3 /* a report that is refused is sent again so often */

struct playing {
	const struct play_settings *settings;
	const struct diary *diary;
	/* What follows from answers: not in the diary, sent when their time has come; sorted by nothing. */
	struct errand *reactions;
	size_t reaction_count, reaction_room;
	size_t errand_at, deed_at; /* the next ones of the diary */
	int month;                 /* of the last review */
	struct account account;
};

/* ---- the clock ---- */

/* All times have thirteen digits: whoever reads the file while it is written finds the old time or the new one. */
int play_wind(int clock, int32_t day, int minute)
{
	char text[32];
	int64_t wall_ms = day * DAY_MS - CHINA_AHEAD_MS + minute * MINUTE_MS;
	int length = snprintf(text, sizeof text, "%013" PRId64 "\n", wall_ms);
	return pwrite(clock, text, (size_t)length, 0) == length ? 0 : -errno;
}

static void rest(const struct playing *playing, int32_t days)
{
	double seconds = playing->settings->days_a_second > 0 ? days / playing->settings->days_a_second : 0;
	struct timespec time = {.tv_sec = (time_t)seconds};
	time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
	if (seconds > 0)
		nanosleep(&time, NULL);
}

/* ---- reactions ---- */

static struct chance chance_of(const struct playing *playing, const char *what, const struct errand *errand)
{
	uint64_t at =
	    (uint64_t)(uint32_t)errand->day << 20 | (uint64_t)errand->minute << 8 | (errand->number & 255);
	return (struct chance){playing->diary->seed, what,
	                       playing->diary->catalogue->reporters[errand->reporter].code, at};
}

/* A copy for some days later, with room for all its figures and none yet; NULL: no memory. */
static struct errand *add_reaction(struct playing *playing, const struct errand *cause, enum errand_kind kind,
                                   int days_most)
{
	if (playing->reaction_count == playing->reaction_room) {
		size_t room = playing->reaction_room ? 2 * playing->reaction_room : 16;
		struct errand *larger = realloc(playing->reactions, room * sizeof *larger);
		if (!larger)
			return NULL;
		playing->reactions = larger;
		playing->reaction_room = room;
	}
	struct errand *added = &playing->reactions[playing->reaction_count];
	int32_t later = 1 + (int32_t)chance_below(chance_of(playing, "answer", cause), days_most);
	*added = (struct errand){
	    .day = diary_working_day(playing->diary->catalogue, cause->day + later),
	    .minute = cause->minute,
	    .number = cause->number,
	    .kind = kind,
	    .reporter = cause->reporter,
	    .label = cause->label,
	    .figures = calloc(cause->count + 1, sizeof *added->figures),
	};
	if (!added->figures)
		return NULL;
	playing->reaction_count++;
	return added;
}

static bool is_true(const struct playing *playing, const struct figure *figure)
{
	int64_t value = figure->value;
	return !truth_find(playing->diary->truth, figure->statistic, figure->area, figure->period, &value) ||
	       value == figure->value;
}

static void make_true(const struct playing *playing, struct figure *figure)
{
	int64_t value = figure->value;
	if (truth_find(playing->diary->truth, figure->statistic, figure->area, figure->period, &value))
		figure->value = value;
}

static bool is_same_figure(const struct figure *figure, const struct mishap *mishap)
{
	return figure->statistic == mishap->statistic && figure->area == mishap->area &&
	       figure->period.code == mishap->period.code;
}

/* Whether the diary mends it later by itself. */
static bool will_be_mended(const struct playing *playing, const struct errand *errand,
                           const struct figure *figure)
{
	const struct diary *diary = playing->diary;
	for (size_t i = 0; i < diary->mishap_count; i++)
		if (is_same_figure(figure, &diary->mishaps[i]))
			return diary->mishaps[i].mended_day != INT32_MAX &&
			       diary->mishaps[i].mended_day > errand->day;
	return false;
}

/* ---- answers ---- */

/* The office looks the whole report over, and sends it again. */
static int send_again(struct playing *playing, const struct errand *errand)
{
	struct errand *again = add_reaction(playing, errand, ERRAND_AGAIN, 3);
	if (!again)
		return -ENOMEM;
	for (size_t i = 0; i < errand->count; i++) {
		again->figures[i] = errand->figures[i];
		make_true(playing, &again->figures[i]);
	}
	again->count = errand->count;
	again->tries = errand->tries + 1;
	again->correction = errand_needs_correction(playing->diary->catalogue, again);
	return 0;
}

static int take_refusal(struct playing *playing, const struct errand *errand, const struct reply *reply)
{
	playing->account.refused++;
	if (errand->is_sent_again)
		return 0;
	playing->account.unexpected++;
	if (playing->settings->messages) {
		char day[PERIOD_TEXT_SIZE];
		diary_day_format(errand->day, day);
		fprintf(playing->settings->messages, "%s: %s: %s refused: %s\n", day,
		        playing->diary->catalogue->reporters[errand->reporter].code, errand->label,
		        reply->reason ? reply->reason : "");
	}
	if (errand->tries == TRIES_MAX) {
		playing->account.given_up++;
		return 0;
	}
	return send_again(playing, errand);
}

static const char *reason_for(const char *rule)
{
	if (strcmp(rule, "jump") == 0)
		return "checked with the office that counts: it did change as much";
	if (strcmp(rule, "unchanged") == 0)
		return "checked with the office that counts: nothing changed";
	return "checked with the office that counts: it is so here";
}

/* The questioned figures that are right, or that are wrong and would stay so. */
static int answer_questions(struct playing *playing, const struct errand *errand, const struct reply *reply,
                            enum errand_kind kind)
{
	struct errand *reaction = NULL;
	for (size_t i = 0; i < reply->questioned_count; i++) {
		const struct figure *figure = &errand->figures[reply->questioned[i]];
		bool fine = is_true(playing, figure);
		if (kind == ERRAND_CONFIRMATION ? !fine : fine || will_be_mended(playing, errand, figure))
			continue;
		if (!reaction)
			reaction = add_reaction(playing, errand, kind, 12);
		if (!reaction)
			return -ENOMEM;
		struct figure *put = &reaction->figures[reaction->count++];
		*put = *figure;
		make_true(playing, put);
		if (kind == ERRAND_CONFIRMATION)
			reaction->confirm = reason_for(reply->rules[i]);
	}
	if (reaction)
		reaction->correction = errand_needs_correction(playing->diary->catalogue, reaction);
	return 0;
}

static void count_report(struct account *account, const struct errand *errand, const struct reply *reply)
{
	account->reports[errand->kind]++;
	account->figures += reply->is_accepted ? errand->count : 0;
	account->questioned += reply->questioned_count;
	account->reasons += reply->is_accepted && errand->correction;
	if (reply->is_accepted && errand->confirm)
		account->confirmed += errand->count;
}

static int send(struct playing *playing, const struct errand *errand)
{
	struct reply reply;
	int answer = play_wind(playing->settings->clock, errand->day, errand->minute);
	if (!answer)
		answer = courier_carry(playing->settings->courier, errand, &reply);
	if (answer)
		return answer;
	count_report(&playing->account, errand, &reply);
	if (!reply.is_accepted)
		return take_refusal(playing, errand, &reply);
	answer = answer_questions(playing, errand, &reply, ERRAND_CONFIRMATION);
	return answer ? answer : answer_questions(playing, errand, &reply, ERRAND_CORRECTION);
}

/* ---- the days ---- */

static bool is_before(const struct errand *a, const struct errand *b)
{
	return a->day != b->day ? a->day < b->day : a->minute < b->minute;
}

/* The first reaction to go, if it goes by the end of the day; or NULL. */
static struct errand *find_reaction(const struct playing *playing, int32_t day)
{
	struct errand *first = NULL;
	for (size_t i = 0; i < playing->reaction_count; i++)
		if (!first || is_before(&playing->reactions[i], first))
			first = &playing->reactions[i];
	return first && first->day <= day ? first : NULL;
}

static const struct errand *find_errand(const struct playing *playing, int32_t day)
{
	const struct diary *diary = playing->diary;
	bool is_there =
	    playing->errand_at < diary->errand_count && diary->errands[playing->errand_at].day <= day;
	return is_there ? &diary->errands[playing->errand_at] : NULL;
}

static void take_reaction(struct playing *playing, struct errand *reaction, struct errand *ret_taken)
{
	size_t behind = (size_t)(&playing->reactions[playing->reaction_count] - reaction) - 1;
	*ret_taken = *reaction;
	memmove(reaction, reaction + 1, behind * sizeof *reaction);
	playing->reaction_count--;
}

/* The next errand of the diary and of the reactions, as far as it goes on that day. A reaction becomes *taken, whose figures
 * are then the caller's to free. */
static const struct errand *next_errand(struct playing *playing, int32_t day, struct errand *taken)
{
	const struct errand *next = find_errand(playing, day);
	struct errand *reaction = find_reaction(playing, day);
	if (reaction && (!next || is_before(reaction, next))) {
		take_reaction(playing, reaction, taken);
		return taken;
	}
	playing->errand_at += next != NULL;
	return next;
}

static int send_all(struct playing *playing, int32_t day)
{
	int answer = 0;
	for (;;) {
		struct errand taken = {0};
		const struct errand *errand = answer ? NULL : next_errand(playing, day, &taken);
		if (errand)
			answer = send(playing, errand);
		free(taken.figures);
		if (!errand)
			return answer;
	}
}

static int do_deeds(struct playing *playing, int32_t day)
{
	const struct diary *diary = playing->diary;
	int answer = 0;
	for (; playing->deed_at < diary->deed_count && diary->deeds[playing->deed_at].day <= day && !answer;
	     playing->deed_at++) {
		const struct deed *deed = &diary->deeds[playing->deed_at];
		answer = play_wind(playing->settings->clock, day, deed->minute);
		if (!answer)
			answer = overseer_do(playing->settings->overseer, deed);
	}
	return answer;
}

/* The first day of a month on which anything happens; and the last day of all. */
static int review(struct playing *playing, int32_t day)
{
	int month = period_part(period_of_day(day, PERIOD_MONTH));
	bool is_last = day == playing->diary->last_day;
	if (month == playing->month && !is_last)
		return 0;
	playing->month = month;
	int answer = play_wind(playing->settings->clock, day, MORNING_MINUTE);
	return answer ? answer : overseer_review(playing->settings->overseer, is_last);
}

static int look_at(struct playing *playing, int32_t day, int minute)
{
	int answer = play_wind(playing->settings->clock, day, minute);
	return answer || !playing->settings->overseer ? answer : overseer_look(playing->settings->overseer);
}

/* The daemon looks by itself when the day turns, whenever it finds the time. So the first thing that happens on a day is that it is
 * asked to: then it is always the same look, and the journal always the same journal. */
static int live_a_day(struct playing *playing, int32_t day)
{
	const struct play_settings *settings = playing->settings;
	int answer = look_at(playing, day, NIGHT_MINUTE);
	if (!answer && settings->overseer)
		answer = review(playing, day);
	if (!answer && settings->overseer)
		answer = do_deeds(playing, day);
	if (!answer)
		answer = send_all(playing, day);
	if (!answer)
		answer = look_at(playing, day, EVENING_MINUTE);
	return answer || !settings->evening ? answer : settings->evening(settings->witness, day);
}

/* Whether something was due on the day before, so that it is overdue now. */
static bool is_after_a_deadline(const struct diary *diary, int32_t day)
{
	const struct catalogue *catalogue = diary->catalogue;
	for (uint32_t i = 0; i < catalogue->statistic_count; i++) {
		const struct statistic *statistic = &catalogue->statistics[i];
		struct period period = period_of_day(day, statistic->frequency);
		for (int back = 0; back < 6 && period_shift(period, -1, &period); back++)
			if (calendar_due_day(catalogue, statistic, period) == day - 1)
				return true;
	}
	return false;
}

static bool is_something_on(const struct playing *playing, int32_t day)
{
	const struct diary *diary = playing->diary;
	return find_errand(playing, day) || find_reaction(playing, day) ||
	       (playing->deed_at < diary->deed_count && diary->deeds[playing->deed_at].day <= day) ||
	       is_after_a_deadline(diary, day) || day == diary->last_day;
}

static void playing_done(struct playing *playing)
{
	for (size_t i = 0; i < playing->reaction_count; i++)
		free(playing->reactions[i].figures);
	free(playing->reactions);
}

int play(const struct play_settings *settings, struct account *ret_account)
{
	struct playing playing = {.settings = settings, .diary = settings->diary, .month = -1};
	int answer = 0;
	for (int32_t day = settings->diary->first_day; day <= settings->last_day && !answer; day++) {
		rest(&playing, 1);
		if (is_something_on(&playing, day))
			answer = live_a_day(&playing, day);
	}
	playing_done(&playing);
	if (!answer)
		*ret_account = playing.account;
	return answer;
}
