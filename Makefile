# Suanpan. `make help` lists the targets; FLAVOUR is release, asan, tsan or cov.
FLAVOUR ?= release
BUILD   := build/$(FLAVOUR)
VERSION := 0.1.0

CC       ?= gcc
AR       ?= ar
PROTOC_C ?= protoc-c

PACKAGES := libzmq libprotobuf-c lmdb libcyaml yaml-0.1 smartcols libsodium libxxhash
# Recursive variables, so that pkg-config is asked only once it is there (see `deps`).
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PACKAGES) cmocka))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $$(shell pkg-config --libs $(PACKAGES)))$(PKG_LIBS)

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
            -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wswitch-enum -Wconversion \
            -Wno-sign-conversion -Wimplicit-fallthrough -Wdouble-promotion
ifneq ($(CI),)
WARNINGS += -Werror
endif

CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
CFLAGS_asan    := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_tsan    := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
CFLAGS_cov     := -O0 -g --coverage
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
LDFLAGS_asan    := -fsanitize=address,undefined
LDFLAGS_tsan    := -fsanitize=thread
LDFLAGS_cov     := --coverage

CPPFLAGS_ALL = -D_GNU_SOURCE -DSUANPAN_VERSION='"$(VERSION)"' -I. -I$(BUILD) $(PKG_CFLAGS) $(CPPFLAGS)
CFLAGS_ALL   = -std=gnu11 -pthread -fvisibility=hidden $(CFLAGS_$(FLAVOUR)) $(CFLAGS)
LDFLAGS_ALL  = -pthread $(LDFLAGS_$(FLAVOUR)) $(LDFLAGS)

Q := $(if $(V),,@)

# Every folder becomes one archive; a program links its own objects and the archives below it.
SHARED  := $(wildcard proto/*.c daemon/base/*.c daemon/db/*.c)
DAEMON  := $(filter-out daemon/main.c,$(wildcard daemon/*.c daemon/*/*.c))
DAEMON  := $(filter-out $(SHARED),$(DAEMON))
CLIENT  := $(wildcard clients/lib/*.c)
SENDER  := $(wildcard clients/report/*.c)
READER  := $(wildcard clients/query/*.c)
UNIT    := $(wildcard tests/unit/test_*.c)
FLOW    := $(wildcard tests/flow/test_*.c)
TESTLIB := $(wildcard tests/lib/*.c)

object  = $(patsubst %.c,$(BUILD)/%.o,$(1))
PROTO_O := $(BUILD)/proto/suanpan.pb-c.o
LIB_SHARED := $(BUILD)/libshared.a
LIB_DAEMON := $(BUILD)/libdaemon.a
LIB_CLIENT := $(BUILD)/libclient.a
LIB_SENDER := $(BUILD)/libsender.a
LIB_READER := $(BUILD)/libreader.a
LIB_TEST   := $(BUILD)/libtest.a
LIBS := $(LIB_TEST) $(LIB_SENDER) $(LIB_READER) $(LIB_CLIENT) $(LIB_DAEMON) $(LIB_SHARED)
PROGRAMS := $(addprefix $(BUILD)/,suanpand suanpan-report suanpan)
TESTS := $(patsubst %.c,$(BUILD)/%,$(UNIT) $(FLOW))

all: programs ## build the three programs into build/release (FLAVOUR=asan|tsan|cov for others)
programs: $(PROGRAMS)
tests: $(TESTS)

$(BUILD)/suanpand: $(BUILD)/daemon/main.o $(LIB_DAEMON) $(LIB_SHARED)
$(BUILD)/suanpan-report: $(BUILD)/clients/report/main.o $(LIB_SENDER) $(LIB_CLIENT) $(LIB_SHARED)
$(BUILD)/suanpan: $(BUILD)/clients/query/main.o $(LIB_READER) $(LIB_CLIENT) $(LIB_SHARED)
$(PROGRAMS):
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS) -lm

$(LIB_SHARED): $(call object,$(SHARED)) $(PROTO_O)
$(LIB_DAEMON): $(call object,$(DAEMON))
$(LIB_CLIENT): $(call object,$(CLIENT))
$(LIB_SENDER): $(call object,$(filter-out %/main.c,$(SENDER)))
$(LIB_READER): $(call object,$(filter-out %/main.c,$(READER)))
$(LIB_TEST): $(call object,$(TESTLIB))
$(LIBS):
	@echo "  AR    $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(TESTS): $(BUILD)/tests/%: $(BUILD)/tests/%.o $(LIBS)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS) $$(pkg-config --libs cmocka) -lm

$(BUILD)/proto/suanpan.pb-c.c: proto/suanpan.proto
	@mkdir -p $(@D)
	@echo "  PROTO $<"
	$(Q)$(PROTOC_C) --c_out=$(BUILD) $<
$(BUILD)/proto/suanpan.pb-c.h: $(BUILD)/proto/suanpan.pb-c.c ;
$(PROTO_O): $(BUILD)/proto/suanpan.pb-c.c
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -w -MMD -MP -c -o $@ $<

$(BUILD)/%.o: %.c | $(BUILD)/proto/suanpan.pb-c.h
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(WARNINGS) -MMD -MP -c -o $@ $<

clean: ## remove everything that was built
	$(Q)rm -rf build

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: all programs tests clean help
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
