// SPDX-License-Identifier: MIT
/* A library that is loaded later, in C++98. */
#include <crashhook.h>

extern "C" void say() {
    crashhook_breadcrumb(CRASHHOOK_INFO, "plugin", "loaded");
    crashhook_set_context("os", "color", "blue");
}
