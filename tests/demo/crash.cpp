// A crash in code that the compiler expanded inline.
#include <cstdio>
#include <map>
#include <string>

struct Price {
    long cents, tax;
};

class PriceList {
public:
    void set(const std::string &sku, Price *price) { prices[sku] = price; }

    // Nobody checks whether the article has a price.
    __attribute__((always_inline)) long cents(const std::string &sku) const {
        const Price *price = prices.find(sku)->second;
        return price->cents + price->tax;
    }

private:
    std::map<std::string, Price *> prices;
};

struct Order {
    std::string sku;
    long count;
    __attribute__((noinline)) long total(const PriceList &list) const {
        return count * list.cents(sku);
    }
};

int main() {
    PriceList list;
    list.set("SKU-42", nullptr);
    Order order{"SKU-42", 3};
    std::printf("total: %ld\n", order.total(list));
}
