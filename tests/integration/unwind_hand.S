/* SPDX-License-Identifier: MIT */
/* Hand-written functions with call frame information that is missing or wrong. */
    .text
    .macro FUNC name
    .globl \name
    .type \name, @function
\name:
    .endm
/* no CFI, pushes */
FUNC pushes
    push %rbx
    push %r12
    push %r13
    sub $24, %rsp
    mov %rdi, %rbx
    call leaf_asm
    add %rax, %rbx
    call *callback(%rip)
    mov %rbx, %rax
    add $24, %rsp
    pop %r13
    pop %r12
    pop %rbx
    ret
    .size pushes, .-pushes
/* wrong CFI: says nothing of its pushes */
FUNC wrong
    .cfi_startproc
    push %rbx
    push %rbp
    mov $7, %ebx
    sub $40, %rsp
    movq $5, (%rsp)
    call leaf_asm
    add $40, %rsp
    pop %rbp
    pop %rbx
    ret
    .cfi_endproc
    .size wrong, .-wrong
/* no size, no type */
    .globl bare
bare:
    push %rbp
    push $77
    lea (%rsp), %rbp
    test %rdi, %rdi
    je 1f
    push %rdi
    call leaf_asm
    pop %rdi
1:  pop %rax
    pop %rbp
    ret
FUNC leaf_asm
    mov $1, %eax
    nop
    ret
    .size leaf_asm, .-leaf_asm
/* switches by table */
FUNC table
    push %rbx
    and $1, %edi
    lea 2f(%rip), %rax
    movslq (%rax,%rdi,4), %rdx
    add %rdx, %rax
    jmp *%rax
1:  call leaf_asm
    pop %rbx
    ret
3:  sub $8, %rsp
    call leaf_asm
    add $8, %rsp
    pop %rbx
    ret
    .size table, .-table
    .section .rodata
    .align 4
2:  .long 1b - 2b
    .long 3b - 2b
    .text
/* its own red zone and a tail jump */
FUNC tails
    mov %rdi, -8(%rsp)
    mov -8(%rsp), %rdi
    jmp pushes
    .size tails, .-tails
    .section .note.GNU-stack,"",@progbits
