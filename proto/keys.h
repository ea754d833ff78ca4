/* Keys: a CURVE25519 pair tells who somebody is. As text a key is Z85, 40 characters (ZeroMQ RFC 32).
 *
 * A key file holds a pair, one `public: KEY` and one `secret: KEY` line, and belongs to whoever it tells of:
 * one that anybody else may read or write is refused. A file of public keys holds only `public: KEY` lines;
 * it may be read by all and written by its owner. Both may have lines that begin with # and empty ones, and
 * nothing else.
 *
 * Sentences never quote what could be a secret. Secrets are to be wiped (keys_wipe) by whoever read them. The
 * alphabet has `#`, `$`, `:`, `{` and their like, so a key is quoted in a shell ('KEY') and in YAML. */
#ifndef SUANPAN_PROTO_KEYS_H
#define SUANPAN_PROTO_KEYS_H

#include "daemon/base/fault.h"
#include <stdbool.h>
#include <stddef.h>

#define KEYS_LENGTH     40
#define KEYS_TEXT_SIZE  (KEYS_LENGTH + 1)
#define KEYS_PUBLIC_MAX 4    /* in a file of public keys: what overlaps while a key is being changed */
#define KEYS_FILE_MAX   4096 /* bytes of either file */

struct key_pair {
	char public[KEYS_TEXT_SIZE], secret[KEYS_TEXT_SIZE];
};

struct public_keys {
	char keys[KEYS_PUBLIC_MAX][KEYS_TEXT_SIZE];
	size_t count; /* at least 1 */
};

/* Why something was refused, for a person; cut off where it is too long. */
struct keys_reason {
	char text[512];
};

enum keys_verdict {
	KEYS_UNUSABLE = 1, /* the reason says why */
};

/* Whether this is a key as text; that somebody holds its other half is not said by that. */
bool keys_is_key(const char *text, size_t length);

/* A new pair, whose public key begins with a letter or a digit: no command line takes it for an option, and
 * keys_read_public not for a path. -EIO: there is no randomness to be had. */
int MUST_CHECK keys_make(struct key_pair *ret_pair);
void keys_wipe(struct key_pair *pair);

/* `name` is what sentences call the text: "liwan.key". A secret that is not the public key's is refused. */
int MUST_CHECK keys_parse_pair(const char *name, const char *text, size_t size, struct key_pair *ret_pair,
                               struct keys_reason *ret_reason);
int MUST_CHECK keys_parse_public(const char *name, const char *text, size_t size,
                                 struct public_keys *ret_keys, struct keys_reason *ret_reason);

/* A file of our own, or of root's (a service gets its key that way), mode 0600 or stricter; root's may be
 * readable by a group. Root may read everybody's. */
int MUST_CHECK keys_read_pair(const char *path, struct key_pair *ret_pair, struct keys_reason *ret_reason);
/* A key itself, or else the path of a file of public keys. What begins with '/' or '.' is a path. */
int MUST_CHECK keys_read_public(const char *key_or_path, struct public_keys *ret_keys,
                                struct keys_reason *ret_reason);

/* Makes the file with mode 0600, on the disk when this returns; never writes over one. `comment` is a line of
 * text without control characters, or NULL. */
int MUST_CHECK keys_write(const char *path, const struct key_pair *pair, const char *comment,
                          struct keys_reason *ret_reason);
/* Moves one over another, on the disk when this returns. */
int MUST_CHECK keys_rename(const char *from, const char *to, struct keys_reason *ret_reason);

#endif
