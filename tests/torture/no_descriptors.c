// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: main @write
#include <fcntl.h>
#include <unistd.h>
int main(void) {
    while (open("/dev/null", O_RDONLY) >= 0)
        continue;
    *(volatile int *)0 = 1; // @write
}
