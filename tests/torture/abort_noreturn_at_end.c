// build: -O2
// signal: SIGABRT
// kind: abort
// title: SIGABRT: Deliberate abort
// chain: last_words @abort, main @main
#include <stdio.h>
#include <stdlib.h>
__attribute__((noinline, noreturn)) void last_words(int n) {
    if (n > 100)
        exit(3);
    abort(); // @abort
}
__attribute__((noinline)) int unrelated(int n) {
    return n * 3;
}
int main(int argc, char **argv) {
    last_words(argc); // @main
}
