# SPDX-License-Identifier: MIT
# race run, race gate, and what they are told: a static program that leaves a record without librace, and one of two processes.

GATE_B := $(B)/tests/gate
GATE_PROGRAMS := $(GATE_B)/fake $(GATE_B)/family $(GATE_B)/race_asan

$(GATE_B)/fake: tests/gate/fake.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -O1 -g -static -o $@ $<
$(GATE_B)/family: tests/gate/family.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -O1 -g -pthread -o $@ $<
$(GATE_B)/race_asan: $(TOOL_SRC) $(wildcard report/*.h report/*/*.h report/*.def report/*/*.def)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(BASE) -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -o $@ $(TOOL_SRC) $(TOOL_LIBS)

test-programs: $(GATE_PROGRAMS)

check-gate: $(GATE_PROGRAMS) $(B)/race $(B)/librace.so
	$(Q)tests/gate/check

.PHONY: check-gate
