# SPDX-License-Identifier: MIT
# Compound operations (atomicity=1): programs whose single calls are right, and which are wrong together.
#
#	NAME_torn.c|.cc   a map of one family in the scenarios of torn.h
#	values.c          values that another thread has freed

COMPOUND := $(B)/tests/compound
COMPOUND_SRC := $(wildcard tests/compound/*.c tests/compound/*.cc)
COMPOUND_PROGRAMS := $(patsubst tests/compound/%,$(COMPOUND)/%,$(basename $(COMPOUND_SRC)))
COMPOUND_FLAGS := -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wno-unused-parameter -Wno-unused-function -pthread -Itests/e2e

compound-programs: $(COMPOUND_PROGRAMS)
test-programs: compound-programs

check-compound: all compound-programs ## run the tests of compound operations only
	$(Q)tests/run compound

# The rules of ruled_torn name functions of its symbol table only.
$(COMPOUND)/%: tests/compound/%.c tests/compound/torn.h tests/e2e/gate.h
	@mkdir -p $(@D)
	$(Q)flags=$$(tools/build-flags $<) && $(CC) $(COMPOUND_FLAGS) -o $@ $< $$flags

$(COMPOUND)/%: tests/compound/%.cc tests/compound/torn.h tests/e2e/gate.h
	@mkdir -p $(@D)
	$(Q)flags=$$(tools/build-flags $<) && $(CXX) -std=c++17 $(COMPOUND_FLAGS) -o $@ $< $$flags

.PHONY: compound-programs check-compound
