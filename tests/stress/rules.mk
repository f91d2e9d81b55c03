# SPDX-License-Identifier: MIT
# Programs of the stress tests.

STRESS := $(B)/tests/stress
STRESS_CFLAGS := -O2 -g -Wall -Wextra -Wno-unused-parameter -pthread
STRESS_PROGRAMS := $(addprefix $(STRESS)/,load sandbox loader throw libplugin.so libtable.so)

stress-programs: $(STRESS_PROGRAMS)
test-programs: stress-programs

stress: all stress-programs e2e-programs ## run the stress tests only
	$(Q)tests/run stress

$(STRESS)/load $(STRESS)/sandbox $(STRESS)/loader: $(STRESS)/%: tests/stress/%.c $(wildcard tests/e2e/*.h)
	@mkdir -p $(@D)
	$(Q)gcc $(STRESS_CFLAGS) -o $@ $<

$(STRESS)/throw: tests/stress/throw.cc $(wildcard tests/e2e/*.h)
	@mkdir -p $(@D)
	$(Q)g++ -std=c++17 $(STRESS_CFLAGS) -o $@ $<

$(STRESS)/libplugin.so: tests/stress/plugin.c $(wildcard tests/e2e/*.h)
	@mkdir -p $(@D)
	$(Q)gcc $(STRESS_CFLAGS) -shared -fPIC -o $@ $< $(shell pkg-config --cflags --libs glib-2.0)

$(STRESS)/libtable.so: tests/stress/table.c tests/e2e/touch.h
	@mkdir -p $(@D)
	$(Q)gcc $(STRESS_CFLAGS) -shared -fPIC -o $@ $<

.PHONY: stress-programs stress
