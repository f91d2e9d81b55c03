# SPDX-License-Identifier: MIT
# Programs for `race check`: plain.c in many variants, C++ containers, GLib. What cannot be linked is made by the check script.

RC_B := $(B)/tests/racecheck
RC_CC = $(CC) -std=gnu11 -O2 -g -I. -pthread
RC_CXX = $(CXX) -std=gnu++17 -g -pthread
RC_VARIANTS := atomics annotations dlopen clone loop own close rust libcxx name
RC_PROGRAMS := $(addprefix $(RC_B)/,plain static static_pie threadless asan tsan glib object.o library.so linked chain \
	cxx_map cxx_unordered cxx_neither cxx_map_O0 cxx_static_map cxx_static_neither) $(RC_VARIANTS:%=$(RC_B)/with_%)

$(RC_B)/plain: tests/racecheck/plain.c
	@mkdir -p $(@D)
	$(Q)$(RC_CC) -o $@ $<
$(RC_B)/with_%: tests/racecheck/plain.c include/librace.h
	@mkdir -p $(@D)
	$(Q)$(RC_CC) -DWITH_$(shell echo $* | tr a-z A-Z) $(if $(filter loop,$*),-rdynamic) -o $@ $<
$(RC_B)/threadless: tests/racecheck/plain.c
	@mkdir -p $(@D)
	$(Q)$(RC_CC) -DWITHOUT_THREADS -o $@ $<
$(RC_B)/static $(RC_B)/static_pie: tests/racecheck/plain.c
	@mkdir -p $(@D)
	$(Q)$(RC_CC) $(if $(filter %_pie,$@),-static-pie,-static) -o $@ $<
$(RC_B)/asan $(RC_B)/tsan: tests/racecheck/plain.c
	@mkdir -p $(@D)
	$(Q)gcc -O1 -g -pthread -fsanitize=$(if $(filter %/tsan,$@),thread,address) -o $@ $<
$(RC_B)/object.o: tests/racecheck/plain.c
	@mkdir -p $(@D)
	$(Q)$(RC_CC) -c -o $@ $<
$(RC_B)/library.so: tests/racecheck/library.c
	@mkdir -p $(@D)
	$(Q)$(RC_CC) -shared -fPIC -Wl,-soname,librc.so.1 -o $@ $<
# Found by $ORIGIN; without that folder it is missing.
$(RC_B)/linked: tests/racecheck/plain.c $(RC_B)/library.so
	@mkdir -p $(RC_B)/found
	$(Q)cp $(RC_B)/library.so $(RC_B)/found/librc.so.1
	$(Q)$(RC_CC) -DWITH_LIBRARY -o $@ $< $(RC_B)/library.so -Wl,-rpath,'$$ORIGIN/found',--enable-new-dtags
# RPATH (not RUNPATH) of the program also finds what its libraries need.
$(RC_B)/chain: tests/racecheck/plain.c tests/racecheck/library.c
	@mkdir -p $(RC_B)/chained
	$(Q)$(RC_CC) -DIS_MORE -shared -fPIC -Wl,-soname,librcmore.so.1 -o $(RC_B)/chained/librcmore.so.1 tests/racecheck/library.c
	$(Q)$(RC_CC) -DNEEDS_MORE -shared -fPIC -Wl,-soname,librcfirst.so.1 -o $(RC_B)/chained/librcfirst.so.1 \
		tests/racecheck/library.c $(RC_B)/chained/librcmore.so.1
	$(Q)$(RC_CC) -DWITH_LIBRARY -o $@ $< $(RC_B)/chained/librcfirst.so.1 -Wl,-rpath,'$${ORIGIN}/chained',--disable-new-dtags \
		-Wl,-rpath-link,$(RC_B)/chained
$(RC_B)/glib: tests/racecheck/glib.c
	@mkdir -p $(@D)
	$(Q)$(RC_CC) $(shell pkg-config --cflags glib-2.0) -o $@ $< $(shell pkg-config --libs glib-2.0)
$(RC_B)/cxx_%: tests/racecheck/containers.cc
	@mkdir -p $(@D)
	$(Q)$(RC_CXX) $(if $(findstring O0,$*),-O0,-O2) $(if $(findstring unordered,$*),-DUNORDERED) \
		$(if $(findstring neither,$*),-DNEITHER) $(if $(findstring static,$*),-static-libstdc++ -static-libgcc) -o $@ $<

test-programs: $(RC_PROGRAMS)

check-racecheck: $(RC_PROGRAMS) $(B)/race $(B)/librace.so
	$(Q)tests/racecheck/check

.PHONY: check-racecheck
