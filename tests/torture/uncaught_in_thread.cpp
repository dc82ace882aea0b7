// build: -pthread
// signal: SIGABRT
// kind: uncaught exception
// title: std::length_error: basket is full
// chain-has: Basket::add
// threads: 2
#include <stdexcept>
#include <thread>
struct Basket {
    __attribute__((noinline)) void add(int) { throw std::length_error("basket is full"); }
};
int main() {
    std::thread thread([] {
        Basket basket;
        basket.add(1);
    });
    thread.join();
}
