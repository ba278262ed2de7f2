// The correspondence between the elements of a row block and their places in CSR.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "hbp_matrix.h"

namespace hbp {

// Calls slot(s, first, stride, n) for every piece of every slot of a block, in stored order of
// each row: n elements, the k-th at first + k * stride of the block's streams.
template <class T, class F>
void for_each_slot_piece(const HbpView<T>& v, const Block<T>& b, F&& slot) {
    const uint32_t* slot_length = v.slot_length + b.first_length;
    const uint32_t lanes = static_cast<uint32_t>(v.lanes);
    uint32_t s = 0;
    int64_t at = 0;
    for (const Run* run = v.run + b.first_run; run != v.run + b.first_run + b.n_runs; ++run) {
        switch (static_cast<RunKind>(run->kind)) {
            case RunKind::full:
                for (uint32_t g = 0; g < run->n; ++g) {
                    for (uint32_t i = 0; i < lanes; ++i) {
                        slot(s + i, at + i, lanes, run->length);
                    }
                    s += lanes;
                    at += static_cast<int64_t>(run->length) * lanes;
                }
                break;
            case RunKind::ragged:
                for (uint32_t i = 0; i < run->n; ++i) {
                    slot(s + i, at + i, run->n, run->length);
                }
                at += static_cast<int64_t>(run->length) * run->n;
                for (uint32_t i = 0; i < run->n; ++i) {
                    slot(s + i, at, 1u, slot_length[i]);
                    at += slot_length[i];
                }
                s += run->n;
                slot_length += run->n;
                break;
            case RunKind::along:
                for (uint32_t i = 0; i < run->n; ++i) {
                    slot(s + i, at, 1u, slot_length[i]);
                    at += slot_length[i];
                }
                s += run->n;
                slot_length += run->n;
                break;
        }
    }
}

// Number of entries of each row of a row block, row_length[rows of the row block].
template <class T>
void row_lengths(const HbpView<T>& v, int64_t rb, std::vector<int64_t>& row_length) {
    row_length.assign(static_cast<size_t>(v.row_block_ptr[rb + 1] - v.row_block_ptr[rb]), 0);
    for (int64_t bi = v.block_ptr[rb]; bi < v.block_ptr[rb + 1]; ++bi) {
        const Block<T>& b = v.block[bi];
        for_each_slot_piece(v, b, [&](uint32_t s, int64_t, uint32_t, uint32_t n) {
            row_length[v.slot_row[b.first_slot + s]] += n;
        });
    }
}

// First entry in CSR of a row block that is not empty: its elements lie where its entries lay.
template <class T>
int64_t first_entry(const HbpView<T>& v, int64_t rb) {
    return v.block[v.block_ptr[rb]].first_element;
}

// Calls element(bi, k, place) for every element of a row block: k-th in block bi's streams, at
// `place` in the CSR arrays.
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
        const auto it = std::lower_bound(
            m.scrambled.begin(), m.scrambled.end(), row,
            [](const ScrambledRow& s, int64_t r) { return s.row < r; });
        return it != m.scrambled.end() && it->row == row ? it->order.data() : nullptr;
    };
    for (int64_t bi = v.block_ptr[rb]; bi < v.block_ptr[rb + 1]; ++bi) {
        const Block<T>& b = v.block[bi];
        for_each_slot_piece(v, b, [&](uint32_t s, int64_t first, uint32_t stride, uint32_t n) {
            const size_t row = v.slot_row[b.first_slot + s];
            const int64_t* order = m.scrambled.empty() || n == 0
                                       ? nullptr
                                       : order_of(first_row + static_cast<int64_t>(row));
            for (uint32_t k = 0; k < n; ++k) {
                const int64_t nth = done[row]++;
                element(bi, first + static_cast<int64_t>(k) * stride,
                        row_start[row] + (order != nullptr ? order[nth] : nth));
            }
        });
    }
}

}  // namespace hbp
