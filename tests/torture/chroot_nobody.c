// needs: root
// build: -pthread
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: fail @write, main @call
// threads: 3
// An empty root, no /proc, another user: as daemons that shed their privileges.
#define _GNU_SOURCE
#include <grp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
static void *wait(void *argument) {
    for (;;)
        pause();
}
static void fail(int *where) {
    *where = 1; // @write
}
int main(void) {
    char root[] = "/tmp/torture-chroot-XXXXXX";
    pthread_t thread;
    pthread_create(&thread, 0, wait, 0);
    pthread_create(&thread, 0, wait, 0);
    if (!mkdtemp(root) || chroot(root) || chdir("/") || setgroups(0, 0) || setgid(65534) ||
        setuid(65534) || prctl(PR_SET_DUMPABLE, 1))
        return 9;
    fail(0); // @call
    return 0;
}
