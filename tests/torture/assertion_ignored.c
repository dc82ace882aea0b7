// signal: SIGABRT
// kind: assertion
// title: Assertion failed: argc == 7
// chain: main @assert
#include <assert.h>
#include <signal.h>
int main(int argc, char **argv) {
    (void)argv;
    signal(SIGABRT, SIG_IGN);
    assert(argc == 7); // @assert
    return 0;
}
