// kind: null pointer
// title: SIGSEGV: Null pointer dereference
// chain: Cache::~Cache @write
struct Cache {
    int *slot = nullptr;
    ~Cache() {
        *slot = 1; // @write
    }
};
static Cache cache;
int main() {
    asm volatile("" : "+m"(cache));
    return 0;
}
