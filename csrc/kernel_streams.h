// The streams of a block as the kernels read them: its columns, and its values in each encoding.
#pragma once
#include <cstddef>
#include <cstdint>

#include "decimal.h"
#include "kernel_table.h"
#include "scalar.h"
#include "tuning.h"

namespace hbp {

// Index: uint16_t, or uint32_t in wide blocks.
template <class Index>
struct ColumnStream {
    const Index* at;
    ptrdiff_t ahead;  // bytes to what is prefetched
    HBP_INLINE void prefetch() const {
        __builtin_prefetch(reinterpret_cast<const char*>(at) + ahead);
    }
};

// The value stream of an Encoding::raw block.
template <class Simd>
struct RawValues {
    static constexpr bool is_coded = false;
    static constexpr bool is_decimal = false;
    using T = typename Simd::T;
    using Vector = typename Simd::Vector;
    const T* at;
    ptrdiff_t ahead;
    RawValues() = default;
    HBP_INLINE explicit RawValues(const BlockArgs<T>& b) : at(b.value), ahead(b.value_ahead) {}
    HBP_INLINE Vector vector(int offset) const { return Simd::load(at + offset); }
    // The first n values of a vector, then zeros.
    HBP_INLINE Vector first(int offset, int n) const { return Simd::load_first(at + offset, n); }
    HBP_INLINE T scalar(int64_t offset) const { return at[offset]; }
    HBP_INLINE void advance(int64_t n) { at += n; }
    // Tiles look ahead by a constant: a distance in a register cost qcd_wilson_8x8 5 %.
    template <int height>
    HBP_INLINE void prefetch(int offset) const {
        const ptrdiff_t bytes = height == 1 ? ahead : ptrdiff_t{tuning::far_values};
        __builtin_prefetch(reinterpret_cast<const char*>(at + offset) + bytes);
    }
};

// The same of a matrix that stays in a cache, where a prefetch costs a load slot and brings
// nothing: measured with single loads of x (AVX-512 on Zen 5, AVX2 on Zen 3), so only those kernels
// have it.
template <class Simd>
struct CachedValues : RawValues<Simd> {
    using RawValues<Simd>::RawValues;
    template <int height>
    HBP_INLINE void prefetch(int) const {}
};

// The one value of an Encoding::constant block.
template <class Simd>
struct ConstantValue {
    static constexpr bool is_coded = false;
    static constexpr bool is_decimal = false;
    using T = typename Simd::T;
    using Vector = typename Simd::Vector;
    T constant;
    Vector all;
    ConstantValue() = default;
    HBP_INLINE explicit ConstantValue(const BlockArgs<T>& b)
        : constant(b.constant), all(Simd::broadcast(b.constant)) {}
    HBP_INLINE Vector vector(int) const { return all; }
    HBP_INLINE Vector first(int, int n) const {
        alignas(64) T some[Simd::width] = {};
        for (int i = 0; i < n; ++i) {
            some[i] = constant;
        }
        return Simd::load(some);
    }
    HBP_INLINE T scalar(int64_t) const { return constant; }
    HBP_INLINE void advance(int64_t) {}
    template <int height>
    HBP_INLINE void prefetch(int) const {}
};

// The value stream of an Encoding::few block: bytes that choose from a table.
template <class Simd>
struct FewValues {
    static constexpr bool is_coded = true;
    static constexpr bool is_decimal = false;
    using T = typename Simd::T;
    using Vector = typename Simd::Vector;
    const uint8_t* at;
    const T* table;
    typename Simd::Table table_vector;
    FewValues() = default;
    HBP_INLINE explicit FewValues(const BlockArgs<T>& b)
        : at(reinterpret_cast<const uint8_t*>(b.value)),
          table(b.table),
          table_vector(Simd::load_table(b.table)) {}
    HBP_INLINE Vector vector(int offset) const { return Simd::look_up(table_vector, at + offset); }
    HBP_INLINE Vector first(int offset, int n) const {
        alignas(64) T some[Simd::width] = {};
        for (int i = 0; i < n; ++i) {
            some[i] = table[at[offset + i]];
        }
        return Simd::load(some);
    }
    HBP_INLINE T scalar(int64_t offset) const { return table[at[offset]]; }
    HBP_INLINE void advance(int64_t n) { at += n; }
    template <int height>
    HBP_INLINE void prefetch(int) const {}
};

// The value stream of an Encoding::decimal_16 or decimal_32 block.
template <class Simd, int power_bits>
struct DecimalValues {
    static constexpr bool is_coded = true;
    static constexpr bool is_decimal = true;
    using T = typename Simd::T;
    using Vector = typename Simd::Vector;
    const int16_t* at;
    const T* power;
    typename Simd::template Powers<power_bits> power_vectors;
    DecimalValues() = default;
    HBP_INLINE explicit DecimalValues(const BlockArgs<T>& b)
        : at(reinterpret_cast<const int16_t*>(b.value)), power(b.table), power_vectors(b.table) {}
    HBP_INLINE Vector vector(int offset) const {
        return Simd::template decimals<power_bits>(power_vectors, at + offset);
    }
    HBP_INLINE Vector first(int offset, int n) const {
        return Simd::template first_decimals<power_bits>(power_vectors, at + offset, n);
    }
    HBP_INLINE T scalar(int64_t offset) const {
        return decimal_value<power_bits>(at[offset], power);
    }
    HBP_INLINE void advance(int64_t n) { at += n; }
    // Once a pass: without it ccx_gears_C3D8 and ccx_Ex3_1_C3D10 took 1.15 and 1.12 times as long,
    // bal_16_22106_JtJ 0.95.
    template <int>
    HBP_INLINE void prefetch(int offset) const {
        if (offset == 0) {
            __builtin_prefetch(reinterpret_cast<const char*>(at) + tuning::far_values);
        }
    }
};
template <class Simd>
using Decimal16Values = DecimalValues<Simd, decimal_16_bits>;
template <class Simd>
using Decimal32Values = DecimalValues<Simd, decimal_32_bits>;

}  // namespace hbp
