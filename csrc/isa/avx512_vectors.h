// Vector policies for AVX-512: eight doubles or sixteen floats a vector.
#pragma once

// gcc 12 warns of its own intrinsics' deliberately undefined merge source (gcc bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

#include "../kernel_make_table.h"
#include "isa.h"
#include "x86_complex.h"
#include "x86_loads.h"

namespace hbp::avx512 {

struct Isa {};

HBP_INLINE __m512i eight_indices(const uint16_t* index) {
    return _mm512_cvtepu16_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(index)));
}
HBP_INLINE __m512i eight_indices(const uint32_t* index) {
    return _mm512_cvtepu32_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(index)));
}
HBP_INLINE __m512i eight_indices(const int32_t* index) {
    return _mm512_cvtepi32_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(index)));
}
HBP_INLINE __m512i eight_indices(const int64_t* index) { return _mm512_loadu_si512(index); }

// Eight elements of x by single loads, each put in its lane under a mask. With x in L2 this takes
// 0.32 ns an element where pairs that are loaded and joined take 0.38 (Zen 5; the same in L1).
template <class Index>
HBP_INLINE __m512d load_eight(const double* x, const Index* index) {
    const Four a = x86::four_indices(index);
    const Four b = x86::four_indices(index + 4);
    __m256d low = _mm256_broadcast_sd(x + a.i[0]);
    low = _mm256_mask_broadcastsd_pd(low, 1 << 1, _mm_load_sd(x + a.i[1]));
    low = _mm256_mask_broadcastsd_pd(low, 1 << 2, _mm_load_sd(x + a.i[2]));
    low = _mm256_mask_broadcastsd_pd(low, 1 << 3, _mm_load_sd(x + a.i[3]));
    __m512d all = _mm512_castpd256_pd512(low);
    all = _mm512_mask_broadcastsd_pd(all, 1 << 4, _mm_load_sd(x + b.i[0]));
    all = _mm512_mask_broadcastsd_pd(all, 1 << 5, _mm_load_sd(x + b.i[1]));
    all = _mm512_mask_broadcastsd_pd(all, 1 << 6, _mm_load_sd(x + b.i[2]));
    return _mm512_mask_broadcastsd_pd(all, 1 << 7, _mm_load_sd(x + b.i[3]));
}

template <class Index>
HBP_INLINE __m256 load_eight(const float* x, const Index* index) {
    const Four a = x86::four_indices(index);
    const Four b = x86::four_indices(index + 4);
    __m128 low = _mm_broadcast_ss(x + a.i[0]);
    low = _mm_mask_broadcastss_ps(low, 1 << 1, _mm_load_ss(x + a.i[1]));
    low = _mm_mask_broadcastss_ps(low, 1 << 2, _mm_load_ss(x + a.i[2]));
    low = _mm_mask_broadcastss_ps(low, 1 << 3, _mm_load_ss(x + a.i[3]));
    __m256 all = _mm256_castps128_ps256(low);
    all = _mm256_mask_broadcastss_ps(all, 1 << 4, _mm_load_ss(x + b.i[0]));
    all = _mm256_mask_broadcastss_ps(all, 1 << 5, _mm_load_ss(x + b.i[1]));
    all = _mm256_mask_broadcastss_ps(all, 1 << 6, _mm_load_ss(x + b.i[2]));
    return _mm256_mask_broadcastss_ps(all, 1 << 7, _mm_load_ss(x + b.i[3]));
}

// Sixteen or 32 powers of ten. A code chooses its power by its lowest bits.
template <int power_bits>
struct PowerVectors {
    static constexpr int n = n_powers(power_bits) / 8;
    __m512d high[n], low[n];
    PowerVectors() = default;
    HBP_INLINE explicit PowerVectors(const double* power) {
        for (int i = 0; i < n; ++i) {
            high[i] = _mm512_loadu_pd(power + 8 * i);
            low[i] = _mm512_loadu_pd(power + 8 * (n + i));
        }
    }
    static HBP_INLINE __m512d choose(const __m512d (&from)[n], __m512i code) {
        const __m512d first_half = _mm512_permutex2var_pd(from[0], code, from[1]);
        if constexpr (n == 2) {
            return first_half;
        } else {
            const __mmask8 in_second_half = _mm512_test_epi64_mask(code, _mm512_set1_epi64(16));
            return _mm512_mask_mov_pd(first_half, in_second_half,
                                      _mm512_permutex2var_pd(from[2], code, from[3]));
        }
    }
    HBP_INLINE __m512d values(__m512i code) const {
        const __m512d mantissa = _mm512_cvtepi64_pd(_mm512_srai_epi64(code, power_bits));
        return _mm512_fmadd_pd(mantissa, choose(high, code),
                               _mm512_mul_pd(mantissa, choose(low, code)));
    }
};

