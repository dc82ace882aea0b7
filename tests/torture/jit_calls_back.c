// build: -O0 -fno-omit-frame-pointer
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: fail @write, call @call, main @main
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
static const unsigned char CODE[] = {
    0x55, 0x48, 0x89, 0xe5, // push %rbp; mov %rsp,%rbp
    0xff, 0xd7,             // call *%rdi
    0x5d, 0xc3,             // pop; ret
};
static void fail(void) {
    *(volatile int *)0 = 1; // @write
}
static __attribute__((noinline)) int call(int (*code)(void (*)(void))) {
    return code(fail); // @call
}
int main(void) {
    void *memory = mmap(0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(memory, CODE, sizeof CODE);
    return call((int (*)(void (*)(void)))memory); // @main
}
