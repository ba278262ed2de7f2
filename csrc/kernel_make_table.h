// Fills the kernel table of one scalar type from the policies of one instruction set.
#pragma once
#include "kernel_csr.h"

namespace hbp {

// The kernel for groups of `lanes`. Complex types have fast ones for their default of 8 lanes only;
// other geometries are multiplied row by row.
template <class T, int lanes, template <class, int> class Simd, template <class> class ValuesOf>
constexpr typename KernelTable<T>::BlockKernel spmv_kernel() {
    using S = typename Simd<T, lanes>::type;
    if constexpr (ScalarTraits<T>::is_complex && lanes != 8) {
        return block_spmm<S, ValuesOf>;
    } else {
        return block_spmv<S, lanes / S::width, ValuesOf>;
    }
}

// Simd<T, lanes>::type is the policy for groups of `lanes`; its width divides lanes.
template <class T, template <class, int> class Simd>
constexpr KernelTable<T> make_kernel_table() {
    using S = typename Simd<T, 32>::type;
    return {{{spmv_kernel<T, 8, Simd, RawValues>(), spmv_kernel<T, 16, Simd, RawValues>(),
              spmv_kernel<T, 32, Simd, RawValues>()},
             {spmv_kernel<T, 8, Simd, ConstantValue>(), spmv_kernel<T, 16, Simd, ConstantValue>(),
              spmv_kernel<T, 32, Simd, ConstantValue>()}},
            {block_spmm<S, RawValues>, block_spmm<S, ConstantValue>},
            csr_product<S, int32_t>,
            csr_product<S, int64_t>};
}

}  // namespace hbp
