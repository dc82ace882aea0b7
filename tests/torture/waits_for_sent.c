// events: 0
// status: 11
#include <signal.h>
#include <unistd.h>
int main(void) {
    sigset_t set;
    int number = 0;
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    sigprocmask(SIG_BLOCK, &set, 0);
    kill(getpid(), SIGSEGV);
    sigwait(&set, &number);
    return number;
}
