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

// Calls row(r, common, tail, is_long) for every row of a block: r is the row within the row block,
// its elements are those of `common`, then those of `tail`. Of rows that may have windows,
// windowed_row(r, piece, is_long) instead. Index: of the column stream.
template <class Index, class F, class G>
HBP_INLINE void for_each_row(const Run* run, uint32_t n_runs, uint32_t lanes,
                             const uint16_t* slot_row, const uint32_t* slot_length, F&& row,
                             G&& windowed_row) {
    const RowPiece none{0, 0, 0, 0, 0, 0};
    int64_t value = 0;
    int64_t column = 0;
    for (const Run* end = run + n_runs; run != end; ++run) {
        const int64_t length = run->length;
        const uint32_t height = run->height;
        switch (static_cast<RunKind>(run->kind)) {
            case RunKind::full:
            case RunKind::shifted: {
                const bool shifted = static_cast<RunKind>(run->kind) == RunKind::shifted;
                for (uint32_t g = 0; g < run->n; ++g) {
                    for (uint32_t i = 0; i < lanes; ++i) {
                        for (uint32_t h = 0; h < height; ++h) {
                            row(slot_row[i] + h,
                                RowPiece{length, value + h * lanes + i, height * lanes,
                                         shifted ? column : column + i, shifted ? 1 : lanes,
                                         shifted ? i : 0},
                                none, false);
                        }
                    }
                    slot_row += lanes;
                    value += length * lanes * height;
                    column += shifted ? length : length * lanes;
                }
                break;
            }
            case RunKind::windowed: {
                const int64_t places = window_places<Index>(static_cast<int>(lanes));
                for (uint32_t g = 0; g < run->n; ++g) {
                    for (uint32_t i = 0; i < lanes; ++i) {
                        windowed_row(slot_row[i],
                                     RowPiece{length, value + i, lanes, column, places, i, true},
                                     false);
                    }
                    slot_row += lanes;
                    value += length * lanes;
                    column += length * places;
                }
                break;
            }
            case RunKind::ragged: {
                int64_t tail = length * run->n;
                for (uint32_t i = 0; i < run->n; ++i) {
                    row(slot_row[i], RowPiece{length, value + i, run->n, column + i, run->n, 0},
                        RowPiece{slot_length[i], value + tail, 1, column + tail, 1, 0}, false);
                    tail += slot_length[i];
                }
                slot_row += run->n;
                slot_length += run->n;
                value += tail;
                column += tail;
                break;
            }
            case RunKind::along:
                for (uint32_t i = 0; i < run->n; ++i) {
                    const int64_t n = slot_length[i];
                    for (uint32_t h = 0; h < height; ++h) {
                        row(slot_row[i] + h, RowPiece{n, value, 1, column, 1, 0}, none, true);
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
                    windowed_row(*slot_row++,
                                 RowPiece{n, value, 1, column, 1, 0, false, slot_length}, true);
                    slot_length += WindowChunks::words(n);
                    value += n;
                    column += n;
                }
                break;
        }
    }
}

// The same with row(r, piece, nothing, is_long) for rows that may have windows.
template <class Index, class F>
HBP_INLINE void for_each_row(const Run* run, uint32_t n_runs, uint32_t lanes,
                             const uint16_t* slot_row, const uint32_t* slot_length, F&& row) {
    for_each_row<Index>(run, n_runs, lanes, slot_row, slot_length, row,
                        [&](uint32_t r, const RowPiece& piece, bool is_long) {
                            row(r, piece, RowPiece{0, 0, 0, 0, 0, 0}, is_long);
                        });
}

}  // namespace hbp
