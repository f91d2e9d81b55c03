# SPDX-License-Identifier: MIT
# librace.m4 - `make check` under librace.
#
# LIBRACE_CHECK
#   Adds --enable-librace[=OPTIONS] to configure: with it, LIBRACE_WRAP is what to put in front of a test, OPTIONS being handed to
#   `race wrap`; without it, LIBRACE_WRAP is empty. RACE names the command; LIBRACE_CPPFLAGS finds librace.h.
#
#   configure.ac:  LIBRACE_CHECK
#   Makefile.am:   LOG_COMPILER = $(LIBRACE_WRAP)
#                  SH_LOG_COMPILER = $(LIBRACE_WRAP) $(SHELL)
#
# The reports of each test lie below librace.tests of the build folder; `race tests librace.tests` shows them by name.

AC_DEFUN([LIBRACE_CHECK],
[AC_ARG_VAR([RACE], [the race command of librace])dnl
AC_ARG_ENABLE([librace],
	[AS_HELP_STRING([--enable-librace@<:@=OPTIONS@:>@],
		[run make check under librace, with these options of `race run'])],
	[], [enable_librace=no])
LIBRACE_WRAP=
LIBRACE_CPPFLAGS=
AS_IF([test "x$enable_librace" != xno],
	[AC_PATH_PROG([RACE], [race])
	AS_IF([test "x$RACE" = x], [AC_MSG_ERROR([race is not in PATH; set RACE=/absolute/path/to/race])])
	librace_options=
	AS_IF([test "x$enable_librace" != xyes], [librace_options=" $enable_librace"])
	LIBRACE_WRAP="$RACE wrap -o \$(abs_top_builddir)/librace.tests$librace_options --"
	AS_CASE([$RACE], [*/bin/race], [LIBRACE_CPPFLAGS="-I${RACE%/bin/race}/include"])])
AC_SUBST([LIBRACE_WRAP])
AC_SUBST([LIBRACE_CPPFLAGS])
])
