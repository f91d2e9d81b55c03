/* SPDX-License-Identifier: MIT */
/*
 * leave.c - patched functions that do not return, and patched functions on stacks of every kind.
 */
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define CALLED __attribute__((noinline))
#define KEEP() __asm__ volatile("" ::: "memory")

static volatile int forever = 1; /* a compiler must not know how these functions end */

CALLED long ptl_add(long a, long b)
{
	KEEP();
	return a + b;
}

CALLED long pt_variadic(int n, ...)
{
	long sum = n;
	va_list list;

	va_start(list, n);
	while (n-- > 0)
		sum += va_arg(list, int);
	va_end(list);
	return sum;
}

CALLED long pt_nine(long a, long b, long c, long d, long e, long f, long g, long h, long i)
{
	KEEP();
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i;
}

static long some_calls(void)
{
	return ptl_add(1, 2) + pt_variadic(3, 1, 2, 3) + pt_variadic(0) + pt_nine(1, 2, 3, 4, 5, 6, 7, 8, 9) +
	       pt_variadic(8, 1, 2, 3, 4, 5, 6, 7, 8);
}

/* ---- jumps ------------------------------------------------------------------------------------------------------------ */

static jmp_buf jump;
static sigjmp_buf sigjump;

CALLED void ptl_longjmp(int depth, int v)
{
	if (depth)
		ptl_longjmp(depth - 1, v);
	else
		longjmp(jump, v * forever);
	KEEP();
}

CALLED int ptl_setjmp_inside(int v)
{
	volatile int kept = v;
	int r = setjmp(jump);

	if (!r)
		ptl_longjmp(5, v + 1);
	return r * 100 + kept;
}

CALLED void ptl_raise(int depth)
{
	if (depth)
		ptl_raise(depth - 1);
	else
		raise(SIGUSR1);
	KEEP();
}

CALLED void ptl_handler(int number)
{
	siglongjmp(sigjump, number);
}

static void jumps(void)
{
	volatile int rounds = 0;
	int r;

	r = setjmp(jump);
	if (rounds++ < 1000)
		ptl_longjmp(rounds % 7, rounds);
	printf("longjmp %d rounds %d\n", r, rounds);
	printf("setjmp inside %d\n", ptl_setjmp_inside(7));
	signal(SIGUSR1, ptl_handler);
	rounds = 0;
	r = sigsetjmp(sigjump, 1);
	if (rounds++ < 100)
		ptl_raise(rounds % 5);
	printf("siglongjmp %d rounds %d calls %ld\n", r == SIGUSR1, rounds, some_calls());
}

/* ---- cancellation ----------------------------------------------------------------------------------------------------- */

static sem_t there;
static int cleaned;

static void clean(void *weight)
{
	cleaned += (int)(long)weight;
}

CALLED void ptl_sleeps(int depth)
{
	pthread_cleanup_push(clean, (void *)1L);
	if (depth) {
		ptl_sleeps(depth - 1);
	} else {
		sem_post(&there);
		while (forever)
			pause();
	}
	pthread_cleanup_pop(0);
}

CALLED void ptl_spins(int depth)
{
	pthread_cleanup_push(clean, (void *)1L);
	if (depth) {
		ptl_spins(depth - 1);
	} else {
		sem_post(&there);
		while (forever)
			KEEP();
	}
	pthread_cleanup_pop(0);
}

CALLED void ptl_calls_forever(void)
{
	pthread_cleanup_push(clean, (void *)1L);
	sem_post(&there);
	while (forever)
		ptl_add(1, 2);
	pthread_cleanup_pop(0);
}

CALLED void ptl_exits(int depth)
{
	pthread_cleanup_push(clean, (void *)1L);
	if (depth)
		ptl_exits(depth - 1);
	else
		pthread_exit((void *)77L);
	pthread_cleanup_pop(0);
}

