# SPDX-License-Identifier: MIT
# Unit tests: each tests/unit/NAME.c is one program, linked with what it needs of the engine, sys/ and the suppressions.
# A test that needs more names the sources in tests/unit/NAME.mk: UNIT_SRC_NAME := report/text.c (and UNIT_LIBS_NAME := -ldw).
# asan, ubsan and tsan build and run the unit and script tests in folders of their own.

TEST_BASE = $(BASE) $(CFLAGS) $(SAN) -fno-strict-aliasing -fno-builtin-malloc -I. -Ipreload
TEST_LIBS = $(SAN) -lcheck -lsubunit -lm -lrt -pthread
UNIT := $(B)/tests/unit
UNIT_NAMES := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*.c))
UNIT_PROGRAMS := $(UNIT_NAMES:%=$(UNIT)/%)
-include $(filter-out tests/unit/rules.mk,$(wildcard tests/unit/*.mk))

TEST_SRC := $(ENGINE) $(SYS) $(wildcard report/suppress.c report/text.c report/verdict.c)
TEST_OBJ := $(TEST_SRC:%.c=$(B)/t/%.o)
TEST_ARCHIVE := $(B)/t/librace_test.a

$(B)/t/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $< (test)"
	$(Q)$(CC) $(TEST_BASE) -MMD -MP -c -o $@ $<

$(TEST_ARCHIVE): $(TEST_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

-include $(TEST_OBJ:.o=.d) $(patsubst %.c,$(B)/t/%.d,$(wildcard tests/unit/*.c tests/script/*.c tests/fuzz/engine*.c))
.SECONDARY:

define UNIT_RULE
$(UNIT)/$(1): $(B)/t/tests/unit/$(1).o $(UNIT_SRC_$(1):%.c=$(B)/t/%.o) $(TEST_ARCHIVE)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) -o $$@ $$^ $$(UNIT_LIBS_$(1)) $$(TEST_LIBS)
endef
$(foreach name,$(UNIT_NAMES),$(eval $(call UNIT_RULE,$(name))))

test-programs: $(UNIT_PROGRAMS)

check-unit: $(UNIT_PROGRAMS) script-programs ## run the unit and script tests only
	$(Q)B=$(B) tests/run unit script

asan: ## unit and script tests under AddressSanitizer
	$(Q)$(MAKE) --no-print-directory B=build/asan SAN="-fsanitize=address -fno-omit-frame-pointer" check-unit

ubsan: ## the same under UndefinedBehaviorSanitizer
	$(Q)$(MAKE) --no-print-directory B=build/ubsan SAN="-fsanitize=undefined -fno-sanitize-recover=all" check-unit

tsan: ## the same under ThreadSanitizer
	$(Q)$(MAKE) --no-print-directory B=build/tsan SAN=-fsanitize=thread check-unit

.PHONY: check-unit asan ubsan tsan
