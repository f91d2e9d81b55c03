# SPDX-License-Identifier: MIT
# The verbs info, symbolize and whatis: programs to look at, containers to compare layouts with, and the command with sanitizers.

TL_B := $(B)/tests/tool
TL_QT := $(shell pkg-config --exists Qt5Core 2>/dev/null && echo $(TL_B)/libqtcontainers.so)
TL_PROGRAMS := $(TL_B)/full $(TL_B)/live $(TL_B)/libcontainers.so $(TL_QT) $(TL_B)/race_asan
TL_HEADERS := $(wildcard report/*.h report/*/*.h preload/*.h preload/engine/*.h preload/sys/*.h preload/patch/*.h hooks/*.h)

$(TL_B)/full: examples/request_cache_race.c examples/turns.h
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -O2 -g -Wl,--build-id $(shell pkg-config --cflags glib-2.0) -pthread -o $@ $< $(shell pkg-config --libs glib-2.0)
$(TL_B)/live: tests/tool/live.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -O1 -g -pthread -o $@ $<
$(TL_B)/libcontainers.so: tests/tool/containers.cc
	@mkdir -p $(@D)
	$(Q)$(CXX) -std=gnu++17 -O1 -g -shared -fPIC -o $@ $<
$(TL_B)/libqtcontainers.so: tests/tool/qtcontainers.cc
	@mkdir -p $(@D)
	$(Q)$(CXX) -std=gnu++17 -O1 -g -shared -fPIC $(shell pkg-config --cflags Qt5Core) -o $@ $< $(shell pkg-config --libs Qt5Core)
$(TL_B)/race_asan: $(TOOL_SRC) $(TL_HEADERS)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(BASE) -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -o $@ $(TOOL_SRC) $(TOOL_LIBS)

test-programs: $(TL_PROGRAMS)

check-tool: $(TL_PROGRAMS) $(B)/race $(B)/librace.so
	$(Q)tests/tool/check

.PHONY: check-tool
