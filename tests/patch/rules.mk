# SPDX-License-Identifier: MIT
# The generic stub, and the behaviour of patched functions: ordinary programs, compiled four ways, that are run as they are, under
# a preload that only patches (tool.so), and under librace with rules that name their functions.

PATCH_T := $(B)/tests/patch
PATCH_TEST_SRC := $(addprefix preload/patch/,stub.c shape.c decode.c trampoline.c) $(addprefix preload/sys/,os.c mapped.c time.c lock.c)
PATCH_TEST_OBJ := $(PATCH_TEST_SRC:%.c=$(B)/lib/%.o)
PATCH_TOOL_OBJ := $(PATCH_TEST_OBJ) $(patsubst %.c,$(B)/lib/%.o,$(wildcard preload/unwind/*.c))
PATCH_WARN := -Wall -Wextra -Wno-infinite-recursion
PATCH_CFLAGS := -std=gnu11 -D_GNU_SOURCE $(PATCH_WARN) -g -I. -pthread
PATCH_CXXFLAGS := -std=gnu++17 $(PATCH_WARN) -g
PATCH_WAYS := gcc-O0 gcc-O2 clang-O0 clang-O2
PATCH_NAMES := values leave frames storm throw shape_test
PATCH_BIN := $(foreach w,$(PATCH_WAYS),$(PATCH_NAMES:%=$(PATCH_T)/%-$(w))) $(addprefix $(PATCH_T)/,stub_test stub_micro registers tool.so \
	avx debugged-O0 debugged-O2 debugged-plain)

# $(1) compiler and level, $(2) cc, $(3) c++, $(4) -O
define PATCH_WAY
$(PATCH_T)/values-$(1): tests/patch/values.c tests/patch/values_functions.c tests/patch/values.h
	@mkdir -p $$(@D)
	@echo "  CC    $$@"
	$$(Q)$(2) $$(PATCH_CFLAGS) $(4) -rdynamic -o $$@ $$(filter %.c,$$^) -lm
$(PATCH_T)/shape_test-$(1): tests/patch/shape_test.c tests/patch/values_functions.c $(B)/lib/preload/patch/shape.o \
		$(B)/lib/preload/patch/decode.o tests/patch/values.h
	@mkdir -p $$(@D)
	$$(Q)$(2) $$(PATCH_CFLAGS) $(4) -rdynamic -o $$@ $$(filter %.c %.o,$$^) -lm
$(PATCH_T)/throw-$(1): tests/patch/throw.cc
	@mkdir -p $$(@D)
	@echo "  CXX   $$@"
	$$(Q)$(3) $$(PATCH_CXXFLAGS) $(4) -rdynamic -o $$@ $$<
$(foreach n,leave frames storm,$(PATCH_T)/$(n)-$(1)): $(PATCH_T)/%-$(1): tests/patch/%.c
	@mkdir -p $$(@D)
	@echo "  CC    $$@"
	$$(Q)$(2) $$(PATCH_CFLAGS) $(4) -rdynamic -o $$@ $$< -ldl
endef
$(eval $(call PATCH_WAY,gcc-O0,gcc,g++,-O0))
$(eval $(call PATCH_WAY,gcc-O2,gcc,g++,-O2))
$(eval $(call PATCH_WAY,clang-O0,clang,clang++,-O0))
$(eval $(call PATCH_WAY,clang-O2,clang,clang++,-O2))

$(PATCH_T)/stub_test $(PATCH_T)/stub_micro: $(PATCH_T)/%: tests/patch/%.c $(PATCH_TEST_OBJ)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(PATCH_CFLAGS) -O2 -o $@ $^

$(PATCH_T)/registers: tests/patch/registers.c
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(PATCH_CFLAGS) -O1 -no-pie -rdynamic -o $@ $<

$(PATCH_T)/avx: tests/patch/avx.c
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(PATCH_CFLAGS) -O0 -mavx -rdynamic -o $@ $<

# debugged-plain has no debug info: its functions are known by their exported names alone.
$(PATCH_T)/debugged-O0 $(PATCH_T)/debugged-O2: $(PATCH_T)/debugged-%: tests/patch/debugged.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(PATCH_CFLAGS) -$* -rdynamic -o $@ $<
$(PATCH_T)/debugged-plain: tests/patch/debugged.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(PATCH_CFLAGS) -g0 -O2 -s -rdynamic -o $@ $<

$(PATCH_T)/tool.so: tests/patch/tool.c $(PATCH_TOOL_OBJ)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) $(PATCH_CFLAGS) -O2 -fPIC -shared -fvisibility=hidden -fno-stack-protector -ftls-model=initial-exec -o $@ $^

test-programs: $(PATCH_BIN)

check-patch: $(B)/librace.so $(PATCH_BIN) ## the tests of patched functions alone
	$(Q)tests/patch/check

bench-stub: $(PATCH_T)/stub_micro ## ns that the generic stub adds to a call
	$(Q)$<

.PHONY: check-patch bench-stub
