// Kernels in portable C++: any CPU, fused multiply-add by the compiler or the C library.
#include "../kernel_make_table.h"
#include "isa.h"
#include "loop_vector.h"

namespace hbp::portable {

template <class T, int lanes>
struct Simd {
    using type = LoopVector<T, 8>;
};

template <class T>
const KernelTable<T>& kernels() {
    static constexpr KernelTable<T> table = make_kernel_table<T, Simd>();
    return table;
}

template const KernelTable<float>& kernels<float>();
template const KernelTable<double>& kernels<double>();
template const KernelTable<Complex<float>>& kernels<Complex<float>>();
template const KernelTable<Complex<double>>& kernels<Complex<double>>();

}  // namespace hbp::portable