HBP_INLINE __mmask8 first_lanes(int count) { return static_cast<__mmask8>((1u << count) - 1); }

template <bool hardware_gather>
struct F64x8 {
    using T = double;
    using Vector = __m512d;
    static constexpr int width = 8;
    static HBP_INLINE Vector zero() { return _mm512_setzero_pd(); }
    static HBP_INLINE Vector broadcast(double a) { return _mm512_set1_pd(a); }
    static HBP_INLINE Vector load(const double* from) { return _mm512_loadu_pd(from); }
    using Table = __m512d;
    static HBP_INLINE Table load_table(const double* table) { return _mm512_loadu_pd(table); }
    static HBP_INLINE Vector look_up(Table table, const uint8_t* code) {
        const __m128i codes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(code));
        return _mm512_permutexvar_pd(_mm512_cvtepu8_epi64(codes), table);
    }
    static constexpr bool fast_windows = true;
    template <int n_windows, class Index>
    static HBP_INLINE Vector pick(const double* x, const Index* pass, const uint8_t* code) {
        const __m128i codes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(code));
        static_assert(n_windows == 2);
        return _mm512_permutex2var_pd(load(x + pass[0]), _mm512_cvtepu8_epi64(codes),
                                      load(x + pass[1]));
    }
    static constexpr bool fast_decimals = true;
    template <int power_bits>
    using Powers = PowerVectors<power_bits>;
    template <int power_bits>
    static HBP_INLINE Vector decimals(const Powers<power_bits>& power, const int16_t* code) {
        return power.values(
            _mm512_cvtepi16_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(code))));
    }
    template <int power_bits>
    static HBP_INLINE Vector first_decimals(const Powers<power_bits>& power, const int16_t* code,
                                            int count) {
        return power.values(_mm512_cvtepi16_epi64(_mm_maskz_loadu_epi16(first_lanes(count), code)));
    }
    static HBP_INLINE Vector load_first(const double* from, int count) {
        return _mm512_maskz_loadu_pd(first_lanes(count), from);
    }
    static HBP_INLINE void add_first(double* to, const double* from, Vector a, int count) {
        _mm512_mask_storeu_pd(to, first_lanes(count), add(load_first(from, count), a));
    }
    template <class Index>
    static HBP_INLINE Vector gather_first(const double* x, const Index* index, int count) {
        return x86::gather_first<F64x8>(x, index, count);
    }
    static HBP_INLINE double reduce(Vector a) {
        return x86::reduce(_mm256_add_pd(_mm512_castpd512_pd256(a), _mm512_extractf64x4_pd(a, 1)));
    }
    static HBP_INLINE void store(double* to, Vector a) { _mm512_storeu_pd(to, a); }
    static HBP_INLINE Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_pd(a, b, c); }
    static HBP_INLINE Vector add(Vector a, Vector b) { return _mm512_add_pd(a, b); }
    template <class Index>
    static HBP_INLINE Vector gather(const double* x, const Index* index) {
        if constexpr (hardware_gather) {
            return _mm512_i64gather_pd(eight_indices(index), x, 8);
        } else {
            return load_eight(x, index);
        }
    }
};

template <bool hardware_gather>
struct F32x8 {
    using T = float;
    using Vector = __m256;
    static constexpr int width = 8;
    static HBP_INLINE Vector zero() { return _mm256_setzero_ps(); }
    static HBP_INLINE Vector broadcast(float a) { return _mm256_set1_ps(a); }
    static HBP_INLINE Vector load(const float* from) { return _mm256_loadu_ps(from); }
    using Table = __m256;
    static HBP_INLINE Table load_table(const float* table) { return _mm256_loadu_ps(table); }
    static HBP_INLINE Vector look_up(Table table, const uint8_t* code) {
        const __m128i codes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(code));
        return _mm256_permutevar8x32_ps(table, _mm256_cvtepu8_epi32(codes));
    }
    static HBP_INLINE Vector load_first(const float* from, int count) {
        return _mm256_maskz_loadu_ps(first_lanes(count), from);
    }
    static HBP_INLINE void add_first(float* to, const float* from, Vector a, int count) {
        _mm256_mask_storeu_ps(to, first_lanes(count), add(load_first(from, count), a));
    }
    template <class Index>
    static HBP_INLINE Vector gather_first(const float* x, const Index* index, int count) {
        return x86::gather_first<F32x8>(x, index, count);
    }
    static HBP_INLINE float reduce(Vector a) { return x86::reduce(a); }
    static HBP_INLINE void store(float* to, Vector a) { _mm256_storeu_ps(to, a); }
    static HBP_INLINE Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
    static HBP_INLINE Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
    template <class Index>
    static HBP_INLINE Vector gather(const float* x, const Index* index) {
        if constexpr (hardware_gather) {
            return _mm512_i64gather_ps(eight_indices(index), x, 4);
        } else {
            return load_eight(x, index);
        }
    }
};

