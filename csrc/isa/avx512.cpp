// Kernels for AVX-512 that load the elements of x one by one.
#include "avx512_vectors.h"

namespace hbp::avx512 {

template <class T>
const KernelTable<T>& kernels() {
    static constexpr KernelTable<T> table = make_kernel_table<T, Policies<false>::Simd, true>();
    return table;
}

template const KernelTable<float>& kernels<float>();
template const KernelTable<double>& kernels<double>();
template const KernelTable<Complex<float>>& kernels<Complex<float>>();
template const KernelTable<Complex<double>>& kernels<Complex<double>>();

}  // namespace hbp::avx512
