# SPDX-License-Identifier: MIT
# The library once more, with edges that can be left out one at a time (tests/mutation/run.py).

MUTATION := $(B)/mutation
MUTATION_HOOKS := $(patsubst %.c,$(MUTATION)/%.o,$(wildcard hooks/*.c))
MUTATION_OWN := preload/thread preload/rules/calls
MUTATION_OBJ := $(MUTATION_HOOKS) $(MUTATION_OWN:%=$(MUTATION)/own/%.o) $(MUTATION)/mutate.o \
	$(filter-out $(B)/lib/hooks/% $(MUTATION_OWN:%=$(B)/lib/%.o),$(LIB_OBJ))
MUTATION_SRC := $(patsubst %.c,$(MUTATION)/src/%.c,$(wildcard hooks/*.c)) $(MUTATION_OWN:%=$(MUTATION)/src/own/%.c)
MUTATION_CFLAGS := -O1 -g -fno-ipa-cp -fno-ipa-sra -fno-partial-inlining -fno-ipa-icf
MUTATION_IN := tests/mutation/instrument.py $(wildcard hooks/*.c hooks/*.h hooks/*.def) preload/thread.c preload/rules/calls.c

test-programs: $(MUTATION)/librace.so $(B)/tests/mutation/interposed

$(B)/tests/mutation/%: tests/mutation/%.c $(wildcard tests/e2e/*.h)
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -Wall -Wextra -Wno-unused-parameter -pthread -o $@ $<

check-mutation: all test-programs ## leave out each edge rule, one at a time: a test must notice
	$(Q)tests/run mutation

mutation: all test-programs ## find a test for each edge rule that has none yet, print the table, write tests/mutation/kills.txt
	$(Q)tests/mutation/run.py find

$(MUTATION)/instrumented: $(MUTATION_IN)
	@mkdir -p $(@D)
	$(Q)tests/mutation/instrument.py $(MUTATION)/src
	$(Q)touch $@

$(MUTATION_SRC): $(MUTATION)/instrumented ;

$(MUTATION_HOOKS): $(MUTATION)/hooks/%.o: $(MUTATION)/src/hooks/%.c tests/mutation/mutate.h
	@mkdir -p $(@D)
	@echo "  CC    hooks/$*.c (mutation)"
	$(Q)$(CC) $(HOST) $(MUTATION_CFLAGS) -include tests/mutation/mutate.h -Ipreload -MMD -MP -c -o $@ $<

$(MUTATION_OWN:%=$(MUTATION)/own/%.o): $(MUTATION)/own/%.o: $(MUTATION)/src/own/%.c tests/mutation/mutate.h
	@mkdir -p $(@D)
	@echo "  CC    $*.c (mutation)"
	$(Q)$(CC) $(HOST) $(MUTATION_CFLAGS) -include tests/mutation/mutate.h -iquote $(dir $*) -MMD -MP -c -o $@ $<

$(MUTATION)/mutate.o: tests/mutation/mutate.c tests/mutation/mutate.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOST) -O1 -g -MMD -MP -c -o $@ $<

$(MUTATION)/librace.so: $(MUTATION_OBJ)
	@echo "  LINK  $@"
	$(Q)$(CC) -shared -nodefaultlibs -Wl,-z,initfirst -Wl,-z,now -Wl,-z,relro -Wl,--exclude-libs,ALL \
		-Wl,-soname,librace.so -Wl,--version-script=preload/local.map -o $@.new $^ $(HOST_LIBS)
	$(Q)mv $@.new $@

-include $(MUTATION_OBJ:.o=.d)

.PHONY: check-mutation mutation
