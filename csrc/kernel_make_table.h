// Fills the kernel table of one scalar type from the policies of one instruction set.
#pragma once
#include <type_traits>

#include "kernel_csr.h"

namespace hbp {

// The kernel for groups of `lanes`. Complex types, and blocks of few values, have fast ones for the
// default lanes only; other geometries are multiplied row by row.
template <class T, int lanes, template <class, int> class Simd, template <class> class ValuesOf>
constexpr typename KernelTable<T>::BlockKernel spmv_kernel() {
    using S = typename Simd<T, lanes>::type;
    constexpr bool is_default = lanes == (sizeof(T) == 4 ? 16 : 8);
    constexpr bool is_few = std::is_same_v<ValuesOf<S>, FewValues<S>>;
    if constexpr (!is_default && (ScalarTraits<T>::is_complex || is_few)) {
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
              spmv_kernel<T, 32, Simd, ConstantValue>()},
             {spmv_kernel<T, 8, Simd, FewValues>(), spmv_kernel<T, 16, Simd, FewValues>(),
              spmv_kernel<T, 32, Simd, FewValues>()}},
            {block_spmm<S, RawValues>, block_spmm<S, ConstantValue>, block_spmm<S, FewValues>},
            csr_product<S, int32_t>,
            csr_product<S, int64_t>};
}

}  // namespace hbp
