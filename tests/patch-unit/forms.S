/* SPDX-License-Identifier: MIT */
/*
 * forms.S - functions whose first bytes are hard to move, one for each form, and a harness that runs them.
 *
 *	FORM name, why, entries, far	... END name
 *
 * puts the function into the table `forms`: what trampoline_make must answer near the function and out of reach of it
 * (numbers of enum patch_refusal), and how often one call of the trampoline comes by the patched entry. A form uses
 * registers and flags as it likes, but r15, which belongs to the harness; rdi and rsi are data, ecx is 3, rbx and r12
 * point to `callees`.
 */
#define NOT 0
#define SHORT 1
#define INSN 2
#define BRANCH 3
#define FAR 4

.macro FORM name:req why=0 entries=0 far=0
	.text
	.balign 16
	.type form_\name, @function
form_\name:
	.pushsection .data.rel.ro.forms, "aw"
	.quad form_\name, form_\name\()_end - form_\name, form_\name\()_text
	.long \why, \far, \entries, 0
	.popsection
	.pushsection .rodata
form_\name\()_text:
	.asciz "\name"
	.popsection
.endm
.macro END name:req
	.size form_\name, . - form_\name
form_\name\()_end:
.endm

	.pushsection .data.rel.ro.forms, "aw"
	.balign 8
	.globl forms, forms_end
forms:
	.popsection

	.pushsection .data.rel.ro, "aw"
	.balign 8
callees:
	.quad callee, leaf, callee
	.popsection
	.data
	.balign 8
value:	.quad 0x1234567
cell:	.quad 0
	.text
	.balign 16

/* What a callee can see of its call: return address, stack, flags, and all registers (in a sum). */
callee:
	pushfq
	popq	%r8
	addq	%rbx, %rax
	addq	%rcx, %rax
	addq	%rdx, %rax
	addq	%rsi, %rax
	addq	%rdi, %rax
	addq	%rbp, %rax
	addq	%r9, %rax
	addq	%r10, %rax
	addq	%r11, %rax
	addq	%r12, %rax
	addq	%r13, %rax
	addq	%r14, %rax
	movq	(%rsp), %r9
	movq	%rsp, %r10
	ret
leaf:
	movl	$77, %eax
	ret

/* ---- calls ----------------------------------------------------------------- */

FORM call_first
	call	callee
	incq	%r9
	ret
END call_first

FORM call_behind_a_push
	pushq	%rbp
	call	callee
	popq	%rbp
	ret
END call_behind_a_push

FORM call_keeps_flags
	cmpq	%rsi, %rdi
	call	callee
	ret
END call_keeps_flags

FORM call_of_the_next_instruction
	call	1f
1:	popq	%rax
	ret
END call_of_the_next_instruction

FORM call_through_memory far=FAR
	call	*callees(%rip)
	incq	%r9
	ret
END call_through_memory

FORM call_through_a_register
	movq	(%rbx), %rax
	call	*%rax
	incq	%r9
	ret
END call_through_a_register

FORM call_through_a_table
	call	*16(%r12)
	incq	%r9
	ret
END call_through_a_table

FORM call_through_r12
	movq	(%r12), %r12
	call	*%r12
	ret
END call_through_r12

FORM call_through_an_index
	xorl	%ecx, %ecx
	call	*8(%rbx,%rcx,8)
	ret
END call_through_an_index

FORM call_that_returns_too_early INSN 0 INSN
	call	*(%rbx)
	incq	%r9
	ret
END call_that_returns_too_early

FORM call_through_the_stack INSN 0 INSN
	pushq	(%rbx)
	call	*(%rsp)
	popq	%rdx
	ret
END call_through_the_stack

FORM call_to_the_stack INSN 0 INSN
	xorl	%eax, %eax
	nop
	call	*%rsp
	ret
END call_to_the_stack

FORM call_into_the_first_bytes BRANCH 0 BRANCH
	xorl	%eax, %eax
	nop
	call	form_call_into_the_first_bytes + 2
	ret
END call_into_the_first_bytes

FORM recursion NOT 3
	decl	%ecx
	js	1f
	call	form_recursion
1:	incq	%rax
	ret
END recursion

FORM recursion_in_the_body NOT 3
	pushq	%rbp
	movq	%rsp, %rbp
	pushq	%rax
	decl	%ecx
	js	1f
	call	form_recursion_in_the_body
1:	incq	%rdx
	leave
	ret
END recursion_in_the_body

/* ---- operands relative to rip ---------------------------------------------- */

FORM load far=FAR
	movq	value(%rip), %rax
	addq	%rdi, %rax
	ret
END load

FORM compare_with_an_immediate far=FAR
	cmpl	$0x1234567, value(%rip)
	sete	%al
	cmpb	$0x67, value(%rip)
	ret
END compare_with_an_immediate

FORM compare_with_a_short_immediate far=FAR
	cmpb	$0x67, value(%rip)
	sete	%al
	ret
END compare_with_a_short_immediate

FORM store_of_an_immediate far=FAR
	movq	$-5, cell(%rip)
	movq	cell(%rip), %rax
	ret
