/* SPDX-License-Identifier: MIT */
/* EXPECT known atomics=0 volatiles=0 */
/* BUILD: Qt5Core */
#include <QHash>
#include <QMutex>
#include <QString>
QHash<QString, int> table;
QMutex lock;
int use(const QString &s)
{
	QMutexLocker l(&lock);
	return table.value(s);
}
