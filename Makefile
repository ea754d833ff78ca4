# Suanpan. `make help` lists the targets; FLAVOUR is release, asan, tsan, cov (or analyze and strict, for lint; or fuzz).
FLAVOUR ?= release
BUILD   := build/$(FLAVOUR)
VERSION := 0.1.0

PROTOC_C   ?= protoc-c
PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
TESTED     ?= build/release build/asan

PACKAGES := libzmq libprotobuf-c lmdb libcyaml yaml-0.1 smartcols libsodium libxxhash libsystemd
# Recursive variables, so that pkg-config is asked once, and only when it is there (see build/packages). Headers of
# libraries are the system's, whose warnings are not ours.
PKG_CFLAGS  = $(eval PKG_CFLAGS := $$(patsubst -I%,-isystem%,$$(shell pkg-config --cflags $(PACKAGES) cmocka)))$(PKG_CFLAGS)
PKG_LIBS    = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PACKAGES)))$(PKG_LIBS)
CMOCKA_LIBS = $(eval CMOCKA_LIBS := $$(shell pkg-config --libs cmocka))$(CMOCKA_LIBS)

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
            -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wswitch-enum -Wconversion \
            -Wno-sign-conversion -Wimplicit-fallthrough -Wdouble-promotion
ifneq ($(CI),)
WARNINGS += -Werror
endif

# Debian's hardening, and stack clash protection.
CFLAGS_release  := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fPIE \
                   -Werror=format-security
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
CFLAGS_asan     := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_asan    := -fsanitize=address,undefined
CFLAGS_tsan     := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
LDFLAGS_tsan    := -fsanitize=thread
CFLAGS_cov      := -O0 -g --coverage
LDFLAGS_cov     := --coverage
CFLAGS_fuzz     := -O2 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS_fuzz    := -fsanitize=fuzzer,address,undefined
# gcc 12 loses track of a pointer that is kept in a structure; clang's analyzer and LeakSanitizer look for leaks.
CFLAGS_analyze  := -O1 -fanalyzer -Wno-analyzer-malloc-leak -Werror
CFLAGS_strict    = --config tests/lint/clang.cfg -Werror

CPPFLAGS_ALL = -D_GNU_SOURCE -DSUANPAN_VERSION='"$(VERSION)"' -I. -I$(BUILD) $(PKG_CFLAGS) $(CPPFLAGS)
CFLAGS_ALL   = -std=gnu11 -pthread -fvisibility=hidden $(WARNINGS) $(CFLAGS_$(FLAVOUR)) $(CFLAGS)
LDFLAGS_ALL  = -pthread -Wl,--as-needed $(LDFLAGS_$(FLAVOUR)) $(LDFLAGS)

Q    := $(if $(V),,@)
JOBS  = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

# Every folder becomes part of one archive; a program links its own main and the archives below it.
SHARED  := $(wildcard proto/*.c daemon/base/*.c daemon/db/*.c)
DAEMON  := $(filter-out daemon/main.c $(SHARED),$(wildcard daemon/*.c daemon/*/*.c))
CLIENT  := $(wildcard clients/lib/*.c)
SENDER  := $(filter-out %/main.c,$(wildcard clients/report/*.c))
READER  := $(filter-out %/main.c,$(wildcard clients/query/*.c))
PLAYER  := $(filter-out %/main.c,$(wildcard clients/simulate/*.c))
MAINS   := $(wildcard daemon/main.c clients/*/main.c)
TESTLIB := $(wildcard tests/lib/*.c)
TESTS   := $(wildcard tests/unit/test_*.c tests/flow/test_*.c tests/fault/test_*.c)
FUZZ    := $(wildcard tests/fuzz/fuzz_*.c)
TORTURE := $(wildcard tests/torture/*.c)
# Libraries that tests put before the C library (LD_PRELOAD).
PRELOAD := $(wildcard tests/fault/inject.c tests/fault/record.c tests/fault/hang.c)
UNITS   := $(wildcard systemd/*.service systemd/*.socket systemd/*.path systemd/*.timer)
HEADERS := $(wildcard proto/*.h daemon/*.h daemon/*/*.h clients/*/*.h tests/*/*.h)
PRODUCT := $(SHARED) $(DAEMON) $(CLIENT) $(SENDER) $(READER) $(PLAYER) $(MAINS)
SOURCES := $(PRODUCT) $(TESTLIB) $(TESTS) $(PRELOAD) $(TORTURE) $(FUZZ) tests/fuzz/replay.c

