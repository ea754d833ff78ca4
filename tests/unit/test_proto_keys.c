#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/keys.h"
#include "tests/lib/scratch.h"
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pair from RFC 32 and libzmq's own tests. */
#define PUBLIC "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define SECRET "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
#define OTHER  "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"

/* ---- keys as text */

static void forty_characters_of_z85_are_a_key(void **state)
{
	static const char *const BAD[] = {
	    "",
	    "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI",   /* 39 */
	    "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hIDx", /* 41 */
	    "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI ",  /* no Z85 */
	    "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI\"",
	    "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hI\xe5",
	    "########################################", /* beyond 32 bits */
	};

	(void)state;
	assert_true(keys_is_key(PUBLIC, 40));
	assert_true(keys_is_key("0000000000000000000000000000000000000000", 40));
	for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
		if (keys_is_key(BAD[i], strlen(BAD[i])))
			fail_msg("'%s' should be no key", BAD[i]);
	assert_false(keys_is_key("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{h\0D", 40));
}

static void made_pairs_fit_and_differ_and_begin_with_no_sign(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++) {
		struct key_pair pair, other, read;
		struct keys_reason reason;
		char text[200];

		assert_int_equal(keys_make(&pair), 0);
		assert_int_equal(keys_make(&other), 0);
		assert_string_not_equal(pair.public, other.public);
		assert_non_null(
		    strchr("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", pair.public[0]));
		int length =
		    snprintf(text, sizeof text, "public: %s\nsecret: %s\n", pair.public, pair.secret);
		assert_int_equal(keys_parse_pair("made", text, (size_t)length, &read, &reason), 0);
	}
}

static void a_wiped_pair_is_nothing(void **state)
{
	struct key_pair pair;
	static const struct key_pair nothing;

	(void)state;
	assert_int_equal(keys_make(&pair), 0);
	keys_wipe(&pair);
	assert_memory_equal(&pair, &nothing, sizeof pair);
}

/* ---- key files as text */

static void must_accept(const char *text)
{
	struct key_pair pair;
	struct keys_reason reason = {""};

	if (keys_parse_pair("k", text, strlen(text), &pair, &reason) != 0)
		fail_msg("'%s' should be accepted: %s", text, reason.text);
	assert_string_equal(pair.public, PUBLIC);
	assert_string_equal(pair.secret, SECRET);
}

/* No sentence may hold a piece of a secret, wherever it stands in the text. */
static void must_not_tell(const char *sentence, const char *secret)
{
	for (size_t i = 0; i + 4 <= strlen(secret); i++) {
		const char piece[] = {secret[i], secret[i + 1], secret[i + 2], secret[i + 3], '\0'};
		if (strstr(sentence, piece))
			fail_msg("'%s' tells of the secret: '%s'", sentence, piece);
	}
}

static void must_refuse_bytes(const char *text, size_t size, const char *expected)
{
	struct key_pair pair, before;
	struct keys_reason reason = {""};

	memset(&pair, 'x', sizeof pair);
	before = pair;
	if (keys_parse_pair("k", text, size, &pair, &reason) != KEYS_UNUSABLE)
		fail_msg("'%s' should be refused", text);
	assert_string_equal(reason.text, expected);
	must_not_tell(reason.text, SECRET);
	assert_memory_equal(&pair, &before, sizeof pair);
}

static void must_refuse(const char *text, const char *expected)
{
	must_refuse_bytes(text, strlen(text), expected);
}

#define NOT_FOUND "k:1: found something else than 'public: KEY', 'secret: KEY' or a # comment"

static void a_key_file_has_two_lines_and_comments(void **state)
{
	(void)state;
	must_accept("public: " PUBLIC "\nsecret: " SECRET "\n");
	must_accept("secret: " SECRET "\npublic: " PUBLIC);
	must_accept("# Liwan\r\n\r\npublic: " PUBLIC "\r\nsecret: " SECRET "\r\n");
	must_accept("#\n# secret: none of yours\n\npublic:   " PUBLIC "  \n\t\nsecret:" SECRET "\n\n");
}

