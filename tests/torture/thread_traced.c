// build: -pthread
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: crash @write, child @call, main @child
// threads: 2
// status: 5
// One of the threads is held by a debugger.
#include <pthread.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static int tell[2], go[2];
static void *held(void *argument) {
    pid_t tid = (pid_t)syscall(SYS_gettid);
    write(tell[1], &tid, sizeof tid);
    for (;;)
        pause();
}
static void crash(int *where) {
    *where = 1; // @write
}
static void child(void) {
    pthread_t thread;
    char byte;
    pthread_create(&thread, 0, held, 0);
    read(go[0], &byte, 1);
    crash(0); // @call
}
int main(void) {
    pid_t pid, tid;
    int status;
    if (pipe(tell) || pipe(go))
        return 9;
    pid = fork();
    if (pid == 0) {
        child(); // @child
        _exit(1);
    }
    read(tell[0], &tid, sizeof tid);
    if (ptrace(PTRACE_SEIZE, tid, 0, 0) || ptrace(PTRACE_INTERRUPT, tid, 0, 0) ||
        waitpid(tid, &status, __WALL) != tid)
        return 8;
    write(go[1], "x", 1);
    /* The process is gone only when its tracer has seen the end of the thread. */
    while (waitpid(-1, &status, __WALL) != pid)
        continue;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV ? 5 : 6;
}
