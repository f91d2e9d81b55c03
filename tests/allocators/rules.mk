# SPDX-License-Identifier: MIT
# A program with memory of its own, in three forms.

ALLOCATORS := $(B)/tests/allocators
ALLOCATORS_PROGRAMS := $(addprefix $(ALLOCATORS)/,pool malloc sized)

test-programs: $(ALLOCATORS_PROGRAMS)

$(ALLOCATORS)/pool: ALLOCATORS_FORM := -DPOOL
$(ALLOCATORS)/malloc: ALLOCATORS_FORM := -DMALLOC
$(ALLOCATORS)/sized: ALLOCATORS_FORM := -DMALLOC -DSIZE
$(ALLOCATORS_PROGRAMS): tests/allocators/own.cc tests/e2e/gate.h
	@mkdir -p $(@D)
	@echo "  CXX   $@"
	$(Q)g++ -std=c++17 -O2 -g -Wall -fno-builtin $(ALLOCATORS_FORM) -pthread -o $@ $<

check-allocators: all $(ALLOCATORS_PROGRAMS) ## run programs that have an allocator of their own
	$(Q)tests/run allocators

.PHONY: check-allocators
