// build: -static-libstdc++ -static-libgcc
// signal: SIGABRT
// kind: uncaught exception
// title: SIGABRT: std::terminate was called; which exception it was is not known
// chain-has: std::terminate, fail, main
#include <stdexcept>
static __attribute__((noinline)) void fail(int n) {
    throw std::runtime_error(n ? "some" : "none");
}
int main(int argc, char **) {
    fail(argc);
}
