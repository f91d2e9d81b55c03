# SPDX-License-Identifier: MIT
# Programs of tests/record: one that races in every stage of a process's life, the same from a source with other lines, and the
# renderers under the sanitizers.

RECORD := $(B)/tests/record
RECORD_CFLAGS := -O2 -g -Wall -Wextra -Wno-unused-parameter -pthread -Iinclude -Itests/e2e
RECORD_SRC := report/json.c report/json_finding.c report/fingerprint.c report/text.c report/verdict.c $(SYS)
RECORD_PROGRAMS := $(addprefix $(RECORD)/,life shifted/life nodebug/life render_test)

$(RECORD)/life: tests/record/life.c tests/e2e/gate.h include/librace.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(RECORD_CFLAGS) -o $@ $<

# The same program after somebody wrote above it: a licence, a function, another order of nothing else.
$(RECORD)/shifted/life: tests/record/life.c tests/e2e/gate.h include/librace.h
	@mkdir -p $(@D)
	$(Q){ for i in 1 2 3 4 5 6 7; do echo "/* line $$i */"; done; echo 'int unrelated(int a); int unrelated(int a) { return a * 3 + 1; }'; \
		cat $<; } >$(@D)/life.c
	$(Q)$(CC) $(RECORD_CFLAGS) -o $@ $(@D)/life.c

$(RECORD)/nodebug/life: tests/record/life.c tests/e2e/gate.h include/librace.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(RECORD_CFLAGS) -g0 -rdynamic -o $@ $<

$(RECORD)/render_test: tests/record/render_test.c $(RECORD_SRC) report/json.h report/words.h report/fingerprint.h report/report.h preload/engine/record.h
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(BASE) -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -I. -o $@ $< $(RECORD_SRC) -pthread

test-programs: $(RECORD_PROGRAMS)
