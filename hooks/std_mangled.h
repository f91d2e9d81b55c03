/* SPDX-License-Identifier: MIT */
/*
 * std_mangled.h - which member function of which container template a mangled name is.
 */
#ifndef RACE_HOOKS_STD_MANGLED_H
#define RACE_HOOKS_STD_MANGLED_H

#include <stddef.h>

struct std_name {
	const char *scope;  /* as it is mangled: "St8_Rb_tree", "St8__detail9_Map_base"; not terminated */
	size_t nscope;
	const char *method; /* "find"; operators as mangled: "ix", "aS", "pp"; not terminated */
	size_t nmethod;
	int clone;          /* a copy that the compiler made for some callers: without some of its parameters */
};

/* A member function (not a constructor, destructor or conversion) of an instance of a class template in std or std::__detail,
 * no clone of one but of _M_copy, which gcc always clones where it optimises: 1. Everything else, and every name that is not understood to its end of the method: 0. Pure. */
int std_name_parse(const char *mangled, struct std_name *out);

#endif
