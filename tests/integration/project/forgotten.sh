#!/bin/sh
# SPDX-License-Identifier: MIT
./test_shelf forgotten
