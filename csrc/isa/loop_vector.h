// A vector policy made of plain loops, for machines without one of their own.
#pragma once
#include <cstdint>

#include "../decimal.h"
#include "../scalar.h"
#include "../windows.h"

namespace hbp::portable {

template <class Scalar, int n>
struct LoopVector {
    using T = Scalar;
    static constexpr int width = n;
#ifndef __FP_FAST_FMA
    static constexpr bool slow_fma = true;  // a call of the C library
#endif
    struct Vector {
        T lane[n];
    };
    static HBP_INLINE Vector zero() { return Vector{}; }
    static HBP_INLINE Vector broadcast(T a) {
        Vector r;
        for (int i = 0; i < n; ++i) r.lane[i] = a;
        return r;
    }
    static HBP_INLINE Vector load(const T* from) {
        Vector r;
        for (int i = 0; i < n; ++i) r.lane[i] = from[i];
        return r;
    }
    static HBP_INLINE void store(T* to, const Vector& a) {
        for (int i = 0; i < n; ++i) to[i] = a.lane[i];
    }
    template <class Index>
    static HBP_INLINE Vector gather(const T* x, const Index* index) {
        Vector r;
        for (int i = 0; i < n; ++i) r.lane[i] = x[index[i]];
        return r;
    }
    template <int n_windows, class Index>
    static HBP_INLINE Vector pick(const T* x, const Index* pass, const uint8_t* code) {
        Vector r;
        for (int i = 0; i < n; ++i) r.lane[i] = x[window_column<T>(pass, code[i])];
        return r;
    }
    using Table = const T*;
    static HBP_INLINE Table load_table(const T* table) { return table; }
    static HBP_INLINE Vector look_up(Table table, const uint8_t* code) {
        return gather(table, code);
    }
    template <int>
    using Powers = const T*;
    template <int power_bits>
    static HBP_INLINE Vector decimals(Powers<0> power, const int16_t* code) {
        Vector r;
        for (int i = 0; i < n; ++i) r.lane[i] = decimal_value<power_bits>(code[i], power);
        return r;
    }
    template <int power_bits>
    static HBP_INLINE Vector first_decimals(Powers<0> power, const int16_t* code, int count) {
        Vector r{};
        for (int i = 0; i < count; ++i) r.lane[i] = decimal_value<power_bits>(code[i], power);
        return r;
    }
    static HBP_INLINE Vector load_first(const T* from, int count) {
        Vector r{};
        for (int i = 0; i < count; ++i) r.lane[i] = from[i];
        return r;
    }
    static HBP_INLINE void add_first(T* to, const T* from, const Vector& a, int count) {
        for (int i = 0; i < count; ++i) to[i] = hbp::add(from[i], a.lane[i]);
    }
    template <class Index>
    static HBP_INLINE Vector gather_first(const T* x, const Index* index, int count) {
        Vector r{};
        for (int i = 0; i < count; ++i) r.lane[i] = x[index[i]];
        return r;
    }
    static HBP_INLINE T reduce(Vector a) {
        for (int half = n / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; ++i) a.lane[i] = hbp::add(a.lane[i], a.lane[i + half]);
        }
        return a.lane[0];
    }
    static HBP_INLINE Vector fma(const Vector& a, const Vector& b, const Vector& c) {
        Vector r;
        for (int i = 0; i < n; ++i) r.lane[i] = fused_multiply_add(a.lane[i], b.lane[i], c.lane[i]);
        return r;
    }
    static HBP_INLINE Vector add(const Vector& a, const Vector& b) {
        Vector r;
        for (int i = 0; i < n; ++i) r.lane[i] = hbp::add(a.lane[i], b.lane[i]);
        return r;
    }
};

}  // namespace hbp::portable
