// Kernels for AVX-512 that load elements of x by the gather instruction.
#include "avx512_vectors.h"

namespace hbp::avx512 {

template <class T>
const KernelTable<T>& kernels_with_gather() {
    static constexpr KernelTable<T> table = make_kernel_table<T, Policies<true>::Simd>();
    return table;
}

template const KernelTable<float>& kernels_with_gather<float>();
template const KernelTable<double>& kernels_with_gather<double>();

}  // namespace hbp::avx512
