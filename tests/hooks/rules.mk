# SPDX-License-Identifier: MIT
# Programs of the adapter tests: plain programs that know nothing of librace.

HOOKS_TEST := $(B)/tests/hooks
HOOKS_TEST_PROGRAMS := $(addprefix $(HOOKS_TEST)/,rows sync states)
HOOKS_TEST_CFLAGS := -O2 -g -Wall -Wextra -Wno-unused-parameter -Wno-cast-function-type -Wno-unused-result -pthread

hooks-programs: $(HOOKS_TEST_PROGRAMS)
test-programs: hooks-programs

check-hooks: all hooks-programs ## run the adapters' tests only
	$(Q)tests/run hooks

$(HOOKS_TEST)/%: tests/hooks/%.c tests/hooks/rows.def $(wildcard tests/e2e/*.h)
	@mkdir -p $(@D)
	@echo "  CC    $< (test)"
	$(Q)$(CC) -D_GNU_SOURCE $(HOOKS_TEST_CFLAGS) $$(pkg-config --cflags gio-2.0 gio-unix-2.0) -o $@ $< $$(pkg-config --libs gio-2.0)

.PHONY: hooks-programs check-hooks
