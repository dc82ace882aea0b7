// build: -pthread
// signal: SIGABRT
// kind: abort
// title: SIGABRT: std::terminate was called without an active exception
// chain-has: std::terminate, main
#include <thread>
#include <unistd.h>
int main() {
    std::thread thread([] { pause(); });
}
