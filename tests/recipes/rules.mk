# SPDX-License-Identifier: MIT
# The programs of docs/recipes.md and docs/hidden-orders.md. What a program needs stands on its BUILD: line (tools/build-flags).
#
#	NAME.c|.cc          recipes and the wrong ways (recipe.h)
#	hidden_NAME.c|.cc   orders that librace cannot see, built annotated and as NAME_untold (hidden.h)

RECIPES := $(B)/tests/recipes
RECIPES_SRC := $(wildcard tests/recipes/*.c tests/recipes/*.cc)
RECIPES_HIDDEN := $(filter tests/recipes/hidden_%,$(RECIPES_SRC))
RECIPES_PROGRAMS := $(patsubst tests/%,$(B)/tests/%,$(basename $(RECIPES_SRC))) \
	$(patsubst tests/%,$(B)/tests/%,$(addsuffix _untold,$(basename $(RECIPES_HIDDEN))))
RECIPES_HEADERS := $(wildcard tests/recipes/*.h) tests/e2e/gate.h include/librace.h
RECIPES_FLAGS := -O2 -g -Wall -Wextra -Wno-unused-parameter -pthread -Itests/e2e -Iinclude

recipes-programs: $(RECIPES_PROGRAMS)
test-programs: recipes-programs

check-recipes: all recipes-programs ## run the programs of the recipe pages only
	$(Q)B=$(B) tests/run recipes

# $(1): source suffix, $(2): compiler, $(3): more of the target's name, $(4): flags
define recipes_rule
$(RECIPES)/%$(3): tests/recipes/%$(1) $(RECIPES_HEADERS)
	@mkdir -p $$(@D)
	$$(Q)flags=$$$$(tools/build-flags $$<) && $(2) $(4) $(RECIPES_FLAGS) -o $$@ $$< $$$$flags
endef
$(eval $(call recipes_rule,.c,$(CC),_untold,-DUNANNOTATED))
$(eval $(call recipes_rule,.cc,$(CXX),_untold,-std=c++20 -DUNANNOTATED))
$(eval $(call recipes_rule,.c,$(CC),,))
$(eval $(call recipes_rule,.cc,$(CXX),,-std=c++20))

.PHONY: recipes-programs check-recipes
