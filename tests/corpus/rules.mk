# SPDX-License-Identifier: MIT
# The labelled corpus: programs plain (for librace, Helgrind and DRD) and rebuilt for TSan. What a program needs stands in its first
# lines; tests/corpus/build reads them. A program that gcc cannot build for TSan stays away there, and the column tells.
#
#	make corpus ONLY=WORD      a pattern of names, a family, a primitive or a class
#	make corpus PEERS=none     librace alone; PEERS=keep: the peers' results of sources that have not changed

CORPUS := $(B)/tests/corpus
CORPUS_SRC := $(sort $(wildcard tests/corpus/programs/*.c tests/corpus/programs/*.cc))
CORPUS_NAMES := $(basename $(notdir $(CORPUS_SRC)))
CORPUS_PLAIN := $(CORPUS_NAMES:%=$(CORPUS)/plain/%)
CORPUS_TSAN := $(CORPUS_NAMES:%=$(CORPUS)/tsan/%)
CORPUS_NEEDS := tests/corpus/build $(wildcard tests/corpus/programs/*.h tests/e2e/*.h include/*.h)
CORPUS_RESULTS := $(CORPUS)/results.json
CORPUS_RUN = python3 tests/corpus/corpus.py --build $(B) \
	$(if $(filter keep,$(PEERS)),--keep-peers $(CORPUS_RESULTS),$(if $(PEERS),--peers $(PEERS))) \
	$(if $(ONLY),--only '$(ONLY)',--save $(CORPUS_RESULTS) --write docs/ACCURACY.md)

corpus-programs: $(CORPUS_PLAIN)
corpus-tsan: $(CORPUS_TSAN)
test-programs: corpus-programs

corpus: all corpus-programs corpus-tsan ## recall and false alarms beside TSan, Helgrind, DRD; write docs/ACCURACY.md
	$(Q)$(CORPUS_RUN)

corpus-quick: all corpus-programs ## the same with librace alone, 3 runs each, printed only
	$(Q)python3 tests/corpus/corpus.py --build $(B) --runs 3 --possible-runs 1 --peers none $(if $(ONLY),--only '$(ONLY)')

corpus-write: ## write docs/ACCURACY.md again from the last `make corpus`, after a change of notes or causes
	$(Q)python3 tests/corpus/corpus.py --from $(CORPUS_RESULTS) --write docs/ACCURACY.md

corpus-baseline: all corpus-programs ## measure librace on the corpus and accept its state (tests/corpus/baseline.json)
	$(Q)python3 tests/corpus/corpus.py --build $(B) --peers none --save-baseline

check-corpus: all corpus-programs ## run the tests of the corpus only
	$(Q)tests/run corpus

$(CORPUS)/plain/%: tests/corpus/programs/%.c $(CORPUS_NEEDS)
	@echo "  CC    $< (corpus)"
	$(Q)tests/corpus/build plain $< $@

$(CORPUS)/plain/%: tests/corpus/programs/%.cc $(CORPUS_NEEDS)
	@echo "  CXX   $< (corpus)"
	$(Q)tests/corpus/build plain $< $@

$(CORPUS)/tsan/%: tests/corpus/programs/%.c $(CORPUS_NEEDS)
	@echo "  CC    $< (corpus, TSan)"
	$(Q)tests/corpus/build tsan $< $@ || echo "  $< is left out for TSan"

$(CORPUS)/tsan/%: tests/corpus/programs/%.cc $(CORPUS_NEEDS)
	@echo "  CXX   $< (corpus, TSan)"
	$(Q)tests/corpus/build tsan $< $@ || echo "  $< is left out for TSan"

.PHONY: corpus corpus-quick corpus-write corpus-baseline check-corpus corpus-programs corpus-tsan
