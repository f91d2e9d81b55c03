# SPDX-License-Identifier: MIT
# docs/matrix.md: every operation of every family, what it does to the map, and how it is seen, as this machine's libraries have it.

MATRIX := $(B)/tests/matrix/all
MATRIX_LIBS := glib-2.0 libcrypto json-c jansson libxml-2.0 apr-1 Qt5Core

test-programs: $(MATRIX)

$(MATRIX): tests/matrix/all.c
	@mkdir -p $(@D)
	$(Q)gcc -O2 -g -o $@ $< -Wl,--no-as-needed $$(pkg-config --libs $(MATRIX_LIBS)) -lisc -lstdc++

docs/matrix.md: $(B)/librace.so $(B)/race $(MATRIX) tests/matrix/matrix.py
	$(Q)python3 tests/matrix/matrix.py $(B) > $@.new
	$(Q)mv $@.new $@

check-matrix: all $(MATRIX) ## compare docs/matrix.md with what the libraries of this machine have
	$(Q)tests/run matrix

.PHONY: check-matrix
