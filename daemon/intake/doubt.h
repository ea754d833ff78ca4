/* Is a figure a usual one? Pure arithmetic on what it is compared with; exact, so that a replay questions the same.
 *
 * As published
 *   Outliers are told by robust deviations: with the median m of a sample and MAD, the median of the absolute deviations from
 *   m, a figure further than k * 1.4826 * MAD from m is one. 1.4826 makes the MAD estimate the standard deviation of a normal
 *   sample. F. R. Hampel, "The influence curve and its role in robust estimation", Journal of the American Statistical
 *   Association 69 (1974); C. Leys et al., "Detecting outliers", Journal of Experimental Social Psychology 49 (2013).
 * As done here
 *   - jump: the sample is the changes from each figure to the next of the area's own history; what is judged is the change
 *     from the last of them to now. peers: the sample is the other areas' figures per head, what is judged is one's own.
 *   - Half and more of a sample may be equal, and its MAD nothing then. So what is usual is never less than `margin` percent of
 *     the usual figure: of the median of |figures| (jump), of |the median figure per head| (peers). It stands in for the
 *     deviation, so with k = 6 and a margin of 1 % a change of 6 % of the usual figure is never a jump. Where that is nothing
 *     as well, nothing is questioned.
 *   - unchanged: the figure is the last one again, and every change of the history was one.
 *   - With fewer than `least` changes (peers: areas) nothing is questioned.
 *   - Medians are taken twice and four times as large, and the bound is compared in 128 bits: nothing is rounded. Figures per
 *     head are millionths, cut off. Only the bounds that are told to people are rounded. */
#ifndef SUANPAN_INTAKE_DOUBT_H
#define SUANPAN_INTAKE_DOUBT_H

#include "daemon/base/int128.h"
#include "daemon/catalogue/rules.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The least and the greatest figure that would not have been questioned, as near as an int64 comes. */
struct doubt_range {
	int64_t low, high;
};

/* `figures`: what was there before, oldest first. Room for scratch: `count` of them. */
bool doubt_jump(const struct doubt *doubt, const int64_t *figures, size_t count, int64_t now, int128 *scratch,
                struct doubt_range *ret_range);
bool doubt_unchanged(const struct doubt *doubt, const int64_t *figures, size_t count, int64_t now);

/* A figure, and what it is divided by: more than 0. */
struct doubt_share {
	int64_t figure, per;
};
bool doubt_peers(const struct doubt *doubt, const struct doubt_share *peers, size_t count,
                 struct doubt_share now, int128 *scratch, struct doubt_range *ret_range);

#endif
