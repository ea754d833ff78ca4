/* Key files and files of public keys: what is a pair is read again when it is written, and no sentence about what is wrong
 * quotes the secret, wherever in the text it ended up. */
#include "proto/codes.h"
#include "proto/keys.h"
#include "tests/fuzz/fuzz.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The corpus has no other. Eight of its characters in a sentence are no accident. */
static const char secret[] = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";
#define WINDOW 8

static void check_reason(const struct keys_reason *reason)
{
	assert(*reason->text && text_is_valid(reason->text, strlen(reason->text)));
	for (size_t i = 0; i + WINDOW < sizeof secret; i++)
		assert(!memmem(reason->text, strlen(reason->text), secret + i, WINDOW));
}

static void check_pair(const struct key_pair *pair)
{
	struct key_pair again;
	struct keys_reason reason;
	char text[200];
	int size =
	    snprintf(text, sizeof text, "# of nobody\npublic: %s\nsecret: %s\n", pair->public, pair->secret);
	assert(keys_is_key(pair->public, strlen(pair->public)) &&
	       keys_is_key(pair->secret, strlen(pair->secret)));
	if (keys_parse_pair("again.key", text, (size_t)size, &again, &reason) != 0)
		abort();
	assert(memcmp(&again, pair, sizeof again) == 0);
}

static void check_public(const struct public_keys *keys)
{
	assert(keys->count > 0 && keys->count <= KEYS_PUBLIC_MAX);
	for (size_t i = 0; i < keys->count; i++)
		assert(keys_is_key(keys->keys[i], strlen(keys->keys[i])));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct key_pair pair;
	struct public_keys keys;
	struct keys_reason reason = {.text = ""};
	int result = keys_parse_pair("own.key", (const char *)bytes, size, &pair, &reason);
	assert(result == 0 || result == KEYS_UNUSABLE);
	if (result == 0)
		check_pair(&pair);
	else
		check_reason(&reason);
	reason.text[0] = '\0';
	result = keys_parse_public("server.pub", (const char *)bytes, size, &keys, &reason);
	assert(result == 0 || result == KEYS_UNUSABLE);
	if (result == 0)
		check_public(&keys);
	else
		check_reason(&reason);
	return 0;
}
