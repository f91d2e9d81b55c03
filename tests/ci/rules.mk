# SPDX-License-Identifier: MIT
# The examples for CI install what was built here.

check-ci: integration-built docs-built ## run the examples for GitHub and GitLab
	$(Q)tests/run ci

.PHONY: check-ci
