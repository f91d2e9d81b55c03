# SPDX-License-Identifier: MIT
# Traces: programs to be recorded, and the reader under the sanitizers.

TRACE := $(B)/tests/trace
TRACE_CFLAGS := -std=gnu11 -D_GNU_SOURCE $(filter-out -Wvla,$(WARN)) -O2 -g -pthread
TRACE_PROGRAMS := $(TRACE)/actions $(TRACE)/ring $(TRACE)/cost $(TRACE)/start

$(TRACE_PROGRAMS): $(TRACE)/%: tests/trace/%.c tests/e2e/gate.h include/librace.h
	@mkdir -p $(@D)
	@echo "  CC    $< (test)"
	$(Q)$(CC) $(TRACE_CFLAGS) $$(pkg-config --cflags glib-2.0) -o $@ $< $$(pkg-config --libs glib-2.0)

trace-programs: $(TRACE_PROGRAMS) $(B)/tests/tool/race_asan $(B)/examples/request_cache_race
test-programs: trace-programs

check-trace: all trace-programs ## test recording and the verbs that show traces
	$(Q)tests/run trace

.PHONY: trace-programs check-trace