static void *deferred(void *unused)
{
	(void)unused;
	pthread_cleanup_push(clean, (void *)100L);
	ptl_sleeps(4);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *asynchronous(void *how)
{
	int old;

	pthread_cleanup_push(clean, (void *)100L);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	if (how)
		ptl_calls_forever();
	else
		ptl_spins(4);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *exits(void *unused)
{
	(void)unused;
	ptl_exits(6);
	return NULL;
}

static void cancel(const char *name, void *(*f)(void *), void *arg, int rounds, int stop)
{
	int cancelled = 0;

	cleaned = 0;
	for (int i = 0; i < rounds; i++) {
		pthread_t t;
		void *result;

		pthread_create(&t, NULL, f, arg);
		if (stop) {
			sem_wait(&there);
			for (volatile int k = 0; k < i * 37; k++)
				;
			pthread_cancel(t);
		}
		pthread_join(t, &result);
		cancelled += result == PTHREAD_CANCELED || result == (void *)77L;
	}
	printf("%s: %d threads, cleaned up %d\n", name, cancelled, cleaned);
}

/* ---- stacks ----------------------------------------------------------------------------------------------------------- */

enum { STACK = 64 << 10 };

/* A stack with nothing readable above it. */
static char *stack_new(size_t bytes)
{
	char *p = mmap(NULL, bytes + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + 4096, bytes, PROT_READ | PROT_WRITE))
		abort();
	return p + 4096;
}

static ucontext_t outside, inside;
static long from_inside;

CALLED void ptl_entry(void)
{
	from_inside = 1 + some_calls();
	swapcontext(&inside, &outside);
	from_inside = 2 + some_calls();
}

CALLED void pt_entry_variadic(int n, ...)
{
	long sum = 0;
	va_list list;

	va_start(list, n);
	for (int i = 0; i < n; i++)
		sum += va_arg(list, int);
	va_end(list);
	from_inside = sum;
	swapcontext(&inside, &outside);
	from_inside += some_calls();
}

static void coroutine(const char *name, void (*f)(void), int n)
{
	char *stack = stack_new(STACK);

	getcontext(&inside);
	inside.uc_stack.ss_sp = stack;
	inside.uc_stack.ss_size = STACK;
	inside.uc_link = &outside;
	if (n)
		makecontext(&inside, f, 9, 8, 1, 2, 3, 4, 5, 6, 7, 8);
	else
		makecontext(&inside, f, 0);
	swapcontext(&outside, &inside);
	printf("%s: %ld", name, from_inside);
	swapcontext(&outside, &inside);
	printf(" %ld\n", from_inside);
	munmap(stack - 4096, STACK + 8192);
}

#if defined(__x86_64__)
/* Calls f(0) with the return address in the very last word of the stack. */
static long at_the_top(long (*f)(int, ...), char *top)
{
	long result;

	__asm__ volatile("mov %%rsp, %%rbx\n mov %2, %%rsp\n xor %%edi, %%edi\n xor %%eax, %%eax\n call *%1\n mov %%rbx, %%rsp"
			 : "=&a"(result)
			 : "r"(f), "r"(top)
			 : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2",
			   "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
			   "xmm15");
	return result;
}
#else
static long at_the_top(long (*f)(int, ...), char *top)
{
	(void)top;
	return f(0);
}
#endif

static long alternate_result;

CALLED void ptl_on_alternate(int number)
{
	alternate_result = some_calls() + (number == SIGUSR2);
}

static void alternate(void)
{
	stack_t stack = { .ss_sp = stack_new(STACK), .ss_size = STACK };
	struct sigaction act = { .sa_handler = ptl_on_alternate, .sa_flags = SA_ONSTACK };

	sigaltstack(&stack, NULL);
	sigaction(SIGUSR2, &act, NULL);
	raise(SIGUSR2);
	stack.ss_flags = SS_DISABLE;
	sigaltstack(&stack, NULL);
	printf("alternate stack: %ld\n", alternate_result);
}

static void *tiny(void *unused)
{
	(void)unused;
	return (void *)some_calls();
}

static void *busy(void *rounds)
{
	long sum = 0;

	for (long i = 0; i < (long)rounds; i++)
		sum += some_calls() + ptl_add(i, i);
	return (void *)sum;
}

static void threads(void)
{
	pthread_attr_t attr;
	pthread_t t[8];
	void *result;
	long sum = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, (size_t)PTHREAD_STACK_MIN);
	for (int i = 0; i < 8; i++)
		pthread_create(&t[i], &attr, tiny, NULL);
	for (int i = 0; i < 8; i++) {
		pthread_join(t[i], &result);
		sum += (long)result;
	}
	printf("tiny threads %ld\n", sum);
	sum = 0;
	for (int i = 0; i < 8; i++)
		pthread_create(&t[i], NULL, busy, (void *)5000L);
	for (int i = 0; i < 8; i++) {
		pthread_join(t[i], &result);
		sum += (long)result;
	}
	printf("eight threads %ld\n", sum);
}

CALLED long ptl_deep(long n)
{
	long r = n ? ptl_deep(n - 1) : 0;

	KEEP();
	return r + 1;
}

int main(void)
{
	char *top;

	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	sem_init(&there, 0, 0);
	jumps();
	cancel("deferred", deferred, NULL, 50, 1);
	cancel("asynchronous", asynchronous, NULL, 50, 1);
	cancel("asynchronous between calls", asynchronous, &there, 200, 1);
	cancel("exit", exits, NULL, 50, 0);
	coroutine("coroutine", ptl_entry, 0);
	coroutine("variadic coroutine", (void (*)(void))pt_entry_variadic, 8);
	top = stack_new(STACK) + STACK;
	printf("top of a stack: %ld\n", at_the_top(pt_variadic, top));
	alternate();
	threads();
	printf("deep recursion %ld\n", ptl_deep(10000));
	return 0;
}
