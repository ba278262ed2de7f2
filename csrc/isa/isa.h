// The instruction sets: which this CPU has, and the kernel table of each.
#pragma once
#include "../kernel_table.h"

namespace hbp {

template <class T>
using TableOf = const KernelTable<T>& (*)();

namespace portable {
template <class T>
const KernelTable<T>& kernels();
}  // namespace portable

#if defined(__x86_64__)
namespace avx2 {
bool available();
template <class T>
const KernelTable<T>& kernels();
}  // namespace avx2
namespace avx512 {
bool available();
// Whether the gather instruction beats single loads: true on Intel, false on AMD, where it is
// microcoded (Zen 5: 0.50 ns an element in L1 against 0.18 ns).
bool gather_is_fast();
template <class T>
const KernelTable<T>& kernels();
template <class T>
const KernelTable<T>& kernels_with_gather();  // real types only
}  // namespace avx512
#endif

}  // namespace hbp