template <bool hardware_gather>
struct F32x16 {
    using T = float;
    using Vector = __m512;
    static constexpr int width = 16;
    using Half = F32x8<hardware_gather>;
    static HBP_INLINE Vector zero() { return _mm512_setzero_ps(); }
    static HBP_INLINE Vector broadcast(float a) { return _mm512_set1_ps(a); }
    static HBP_INLINE Vector load(const float* from) { return _mm512_loadu_ps(from); }
    static constexpr bool fast_windows = true;
    template <int n_windows, class Index>
    static HBP_INLINE Vector pick(const float* x, const Index* pass, const uint8_t* code) {
        const __m128i codes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(code));
        const __m512i c = _mm512_cvtepu8_epi32(codes);
        const Vector two = _mm512_permutex2var_ps(load(x + pass[0]), c, load(x + pass[1]));
        if constexpr (n_windows == 2) {
            return two;
        } else {
            static_assert(n_windows == 3);
            const __mmask16 in_third = _mm512_test_epi32_mask(c, _mm512_set1_epi32(32));
            return _mm512_mask_permutexvar_ps(two, in_third, c, load(x + pass[2]));
        }
    }
    using Table = __m512;  // the eight values twice
    static HBP_INLINE Table load_table(const float* table) {
        return _mm512_broadcast_f32x8(_mm256_loadu_ps(table));
    }
    static HBP_INLINE Vector look_up(Table table, const uint8_t* code) {
        const __m128i codes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(code));
        return _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(codes), table);
    }
    static HBP_INLINE Vector load_first(const float* from, int count) {
        return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), from);
    }
    static HBP_INLINE void add_first(float* to, const float* from, Vector a, int count) {
        _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << count) - 1),
                              add(load_first(from, count), a));
    }
    template <class Index>
    static HBP_INLINE Vector gather_first(const float* x, const Index* index, int count) {
        return x86::gather_first<F32x16>(x, index, count);
    }
    static HBP_INLINE float reduce(Vector a) {
        return x86::reduce(_mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1)));
    }
    static HBP_INLINE void store(float* to, Vector a) { _mm512_storeu_ps(to, a); }
    static HBP_INLINE Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
    static HBP_INLINE Vector add(Vector a, Vector b) { return _mm512_add_ps(a, b); }
    template <class Index>
    static HBP_INLINE Vector gather(const float* x, const Index* index) {
        return _mm512_insertf32x8(_mm512_castps256_ps512(Half::gather(x, index)),
                                  Half::gather(x, index + 8), 1);
    }
    static HBP_INLINE Vector gather(const float* x, const uint16_t* index)
        requires hardware_gather
    {
        const __m512i i =
            _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(index)));
        return _mm512_i32gather_ps(i, x, 4);
    }
};

template <bool hardware_gather>
struct Policies {
    template <class T, int lanes>
    struct Simd;
    template <int lanes>
    struct Simd<double, lanes> {
        using type = F64x8<hardware_gather>;
    };
    template <int lanes>
    struct Simd<float, lanes> {
        using type = F32x16<hardware_gather>;
    };
    // A group of eight floats fills half a register.
    template <int lanes>
        requires(lanes == 8)
    struct Simd<float, lanes> {
        using type = F32x8<hardware_gather>;
    };
    template <int lanes>
    struct Simd<Complex<double>, lanes> {
        using type = x86::C128x2<Isa>;
    };
    template <int lanes>
    struct Simd<Complex<float>, lanes> {
        using type = x86::C64x4<Isa>;
    };
};

}  // namespace hbp::avx512
