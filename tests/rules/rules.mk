# SPDX-License-Identifier: MIT
# The parser of rules files with the sanitizers, its fuzz target, and programs with tables and locks of their own.

RULES_TEST := $(B)/tests/rules
RULES_SRC := preload/rules/parse.c preload/sys/fmt.c preload/sys/match.c
RULES_HEADERS := preload/rules/rules.h preload/sys/fmt.h preload/engine/op.h
RULES_SAN := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -I.
RULES_CFLAGS := -O2 -Wall -Wextra -pthread
RULES_PROGRAMS := $(addprefix $(RULES_TEST)/,rules_test rules_fuzz clients clients-symbols names names-stripped libtable.so \
	plugin_host large)

$(RULES_TEST)/rules_test: tests/rules/rules_test.c $(RULES_SRC) $(RULES_HEADERS)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(BASE) $(RULES_SAN) -o $@ $< $(RULES_SRC)

$(RULES_TEST)/rules_fuzz: tests/fuzz/rules_fuzz.c $(RULES_SRC) $(RULES_HEADERS)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(BASE) $(RULES_SAN) -DRULES_FUZZ_RUNS=50000 -o $@ $< $(RULES_SRC)

$(B)/fuzz/rules: tests/fuzz/rules_fuzz.c $(RULES_SRC) $(RULES_HEADERS)
	@mkdir -p $(@D)
	@echo "  FUZZ  $<"
	$(Q)clang $(BASE) -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -I. -o $@ $< $(RULES_SRC)

fuzz:: $(B)/fuzz/rules
	$(Q)tests/rules/corpus.py $(B)/fuzz/rules.corpus
	$(Q)$(B)/fuzz/rules -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -print_final_stats=1 $(B)/fuzz/rules.corpus

# Stripped, as a distribution ships it; its symbols are exported.
$(RULES_TEST)/clients: $(RULES_TEST)/clients-symbols
	$(Q)strip -o $@ $<

$(RULES_TEST)/clients-symbols: tests/rules/clients.c tests/rules/table.c tests/rules/table.h tests/e2e/gate.h
	@mkdir -p $(@D)
	@echo "  CC    $< (test)"
	$(Q)$(CC) $(RULES_CFLAGS) -rdynamic -o $@ $(filter %.c,$^)

# With a symbol table, and nothing exported.
$(RULES_TEST)/names: tests/rules/names_a.c tests/rules/names_b.c tests/rules/names.h tests/e2e/gate.h
	@mkdir -p $(@D)
	@echo "  CC    $< (test)"
	$(Q)$(CC) $(RULES_CFLAGS) -o $@ $(filter %.c,$^)

$(RULES_TEST)/names-stripped: $(RULES_TEST)/names
	$(Q)strip -o $@ $<

$(RULES_TEST)/libtable.so: tests/rules/table.c tests/rules/table.h
	@mkdir -p $(@D)
	@echo "  CC    $< (plugin)"
	$(Q)$(CC) $(RULES_CFLAGS) -fPIC -shared -s -Wl,-soname,libtable.so.1 -o $@ $<

$(RULES_TEST)/plugin_host: tests/rules/plugin_host.c tests/rules/table.h tests/e2e/gate.h
	@mkdir -p $(@D)
	@echo "  CC    $< (test)"
	$(Q)$(CC) $(RULES_CFLAGS) -o $@ $<

# 20,000 functions, for what it costs to look through them.
$(RULES_TEST)/large: tests/rules/large.py
	@mkdir -p $(@D)
	@echo "  GEN   $@"
	$(Q)tests/rules/large.py 20000 >$@.s
	$(Q)$(CC) -c -o $@.o $@.s
	$(Q)$(CC) -rdynamic -o $@ $@.o
	$(Q)rm -f $@.s $@.o

test-programs: $(RULES_PROGRAMS)

check-rules: all $(RULES_PROGRAMS) ## run the tests of rules files only
	$(Q)tests/run rules

.PHONY: check-rules
