// Vector policies for complex values in 256-bit registers, for AVX2 and AVX-512: two of doubles or
// four of floats, real and imaginary parts side by side.
#pragma once
#include <immintrin.h>

#include <cstdint>

#include "../scalar.h"
#include "x86_loads.h"

namespace hbp::x86 {

// Isa is a tag type of the instruction set's namespace; it keeps the copies compiled for different
// instruction sets apart.
template <class Isa>
struct C128x2 {
    using T = Complex<double>;
    using Vector = __m256d;
    static constexpr int width = 2;
    static HBP_INLINE Vector zero() { return _mm256_setzero_pd(); }
    static HBP_INLINE Vector broadcast(T a) { return _mm256_setr_pd(a.re, a.im, a.re, a.im); }
    static HBP_INLINE Vector load(const T* from) { return _mm256_loadu_pd(&from->re); }
    static HBP_INLINE void store(T* to, Vector a) { _mm256_storeu_pd(&to->re, a); }
    template <class Index>
    static HBP_INLINE Vector gather(const T* x, const Index* index) {
        const __m128d low = _mm_loadu_pd(&x[index[0]].re);
        return _mm256_insertf128_pd(_mm256_castpd128_pd256(low), _mm_loadu_pd(&x[index[1]].re), 1);
    }
    using Table = const T*;
    static HBP_INLINE Table load_table(const T* table) { return table; }
    static HBP_INLINE Vector look_up(Table table, const uint8_t* code) {
        return gather(table, code);
    }
    static HBP_INLINE Vector load_first(const T* from, int count) {
        return _mm256_maskload_pd(&from->re, first_64_bits(2 * count));
    }
    static HBP_INLINE Vector load_half(const T* from) {
        return _mm256_zextpd128_pd256(_mm_loadu_pd(&from->re));
    }
    static HBP_INLINE void add_first(T* to, const T* from, Vector a, int count) {
        x86::add_first(&to->re, &from->re, a, 2 * count);
    }
    template <class Index>
    static HBP_INLINE Vector gather_first(const T* x, const Index* index, int count) {
        return x86::gather_first<C128x2>(x, index, count);
    }
    static HBP_INLINE T reduce(Vector a) {
        alignas(16) T sum;
        _mm_store_pd(&sum.re, _mm_add_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd(a, 1)));
        return sum;
    }
    static HBP_INLINE Vector add(Vector a, Vector b) { return _mm256_add_pd(a, b); }
    struct Factor {
        Vector re, im;
    };
    static HBP_INLINE Factor factor(T a) { return {_mm256_set1_pd(a.re), _mm256_set1_pd(a.im)}; }
    // As in scalar.h: a's real parts times b, then its imaginary parts times (-im, re) of b.
    static HBP_INLINE Vector fma(Factor a, Vector b, Vector c) {
        const Vector negative_real = _mm256_setr_pd(-0.0, 0.0, -0.0, 0.0);
        const Vector turned = _mm256_xor_pd(_mm256_permute_pd(b, 0b0101), negative_real);
        return _mm256_fmadd_pd(a.im, turned, _mm256_fmadd_pd(a.re, b, c));
    }
    static HBP_INLINE Vector fma(Vector a, Vector b, Vector c) {
        return fma(Factor{_mm256_movedup_pd(a), _mm256_permute_pd(a, 0b1111)}, b, c);
    }
};

template <class Isa>
struct C64x4 {
    using T = Complex<float>;
    using Vector = __m256;
    static constexpr int width = 4;
    static HBP_INLINE Vector zero() { return _mm256_setzero_ps(); }
    static HBP_INLINE Vector broadcast(T a) {
        return _mm256_setr_ps(a.re, a.im, a.re, a.im, a.re, a.im, a.re, a.im);
    }
    static HBP_INLINE Vector load(const T* from) { return _mm256_loadu_ps(&from->re); }
    static HBP_INLINE void store(T* to, Vector a) { _mm256_storeu_ps(&to->re, a); }
    template <class Index>
    static HBP_INLINE Vector gather(const T* x, const Index* index) {
        const Four f = four_indices(index);
        return _mm256_insertf128_ps(_mm256_castps128_ps256(load_pairs(x + f.i[0], x + f.i[1])),
                                    load_pairs(x + f.i[2], x + f.i[3]), 1);
    }
    using Table = const T*;
    static HBP_INLINE Table load_table(const T* table) { return table; }
    static HBP_INLINE Vector look_up(Table table, const uint8_t* code) {
        return gather(table, code);
    }
    static HBP_INLINE Vector load_first(const T* from, int count) {
        return _mm256_maskload_ps(&from->re, first_32_bits(2 * count));
    }
    static HBP_INLINE Vector load_half(const T* from) {
        return _mm256_zextps128_ps256(_mm_loadu_ps(&from->re));
    }
    static HBP_INLINE void add_first(T* to, const T* from, Vector a, int count) {
        x86::add_first(&to->re, &from->re, a, 2 * count);
    }
    template <class Index>
    static HBP_INLINE Vector gather_first(const T* x, const Index* index, int count) {
        return x86::gather_first<C64x4>(x, index, count);
    }
    // Lanes added in halves: i and i + 2, then 0 and 1.
    static HBP_INLINE T reduce(Vector a) {
        const __m128 two = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
        alignas(16) T sum[2];
        _mm_store_ps(&sum[0].re, _mm_add_ps(two, _mm_movehl_ps(two, two)));
        return sum[0];
    }
    static HBP_INLINE Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
    struct Factor {
        Vector re, im;
    };
    static HBP_INLINE Factor factor(T a) { return {_mm256_set1_ps(a.re), _mm256_set1_ps(a.im)}; }
    // As in scalar.h: a's real parts times b, then its imaginary parts times (-im, re) of b.
    static HBP_INLINE Vector fma(Factor a, Vector b, Vector c) {
        const Vector negative_real =
            _mm256_setr_ps(-0.0f, 0.0f, -0.0f, 0.0f, -0.0f, 0.0f, -0.0f, 0.0f);
        const Vector turned = _mm256_xor_ps(_mm256_permute_ps(b, 0b10110001), negative_real);
        return _mm256_fmadd_ps(a.im, turned, _mm256_fmadd_ps(a.re, b, c));
    }
    static HBP_INLINE Vector fma(Vector a, Vector b, Vector c) {
        return fma(Factor{_mm256_moveldup_ps(a), _mm256_movehdup_ps(a)}, b, c);
    }
};

}  // namespace hbp::x86
