/* A daemon that serves only who holds a key, over loopback tcp, and the keys of some who do.
 *
 * The catalogue is the shipped one; liwan reports for 440103, yuexiu for 440104. Each test process has a loopback address of its
 * own, so that no two of them want the same port. */
#ifndef SUANPAN_TESTS_LIB_WALLED_H
#define SUANPAN_TESTS_LIB_WALLED_H

#include "proto/keys.h"
#include "proto/suanpan.pb-c.h"
#include "tests/lib/daemon.h"
#include "tests/lib/peer.h"
#include <stdbool.h>
#include <stdint.h>

enum walled_who { LIWAN, YUEXIU, OFFICE, OPERATOR, STRANGER, WALLED_WHO_COUNT };

struct walled {
	struct daemon daemon;
	struct key_pair server, keys[WALLED_WHO_COUNT];
	bool enrolled[WALLED_WHO_COUNT]; /* all but the stranger, until a test says otherwise */
	char *more;
	struct peer asker; /* the operator's */
	uint64_t asked;
};

/* `more`: further words of the daemon's command line ("--set share=64"), or "". */
void walled_start(struct walled *walled, const char *more);
/* Launches it again after it ended, and waits until it is ready; answers how many milliseconds that took. */
long walled_restart(struct walled *walled);
void walled_done(struct walled *walled);
/* Writes the catalogue's keys as `enrolled` says, reloads, and waits until that is in force. */
void walled_reload(struct walled *walled);
/* The same, once, with another text for the keys of one reporter: what stands between the outer quotes. */
void walled_reload_with(struct walled *walled, enum walled_who who, const char *keys);

struct endpoint_keys walled_keys(const struct walled *walled, enum walled_who who);
void walled_open(const struct walled *walled, enum walled_who who, const char *url, struct peer *peer);

/* One number of the daemon's status, by its field's name; the operator asks. */
uint64_t walled_status(struct walled *walled, const char *field);
/* Until it is at least so much; ends the test when it takes more than 20 seconds. */
void walled_await(struct walled *walled, const char *field, uint64_t least);
void walled_pause(int ms);
int64_t walled_now_ms(void); /* monotonic */

/* Of the daemon, in KiB. */
long walled_resident(const struct walled *walled);
/* Whether the daemon's log holds this. */
bool walled_said(const struct walled *walled, const char *text);

/* One observation of hospital_beds, for each its own area and stream. */
struct peer_report walled_report(enum walled_who who, uint64_t sequence, int64_t value);
/* Reports it over `peer` and expects it to be accepted. */
void walled_must_accept(struct peer *peer, const struct peer_report *report);

#endif
