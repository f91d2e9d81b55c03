# SPDX-License-Identifier: MIT
# The examples: NAME_race.c and NAME_fixed.c (or .cc), ordinary programs at -O2 -g. Those with a header of ours say so by
# their include; what else one needs stands on its BUILD: line (tools/build-flags). One without such a line gets GLib.

EXAMPLE_SRC := $(wildcard examples/*.c examples/*.cc)
EXAMPLES := $(patsubst examples/%,$(B)/examples/%,$(basename $(EXAMPLE_SRC)))
EXAMPLE_FLAGS := -O2 -g -Wall -Wextra -Iinclude -pthread -Wl,--as-needed
# Found when the recipe runs: reading this file must not need GLib.
EXAMPLE_LIBS = $(if $(shell sed -n '1,5{/BUILD:/p}' $<),tools/build-flags $<,pkg-config --cflags --libs glib-2.0)
EXAMPLE_HEADERS := examples/turns.h include/librace.h include/librace_uthash.h

test-programs: examples
examples: $(EXAMPLES) ## build the examples (build/examples)

$(B)/examples/omp_%: EXAMPLE_FLAGS += -fopenmp

$(B)/examples/%: examples/%.c $(EXAMPLE_HEADERS)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)flags=$$($(EXAMPLE_LIBS)) && $(CC) -std=gnu11 $(EXAMPLE_FLAGS) -o $@ $< $$flags

$(B)/examples/%: examples/%.cc $(EXAMPLE_HEADERS)
	@mkdir -p $(@D)
	@echo "  CXX   $<"
	$(Q)flags=$$($(EXAMPLE_LIBS)) && $(CXX) -std=c++17 $(EXAMPLE_FLAGS) -o $@ $< $$flags

DEMO := session_unlock_race

run-demo: $(B)/librace.so $(B)/race $(B)/examples/$(DEMO)
	@echo "LD_PRELOAD=$(abspath $(B))/librace.so $(B)/examples/$(DEMO)"
	@sh examples/demo.sh "$(abspath $(B))" $(DEMO)

.PHONY: examples run-demo
