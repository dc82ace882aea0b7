// build: -pthread
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: main @write
// threads: 101
// Spinning, and blocked in futex, epoll, nanosleep, a pipe, with every signal blocked.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>
static pthread_barrier_t barrier;
static sem_t never;
static int ends[2];
static void *run(void *argument) {
    long kind = (long)argument;
    struct epoll_event event;
    int poll = epoll_create1(0);
    sigset_t all;
    char byte;
    sigfillset(&all);
    if (kind % 2)
        pthread_sigmask(SIG_BLOCK, &all, 0);
    pthread_barrier_wait(&barrier);
    for (;;) {
        if (kind < 4)
            continue;
        else if (kind % 5 == 0)
            sem_wait(&never);
        else if (kind % 5 == 1)
            epoll_wait(poll, &event, 1, -1);
        else if (kind % 5 == 2)
            nanosleep(&(struct timespec){.tv_sec = 1000}, 0);
        else if (kind % 5 == 3)
            read(ends[0], &byte, 1);
        else
            pause();
    }
}
int main(void) {
    pthread_t thread;
    pthread_barrier_init(&barrier, 0, 101);
    sem_init(&never, 0, 0);
    if (pipe(ends))
        return 9;
    for (long i = 0; i < 100; i++)
        pthread_create(&thread, 0, run, (void *)i);
    pthread_barrier_wait(&barrier);
    *(volatile int *)0 = 1; // @write
}
