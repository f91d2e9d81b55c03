/* SPDX-License-Identifier: MIT */
/* BUILD: -ldl */
/*
 * wx.c - a process that may not make code.
 *
 *   wx filter PROGRAM [WORD ...]     runs it under the filter that systemd installs for MemoryDenyWriteExecute=yes
 *   wx strict PROGRAM [WORD ...]     the same, and no anonymous memory may be executable from the start
 *   wx prctl PROGRAM [WORD ...]      runs it under PR_SET_MDWE; status 77 where the kernel has none
 *   wx late LIBRARY                  installs the filter in itself, in between two loads of a library, and calls it after each
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define REFUSE BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
/* All of the bits in an argument: refused. */
#define REFUSE_BITS(argument, bits)                                                                                  \
	LOAD(args[argument]), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, (bits)),                                           \
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (bits), 0, 1), REFUSE, ALLOW
/* Those five, when the call is this one. */
#define ON(call) LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 5)

static struct sock_filter filter[] = {
	ON(SYS_mmap), REFUSE_BITS(2, PROT_WRITE | PROT_EXEC),
	ON(SYS_mprotect), REFUSE_BITS(2, PROT_EXEC),
	ON(SYS_pkey_mprotect), REFUSE_BITS(2, PROT_EXEC),
	ALLOW,
};
static struct sock_filter anonymous[] = {
	LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 6),
	LOAD(args[2]), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 4),
	LOAD(args[3]), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_ANONYMOUS, 0, 2),
	REFUSE, ALLOW, ALLOW,
};

static void install(struct sock_filter *f, size_t n)
{
	struct sock_fprog program = { (unsigned short)n, f };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		abort();
}
#define INSTALL(f) install(f, sizeof(f) / sizeof((f)[0]))

/* The filter does what it is for. */
static void try_it(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED || mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0)
		abort();
	munmap(page, 4096);
}

/* As libraries do it that compile a filter themselves; librace's prctl hook would know of PR_SET_SECCOMP. */
static void install_unseen(void)
{
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };
	register long r10 __asm__("r10") = 0;
	long result;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		abort();
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"((long)SYS_seccomp), "D"((long)SECCOMP_SET_MODE_FILTER), "S"(0l), "d"(&program), "r"(r10)
			 : "rcx", "r11", "memory");
	if (result)
		abort();
}

static long call(const char *library)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	long (*round)(long), answer;

	if (!handle) {
		fprintf(stderr, "%s\n", dlerror());
		abort();
	}
	*(void **)&round = dlsym(handle, "come_round");
	answer = round(5);
	dlclose(handle);
	return answer;
}

int main(int argc, char **argv)
{
	long sum;

	if (argc < 3)
		return 2;
	if (!strcmp(argv[1], "late")) {
		sum = call(argv[2]);
		install_unseen();
		try_it();
		printf("sum %ld\n", sum + call(argv[2]));
		return 0;
	}
	if (!strcmp(argv[1], "prctl")) {
		if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0))
			return 77;
	} else {
		INSTALL(filter);
		if (!strcmp(argv[1], "strict"))
			INSTALL(anonymous);
	}
	try_it();
	execv(argv[2], argv + 2);
	return 127;
}
