// build: -O2
// kind: null pointer
// title: SIGSEGV: Null pointer dereference: write
// chain: store @store inlined, Order::fill @fill inlined, Shop::run @run, main @main
struct Item { int pad[6]; int price; };
static inline __attribute__((always_inline)) void store(Item *item, int price) {
    *(volatile int *)&item->price = price; // @store
}
struct Order {
    Item *item;
    __attribute__((always_inline)) void fill(int price) {
        store(item, price); // @fill
    }
};
struct Shop {
    __attribute__((noinline)) int run(Order &order, int n) {
        order.fill(n); // @run
        return n;
    }
};
int main(int argc, char **) {
    Order order{argc > 5 ? reinterpret_cast<Item *>(0x1000) : nullptr};
    asm volatile("" : "+m"(order));
    Shop shop;
    int r = shop.run(order, argc); // @main
    asm volatile("" ::: "memory");
    return r;
}
