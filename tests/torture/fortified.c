// build: -O2 -D_FORTIFY_SOURCE=2
// signal: SIGABRT
// kind: buffer overflow
// title: buffer overflow: \*\*\* buffer overflow detected
// chain-has: copy, main
#include <string.h>
char target[8];
__attribute__((noinline)) void copy(const char *from) {
    strcpy(target, from);
    __asm__ volatile("" ::: "memory");
}
int main(int argc, char **argv) {
    copy("much longer than eight bytes");
    return target[0];
}
