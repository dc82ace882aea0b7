// build: -fnon-call-exceptions
// events: 0
// status: 6
#include <csignal>
#include <stdexcept>
int *volatile nothing;
static void handler(int) {
    throw std::runtime_error("fault");
}
int main() {
    int caught = 0;
    struct sigaction action = {};
    action.sa_handler = handler;
    action.sa_flags = SA_NODEFER;
    sigaction(SIGSEGV, &action, nullptr);
    for (int i = 0; i < 6; i++) {
        try {
            *nothing = 1;
        } catch (const std::runtime_error &) {
            caught++;
        }
    }
    return caught;
}
