# SPDX-License-Identifier: MIT
# Many logs as one set: the loader under the sanitizers with mutated logs, its fuzz target, and the bench of its scale.

MERGE_SRC := report/util/arena.c report/util/room.c report/util/lines.c report/util/json_read.c report/util/json_write.c report/symbolize/log.c report/findings/finding.c report/fingerprint.c \
	$(wildcard report/findings/findings*.c) report/format/format.c report/format/format_text.c report/format/format_json.c report/format/format_jsonl.c \
	report/format/format_finding.c report/text.c report/verdict.c $(SYS)
MERGE_HEADERS := $(wildcard report/*.h report/*/*.h)
MERGE_SAN := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -I.

$(B)/tests/findings_fuzz: tests/fuzz/findings_fuzz.c $(MERGE_SRC) $(MERGE_HEADERS)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(BASE) $(MERGE_SAN) -DFINDINGS_FUZZ_RUNS=6000 -o $@ $< $(MERGE_SRC) -ljansson

$(B)/fuzz/findings: tests/fuzz/findings_fuzz.c $(MERGE_SRC) $(MERGE_HEADERS)
	@mkdir -p $(@D)
	@echo "  FUZZ  $<"
	$(Q)clang $(BASE) -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -I. -o $@ $< $(MERGE_SRC) -ljansson

fuzz:: $(B)/fuzz/findings
	@mkdir -p $(B)/fuzz/findings.corpus
	$(Q)$(B)/fuzz/findings -max_total_time=$(FUZZ_SECONDS) -max_len=20000 -print_final_stats=1 $(B)/fuzz/findings.corpus \
		tests/reporting/sample tests/report/golden

MERGE_PROGRAMS := $(B)/tests/findings_fuzz $(B)/tests/tool/race_asan

test-programs: $(MERGE_PROGRAMS)

check-merge: all $(MERGE_PROGRAMS) ## run the tests of merging, extracting and comparing logs only
	$(Q)tests/run merge

bench-report: $(B)/race ## 1,000 logs with 100,000 reports: seconds and memory of each way to read them
	$(Q)tests/merge/bench.py $(B)/race

.PHONY: check-merge bench-report
