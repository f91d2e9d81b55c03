# SPDX-License-Identifier: MIT
# Verdicts: the scan of code and of debug information. Each NAME_test.c is a program that the check runs; *_tell.c print what the
# scripts compare.

VERDICT := $(B)/tests/verdict
VERDICT_CC = $(CC) $(BASE) $(CFLAGS) -I.
VERDICT_SCAN := $(wildcard preload/verdict/scan*.c) preload/patch/decode.c preload/patch/symbols.c preload/unwind/cfi.c \
	$(wildcard preload/sys/*.c)
VERDICT_HEADERS := $(wildcard preload/verdict/*.h preload/patch/*.h preload/unwind/*.h preload/sys/*.h tests/verdict/*.h) tests/tap.h
VERDICT_BIN := $(patsubst tests/verdict/%.c,$(VERDICT)/%,$(wildcard tests/verdict/*_test.c tests/verdict/*_tell.c))

$(VERDICT)/scan_marks_test: tests/verdict/scan_marks_test.c $(VERDICT_SCAN) $(VERDICT_HEADERS)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(VERDICT_CC) -o $@ $(filter %.c,$^) -lcheck -lsubunit -lm -lrt -pthread

$(VERDICT)/scan_asks_test: tests/verdict/scan_asks_test.c preload/verdict/scan_asks.c preload/patch/decode.c $(VERDICT_HEADERS)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(VERDICT_CC) -o $@ $(filter %.c,$^)

# Programs that the ledger judges: plain ones, as a user's would be.
$(VERDICT)/ledger_%: tests/verdict/ledger/%.c $(wildcard tests/e2e/*.h)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)gcc -O2 -g -Wall -Wextra -pthread -o $@ $<

test-programs: $(VERDICT)/ledger_cases $(VERDICT)/ledger_atomic

$(VERDICT)/scan_oracle_test: tests/verdict/scan_oracle_test.c tests/verdict/scan_image.c $(VERDICT_SCAN) $(VERDICT_HEADERS)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(VERDICT_CC) -o $@ $(filter %.c,$^) -lZydis

$(VERDICT)/scan_shapes_tell: tests/verdict/scan_shapes_tell.c tests/patch-unit/functions.c $(VERDICT_SCAN) $(VERDICT_HEADERS)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(VERDICT_CC) -o $@ $(filter %.c,$^)

$(VERDICT)/scan_module_tell: tests/verdict/scan_module_tell.c tests/verdict/scan_image.c $(VERDICT_SCAN) $(VERDICT_HEADERS)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(VERDICT_CC) -o $@ $(filter %.c,$^)

# All of the command but its main().
$(VERDICT)/objects_tell: tests/verdict/objects_tell.c $(filter-out $(B)/tool/report/main.o,$(TOOL_OBJ))
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(VERDICT_CC) -o $@ $^ $(TOOL_LIBS)

test-programs: $(VERDICT_BIN)

check-verdict: all $(VERDICT_BIN) ## the tests of what verdicts rest on
	$(Q)B=$(B) tests/run verdict

.PHONY: check-verdict
