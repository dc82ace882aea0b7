// events: 0
// status: 0
#include <signal.h>
int main(void) {
    signal(SIGABRT, SIG_IGN);
    raise(SIGABRT);
    return 0;
}
