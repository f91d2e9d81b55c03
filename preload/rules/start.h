/* SPDX-License-Identifier: MIT */
/*
 * start.h - the life of the rules in the process. rules_attach, for each module, is in patch/attach.h.
 */
#ifndef RACE_RULES_START_H
#define RACE_RULES_START_H

void rules_start(void); /* reads the file of the option `rules`: after the options and the output, before patch_start */
void rules_tell(void);  /* at exit, stats=1: what became of each rule; nothing without rules */

#endif
