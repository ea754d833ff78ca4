#include "proto/keys.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#define KEY_BYTES 32

_Static_assert(KEY_BYTES == crypto_box_PUBLICKEYBYTES, "a key is 32 bytes");
_Static_assert(KEYS_LENGTH == KEY_BYTES / 4 * 5, "Z85 makes five characters of four bytes");

static int PRINTF_LIKE(2, 3) refuse(struct keys_reason *reason, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(reason->text, sizeof reason->text, format, list);
	va_end(list);
	return KEYS_UNUSABLE;
}

/* ---- keys */

static bool decode(const char *text, size_t length, uint8_t ret_bytes[KEY_BYTES])
{
	char whole[KEYS_TEXT_SIZE];

	if (length != KEYS_LENGTH || memchr(text, '\0', length))
		return false;
	memcpy(whole, text, length);
	whole[length] = '\0';
	bool is_key = zmq_z85_decode(ret_bytes, whole) != NULL;
	sodium_memzero(whole, sizeof whole);
	return is_key;
}

bool keys_is_key(const char *text, size_t length)
{
	uint8_t bytes[KEY_BYTES];
	bool is_key = decode(text, length, bytes);

	sodium_memzero(bytes, sizeof bytes);
	return is_key;
}

static void make_once(struct key_pair *pair)
{
	uint8_t public_bytes[KEY_BYTES], secret_bytes[KEY_BYTES];

	crypto_box_keypair(public_bytes, secret_bytes);
	zmq_z85_encode(pair->public, public_bytes, sizeof public_bytes);
	zmq_z85_encode(pair->secret, secret_bytes, sizeof secret_bytes);
	sodium_memzero(secret_bytes, sizeof secret_bytes);
}

int keys_make(struct key_pair *ret_pair)
{
	if (sodium_init() < 0)
		return -EIO;
	do
		make_once(ret_pair);
	while (!isalnum((unsigned char)ret_pair->public[0]));
	return 0;
}

void keys_wipe(struct key_pair *pair)
{
	sodium_memzero(pair, sizeof *pair);
}

static bool is_pair(const struct key_pair *pair)
{
	uint8_t public_bytes[KEY_BYTES], secret_bytes[KEY_BYTES], derived[KEY_BYTES];
	bool fits = decode(pair->public, KEYS_LENGTH, public_bytes) &&
	            decode(pair->secret, KEYS_LENGTH, secret_bytes) &&
	            crypto_scalarmult_base(derived, secret_bytes) == 0 &&
	            sodium_memcmp(public_bytes, derived, sizeof derived) == 0;

	sodium_memzero(secret_bytes, sizeof secret_bytes);
	return fits;
}

/* ---- files, as text */

struct reading {
	const char *name;
	const char *at, *end; /* what has not been read */
	unsigned line;        /* of what was read last; 0: nothing was */
	struct keys_reason *reason;
};

enum line_kind { LINE_END, LINE_PUBLIC, LINE_SECRET, LINE_BAD };

/* The word before ": ", if that is what it looks like: a key has no space in it, so this is never a part of
 * one that stands in the wrong place. */
static int length_of_word(const char *line, size_t length)
{
	size_t word = 0;

	while (word < length && word < 16 && (islower((unsigned char)line[word]) || line[word] == '_'))
		word++;
	return word && length - word >= 2 && memcmp(line + word, ": ", 2) == 0 ? (int)word : 0;
}

static enum line_kind refuse_line(const struct reading *reading, const char *line, size_t length)
{
	int word = length_of_word(line, length);

	if (word)
		refuse(reading->reason,
		       "%s:%u: found '%.*s:'; expected 'public: KEY', 'secret: KEY' or a # comment",
		       reading->name, reading->line, word, line);
	else
		refuse(reading->reason,
		       "%s:%u: found something else than 'public: KEY', 'secret: KEY' or a # comment",
		       reading->name, reading->line);
	return LINE_BAD;
}

static bool starts_with(const char *line, size_t length, const char *start)
{
	return length >= strlen(start) && memcmp(line, start, strlen(start)) == 0;
}

static size_t trim(const char *line, size_t length)
{
	while (length && (line[length - 1] == ' ' || line[length - 1] == '\t' || line[length - 1] == '\r'))
		length--;
	return length;
}

static enum line_kind take_key(const struct reading *reading, const char *line, size_t length,
                               const char *start, enum line_kind kind, const char **ret_key)
{
	const char *key = line + strlen(start);

	length -= strlen(start);
	while (length && *key == ' ') {
		key++;
		length--;
	}
	if (keys_is_key(key, length)) {
		*ret_key = key;
		return kind;
	}
	if (length == KEYS_LENGTH)
		refuse(reading->reason, "%s:%u: the %.6s key is not one: expected %d characters of Z85",
		       reading->name, reading->line, start, KEYS_LENGTH);
	else
		refuse(reading->reason, "%s:%u: the %.6s key has %zu characters; expected %d of Z85",
		       reading->name, reading->line, start, length, KEYS_LENGTH);
	return LINE_BAD;
}