static void another_text_is_refused_with_its_line_and_without_its_secret(void **state)
{
	(void)state;
	must_refuse("", "k: there is no 'public: KEY' line");
	must_refuse("public: " PUBLIC "\n", "k: there is no 'secret: KEY' line");
	must_refuse("secret: " SECRET "\n", "k: there is no 'public: KEY' line");
	must_refuse("public: " OTHER "\nsecret: " SECRET "\n", "k: the public key is not the secret key's");
	must_refuse("public: " SECRET "\nsecret: " PUBLIC "\n", "k: the public key is not the secret key's");
	must_refuse("public: " PUBLIC "\nsecret: " SECRET "\nsecret: " SECRET "\n",
	            "k:3: there is a second secret key; expected one");
	must_refuse("public: " PUBLIC "\npublic: " PUBLIC "\n",
	            "k:2: there is a second public key; expected one");
	must_refuse("# one\n\nsecret: " SECRET "x\n",
	            "k:3: the secret key has 41 characters; expected 40 of Z85");
	must_refuse("secret:\n", "k:1: the secret key has 0 characters; expected 40 of Z85");
	must_refuse("secret: D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%c \"\n",
	            "k:1: the secret key has 41 characters; expected 40 of Z85");
	must_refuse("secret: D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%c\"\n",
	            "k:1: the secret key is not one: expected 40 characters of Z85");
	must_refuse("secert: " SECRET "\n",
	            "k:1: found 'secert:'; expected 'public: KEY', 'secret: KEY' or a # comment");
	must_refuse(SECRET "\n", NOT_FOUND);
	must_refuse(" secret: " SECRET "\n", NOT_FOUND);
	must_refuse("Secret: " SECRET "\n", NOT_FOUND);
	must_refuse("secret " SECRET "\n", NOT_FOUND);
	must_refuse("-----BEGIN OPENSSH PRIVATE KEY-----\n", NOT_FOUND);
	must_refuse_bytes("public: \0\n", 10, "k:1: the public key has 1 characters; expected 40 of Z85");
	must_refuse_bytes("\0", 1, NOT_FOUND);
}

static void public_keys_stand_one_to_a_line(void **state)
{
	static const char FIVE[] = "public: " PUBLIC "\npublic: " PUBLIC "\npublic: " PUBLIC
	                           "\npublic: " PUBLIC "\npublic: " PUBLIC "\n";
	struct public_keys keys = {.count = 77};
	struct keys_reason reason = {""};

	(void)state;
	assert_int_equal(keys_parse_public("s", FIVE, sizeof FIVE - 1, &keys, &reason), KEYS_UNUSABLE);
	assert_string_equal(reason.text, "s:5: there are more than 4 keys");
	assert_int_equal(keys_parse_public("s", "# none\n", 7, &keys, &reason), KEYS_UNUSABLE);
	assert_string_equal(reason.text, "s: there is no 'public: KEY' line");
	assert_int_equal(keys_parse_public("s", "secret: " SECRET "\n", 49, &keys, &reason), KEYS_UNUSABLE);
	assert_string_equal(reason.text, "s:1: found a secret key; expected public keys only, as "
	                                 "`suanpan-keys show` prints them");
	assert_int_equal(keys.count, 77);
	static const char TWO[] = "public: " PUBLIC "\n# next\npublic: " OTHER;
	assert_int_equal(keys_parse_public("s", TWO, sizeof TWO - 1, &keys, &reason), 0);
	assert_int_equal(keys.count, 2);
	assert_string_equal(keys.keys[0], PUBLIC);
	assert_string_equal(keys.keys[1], OTHER);
}

/* ---- files */

static char *folder;

static int make_folder(void **state)
{
	(void)state;
	folder = scratch_new();
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	scratch_free(folder);
	return 0;
}

