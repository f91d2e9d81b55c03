# SPDX-License-Identifier: MIT
#
# For a project that knows nothing of librace:  cmake -D CMAKE_PROJECT_INCLUDE=.../cmake/librace/librace-project.cmake ...
# LIBRACE_OPTIONS: options of `race run` for each test, a list.

if(CMAKE_SOURCE_DIR STREQUAL CMAKE_CURRENT_SOURCE_DIR)
	find_package(librace REQUIRED CONFIG PATHS "${CMAKE_CURRENT_LIST_DIR}" NO_DEFAULT_PATH)
	librace_enable_tests(OPTIONS ${LIBRACE_OPTIONS})
endif()
