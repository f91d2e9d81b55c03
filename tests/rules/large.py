#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""large.py COUNT: assembly of a program with that many functions, every hundredth of them of a table; main calls none."""

import sys

WORDS = ("server connection buffer request session worker parse write read handle update queue event timer "
         "config stream packet client channel register").split()


def main():
    count = int(sys.argv[1])
    print("\t.text")
    for i in range(count):
        if i % 100 == 0:
            name = f"ht_operation_{i // 100}"
        else:
            name = f"{WORDS[i % 19]}_{WORDS[i * 7 % 17]}_{WORDS[i * 3 % 13]}_{i}"
        print(f"\t.globl {name}\n\t.type {name}, @function\n\t.p2align 4\n{name}:\n\tpush %rbp\n\tmov %rsp, %rbp\n"
              f"\tmov ${i}, %eax\n\tpop %rbp\n\tret\n\t.size {name}, .-{name}")
    print("\t.globl main\n\t.type main, @function\nmain:\n\tsub $8, %rsp\n\tmov $5, %edi\n\tcall ht_operation_7\n"
          "\txor %eax, %eax\n\tadd $8, %rsp\n\tret\n\t.size main, .-main\n\t.section .note.GNU-stack,\"\",@progbits")


main()
