# SPDX-License-Identifier: MIT
# Formats of `race report`, explain, postmortem: rendered from records, and from runs of the examples.

check-formats: examples $(B)/race $(B)/librace.so
	$(Q)tests/formats/check

.PHONY: check-formats
