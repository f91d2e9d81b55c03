# SPDX-License-Identifier: MIT
# Programs of the end-to-end tests: compiled plainly, as a user's would be, by gcc and (where it is installed) clang.

E2E := $(B)/tests/e2e
E2E_CFLAGS := -O2 -g -Wall -Wextra -Wno-unused-parameter -pthread
E2E_GLIB = $(shell pkg-config --cflags --libs gio-2.0)
E2E_CLANG := $(shell command -v clang++ >/dev/null && echo clang)
E2E_PROGRAMS := $(foreach c,gcc $(E2E_CLANG),$(addprefix $(E2E)/$(c)/,pthread_twins c11_twins cxx_twins glib_twins)) \
	$(addprefix $(E2E)/,reuse glib_ok life life-nodebug life-stripped libthrough.so one_write)
E2E_HEADERS := $(wildcard tests/e2e/*.h)

e2e-programs: $(E2E_PROGRAMS)
test-programs: e2e-programs

check-e2e: all e2e-programs ## run the end-to-end tests only
	$(Q)tests/run e2e

$(E2E)/gcc/%: tests/e2e/%.c $(E2E_HEADERS)
	@mkdir -p $(@D)
	$(Q)gcc $(E2E_CFLAGS) -o $@ $< $(if $(findstring glib,$*),$(E2E_GLIB))

$(E2E)/clang/%: tests/e2e/%.c $(E2E_HEADERS)
	@mkdir -p $(@D)
	$(Q)clang $(E2E_CFLAGS) -o $@ $< $(if $(findstring glib,$*),$(E2E_GLIB))

$(E2E)/gcc/%: tests/e2e/%.cc $(E2E_HEADERS)
	@mkdir -p $(@D)
	$(Q)g++ -std=c++17 $(E2E_CFLAGS) -o $@ $<

$(E2E)/clang/%: tests/e2e/%.cc $(E2E_HEADERS)
	@mkdir -p $(@D)
	$(Q)clang++ -std=c++17 $(E2E_CFLAGS) -o $@ $<

$(E2E)/reuse $(E2E)/glib_ok: $(E2E)/%: tests/e2e/%.c $(E2E_HEADERS)
	@mkdir -p $(@D)
	$(Q)gcc $(E2E_CFLAGS) -o $@ $< $(E2E_GLIB)

$(E2E)/libthrough.so: tests/e2e/through.c
	@mkdir -p $(@D)
	$(Q)gcc -O2 -g -shared -fPIC -o $@ $<

E2E_LIFE = -L$(E2E) -lthrough -Wl,-rpath,'$$ORIGIN'
$(E2E)/life: tests/e2e/life.c $(E2E_HEADERS) $(E2E)/libthrough.so
	$(Q)gcc $(E2E_CFLAGS) -o $@ $< $(E2E_LIFE)

$(E2E)/life-nodebug: tests/e2e/life.c $(E2E_HEADERS) $(E2E)/libthrough.so
	$(Q)gcc $(E2E_CFLAGS) -g0 -o $@ $< $(E2E_LIFE)

$(E2E)/life-stripped: $(E2E)/life-nodebug
	$(Q)strip -o $@ $<

$(E2E)/one_write: tests/e2e/one_write.c
	@mkdir -p $(@D)
	$(Q)gcc $(E2E_CFLAGS) -o $@ $<

.PHONY: e2e-programs check-e2e
