// build: -pthread
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: destroy @write
// thread: fated
#define _GNU_SOURCE
#include <pthread.h>
static pthread_key_t key;
static void destroy(void *value) {
    *(volatile int *)0 = 1; // @write
}
static void *run(void *argument) {
    pthread_setname_np(pthread_self(), "fated");
    pthread_setspecific(key, &key);
    return 0;
}
int main(void) {
    pthread_t thread;
    pthread_key_create(&key, destroy);
    pthread_create(&thread, 0, run, 0);
    pthread_join(thread, 0);
    return 0;
}
