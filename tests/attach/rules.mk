# SPDX-License-Identifier: MIT
# Programs of tests/attach. What one needs beside libc stands on its BUILD: line (tools/build-flags).

ATTACH := $(B)/tests/attach
ATTACH_FLAGS := -g -O1 -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wno-unused-parameter -pthread -Itests/e2e
ATTACH_BIN := $(addprefix $(ATTACH)/,glib_calls libc_twins come wx libcome_a.so libcome_b.so libcome_json.so)

$(ATTACH)/%: tests/attach/%.c $(wildcard tests/e2e/*.h)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)flags=$$(tools/build-flags $<) && $(CC) $(ATTACH_FLAGS) -o $@ $< $$flags

$(ATTACH)/libcome_a.so $(ATTACH)/libcome_b.so: $(ATTACH)/libcome_%.so: tests/attach/come_lib.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ATTACH_FLAGS) $(if $(filter b,$*),-DSECOND) -shared -fPIC -Wl,-Bsymbolic -o $@ $<

$(ATTACH)/libcome_json.so: tests/attach/come_json.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ATTACH_FLAGS) -shared -fPIC -o $@ $< $$(pkg-config --cflags --libs jansson)

test-programs: $(ATTACH_BIN)

check-attach: all $(ATTACH_BIN) ## run the tests of how hooks are attached
	$(Q)tests/run attach

.PHONY: check-attach
