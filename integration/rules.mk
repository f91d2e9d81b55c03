# SPDX-License-Identifier: MIT
# What is installed, and from what: one list, which `install` walks forwards and `uninstall` backwards. `make deb` is in debian.mk.

exec_prefix ?= $(prefix)
bindir ?= $(exec_prefix)/bin
libdir ?= $(exec_prefix)/lib
includedir ?= $(prefix)/include
datarootdir ?= $(prefix)/share
datadir ?= $(datarootdir)
mandir ?= $(datarootdir)/man
aclocaldir ?= $(datarootdir)/aclocal
bashcompletiondir ?= $(datarootdir)/bash-completion/completions
zshcompletiondir ?= $(datarootdir)/zsh/site-functions
fishcompletiondir ?= $(datarootdir)/fish/vendor_completions.d
sharedir := $(datadir)/librace

INT := $(B)/integration

# From cmake/librace of the library's folder, to find the rest of the installed tree wherever it is moved to.
away = $(shell realpath -m --relative-to='$(libdir)/cmake/librace' '$(1)')
# Relative to prefix where it is below it.
below = $(patsubst $(prefix)/%,$${prefix}/%,$(1))
# What stands in the files that know where they are installed; they are filled in on their way there.
FILL = sed -e 's|@PREFIX@|$(prefix)|g' -e 's|@BINDIR@|$(call below,$(bindir))|g' -e 's|@LIBDIR@|$(call below,$(libdir))|g' \
	-e 's|@INCLUDEDIR@|$(call below,$(includedir))|g' -e 's|@DATADIR@|$(call below,$(datadir))|g' \
	-e 's|@TO_BINDIR@|$(call away,$(bindir))|g' -e 's|@TO_INCLUDEDIR@|$(call away,$(includedir))|g' -e 's|@VERSION@|$(VERSION)|g'

# ---- completion ---------------------------------------------------------------------------------------------------------

$(INT)/completion_table: integration/completion/table.c report/verbs.def report/format/format.def
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(BASE) -O1 -o $@ $<

COMPLETIONS := $(addprefix $(INT)/race.,bash zsh fish)

$(COMPLETIONS): $(INT)/race.%: $(INT)/completion_table
	@echo "  GEN   $@"
	$(Q)$< $* >$@.new
	$(Q)mv $@.new $@

completion: $(COMPLETIONS) ## make the completions of bash, zsh and fish

# ---- installation -------------------------------------------------------------------------------------------------------

# mode:source:destination; mode `fill` is 644 with @NAMES@ filled in
INSTALLED := \
	755:$(B)/librace.so:$(libdir)/$(LIBRACE_FILE) \
	755:$(B)/race:$(bindir)/race \
	$(foreach h,librace.h librace_uthash.h,644:include/$h:$(includedir)/$h) \
	$(foreach f,$(wildcard rules/*.rules),644:$f:$(sharedir)/rules/$(notdir $f)) \
	$(foreach f,$(wildcard gdb/*.py),644:$f:$(sharedir)/gdb/$(notdir $f)) \
	$(foreach f,$(wildcard docs/schema/*.json),644:$f:$(sharedir)/schema/$(notdir $f)) \
	$(foreach f,$(wildcard integration/python/*.py),644:$f:$(sharedir)/python/$(notdir $f)) \
	fill:integration/librace.pc.in:$(libdir)/pkgconfig/librace.pc \
	$(foreach f,librace-config.cmake librace-config-version.cmake,fill:integration/cmake/$f.in:$(libdir)/cmake/librace/$f) \
	$(foreach f,librace-tests.cmake librace-ctest.cmake.in librace-project.cmake,644:integration/cmake/$f:$(libdir)/cmake/librace/$f) \
	644:integration/librace.m4:$(aclocaldir)/librace.m4 \
	644:$(INT)/race.bash:$(bashcompletiondir)/race \
	644:$(INT)/race.zsh:$(zshcompletiondir)/_race \
	644:$(INT)/race.fish:$(fishcompletiondir)/race.fish \
	$(foreach f,$(if $(SCDOC),$(MAN_PAGES)),644:$f:$(mandir)/man$(subst .,,$(suffix $f))/$(notdir $f))
# Folders that are ours alone.
INSTALLED_DIRS := $(sharedir)/rules $(sharedir)/gdb $(sharedir)/schema $(sharedir)/python $(sharedir) $(libdir)/cmake/librace

install: all $(COMPLETIONS) $(if $(SCDOC),$(MAN_PAGES)) ## install below prefix (default /usr/local; DESTDIR is honoured)
	$(Q)set -e; for row in $(INSTALLED); do \
		mode=$${row%%:*}; row=$${row#*:}; \
		if [ "$$mode" = fill ]; then \
			install -D -m 644 /dev/null "$(DESTDIR)$${row#*:}"; \
			$(FILL) "$${row%%:*}" >"$(DESTDIR)$${row#*:}"; \
		else \
			install -D -m "$$mode" "$${row%%:*}" "$(DESTDIR)$${row#*:}"; \
		fi; \
	done
	$(Q)for name in $(LIBRACE_LINKS); do ln -sf $(LIBRACE_FILE) "$(DESTDIR)$(libdir)/$$name"; done
	@echo "LD_PRELOAD=$(libdir)/librace.so PROGRAM"
	@echo "$(bindir)/race run -- PROGRAM"

uninstall: ## remove what install put there
	$(Q)for row in $(INSTALLED); do rm -f "$(DESTDIR)$${row##*:}"; done
	$(Q)for name in $(LIBRACE_LINKS); do rm -f "$(DESTDIR)$(libdir)/$$name"; done
	$(Q)for dir in $(INSTALLED_DIRS); do \
		if [ -d "$(DESTDIR)$$dir" ]; then rmdir --ignore-fail-on-non-empty "$(DESTDIR)$$dir"; fi; \
	done

.PHONY: completion install uninstall
