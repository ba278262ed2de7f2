// Cuts the rows of a row block into segments, one per column block that a row visits.
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <numeric>
#include <string>
#include <type_traits>
#include <vector>

#include "build.h"
#include "huge_array.h"

namespace hbp {

// The entries of one row in one column block. 16 bytes: rows of hypersparse blocks cost little more
// than what is moved for them.
struct Segment {
    uint64_t at : 48;  // place of the first entry in the row block; memory ends before 2^48 entries
    uint64_t row : 16;  // within the row block
    uint32_t n;
    uint32_t col_block;
};

// The columns of a column block: first .. end - 1.
struct ColumnRange {
    int64_t first, end;
};

// C: uint16_t, or uint32_t for wide column blocks.
template <class I, class C>
class RowSegments {
  public:
    RowSegments(int64_t n_cols, int64_t block_cols)
        : n_cols_(n_cols),
          block_cols_(block_cols),
          n_col_blocks_((n_cols + block_cols - 1) / block_cols),
          shift_(std::has_single_bit(static_cast<uint64_t>(block_cols))
                     ? std::countr_zero(static_cast<uint64_t>(block_cols))
                     : 0) {}

    // Takes a row block: row i has the entries row_ptr[i] .. row_ptr[i + 1] - 1 of `columns`, which
    // are read once, whatever another thread writes there. Throws InvalidCsr for a column out of
    // range. Calls scrambled(i, order) for each scrambled row (see ScrambledRow).
    // O(entries + rows + column blocks).
    template <class F>
    void cut(const std::vector<int64_t>& row_ptr, const I* columns, F&& scrambled) {
        const size_t n_rows = row_ptr.size() - 1;
        const int64_t first = row_ptr[0];
        make_room(row_ptr[n_rows] - first, n_rows);
        if (n_col_blocks_ == 1) {
            one_block(row_ptr, columns + first);
            return;
        }
        n_found_ = 0;
        for (size_t i = 0; i < n_rows; ++i) {
            const int64_t at = row_ptr[i] - first;
            const int64_t n = row_ptr[i + 1] - row_ptr[i];
            if (!add_row(i, columns + row_ptr[i], at, n)) {
                scrambled(i, add_scrambled_row(i, columns + row_ptr[i], at, n));
            }
        }
        sort();
    }

    // By column block, then by row.
    const std::vector<Segment>& by_block() const { return by_block_; }

    // Of the row block's entries: column - first column of the column block. A scrambled row has
    // its entries in the order of the column blocks. 16 bytes past the end can be read.
    const C* column() const { return column_.data(); }

  private:
    ColumnRange range(int64_t col_block) const {
        const int64_t first = col_block * block_cols_;
        return {first, std::min(first + block_cols_, n_cols_)};
    }

    void make_room(int64_t n_entries, size_t n_rows) {
        const size_t needed = static_cast<size_t>(n_entries) + 8;
        if (column_.size() < needed) {
            column_ = HugeArray<C>(needed);
        }
        by_block_.reserve(n_rows);
    }

    // Copies columns up to the first one out of range; returns how many.
    static int64_t copy_in_range(const I* from, int64_t n, const ColumnRange& range, C* to) {
        using U = std::make_unsigned_t<I>;
        const U first = static_cast<U>(range.first);
        const U width = static_cast<U>(range.end - range.first);
        constexpr int64_t chunk = 32;  // without a way out, for the vectoriser
        int64_t k = 0;
        for (; k + chunk <= n; k += chunk) {
            U out_of_range = 0;
            for (int64_t i = k; i < k + chunk; ++i) {
                const U local = static_cast<U>(from[i]) - first;
                out_of_range |= static_cast<U>(local >= width);
                to[i] = static_cast<C>(local);
            }
            if (out_of_range != 0) {
                break;
            }
        }
        for (; k < n; ++k) {
            const U local = static_cast<U>(from[k]) - first;
            if (local >= width) {
                break;
            }
            to[k] = static_cast<C>(local);
        }
        return k;
    }

    uint32_t col_block_of(int64_t j) const {
        if (static_cast<uint64_t>(j) >= static_cast<uint64_t>(n_cols_)) {
            refuse_column(j);
        }
        // A division a segment would be a third of the whole build of a hypersparse matrix.
        return static_cast<uint32_t>(shift_ > 0 ? j >> shift_ : j / block_cols_);
    }

    // Apart from the loops, which are twice as long with the message in them.
    [[noreturn, gnu::noinline]] void refuse_column(int64_t j) const {
        throw InvalidCsr("column index " + std::to_string(j) + " is out of range for " +
                         std::to_string(n_cols_) + " columns");
    }

