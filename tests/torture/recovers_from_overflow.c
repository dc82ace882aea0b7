// events: 0
// status: 3
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
static sigjmp_buf back;
static void handler(int number) {
    siglongjmp(back, number);
}
static __attribute__((noinline)) int descend(int n) {
    volatile char page[512];
    page[0] = (char)n;
    return descend(n + 1) + page[0];
}
int main(void) {
    stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    volatile int times = 0;
    sigaltstack(&stack, 0);
    sigaction(SIGSEGV, &action, 0);
    while (times < 3) {
        times = times + 1;
        if (sigsetjmp(back, 1) == 0)
            descend(0);
    }
    return times;
}