static const char *in_folder(const char *name)
{
	static char path[512];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void put_file(const char *name, const char *text, mode_t mode)
{
	scratch_write(in_folder(name), text, strlen(text));
	assert_int_equal(chmod(in_folder(name), mode), 0);
}

static void must_read(mode_t mode)
{
	struct key_pair pair;
	struct keys_reason reason = {""};

	put_file("mode", "public: " PUBLIC "\nsecret: " SECRET "\n", mode);
	if (keys_read_pair(in_folder("mode"), &pair, &reason) != 0)
		fail_msg("mode %o: %s", mode, reason.text);
	assert_string_equal(pair.secret, SECRET);
}

static void must_not_read(const char *name, const char *expected)
{
	struct key_pair pair = {.public = "untouched"};
	struct keys_reason reason = {""};

	assert_int_equal(keys_read_pair(in_folder(name), &pair, &reason), KEYS_UNUSABLE);
	if (!strstr(reason.text, expected))
		fail_msg("'%s' should say '%s'", reason.text, expected);
	assert_non_null(strstr(reason.text, name));
	assert_string_equal(pair.public, "untouched");
}

static void a_key_file_that_others_may_use_is_refused(void **state)
{
	static const mode_t LAX[] = {0604, 0640, 0620, 0610, 0602, 0601, 0644, 0666, 0777};

	(void)state;
	must_read(0600);
	must_read(0400);
	must_read(0700);
	for (size_t i = 0; i < sizeof LAX / sizeof LAX[0]; i++) {
		char expected[64];

		put_file("lax", "public: " PUBLIC "\nsecret: " SECRET "\n", LAX[i]);
		snprintf(expected, sizeof expected, "its mode is %04o", LAX[i]);
		must_not_read("lax", expected);
	}
}

/* What is not ours can only be tried as root, who may hand a file to somebody and be somebody else. */
static void a_key_file_of_another_user_is_refused_and_roots_may_be_the_groups(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(folder, 0755), 0);
	put_file("others", "public: " PUBLIC "\nsecret: " SECRET "\n", 0600);
	put_file("roots", "public: " PUBLIC "\nsecret: " SECRET "\n", 0640);
	assert_int_equal(chown(in_folder("others"), 12345, 0), 0);
	assert_int_equal(chown(in_folder("roots"), 0, 54321), 0);
	struct key_pair pair;
	struct keys_reason reason;
	assert_int_equal(keys_read_pair(in_folder("others"), &pair, &reason), 0);
	must_not_read("roots", "its mode is 0640");
	assert_int_equal(setegid(54321), 0);
	assert_int_equal(seteuid(54321), 0);
	bool may_enter =
	    faccessat(AT_FDCWD, folder, X_OK, AT_EACCESS) == 0; /* a checkout below a closed home */
	int roots = keys_read_pair(in_folder("roots"), &pair, &reason);
	int others = keys_read_pair(in_folder("others"), &pair, &reason);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(in_folder("others"), 0644), 0);
	assert_int_equal(seteuid(54321), 0);
	int open_to_all = keys_read_pair(in_folder("others"), &pair, &reason);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setegid(0), 0);
	if (!may_enter)
		skip();
	assert_int_equal(others, KEYS_UNUSABLE);
	assert_int_equal(open_to_all, KEYS_UNUSABLE);
	assert_non_null(strstr(reason.text, "belongs to another user"));
	if (roots)
		fail_msg("%s", reason.text);
}

static void what_is_no_file_of_keys_is_refused(void **state)
{
	static char large[KEYS_FILE_MAX + 2];

	(void)state;
	must_not_read("nowhere", "No such file or directory");
	assert_int_equal(mkdir(in_folder("folder"), 0700), 0);
	must_not_read("folder", "is no file");
	assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
	must_not_read("pipe", "is no file");
	memset(large, '#', sizeof large - 1);
	put_file("large", large, 0600);
	must_not_read("large", "has more than 4096 bytes");
	large[KEYS_FILE_MAX] = '\0';
	put_file("full", large, 0600);
	must_not_read("full", "there is no 'public: KEY' line");
}

