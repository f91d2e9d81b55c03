# SPDX-License-Identifier: MIT
# What tests/daemons/check loads into daemons, and the stand-in for a memcached with symbols.

DAEMON_BIN := $(addprefix $(B)/tests/daemons/,clients.so memcached)
DAEMON_CFLAGS := -std=gnu11 -D_GNU_SOURCE $(WARN) -O2 -g -pthread

$(B)/tests/daemons/clients.so: tests/daemons/clients.c examples/turns.h
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(DAEMON_CFLAGS) -fPIC -shared -o $@ $<

$(B)/tests/daemons/memcached: tests/daemons/assoc.c examples/turns.h
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(DAEMON_CFLAGS) -o $@ $<

test-programs: $(DAEMON_BIN)

check-daemons: all $(DAEMON_BIN) ## run Debian's daemons under their rules
	$(Q)tests/run daemons

.PHONY: check-daemons
