/* SPDX-License-Identifier: MIT */
/*
 * overlap.S - g_hash_table_size of a library: its first five bytes hold the start of another function, `amid`. A jump over them
 * would cut that one in two.
 */
	.text
	.globl	g_hash_table_size
	.type	g_hash_table_size, @function
	.p2align 4
g_hash_table_size:
	xorl	%eax, %eax
#ifdef EXPORTED
	.globl	amid
#endif
	.type	amid, @function
amid:
	addl	$1, %eax
	ret
	.size	amid, . - amid
	.size	g_hash_table_size, . - g_hash_table_size

/* amid(5), by a way that C does not have */
	.globl	amid_five
	.type	amid_five, @function
	.p2align 4
amid_five:
	movl	$5, %eax
	jmp	amid_here
	.size	amid_five, . - amid_five
	.set	amid_here, amid
	.section .note.GNU-stack, "", @progbits
