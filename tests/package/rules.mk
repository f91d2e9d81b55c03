# SPDX-License-Identifier: MIT
# Debian packages, man pages and completions; the check builds the packages itself.

test-programs: package-built
package-built: all docs-built completion

check-package: package-built ## build the Debian packages and try them
	$(Q)tests/run package

.PHONY: package-built check-package
