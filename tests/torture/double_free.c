// signal: SIGABRT
// kind: heap corruption
// title: heap corruption: free\(\): double free detected
// chain: release @free, main @main
#include <stdlib.h>
static __attribute__((noinline)) void release(void *p) {
    free(p); // @free
}
int main(void) {
    void *volatile p = malloc(40);
    free(p);
    release(p); // @main
    return 0;
}
