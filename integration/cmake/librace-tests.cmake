# SPDX-License-Identifier: MIT
#
# Tests under librace. Each test of ctest is started by `race wrap`, with its own name and its own folder of reports: a test that
# would have passed fails when a data race was found in it, and one that fails by itself fails as before.

set(_librace_ctest_template "${CMAKE_CURRENT_LIST_DIR}/librace-ctest.cmake.in")

function(_librace_need_race)
	if(NOT EXISTS "${librace_RACE}")
		message(FATAL_ERROR "librace: ${librace_RACE} is missing, tests cannot be run by it; on Debian it is in the package librace-tools")
	endif()
endfunction()

# All tests of the project, also those that gtest_discover_tests() and its like find after the build. Call it once, anywhere.
function(librace_enable_tests)
	cmake_parse_arguments(LIBRACE "" "ROOT;MATCHING;EXCLUDING" "OPTIONS" ${ARGN})
	if(LIBRACE_UNPARSED_ARGUMENTS)
		message(FATAL_ERROR "librace_enable_tests: ${LIBRACE_UNPARSED_ARGUMENTS} is not understood; allowed: ROOT MATCHING EXCLUDING OPTIONS")
	endif()
	_librace_need_race()
	if(NOT LIBRACE_ROOT)
		set(LIBRACE_ROOT "${CMAKE_BINARY_DIR}/librace.tests")
	endif()
	get_filename_component(LIBRACE_ROOT "${LIBRACE_ROOT}" ABSOLUTE BASE_DIR "${CMAKE_BINARY_DIR}")
	set(file "${CMAKE_BINARY_DIR}/librace-ctest.cmake")
	configure_file("${_librace_ctest_template}" "${file}" @ONLY)
	# First of all that ctest includes: what others add there may add tests.
	get_property(included DIRECTORY "${CMAKE_SOURCE_DIR}" PROPERTY TEST_INCLUDE_FILES)
	list(REMOVE_ITEM included "${file}")
	set_property(DIRECTORY "${CMAKE_SOURCE_DIR}" PROPERTY TEST_INCLUDE_FILES "${file}" ${included})
endfunction()

# One test.
function(librace_add_test)
	cmake_parse_arguments(LIBRACE "" "NAME;ROOT;WORKING_DIRECTORY" "COMMAND;OPTIONS" ${ARGN})
	if(NOT LIBRACE_NAME OR NOT LIBRACE_COMMAND OR LIBRACE_UNPARSED_ARGUMENTS)
		message(FATAL_ERROR "usage: librace_add_test(NAME name COMMAND command [argument...] [ROOT dir] [OPTIONS option...] [WORKING_DIRECTORY dir])")
	endif()
	_librace_need_race()
	if(NOT LIBRACE_ROOT)
		set(LIBRACE_ROOT "${CMAKE_BINARY_DIR}/librace.tests")
	endif()
	if(LIBRACE_WORKING_DIRECTORY)
		set(where WORKING_DIRECTORY "${LIBRACE_WORKING_DIRECTORY}")
	endif()
	list(POP_FRONT LIBRACE_COMMAND program)
	if(TARGET "${program}")
		set(program "$<TARGET_FILE:${program}>")
	endif()
	add_test(NAME "${LIBRACE_NAME}" COMMAND "${librace_RACE}" wrap -o "${LIBRACE_ROOT}" --name "${LIBRACE_NAME}" ${LIBRACE_OPTIONS}
		-- "${program}" ${LIBRACE_COMMAND} ${where})
	set_tests_properties("${LIBRACE_NAME}" PROPERTIES FAIL_REGULAR_EXPRESSION "race wrap: test .* has findings")
endfunction()
