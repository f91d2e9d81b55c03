# SPDX-License-Identifier: MIT
# What librace costs. The workloads are built three ways where it matters: plain (native, librace, Valgrind), *.tsan,
# and uthash.race with our header. Without libtsan the *.tsan programs stay away and the column says n/a.

BENCH := $(B)/bench
BENCH_LOADS := glib_own glib_shared uthash lru empty
BENCH_BIN := $(addprefix $(BENCH)/,$(BENCH_LOADS) flat micro launch uthash.race)
BENCH_TSAN := $(BENCH_LOADS:%=$(BENCH)/%.tsan)
BENCH_CFLAGS := -std=gnu11 -D_GNU_SOURCE $(WARN) -O2 -g -pthread

$(BENCH)/%: tests/bench/%.c tests/bench/bench.h
	@mkdir -p $(@D)
	@echo "  CC    $< (bench)"
	$(Q)$(CC) $(BENCH_CFLAGS) $$(pkg-config --cflags glib-2.0) -o $@ $< $$(pkg-config --libs glib-2.0)

# nothing but libc: start-up is measured of what really is empty
$(BENCH)/empty $(BENCH)/launch: $(BENCH)/%: tests/bench/%.c
	@mkdir -p $(@D)
	@echo "  CC    $< (bench)"
	$(Q)$(CC) $(BENCH_CFLAGS) -o $@ $<

$(BENCH)/%.tsan: tests/bench/%.c tests/bench/bench.h
	@mkdir -p $(@D)
	@echo "  CC    $< (bench, TSan)"
	$(Q)$(CC) $(BENCH_CFLAGS) -fsanitize=thread $$(pkg-config --cflags glib-2.0) -o $@ $< $$(pkg-config --libs glib-2.0) \
		|| { rm -f $@; echo "  no libtsan: TSan is left out"; }

$(BENCH)/uthash.race: tests/bench/uthash.c tests/bench/bench.h $(wildcard include/*.h)
	@mkdir -p $(@D)
	@echo "  CC    $< (bench, annotated)"
	$(Q)$(CC) $(BENCH_CFLAGS) -Iinclude -DBENCH_LIBRACE -o $@ $<

# an empty main that loads five libraries of maps
$(BENCH)/five_libraries: tests/bench/empty.c
	@mkdir -p $(@D)
	@echo "  CC    $< (bench, five libraries)"
	$(Q)$(CC) $(BENCH_CFLAGS) -o $@ $< -Wl,--no-as-needed $$(pkg-config --libs glib-2.0 jansson json-c libcrypto libxml-2.0)

BENCH_ATTACH := $(BENCH)/five_libraries $(B)/tests/rules/large $(B)/tests/patch/stub_micro

bench: all $(BENCH_BIN) $(BENCH_TSAN) $(BENCH_ATTACH) ## measure against native, TSan, Helgrind, DRD; write docs/PERFORMANCE.md
	$(Q)python3 tests/bench/run.py --build $(B) --write docs/PERFORMANCE.md

bench-quick: all $(BENCH_BIN) $(BENCH_TSAN) $(BENCH_ATTACH) ## the same in a minute, without Valgrind, printed only
	$(Q)python3 tests/bench/run.py --build $(B) --quick

.PHONY: bench bench-quick
