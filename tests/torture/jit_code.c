// build: -O0 -fno-omit-frame-pointer
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: call @call, main @main
// Made at run time, without unwind tables, but with frame pointers.
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
static const unsigned char CODE[] = {
    0x55,                         // push %rbp
    0x48, 0x89, 0xe5,             // mov %rsp,%rbp
    0x31, 0xc0,                   // xor %eax,%eax
    0xc7, 0x00, 1, 0, 0, 0,       // movl $1,(%rax)
    0x5d, 0xc3,                   // pop; ret
};
static __attribute__((noinline)) int call(int (*code)(void)) {
    return code(); // @call
}
int main(void) {
    void *memory = mmap(0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(memory, CODE, sizeof CODE);
    return call((int (*)(void))memory); // @main
}
