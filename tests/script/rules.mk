# SPDX-License-Identifier: MIT
# Script tests: logical threads in tables of steps, asked of the engine and of its oracle; and random scripts.

SCRIPT := $(B)/tests/script
SCRIPT_NAMES := $(filter-out rig,$(patsubst tests/script/%.c,%,$(wildcard tests/script/*.c)))
SCRIPT_PROGRAMS := $(SCRIPT_NAMES:%=$(SCRIPT)/%) $(SCRIPT)/engine_random

$(filter-out %/engine_random,$(SCRIPT_PROGRAMS)): $(SCRIPT)/%: $(B)/t/tests/script/%.o $(B)/t/tests/script/rig.o $(B)/t/librace_test.a
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ $(TEST_LIBS)

$(SCRIPT)/engine_random: $(B)/t/tests/fuzz/engine_random.o $(B)/t/tests/script/rig.o $(B)/t/librace_test.a
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ $(TEST_LIBS)

script-programs: $(SCRIPT_PROGRAMS)
test-programs: script-programs

$(B)/bench/engine_micro: $(B)/lib-bench/tests/bench/engine_micro.o $(patsubst %.c,$(B)/lib/%.o,$(ENGINE) $(SYS))
	@mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ -pthread

$(B)/lib-bench/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE) -O2 -g -I. -Ipreload -MMD -MP -c -o $@ $<

bench-engine: $(B)/bench/engine_micro ## ns per step of the engine alone
	$(Q)$<

.PHONY: script-programs bench-engine
