// Elements of a block as plain values and columns, whatever their encoding.
#pragma once
#include <algorithm>
#include <cstring>
#include <type_traits>

#include "hbp_matrix.h"
#include "kernel_streams.h"
#include "row_pieces.h"

namespace hbp {

// Elements that follow each other.
template <class T, class Index>
struct PlainElements {
    int64_t n;
    const T* value;
    const Index* column;
};

// Most elements that an Unpacker has room for: those of 32 short rows.
inline constexpr int64_t unpacked_elements = 32 * tuning::long_row;

// Elements of a long row that are unpacked and multiplied at a time.
inline constexpr int64_t long_row_piece = 16 * tuning::long_row_partials;
static_assert(long_row_piece <= unpacked_elements);

// Gives elements where they lie, if they are plain there, else copies of them that last until it is
// asked for others. One for all encodings of values, so that what multiplies is compiled once.
template <class Simd, class Index>
class Unpacker {
  public:
    using T = typename Simd::T;

    // Values: of kernel_streams.h. They must outlive this.
    template <class Values>
    HBP_INLINE Unpacker(const Values& values, const Index* columns)
        : values_(&values), columns_(columns) {
        if constexpr (std::is_same_v<Values, RawValues<Simd>>) {
            plain_ = values.at;
        } else if constexpr (std::is_same_v<Values, ConstantValue<Simd>>) {
            constant_ = values.constant;
        } else {
            decode_ = decode<Values>;
        }
    }

    const Index* columns() const { return columns_; }

    // The n <= unpacked_elements values from element `first` of the stream on.
    HBP_INLINE const T* plain_values(int64_t first, int64_t n) {
        if (plain_ != nullptr) {
            return plain_ + first;
        }
        if (decode_ != nullptr) {
            decode_(values_, first, n, value_);
        } else if (n_constants_ < n) {
            std::fill(value_ + n_constants_, value_ + n, constant_);
            n_constants_ = n;
        }
        return value_;
    }

    // The columns of groups, at most unpacked_elements without tails: that of slot i and pass k is
    // at k * g.n_slots + i, where the passes of all groups are counted.
    HBP_INLINE const Index* plain_columns(const SlotGroup& g) {
        const Index* at = columns_ + g.first.column;
        if (g.has_own_columns) {
            return at;
        }
        Index* to = column_;
        for (int64_t k = 0; k < g.n_groups * g.first.n; ++k, at += g.first.column_stride) {
            for (uint32_t i = 0; i < g.n_slots; i += tile_lanes, to += tile_lanes) {
                if (g.first.windowed) {
                    const uint8_t* code = window_codes<n_windows>(at) + i;
                    for (int r = 0; r < tile_lanes; ++r) {
                        to[r] = static_cast<Index>(window_column<T>(at, code[r]));
                    }
                } else {
                    const Eight next = static_cast<Index>(*at + i) + Eight{0, 1, 2, 3, 4, 5, 6, 7};
                    std::memcpy(to, &next, sizeof next);
                }
            }
        }
        return column_;
    }

    // n <= unpacked_elements of a long row from its k-th on, k a multiple of WindowChunks::chunk.
    HBP_INLINE PlainElements<T, Index> piece(const RowPiece& p, int64_t k, int64_t n) {
        const Index* column = columns_ + p.column + k;
        if constexpr (may_have_windows<T>(default_lanes(sizeof(T)))) {
            if (p.chunks != nullptr) {
                constexpr int64_t chunk = WindowChunks::chunk;
                for (int64_t i = 0; i < n; i += chunk) {
                    if (WindowChunks(p.chunks).has((k + i) / chunk)) {
                        WindowChunks::unpack<T>(column + i, column_ + i);
                    } else {
                        std::copy_n(column + i, std::min(n - i, chunk), column_ + i);
                    }
                }
                column = column_;
            }
        }
        return {n, plain_values(p.value + k, n), column};
    }

  private:
    // to[n] = those from `first` on of *values, a Values.
    template <class Values>
    static void decode(const void* values, int64_t first, int64_t n, T* to) {
        Values from = *static_cast<const Values*>(values);
        from.advance(first);
        int64_t k = 0;
        for (; k + Simd::width <= n; k += Simd::width, from.advance(Simd::width)) {
            Simd::store(to + k, from.vector(0));
        }
        for (int64_t i = 0; k + i < n; ++i) {
            to[k + i] = from.scalar(i);
        }
    }

    using Eight [[gnu::vector_size(8 * sizeof(Index))]] = Index;
    static_assert(tile_lanes == 8);

    const void* values_;
    const Index* columns_;
    const T* plain_ = nullptr;
    void (*decode_)(const void*, int64_t, int64_t, T*) = nullptr;
    T constant_{};
    int64_t n_constants_ = 0;
    T value_[unpacked_elements];
    Index column_[unpacked_elements];
};

}  // namespace hbp
