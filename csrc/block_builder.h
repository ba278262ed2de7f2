// One row block from CSR to HBP: its entries by column block, its rows by hash, its streams.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "build.h"
#include "row_hash.h"

namespace hbp {

inline void check_column(int64_t j, int64_t n_cols) {
    if (static_cast<uint64_t>(j) >= static_cast<uint64_t>(n_cols)) {
        throw InvalidCsr("column index " + std::to_string(j) + " is out of range for " +
                         std::to_string(n_cols) + " columns");
    }
}

// What a row block adds to the arrays of the matrix; offsets count from the piece's own start.
template <class T>
struct RowBlockPiece {
    std::vector<Block<T>> block;
    std::vector<Run> run;
    std::vector<uint16_t> slot_row;
    std::vector<uint32_t> slot_length;
    std::vector<ScrambledRow> scrambled;
};

template <class I, class T>
class BlockBuilder {
  public:
    // The streams of `matrix` are written in place: a row block's elements lie where its entries
    // lie in CSR, so row blocks are independent.
    BlockBuilder(const CsrView<I, T>& csr, int64_t nnz, HbpMatrix<T>& matrix, bool constant)
        : csr_(csr), nnz_(nnz), m_(matrix), constant_(constant) {}

    void row_block(int64_t rb, RowBlockPiece<T>& piece) {
        const int64_t first_row = m_.row_block_ptr[static_cast<size_t>(rb)];
        const int64_t n_rows = m_.row_block_ptr[static_cast<size_t>(rb) + 1] - first_row;
        copy_row_ptr(first_row, n_rows);
        if (row_ptr_[0] == row_ptr_[static_cast<size_t>(n_rows)]) {
            return;
        }
        piece_ = &piece;
        row_block_ = rb;
        if (m_.n_col_blocks == 1) {
            const int64_t at = row_ptr_[0];
            block(0, n_rows, row_ptr_.data(), csr_.indices + at, csr_.data + at, at);
        } else {
            many_column_blocks(first_row, n_rows);
        }
    }

  private:
    // A private, checked copy, as another thread may change the caller's.
    void copy_row_ptr(int64_t first_row, int64_t n_rows) {
        row_ptr_.resize(static_cast<size_t>(n_rows) + 1);
        const I* from = csr_.indptr + first_row;
        int64_t before = 0;
        for (int64_t i = 0; i <= n_rows; ++i) {
            const int64_t at = from[i];
            if (at < before || at > nnz_) {
                throw InvalidCsr("indptr[" + std::to_string(first_row + i) + "] is " +
                                 std::to_string(at) + ", expected " + std::to_string(before) +
                                 " to " + std::to_string(nnz_));
            }
            row_ptr_[static_cast<size_t>(i)] = before = at;
        }
    }

    // Entries are first dealt to their column blocks, then each column block is built.
    void many_column_blocks(int64_t first_row, int64_t n_rows) {
        const int64_t begin = row_ptr_[0];
        const int64_t n = row_ptr_[static_cast<size_t>(n_rows)] - begin;
        const I* indices = csr_.indices + begin;
        const int64_t width = m_.geometry.block_cols;
        const size_t n_col_blocks = static_cast<size_t>(m_.n_col_blocks);
        entry_block_.resize(static_cast<size_t>(n));
        entry_column_.resize(static_cast<size_t>(n));
        col_block_ptr_.assign(n_col_blocks + 1, 0);
        for (int64_t k = 0; k < n; ++k) {
            const int64_t j = indices[k];
            check_column(j, m_.n_cols);
            const uint32_t cb = static_cast<uint32_t>(static_cast<uint64_t>(j) /
                                                      static_cast<uint64_t>(width));
            entry_block_[static_cast<size_t>(k)] = cb;
            entry_column_[static_cast<size_t>(k)] = static_cast<uint16_t>(j - cb * width);
            ++col_block_ptr_[cb + 1];
        }
        std::partial_sum(col_block_ptr_.begin(), col_block_ptr_.end(), col_block_ptr_.begin());

        dealt_row_.resize(static_cast<size_t>(n));
        dealt_column_.resize(static_cast<size_t>(n));
        dealt_value_.resize(constant_ ? 1 : static_cast<size_t>(n));
        if (constant_) {
            dealt_value_[0] = csr_.data[begin];
        }
        std::vector<int64_t>& next = next_;
        next.assign(col_block_ptr_.begin(), col_block_ptr_.end() - 1);
        for (int64_t i = 0; i < n_rows; ++i) {
            const int64_t k0 = row_ptr_[static_cast<size_t>(i)] - begin;
            const int64_t k1 = row_ptr_[static_cast<size_t>(i) + 1] - begin;
            uint32_t previous = 0;
            bool scrambled = false;
            for (int64_t k = k0; k < k1; ++k) {
                const uint32_t cb = entry_block_[static_cast<size_t>(k)];
                scrambled |= cb < previous;
                previous = cb;
                const size_t to = static_cast<size_t>(next[cb]++);
                dealt_row_[to] = static_cast<uint16_t>(i);
                dealt_column_[to] = entry_column_[static_cast<size_t>(k)];
                if (!constant_) {
                    dealt_value_[to] = csr_.data[begin + k];
                }
            }
            if (scrambled) {
                keep_order(first_row + i, k0, k1);
            }
        }
        for (size_t cb = 0; cb < n_col_blocks; ++cb) {
            const int64_t b0 = col_block_ptr_[cb];
            const int64_t b1 = col_block_ptr_[cb + 1];
            if (b0 == b1) {
                continue;
            }
            block_row_ptr_.assign(static_cast<size_t>(n_rows) + 1, 0);
            for (int64_t k = b0; k < b1; ++k) {
                ++block_row_ptr_[static_cast<size_t>(dealt_row_[static_cast<size_t>(k)]) + 1];
            }
            std::partial_sum(block_row_ptr_.begin(), block_row_ptr_.end(),
                             block_row_ptr_.begin());
            block(static_cast<int32_t>(cb), n_rows, block_row_ptr_.data(),
                  dealt_column_.data() + b0, dealt_value_.data() + (constant_ ? 0 : b0),
                  begin + b0);
        }
    }