END store_of_an_immediate

FORM address far=FAR
	leaq	value(%rip), %rax
	ret
END address

FORM address_of_the_function far=FAR
	leaq	form_address_of_the_function(%rip), %rax
	ret
END address_of_the_function

FORM address_of_the_first_bytes BRANCH 0 BRANCH
	leaq	form_address_of_the_first_bytes + 3(%rip), %rax
	ret
END address_of_the_first_bytes

FORM vector_load far=FAR
	movdqu	value(%rip), %xmm0
	movq	%xmm0, %rax
	ret
END vector_load

/* ---- branches -------------------------------------------------------------- */

.irp cc, o, no, b, ae, e, ne, be, a, s, ns, p, np, l, ge, le, g
FORM short_j\cc
	cmpq	%rsi, %rdi
	j\cc	1f
	movl	$1, %eax
	ret
1:	movl	$2, %eax
	ret
END short_j\cc
FORM long_j\cc
	cmpq	%rsi, %rdi
	{disp32} j\cc	1f
	movl	$1, %eax
	ret
1:	movl	$2, %eax
	ret
END long_j\cc
.endr

FORM two_conditions
	testl	%edi, %edi
	je	1f
	js	2f
	movl	$1, %eax
	ret
1:	movl	$2, %eax
	ret
2:	movl	$3, %eax
	ret
END two_conditions

FORM conditional_tail_call
	cmpq	%rsi, %rdi
	{disp32} ja	leaf
	movl	$5, %eax
	ret
END conditional_tail_call

FORM return_unless
	testl	%edi, %edi
	jne	1f
	ret
1:	movl	$6, %eax
	ret
END return_unless

FORM tail_call
	{disp32} jmp	callee
END tail_call

FORM tail_call_through_memory far=FAR
	jmp	*callees(%rip)
END tail_call_through_memory

FORM tail_call_through_a_register
	movq	(%rbx), %rdx
	jmp	*%rdx
END tail_call_through_a_register

FORM short_jump_over_padding
	jmp	1f
	int3
	int3
	int3
1:	movl	$7, %eax
	ret
END short_jump_over_padding

FORM short_jump_over_code SHORT 0 SHORT
	jmp	1f
2:	movl	$8, %eax
	ret
1:	testl	%edi, %edi
	je	2b
	movl	$7, %eax
	ret
END short_jump_over_code

FORM jump_within_the_first_bytes BRANCH 0 BRANCH
	nop
	je	1f
	nop
1:	movl	$7, %eax
	ret
END jump_within_the_first_bytes

FORM jump_into_the_padding BRANCH 0 BRANCH
	testl	%edi, %edi
	jmp	1f
1:	.byte	0x0f, 0x1f, 0xc0
	ret
END jump_into_the_padding

FORM jump_just_behind
	testl	%edi, %edi
	je	1f
	nop
1:	movl	$9, %eax
	ret
END jump_just_behind

FORM body_branches_into_the_first_bytes BRANCH 0 BRANCH
	pushq	%rbp
	movq	%rsp, %rbp
1:	decl	%ecx
	leaq	1(%rax), %rax
	jns	form_body_branches_into_the_first_bytes + 4
	popq	%rbp
	ret
END body_branches_into_the_first_bytes

FORM body_branches_behind_the_first_bytes
	pushq	%rbp
	movq	%rsp, %rbp
	nop
1:	decl	%ecx
	leaq	1(%rax), %rax
	jns	1b
	popq	%rbp
	ret
END body_branches_behind_the_first_bytes

FORM body_branches_far_back BRANCH 0 BRANCH
	pushq	%rbp
	movq	%rsp, %rbp
	jmp	1f
	.fill	200, 1, 0x90
1:	decl	%ecx
	jns	form_body_branches_far_back + 1
	popq	%rbp
	ret
END body_branches_far_back

FORM body_jumps_into_the_first_bytes BRANCH 0 BRANCH
	pushq	%rbp
	movq	%rsp, %rbp
	nop
	popq	%rbp
	decl	%ecx
	js	1f
	{disp32} jmp	form_body_jumps_into_the_first_bytes + 4
1:	ret
END body_jumps_into_the_first_bytes

FORM body_calls_the_first_bytes BRANCH 0 BRANCH
	pushq	%rbp
	movq	%rsp, %rbp
	nop
	popq	%rbp
	decl	%ecx
	js	1f
	call	form_body_calls_the_first_bytes + 4
1:	ret
END body_calls_the_first_bytes

FORM body_calls_behind_the_first_bytes
	pushq	%rbp
	movq	%rsp, %rbp
	popq	%rbp
	decl	%ecx
	js	1f
	call	form_body_calls_behind_the_first_bytes + 5
1:	ret
END body_calls_behind_the_first_bytes

FORM immediate_that_looks_like_a_branch
	pushq	%rbp
	movq	%rsp, %rbp
	nop
	movl	$0xf87400eb, %eax /* 74 f8: back to offset 2, were it code */
	popq	%rbp
	ret
END immediate_that_looks_like_a_branch