object      = $(patsubst %.c,$(BUILD)/%.o,$(1))
PROTO      := $(BUILD)/proto/suanpan.pb-c
LIB_SHARED := $(BUILD)/libshared.a
LIB_DAEMON := $(BUILD)/libdaemon.a
LIB_CLIENT := $(BUILD)/libclient.a
LIB_SENDER := $(BUILD)/libsender.a
LIB_READER := $(BUILD)/libreader.a
LIB_PLAYER := $(BUILD)/libplayer.a
LIB_TEST   := $(BUILD)/libtest.a
LIBS       := $(LIB_TEST) $(LIB_PLAYER) $(LIB_SENDER) $(LIB_READER) $(LIB_CLIENT) $(LIB_DAEMON) $(LIB_SHARED)
PROGRAMS   := $(addprefix $(BUILD)/,suanpand suanpan-report suanpan suanpan-keys suanpan-simulate)
FUZZ_PROGRAMS := $(FUZZ:%.c=$(BUILD)/%)
TEST_PROGRAMS := $(TESTS:%.c=$(BUILD)/%) $(FUZZ_PROGRAMS)
WORDS     := $(wildcard clients/po/*.po)
CATALOGUES := $(WORDS:clients/po/%.po=$(BUILD)/locale/%/LC_MESSAGES/suanpan.mo)
PRELOADED := $(PRELOAD:tests/fault/%.c=$(BUILD)/%.so)

all: programs ## build the programs into build/release (FLAVOUR=asan|tsan|cov for others)
programs: $(PROGRAMS) $(CATALOGUES)
tests: $(TEST_PROGRAMS) $(PRELOADED) $(BUILD)/torture ## build the tests, without running them
fuzzers: $(FUZZ_PROGRAMS)
objects: $(call object,$(SOURCES))
product: $(call object,$(PRODUCT))

demo: ## install what is missing, build, play the 2020 reports, print the plans' tables
	@.ci/packages install build
	@$(MAKE) --no-print-directory $(JOBS) FLAVOUR=release programs
	@config/demo/run

simulate: ## install what is missing, build, play five years of reports into a store below build/simulate (SEED=N)
	@.ci/packages install build
	@$(MAKE) --no-print-directory $(JOBS) FLAVOUR=release programs
	@config/demo/simulate $(if $(SEED),--seed $(SEED))

test: ## install what is missing, build, run every test, plain and under ASan and UBSan
	@.ci/packages install build tests
	@for build in $(TESTED); do \
		$(MAKE) --no-print-directory $(JOBS) FLAVOUR=$${build#build/} programs tests || exit; done
	@tests/run $(TESTED)

test-systemd: ## install what is missing, build, try the units under a real systemd, in a container (as root; tests/system/run)
	@.ci/packages install build system
	@$(MAKE) --no-print-directory $(JOBS) FLAVOUR=release programs build/release/hang.so
	@tests/system/run

torture: ## SECONDS=600: kill daemon and senders and cut their power for so long, and hold every ack against a ledger
	@.ci/packages install build
	@$(MAKE) --no-print-directory $(JOBS) FLAVOUR=release programs build/release/torture build/release/record.so
	@mkdir -p build/release/tmp
	@TMPDIR=build/release/tmp SUANPAN_BUILD=build/release build/release/torture --seconds $(or $(SECONDS),600) \
		$(if $(SEED),--seed $(SEED))

fuzz: ## run every fuzz target at once for SECONDS (60), at the lowest priority; tests/README.md says more
	@.ci/packages install build fuzz
	@$(MAKE) --no-print-directory $(JOBS) FLAVOUR=fuzz CC=clang fuzzers
	@tests/fuzz/run build/fuzz $(or $(SECONDS),60)

lint: ## layers, layout, headers, and what gcc, clang, clang-tidy and cppcheck have to say
	@.ci/packages check build lint
	@awk -f tests/lint/layers.awk daemon/LAYERS $(PRODUCT) $(filter-out tests/%,$(HEADERS))
	@clang-format --dry-run -Werror $(SOURCES) $(HEADERS)
	@$(MAKE) --no-print-directory $(JOBS) FLAVOUR=analyze CC=gcc product
	@$(MAKE) --no-print-directory $(JOBS) FLAVOUR=strict CC=clang objects headers tidy cppcheck

po: ## take what suanpan newly says over into clients/po, to be translated there
	@clients/po/texts >build/suanpan.pot
	@for words in $(WORDS); do \
		msgmerge --quiet --update --backup=none --no-fuzzy-matching --no-location --width=110 $$words build/suanpan.pot && \
		msgfmt --check --statistics -o /dev/null $$words || exit; done

map: ## the folders of the house, from daemon/LAYERS
	@awk -F ' *[|] *' '!/^#/ { printf "%-15s%s\n%15sincludes %s%s\n", $$1, $$4, "", \
		$$2 == "-" ? "nothing" : $$2, $$3 == "-" ? "" : "; owns " $$3 }' daemon/LAYERS

format: ## lay every source out as .clang-format says
	@clang-format -i $(SOURCES) $(HEADERS)

install: programs ## install into DESTDIR, below PREFIX (/usr/local) and SYSCONFDIR (/etc); keeps an old configuration
	install -D -t $(DESTDIR)$(PREFIX)/sbin $(BUILD)/suanpand
	install -D -t $(DESTDIR)$(PREFIX)/bin $(BUILD)/suanpan $(BUILD)/suanpan-report $(BUILD)/suanpan-keys
	for words in $(WORDS:clients/po/%.po=%); do \
		install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/locale/$$words/LC_MESSAGES \
			$(BUILD)/locale/$$words/LC_MESSAGES/suanpan.mo || exit; done
	[ -e $(DESTDIR)$(SYSCONFDIR)/suanpan ] || { \
		install -D -m 644 -t $(DESTDIR)$(SYSCONFDIR)/suanpan config/suanpan.yaml && \
		install -D -m 644 -t $(DESTDIR)$(SYSCONFDIR)/suanpan/catalogue config/catalogue/*.yaml; }
	install -d -m 700 $(DESTDIR)$(SYSCONFDIR)/suanpan/keys $(DESTDIR)$(SYSCONFDIR)/suanpan/report/keys
	install -D -m 644 systemd/suanpand.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/suanpand.conf
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/lib/tmpfiles.d
	sed 's|/etc/suanpan|$(SYSCONFDIR)/suanpan|' systemd/suanpand.tmpfiles >$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/suanpand.conf
	for unit in $(UNITS); do \
		sed 's|/usr/\(s*bin\)/suanpan|$(PREFIX)/\1/suanpan|g; s|/etc/suanpan|$(SYSCONFDIR)/suanpan|g' $$unit \
			>$(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/} || exit; \
	done

clean: ## remove everything that was built
	$(Q)rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

$(BUILD)/suanpand: $(BUILD)/daemon/main.o $(LIB_DAEMON) $(LIB_SHARED)
$(BUILD)/suanpan-report: $(BUILD)/clients/report/main.o $(LIB_SENDER) $(LIB_CLIENT) $(LIB_SHARED)
$(BUILD)/suanpan-keys: $(BUILD)/clients/keys/main.o $(LIB_CLIENT) $(LIB_SHARED)
$(BUILD)/suanpan: $(BUILD)/clients/query/main.o $(LIB_READER) $(LIB_CLIENT) $(LIB_SHARED)
$(BUILD)/suanpan-simulate: $(BUILD)/clients/simulate/main.o $(LIB_PLAYER) $(LIB_SENDER) $(LIB_CLIENT) $(LIB_DAEMON) $(LIB_SHARED)
$(TEST_PROGRAMS): $(BUILD)/%: $(BUILD)/%.o $(LIBS)
$(BUILD)/torture: $(call object,$(TORTURE)) $(LIBS)
# Where there is no libFuzzer, what it has found before is tried again.
ifneq ($(FLAVOUR),fuzz)
$(FUZZ_PROGRAMS): $(BUILD)/tests/fuzz/replay.o
endif
$(TEST_PROGRAMS) $(BUILD)/torture: LIBRARIES = $(CMOCKA_LIBS)
$(PROGRAMS) $(TEST_PROGRAMS) $(BUILD)/torture:
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS) $(LIBRARIES) -lm

$(CATALOGUES): $(BUILD)/locale/%/LC_MESSAGES/suanpan.mo: clients/po/%.po | build/packages
	@mkdir -p $(@D)
	@echo "  MO    $<"
	$(Q)msgfmt --check -o $@ $<

# Never instrumented: it stands before the sanitizer's own wrappers.
$(PRELOADED): $(BUILD)/%.so: tests/fault/%.c $(wildcard tests/fault/*.h) $(BUILD)/flags
	@echo "  LINK  $@"
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -I. -O2 -g -fPIC -shared -fvisibility=hidden $(WARNINGS) $(CFLAGS) -o $@ $<

$(LIB_SHARED): $(call object,$(SHARED)) $(PROTO).o
$(LIB_DAEMON): $(call object,$(DAEMON))
$(LIB_CLIENT): $(call object,$(CLIENT))
$(LIB_SENDER): $(call object,$(SENDER))
$(LIB_READER): $(call object,$(READER))
$(LIB_PLAYER): $(call object,$(PLAYER))
$(LIB_TEST): $(call object,$(TESTLIB))
$(LIBS): $(BUILD)/sources
	@echo "  AR    $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

$(PROTO).c $(PROTO).h &: proto/suanpan.proto | build/packages
	@mkdir -p $(@D)
	@echo "  PROTO $<"
	$(Q)$(PROTOC_C) --c_out=$(BUILD) $<
$(PROTO).o: $(PROTO).c $(BUILD)/flags
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -w -MMD -MP -c -o $@ $<

$(BUILD)/%.o: %.c $(BUILD)/flags | $(PROTO).h
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# The nearest word to one that is not known costs thousands of comparisons, and none of them leads a fuzzer anywhere.
$(BUILD)/proto/codes.o: CFLAGS_fuzz += -fno-sanitize-coverage=trace-cmp

# Rewritten only when what they say has changed: another compiler or flag makes the objects anew, another list of
# files the archives.
$(BUILD)/flags: SAYS = $(CC) $(WARNINGS) $(CFLAGS_$(FLAVOUR)) $(CFLAGS) $(CPPFLAGS) $(VERSION)
$(BUILD)/sources: SAYS = $(SOURCES)
$(BUILD)/flags $(BUILD)/sources: FORCE | build/packages
	@mkdir -p $(@D)
	@echo '$(SAYS)' | cmp -s - $@ || echo '$(SAYS)' >$@

# What a bare machine lacks is said in a sentence before the compiler says it in a page.
build/packages: .ci/packages
	@.ci/packages check build && mkdir -p $(@D) && touch $@

# The lint of FLAVOUR=strict: each header alone, then clang-tidy and cppcheck, each again only for what has changed.
headers: $(HEADERS:%=$(BUILD)/%.alone)
tidy: $(PRODUCT:%.c=$(BUILD)/%.tidy)
$(BUILD)/%.h.alone: %.h $(BUILD)/flags | $(PROTO).h
	@mkdir -p $(@D)
	@echo "  ALONE $<"
	$(Q)echo '#include "$<"' | $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -MT $@ -MF $(@:.alone=.d) -x c -fsyntax-only -
	$(Q)touch $@
$(BUILD)/%.tidy: %.c $(BUILD)/%.o .clang-tidy
	@echo "  TIDY  $<"
	$(Q)clang-tidy --quiet --warnings-as-errors='*' $< -- $(CPPFLAGS_ALL) -std=gnu11 2>$@.log || { cat $@.log; exit 1; }
	$(Q)touch $@
cppcheck: $(PROTO).h
	@echo "  CPPCHECK"
	@mkdir -p $(BUILD)/cppcheck
	$(Q)cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --std=c11 --inline-suppr \
		--suppressions-list=tests/lint/cppcheck.txt --cppcheck-build-dir=$(BUILD)/cppcheck \
		-D_GNU_SOURCE -DSUANPAN_VERSION='""' -I. -I$(BUILD) $(PRODUCT)

.PHONY: all programs tests fuzzers objects product demo test test-systemd torture fuzz lint po map format install clean help headers tidy cppcheck FORCE
.SECONDARY:
.DELETE_ON_ERROR:
.SUFFIXES:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
