# SPDX-License-Identifier: MIT
# The decoder and the trampolines of entry patching: against Zydis, over functions of real files, run, at the edges.

PATCH_UNIT := $(B)/tests/patch-unit
PATCH_UNIT_SRC := preload/patch/decode.c preload/patch/trampoline.c
PATCH_UNIT_DEPS := $(PATCH_UNIT_SRC) $(wildcard preload/patch/*.h tests/patch-unit/*.h) tests/tap.h
PATCH_UNIT_CC = $(CC) $(BASE) $(CFLAGS) -I.
PATCH_UNIT_BIN := $(addprefix $(PATCH_UNIT)/,bounds bounds_sanitized census decoder moved)

$(PATCH_UNIT)/moved: tests/patch-unit/moved.c tests/patch-unit/forms.S $(PATCH_UNIT_DEPS)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(PATCH_UNIT_CC) -o $@ $(filter %.c %.S,$^) -lcheck -lsubunit -lm -lrt -pthread

$(PATCH_UNIT)/census $(PATCH_UNIT)/decoder: $(PATCH_UNIT)/%: tests/patch-unit/%.c tests/patch-unit/functions.c \
		$(PATCH_UNIT_DEPS)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(PATCH_UNIT_CC) -o $@ $(filter %.c,$^) -lZydis

$(PATCH_UNIT)/bounds_sanitized: PATCH_UNIT_CC += -fsanitize=address,undefined -fno-sanitize-recover=all
$(PATCH_UNIT)/bounds $(PATCH_UNIT)/bounds_sanitized: tests/patch-unit/bounds.c tests/patch-unit/functions.c \
		$(PATCH_UNIT_DEPS)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(PATCH_UNIT_CC) -o $@ $(filter %.c,$^) -lcheck -lsubunit -lm -lrt -pthread

test-programs: $(PATCH_UNIT_BIN)

check-patch-unit: all $(PATCH_UNIT_BIN) ## the tests of the decoder and of trampolines alone
	$(Q)B=$(B) tests/run patch-unit

.PHONY: check-patch-unit
