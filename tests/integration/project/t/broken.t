#!/bin/sh
# SPDX-License-Identifier: MIT
echo 1..1
"$SHELF" locked | sed 's/^/# /'
echo "not ok 1 - the shelf holds three books"
exit 1
