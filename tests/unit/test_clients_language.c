#include "clients/lib/language.h"

#include "daemon/indicator/evaluate.h"
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ENGLISH     SUANPAN__LANGUAGE__LANGUAGE_ENGLISH
#define SIMPLIFIED  SUANPAN__LANGUAGE__LANGUAGE_SIMPLIFIED
#define TRADITIONAL SUANPAN__LANGUAGE__LANGUAGE_TRADITIONAL

static void must_be(const char *name, Suanpan__Language expected)
{
	Suanpan__Language language;

	if (!language_find(name, &language))
		fail_msg("%s: not found", name);
	if (language != expected)
		fail_msg("%s: %d, not %d", name, (int)language, (int)expected);
}

static void must_be_none(const char *name)
{
	Suanpan__Language language;

	if (language_find(name, &language))
		fail_msg("%s: found", name);
}

static void names_are_those_of_people_and_of_locales(void **state)
{
	(void)state;
	must_be("en", ENGLISH);
	must_be("en_GB.UTF-8", ENGLISH);
	must_be("zh", SIMPLIFIED);
	must_be("zh-hans", SIMPLIFIED);
	must_be("ZH-Hans", SIMPLIFIED);
	must_be("zh_CN", SIMPLIFIED);
	must_be("zh_CN.GB18030", SIMPLIFIED);
	must_be("zh_SG.UTF-8", SIMPLIFIED);
	must_be("zh-Hans-HK", SIMPLIFIED);
	must_be("zh-hant", TRADITIONAL);
	must_be("zh_TW", TRADITIONAL);
	must_be("zh_TW.UTF-8@radical", TRADITIONAL);
	must_be("zh_HK.UTF-8", TRADITIONAL);
	must_be("zh-MO", TRADITIONAL);
	must_be("zh-Hant-CN", TRADITIONAL);
	must_be_none("");
	must_be_none("z");
	must_be_none("zhx");
	must_be_none("de");
	must_be_none("C");
	must_be_none("tw");
}

static void set(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

static void must_mean(const char *all, const char *messages, const char *lang, const char *list,
                      Suanpan__Language expected)
{
	set("LC_ALL", all);
	set("LC_MESSAGES", messages);
	set("LANG", lang);
	set("LANGUAGE", list);
	if (language_of_locale() != expected)
		fail_msg("%s %s %s %s", all ? all : "-", messages ? messages : "-", lang ? lang : "-",
		         list ? list : "-");
}

static void the_locale_says_it_by_name(void **state)
{
	(void)state;
	must_mean(NULL, NULL, NULL, NULL, ENGLISH);
	must_mean(NULL, NULL, "zh_CN.UTF-8", NULL, SIMPLIFIED);
	must_mean(NULL, "zh_TW.UTF-8", "zh_CN.UTF-8", NULL, TRADITIONAL);
	must_mean("en_US.UTF-8", "zh_TW.UTF-8", "zh_CN.UTF-8", NULL, ENGLISH);
	must_mean("", "", "zh_HK.UTF-8", NULL, TRADITIONAL);
	must_mean(NULL, NULL, "de_DE.UTF-8", NULL, ENGLISH);
	must_mean(NULL, NULL, "de_DE.UTF-8", "fr:zh_TW:zh_CN", TRADITIONAL);
	must_mean(NULL, NULL, "zh_CN.UTF-8", "en:zh_CN", ENGLISH);
	must_mean(NULL, NULL, "zh_CN.UTF-8", "::fr", SIMPLIFIED);
	/* As gettext has it: LANGUAGE does not count where the locale is C. */
	must_mean("C", NULL, "zh_CN.UTF-8", "zh_CN", ENGLISH);
	must_mean("C.UTF-8", NULL, "zh_CN.UTF-8", "zh_CN", ENGLISH);
	must_mean("POSIX", NULL, NULL, "zh_CN", ENGLISH);
	set("LANGUAGE", NULL);
	set("LANG", NULL);
}

static void utf8_is_part_of_a_locales_name(void **state)
{
	(void)state;
	setenv("LC_ALL", "zh_CN.utf8", 1);
	assert_true(language_is_utf8());
	setenv("LC_ALL", "ca_ES.UTF-8@valencia", 1);
	assert_true(language_is_utf8());
	setenv("LC_ALL", "zh_CN.GBK", 1);
	assert_false(language_is_utf8());
	setenv("LC_ALL", "zh_CN", 1);
	assert_false(language_is_utf8());
	setenv("LC_ALL", "C", 1);
	assert_false(language_is_utf8());
	setenv("LC_ALL", "C.UTF-8", 1);
	assert_true(language_is_utf8());
}

static void use_the_built_catalogues(void)
{
	char folder[512];

	snprintf(folder, sizeof folder, "%s/locale", getenv("SUANPAN_BUILD"));
	setenv("SUANPAN_LOCALE", folder, 1);
}

/* No locale but C.UTF-8 needs to be there: where a newer C library makes nothing of that, this fails. */
static void the_catalogues_are_spoken_back_and_forth(void **state)
{
	(void)state;
	use_the_built_catalogues();
	setenv("LC_ALL", "C.UTF-8", 1);
	language_speak(SIMPLIFIED);
	assert_string_equal(gettext("behind"), "进度滞后");
	assert_string_equal(ngettext("%s at %s, %zu target: ", "%s at %s, %zu targets: ", 2),
	                    "%s %s，共 %zu 项指标：");
	language_speak(TRADITIONAL);
	assert_string_equal(gettext("behind"), "進度滯後");
	language_speak(ENGLISH);
	assert_string_equal(gettext("behind"), "behind");
	language_speak(SIMPLIFIED);
	assert_string_equal(gettext("behind"), "进度滞后");
	assert_string_equal(gettext("a text that nobody has translated"),
	                    "a text that nobody has translated");
	assert_string_equal(language_text(""), "");
	assert_null(language_text(NULL));
}

static void without_catalogues_it_is_english(void **state)
{
	(void)state;
	setenv("SUANPAN_LOCALE", "/nonexistent", 1);
	language_speak(TRADITIONAL);
	assert_string_equal(gettext("behind"), "behind");
}

/* clients/po/answers.c lists them by hand. */
static void every_reason_of_the_daemon_is_translated(void **state)
{
	(void)state;
	use_the_built_catalogues();
	language_speak(SIMPLIFIED);
	for (int reason = VALUE_PRESENT + 1; reason <= VALUE_UNDEFINED; reason++) {
		const char *text = value_state_text((enum value_state)reason);

		if (strcmp(language_text(text), text) == 0)
			fail_msg("%s", text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_those_of_people_and_of_locales),
	    cmocka_unit_test(the_locale_says_it_by_name),
	    cmocka_unit_test(utf8_is_part_of_a_locales_name),
	    cmocka_unit_test(the_catalogues_are_spoken_back_and_forth),
	    cmocka_unit_test(without_catalogues_it_is_english),
	    cmocka_unit_test(every_reason_of_the_daemon_is_translated),
	};

	return cmocka_run_group_tests_name("clients_language", tests, NULL, NULL);
}
