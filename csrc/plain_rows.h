// Rows of a block whose values and columns are plain, as products with several vectors read them.
#pragma once
#include <cstdint>
#include <utility>

#include "scalar.h"

namespace hbp {

// Calls of(i) for i = 0 .. n - 1, each a constant: what it indexes stays in registers.
template <int n, class F>
HBP_INLINE void unrolled(F&& of) {
    [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
        (of(std::integral_constant<int, i>()), ...);
    }(std::make_integer_sequence<int, n>());
}

// n entries of each of some rows: the k-th of row r has its value at value[k * value_stride + r],
// its column at column[k * column_stride + r].
template <class T, class Index>
struct PlainRows {
    int64_t n;
    const T* value;
    int64_t value_stride;
    const Index* column;
    int64_t column_stride;
    // Those of the rows from the i-th on, with the values so much further on.
    HBP_INLINE PlainRows at(uint32_t i, int64_t values) const {
        return {n, value + i + values, value_stride, column + i, column_stride};
    }
};

// Slots of equal length in groups that follow each other: those of the first group have `first`.
// A slot's rows have the same columns and values that are each next_row behind those of the one
// before.
template <class T, class Index>
struct PlainGroups {
    PlainRows<T, Index> first;
    uint32_t n_groups;
    uint32_t n_slots;
    int64_t next_row;
    // Calls of(rows, i, at) for every `slots` slots of n groups from the begin-th on: `rows` are
    // their group's, i is the first one's place there, `at` its place among all.
    template <int slots, class F>
    HBP_INLINE void for_each(uint32_t begin, uint32_t n, F&& of) const {
        PlainRows<T, Index> rows = first;
        rows.value += begin * rows.n * rows.value_stride;
        rows.column += begin * rows.n * rows.column_stride;
        for (uint32_t g = begin; g < begin + n; ++g) {
            for (uint32_t i = 0; i < n_slots; i += slots) {
                of(rows, i, g * n_slots + i);
            }
            rows.value += rows.n * rows.value_stride;
            rows.column += rows.n * rows.column_stride;
        }
    }
};

// Rows of Y, row-major: the r-th is number[r] + step. What they hold counts as 0 if `untouched`.
template <class T>
struct RowsOfY {
    T* y;
    const uint16_t* number;
    uint32_t step;
    bool untouched;
    HBP_INLINE T* operator()(int r, int64_t n_vectors) const {
        return y + static_cast<int64_t>(number[r] + step) * n_vectors;
    }
};

// What the rows of a group have after their common elements: row i's n[i] are from first[i] on.
template <class T, class Index>
struct Tails {
    const uint32_t* n;
    const int64_t* first;
    const T* value;
    const Index* column;
    // Those of the rows from the i-th on.
    HBP_INLINE Tails at(uint32_t i) const { return {n + i, first + i, value, column}; }
};

}  // namespace hbp
