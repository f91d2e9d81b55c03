/* SPDX-License-Identifier: MIT */
/*
 * mutate.h - an edge that can be left out. Included before everything else in what instrument.py wrote.
 *
 * Each copy of a call that the compiler makes (a helper inlined into forty rows is forty copies) has a record of its own in the
 * section mutate_records, written by the assembler where the copy stands: so the function that the call ended up in tells
 * which row it belongs to. What is left out is said from outside, see mutate.c.
 */
#ifndef TESTS_MUTATE_H
#define TESTS_MUTATE_H

struct race_thread;
struct thread_start;

struct mutate_text {
	const char *unit, *file; /* the adapter, and where the call stands */
	long line;
	const char *edge, *arguments;
};

struct mutate_record {
	long code; /* where the copy stands, and its text; both from here */
	long text;
};

int mutate_stays(const struct mutate_record *r) __attribute__((visibility("hidden")));
struct thread_start *mutate_prepare(struct race_thread *t, const void *fp) __attribute__((visibility("hidden")));
void mutate_orphan(void) __attribute__((visibility("hidden")));

#define MUTATE_STRING(x) #x
#define MUTATE_LABEL(n) "mutate_text_" MUTATE_STRING(n)

/* 1: the edge stays. */
#define MUTATE_STAYS(n, name, text)                                                                                  \
	({                                                                                                           \
		static const struct mutate_text mutate_this __asm__(MUTATE_LABEL(n)) __attribute__((used)) = {       \
			__BASE_FILE__, __FILE__, __LINE__, name, text                                                              \
		};                                                                                                   \
		const struct mutate_record *mutate_at;                                                               \
		__asm__ volatile("1: lea 2f(%%rip), %0\n"                                                            \
				 ".pushsection mutate_records, \"aw\", @progbits\n"                                  \
				 ".balign 8\n"                                                                       \
				 "2: .quad 1b - .\n"                                                                 \
				 ".quad " MUTATE_LABEL(n) " - 2b\n"                                                  \
				 ".popsection"                                                                       \
				 : "=r"(mutate_at));                                                                 \
		mutate_stays(mutate_at);                                                                             \
	})
#define MUTATE_EDGE_AT(n, name, text, call)                                                                          \
	({                                                                                                           \
		if (MUTATE_STAYS(n, name, text))                                                                     \
			call;                                                                                        \
	})
#define MUTATE_EDGE(name, text, call) MUTATE_EDGE_AT(__COUNTER__, name, text, call)

#define MUTATE_sync_acquire(...) MUTATE_EDGE("sync_acquire", #__VA_ARGS__, sync_acquire(__VA_ARGS__))
#define MUTATE_sync_acquire_alone(...) MUTATE_EDGE("sync_acquire_alone", #__VA_ARGS__, sync_acquire_alone(__VA_ARGS__))
#define MUTATE_sync_acquire_everything(...)                                                                          \
	MUTATE_EDGE("sync_acquire_everything", #__VA_ARGS__, sync_acquire_everything(__VA_ARGS__))
#define MUTATE_sync_release(...) MUTATE_EDGE("sync_release", #__VA_ARGS__, sync_release(__VA_ARGS__))
#define MUTATE_sync_release_join(...) MUTATE_EDGE("sync_release_join", #__VA_ARGS__, sync_release_join(__VA_ARGS__))
#define MUTATE_sync_publish_once(...) MUTATE_EDGE("sync_publish_once", #__VA_ARGS__, sync_publish_once(__VA_ARGS__))
#define MUTATE_object_give(...) MUTATE_EDGE("object_give", #__VA_ARGS__, object_give(__VA_ARGS__))
#define MUTATE_object_take(...) MUTATE_EDGE("object_take", #__VA_ARGS__, object_take(__VA_ARGS__))
#define MUTATE_object_link(...) MUTATE_EDGE("object_link", #__VA_ARGS__, object_link(__VA_ARGS__))
#define MUTATE_fd_give(...) MUTATE_EDGE("fd_give", #__VA_ARGS__, fd_give(__VA_ARGS__))
#define MUTATE_fd_take(...) MUTATE_EDGE("fd_take", #__VA_ARGS__, fd_take(__VA_ARGS__))
#define MUTATE_fd_take_data(...) MUTATE_EDGE("fd_take_data", #__VA_ARGS__, fd_take_data(__VA_ARGS__))
#define MUTATE_object_end(...) MUTATE_EDGE("object_end", #__VA_ARGS__, object_end(__VA_ARGS__))
#define MUTATE_future_once_done(...) MUTATE_EDGE("future_once_done", #__VA_ARGS__, future_once_done(__VA_ARGS__))
#define MUTATE_omp_call_asked(...) MUTATE_EDGE("omp_call_asked", #__VA_ARGS__, omp_call_asked(__VA_ARGS__))
#define MUTATE_fd_closing(...) MUTATE_EDGE("fd_closing", #__VA_ARGS__, fd_closing(__VA_ARGS__))
#define MUTATE_signal_taken(...) MUTATE_EDGE("signal_taken", #__VA_ARGS__, signal_taken(__VA_ARGS__))
#define MUTATE_once_done(...) MUTATE_EDGE("once_done", #__VA_ARGS__, once_done(__VA_ARGS__))

/* A thread is made all the same: with a parent who knows nothing, without taking over what the parent knew, without leaving
 * what it knew to who joins it. */
#define MUTATE_thread_prepare(t, fp)                                                                                 \
	(MUTATE_STAYS_HERE("thread_prepare", "") ? thread_prepare(t, fp) : mutate_prepare(t, fp))
#define MUTATE_thread_begin(...)                                                                                     \
	({                                                                                                           \
		thread_begin(__VA_ARGS__);                                                                           \
		if (!MUTATE_STAYS_HERE("thread_begin", ""))                                                          \
			mutate_orphan();                                                                             \
	})
#define MUTATE_thread_end(t, end) thread_end(t, MUTATE_STAYS_HERE("thread_end", "") ? end : 0)
#define MUTATE_STAYS_HERE(name, text) MUTATE_STAYS_AT(__COUNTER__, name, text)
#define MUTATE_STAYS_AT(n, name, text) MUTATE_STAYS(n, name, text)

#endif
