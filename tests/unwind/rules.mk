# SPDX-License-Identifier: MIT
# Stacks: exactness against libunwind (and the naive form caught by the same test), depot, damaged stacks, small threads.

UNWIND_B := $(B)/tests/unwind
UNWIND_SRC := $(wildcard preload/unwind/*.c) preload/sys/os.c preload/sys/mapped.c preload/sys/lock.c
UNWIND_HDR := $(wildcard preload/unwind/*.h tests/unwind/*.h preload/sys/*.h preload/engine/*.h)
UNWIND_CFLAGS := $(BASE) -O2 -g -fno-strict-aliasing -fcf-protection=none
UNWIND_CXXFLAGS := $(filter-out -std=% -Werror=% -Wstrict-prototypes -Wmissing-prototypes -Wshadow,$(BASE)) -std=gnu++17 -O2 -g
UNWIND_BIN := $(addprefix $(UNWIND_B)/,exact exact_naive depot capture fake library_only micro coverage plugin0.so plugin1.so)

# The library's files, as it is and in the forms that only tests use.
$(UNWIND_B)/obj/%.o: %.c $(UNWIND_HDR)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNWIND_CFLAGS) -c -o $@ $<
$(UNWIND_B)/naive/%.o: %.c $(UNWIND_HDR)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNWIND_CFLAGS) -DUNWIND_NAIVE -c -o $@ $<
$(UNWIND_B)/only/%.o: %.c $(UNWIND_HDR)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNWIND_CFLAGS) -DUNWIND_LIBRARY_ONLY -c -o $@ $<

UNWIND_OBJ := $(UNWIND_SRC:%.c=$(UNWIND_B)/obj/%.o)
UNWIND_NAIVE_OBJ := $(UNWIND_SRC:%.c=$(UNWIND_B)/naive/%.o)
UNWIND_ONLY_OBJ := $(UNWIND_SRC:%.c=$(UNWIND_B)/only/%.o)
UNWIND_TOUCH := $(UNWIND_B)/obj/tests/unwind/touch.o

$(UNWIND_B)/obj/tests/unwind/frames_fp.o: UNWIND_CFLAGS += -O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls

$(UNWIND_B)/exact: tests/unwind/exact.cpp $(UNWIND_OBJ) $(UNWIND_TOUCH) $(UNWIND_B)/obj/tests/unwind/frames_fp.o
	@echo "  CXX   $@"
	$(Q)$(CXX) $(UNWIND_CXXFLAGS) -o $@ $^ -pthread

$(UNWIND_B)/exact_naive: tests/unwind/exact.cpp $(UNWIND_NAIVE_OBJ) $(UNWIND_TOUCH) \
		$(UNWIND_B)/obj/tests/unwind/frames_fp.o
	@echo "  CXX   $@"
	$(Q)$(CXX) $(UNWIND_CXXFLAGS) -DUNWIND_NAIVE -o $@ $^ -pthread

$(UNWIND_B)/library_only: tests/unwind/library_only.c $(UNWIND_ONLY_OBJ)
	@echo "  CC    $@"
	$(Q)$(CC) $(UNWIND_CFLAGS) -DUNWIND_LIBRARY_ONLY -o $@ $^ -pthread

$(addprefix $(UNWIND_B)/,depot capture fake micro coverage): $(UNWIND_B)/%: tests/unwind/%.c $(UNWIND_OBJ) $(UNWIND_TOUCH)
	@echo "  CC    $@"
	$(Q)$(CC) $(UNWIND_CFLAGS) -o $@ $^ -pthread

$(UNWIND_B)/plugin0.so: UNWIND_PAD := 512
$(UNWIND_B)/plugin1.so: UNWIND_PAD := 1024
$(UNWIND_B)/plugin0.so $(UNWIND_B)/plugin1.so: tests/unwind/plugin.c $(UNWIND_HDR)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNWIND_CFLAGS) -fno-stack-protector -DPLUGIN_PAD=$(UNWIND_PAD) -fPIC -shared -o $@ $<

test-programs: $(UNWIND_BIN)

check-unwind: $(UNWIND_BIN) ## the tests of stacks alone
	$(Q)tests/unwind/check

bench-unwind: $(UNWIND_B)/micro ## ns of a captured stack: hit, miss, libunwind, by depth
	$(Q)$(UNWIND_B)/micro

.PHONY: check-unwind bench-unwind
