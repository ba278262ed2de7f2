// One row block from CSR to HBP: deals its entries to column blocks and fills their streams.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "build.h"
#include "slot_order.h"

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
    int64_t first_column = 0;  // in the matrix's column stream
    int64_t n_columns = 0;     // stored from there
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
        piece.first_column = row_ptr_[0];
        column_out_ = m_.column.data() + row_ptr_[0];
        if (m_.n_col_blocks == 1) {
            const int64_t at = row_ptr_[0];
            block(0, n_rows, row_ptr_.data(), csr_.indices + at, csr_.data + at, at);
        } else {
            many_column_blocks(first_row, n_rows);
        }
        piece.n_columns = column_out_ - m_.column.data() - piece.first_column;
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
        b.first_column = column_out_ - m_.column.data();
        b.first_slot = static_cast<int64_t>(p.slot_row.size());
        b.first_run = static_cast<int64_t>(p.run.size());
        b.first_length = static_cast<int64_t>(p.slot_length.size());
        b.n_elements = row_ptr[n_rows] - row_ptr[0];
        first_run_ = p.run.size();
        not_shifted_until_ = nullptr;
        choose_encoding(values, b);
        value_out_ = b.encoding == Encoding::raw ? m_.value.data() + first_element : nullptr;

        const uint32_t lanes = static_cast<uint32_t>(m_.geometry.lanes);
        order_.arrange(n_rows, row_ptr, columns, lanes);
        const std::vector<Slot>& slot = order_.slots();
        b.n_slots = static_cast<uint32_t>(slot.size());
        for (const Slot& s : slot) {
            p.slot_row.push_back(s.row);
        }
        const Source<Index> source{row_ptr, columns, values};
        size_t s = 0;
        for (size_t n; s < order_.n_single(); s += n) {
            n = shifted_groups(slot.data() + s, order_.n_single() - s, source);
            if (n == 0) {
                n = std::min<size_t>(lanes, order_.n_single() - s);
                single_group(slot.data() + s, static_cast<uint32_t>(n), source);
            }
        }
        for (s = order_.n_single(); s < order_.n_grouped(); s += lanes) {
            tile_group(slot.data() + s, source);
        }
        for (; s < slot.size(); ++s) {
            along(slot[s], source);
        }
        b.n_runs = static_cast<uint32_t>(static_cast<int64_t>(p.run.size()) - b.first_run);
        p.block.push_back(b);
    }

    // The entries of a block, row by row.
    template <class Index>
    struct Source {
        const int64_t* row_ptr;
        const Index* columns;
        const T* values;

        uint32_t length(uint32_t row) const {
            return static_cast<uint32_t>(row_ptr[row + 1] - row_ptr[row]);
        }
        const Index* columns_of(uint32_t row) const { return columns + row_ptr[row] - row_ptr[0]; }
        const T* values_of(uint32_t row) const { return values + row_ptr[row] - row_ptr[0]; }
    };

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

    // One more group or slot of a kind: lengthens the block's last run where it is the same.
    void add_to_run(RunKind kind, uint32_t height, uint32_t length) {
        std::vector<Run>& run = piece_->run;
        const uint32_t k = static_cast<uint32_t>(kind);
        if (run.size() > first_run_ && run.back().kind == k && run.back().height == height &&
            run.back().length == length) {
            ++run.back().n;
        } else {
            run.push_back({k, height, 1, length});
        }
    }

    // Stores the shifted groups that begin at `slot` and are worth a run of their own; returns how
    // many of the n slots they are.
    template <class Index>
    size_t shifted_groups(const Slot* slot, size_t n, const Source<Index>& source) {
        const uint32_t lanes = static_cast<uint32_t>(m_.geometry.lanes);
        const uint32_t length = source.length(slot[0].row);
        if (slot < not_shifted_until_) {
            return 0;
        }
        size_t end = 0;
        while (end + lanes <= n && is_shifted(slot + end, lanes, length, source)) {
            end += lanes;
        }
        if (end / lanes * length < tuning::min_shifted_passes) {
            not_shifted_until_ = slot + end + 1;
            return 0;
        }
        for (size_t g = 0; g < end; g += lanes) {
            add_to_run(RunKind::shifted, 1, length);
            put_columns(source.columns_of(slot[g].row), length, 1, 0);
            column_out_ += length;
            for (uint32_t i = 0; i < lanes; ++i) {
                put_values(source.values_of(slot[g + i].row), length, lanes, i);
            }
            advance_values(int64_t{length} * lanes);
        }
        return end;
    }

    // Whether n slots have `length` entries each, in columns that rise by one from slot to slot.
    template <class Index>
    static bool is_shifted(const Slot* slot, uint32_t n, uint32_t length,
                           const Source<Index>& source) {
        const Index* first = source.columns_of(slot[0].row);
        for (uint32_t i = 0; i < n; ++i) {
            if (source.length(slot[i].row) != length) {
                return false;
            }
            const Index* own = source.columns_of(slot[i].row);
            for (uint32_t k = 0; k < length; ++k) {
                if (static_cast<int64_t>(own[k]) != static_cast<int64_t>(first[k]) + i) {
                    return false;
                }
            }
        }
        return true;
    }

    // n slots of height 1: equal lengths make the group full, anything else ragged.
    template <class Index>
    void single_group(const Slot* slot, uint32_t n, const Source<Index>& source) {
        uint32_t shortest = source.length(slot[0].row);
        uint32_t longest = shortest;
        for (uint32_t i = 1; i < n; ++i) {
            shortest = std::min(shortest, source.length(slot[i].row));
            longest = std::max(longest, source.length(slot[i].row));
        }
        const bool full = n == static_cast<uint32_t>(m_.geometry.lanes) && shortest == longest;
        for (uint32_t i = 0; i < n; ++i) {
            put_columns(source.columns_of(slot[i].row), shortest, n, i);
            put_values(source.values_of(slot[i].row), shortest, n, i);
        }
        column_out_ += int64_t{shortest} * n;
        advance_values(int64_t{shortest} * n);
        if (full) {
            add_to_run(RunKind::full, 1, shortest);
            return;
        }
        piece_->run.push_back({static_cast<uint32_t>(RunKind::ragged), 1, n, shortest});
        for (uint32_t i = 0; i < n; ++i) {
            const uint32_t tail = source.length(slot[i].row) - shortest;
            piece_->slot_length.push_back(tail);
            put_columns(source.columns_of(slot[i].row) + shortest, tail, 1, 0);
            put_values(source.values_of(slot[i].row) + shortest, tail, 1, 0);
            column_out_ += tail;
            advance_values(tail);
        }
    }

    // A group of tiles of one height and length.
    template <class Index>
    void tile_group(const Slot* slot, const Source<Index>& source) {
        const uint32_t lanes = static_cast<uint32_t>(m_.geometry.lanes);
        const uint32_t height = slot[0].height;
        const uint32_t length = source.length(slot[0].row);
        add_to_run(RunKind::full, height, length);
        for (uint32_t i = 0; i < lanes; ++i) {
            put_columns(source.columns_of(slot[i].row), length, lanes, i);
            for (uint32_t h = 0; h < height; ++h) {
                put_values(source.values_of(slot[i].row + h), length, lanes * height,
                           h * lanes + i);
            }
        }
        column_out_ += int64_t{length} * lanes;
        advance_values(int64_t{length} * lanes * height);
    }

    // A tile of long rows.
    template <class Index>
    void along(const Slot& slot, const Source<Index>& source) {
        const uint32_t n = source.length(slot.row);
        add_to_run(RunKind::along, slot.height, 0);
        piece_->slot_length.push_back(n);
        put_columns(source.columns_of(slot.row), n, 1, 0);
        column_out_ += n;
        for (uint32_t h = 0; h < slot.height; ++h) {
            put_values(source.values_of(slot.row + h), n, 1, 0);
            advance_values(n);
        }
    }

    // Copies n columns of one row to the column stream, `stride` apart, from place `lane`.
    template <class Index>
    void put_columns(const Index* columns, uint32_t n, uint32_t stride, uint32_t lane) {
        uint16_t* to = column_out_ + lane;
        for (uint32_t k = 0; k < n; ++k) {
            const int64_t j = columns[k];
            if constexpr (sizeof(Index) > 2) {
                check_column(j, m_.n_cols);
            }
            to[static_cast<size_t>(k) * stride] = static_cast<uint16_t>(j);
        }
    }

    void put_values(const T* values, uint32_t n, uint32_t stride, uint32_t lane) {
        if (value_out_ == nullptr) {
            return;
        }
        T* to = value_out_ + lane;
        for (uint32_t k = 0; k < n; ++k) {
            to[static_cast<size_t>(k) * stride] = values[k];
        }
    }

    void advance_values(int64_t n) {
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
    SlotOrder order_;
    const Slot* not_shifted_until_ = nullptr;  // groups before it were tested already
};

}  // namespace hbp
