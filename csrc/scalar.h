// The scalar types of a matrix: the fused multiply-add that fixes their rounding everywhere.
#pragma once
#include <cmath>

#ifdef __CUDACC__
#define HBP_INLINE __device__ __forceinline__
#else
#define HBP_INLINE inline __attribute__((always_inline))
#endif
// For kernel parts that several kernels share: inlining them everywhere triples the code.
#define HBP_SHARED __attribute__((noinline))

namespace hbp {

// Plain pair instead of std::complex: its product must be ours (fused), and none of its
// functions may be emitted out of line from a file compiled for one instruction set.
template <class R>
struct Complex {
    R re, im;
};

template <class T>
struct ScalarTraits {
    using Real = T;
    static constexpr bool is_complex = false;
};
template <class R>
struct ScalarTraits<Complex<R>> {
    using Real = R;
    static constexpr bool is_complex = true;
};

HBP_INLINE float fused_multiply_add(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
HBP_INLINE double fused_multiply_add(double a, double b, double c) {
    return __builtin_fma(a, b, c);
}
template <class R>
HBP_INLINE Complex<R> fused_multiply_add(Complex<R> a, Complex<R> b, Complex<R> c) {
    return {fused_multiply_add(-a.im, b.im, fused_multiply_add(a.re, b.re, c.re)),
            fused_multiply_add(a.im, b.re, fused_multiply_add(a.re, b.im, c.im))};
}

HBP_INLINE float add(float a, float b) { return a + b; }
HBP_INLINE double add(double a, double b) { return a + b; }
template <class R>
HBP_INLINE Complex<R> add(Complex<R> a, Complex<R> b) {
    return {a.re + b.re, a.im + b.im};
}

HBP_INLINE float multiply(float a, float b) { return a * b; }
HBP_INLINE double multiply(double a, double b) { return a * b; }
template <class R>
HBP_INLINE Complex<R> multiply(Complex<R> a, Complex<R> b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

HBP_INLINE bool is_zero(float a) { return a == 0; }
HBP_INLINE bool is_zero(double a) { return a == 0; }
template <class R>
HBP_INLINE bool is_zero(Complex<R> a) {
    return a.re == 0 && a.im == 0;
}

HBP_INLINE bool is_one(float a) { return a == 1; }
HBP_INLINE bool is_one(double a) { return a == 1; }
template <class R>
HBP_INLINE bool is_one(Complex<R> a) {
    return a.re == 1 && a.im == 0;
}

}  // namespace hbp
