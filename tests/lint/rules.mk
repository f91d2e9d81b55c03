# SPDX-License-Identifier: MIT
# Rules of the tree, the library's outside, and the documents.

lint: all docs-built ## check the rules of the tree, the exports of the library, and the documents
	$(Q)tests/lint/check

lint-sources:
	@echo $(LIB_SRC)

test-programs: docs-built

.PHONY: lint lint-sources
