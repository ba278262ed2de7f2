// The hint to the CPU that a thread waits in a loop.
#pragma once

namespace hbp {

inline void relax() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

}  // namespace hbp
