# SPDX-License-Identifier: MIT
# Symbols of modules and files: against readelf, and in ruins. Built with the sanitizers: a read out of bounds must end the test.

SYMBOLS_B := $(B)/tests/symbols
SYMBOLS_SRC := preload/patch/symbols.c preload/sys/os.c preload/sys/mapped.c preload/sys/fmt.c preload/sys/match.c
SYMBOLS_SAN := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -I.
SYMBOLS_VICTIMS := $(addprefix $(SYMBOLS_B)/,victim_gnu.so victim_sysv.so victim_stripped.so victim_far.so)
SYMBOLS_VICTIM = $(CC) -O1 -g -shared -fPIC -fno-stack-protector -Wl,--build-id=sha1 -Wl,-soname,libvictim.so.1 \
	-Wl,--version-script=tests/symbols/victim.map

$(SYMBOLS_B)/victim_gnu.so $(SYMBOLS_B)/victim_sysv.so $(SYMBOLS_B)/victim_far.so: $(SYMBOLS_B)/victim_%.so: \
		tests/symbols/victim.c tests/symbols/victim.map
	@mkdir -p $(@D)
	$(Q)$(SYMBOLS_VICTIM) $(SYMBOLS_LINK) -o $@ $<
$(SYMBOLS_B)/victim_gnu.so: SYMBOLS_LINK := -Wl,--hash-style=gnu
$(SYMBOLS_B)/victim_sysv.so: SYMBOLS_LINK := -Wl,--hash-style=sysv
# Linked to an address of its own: the load bias is not where its header is.
$(SYMBOLS_B)/victim_far.so: SYMBOLS_LINK := -Wl,-Ttext-segment=0x7000000

$(SYMBOLS_B)/victim_stripped.so: $(SYMBOLS_B)/victim_gnu.so
	$(Q)objcopy --strip-all $< $@

$(SYMBOLS_B)/symbols_test: tests/symbols/symbols_test.c tests/symbols/ruins.h tests/symbols/lists.h tests/tap.h $(SYMBOLS_SRC) $(wildcard preload/patch/symbols.h)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(BASE) $(SYMBOLS_SAN) -fPIE -pie -o $@ $< $(SYMBOLS_SRC) -lcheck -lsubunit -lm -lrt -pthread -ldl

# The program at a fixed address: its load bias is 0, and its headers come from the auxiliary vector.
$(SYMBOLS_B)/symbols_test_fixed: tests/symbols/symbols_test.c tests/symbols/ruins.h tests/symbols/lists.h tests/tap.h $(SYMBOLS_SRC) $(wildcard preload/patch/symbols.h)
	@mkdir -p $(@D)
	@echo "  CC    $< (fixed address)"
	$(Q)$(CC) $(BASE) -O2 -g -I. -fno-pie -no-pie -o $@ $< $(SYMBOLS_SRC) -lcheck -lsubunit -lm -lrt -pthread -ldl

test-programs: $(SYMBOLS_VICTIMS) $(SYMBOLS_B)/symbols_test $(SYMBOLS_B)/symbols_test_fixed

check-symbols: $(SYMBOLS_VICTIMS) $(SYMBOLS_B)/symbols_test $(SYMBOLS_B)/symbols_test_fixed
	$(Q)tests/symbols/check

.PHONY: check-symbols
