// signal: SIGABRT
// kind: uncaught exception
// title: std::logic_error: out of noexcept
// chain-has: swap_all, main
#include <stdexcept>
static __attribute__((noinline)) void swap_all(int n) noexcept {
    if (n)
        throw std::logic_error("out of noexcept");
}
int main(int argc, char **) {
    swap_all(argc);
}
