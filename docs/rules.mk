# SPDX-License-Identifier: MIT
# The generated tables and the man pages. docs/options.md is kept in the tree; a test compares it with the generator.

MAN_PAGES := $(B)/docs/librace.7 $(B)/docs/librace.3 $(B)/docs/race.1
SCDOC := $(shell command -v scdoc)

$(B)/docs/options_table: docs/options_table.c preload/options.def
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(BASE) -O1 -o $@ $<

docs/options.md: $(B)/docs/options_table preload/options.def
	@echo "  GEN   $@"
	$(Q)$(B)/docs/options_table md >$@

# scdoc takes the date of the page from the environment: none of ours depends on when it was made.
$(B)/docs/%: docs/%.scd $(B)/docs/options_table $(B)/integration/completion_table
	@mkdir -p $(@D)
	@echo "  MAN   $@"
	$(Q)$(B)/docs/options_table scd >$@.options
	$(Q)$(B)/integration/completion_table scd >$@.verbs
	$(Q)sed -e '/^; SPDX/d' -e '/^@OPTIONS@$$/{r $@.options' -e 'd}' -e '/^@VERBS@$$/{r $@.verbs' -e 'd}' $< | SOURCE_DATE_EPOCH=0 scdoc >$@.new
	$(Q)mv $@.new $@

# What a test looks at: built, but nothing in the tree is touched, or the comparison would compare the generator with itself.
docs-built: $(B)/docs/options_table $(if $(SCDOC),$(MAN_PAGES))

docs: docs-built docs/options.md ## make docs/options.md and, with scdoc, the man pages

.PHONY: docs docs-built