    void keep_order(int64_t row, int64_t k0, int64_t k1) {
        ScrambledRow s{row, std::vector<int64_t>(static_cast<size_t>(k1 - k0))};
        std::iota(s.order.begin(), s.order.end(), 0);
        std::stable_sort(s.order.begin(), s.order.end(), [&](int64_t a, int64_t b) {
            return entry_block_[static_cast<size_t>(k0 + a)] <
                   entry_block_[static_cast<size_t>(k0 + b)];
        });
        piece_->scrambled.push_back(std::move(s));
    }

    // One block. row_ptr[n_rows + 1] counts from any base; columns and values start at row_ptr[0].
    template <class Index>
    void block(int32_t cb, int64_t n_rows, const int64_t* row_ptr, const Index* columns,
               const T* values, int64_t first_element) {
        RowBlockPiece<T>& p = *piece_;
        Block<T> b{};
        b.row_block = static_cast<int32_t>(row_block_);
        b.col_block = cb;
        b.first_element = first_element;
        b.first_slot = static_cast<int64_t>(p.slot_row.size());
        b.first_run = static_cast<int64_t>(p.run.size());
        b.first_length = static_cast<int64_t>(p.slot_length.size());
        b.n_elements = row_ptr[n_rows] - row_ptr[0];
        first_run_ = p.run.size();
        choose_encoding(values, b);
        hash_rows(n_rows, row_ptr);
        b.n_slots = static_cast<uint32_t>(n_slots_);
        p.slot_row.insert(p.slot_row.end(), slot_.begin(),
                          slot_.begin() + static_cast<std::ptrdiff_t>(n_slots_));

        column_out_ = m_.column.data() + first_element;
        value_out_ = b.encoding == Encoding::raw ? m_.value.data() + first_element : nullptr;
        const uint32_t lanes = static_cast<uint32_t>(m_.geometry.lanes);
        const size_t n_grouped = n_slots_ - n_long_;
        for (size_t s = 0; s < n_grouped; s += lanes) {
            const uint32_t n = static_cast<uint32_t>(std::min<size_t>(lanes, n_grouped - s));
            group(slot_.data() + s, n, row_ptr, columns, values);
        }
        if (n_long_ > 0) {
            p.run.push_back({static_cast<uint32_t>(RunKind::along),
                             static_cast<uint32_t>(n_long_), 0});
            for (size_t s = n_grouped; s < n_slots_; ++s) {
                const int64_t at = row_ptr[slot_[s]] - row_ptr[0];
                const uint32_t n = length(row_ptr, slot_[s]);
                p.slot_length.push_back(n);
                put(columns + at, value_at(values, at), n, 1);
                advance(n);
            }
        }
        b.n_runs = static_cast<uint32_t>(static_cast<int64_t>(p.run.size()) - b.first_run);
        p.block.push_back(b);
    }

    void choose_encoding(const T* values, Block<T>& b) {
        b.encoding = Encoding::constant;
        b.constant = values[0];
        if (constant_) {
            return;
        }
        for (int64_t k = 1; k < b.n_elements; ++k) {
            if (std::memcmp(values + k, values, sizeof(T)) != 0) {
                b.encoding = Encoding::raw;
                b.constant = T{};
                return;
            }
        }
    }

    static uint32_t length(const int64_t* row_ptr, uint16_t row) {
        return static_cast<uint32_t>(row_ptr[row + 1] - row_ptr[row]);
    }