/* The next line that says something; *ret_key points to the 40 characters in the text. */
static enum line_kind next_line(struct reading *reading, const char **ret_key)
{
	while (reading->at < reading->end) {
		const char *line = reading->at;
		const char *newline = memchr(line, '\n', (size_t)(reading->end - line));
		size_t length = (size_t)((newline ? newline : reading->end) - line);

		reading->at += length + (newline != NULL);
		reading->line++;
		length = trim(line, length);
		if (length == 0 || line[0] == '#')
			continue;
		if (starts_with(line, length, "public:"))
			return take_key(reading, line, length, "public:", LINE_PUBLIC, ret_key);
		if (starts_with(line, length, "secret:"))
			return take_key(reading, line, length, "secret:", LINE_SECRET, ret_key);
		return refuse_line(reading, line, length);
	}
	return LINE_END;
}

static int put_key(const struct reading *reading, const char *what, const char *key, char to[KEYS_TEXT_SIZE])
{
	if (*to)
		return refuse(reading->reason, "%s:%u: there is a second %s key; expected one", reading->name,
		              reading->line, what);
	memcpy(to, key, KEYS_LENGTH);
	return 0;
}

static int read_pair(struct reading *reading, struct key_pair *pair)
{
	const char *key;
	int result = 0;

	while (!result)
		switch (next_line(reading, &key)) {
		case LINE_PUBLIC:
			result = put_key(reading, "public", key, pair->public);
			break;
		case LINE_SECRET:
			result = put_key(reading, "secret", key, pair->secret);
			break;
		case LINE_BAD:
			return KEYS_UNUSABLE;
		case LINE_END:
			if (!*pair->public || !*pair->secret)
				return refuse(reading->reason, "%s: there is no '%s: KEY' line",
				              reading->name, *pair->public ? "secret" : "public");
			return is_pair(pair)
			           ? 0
			           : refuse(reading->reason, "%s: the public key is not the secret key's",
			                    reading->name);
		}
	return result;
}

int keys_parse_pair(const char *name, const char *text, size_t size, struct key_pair *ret_pair,
                    struct keys_reason *ret_reason)
{
	struct reading reading = {.name = name, .at = text, .end = text + size, .reason = ret_reason};
	struct key_pair pair = {.public = ""};
	int result = read_pair(&reading, &pair);

	if (result == 0)
		*ret_pair = pair;
	keys_wipe(&pair);
	return result;
}

static int read_public(struct reading *reading, struct public_keys *keys)
{
	for (;;) {
		const char *key;

		switch (next_line(reading, &key)) {
		case LINE_PUBLIC:
			if (keys->count == KEYS_PUBLIC_MAX)
				return refuse(reading->reason, "%s:%u: there are more than %d keys",
				              reading->name, reading->line, KEYS_PUBLIC_MAX);
			memcpy(keys->keys[keys->count++], key, KEYS_LENGTH);
			break;
		case LINE_SECRET:
			return refuse(reading->reason,
			              "%s:%u: found a secret key; expected public keys only, as "
			              "`suanpan-keys show` prints them",
			              reading->name, reading->line);
		case LINE_BAD:
			return KEYS_UNUSABLE;
		case LINE_END:
			return keys->count ? 0
			                   : refuse(reading->reason, "%s: there is no 'public: KEY' line",
			                            reading->name);
		}
	}
}

int keys_parse_public(const char *name, const char *text, size_t size, struct public_keys *ret_keys,
                      struct keys_reason *ret_reason)
{
	struct reading reading = {.name = name, .at = text, .end = text + size, .reason = ret_reason};
	struct public_keys keys = {.count = 0};
	int result = read_public(&reading, &keys);

	if (result == 0)
		*ret_keys = keys;
	return result;
}

/* ---- files, on the disk */

static int check_secrecy(const char *path, const struct stat *status, struct keys_reason *reason)
{
	/* A service's key comes from root, readable by the service through its group or an access list, which
	 * shows as the group's. */
	const mode_t others = status->st_uid == 0 && geteuid() != 0 ? 0037 : 0077;

	if (status->st_uid != geteuid() && status->st_uid != 0 && geteuid() != 0)
		return refuse(reason, "%s: belongs to another user; expected a key file of your own", path);
	if (status->st_mode & others)
		return refuse(reason,
		              "%s: its mode is %04o, so others may use the key; expected 0600 (chmod 600 %s)",
		              path, status->st_mode & 07777u, path);
	return 0;
}

/* Whoever writes into it chooses whom we trust. */
static int check_authority(const char *path, const struct stat *status, struct keys_reason *reason)
{
	if (status->st_uid != geteuid() && status->st_uid != 0 && geteuid() != 0)
		return refuse(reason, "%s: belongs to another user; expected a file of your own or of root's",
		              path);
	if (status->st_mode & 0022)
		return refuse(reason,
		              "%s: its mode is %04o, so others may change it; expected 0644 (chmod 644 %s)",
		              path, status->st_mode & 07777u, path);
	return 0;
}

