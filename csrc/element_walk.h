// The correspondence between the elements of a row block and their places in CSR.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "hbp_matrix.h"
#include "row_pieces.h"

namespace hbp {

// for_each_row for one block of a matrix.
template <class T, class F>
void for_each_block_row(const HbpView<T>& v, const Block<T>& b, F&& row) {
    const auto walk = [&]<class Index>(Index) {
        for_each_row<Index>(v.run + b.first_run, b.n_runs, static_cast<uint32_t>(v.lanes),
                            v.slot_row + b.first_slot, v.slot_length + b.first_length, row);
    };
    is_wide(v.block_cols) ? walk(uint32_t{}) : walk(uint16_t{});
}

// The column within the block of the k-th element of a piece.
template <class T>
int64_t column_of(const HbpView<T>& v, const Block<T>& b, const RowPiece& p, int64_t k) {
    return is_wide(v.block_cols)
               ? column_of<T>(reinterpret_cast<const uint32_t*>(v.column) + b.first_column, p, k)
               : column_of<T>(v.column + b.first_column, p, k);
}

// Number of entries of each row of a row block, row_length[rows of the row block].
template <class T>
void row_lengths(const HbpView<T>& v, int64_t rb, std::vector<int64_t>& row_length) {
    row_length.assign(static_cast<size_t>(v.row_block_ptr[rb + 1] - v.row_block_ptr[rb]), 0);
    for (int64_t bi = v.block_ptr[rb]; bi < v.block_ptr[rb + 1]; ++bi) {
        for_each_block_row(v, v.block[bi],
                           [&](uint32_t r, const RowPiece& common, const RowPiece& tail, bool) {
                               row_length[r] += common.n + tail.n;
                           });
    }
}

// First entry in CSR of a row block that is not empty: its elements lie where its entries lay.
template <class T>
int64_t first_entry(const HbpView<T>& v, int64_t rb) {
    return v.block[v.block_ptr[rb]].first_element;
}

// Calls element(block, value, column, place) for every element of a row block: `value` counts in
// the block's value stream, `column` is the column within the block, `place` counts in the CSR
// arrays.
template <class T, class F>
void for_each_element(const HbpMatrix<T>& m, int64_t rb, F&& element) {
    const HbpView<T> v = m.view();
    if (v.block_ptr[rb] == v.block_ptr[rb + 1]) {
        return;
    }
    const int64_t first_row = v.row_block_ptr[rb];
    std::vector<int64_t> row_start;
    row_lengths(v, rb, row_start);
    int64_t at = first_entry(v, rb);
    for (int64_t& r : row_start) {
        const int64_t n = r;
        r = at;
        at += n;
    }
    std::vector<int64_t> done(row_start.size(), 0);
    const auto order_of = [&](int64_t row) -> const int64_t* {
        const auto it =
            std::lower_bound(m.scrambled.begin(), m.scrambled.end(), row,
                             [](const ScrambledRow& s, int64_t r) { return s.row < r; });
        return it != m.scrambled.end() && it->row == row ? it->order.data() : nullptr;
    };
    for (int64_t bi = v.block_ptr[rb]; bi < v.block_ptr[rb + 1]; ++bi) {
        const Block<T>& b = v.block[bi];
        for_each_block_row(
            v, b, [&](uint32_t r, const RowPiece& common, const RowPiece& tail, bool) {
                const int64_t* order = m.scrambled.empty() ? nullptr : order_of(first_row + r);
                for (const RowPiece& p : {common, tail}) {
                    for (int64_t k = 0; k < p.n; ++k) {
                        const int64_t nth = done[r]++;
                        element(b, p.value + k * p.value_stride, column_of(v, b, p, k),
                                row_start[r] + (order != nullptr ? order[nth] : nth));
                    }
                }
            });
    }
}

}  // namespace hbp
