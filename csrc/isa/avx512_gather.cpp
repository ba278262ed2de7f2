// Kernels for AVX-512 that load elements of x by the gather instruction.
#include "avx512_vectors.h"

namespace hbp::avx512 {

template <class T>
const KernelTable<T>& kernels_with_gather() {
    // Products with several vectors load whole rows of X: nothing to gather.
    static const KernelTable<T> table = with_vector_kernels<T, Policies<true>::Simd>(kernels<T>());
    return table;
}

template const KernelTable<float>& kernels_with_gather<float>();
template const KernelTable<double>& kernels_with_gather<double>();

}  // namespace hbp::avx512
