// events: 0
// status: 9
#include <signal.h>
#include <ucontext.h>
static ucontext_t back;
static volatile int faults;
static void handler(int number) {
    (void)number;
    faults = faults + 1;
    setcontext(&back);
}
int main(void) {
    signal(SIGSEGV, handler);
    getcontext(&back);
    if (faults < 9)
        *(volatile int *)0 = 1;
    return faults;
}
