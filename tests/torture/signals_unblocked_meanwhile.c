// build: -pthread
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: main @write
// The signals come as soon as the fault has happened, and nothing blocks them.
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void) {
    int *shared = mmap(0, 4096, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int ready[2];
    char byte;
    if (pipe(ready))
        return 9;
    if (fork() == 0) {
        static const int SIGNALS[] = {SIGTERM, SIGPIPE, SIGALRM, SIGUSR1};
        pid_t parent = getppid();
        write(ready[1], "x", 1);
        while (!*(volatile int *)shared)
            continue;
        /* From here on the parent is at most one instruction away from its fault; a report takes
         * longer than that, and it must have begun. */
        usleep(200);
        for (int i = 0; i < 4; i++)
            kill(parent, SIGNALS[i]);
        _exit(0);
    }
    read(ready[0], &byte, 1);
    *(volatile int *)shared = 1;
    *(volatile int *)0 = 1; // @write
}
