# SPDX-License-Identifier: MIT
# The parser of RACE_OPTIONS, with the sanitizers, and its fuzz target.

OPTIONS_SRC := preload/options.c preload/sys/fmt.c preload/sys/match.c
FUZZ_SECONDS ?= 20

$(B)/tests/options_test: tests/options/options_test.c $(OPTIONS_SRC) preload/options.def preload/options.h preload/sys/fmt.h
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(BASE) -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -I. -o $@ $< $(OPTIONS_SRC)

$(B)/fuzz/options: tests/fuzz/options_fuzz.c $(OPTIONS_SRC) preload/options.def preload/options.h preload/sys/fmt.h
	@mkdir -p $(@D)
	@echo "  FUZZ  $<"
	$(Q)clang $(BASE) -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -I. -o $@ $< $(OPTIONS_SRC)

fuzz:: $(B)/fuzz/options ## fuzz what reads outside text (FUZZ_SECONDS each)
	@mkdir -p $(B)/fuzz/options.corpus
	$(Q)$(B)/fuzz/options -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -print_final_stats=1 $(B)/fuzz/options.corpus

test-programs: $(B)/tests/options_test

check-options: $(B)/tests/options_test
	$(Q)tests/options/check

.PHONY: fuzz check-options
