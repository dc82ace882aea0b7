// An exception that nobody catches.
#include <cstring>
#include <stdexcept>

namespace shop {
struct no_such_order : std::runtime_error {
    using std::runtime_error::runtime_error;
};

__attribute__((noinline)) void ship(const char *order) {
    if (std::strlen(order) > 3)
        throw no_such_order("there is no such order");
}
} // namespace shop

int main() {
    shop::ship("4711");
}
