#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/lib/identity.h"
#include "tests/lib/scratch.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static char *folder, *key_file;
static struct key_pair own, server;

static int set_up(void **state)
{
	struct keys_reason reason;

	(void)state;
	folder = scratch_new();
	key_file = scratch_path(folder, "liwan.key");
	return keys_make(&own) || keys_make(&server) || keys_write(key_file, &own, NULL, &reason);
}

static int tear_down(void **state)
{
	(void)state;
	scratch_free(folder);
	free(key_file);
	return 0;
}

static void without_keys_only_this_machine_may_be_spoken_to(void **state)
{
	struct identity identity;
	struct keys_reason reason = {""};

	(void)state;
	assert_int_equal(identity_read(NULL, NULL, &identity, &reason), 0);
	assert_null(identity.key_file);
	assert_int_equal(identity_check_url(&identity, "tcp://127.0.0.1:5811", &reason), 0);
	assert_int_equal(identity_check_url(&identity, "tcp://[::1]:5811", &reason), 0);
	assert_int_equal(identity_check_url(&identity, "ipc:///run/suanpan/intake", &reason), 0);
	assert_string_equal(reason.text, "");
	assert_int_equal(identity_check_url(&identity, "tcp://suanpan.gz.example:5811", &reason), 1);
	assert_string_equal(
	    reason.text,
	    "'tcp://suanpan.gz.example:5811' is not on this machine, and without keys anybody on "
	    "the way could read and change what is said; give --key and --server-key");
	assert_int_equal(identity_read("", "", &identity, &reason), 0);
	assert_null(identity.key_file);
}

static void with_keys_everybody_may_be(void **state)
{
	struct identity identity;
	struct keys_reason reason = {""};

	(void)state;
	assert_int_equal(identity_read(key_file, server.public, &identity, &reason), 0);
	assert_string_equal(identity.own.secret, own.secret);
	assert_string_equal(identity.own.public, own.public);
	assert_int_equal(identity.servers.count, 1);
	assert_string_equal(identity.servers.keys[0], server.public);
	assert_int_equal(identity_check_url(&identity, "tcp://suanpan.gz.example:5811", &reason), 0);
	identity_wipe(&identity);
	assert_string_equal(identity.own.secret, "");
}

static void must_refuse(const char *key, const char *server_key, const char *expected)
{
	struct identity identity = {.server_key = "untouched"};
	struct keys_reason reason = {""};

	assert_int_equal(identity_read(key, server_key, &identity, &reason), 1);
	if (!strstr(reason.text, expected))
		fail_msg("'%s' should say '%s'", reason.text, expected);
	assert_string_equal(identity.server_key, "untouched");
}

static void half_of_the_keys_are_refused(void **state)
{
	(void)state;
	must_refuse(key_file, NULL, "--key without --server-key");
	must_refuse(key_file, "", "--key without --server-key");
	must_refuse(NULL, server.public, "--server-key without --key");
	must_refuse("", server.public, "--server-key without --key");
	must_refuse("/nowhere/key", server.public, "/nowhere/key: No such file or directory");
	must_refuse(key_file, "/nowhere/server.pub", "/nowhere/server.pub: No such file or directory");
	must_refuse(key_file, key_file, "found a secret key; expected public keys only");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_keys_only_this_machine_may_be_spoken_to),
	    cmocka_unit_test(with_keys_everybody_may_be),
	    cmocka_unit_test(half_of_the_keys_are_refused),
	};

	return cmocka_run_group_tests_name("lib_identity", tests, set_up, tear_down);
}
