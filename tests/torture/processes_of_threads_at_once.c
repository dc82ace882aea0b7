// build: -pthread
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// events: 8
// status: 8
// Eight processes of thirty threads each, of which all die at once.
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
static pthread_barrier_t *barrier;
static void *run(void *argument) {
    pthread_barrier_wait(barrier);
    *(volatile int *)argument = 1;
    return 0;
}
int main(void) {
    pthread_barrierattr_t shared;
    int status, died = 0;
    barrier = mmap(0, 4096, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_barrierattr_init(&shared);
    pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(barrier, &shared, 8 * 30);
    for (int i = 0; i < 8; i++) {
        if (fork() == 0) {
            pthread_t thread;
            for (int j = 0; j < 30; j++)
                pthread_create(&thread, 0, run, 0);
            pause();
        }
    }
    while (wait(&status) > 0)
        died += WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
    return died;
}
