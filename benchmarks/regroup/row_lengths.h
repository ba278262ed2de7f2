// The lengths of the rows of blocks, and the blocks of a matrix in a geometry.
#pragma once
#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "row_segments.h"

namespace hbp::regroup {

// A non-empty row of a block as the builder has it; where its entries lie does not matter.
using RowSegment = Segment;

// What every method gets: the non-empty rows. The published hash has slots for the empty ones too
// and gets the lengths of all.
struct RowLengths {
    size_t n;                   // non-empty rows
    const RowSegment* segment;  // [n] by row

    size_t n_all;            // rows
    const uint32_t* length;  // [n_all]
};

// The lengths of a block's rows, with their arrays.
class OwnedLengths {
  public:
    explicit OwnedLengths(std::vector<uint32_t> length) : length_(std::move(length)) {
        for (size_t i = 0; i < length_.size(); ++i) {
            if (length_[i] > 0) {
                segment_.push_back({0, static_cast<uint16_t>(i), length_[i], 0});
            }
        }
    }

    RowLengths view() const {
        return {segment_.size(), segment_.data(), length_.size(), length_.data()};
    }

  private:
    std::vector<uint32_t> length_;
    std::vector<RowSegment> segment_;
};

// A pattern in CSR that owns its arrays.
struct Pattern {
    int64_t n_rows = 0;
    int64_t n_cols = 0;
    std::vector<int64_t> indptr;   // [n_rows + 1]
    std::vector<int32_t> indices;  // [nnz]
};

// Some of the non-empty blocks of a matrix, evenly spaced: as many as have about max_rows rows.
class Blocks {
  public:
    // first_row: the first row of each row block, and n_rows.
    Blocks(const Pattern& a, const std::vector<int64_t>& first_row, int64_t block_cols,
           int64_t max_rows) {
        const std::vector<Place> all = non_empty(a, first_row, block_cols);
        n_all_ = static_cast<int64_t>(all.size());
        int64_t rows = 0;
        for (const Place& p : all) {
            rows += first_row[p.first + 1] - first_row[p.first];
        }
        const int64_t n =
            rows <= max_rows ? n_all_ : std::max<int64_t>(n_all_ * max_rows / rows, 1);
        rows_.reserve(static_cast<size_t>(n));
        for (int64_t i = 0; i < n; ++i) {
            add(a, first_row, block_cols, all[static_cast<size_t>(i * n_all_ / n)]);
        }
    }

    int64_t n_all() const { return n_all_; }
    size_t size() const { return rows_.size(); }
    RowLengths operator[](size_t i) const { return rows_[i].view(); }

  private:
    using Place = std::pair<size_t, int64_t>;  // row block, column block

    static std::vector<Place> non_empty(const Pattern& a, const std::vector<int64_t>& first_row,
                                        int64_t block_cols) {
        std::vector<Place> found;
        std::vector<int64_t> met;  // column blocks
        for (size_t rb = 0; rb + 1 < first_row.size(); ++rb) {
            met.clear();
            const auto end = static_cast<size_t>(a.indptr[static_cast<size_t>(first_row[rb + 1])]);
            for (auto k = static_cast<size_t>(a.indptr[static_cast<size_t>(first_row[rb])]);
                 k < end; ++k) {
                const int64_t cb = a.indices[k] / block_cols;
                if (met.empty() || met.back() != cb) {
                    met.push_back(cb);
                }
            }
            std::sort(met.begin(), met.end());
            met.erase(std::unique(met.begin(), met.end()), met.end());
            for (int64_t cb : met) {
                found.emplace_back(rb, cb);
            }
        }
        return found;
    }

    void add(const Pattern& a, const std::vector<int64_t>& first_row, int64_t block_cols,
             Place place) {
        const auto [rb, cb] = place;
        const int64_t from = cb * block_cols;
        std::vector<uint32_t> length;
        for (int64_t row = first_row[rb]; row < first_row[rb + 1]; ++row) {
            const auto i = static_cast<size_t>(row);
            length.push_back(static_cast<uint32_t>(
                std::count_if(a.indices.begin() + a.indptr[i], a.indices.begin() + a.indptr[i + 1],
                              [=](int32_t j) { return j >= from && j < from + block_cols; })));
        }
        rows_.emplace_back(std::move(length));
    }

    std::vector<OwnedLengths> rows_;
    int64_t n_all_ = 0;
};

}  // namespace hbp::regroup