static int read_whole(int file, char text[KEYS_FILE_MAX + 1], size_t *ret_size)
{
	size_t size = 0;

	while (size <= KEYS_FILE_MAX) {
		ssize_t got = read(file, text + size, KEYS_FILE_MAX + 1 - size);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0)
			break;
		size += got > 0 ? (size_t)got : 0;
	}
	*ret_size = size;
	return 0;
}

/* Bytes beyond KEYS_FILE_MAX are refused here. */
static int read_checked(int file, const char *path,
                        int (*check)(const char *path, const struct stat *status, struct keys_reason *reason),
                        char text[KEYS_FILE_MAX + 1], size_t *ret_size, struct keys_reason *reason)
{
	struct stat status;
	int result;

	if (fstat(file, &status) != 0)
		return refuse(reason, "%s: %s", path, fault_text(-errno));
	if (!S_ISREG(status.st_mode))
		return refuse(reason, "%s: is no file", path);
	result = check(path, &status, reason);
	if (result)
		return result;
	result = read_whole(file, text, ret_size);
	if (result)
		return refuse(reason, "%s: %s", path, fault_text(result));
	if (*ret_size > KEYS_FILE_MAX)
		return refuse(reason, "%s: has more than %d bytes; is it a file of keys?", path,
		              KEYS_FILE_MAX);
	return 0;
}

/* Opened without waiting: a pipe in the file's place has no writer. Answers -1 after a refusal. */
static int open_file(const char *path, struct keys_reason *reason)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (file < 0)
		refuse(reason, "%s: %s", path, fault_text(-errno));
	return file;
}

int keys_read_pair(const char *path, struct key_pair *ret_pair, struct keys_reason *ret_reason)
{
	char text[KEYS_FILE_MAX + 1] = "";
	size_t size = 0;
	int file = open_file(path, ret_reason);

	if (file < 0)
		return KEYS_UNUSABLE;
	int result = read_checked(file, path, check_secrecy, text, &size, ret_reason);
	close(file);
	if (result == 0)
		result = keys_parse_pair(path, text, size, ret_pair, ret_reason);
	sodium_memzero(text, sizeof text);
	return result;
}

int keys_read_public(const char *key_or_path, struct public_keys *ret_keys, struct keys_reason *ret_reason)
{
	char text[KEYS_FILE_MAX + 1] = "";
	size_t size = strlen(key_or_path);

	if (*key_or_path != '/' && *key_or_path != '.' && keys_is_key(key_or_path, size)) {
		*ret_keys = (struct public_keys){.count = 1};
		memcpy(ret_keys->keys[0], key_or_path, size);
		return 0;
	}
	int file = open_file(key_or_path, ret_reason);
	if (file < 0)
		return KEYS_UNUSABLE;
	int result = read_checked(file, key_or_path, check_authority, text, &size, ret_reason);
	close(file);
	if (result == 0)
		result = keys_parse_public(key_or_path, text, size, ret_keys, ret_reason);
	sodium_memzero(text, sizeof text); /* it may be a key file, given by mistake */
	return result;
}

/* ---- writing */

static int write_whole(int file, const char *text, size_t size)
{
	while (size) {
		ssize_t written = write(file, text, size);
		if (written < 0 && errno != EINTR)
			return -errno;
		text += written > 0 ? written : 0;
		size -= written > 0 ? (size_t)written : 0;
	}
	return fsync(file) == 0 ? 0 : -errno;
}

/* A file's name is only on the disk once its folder is. */
static int sync_folder(const char *path)
{
	char *copy = strdup(path);
	int fault = -ENOMEM;

	if (!copy)
		return fault;
	int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fault = folder >= 0 && fsync(folder) == 0 ? 0 : -errno;
	if (folder >= 0)
		close(folder);
	free(copy);
	return fault;
}

static int write_text(int file, const struct key_pair *pair, const char *comment)
{
	char *text;
	int length = asprintf(
	    &text,
	    "# Suanpan: who has this file is whom the key below tells of. Nobody else may read it.\n"
	    "%s%s%s"
	    "public: %s\n"
	    "secret: %s\n",
	    comment ? "# " : "", comment ? comment : "", comment ? "\n" : "", pair->public, pair->secret);

	if (length < 0)
		return -ENOMEM;
	int fault = write_whole(file, text, (size_t)length);
	sodium_memzero(text, (size_t)length);
	free(text);
	return fault;
}

int keys_write(const char *path, const struct key_pair *pair, const char *comment,
               struct keys_reason *ret_reason)
{
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (file < 0)
		return refuse(ret_reason, "%s: %s", path, fault_text(-errno));
	int fault = write_text(file, pair, comment);
	if (close(file) != 0 && fault == 0)
		fault = -errno;
	if (fault == 0)
		fault = sync_folder(path);
	if (fault == 0)
		return 0;
	unlink(path);
	return refuse(ret_reason, "%s: %s", path, fault_text(fault));
}

int keys_rename(const char *from, const char *to, struct keys_reason *ret_reason)
{
	int fault = rename(from, to) == 0 ? sync_folder(to) : -errno;

	return fault ? refuse(ret_reason, "%s: %s", to, fault_text(fault)) : 0;
}