FORM looks_like_a_branch_behind_unknown_code BRANCH 0 BRANCH
	pushq	%rbp
	movq	%rsp, %rbp
	jmp	1f
	cpuid
	movl	$0xf874, %eax
1:	popq	%rbp
	ret
END looks_like_a_branch_behind_unknown_code

FORM loop_to_the_entry BRANCH 0 BRANCH
	leaq	1(%rax), %rax
	decl	%ecx
	nop
	jns	form_loop_to_the_entry
	ret
END loop_to_the_entry

FORM loop_within_the_first_bytes NOT 0
	decl	%ecx
	jns	form_loop_within_the_first_bytes
	movl	$4, %eax
	ret
END loop_within_the_first_bytes

FORM loop_by_a_jump_within_the_first_bytes NOT 0
	decl	%ecx
	js	1f
	jmp	form_loop_by_a_jump_within_the_first_bytes
1:	movl	$4, %eax
	ret
END loop_by_a_jump_within_the_first_bytes

/* ---- short ones ------------------------------------------------------------ */

FORM only_a_return
	ret
END only_a_return

FORM zero
	xorl	%eax, %eax
	rep ret
END zero

FORM return_that_pops
	ret	$0
END return_that_pops

FORM padded_with_int3
	incq	%rax
	ret
END padded_with_int3
	int3
	int3

FORM padded_with_a_long_nop
	incq	%rax
	ret
END padded_with_a_long_nop
	.byte	0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0

FORM short_before_another SHORT 0 SHORT
	incl	%eax
	ret
END short_before_another
	movl	$1, %eax
	ret

FORM short_jump_before_another SHORT 0 SHORT
	jmp	*%rdi
	movl	$1, %eax
	ret
END short_jump_before_another

FORM short_before_an_endbr64 SHORT 0 SHORT
	incl	%eax
	ret
END short_before_an_endbr64
	endbr64
	ret

FORM short_and_falls_through SHORT 0 SHORT
	incl	%eax
END short_and_falls_through
	ret
	nop
	nop

FORM reaches_behind_its_end SHORT 0 SHORT
	incl	%eax
	.byte	0x48, 0x8d
END reaches_behind_its_end
	.byte	0x40, 0x01, 0xc3

/* ---- others ---------------------------------------------------------------- */

FORM prologue
	pushq	%rbp
	movq	%rsp, %rbp
	pushq	%r13
	pushq	%r14
	leaq	(%rdi,%rsi), %rax
	popq	%r14
	popq	%r13
	popq	%rbp
	ret
END prologue

FORM landing_pad
	endbr64
	subq	$24, %rsp
	movq	%rdi, 8(%rsp)
	addq	8(%rsp), %rax
	addq	$24, %rsp
	ret
END landing_pad

FORM stack_guard
	movq	%fs:0x28, %rax
	subq	%rax, %rax
	ret
END stack_guard

FORM longest
	leal	1(%rax), %eax
	nop
	movabsq	$0x123456789abcdef0, %rdx
	ret
END longest

FORM locked
	lock incq (%rsp)
	lock decq (%rsp)
	ret
END locked

FORM breakpoint INSN 0 INSN
	int3
	movq	%rdi, %rax
	ret
END breakpoint

FORM system_call INSN 0 INSN
	xorl	%eax, %eax
	syscall
	ret
END system_call

	.text
	.balign 64
	.globl forms_text_end
forms_text_end:
	.pushsection .data.rel.ro.forms, "aw"
forms_end:
	.popsection

/* void run_form(void *function, uint64_t state[15]): rax rbx rcx rdx rsi rdi rbp r8 ... r14, flags. */
	.globl run_form
	.type run_form, @function
run_form:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rsi
	movq	%rdi, %r15
	pushq	112(%rsi)
	movq	%rsi, %rax
	movq	8(%rax), %rbx
	movq	16(%rax), %rcx
	movq	24(%rax), %rdx
	movq	32(%rax), %rsi
	movq	40(%rax), %rdi
	movq	48(%rax), %rbp
	movq	56(%rax), %r8
	movq	64(%rax), %r9
	movq	72(%rax), %r10
	movq	80(%rax), %r11
	movq	88(%rax), %r12
	movq	96(%rax), %r13
	movq	104(%rax), %r14
	movq	(%rax), %rax
	popfq
	call	*%r15
	pushfq
	pushq	%rax
	movq	16(%rsp), %rax
	movq	%rbx, 8(%rax)
	movq	%rcx, 16(%rax)
	movq	%rdx, 24(%rax)
	movq	%rsi, 32(%rax)
	movq	%rdi, 40(%rax)
	movq	%rbp, 48(%rax)
	movq	%r8, 56(%rax)
	movq	%r9, 64(%rax)
	movq	%r10, 72(%rax)
	movq	%r11, 80(%rax)
	movq	%r12, 88(%rax)
	movq	%r13, 96(%rax)
	movq	%r14, 104(%rax)
	popq	(%rax)
	popq	112(%rax)
	popq	%rsi
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.size run_form, . - run_form

	.globl form_callees
form_callees:
	leaq	callees(%rip), %rax
	ret
	.section .note.GNU-stack, "", @progbits
