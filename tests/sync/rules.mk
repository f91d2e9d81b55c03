# SPDX-License-Identifier: MIT
# Twins of what orders threads beside the locks: hand-over by descriptors, signals, queues of the kernel, futexes, other libraries.
# What a program needs stands on its BUILD: line (tools/build-flags).
#
#	NAME_twins.c|.cc   twins (tests/e2e/twins.h): the racy one is reported, the other silent

SYNC := $(B)/tests/sync
SYNC_SRC := $(wildcard tests/sync/*_twins.c tests/sync/*_twins.cc)
SYNC_BUILDS := gcc $(shell command -v clang++ >/dev/null && echo clang)
SYNC_PROGRAMS := $(foreach b,$(SYNC_BUILDS),$(patsubst tests/sync/%,$(SYNC)/$(b)/%,$(basename $(SYNC_SRC))))
SYNC_HEADERS := $(wildcard tests/e2e/*.h tests/sync/*.h)
SYNC_FLAGS := -O2 -g -Wall -Wextra -Wno-unused-parameter -pthread -Itests/e2e

sync-programs: $(SYNC_PROGRAMS)
test-programs: sync-programs

check-sync: all sync-programs ## run the tests of hand-over and of other libraries' synchronisation only
	$(Q)tests/run sync

# $(1): folder and C compiler, $(2): C++ compiler
define sync_rules
$(SYNC)/$(1)/%: tests/sync/%.c $(SYNC_HEADERS)
	@mkdir -p $$(@D)
	$$(Q)flags=$$$$(tools/build-flags $$<) && $(1) $(SYNC_FLAGS) -o $$@ $$< $$$$flags

$(SYNC)/$(1)/%: tests/sync/%.cc $(SYNC_HEADERS)
	@mkdir -p $$(@D)
	$$(Q)flags=$$$$(tools/build-flags $$<) && $(2) -std=c++20 $(SYNC_FLAGS) -o $$@ $$< $$$$flags
endef
$(eval $(call sync_rules,gcc,g++))
$(eval $(call sync_rules,clang,clang++))

.PHONY: sync-programs check-sync
