# SPDX-License-Identifier: MIT
# Names of C++: shortened for reports, and mangled ones as hooks/std_patterns.c understands them. With the sanitizers.

NAMES_SAN := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -I.
NAMES_TESTS := $(B)/tests/names_test $(B)/tests/mangled_test

$(B)/tests/names_test: tests/names/names_test.c report/symbolize/names.c report/symbolize/names.h preload/sys/fmt.c preload/sys/fmt.h
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(BASE) $(NAMES_SAN) -o $@ $(filter %.c,$^)

$(B)/tests/mangled_test: tests/names/mangled_test.c hooks/std_mangled.c hooks/std_mangled.h
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(BASE) $(NAMES_SAN) -o $@ $(filter %.c,$^)

test-programs: $(NAMES_TESTS)
