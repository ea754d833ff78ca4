#include "clients/lib/identity.h"

#include "proto/endpoint.h"
#include <stdio.h>

static int refuse(struct keys_reason *reason, const char *text)
{
	snprintf(reason->text, sizeof reason->text, "%s", text);
	return 1;
}

int identity_read(const char *key_file, const char *server_key, struct identity *ret_identity,
                  struct keys_reason *ret_reason)
{
	struct identity identity = {.key_file = key_file, .server_key = server_key};
	const bool has_own = key_file && *key_file, has_server = server_key && *server_key;

	if (!has_own && !has_server) {
		*ret_identity = (struct identity){.key_file = NULL};
		return 0;
	}
	if (!has_server)
		return refuse(ret_reason,
		              "--key without --server-key: whose daemon it is must be known as well; "
		              "ask its operator for its public key");
	if (!has_own)
		return refuse(ret_reason, "--server-key without --key: expected a key of your own as well; "
		                          "suanpan-keys new makes one");
	if (keys_read_public(server_key, &identity.servers, ret_reason) ||
	    keys_read_pair(key_file, &identity.own, ret_reason))
		return 1;
	*ret_identity = identity;
	identity_wipe(&identity);
	return 0;
}

void identity_wipe(struct identity *identity)
{
	keys_wipe(&identity->own);
}

int identity_check_url(const struct identity *identity, const char *url, struct keys_reason *ret_reason)
{
	if (identity->key_file || endpoint_is_local(url))
		return 0;
	snprintf(
	    ret_reason->text, sizeof ret_reason->text,
	    "'%s' is not on this machine, and without keys anybody on the way could read and change what is "
	    "said; give --key and --server-key",
	    url);
	return 1;
}