static void a_servers_key_is_a_key_or_a_file_of_them(void **state)
{
	struct public_keys keys;
	struct keys_reason reason = {""};

	(void)state;
	assert_int_equal(keys_read_public(PUBLIC, &keys, &reason), 0);
	assert_int_equal(keys.count, 1);
	assert_string_equal(keys.keys[0], PUBLIC);
	put_file("server.pub", "public: " OTHER "\npublic: " PUBLIC "\n", 0644);
	assert_int_equal(keys_read_public(in_folder("server.pub"), &keys, &reason), 0);
	assert_int_equal(keys.count, 2);
	assert_string_equal(keys.keys[0], OTHER);
	put_file("server.pub", "public: " OTHER "\n", 0664);
	assert_int_equal(keys_read_public(in_folder("server.pub"), &keys, &reason), KEYS_UNUSABLE);
	assert_non_null(strstr(reason.text, "its mode is 0664, so others may change it"));
	assert_int_equal(keys_read_public("/etc/suanpan/keys/of-the-daemon/public/1", &keys, &reason),
	                 KEYS_UNUSABLE);
	assert_non_null(strstr(reason.text, "No such file"));
	assert_int_equal(keys_read_public("short", &keys, &reason), KEYS_UNUSABLE);
	assert_string_equal(reason.text, "short: No such file or directory");
}

static void a_written_pair_is_read_again_and_never_written_over(void **state)
{
	struct key_pair pair, other, read;
	struct keys_reason reason = {""};
	struct stat status;
	mode_t mask = umask(0);

	(void)state;
	assert_int_equal(keys_make(&pair), 0);
	assert_int_equal(keys_make(&other), 0);
	assert_int_equal(keys_write(in_folder("new"), &pair, "Liwan, 2024", &reason), 0);
	umask(mask);
	assert_int_equal(stat(in_folder("new"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(keys_write(in_folder("new"), &other, NULL, &reason), KEYS_UNUSABLE);
	assert_non_null(strstr(reason.text, "new: File exists"));
	assert_int_equal(keys_read_pair(in_folder("new"), &read, &reason), 0);
	assert_memory_equal(&read, &pair, sizeof pair);
	assert_int_equal(keys_write(in_folder("nowhere/new"), &pair, NULL, &reason), KEYS_UNUSABLE);
	assert_non_null(strstr(reason.text, "No such file"));
	assert_int_equal(symlink("elsewhere", in_folder("link")), 0);
	assert_int_equal(keys_write(in_folder("link"), &pair, NULL, &reason), KEYS_UNUSABLE);
	assert_int_equal(access(in_folder("elsewhere"), F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(forty_characters_of_z85_are_a_key),
	    cmocka_unit_test(made_pairs_fit_and_differ_and_begin_with_no_sign),
	    cmocka_unit_test(a_wiped_pair_is_nothing),
	    cmocka_unit_test(a_key_file_has_two_lines_and_comments),
	    cmocka_unit_test(another_text_is_refused_with_its_line_and_without_its_secret),
	    cmocka_unit_test(public_keys_stand_one_to_a_line),
	    cmocka_unit_test(a_key_file_that_others_may_use_is_refused),
	    cmocka_unit_test(a_key_file_of_another_user_is_refused_and_roots_may_be_the_groups),
	    cmocka_unit_test(what_is_no_file_of_keys_is_refused),
	    cmocka_unit_test(a_servers_key_is_a_key_or_a_file_of_them),
	    cmocka_unit_test(a_written_pair_is_read_again_and_never_written_over),
	};

	return cmocka_run_group_tests_name("proto_keys", tests, make_folder, remove_folder);
}
