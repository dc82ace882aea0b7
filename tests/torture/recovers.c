// events: 0
// status: 5
#include <setjmp.h>
#include <signal.h>
static sigjmp_buf back;
static void handler(int number) {
    siglongjmp(back, 1);
}
int main(void) {
    signal(SIGSEGV, handler);
    for (volatile int i = 0; i < 100; i++)
        if (sigsetjmp(back, 1) == 0)
            *(volatile int *)0 = 1;
    return 5;
}
