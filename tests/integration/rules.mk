# SPDX-License-Identifier: MIT
# The integration is tried as installed; what is built beforehand is in the fragments of its parts.

test-programs: integration-built
integration-built: all $(B)/examples/session_unlock_race completion

check-integration: integration-built ## run suites of CMake, Meson, automake, prove and pytest projects under librace
	$(Q)tests/run integration

.PHONY: integration-built check-integration
