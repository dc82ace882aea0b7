// build: -pthread
// kind: null pointer
// title: SIGSEGV: Null pointer dereference: write of address 0x0
// chain: break_it @write, run @run
// threads: 2
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
/* As Redis does; the kernel hands what is sent to the process to the main thread. */
static void handler(int number, siginfo_t *info, void *context) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    (void)info, (void)context;
    sigaction(number, &action, 0);
    kill(getpid(), number);
    for (;;)
        pause();
}
static __attribute__((noinline)) void break_it(int *p) {
    *p = 1; // @write
}
static void *run(void *argument) {
    break_it(argument); // @run
    return 0;
}
int main(void) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    pthread_t thread;
    sigaction(SIGSEGV, &action, 0);
    pthread_create(&thread, 0, run, 0);
    pthread_join(thread, 0);
    return 0;
}
