#include "daemon/intake/doubt.h"

#include <stdlib.h>
#include <string.h>

/* 1.4826 and percent with two decimals are both kept in ten-thousandths. */
#define MAD_SCALE 14826
#define PER_HEAD  1000000

static int compare(const void *left, const void *right)
{
	int128 a, b;
	memcpy(&a, left, sizeof a);
	memcpy(&b, right, sizeof b);
	return (a > b) - (a < b);
}

static int128 magnitude(int128 number)
{
	return number < 0 ? -number : number;
}

/* Twice the median; sorts. */
static int128 median_twice(int128 *sample, size_t count)
{
	qsort(sample, count, sizeof *sample, compare);
	return sample[(count - 1) / 2] + sample[count / 2];
}

/* What is usual: around centre_twice / 2, up to reach / 4,000,000 away. */
struct usual {
	int128 centre_twice, reach;
};

/* `size_twice`: twice the median size of a figure. Overwrites the sample. */
static struct usual find_usual(const struct doubt *doubt, int128 *sample, size_t count, int128 size_twice)
{
	struct usual usual = {.centre_twice = median_twice(sample, count)};
	for (size_t i = 0; i < count; i++)
		sample[i] = magnitude(2 * sample[i] - usual.centre_twice);
	/* Both times 40,000: median_twice of doubled deviations is four times the MAD. */
	int128 by_deviation = MAD_SCALE * median_twice(sample, count);
	int128 by_margin = 2 * (int128)doubt->margin * size_twice;
	usual.reach = doubt->deviations * (by_deviation > by_margin ? by_deviation : by_margin);
	return usual;
}

static bool lies_outside(const struct usual *usual, int128 now)
{
	return usual->reach > 0 && magnitude(2 * now - usual->centre_twice) * 2000000 > usual->reach;
}

static int64_t clamp(int128 number)
{
	return number > INT64_MAX ? INT64_MAX : number < INT64_MIN ? INT64_MIN : (int64_t)number;
}

static int128 divide_down(int128 number, int128 by)
{
	return number / by - (number % by < 0);
}

/* ---- one's own history ---- */

bool doubt_jump(const struct doubt *doubt, const int64_t *figures, size_t count, int64_t now, int128 *scratch,
                struct doubt_range *ret_range)
{
	if (count < 2 || count - 1 < doubt->least)
		return false;
	for (size_t i = 0; i < count; i++)
		scratch[i] = magnitude(figures[i]);
	int128 size_twice = median_twice(scratch, count), last = figures[count - 1];
	for (size_t i = 1; i < count; i++)
		scratch[i - 1] = (int128)figures[i] - figures[i - 1];
	struct usual usual = find_usual(doubt, scratch, count - 1, size_twice);
	/* Whole figures: the lowest and the highest inside. */
	int128 centre = 2000000 * usual.centre_twice;
	ret_range->low = clamp(last - divide_down(usual.reach - centre, 4000000));
	ret_range->high = clamp(last + divide_down(centre + usual.reach, 4000000));
	return lies_outside(&usual, now - last);
}

bool doubt_unchanged(const struct doubt *doubt, const int64_t *figures, size_t count, int64_t now)
{
	if (count < 2 || count - 1 < doubt->least || figures[count - 1] != now)
		return false;
	for (size_t i = 1; i < count; i++)
		if (figures[i] == figures[i - 1])
			return false;
	return true;
}

/* ---- others ---- */

static int128 rate_of(struct doubt_share share)
{
	return (int128)share.figure * PER_HEAD / share.per;
}

/* The figure of a rate, given in four millionths of a millionth. */
static int64_t figure_at(int128 rate, int64_t per, bool up)
{
	int128 millionths = divide_down(up ? rate : rate + 3999999, 4000000), product;
	if (__builtin_mul_overflow(millionths, (int128)per, &product))
		return millionths < 0 ? INT64_MIN : INT64_MAX;
	return clamp(divide_down(product, PER_HEAD));
}

bool doubt_peers(const struct doubt *doubt, const struct doubt_share *peers, size_t count,
                 struct doubt_share now, int128 *scratch, struct doubt_range *ret_range)
{
	if (count == 0 || count < doubt->least)
		return false;
	for (size_t i = 0; i < count; i++)
		scratch[i] = rate_of(peers[i]);
	int128 size_twice = magnitude(median_twice(scratch, count));
	struct usual usual = find_usual(doubt, scratch, count, size_twice);
	int128 centre = 2000000 * usual.centre_twice;
	ret_range->low = figure_at(centre - usual.reach, now.per, false);
	ret_range->high = figure_at(centre + usual.reach, now.per, true);
	return lies_outside(&usual, rate_of(now));
}
