// signal: SIGABRT
// kind: uncaught exception
// title: int: uncaught exception without a message
// chain: fail @throw, main @main
static __attribute__((noinline)) void fail(int n) {
    throw n; // @throw
}
int main(int argc, char **) {
    fail(argc); // @main
}
