// needs: root
// build: -pthread
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: main @write
// threads: 2
// clone() is refused, and the user has changed.
#include <grp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
static void *wait(void *argument) {
    for (;;)
        pause();
}
int main(void) {
    struct rlimit limit = {0, 0};
    pthread_t thread;
    pthread_create(&thread, 0, wait, 0);
    if (setrlimit(RLIMIT_NPROC, &limit) || setgroups(0, 0) || setgid(65534) || setuid(65534) ||
        prctl(PR_SET_DUMPABLE, 1))
        return 9;
    *(volatile int *)0 = 1; // @write
}
