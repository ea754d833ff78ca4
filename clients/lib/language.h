/* The language that a program speaks, and the catalogues (clients/po) with its words.
 *
 * A text that is to be spoken stands in English in the source: gettext("...") where it is printed, or N_("...") in a table
 * whose reader calls language_text. `make po` takes new ones over into the catalogues; a test compares them.
 *
 * Names come as people give them (en, zh, zh-hans, zh-TW) or as locales are called (zh_HK.UTF-8). A locale is only
 * asked for its name: it need not be there on the machine. */
#ifndef SUANPAN_CLIENTS_LIB_LANGUAGE_H
#define SUANPAN_CLIENTS_LIB_LANGUAGE_H

#include "daemon/base/fault.h"
#include "proto/suanpan.pb-c.h"
#include <libintl.h>
#include <stdbool.h>

/* Marks a text for xgettext where nothing may be called. */
#define N_(text) text

/* zh is Simplified, unless its script (Hant) or place (TW, HK, MO) says otherwise. False: none of ours. */
bool language_find(const char *name, Suanpan__Language *ret_language);
/* LC_ALL, or else LC_MESSAGES, or else LANG; where that is not C (or C.UTF-8), LANGUAGE goes before it. English where that says
 * none of ours. */
Suanpan__Language language_of_locale(void);

/* Whether the locale, there or not, is called after UTF-8. */
bool language_is_utf8(void);

/* From now on gettext answers in it, in UTF-8. Sets LANGUAGE and LC_MESSAGES: before there are threads. The catalogues are
 * where SUANPAN_LOCALE says, or in `locale` beside the program (as built), or in ../share/locale (as installed);
 * where there are none it stays English. */
void language_speak(Suanpan__Language language);

/* gettext for a text that may be empty: the catalogues keep something else under that. */
const char *language_text(const char *text) __attribute__((format_arg(1)));

#endif
