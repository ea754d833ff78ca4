/* What happens when the daemon asks for a report that this spool had an answer for: it was restored from a backup, and
 * knows nothing of what came after.
 *
 * Everything kept from there on becomes pending again, and goes out as it was, under its old numbers. If the report asked
 * for is no longer held, the lowest one above it says so: `oldest`, its own number, is appended to its bytes (in protobuf
 * the last one of a field counts), and the daemon records the gap. The longer bytes are in the spool before they are
 * sent. Can the daemon have decided on the shorter ones? It asks for a lower number, so by then it had not; it takes a
 * number only after the one before or with `oldest`; and the one before is not held, so nobody can send it. Only another
 * restore, from a newer backup, can bring that about: the conflict it makes is solved by taking the addition back. */
#ifndef SUANPAN_CLIENTS_REPORT_RESEND_H
#define SUANPAN_CLIENTS_REPORT_RESEND_H

#include "clients/report/deliver.h"
#include "daemon/base/fault.h"
#include <stddef.h>
#include <stdint.h>

enum resend_verdict {
	RESEND_IMPOSSIBLE = 1
}; /* nothing is held from there on; the sentence says what that means */

struct resend {
	uint64_t first; /* the lowest pending one from there on */
	size_t again;   /* how many were decided before and are pending now */
};

/* Prepares the spool for `from`, and tells people. */
int MUST_CHECK resend_prepare(const struct deliver_settings *settings, uint64_t from,
                              struct resend *ret_resend);

#endif
