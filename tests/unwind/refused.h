/* SPDX-License-Identifier: MIT */
/*
 * refused.h - a frame with true CFI that the walker does not handle: its CFA is found by rbx.
 */
#ifndef RACE_TESTS_UNWIND_REFUSED_H
#define RACE_TESTS_UNWIND_REFUSED_H

/* call_refused(f): calls f. */
void call_refused(void (*f)(void));
__asm__(".pushsection .text\n"
	".globl call_refused\n"
	".type call_refused, @function\n"
	"call_refused:\n"
	".cfi_startproc\n"
	"	push %rbx\n"
	".cfi_def_cfa_offset 16\n"
	".cfi_offset %rbx, -16\n"
	"	mov %rsp, %rbx\n"
	".cfi_def_cfa_register %rbx\n"
	"	sub $64, %rsp\n"
	"	call *%rdi\n"
	"	mov %rbx, %rsp\n"
	"	pop %rbx\n"
	".cfi_def_cfa %rsp, 8\n"
	"	ret\n"
	".cfi_endproc\n"
	".size call_refused, .-call_refused\n"
	/* call_without_cfi(f): the stack ends here. */
	".globl call_without_cfi\n"
	".type call_without_cfi, @function\n"
	"call_without_cfi:\n"
	"	sub $8, %rsp\n"
	"	call *%rdi\n"
	"	add $8, %rsp\n"
	"	ret\n"
	"	nop\n"
	".size call_without_cfi, .-call_without_cfi\n"
	".popsection\n");
void call_without_cfi(void (*f)(void));

#endif
