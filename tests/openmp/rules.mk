# SPDX-License-Identifier: MIT
# OpenMP by gcc and its libgomp.

test-programs: $(B)/tests/openmp/twins-O0 $(B)/tests/openmp/twins-O2

$(B)/tests/openmp/twins-%: tests/openmp/twins.cc tests/e2e/gate.h
	@mkdir -p $(@D)
	@echo "  CXX   $@"
	$(Q)g++ -std=c++17 -$* -g -Wall -fopenmp -o $@ $<

check-openmp: all $(B)/tests/openmp/twins-O0 $(B)/tests/openmp/twins-O2 ## run the tests of OpenMP only
	$(Q)tests/run openmp

.PHONY: check-openmp
