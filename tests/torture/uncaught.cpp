// signal: SIGABRT
// kind: uncaught exception
// title: std::runtime_error: cannot open price list
// chain: PriceList::open @throw, main @main
#include <stdexcept>
#include <string>
struct PriceList {
    __attribute__((noinline)) void open(const std::string &name) {
        throw std::runtime_error("cannot open " + name); // @throw
    }
};
int main() {
    PriceList list;
    list.open("price list"); // @main
}
