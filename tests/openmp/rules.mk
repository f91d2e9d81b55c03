# SPDX-License-Identifier: MIT
# OpenMP by gcc with libgomp and by clang with libomp, which is there when its header is.

OPENMP := $(B)/tests/openmp
OPENMP_BUILDS := gcc $(shell clang++ -fopenmp -include omp.h -fsyntax-only -x c++ /dev/null 2>/dev/null && echo clang)
OPENMP_NAMES := twins-O0 twins-O2 task_twins-O0 task_twins-O2 lock_twins-O0 lock_twins-O2 quiet-O2
OPENMP_PROGRAMS := $(foreach b,$(OPENMP_BUILDS),$(addprefix $(OPENMP)/$(b)/,$(OPENMP_NAMES))) \
	$(if $(filter clang,$(OPENMP_BUILDS)),$(OPENMP)/both $(OPENMP)/both.so \
		$(addprefix $(OPENMP)/for_libomp/,twins-O2 task_twins-O2 lock_twins-O2 quiet-O2))
OPENMP_HEADERS := tests/e2e/gate.h tests/openmp/omp_twins.h

openmp-programs: $(OPENMP_PROGRAMS)
test-programs: openmp-programs

# $(1): folder, $(2): compiler, $(3): optimisation
define openmp_rule
$(OPENMP)/$(1)/%-$(3): tests/openmp/%.cc $(OPENMP_HEADERS)
	@mkdir -p $$(@D)
	@echo "  CXX   $$@"
	$(Q)$(2) -std=c++17 -$(3) -g -Wall -fopenmp -o $$@ $$<
endef
$(foreach o,O0 O2,$(eval $(call openmp_rule,gcc,g++,$(o))) $(eval $(call openmp_rule,clang,clang++ -fopenmp-version=50,$(o))) \
	$(eval $(call openmp_rule,for_libomp,g++ -DFOR_LIBOMP,$(o))))

$(OPENMP)/both: tests/openmp/both.cc $(OPENMP_HEADERS)
	@mkdir -p $(@D)
	@echo "  CXX   $@"
	$(Q)g++ -std=c++17 -O2 -g -Wall -fopenmp -o $@ $<

$(OPENMP)/both.so: tests/openmp/both.cc $(OPENMP_HEADERS)
	@mkdir -p $(@D)
	@echo "  CXX   $@"
	$(Q)clang++ -std=c++17 -O2 -g -Wall -Wno-unused-function -fopenmp -DAS_LIBRARY -shared -fPIC -o $@ $<

check-openmp: all openmp-programs ## run the tests of OpenMP only
	$(Q)tests/run openmp

.PHONY: check-openmp openmp-programs
