/* Who we are to the daemon, and which daemon it may be: what --key and --server-key name. */
#ifndef SUANPAN_CLIENTS_LIB_IDENTITY_H
#define SUANPAN_CLIENTS_LIB_IDENTITY_H

#include "daemon/base/fault.h"
#include "proto/keys.h"

struct identity {
	const char *key_file; /* as given; NULL: no keys, every connection is plain */
	struct key_pair own;
	const char *server_key;     /* as given */
	struct public_keys servers; /* while the daemon changes its key, the old one and the next */
};

/* Both may be NULL or empty, for none. Answers 0, or 1 with the reason: one without the other, or what cannot
 * be read. The pointers live on in the identity. */
int MUST_CHECK identity_read(const char *key_file, const char *server_key, struct identity *ret_identity,
                             struct keys_reason *ret_reason);
void identity_wipe(struct identity *identity);

/* 0 where `url` may be spoken to: with keys, or on this machine; or 1 with the reason. */
int MUST_CHECK identity_check_url(const struct identity *identity, const char *url,
                                  struct keys_reason *ret_reason);

#endif
