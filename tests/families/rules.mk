# SPDX-License-Identifier: MIT
# Programs of the map families, compiled plainly in four ways: gcc and (where it is installed) clang, -O0 and -O2. What a
# program needs stands on its BUILD: line (tools/build-flags).
#
#	NAME_twins.c|.cc   twins (tests/e2e/twins.h): the racy one is reported, the other silent
#	NAME_quiet.c|.cc   many threads that do nothing wrong: nothing is said

FAMILY := $(B)/tests/families
FAMILY_SRC := $(wildcard tests/families/*_twins.c tests/families/*_twins.cc tests/families/*_quiet.c tests/families/*_quiet.cc)
FAMILY_BUILDS := gcc-O0 gcc-O2 $(shell command -v clang++ >/dev/null && echo clang-O0 clang-O2)
FAMILY_PROGRAMS := $(foreach b,$(FAMILY_BUILDS),$(patsubst tests/families/%,$(FAMILY)/$(b)/%,$(basename $(FAMILY_SRC))))
FAMILY_HEADERS := $(wildcard tests/e2e/*.h tests/families/*.h)
FAMILY_FLAGS := -g -Wall -Wextra -Wno-unused-parameter -pthread -Itests/e2e

family-programs: $(FAMILY_PROGRAMS)
test-programs: family-programs

check-families: all family-programs ## run the tests of the map families only (FULL=1: 20 runs of each)
	$(Q)tests/run families

# $(1): folder, $(2): C compiler, $(3): C++ compiler, $(4): optimisation
define family_rules
$(FAMILY)/$(1)/%: tests/families/%.c $(FAMILY_HEADERS)
	@mkdir -p $$(@D)
	$$(Q)flags=$$$$(tools/build-flags $$<) && $(2) $(4) $(FAMILY_FLAGS) -o $$@ $$< $$$$flags

$(FAMILY)/$(1)/%: tests/families/%.cc $(FAMILY_HEADERS)
	@mkdir -p $$(@D)
	$$(Q)flags=$$$$(tools/build-flags $$<) && $(3) -std=c++17 $(4) $(FAMILY_FLAGS) -o $$@ $$< $$$$flags
endef
$(eval $(call family_rules,gcc-O0,gcc,g++,-O0))
$(eval $(call family_rules,gcc-O2,gcc,g++,-O2))
$(eval $(call family_rules,clang-O0,clang,clang++,-O0))
$(eval $(call family_rules,clang-O2,clang,clang++,-O2))

.PHONY: family-programs check-families
