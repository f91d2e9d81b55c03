/* SPDX-License-Identifier: MIT */
/*
 * mangled_test.c - which member of which container a mangled name is; names as g++ 12 and clang++ 14 make them, and any text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hooks/std_mangled.h"

#define STRING "NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"

static int failed;

static const struct {
	const char *test, *mangled, *scope, *method; /* scope NULL: refused */
} names[] = {
	{ "a_member_of_a_tree_of_strings",
	  "_ZNSt8_Rb_treeI" STRING "St4pairIKS5_iESt10_Select1stIS8_ESt4lessIS5_ESaIS8_EE4findERS7_", "St8_Rb_tree", "find" },
	{ "a_const_member", "_ZNKSt8_Rb_treeIiiSt9_IdentityIiESt4lessIiESaIiEE5beginEv", "St8_Rb_tree", "begin" },
	{ "a_member_template", "_ZNSt8_Rb_treeIiiSt9_IdentityIiESt4lessIiESaIiEE16_M_insert_uniqueIiEESt4pairISt17_Rb_tree_iteratorIiEbEOT_",
	  "St8_Rb_tree", "_M_insert_unique" },
	{ "an_abi_tag", "_ZNSt8_Rb_treeIiiSt9_IdentityIiESt4lessIiESaIiEE5eraseB5cxx11ESt17_Rb_tree_iteratorIiE", "St8_Rb_tree", "erase" },
	{ "an_assignment", "_ZNSt8_Rb_treeIiiSt9_IdentityIiESt4lessIiESaIiEEaSERKS5_", "St8_Rb_tree", "aS" },
	{ "a_copy_with_literals",
	  "_ZNSt8_Rb_treeIiiSt9_IdentityIiESt4lessIiESaIiEE7_M_copyILb0ENS5_11_Alloc_nodeEEEPSt13_Rb_tree_nodeIiESA_PSt18_Rb_tree_node_baseRT0_",
	  "St8_Rb_tree", "_M_copy" },
	{ "a_hash_table",
	  "_ZNSt10_HashtableIiSt4pairIKiiESaIS2_ENSt8__detail10_Select1stESt8equal_toIiESt4hashIiENS4_18_Mod_range_hashingENS4_"
	  "20_Default_ranged_hashENS4_20_Prime_rehash_policyENS4_17_Hashtable_traitsILb0ELb0ELb1EEEE9_M_rehashEmRKm",
	  "St10_Hashtable", "_M_rehash" },
	{ "a_scope_in_detail",
	  "_ZNSt8__detail9_Map_baseIiSt4pairIKiiESaIS3_ENS_10_Select1stESt8equal_toIiESt4hashIiENS_18_Mod_range_hashingENS_"
	  "20_Default_ranged_hashENS_20_Prime_rehash_policyENS_17_Hashtable_traitsILb0ELb0ELb1EEELb1EEixEOi",
	  "St8__detail9_Map_base", "ix" },
	{ "a_comparator_that_is_a_lambda",
	  "_ZNSt8_Rb_treeIiSt4pairIKiiESt10_Select1stIS2_EZ4mainEUliiE_SaIS2_EE5clearEv", "St8_Rb_tree", "clear" },
	{ "a_second_lambda_in_a_member",
	  "_ZNSt8_Rb_treeIiSt4pairIKiiESt10_Select1stIS2_EZNK4shop4Cart3sumEvEUliiE0_SaIS2_EE5clearEv", "St8_Rb_tree", "clear" },
	{ "a_function_pointer_as_comparator",
	  "_ZNSt8_Rb_treeIiSt4pairIKiiESt10_Select1stIS2_EPFbiiESaIS2_EE5clearEv", "St8_Rb_tree", "clear" },
	{ "a_local_type_as_key", "_ZNSt8_Rb_treeIZ4mainE1KS0_St9_IdentityIS0_ESt4lessIS0_ESaIS0_EE4findERKS0_", "St8_Rb_tree", "find" },
	{ "a_key_named_like_a_method", "_ZNSt8_Rb_treeI7E4findES0_St9_IdentityIS0_ESt4lessIS0_ESaIS0_EE5clearEv", "St8_Rb_tree", "clear" },
	{ "an_array_and_a_member_pointer", "_ZNSt3mapIA10_cM1CiSt4lessIS0_ESaISt4pairIKS0_S2_EEE5clearEv", "St3map", "clear" },
	{ "an_enumerator_as_argument", "_ZNSt3mapIi1TILN1C1EE3EESt4lessIiESaISt4pairIKiS3_EEE5clearEv", "St3map", "clear" },
	{ "constructors_are_refused", "_ZNSt8_Rb_treeIiiSt9_IdentityIiESt4lessIiESaIiEEC1Ev", NULL, NULL },
	{ "destructors_are_refused", "_ZNSt8_Rb_treeIiiSt9_IdentityIiESt4lessIiESaIiEED2Ev", NULL, NULL },
	{ "members_of_members_are_refused", "_ZNSt8_Rb_treeIiiSt9_IdentityIiESt4lessIiESaIiEE10_Auto_node6_M_keyEv", NULL, NULL },
	{ "clones_are_refused", "_ZNSt8_Rb_treeIiiSt9_IdentityIiESt4lessIiESaIiEE5clearEv.isra.0", NULL, NULL },
	{ "clones_of_copying_are_known",
	  "_ZNSt8_Rb_treeIiiSt9_IdentityIiESt4lessIiESaIiEE7_M_copyILb0ENS5_11_Alloc_nodeEEEPSt13_Rb_tree_nodeIiESA_PSt18_Rb_tree_node_baseRT0_"
	  ".constprop.1.isra.0", "St8_Rb_tree", "_M_copy" },
	{ "parts_of_clones_are_refused",
	  "_ZNSt8_Rb_treeIiiSt9_IdentityIiESt4lessIiESaIiEE7_M_copyILb0ENS5_11_Alloc_nodeEEEPSt13_Rb_tree_nodeIiESA_PSt18_Rb_tree_node_baseRT0_"
	  ".isra.0.cold", NULL, NULL },
	{ "parts_are_refused", "_ZNSt8_Rb_treeIiiSt9_IdentityIiESt4lessIiESaIiEE5clearEv.cold", NULL, NULL },
	{ "other_namespaces_are_refused", "_ZN2my8_Rb_treeIiE5clearEv", NULL, NULL },
	{ "libcxx_is_another_scope", "_ZNSt3__16__treeIiNS_4lessIiEENS_9allocatorIiEEE5clearEv", "St3__16__tree", "clear" },
	{ "functions_are_refused", "_ZSt18_Rb_tree_incrementPSt18_Rb_tree_node_base", NULL, NULL },
	{ "no_template_is_refused", "_ZNKSt8__detail20_Prime_rehash_policy14_M_need_rehashEmmm", NULL, NULL },
	{ "c_names_are_refused", "main", NULL, NULL },
	{ "an_empty_name_is_refused", "", NULL, NULL },
	{ "a_name_cut_off_is_refused", "_ZNSt8_Rb_treeIiiSt9_IdentityIiESt4lessIiESaIi", NULL, NULL },
	{ "a_length_behind_the_end_is_refused", "_ZNSt8_Rb_treeI99iE5clearEv", NULL, NULL },
};

