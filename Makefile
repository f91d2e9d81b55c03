# SPDX-License-Identifier: MIT
# librace: build, test, install. `make help` lists the targets.

VERSION := 0.1.0
# As it is installed; librace.so is a link to it. The number is that of what librace.h calls, and of the options.
LIBRACE_FILE := librace.so.1
LIBRACE_LINKS := librace.so
CC ?= gcc
CXX ?= g++
# Also by the name that many Makefiles have for it: a word that is passed over in silence would install elsewhere.
PREFIX ?= /usr/local
prefix ?= $(PREFIX)
B := build

Q := $(if $(V),,@)
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-unused-parameter
CFLAGS ?= -O2 -g
BASE := -std=gnu11 -Werror=implicit-function-declaration -D_GNU_SOURCE $(WARN) -DRACE_VERSION='"$(VERSION)"' -DRACE_PREFIX='"$(prefix)"'
# Stands after CFLAGS once more: a packager's hardening is for the command, and has no place in code that runs inside others' functions.
HOST_LAST := -fno-stack-protector -fcf-protection=none -U_FORTIFY_SOURCE -fno-lto
# Interposers define names that gcc knows as builtins; nothing of ours may be turned into a call of theirs and back.
HOST := $(BASE) -fPIC -fvisibility=hidden -ftls-model=initial-exec -fno-builtin-malloc -fno-strict-aliasing $(HOST_LAST)

# libc itself, not its linker script: that would name the dynamic loader as a second library for the three symbols we use of
# it, and every process has it anyway. tests/lint checks that nothing else is left undefined.
HOST_LIBS := -Wl,--start-group -l:libc.so.6 -l:libc_nonshared.a -lgcc -Wl,--end-group

SYS := $(wildcard preload/sys/*.c)
ENGINE := $(wildcard preload/engine/*.c)
PATCH := $(wildcard preload/patch/*.c) $(wildcard preload/rules/*.c)
LIB_SRC := $(wildcard preload/*.c) $(SYS) $(PATCH) $(filter-out preload/engine/oracle.c,$(ENGINE)) $(wildcard preload/unwind/*.c) $(wildcard preload/verdict/*.c) \
	$(wildcard hooks/*.c) report/text.c report/verdict.c report/suppress.c report/json.c report/json_finding.c report/fingerprint.c
TOOL_SRC := $(wildcard report/*.c report/*/*.c) $(SYS) preload/patch/symbols.c preload/patch/decode.c preload/patch/trampoline.c preload/patch/shape.c preload/unwind/cfi.c \
	$(wildcard preload/verdict/scan*.c) hooks/std_mangled.c
TOOL_LIBS := -ldw -lelf -ljansson -lyaml -lstdc++
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
		-Wl,-soname,$(LIBRACE_FILE) -Wl,--version-script=preload/local.map -o $@.new $^ $(HOST_LIBS)
	$(Q)mv $@.new $@

$(B)/race: $(TOOL_OBJ)
	@echo "  LINK  $@"
	$(Q)$(CC) $(LDFLAGS) -o $@.new $^ -Wl,--export-dynamic-symbol='phonebook_*' $(TOOL_LIBS)
	$(Q)mv $@.new $@

# The report page lies in the command; the assembler reads the files from here.
$(B)/tool/report/format/html_assets.o: $(wildcard report/format/html/*)

$(B)/lib/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(HOST) $(CFLAGS) $(HOST_LAST) -MMD -MP -c -o $@ $<

$(B)/tool/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $< (tool)"
	$(Q)$(CC) $(BASE) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The commit that records name (docs/RECORD.md, "revision"); none outside a checkout of its own. Several makes may come here at once,
# as tests install this build side by side: each writes a file of its own.
$(B)/revision.h: FORCE
	@mkdir -p $(@D)
	@r=$$([ -e .git ] && git rev-parse --short=12 HEAD 2>/dev/null); new=$@.new.$$$$; echo "#define RACE_REVISION \"$$r\"" >$$new; \
		cmp -s $$new $@ && rm -f $$new || mv $$new $@

$(B)/lib/preload/record_file.o: $(B)/revision.h
$(B)/lib/preload/record_file.o: HOST += -include $(B)/revision.h

-include $(LIB_OBJ:.o=.d) $(TOOL_OBJ:.o=.d)
include $(wildcard tests/*/rules.mk) $(wildcard examples/rules.mk) $(wildcard docs/rules.mk) $(wildcard integration/*.mk)

clean: ## remove build/
	rm -rf $(B)

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort | expand -t 18

.PHONY: FORCE all build-deps deps demo check test-programs clean help
.DEFAULT_GOAL := all
