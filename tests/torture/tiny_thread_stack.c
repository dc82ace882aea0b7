// build: -pthread
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: run @write
// threads: 2
#include <limits.h>
#include <pthread.h>
static void *run(void *argument) {
    *(volatile int *)argument = 1; // @write
    return 0;
}
int main(void) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
    pthread_create(&thread, &attributes, run, 0);
    pthread_join(thread, 0);
    return 0;
}
