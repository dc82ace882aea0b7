// build: -fsanitize=address
// signal: none
// status: 1
// kind: sanitizer
// title: ^AddressSanitizer: heap-use-after-free: heap-use-after-free on address 0x[0-9a-f]+
// chain: Cache::get @READ, main @MAIN
// stderr: ==ABORTING
// SPDX-License-Identifier: MIT
struct Cache {
    int *values = new int[4]();
    ~Cache() { delete[] values; }
    int get(int i) const {
        return values[i]; // @READ
    }
};

int main() {
    Cache cache;
    delete[] cache.values;
    return cache.get(2); // @MAIN
}
