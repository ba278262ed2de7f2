// Where the elements of each row of a block lie in its streams.
#pragma once
#include <cstdint>

#include "hbp_view.h"
#include "scalar.h"
#include "windows.h"

namespace hbp {

// n elements of one row: the k-th has its value at value + k * value_stride of the value stream and
// its column at column + k * column_stride of the column stream, plus column_add. In windows a pass
// is there instead, and column_add is the slot of the group.
struct RowPiece {
    int64_t n;
    int64_t value, value_stride;
    int64_t column, column_stride;
    uint32_t column_add;
    bool windowed = false;
    const uint32_t* chunks = nullptr;  // of a long row that may have windows: see WindowChunks
};

// The column of the k-th element of a piece; `stream` is the block's column stream.
template <class T, class Index>
HBP_INLINE int64_t column_of(const Index* stream, const RowPiece& p, int64_t k) {
    const Index* at = stream + p.column + k * p.column_stride;
    if (p.chunks != nullptr) {
        return WindowChunks(p.chunks).column<T>(stream + p.column, k);
    }
    return p.windowed ? window_column<T>(at, window_codes<n_windows>(at)[p.column_add])
                      : static_cast<int64_t>(*at) + p.column_add;
}

// Slots of a block whose elements lie side by side. Slot i has `height` rows, the first one
// slot_row[i]. Row h of it has the elements of(i, h), then the slot's tail. n_groups of such groups
// follow each other, the g-th as in group(g).
struct SlotGroup {
    const uint16_t* slot_row;
    uint32_t n_groups;
    uint32_t n_slots;
    uint32_t height;
    RowPiece first;                           // of(0, 0)
    bool has_own_columns;                     // or slot i has slot 0's, by their column_add
    const uint32_t* tail_length = nullptr;    // of each slot, if there are tails: height 1
    int64_t tail_value = 0, tail_column = 0;  // of slot 0; those of the others follow

    int64_t n_elements() const { return first.n * height * n_slots; }  // of a group without tails

    HBP_INLINE SlotGroup group(uint32_t g) const {
        SlotGroup r = *this;
        r.slot_row += g * n_slots;
        r.n_groups -= g;
        r.first.value += g * n_elements();
        r.first.column += g * first.n * first.column_stride;
        return r;
    }

    HBP_INLINE RowPiece of(uint32_t i, uint32_t h) const {
        RowPiece p = first;
        p.value += h * n_slots + i;
        if (has_own_columns) {
            p.column += i;
        } else {
            p.column_add += i;
        }
        return p;
    }
};

// Calls groups(SlotGroup) for the short rows of a block and long_row(r, piece) for its long rows, r
// the row within the row block. Index: of the column stream.
template <class Index, class F, class G>
HBP_INLINE void for_each_run(const Run* run, uint32_t n_runs, uint32_t lanes,
                             const uint16_t* slot_row, const uint32_t* slot_length, F&& groups,
                             G&& long_row) {
    int64_t value = 0;
    int64_t column = 0;
    for (const Run* end = run + n_runs; run != end; ++run) {
        const int64_t length = run->length;
        const uint32_t height = run->height;
        const RunKind kind = static_cast<RunKind>(run->kind);
        switch (kind) {
            case RunKind::full:
            case RunKind::shifted:
            case RunKind::windowed:
            case RunKind::ragged: {
                const bool windowed = kind == RunKind::windowed;
                const bool ragged = kind == RunKind::ragged;
                const uint32_t n_slots = ragged ? run->n : lanes;
                const int64_t places = windowed ? window_places<Index>(static_cast<int>(lanes))
                                       : kind == RunKind::shifted ? 1
                                                                  : n_slots;
                const uint32_t n_groups = ragged ? 1 : run->n;
                const SlotGroup g{
                    slot_row,
                    n_groups,
                    n_slots,
                    height,
                    RowPiece{length, value, height * n_slots, column, places, 0, windowed},
                    kind == RunKind::full || ragged,
                    ragged ? slot_length : nullptr,
                    value + length * n_slots * height,
                    column + length * n_slots};
                groups(g);
                slot_row += n_groups * n_slots;
                value += n_groups * g.n_elements();
                column += n_groups * length * places;
                for (uint32_t i = 0; ragged && i < n_slots; ++i) {
                    value += slot_length[i];
                    column += slot_length[i];
                }
                slot_length += ragged ? n_slots : 0;
                break;
            }
            case RunKind::along:
                for (uint32_t i = 0; i < run->n; ++i) {
                    const int64_t n = slot_length[i];
                    for (uint32_t h = 0; h < height; ++h) {
                        long_row(slot_row[i] + h, RowPiece{n, value, 1, column, 1, 0});
                        value += n;
                    }
                    column += n;
                }
                slot_row += run->n;
                slot_length += run->n;
                break;
            case RunKind::along_windowed:
                for (uint32_t i = 0; i < run->n; ++i) {
                    const int64_t n = *slot_length++;
                    long_row(*slot_row++, RowPiece{n, value, 1, column, 1, 0, false, slot_length});
                    slot_length += WindowChunks::words(n);
                    value += n;
                    column += n;
                }
                break;
        }
    }
}

// Calls row(r, common, tail, is_long) for every row of a block: r is the row within the row block,
// its elements are those of `common`, then those of `tail`.
template <class Index, class F>
HBP_INLINE void for_each_row(const Run* run, uint32_t n_runs, uint32_t lanes,
                             const uint16_t* slot_row, const uint32_t* slot_length, F&& row) {
    const RowPiece none{0, 0, 0, 0, 0, 0};
    for_each_run<Index>(
        run, n_runs, lanes, slot_row, slot_length,
        [&](const SlotGroup& groups) {
            for (uint32_t q = 0; q < groups.n_groups; ++q) {
                const SlotGroup g = groups.group(q);
                int64_t tail = 0;
                for (uint32_t i = 0; i < g.n_slots; ++i) {
                    const int64_t n = g.tail_length != nullptr ? g.tail_length[i] : 0;
                    for (uint32_t h = 0; h < g.height; ++h) {
                        row(g.slot_row[i] + h, g.of(i, h),
                            RowPiece{n, g.tail_value + tail, 1, g.tail_column + tail, 1, 0}, false);
                    }
                    tail += n;
                }
            }
        },
        [&](uint32_t r, const RowPiece& piece) { row(r, piece, none, true); });
}

}  // namespace hbp
