/* SPDX-License-Identifier: MIT */
/* Dies in, or behind, code that was made at run time: with and without a frame pointer. */
#include <string.h>
#include <sys/mman.h>
#include <stdlib.h>
typedef int (*fn)(int (*)(int), int);
__attribute__((noinline)) int callee(int x) {
    return *(volatile int *)(long)(x - 1) + x;
}
__attribute__((noinline)) int run(fn f, int x) {
    int r = f(callee, x);
    return r + 1;
}
int main(int argc, char **argv) {
    /* push rbx; sub rsp,48; mov rax,rdi; mov edi,esi; call rax; add rsp,48; pop rbx; ret */
    static const unsigned char a[] = {0x53, 0x48, 0x83, 0xec, 0x30, 0x48, 0x89, 0xf8, 0x89,
                                      0xf7, 0xff, 0xd0, 0x48, 0x83, 0xc4, 0x30, 0x5b, 0xc3};
    /* push rbp; mov rbp,rsp; sub rsp,48; mov rax,rdi; mov edi,esi; call rax; leave; ret */
    static const unsigned char b[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x30, 0x48,
                                      0x89, 0xf8, 0x89, 0xf7, 0xff, 0xd0, 0xc9, 0xc3};
    /* fault in it: push rbx; sub rsp,48; mov eax,[0] */
    static const unsigned char c[] = {0x53, 0x48, 0x83, 0xec, 0x30, 0x8b, 0x04, 0x25, 0,
                                      0,    0,    0,    0x48, 0x83, 0xc4, 0x30, 0x5b, 0xc3};
    const unsigned char *code = argc > 2 ? c : argc > 1 ? b : a;
    char *p = mmap(0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(p + 100, code, code == a ? sizeof a : code == b ? sizeof b : sizeof c);
    return run((fn)(p + 100), 1);
}
