// signal: SIGFPE
// kind: division overflow
// title: SIGFPE: Integer division overflow
// chain: divide @divide, main @main
#include <limits.h>
static __attribute__((noinline)) int divide(int a, int b) {
    return a / b; // @divide
}
int main(int argc, char **argv) {
    volatile int a = INT_MIN, b = -argc;
    return divide(a, b); // @main
}
