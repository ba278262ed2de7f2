// Kernels for AVX2 with FMA: four doubles or eight floats a vector.
#include "../kernel_make_table.h"
#include "isa.h"
#include "x86_complex.h"
#include "x86_loads.h"

namespace hbp::avx2 {

struct Isa {};

struct F64x4 {
    using T = double;
    using Vector = __m256d;
    static constexpr int width = 4;
    template <int n_windows, class Index>
    static HBP_INLINE Vector pick(const double* x, const Index* pass, const uint8_t* code) {
        return x86::pick<F64x4>(x, pass, code);
    }
    static HBP_INLINE Vector zero() { return _mm256_setzero_pd(); }
    static HBP_INLINE Vector broadcast(double a) { return _mm256_set1_pd(a); }
    using Table = x86::SplitTable;
    static HBP_INLINE Table load_table(const double* table) { return Table(table); }
    static HBP_INLINE Vector look_up(const Table& table, const uint8_t* code) {
        return table.four(code);
    }
    template <int>
    using Powers = const double*;
    template <int power_bits>
    static HBP_INLINE Vector decimals(const double* power, const int16_t* code) {
        return x86::decimals<power_bits, F64x4>(power, code);
    }
    template <int power_bits>
    static HBP_INLINE Vector first_decimals(const double* power, const int16_t* code, int count) {
        return x86::decimals<power_bits, F64x4>(power, code, count);
    }
    static HBP_INLINE Vector load_first(const double* from, int count) {
        return _mm256_maskload_pd(from, x86::first_64_bits(count));
    }
    static HBP_INLINE Vector load_half(const double* from) {
        return _mm256_zextpd128_pd256(_mm_loadu_pd(from));
    }
    template <int columns, class Index>
        requires(columns == 2 || columns == 4)
    static HBP_INLINE Vector gather_rows(const double* x, const Index* index) {
        return x86::gather_rows<columns>(x, index);
    }
    template <int columns>
    static HBP_INLINE Vector repeat_each(const double* value) {
        return x86::repeat_each<columns>(value);
    }
    static HBP_INLINE void add_first(double* to, const double* from, Vector a, int count) {
        x86::add_first(to, from, a, count);
    }
    template <class Index>
    static HBP_INLINE Vector gather_first(const double* x, const Index* index, int count) {
        return x86::gather_first<F64x4>(x, index, count);
    }
    static HBP_INLINE double reduce(Vector a) { return x86::reduce(a); }
    static HBP_INLINE Vector load(const double* from) { return _mm256_loadu_pd(from); }
    static HBP_INLINE void store(double* to, Vector a) { _mm256_storeu_pd(to, a); }
    static HBP_INLINE Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_pd(a, b, c); }
    static HBP_INLINE Vector add(Vector a, Vector b) { return _mm256_add_pd(a, b); }
    template <class Index>
    static HBP_INLINE Vector gather(const double* x, const Index* index) {
        return x86::load_four(x, index);
    }
};

struct F32x8 {
    using T = float;
    using Vector = __m256;
    static constexpr int width = 8;
    static constexpr bool prefers_eight = true;
    template <int n_windows, class Index>
    static HBP_INLINE Vector pick(const float* x, const Index* pass, const uint8_t* code) {
        return x86::pick<F32x8>(x, pass, code);
    }
    static HBP_INLINE Vector zero() { return _mm256_setzero_ps(); }
    static HBP_INLINE Vector broadcast(float a) { return _mm256_set1_ps(a); }
    using Table = __m256;
    static HBP_INLINE Table load_table(const float* table) { return _mm256_loadu_ps(table); }
    static HBP_INLINE Vector look_up(Table table, const uint8_t* code) {
        const __m128i codes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(code));
        return _mm256_permutevar8x32_ps(table, _mm256_cvtepu8_epi32(codes));
    }
    static HBP_INLINE Vector load_first(const float* from, int count) {
        return _mm256_maskload_ps(from, x86::first_32_bits(count));
    }
    static HBP_INLINE Vector load_half(const float* from) {
        return _mm256_zextps128_ps256(_mm_loadu_ps(from));
    }
    static HBP_INLINE Vector load_quarter(const float* from) {
        return _mm256_zextps128_ps256(x86::load_pair(from));
    }
    template <int columns, class Index>
        requires(columns == 2 || columns == 4 || columns == 8)
    static HBP_INLINE Vector gather_rows(const float* x, const Index* index) {
        return x86::gather_rows<columns>(x, index);
    }
    template <int columns>
    static HBP_INLINE Vector repeat_each(const float* value) {
        return x86::repeat_each<columns>(value);
    }
    static HBP_INLINE void add_first(float* to, const float* from, Vector a, int count) {
        x86::add_first(to, from, a, count);
    }
    template <class Index>
    static HBP_INLINE Vector gather_first(const float* x, const Index* index, int count) {
        return x86::gather_first<F32x8>(x, index, count);
    }
    static HBP_INLINE float reduce(Vector a) { return x86::reduce(a); }
    static HBP_INLINE Vector load(const float* from) { return _mm256_loadu_ps(from); }
    static HBP_INLINE void store(float* to, Vector a) { _mm256_storeu_ps(to, a); }
    static HBP_INLINE Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
    static HBP_INLINE Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
    template <class Index>
    static HBP_INLINE Vector gather(const float* x, const Index* index) {
        return _mm256_insertf128_ps(_mm256_castps128_ps256(x86::load_four(x, index)),
                                    x86::load_four(x, index + 4), 1);
    }
};

template <class T, int lanes>
struct Simd;
template <int lanes>
struct Simd<double, lanes> {
    using type = F64x4;
};
template <int lanes>
struct Simd<float, lanes> {
    using type = F32x8;
};
template <int lanes>
struct Simd<Complex<double>, lanes> {
    using type = x86::C128x2<Isa>;
};
template <int lanes>
struct Simd<Complex<float>, lanes> {
    using type = x86::C64x4<Isa>;
};

template <class T>
const KernelTable<T>& kernels() {
    static constexpr KernelTable<T> table = make_kernel_table<T, Simd, true>();
    return table;
}

template const KernelTable<float>& kernels<float>();
template const KernelTable<double>& kernels<double>();
template const KernelTable<Complex<float>>& kernels<Complex<float>>();
template const KernelTable<Complex<double>>& kernels<Complex<double>>();

}  // namespace hbp::avx2
