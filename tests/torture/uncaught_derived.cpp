// signal: SIGABRT
// kind: uncaught exception
// title: shop::no_such_order: order 4711
// chain: find @throw, main @main
#include <stdexcept>
namespace shop {
struct no_such_order : std::out_of_range {
    using std::out_of_range::out_of_range;
};
} // namespace shop
static __attribute__((noinline)) void find(int) {
    throw shop::no_such_order("order 4711"); // @throw
}
int main(int argc, char **) {
    find(argc); // @main
}
