// Fills the kernel table of one scalar type from the policies of one instruction set.
#pragma once
#include "kernel_csr.h"

namespace hbp {

// Simd<T, lanes>::type is the policy for groups of `lanes`; its width divides lanes.
template <class T, template <class, int> class Simd>
constexpr KernelTable<T> make_kernel_table() {
    using S8 = typename Simd<T, 8>::type;
    using S16 = typename Simd<T, 16>::type;
    using S32 = typename Simd<T, 32>::type;
    return {{{block_spmv<S8, 8 / S8::width, RawValues>, block_spmv<S16, 16 / S16::width, RawValues>,
              block_spmv<S32, 32 / S32::width, RawValues>},
             {block_spmv<S8, 8 / S8::width, ConstantValue>,
              block_spmv<S16, 16 / S16::width, ConstantValue>,
              block_spmv<S32, 32 / S32::width, ConstantValue>}},
            {block_spmm<S32, RawValues>, block_spmm<S32, ConstantValue>},
            csr_product<S32, int32_t>,
            csr_product<S32, int64_t>};
}

}  // namespace hbp
