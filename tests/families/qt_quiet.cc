/* SPDX-License-Identifier: MIT */
/* BUILD: Qt5Core Qt5Concurrent -fPIC */
/*
 * qt_quiet.cc - Qt's threads, pools, futures, events and containers, used as Qt's documentation has it: nothing to report.
 *
 * A cache behind a lock, word counts by map and reduce, results handed on by value, settings read by everybody, objects that
 * live in other threads and are called through their event loops.
 */
#include <QCoreApplication>
#include <QFuture>
#include <QFutureWatcher>
#include <QHash>
#include <QMap>
#include <QMutex>
#include <QReadWriteLock>
#include <QRegularExpression>
#include <QSet>
#include <QSettings>
#include <QStringList>
#include <QTemporaryFile>
#include <QThread>
#include <QThreadPool>
#include <QTimer>
#include <QVariant>
#include <QtConcurrent/QtConcurrent>
#include <cstdio>
#include <memory>
#include <vector>

typedef QHash<QString, int> Counts;

static Counts count(const QString &line)
{
	Counts counts;

	for (const QString &word : line.split(' '))
		counts[word]++;
	return counts;
}

static void add(Counts &all, const Counts &some)
{
	for (auto i = some.begin(); i != some.end(); ++i)
		all[i.key()] += i.value();
}

/* A cache behind a read-write lock; values are containers and leave it by value. */
class Cache {
	mutable QReadWriteLock lock;
	QMap<int, Counts> entries;

public:
	Counts get(int key)
	{
		{
			QReadLocker locker(&lock);
			auto i = entries.constFind(key);
			if (i != entries.constEnd())
				return *i;
		}
		Counts made = count(QString("a b c a %1").arg(key % 7));
		QWriteLocker locker(&lock);
		entries.insert(key, made);
		if (entries.size() > 50)
			entries.erase(entries.begin());
		return made;
	}
	QMap<int, Counts> all() const
	{
		QReadLocker locker(&lock);
		return entries;
	}
};

/* Lives in its own thread; everything it has is touched there alone. */
class Collector : public QObject {
	QHash<int, Counts> seen;
	QSet<QString> words;

public:
	void take(int id, Counts counts)
	{
		for (auto i = counts.begin(); i != counts.end(); ++i)
			words.insert(i.key());
		counts.insert("taken", id);
		seen.insert(id, counts);
	}
	int known() const { return words.size() + seen.size(); }
};

static int mapped_and_reduced()
{
	QStringList lines;
	int sum = 0;

	for (int i = 0; i < 200; i++)
		lines << QString("one two three %1 %2").arg(i % 10).arg(i % 3);
	QFuture<Counts> reduced = QtConcurrent::mappedReduced(lines, count, add);
	QFuture<Counts> each = QtConcurrent::mapped(lines, count);
	for (int n : reduced.result())
		sum += n;
	for (const Counts &c : each.results()) {
		Counts mine = c;
		mine["mine"] = 1;
		sum += mine.size();
	}
	return sum;
}

static int cached()
{
	Cache cache;
	QVector<QFuture<int>> parts;
	int sum = 0;

	for (int t = 0; t < 4; t++) {
		parts << QtConcurrent::run([&cache, t] {
			int n = 0;
			for (int i = 0; i < 200; i++) {
				Counts counts = cache.get((i * 7 + t) % 60);
				counts[QString::number(t)]++;
				n += counts.size();
			}
			for (const Counts &c : cache.all())
				n += c.size() > 0;
			return n;
		});
	}
	for (QFuture<int> &part : parts)
		sum += part.result() > 0;
	return sum;
}

static int collected()
{
	QThread thread;
	Collector collector;
	QThreadPool pool;
	Counts common = count("common words for all of them");
	int known = 0;

	collector.moveToThread(&thread);
	thread.start();
	for (int i = 0; i < 50; i++) {
		pool.start([&collector, common, i]() mutable {
			common.insert(QString::number(i % 5), i);
			QMetaObject::invokeMethod(&collector, [&collector, common, i] { collector.take(i, common); });
		});
	}
	common.insert("later", 1);
	pool.waitForDone();
	QMetaObject::invokeMethod(&collector, [&] { known = collector.known(); }, Qt::BlockingQueuedConnection);
	thread.quit();
	thread.wait();
	return known + common.size();
}

static int watched(QCoreApplication &application)
{
	QFutureWatcher<Counts> watcher;
	QMap<QString, QVariant> results;

	QObject::connect(&watcher, &QFutureWatcher<Counts>::resultReadyAt, [&](int i) {
		results.insert(QString::number(i), watcher.resultAt(i).size());
	});
	QObject::connect(&watcher, &QFutureWatcher<Counts>::finished, &application, &QCoreApplication::quit);
	watcher.setFuture(QtConcurrent::mapped(QStringList{ "a b", "c d e", "f" }, count));
	application.exec();
	return results.size();
}

static int settings()
{
	QTemporaryFile file;
	QVector<QFuture<int>> parts;
	int sum = 0;

	if (!file.open())
		return 0;
	const QString name = file.fileName();
	for (int t = 0; t < 3; t++) {
		parts << QtConcurrent::run([name, t] {
			QSettings s(name, QSettings::IniFormat);
			QRegularExpression digits("^[0-9]+$");
			for (int i = 0; i < 20; i++) {
				s.setValue(QString("group%1/key%2").arg(t).arg(i), i);
				if (!digits.match(s.value(QString("group%1/key%2").arg(t).arg(i)).toString()).hasMatch())
					return 0;
			}
			return s.allKeys().size() > 0 ? 1 : 0;
		});
	}
	for (QFuture<int> &part : parts)
		sum += part.result();
	return sum;
}

/* Owned by a counted pointer, changed under a lock, destroyed by whoever comes last. */
static int counted()
{
	QMutex mutex;
	std::vector<std::unique_ptr<QThread>> threads;
	auto owner = std::make_shared<QHash<int, int>>();
	auto pointer = QSharedPointer<QMap<int, int>>::create();

	for (int t = 0; t < 4; t++) {
		threads.emplace_back(QThread::create([&mutex, owner, pointer, t]() mutable {
			for (int i = 0; i < 50; i++) {
				QMutexLocker locker(&mutex);
				owner->insert(i * 4 + t, i);
				pointer->insert(i * 4 + t, i);
				owner->remove(i);
			}
			owner.reset();
			pointer.reset();
		}));
	}
	owner.reset();
	pointer.reset();
	for (auto &thread : threads)
		thread->start();
	for (auto &thread : threads)
		thread->wait();
	return 4;
}

int main(int argc, char **argv)
{
	QCoreApplication application(argc, argv);

	printf("%d %d %d %d %d %d\n", mapped_and_reduced(), cached(), collected(), watched(application), settings(), counted());
	return 0;
}
