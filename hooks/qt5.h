/* SPDX-License-Identifier: MIT */
/* qt5.h - what the adapters of Qt 5 ask of each other. */
#ifndef RACE_HOOKS_QT5_H
#define RACE_HOOKS_QT5_H

/* 1 when the calls that libQt5Core makes to QMutex inside itself are seen: without them Qt's own hand-overs (posted events,
 * thread pools, futures, QThread::wait) have no order that anybody knows. */
int qt5_locks_are_seen(void);

#endif
