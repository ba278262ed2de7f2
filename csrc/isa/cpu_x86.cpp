// What this x86-64 CPU can do. Compiled without instruction set flags, so it runs anywhere.
#if defined(__x86_64__)
#include "isa.h"

namespace hbp {

bool avx2::available() {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi2");
}

bool avx512::available() {
    return avx2::available() && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

bool avx512::gather_is_fast() { return __builtin_cpu_is("intel"); }

}  // namespace hbp
#endif
