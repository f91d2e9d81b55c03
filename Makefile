# SPDX-License-Identifier: MIT
# librace: build, test, install. `make help` lists the targets.

VERSION := 0.1.0
CC ?= gcc
CXX ?= g++
prefix ?= /usr/local
B := build

Q := $(if $(V),,@)
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-unused-parameter
CFLAGS ?= -O2 -g
BASE := -std=gnu11 -D_GNU_SOURCE $(WARN) -DRACE_VERSION='"$(VERSION)"' -DRACE_PREFIX='"$(prefix)"'
# Interposers define names that gcc knows as builtins; nothing of ours may be turned into a call of theirs and back.
HOST := $(BASE) -fPIC -fvisibility=hidden -ftls-model=initial-exec -fno-stack-protector -fno-builtin-malloc \
	-fcf-protection=none -fno-strict-aliasing -Werror=implicit-function-declaration

# libc itself, not its linker script: that would name the dynamic loader as a second library for the three symbols we use of
# it, and every process has it anyway. tests/lint checks that nothing else is left undefined.
HOST_LIBS := -Wl,--start-group -l:libc.so.6 -l:libc_nonshared.a -lgcc -Wl,--end-group

SYS := $(wildcard preload/sys/*.c)
ENGINE := $(wildcard preload/engine/*.c)
PATCH := $(wildcard preload/patch/*.c) $(wildcard preload/rules/*.c)
LIB_SRC := $(wildcard preload/*.c) $(SYS) $(PATCH) $(filter-out preload/engine/oracle.c,$(ENGINE)) $(wildcard preload/unwind/*.c) $(wildcard preload/verdict/*.c) \
	$(wildcard hooks/*.c) report/text.c report/verdict.c report/suppress.c
TOOL_SRC := $(wildcard report/*.c) $(SYS) preload/patch/symbols.c preload/patch/decode.c preload/patch/trampoline.c preload/patch/shape.c preload/unwind/cfi.c \
	$(wildcard preload/verdict/scan*.c) hooks/std_mangled.c
LIB_OBJ := $(LIB_SRC:%.c=$(B)/lib/%.o)
TOOL_OBJ := $(TOOL_SRC:%.c=$(B)/tool/%.o)

all: build-deps $(B)/librace.so $(B)/race ## build librace.so and race (default)

# Names the Debian packages that the build lacks, and stops.
build-deps:
	@tools/deps.sh missing build

deps: ## install every Debian package that build, demo and tests need (apt, sudo when not root)
	@tools/deps.sh install build demo check

# demo and check install what is missing by themselves, then start over so that make sees the new files.
demo: ## build, then show the report of a real racy program
	@tools/deps.sh missing build demo >/dev/null 2>&1 || tools/deps.sh install build demo
	$(Q)$(MAKE) --no-print-directory run-demo

check: ## run all tests; ends with `N passed, N failed`
	@tools/deps.sh missing build demo check >/dev/null 2>&1 || tools/deps.sh install build demo check
	$(Q)$(MAKE) --no-print-directory all test-programs
	$(Q)tests/run

# What the groups of tests/run need built; fragments add to it.
test-programs: all

$(B)/librace.so: $(LIB_OBJ)
	@echo "  LINK  $@"
	$(Q)$(CC) -shared -nodefaultlibs -Wl,-z,initfirst -Wl,-z,now -Wl,-z,relro -Wl,--exclude-libs,ALL \
		-Wl,-soname,librace.so -Wl,--version-script=preload/local.map -o $@.new $^ $(HOST_LIBS)
	$(Q)mv $@.new $@

$(B)/race: $(TOOL_OBJ)
	@echo "  LINK  $@"
	$(Q)$(CC) -o $@.new $^ -ldw -lelf -ljansson -lstdc++
	$(Q)mv $@.new $@

$(B)/lib/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(HOST) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/tool/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $< (tool)"
	$(Q)$(CC) $(BASE) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(LIB_OBJ:.o=.d) $(TOOL_OBJ:.o=.d)
include $(wildcard tests/*/rules.mk) $(wildcard examples/rules.mk) $(wildcard docs/rules.mk)

install: all ## install below prefix (default /usr/local; DESTDIR is honoured)
	install -d $(DESTDIR)$(prefix)/lib $(DESTDIR)$(prefix)/bin $(DESTDIR)$(prefix)/include
	install -m 755 $(B)/librace.so $(DESTDIR)$(prefix)/lib/librace.so
	install -m 755 $(B)/race $(DESTDIR)$(prefix)/bin/race
	install -m 644 include/librace.h include/librace_uthash.h $(DESTDIR)$(prefix)/include
	install -d $(DESTDIR)$(prefix)/share/librace/rules
	install -m 644 rules/*.rules $(DESTDIR)$(prefix)/share/librace/rules
	@echo "LD_PRELOAD=$(prefix)/lib/librace.so PROGRAM"

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(prefix)/lib/librace.so $(DESTDIR)$(prefix)/bin/race
	rm -rf $(DESTDIR)$(prefix)/share/librace
	rm -f $(DESTDIR)$(prefix)/include/librace.h $(DESTDIR)$(prefix)/include/librace_uthash.h

clean: ## remove build/
	rm -rf $(B)

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort | expand -t 18

.PHONY: all build-deps deps demo check test-programs install uninstall clean help
.DEFAULT_GOAL := all
