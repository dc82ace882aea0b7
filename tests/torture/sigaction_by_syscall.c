// kind: null pointer
// title: SIGSEGV: Null pointer dereference: write of address 0x0
// chain: main @write
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
    struct {
        void (*handler)(int);
        unsigned long flags;
        void (*restorer)(void);
        unsigned long mask;
    } action = {.handler = SIG_DFL};
    unsigned long all = ~0UL;
    syscall(SYS_rt_sigaction, SIGSEGV, &action, 0, sizeof all);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, sizeof all);
    *(volatile int *)0 = 1; // @write
    return 0;
}
