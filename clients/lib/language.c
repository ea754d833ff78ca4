#include "clients/lib/language.h"

#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define DOMAIN "suanpan"

/* -------------------------------------------------------------------------------------------- its name */

/* What a part of a name ends with: "zh_TW.UTF-8@radical", "zh-hant:en". */
#define ENDS   "_-.@:"

static bool is_part(const char *part, size_t length, const char *word)
{
	return strlen(word) == length && strncasecmp(part, word, length) == 0;
}

static bool is_traditional(const char *part)
{
	static const char *const words[] = {"hant", "tw", "hk", "mo"};

	while (*part == '_' || *part == '-') {
		const size_t length = strcspn(++part, ENDS);

		for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
			if (is_part(part, length, words[i]))
				return true;
		if (is_part(part, length, "hans"))
			return false;
		part += length;
	}
	return false;
}

bool language_find(const char *name, Suanpan__Language *ret_language)
{
	const size_t length = strcspn(name, ENDS);

	if (is_part(name, length, "zh"))
		*ret_language = is_traditional(name + length) ? SUANPAN__LANGUAGE__LANGUAGE_TRADITIONAL
		                                              : SUANPAN__LANGUAGE__LANGUAGE_SIMPLIFIED;
	else if (is_part(name, length, "en"))
		*ret_language = SUANPAN__LANGUAGE__LANGUAGE_ENGLISH;
	else
		return false;
	return true;
}

static const char *locale_name(const char *category)
{
	const char *const variables[] = {"LC_ALL", category, "LANG"};

	for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
		const char *name = getenv(variables[i]);

		if (name && *name)
			return name;
	}
	return "C";
}

static bool is_plain(const char *name)
{
	const size_t length = strcspn(name, ".@");

	return is_part(name, length, "C") || is_part(name, length, "POSIX");
}

Suanpan__Language language_of_locale(void)
{
	const char *name = locale_name("LC_MESSAGES"), *list = getenv("LANGUAGE");
	Suanpan__Language language = SUANPAN__LANGUAGE__LANGUAGE_ENGLISH;

	if (is_plain(name))
		return language;
	for (; list && *list; list += strspn(list, ":")) {
		if (language_find(list, &language))
			return language;
		list += strcspn(list, ":");
	}
	language_find(name, &language);
	return language;
}

bool language_is_utf8(void)
{
	const char *codeset = strchr(locale_name("LC_CTYPE"), '.');
	const size_t length = codeset ? strcspn(codeset + 1, "@") : 0;

	return codeset && (is_part(codeset + 1, length, "UTF-8") || is_part(codeset + 1, length, "utf8"));
}

/* ------------------------------------------------------------------------------------- its catalogue */

static bool program_folder(char *folder, size_t size)
{
	const ssize_t length = readlink("/proc/self/exe", folder, size - 1);

	if (length <= 0)
		return false;
	folder[length] = '\0';
	*strrchr(folder, '/') = '\0';
	return true;
}

static bool find_catalogues(char *folder, size_t size)
{
	const char *given = getenv("SUANPAN_LOCALE");
	char program[PATH_MAX];

	if (given && *given)
		return (size_t)snprintf(folder, size, "%s", given) < size;
	if (!program_folder(program, sizeof program))
		return false;
	if ((size_t)snprintf(folder, size, "%s/locale", program) < size && access(folder, X_OK) == 0)
		return true;
	return (size_t)snprintf(folder, size, "%s/../share/locale", program) < size;
}

/* gettext looks at LANGUAGE only in a locale that is not C. Where none is installed, C.UTF-8 does for the C library of
 * Debian 12 (2.36); newer ones take it for C (sourceware's bug 16621), so it is the last that is tried. */
static void set_messages(void)
{
	static const char *const names[] = {"zh_CN.UTF-8", "zh_TW.UTF-8", "en_US.UTF-8", "C.UTF-8"};
	const char *own = setlocale(LC_MESSAGES, "");

	if (own && !is_plain(own))
		return;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (setlocale(LC_MESSAGES, names[i]))
			return;
}

void language_speak(Suanpan__Language language)
{
	char folder[PATH_MAX + sizeof "/../share/locale"];

	if (language == SUANPAN__LANGUAGE__LANGUAGE_ENGLISH || !find_catalogues(folder, sizeof folder)) {
		setlocale(LC_MESSAGES, "C");
		return;
	}
	setenv("LANGUAGE", language == SUANPAN__LANGUAGE__LANGUAGE_TRADITIONAL ? "zh_TW" : "zh_CN", true);
	set_messages();
	bindtextdomain(DOMAIN, folder);
	bind_textdomain_codeset(DOMAIN, "UTF-8");
	textdomain(DOMAIN);
}

const char *language_text(const char *text)
{
	return text && *text ? gettext(text) : text;
}
