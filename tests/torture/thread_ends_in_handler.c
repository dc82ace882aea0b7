// build: -pthread
// events: 0
// status: 0
#include <pthread.h>
#include <signal.h>
static void handler(int number) {
    (void)number;
    pthread_exit(0);
}
static void *run(void *argument) {
    *(volatile int *)argument = 1;
    return 0;
}
int main(void) {
    signal(SIGSEGV, handler);
    for (int i = 0; i < 30; i++) {
        pthread_t thread;
        pthread_create(&thread, 0, run, 0);
        pthread_join(thread, 0);
    }
    return 0;
}
