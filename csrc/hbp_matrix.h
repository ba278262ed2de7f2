// A matrix in the HBP format that owns its arrays.
#pragma once
#include <cstdint>
#include <type_traits>
#include <vector>

#include "block_parts.h"
#include "hbp_view.h"
#include "huge_array.h"
#include "scalar.h"
#include "tuning.h"

namespace hbp {

struct Geometry {
    int32_t block_rows;  // most rows of a row block, 1 .. 65536
    int32_t block_cols;  // columns of a column block, 1 .. 2^31 - 1
    int32_t lanes;       // slots of a group: 8, 16 or 32
};

// As many lanes as a 64-byte vector of real numbers has. Tiles fill groups of eight more often, and
// a load of x serves several rows either way: with eight, float32 products of ccx_Ex3_1_C3D10,
// ccx_gears_C3D8 and bal_16_22106_JtJ were 1.1 to 1.28 times as fast, of smaller ones 0.93 to 1.12.
inline constexpr int32_t default_lanes(int64_t itemsize) { return itemsize == 4 ? 16 : 8; }
inline constexpr int32_t tile_lanes = 8;
inline constexpr int32_t max_lanes = 32;

// Whether blocks of such a geometry may store decimals: those that kernels are compiled for.
template <class T>
constexpr bool may_be_decimal(const Geometry& g) {
    return std::is_same_v<T, double> && !is_wide(g.block_cols) &&
           g.lanes == default_lanes(sizeof(T));
}

// Whether groups may have windows: those whose kernels have one vector a group. None of 32, so the
// device has no kernels for them.
template <class T>
constexpr bool may_have_windows(int64_t lanes) {
    return !ScalarTraits<T>::is_complex && lanes == default_lanes(sizeof(T));
}

// A row whose entries do not visit the column blocks in ascending order: storing it block by
// block loses its order, so it is kept here. order[k] is the place in the CSR row of the row's
// k-th stored element.
struct ScrambledRow {
    int64_t row;
    std::vector<int64_t> order;
};

template <class T>
struct HbpMatrix {
    Geometry geometry{};
    int64_t n_rows = 0;
    int64_t n_cols = 0;
    int64_t nnz = 0;
    int64_t n_col_blocks = 0;
    bool index_is_64_bit = false;  // of the CSR matrix it was built from
    double build_seconds = 0;

    std::vector<int64_t> row_block_ptr;
    std::vector<int64_t> block_ptr;
    std::vector<Block<T>> block;
    std::vector<Run> run;
    std::vector<uint16_t> slot_row;
    std::vector<uint32_t> slot_length;
    HugeArray<uint16_t> column;
    HugeArray<T> value;
    std::vector<T> table;
    std::vector<T> power;
    std::vector<ScrambledRow> scrambled;  // by row
    std::vector<int64_t> cost_ptr;        // [n_row_blocks + 1] running cost, for the scheduler
    BlockParts parts;                     // cut from the rest

    // A row block of several blocks with far more than its share of the work of one of n_threads:
    // a few long rows.
    bool is_heavy(int64_t rb, int n_threads) const {
        const size_t i = static_cast<size_t>(rb);
        return n_threads > 1 && block_ptr[i + 1] - block_ptr[i] > 1 &&
               cost_ptr[i + 1] - cost_ptr[i] > cost_ptr.back() / n_threads / tuning::heavy_share;
    }

    // Length of the column stream.
    int64_t n_columns() const {
        return static_cast<int64_t>(column.size()) / (is_wide(geometry.block_cols) ? 2 : 1);
    }

    int64_t n_row_blocks() const { return static_cast<int64_t>(row_block_ptr.size()) - 1; }

    HbpView<T> view() const {
        return {n_rows,
                n_cols,
                nnz,
                geometry.block_cols,
                geometry.lanes,
                n_row_blocks(),
                static_cast<int64_t>(block.size()),
                row_block_ptr.data(),
                block_ptr.data(),
                block.data(),
                run.data(),
                slot_row.data(),
                slot_length.data(),
                column.data(),
                value.data(),
                table.empty() ? nullptr : table.data(),
                power.data()};
    }
};

}  // namespace hbp
