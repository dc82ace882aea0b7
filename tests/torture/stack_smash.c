// build: -fstack-protector-all
// signal: SIGABRT
// kind: stack smashing
// title: stack smashing: \*\*\* stack smashing detected
// chain-has: fill
#include <string.h>
static __attribute__((noinline)) void fill(volatile unsigned n) {
    char text[16];
    volatile char *p = text;
    for (unsigned i = 0; i < n; i++)
        p[i] = 'x';
}
int main(void) {
    fill(40);
    return 0;
}
