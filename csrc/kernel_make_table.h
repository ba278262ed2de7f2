// Fills the kernel table of one scalar type from the policies of one instruction set.
#pragma once
#include <algorithm>
#include <type_traits>

#include "hbp_matrix.h"
#include "kernel_csr.h"

namespace hbp {

// The kernel for groups of `lanes`. Complex types, blocks of codes and wide blocks have fast
// ones for the lanes that choose_layout chooses only; other geometries are multiplied row by row.
template <class T, int lanes, template <class, int> class Simd, template <class> class ValuesOf,
          class Index>
constexpr typename KernelTable<T>::BlockKernel spmv_kernel() {
    using S = typename Simd<T, lanes>::type;
    constexpr bool is_chosen =
        lanes == default_lanes(sizeof(T)) || (lanes == tile_lanes && sizeof(Index) == 2);
    constexpr bool is_wide = sizeof(Index) == 4;
    if constexpr (!is_chosen && (ScalarTraits<T>::is_complex || ValuesOf<S>::is_coded || is_wide)) {
        return block_spmm<S, ValuesOf, Index>;
    } else {
        return block_spmv<S, lanes / S::width, ValuesOf, Index>;
    }
}

// Simd<T, lanes>::type is the policy for groups of `lanes`; its width divides lanes. `cached`:
// whether there are kernels of their own for matrices that stay in a cache.
template <class T, template <class, int> class Simd, bool cached = false>
constexpr KernelTable<T> make_kernel_table() {
    using S = typename Simd<T, 32>::type;
    KernelTable<T> table{};
    const auto fill = [&]<template <class> class ValuesOf>(Encoding encoding) {
        const size_t e = static_cast<size_t>(encoding);
        table.spmv[e][0] = spmv_kernel<T, 8, Simd, ValuesOf, uint16_t>();
        table.spmv[e][1] = spmv_kernel<T, 16, Simd, ValuesOf, uint16_t>();
        table.spmv[e][2] = spmv_kernel<T, 32, Simd, ValuesOf, uint16_t>();
        table.spmm[e] = block_spmm<S, ValuesOf, uint16_t>;
    };
    const auto fill_wide = [&]<template <class> class ValuesOf>(Encoding encoding) {
        const size_t e = static_cast<size_t>(encoding);
        table.wide_spmv[e][0] = spmv_kernel<T, 8, Simd, ValuesOf, uint32_t>();
        table.wide_spmv[e][1] = spmv_kernel<T, 16, Simd, ValuesOf, uint32_t>();
        table.wide_spmv[e][2] = spmv_kernel<T, 32, Simd, ValuesOf, uint32_t>();
        table.wide_spmm[e] = block_spmm<S, ValuesOf, uint32_t>;
    };
    fill.template operator()<RawValues>(Encoding::raw);
    fill.template operator()<ConstantValue>(Encoding::constant);
    fill.template operator()<FewValues>(Encoding::few);
    fill_wide.template operator()<RawValues>(Encoding::raw);
    fill_wide.template operator()<ConstantValue>(Encoding::constant);
    fill_wide.template operator()<FewValues>(Encoding::few);
    if constexpr (std::is_same_v<T, double>) {
        fill.template operator()<Decimal16Values>(Encoding::decimal_16);
        fill.template operator()<Decimal32Values>(Encoding::decimal_32);
    }
    std::copy_n(table.spmv[static_cast<size_t>(Encoding::raw)], n_lane_choices, table.cached_spmv);
    if constexpr (cached) {
        constexpr int lanes = default_lanes(sizeof(T));
        table.cached_spmv[lane_choice(lanes)] =
            spmv_kernel<T, lanes, Simd, CachedValues, uint16_t>();
        table.cached_spmv[lane_choice(tile_lanes)] =
            spmv_kernel<T, tile_lanes, Simd, CachedValues, uint16_t>();
    }
    table.fast_decimals = requires { requires S::fast_decimals; };
    table.fast_windows = fast_windows<typename Simd<T, default_lanes(sizeof(T))>::type>;
    table.prefers_eight =
        requires { requires Simd<T, default_lanes(sizeof(T))>::type::prefers_eight; };
    table.csr32 = csr_product<S, int32_t>;
    table.csr64 = csr_product<S, int64_t>;
    return table;
}

}  // namespace hbp
