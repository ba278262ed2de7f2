// Puts rows of one length side by side: the transposition that fills a group's streams.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace hbp {
namespace interleaving {

// A vector of 16 bytes of unsigned integers with the size of an element: all that is done with
// elements is to move them. Every x86-64 and aarch64 has these, so they need no ISA file.
template <size_t element_size>
struct VectorOf;
template <>
struct VectorOf<2> {
    typedef uint16_t Type __attribute__((vector_size(16)));
};
template <>
struct VectorOf<4> {
    typedef uint32_t Type __attribute__((vector_size(16)));
};
template <>
struct VectorOf<8> {
    typedef uint64_t Type __attribute__((vector_size(16)));
};
using Vector2 = VectorOf<2>::Type;
using Vector4 = VectorOf<4>::Type;
using Vector8 = VectorOf<8>::Type;

// a0 b0 a1 b1 ...: the first halves of both, and the second halves.
inline Vector2 zip_low(Vector2 a, Vector2 b) {
    return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
inline Vector2 zip_high(Vector2 a, Vector2 b) {
    return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
inline Vector4 zip_low(Vector4 a, Vector4 b) { return __builtin_shufflevector(a, b, 0, 4, 1, 5); }
inline Vector4 zip_high(Vector4 a, Vector4 b) { return __builtin_shufflevector(a, b, 2, 6, 3, 7); }
inline Vector8 zip_low(Vector8 a, Vector8 b) { return __builtin_shufflevector(a, b, 0, 2); }
inline Vector8 zip_high(Vector8 a, Vector8 b) { return __builtin_shufflevector(a, b, 1, 3); }

// Transposes a square: zipping row i with row i + width / 2 moves every element half of its way
// in the order of its bits, so log2(width) times do it.
template <int width, class Vector>
inline void transpose(Vector (&row)[width]) {
    for (int stage = 1; stage < width; stage *= 2) {
        Vector zipped[width];
        for (int i = 0; i < width / 2; ++i) {
            zipped[2 * i] = zip_low(row[i], row[i + width / 2]);
            zipped[2 * i + 1] = zip_high(row[i], row[i + width / 2]);
        }
        for (int i = 0; i < width; ++i) {
            row[i] = zipped[i];
        }
    }
}

// `width` rows of U; returns how many elements of each were put.
template <class U, bool may_read_on>
inline uint32_t put_squares(const U* const* row, uint32_t n, U* to, size_t stride) {
    using Vector = typename VectorOf<sizeof(U)>::Type;
    constexpr uint32_t width = 16 / sizeof(U);
    Vector square[width];
    uint32_t k = 0;
    for (; k + width <= n; k += width) {
        for (uint32_t i = 0; i < width; ++i) {
            std::memcpy(&square[i], row[i] + k, sizeof(Vector));
        }
        transpose<width>(square);
        for (uint32_t i = 0; i < width; ++i) {
            std::memcpy(to + (k + i) * stride, &square[i], sizeof(Vector));
        }
    }
    if (may_read_on && k < n) {
        for (uint32_t i = 0; i < width; ++i) {
            std::memcpy(&square[i], row[i] + k, sizeof(Vector));
        }
        transpose<width>(square);
        for (uint32_t i = 0; k < n; ++i, ++k) {
            std::memcpy(to + k * stride, &square[i], sizeof(Vector));
        }
    }
    return k;
}

}  // namespace interleaving

// to[k * stride + i] = row[i][k] for all i < n_rows, k < n. With may_read_on 16 bytes more than its
// n elements can be read of each row.
template <bool may_read_on = false, class U>
void interleave(const U* const* row, uint32_t n_rows, uint32_t n, U* to, size_t stride) {
    uint32_t i = 0;
    if constexpr (sizeof(U) <= 8) {
        constexpr uint32_t width = 16 / sizeof(U);
        for (; i + width <= n_rows; i += width) {
            const uint32_t put =
                interleaving::put_squares<U, may_read_on>(row + i, n, to + i, stride);
            for (uint32_t r = i; r < i + width; ++r) {
                for (uint32_t k = put; k < n; ++k) {
                    to[k * stride + r] = row[r][k];
                }
            }
        }
    }
    for (; i < n_rows; ++i) {
        for (uint32_t k = 0; k < n; ++k) {
            to[k * stride + i] = row[i][k];
        }
    }
}

}  // namespace hbp
