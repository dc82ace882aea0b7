// build: -pthread
// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: Cache::~Cache @write
#include <thread>
struct Cache {
    int *slot = nullptr;
    ~Cache() {
        *slot = 1; // @write
    }
};
static thread_local Cache cache;
int main() {
    std::thread([] { asm volatile("" : "+m"(cache)); }).join();
}
