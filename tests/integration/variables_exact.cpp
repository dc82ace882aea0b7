// SPDX-License-Identifier: MIT
// Values whose form has rules of its own: here each must be equal to gdb's.
struct Root {
    int root = 1;
    virtual ~Root() {
    }
};
struct Left : virtual Root {
    int left = 2;
};
struct Right : virtual Root {
    int right = 3;
};
struct Bottom : Left, Right {
    int bottom = 4;
};
struct Holder {
    int &reference;
    signed char few : 4;
    char more : 5;
};
enum Groups { ALONE = 1, GROUP = 6, OTHER = 8 };
enum Bits { NONE, ONE = 1, TWO = 2, FOUR = 4 };

static int (Root::*volatile no_function)();
static char text[300];

static void keep(const void *p) {
    asm volatile("" : : "r"(p) : "memory");
}

__attribute__((noinline)) int die(Bottom &bottom, Groups groups, Bits bits) {
    int target = 5;
    Holder holder = {target, -1, -2};
    Bottom two[2];
    int (Root::*none)() = no_function;
    char *known = text, *list[2] = {text + 1, nullptr}, repeated[250];
    for (char &c : repeated)
        c = 'A';
    keep(&holder);
    keep(two);
    keep(list);
    keep(known);
    keep(repeated);
    return *(volatile int *)nullptr + bottom.bottom + groups + bits + (none == nullptr);
}

int main() {
    Bottom bottom;
    return die(bottom, (Groups)9, (Bits)5);
}
