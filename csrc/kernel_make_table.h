// Fills the kernel table of one scalar type from the policies of one instruction set.
#pragma once
#include <algorithm>
#include <type_traits>

#include "hbp_matrix.h"
#include "kernel_csr.h"

namespace hbp {

// Calls set.operator()<ValuesOf>(encoding) for every encoding of values of T.
template <class T, class Set>
constexpr void for_each_encoding(Set&& set) {
    set.template operator()<RawValues>(Encoding::raw);
    set.template operator()<ConstantValue>(Encoding::constant);
    set.template operator()<FewValues>(Encoding::few);
    if constexpr (std::is_same_v<T, double>) {
        set.template operator()<Decimal16Values>(Encoding::decimal_16);
        set.template operator()<Decimal32Values>(Encoding::decimal_32);
    }
}

// The kernels for several vectors. Simd<T, lanes>::type is the policy for groups of `lanes`; its
// width divides lanes.
template <class T, template <class, int> class Simd>
constexpr KernelTable<T> kernels_for_several_vectors() {
    using S = typename Simd<T, max_lanes>::type;
    KernelTable<T> table{};
    for_each_encoding<T>([&]<template <class> class ValuesOf>(Encoding encoding) {
        const size_t e = static_cast<size_t>(encoding);
        table.spmm[e] = block_spmm<S, ValuesOf, uint16_t>;
        if constexpr (!ValuesOf<S>::is_decimal) {
            table.wide_spmm[e] = block_spmm<S, ValuesOf, uint32_t>;
        }
    });
    return table;
}

// Sets of[n_lane_choices]. Complex types, blocks of codes and wide blocks have kernels of their own
// for the lanes that choose_layout chooses only; the others have that for several vectors.
template <class T, template <class, int> class Simd, template <class> class ValuesOf, class Index>
constexpr void set_vector_kernels(typename KernelTable<T>::BlockKernel for_several_vectors,
                                  typename KernelTable<T>::BlockKernel* of) {
    const auto set = [&]<int lanes>() {
        using S = typename Simd<T, lanes>::type;
        constexpr bool is_wide = sizeof(Index) == 4;
        constexpr bool is_chosen =
            lanes == default_lanes(sizeof(T)) || (lanes == tile_lanes && !is_wide);
        if constexpr (is_chosen ||
                      !(ScalarTraits<T>::is_complex || ValuesOf<S>::is_coded || is_wide)) {
            of[lane_choice(lanes)] = block_spmv<S, lanes / S::width, ValuesOf, Index>;
        } else {
            of[lane_choice(lanes)] = for_several_vectors;
        }
    };
    set.template operator()<8>();
    set.template operator()<16>();
    set.template operator()<32>();
}

// A table that has the kernels for several vectors with those for one. `cached`: whether there are
// kernels of their own for matrices that stay in a cache.
template <class T, template <class, int> class Simd, bool cached = false>
constexpr KernelTable<T> with_vector_kernels(KernelTable<T> table) {
    for_each_encoding<T>([&]<template <class> class ValuesOf>(Encoding encoding) {
        const size_t e = static_cast<size_t>(encoding);
        set_vector_kernels<T, Simd, ValuesOf, uint16_t>(table.spmm[e], table.spmv[e]);
        if constexpr (!ValuesOf<typename Simd<T, max_lanes>::type>::is_decimal) {
            set_vector_kernels<T, Simd, ValuesOf, uint32_t>(table.wide_spmm[e], table.wide_spmv[e]);
        }
    });
    std::copy_n(table.spmv[static_cast<size_t>(Encoding::raw)], n_lane_choices, table.cached_spmv);
    constexpr int lanes = default_lanes(sizeof(T));
    using S = typename Simd<T, lanes>::type;
    if constexpr (cached) {
        using OfTiles = typename Simd<T, tile_lanes>::type;
        table.cached_spmv[lane_choice(lanes)] =
            block_spmv<S, lanes / S::width, CachedValues, uint16_t>;
        table.cached_spmv[lane_choice(tile_lanes)] =
            block_spmv<OfTiles, tile_lanes / OfTiles::width, CachedValues, uint16_t>;
    }
    table.fast_decimals = requires { requires S::fast_decimals; };
    table.fast_windows = fast_windows<S>;
    table.prefers_eight = requires { requires S::prefers_eight; };
    table.csr32 = csr_product<typename Simd<T, max_lanes>::type, int32_t>;
    table.csr64 = csr_product<typename Simd<T, max_lanes>::type, int64_t>;
    return table;
}

template <class T, template <class, int> class Simd, bool cached = false>
constexpr KernelTable<T> make_kernel_table() {
    return with_vector_kernels<T, Simd, cached>(kernels_for_several_vectors<T, Simd>());
}

}  // namespace hbp
