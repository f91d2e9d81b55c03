/* SPDX-License-Identifier: MIT */
#ifndef RACE_PRELOAD_FORK_H
#define RACE_PRELOAD_FORK_H

void fork_handlers_install(void);
/* Around a fork that runs no handlers (_Fork). */
void fork_prepare(void);
void fork_parent(void);
void fork_child(void);

#endif