    [[noreturn, gnu::noinline]] static void refuse_length(int64_t n) {
        throw InvalidCsr("a row has " + std::to_string(n) +
                         " entries in one column block, at most " + std::to_string(UINT32_MAX) +
                         " are possible");
    }

    static Segment segment(size_t row, int64_t at, int64_t n, uint32_t col_block) {
        return {static_cast<uint64_t>(at), static_cast<uint16_t>(row), static_cast<uint32_t>(n),
                col_block};
    }

    // All rows of a matrix with one column block: one pass over the entries of the row block.
    void one_block(const std::vector<int64_t>& row_ptr, const I* columns) {
        const size_t n_rows = row_ptr.size() - 1;
        const int64_t n_entries = row_ptr[n_rows] - row_ptr[0];
        int64_t k = 0;
        while ((k += copy_in_range(columns + k, n_entries - k, range(0), column_.data() + k)) <
               n_entries) {
            col_block_of(columns[k]);  // throws, unless another thread has mended it meanwhile
        }
        by_block_.clear();
        for (size_t i = 0; i < n_rows; ++i) {
            const int64_t n = row_ptr[i + 1] - row_ptr[i];
            if (n > UINT32_MAX) {
                refuse_length(n);
            }
            if (n > 0) {
                by_block_.push_back(segment(i, row_ptr[i] - row_ptr[0], n, 0));
            }
        }
    }

    // Adds the n entries of one row, the first of which is at `at`. Rows come in ascending order.
    // Returns false, with nothing added, if the row does not visit the column blocks in order.
    bool add_row(size_t row, const I* columns, int64_t at, int64_t n) {
        if (found_.size() - n_found_ < static_cast<size_t>(n)) {
            found_.resize(2 * found_.size() + static_cast<size_t>(n));
        }
        C* to = column_.data() + at;
        size_t added = n_found_;
        int64_t last = -1;
        for (int64_t k = 0; k < n;) {
            // The first column decides which block it is, so it is not to be read again.
            const int64_t j = columns[k];
            const uint32_t col_block = col_block_of(j);
            const ColumnRange r = range(col_block);
            to[k] = static_cast<C>(j - r.first);
            const int64_t count = 1 + copy_in_range(columns + k + 1, n - k - 1, r, to + k + 1);
            if (count > UINT32_MAX) {
                refuse_length(count);
            }
            if (col_block <= last) {
                return false;
            }
            found_[added++] = segment(row, at + k, count, col_block);
            last = col_block;
            k += count;
        }
        n_found_ = added;
        return true;
    }

    // Adds a row that visits a column block twice, its entries in the order of the blocks. Returns
    // that order: the place in the row of each entry.
    std::vector<int64_t> add_scrambled_row(size_t row, const I* columns, int64_t at, int64_t n) {
        // Everything that follows is decided by this one reading.
        const std::vector<I> seen(columns, columns + n);
        std::vector<uint32_t> col_block(seen.size());
        for (size_t k = 0; k < seen.size(); ++k) {
            col_block[k] = col_block_of(seen[k]);
        }
        std::vector<int64_t> order(seen.size());
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
            return col_block[static_cast<size_t>(a)] < col_block[static_cast<size_t>(b)];
        });
        std::vector<I> sorted(seen.size());
        for (size_t k = 0; k < seen.size(); ++k) {
            sorted[k] = seen[static_cast<size_t>(order[k])];
        }
        add_row(row, sorted.data(), at, n);
        return order;
    }

    // by_block_: found_ by column block.
    void sort() {
        start_.assign(static_cast<size_t>(n_col_blocks_) + 1, 0);
        for (size_t i = 0; i < n_found_; ++i) {
            ++start_[found_[i].col_block + 1];
        }
        std::partial_sum(start_.begin(), start_.end(), start_.begin());
        by_block_.resize(n_found_);
        for (size_t i = 0; i < n_found_; ++i) {
            by_block_[start_[found_[i].col_block]++] = found_[i];
        }
    }

    const int64_t n_cols_;
    const int64_t block_cols_;
    const int64_t n_col_blocks_;
    const int shift_;  // block_cols is 2^shift, or shift is 0
    HugeArray<C> column_;
    std::vector<Segment> found_;  // n_found_ of them, by row
    size_t n_found_ = 0;
    std::vector<Segment> by_block_;
    std::vector<size_t> start_;
};

}  // namespace hbp
