// status: 7
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: child @write, main @main
#include <sys/wait.h>
#include <unistd.h>
static __attribute__((noinline)) void child(int *where) {
    *where = 1; // @write
}
int main(void) {
    int status;
    if (fork() == 0)
        child(0); // @main
    wait(&status);
    return WIFSIGNALED(status) && WTERMSIG(status) == 11 ? 7 : 1;
}
