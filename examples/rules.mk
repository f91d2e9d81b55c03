# SPDX-License-Identifier: MIT
# The examples: NAME_race.c and NAME_fixed.c, ordinary programs at -O2 -g. Those with a header of ours say so by their
# include.

EXAMPLE_SRC := $(wildcard examples/*.c)
EXAMPLES := $(EXAMPLE_SRC:examples/%.c=$(B)/examples/%)
EXAMPLE_FLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Iinclude -pthread -Wl,--as-needed
# Found when the recipe runs: reading this file must not need GLib.
EXAMPLE_GLIB = $$(pkg-config --cflags --libs glib-2.0)

test-programs: examples
examples: $(EXAMPLES) ## build the examples (build/examples)

$(B)/examples/omp_%: EXAMPLE_FLAGS += -fopenmp

$(B)/examples/%: examples/%.c examples/turns.h include/librace.h include/librace_uthash.h
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(EXAMPLE_FLAGS) -o $@ $< $(EXAMPLE_GLIB)

DEMO := session_unlock_race

run-demo: $(B)/librace.so $(B)/race $(B)/examples/$(DEMO)
	@echo "LD_PRELOAD=$(abspath $(B))/librace.so $(B)/examples/$(DEMO)"
	@sh examples/demo.sh "$(abspath $(B))" $(DEMO)

.PHONY: examples run-demo