    // slot_[n_slots_]: the non-empty rows, by class, then by row. O(rows + classes).
    void hash_rows(int64_t n_rows, const int64_t* row_ptr) {
        uint32_t start[n_row_classes + 1] = {};
        for (int64_t i = 0; i < n_rows; ++i) {
            const int64_t n = row_ptr[i + 1] - row_ptr[i];
            if (n > UINT32_MAX) {
                throw InvalidCsr("a row has " + std::to_string(n) +
                                 " entries in one column block, at most " +
                                 std::to_string(UINT32_MAX) + " are possible");
            }
            ++start[row_class(static_cast<uint32_t>(n)) + 1];
        }
        const size_t n_empty = start[1];
        n_long_ = start[n_row_classes];
        n_slots_ = static_cast<size_t>(n_rows) - n_empty;
        start[1] = 0;
        for (uint32_t c = 1; c < n_row_classes; ++c) {
            start[c + 1] += start[c];
        }
        slot_.resize(n_slots_ + 1);
        start[0] = static_cast<uint32_t>(n_slots_);  // empty rows all land in the spare place
        for (int64_t i = 0; i < n_rows; ++i) {
            const uint32_t c = row_class(length(row_ptr, static_cast<uint16_t>(i)));
            slot_[start[c]] = static_cast<uint16_t>(i);
            start[c] += c != 0;
        }
    }

    // One group of n slots: equal lengths make it full, anything else ragged.
    template <class Index>
    void group(const uint16_t* rows, uint32_t n, const int64_t* row_ptr, const Index* columns,
               const T* values) {
        RowBlockPiece<T>& p = *piece_;
        uint32_t shortest = length(row_ptr, rows[0]);
        uint32_t longest = shortest;
        for (uint32_t i = 1; i < n; ++i) {
            shortest = std::min(shortest, length(row_ptr, rows[i]));
            longest = std::max(longest, length(row_ptr, rows[i]));
        }
        const bool full = n == static_cast<uint32_t>(m_.geometry.lanes) && shortest == longest;
        for (uint32_t i = 0; i < n; ++i) {
            const int64_t at = row_ptr[rows[i]] - row_ptr[0];
            put(columns + at, value_at(values, at), shortest, n, i);
        }
        advance(shortest * n);
        if (full) {
            const bool same = p.run.size() > first_run_ &&
                              p.run.back().kind == static_cast<uint32_t>(RunKind::full) &&
                              p.run.back().length == shortest;
            if (same) {
                ++p.run.back().n;
            } else {
                p.run.push_back({static_cast<uint32_t>(RunKind::full), 1, shortest});
            }
            return;
        }
        p.run.push_back({static_cast<uint32_t>(RunKind::ragged), n, shortest});
        for (uint32_t i = 0; i < n; ++i) {
            const uint32_t tail = length(row_ptr, rows[i]) - shortest;
            const int64_t at = row_ptr[rows[i]] - row_ptr[0] + shortest;
            p.slot_length.push_back(tail);
            put(columns + at, value_at(values, at), tail, 1);
            advance(tail);
        }
    }

    const T* value_at(const T* values, int64_t at) const { return constant_ ? values : values + at; }

    // Copies n elements of one row to the streams, `stride` apart, from place `lane`.
    template <class Index>
    void put(const Index* columns, const T* values, uint32_t n, uint32_t stride,
             uint32_t lane = 0) {
        for (uint32_t k = 0; k < n; ++k) {
            const int64_t j = columns[k];
            if constexpr (sizeof(Index) > 2) {
                check_column(j, m_.n_cols);
            }
            column_out_[static_cast<size_t>(k) * stride + lane] = static_cast<uint16_t>(j);
        }
        if (value_out_ != nullptr) {
            for (uint32_t k = 0; k < n; ++k) {
                value_out_[static_cast<size_t>(k) * stride + lane] = values[k];
            }
        }
    }

    void advance(uint32_t n) {
        column_out_ += n;
        if (value_out_ != nullptr) {
            value_out_ += n;
        }
    }

    const CsrView<I, T>& csr_;
    const int64_t nnz_;
    HbpMatrix<T>& m_;
    const bool constant_;  // all values of the matrix are the same

    RowBlockPiece<T>* piece_ = nullptr;
    int64_t row_block_ = 0;
    size_t first_run_ = 0;  // of the block being built
    uint16_t* column_out_ = nullptr;
    T* value_out_ = nullptr;

    std::vector<int64_t> row_ptr_;
    std::vector<uint32_t> entry_block_;
    std::vector<uint16_t> entry_column_;
    std::vector<int64_t> col_block_ptr_;
    std::vector<int64_t> next_;
    std::vector<uint16_t> dealt_row_;
    std::vector<uint16_t> dealt_column_;
    std::vector<T> dealt_value_;
    std::vector<int64_t> block_row_ptr_;
    std::vector<uint16_t> slot_;
    size_t n_slots_ = 0;
    size_t n_long_ = 0;
};

}  // namespace hbp