static void check_names(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct std_name n = { "", 0, "", 0, 0 };
		int known = std_name_parse(names[i].mangled, &n);
		int good = names[i].scope ? known && n.nscope == strlen(names[i].scope) && !memcmp(n.scope, names[i].scope, n.nscope) &&
						    n.nmethod == strlen(names[i].method) && !memcmp(n.method, names[i].method, n.nmethod)
					  : !known;

		if (good) {
			printf("ok mangled_%s\n", names[i].test);
		} else {
			printf("not ok mangled_%s: %d %.*s %.*s\n", names[i].test, known, (int)n.nscope, n.scope, (int)n.nmethod, n.method);
			failed = 1;
		}
	}
}

/* Under the address sanitizer: nothing is read behind the end, however a name goes on. */
static void check_any_text(void)
{
	static const char letters[] = "_ZNKSt8IE3abcLb1UlvTDAMFPRO0J.B5";

	srand(1);
	for (int round = 0; round < 300000; round++) {
		size_t n = (size_t)(rand() % 60), keep;
		const char *model = names[(size_t)rand() % (sizeof(names) / sizeof(names[0]))].mangled;
		char *text = malloc(strlen(model) + n + 1);
		struct std_name out;

		keep = strlen(model) ? (size_t)rand() % (strlen(model) + 1) : 0;
		memcpy(text, model, keep);
		for (size_t i = 0; i < n; i++)
			text[keep + i] = letters[(size_t)rand() % (sizeof(letters) - 1)];
		text[keep + n] = 0;
		text = realloc(text, keep + n + 1);
		(void)std_name_parse(text, &out);
		free(text);
	}
	printf("ok mangled_any_text_is_safe\n");
}

int main(void)
{
	char *deep = malloc(100001);
	struct std_name out;
	int known;

	check_names();
	check_any_text();
	memcpy(deep, "_ZNSt3mapI", 10);
	memset(deep + 10, 'P', 100000 - 10);
	deep[100000] = 0;
	known = std_name_parse(deep, &out);
	for (int i = 10; i + 3 < 100000; i += 3)
		memcpy(deep + i, "1aI", 3);
	known |= std_name_parse(deep, &out);
	printf(known ? "not ok mangled_deep_nesting_is_refused: taken\n" : "ok mangled_deep_nesting_is_refused\n");
	failed |= known;
	free(deep);
	return failed;
}
