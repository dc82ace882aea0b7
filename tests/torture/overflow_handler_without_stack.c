// kind: stack overflow
// title: SIGSEGV: Stack overflow
// chain-has: descend, main
/* The kernel has no room to call the handler, and kills. */
#include <signal.h>
#include <unistd.h>
static void handler(int number) {
    _exit(number);
}
static __attribute__((noinline)) int descend(int n) {
    volatile char page[512];
    page[0] = (char)n;
    return descend(n + 1) + page[0];
}
int main(int argc, char **argv) {
    (void)argv;
    signal(SIGSEGV, handler);
    return descend(argc);
}
