# SPDX-License-Identifier: MIT
# Annotations: librace.h, librace_uthash.h and the names of other tools. `check` compiles the headers in all their
# ways itself.

ANNOTATIONS := $(B)/tests/annotations
ANNOTATION_FLAGS := -std=gnu11 -O2 -g -Wall -Wextra -pthread
ANNOTATION_HEADERS := tests/annotations/pairs.h tests/e2e/gate.h include/librace.h include/librace_uthash.h

$(ANNOTATIONS)/%: tests/annotations/%.c $(ANNOTATION_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ANNOTATION_FLAGS) -o $@ $<

$(ANNOTATIONS)/uthash_pairs_locked: tests/annotations/uthash_pairs.c $(ANNOTATION_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ANNOTATION_FLAGS) -DLOCKED -o $@ $<

$(ANNOTATIONS)/%.so: tests/annotations/%.c include/librace.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(ANNOTATION_FLAGS) -shared -fPIC -o $@ $<

annotation-programs: $(ANNOTATIONS)/calls $(ANNOTATIONS)/uthash_pairs $(ANNOTATIONS)/uthash_pairs_locked \
	$(ANNOTATIONS)/recorder.so $(ANNOTATIONS)/fake_tsan.so $(ANNOTATIONS)/empty_annotations.so \
	$(B)/examples/annotated_race
test-programs: annotation-programs

check-annotations: all annotation-programs ## test the headers and the annotations
	$(Q)tests/run annotations

.PHONY: annotation-programs check-annotations
