// Cuts the rows of a row block into segments, one per column block that a row visits.
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "build.h"

namespace hbp {

// The entries of one row in one column block, where they lie.
template <class I, class T>
struct Segment {
    const I* columns;  // [n]
    const T* values;   // [n], not to be read when all values of the matrix are the same
    int64_t n;
    uint32_t col_block;
    uint16_t row;  // within the row block
};

// The columns of a column block: first .. end - 1.
struct ColumnRange {
    int64_t first, end;

    bool has(int64_t j) const {
        return static_cast<uint64_t>(j - first) < static_cast<uint64_t>(end - first);
    }
};

template <class I, class T>
class RowSegments {
  public:
    RowSegments(int64_t n_cols, int64_t block_cols)
        : n_cols_(n_cols),
          block_cols_(block_cols),
          shift_(std::has_single_bit(static_cast<uint64_t>(block_cols))
                     ? std::countr_zero(static_cast<uint64_t>(block_cols))
                     : 0) {}

    ColumnRange range(uint32_t col_block) const {
        const int64_t first = static_cast<int64_t>(col_block) * block_cols_;
        return {first, std::min(first + block_cols_, n_cols_)};
    }

    // Adds the n entries of one row. Rows come in ascending order. Throws InvalidCsr for a column
    // out of range. Returns the order of a scrambled row (see ScrambledRow), else nothing.
    std::vector<int64_t> add_row(uint16_t row, const I* columns, const T* values, int64_t n,
                                 bool constant) {
        const size_t first = found_.size();
        bool ascending = true;
        for (int64_t k = 0; k < n;) {
            const uint32_t cb = col_block_of(columns[k]);
            const ColumnRange r = range(cb);
            ascending &= found_.size() == first || found_.back().col_block < cb;
            const int64_t begin = k++;
            while (k < n && r.has(columns[k])) {
                ++k;
            }
            found_.push_back(
                {columns + begin, constant ? values : values + begin, k - begin, cb, row});
        }
        if (ascending) {
            return {};
        }
        found_.resize(first);
        return add_scrambled_row(row, columns, values, n, constant);
    }

    // by_block_: the segments by column block, then by row. O(segments + column blocks).
    void sort(int64_t n_col_blocks) {
        if (n_col_blocks == 1) {
            by_block_.swap(found_);
            return;
        }
        start_.assign(static_cast<size_t>(n_col_blocks) + 1, 0);
        for (const auto& s : found_) {
            ++start_[s.col_block + 1];
        }
        std::partial_sum(start_.begin(), start_.end(), start_.begin());
        by_block_.resize(found_.size());
        for (const auto& s : found_) {
            by_block_[start_[s.col_block]++] = s;
        }
    }

    const std::vector<Segment<I, T>>& by_block() const { return by_block_; }

    void clear() {
        found_.clear();
        by_block_.clear();
        copies_of_columns_.clear();
        copies_of_values_.clear();
    }

  private:
    uint32_t col_block_of(int64_t j) const {
        if (static_cast<uint64_t>(j) >= static_cast<uint64_t>(n_cols_)) {
            throw InvalidCsr("column index " + std::to_string(j) + " is out of range for " +
                             std::to_string(n_cols_) + " columns");
        }
        // A division a segment would be a third of the whole build of a hypersparse matrix.
        return static_cast<uint32_t>(shift_ > 0 ? j >> shift_ : j / block_cols_);
    }

    // The row visits a column block twice: its entries are copied in the order of the blocks.
    std::vector<int64_t> add_scrambled_row(uint16_t row, const I* columns, const T* values,
                                           int64_t n, bool constant) {
        const size_t size = static_cast<size_t>(n);
        std::vector<uint32_t> cb(size);
        std::vector<int64_t> order(size);
        std::unique_ptr<I[]> column_copy(new I[size]);
        std::unique_ptr<T[]> value_copy(new T[constant ? 1 : size]);
        // One reading of each column decides everything, whatever another thread writes.
        const std::vector<I> seen(columns, columns + n);
        for (size_t k = 0; k < size; ++k) {
            cb[k] = col_block_of(seen[k]);
        }
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
            return cb[static_cast<size_t>(a)] < cb[static_cast<size_t>(b)];
        });
        for (size_t k = 0; k < size; ++k) {
            const size_t from = static_cast<size_t>(order[k]);
            column_copy[k] = seen[from];
            if (!constant) {
                value_copy[k] = values[from];
            }
        }
        for (size_t k = 0; k < size;) {
            const uint32_t block = cb[static_cast<size_t>(order[k])];
            const size_t begin = k;
            while (k < size && cb[static_cast<size_t>(order[k])] == block) {
                ++k;
            }
            found_.push_back({column_copy.get() + begin,
                              constant ? values : value_copy.get() + begin,
                              static_cast<int64_t>(k - begin), block, row});
        }
        copies_of_columns_.push_back(std::move(column_copy));
        copies_of_values_.push_back(std::move(value_copy));
        return order;
    }

    const int64_t n_cols_;
    const int64_t block_cols_;
    const int shift_;  // block_cols is 2^shift, or shift is 0
    std::vector<Segment<I, T>> found_, by_block_;
    std::vector<size_t> start_;
    std::vector<std::unique_ptr<I[]>> copies_of_columns_;
    std::vector<std::unique_ptr<T[]>> copies_of_values_;
};

}  // namespace hbp
