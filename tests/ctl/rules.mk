# SPDX-License-Identifier: MIT
# A program to be asked while it runs: for `race ctl` and for the gdb commands.

CTL_PROGRAMS := $(B)/tests/ctl/live

$(B)/tests/ctl/live: tests/ctl/live.c examples/turns.h
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -O1 -g -pthread $(shell pkg-config --cflags glib-2.0) -o $@ $< $(shell pkg-config --libs glib-2.0)

test-programs: $(CTL_PROGRAMS)
