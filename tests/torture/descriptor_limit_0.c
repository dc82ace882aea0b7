// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: main @write
#include <sys/resource.h>
#include <unistd.h>
int main(void) {
    struct rlimit limit = {0, 64};
    if (setrlimit(RLIMIT_NOFILE, &limit))
        return 9;
    *(volatile int *)0 = 1; // @write
}
