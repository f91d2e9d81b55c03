# SPDX-License-Identifier: MIT
# Text, suppressions and sys/ with the sanitizers; the way to the helper with the very objects of librace.so; a fuzz target.

REPORT_SRC := report/text.c report/verdict.c report/suppress.c report/json.c report/json_finding.c report/fingerprint.c $(SYS)
REPORT_HEADERS := report/report.h preload/engine/record.h preload/sys/fmt.h
REPORT_SAN := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -I.
REPORT_TESTS := $(B)/tests/report_test $(B)/tests/sys_test $(B)/tests/report_host
REPORT_HOST_OBJ := $(filter $(patsubst %,$(B)/lib/preload/%.o,emit pending helper_host names options record_file module),$(LIB_OBJ)) \
	$(SYS:%.c=$(B)/lib/%.o) $(patsubst report/%.c,$(B)/lib/report/%.o,$(filter report/%,$(REPORT_SRC)))

$(B)/tests/report_test $(B)/tests/sys_test: $(B)/tests/%: tests/report/%.c $(REPORT_SRC) $(REPORT_HEADERS)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(BASE) $(REPORT_SAN) -o $@ $< $(REPORT_SRC) -pthread

$(B)/tests/report_host: tests/report/host.c $(REPORT_HOST_OBJ) $(REPORT_HEADERS)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(BASE) -O2 -g -I. -rdynamic -o $@ $< $(REPORT_HOST_OBJ) -pthread

$(B)/fuzz/suppressions: tests/fuzz/suppressions_fuzz.c $(REPORT_SRC) $(REPORT_HEADERS)
	@mkdir -p $(@D)
	@echo "  FUZZ  $<"
	$(Q)clang $(BASE) -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -I. -o $@ $< $(REPORT_SRC)

fuzz:: $(B)/fuzz/suppressions
	@mkdir -p $(B)/fuzz/suppressions.corpus
	$(Q)$(B)/fuzz/suppressions -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -print_final_stats=1 $(B)/fuzz/suppressions.corpus

test-programs: $(REPORT_TESTS)

check-report: $(REPORT_TESTS) $(B)/race
	$(Q)tests/report/check

.PHONY: check-report
