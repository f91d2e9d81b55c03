#!/bin/sh
# SPDX-License-Identifier: MIT
echo 1..1
"$SHELF" forgotten | sed 's/^/# /'
echo "ok 1 - the shelf holds two books"
