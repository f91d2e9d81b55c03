# SPDX-License-Identifier: MIT
# Two libraries with a function of one name, each behind a plugin of its own.

COPIES := $(B)/tests/copies
COPIES_PROGRAMS := $(addprefix $(COPIES)/,host libone.so libtwo.so one.so two.so)

test-programs: $(COPIES_PROGRAMS)

$(COPIES)/libone.so: COPIES_NUMBER := 1
$(COPIES)/libtwo.so: COPIES_NUMBER := 2
$(COPIES)/lib%.so: tests/copies/library.c
	@mkdir -p $(@D)
	$(Q)gcc -O2 -g -shared -fPIC -DNUMBER=$(COPIES_NUMBER) -o $@ $<

$(COPIES)/one.so $(COPIES)/two.so: $(COPIES)/%.so: tests/copies/plugin.c $(COPIES)/lib%.so
	$(Q)gcc -O2 -g -shared -fPIC -o $@ $< -L$(COPIES) -l$* -Wl,-rpath,'$$ORIGIN'

$(COPIES)/host: tests/copies/host.c
	@mkdir -p $(@D)
	$(Q)gcc -O2 -g -o $@ $<
