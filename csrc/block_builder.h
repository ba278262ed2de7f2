// One row block from CSR to HBP: fills the streams of its blocks.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "along_windows.h"
#include "build.h"
#include "interleave.h"
#include "row_segments.h"
#include "single_groups.h"
#include "slot_order.h"
#include "value_encoding.h"

namespace hbp {

// What a row block adds to the arrays of the matrix; offsets count from the piece's own start.
template <class T>
struct RowBlockPiece {
    std::vector<Block<T>> block;
    std::vector<Run> run;
    std::vector<uint16_t> slot_row;
    std::vector<uint32_t> slot_length;
    std::vector<ScrambledRow> scrambled;
    std::vector<T> table;      // few_values a block
    std::vector<T> power;      // of blocks of decimals
    int64_t first_entry = 0;   // in CSR
    int64_t n_entries = 0;     // from there
    int64_t first_column = 0;  // in the matrix's column stream
    int64_t n_columns = 0;     // stored from there
    int64_t first_value = 0;   // in the matrix's value stream
    int64_t n_values = 0;      // stored from there
};

// C: uint16_t, or uint32_t for wide column blocks.
template <class I, class T, class C>
class BlockBuilder {
  public:
    // The streams of `matrix` are written in place: a row block's elements lie where its entries
    // lie in CSR, so row blocks are independent.
    BlockBuilder(const CsrView<I, T>& csr, int64_t nnz, HbpMatrix<T>& matrix, bool constant,
                 const Encodings& use)
        : csr_(csr),
          nnz_(nnz),
          m_(matrix),
          column_stream_(reinterpret_cast<C*>(matrix.column.data())),
          constant_(constant),
          use_(use),
          windows_(use.windows && may_have_windows<T>(matrix.geometry.lanes)),
          segments_(matrix.n_cols, matrix.geometry.block_cols),
          order_(use),
          single_groups_(static_cast<uint32_t>(matrix.geometry.lanes), use),
          encoder_(matrix.geometry, nnz, use) {}

    void row_block(int64_t rb, RowBlockPiece<T>& piece) {
        const int64_t first_row = m_.row_block_ptr[static_cast<size_t>(rb)];
        const int64_t n_rows = m_.row_block_ptr[static_cast<size_t>(rb) + 1] - first_row;
        copy_row_ptr(first_row, n_rows);
        piece.first_entry = row_ptr_[0];
        piece.n_entries = row_ptr_[static_cast<size_t>(n_rows)] - row_ptr_[0];
        if (piece.n_entries == 0) {
            return;
        }
        piece_ = &piece;
        row_block_ = rb;
        piece.first_column = row_ptr_[0];
        column_out_ = column_stream_ + row_ptr_[0];
        piece.first_value = constant_ ? 0 : row_ptr_[0];
        value_out_ = constant_ ? nullptr : m_.value.data() + row_ptr_[0];
        values_ = csr_.data + (constant_ ? 0 : row_ptr_[0]);
        segments_.cut(row_ptr_, csr_.indices, [&](size_t i, std::vector<int64_t>&& order) {
            copy_scrambled(i, order);
            piece.scrambled.push_back({first_row + static_cast<int64_t>(i), std::move(order)});
        });
        const std::vector<Segment>& segment = segments_.by_block();
        int64_t first_element = row_ptr_[0];
        for (size_t s = 0; s < segment.size();) {
            size_t end = s;
            int64_t n = 0;
            while (end < segment.size() && segment[end].col_block == segment[s].col_block) {
                n += segment[end++].n;
            }
            block(segment.data() + s, end - s, n, first_element);
            first_element += n;
            s = end;
        }
        piece.n_columns = column_out_ - column_stream_ - piece.first_column;
        piece.n_values = constant_ ? 0 : value_out_ - m_.value.data() - piece.first_value;
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

    // Values of a scrambled row go into the order of its columns, so values_ becomes a copy.
    void copy_scrambled(size_t row, const std::vector<int64_t>& order) {
        if (constant_) {
            return;
        }
        const T* from = csr_.data + row_ptr_[row];
        if (piece_->scrambled.empty()) {
            value_copy_.assign(values_, values_ + piece_->n_entries);
            values_ = value_copy_.data();
        }
        T* to = value_copy_.data() + (row_ptr_[row] - row_ptr_[0]);
        for (const int64_t k : order) {
            *to++ = from[k];
        }
    }

    // One block of n_segments rows with n_elements in all.
    void block(const Segment* segment, size_t n_segments, int64_t n_elements,
               int64_t first_element) {
        RowBlockPiece<T>& p = *piece_;
        Block<T> b{};
        b.row_block = static_cast<int32_t>(row_block_);
        b.col_block = static_cast<int32_t>(segment->col_block);
        b.first_element = first_element;
        b.first_column = column_out_ - column_stream_;
        b.first_slot = static_cast<int64_t>(p.slot_row.size());
        b.first_run = static_cast<int64_t>(p.run.size());
        b.first_length = static_cast<int64_t>(p.slot_length.size());
        b.n_elements = n_elements;
        first_run_ = p.run.size();
        segment_ = segment;
        const int64_t n_columns = m_.n_cols - segment->col_block * int64_t{m_.geometry.block_cols};
        single_groups_.begin(segment, segments_.column(), n_columns);
        along_windows_.begin(n_columns);
        T* const first_value = value_out_;
        b.first_value = constant_ ? 0 : first_value - m_.value.data();

        const uint32_t lanes = static_cast<uint32_t>(m_.geometry.lanes);
        order_.arrange(segment, n_segments, segments_.column(), lanes);
        const std::vector<Slot>& slot = order_.slots();
        b.n_slots = static_cast<uint32_t>(slot.size());
        p.slot_row.resize(p.slot_row.size() + slot.size());
        uint16_t* slot_row = p.slot_row.data() + b.first_slot;
        for (const Slot& s : slot) {
            *slot_row++ = segment[s.first].row;
        }
        size_t s = 0;
        for (size_t n; s < order_.n_single(); s += n) {
            n = single_groups_.shifted(slot.data() + s, order_.n_single() - s);
            if (n > 0) {
                shifted_groups(slot.data() + s, n);
                continue;
            }
            n = std::min<size_t>(lanes, order_.n_single() - s);
            if (single_groups_.has_windows(slot.data() + s, n)) {
                windowed_group(slot.data() + s);
            } else {
                single_group(slot.data() + s, static_cast<uint32_t>(n));
            }
        }
        for (s = order_.n_single(); s < order_.n_grouped(); s += lanes) {
            tile_group(slot.data() + s);
        }
        for (; use_.along && s < slot.size(); ++s) {
            along(slot[s]);
        }
        for (; s < slot.size(); s += lanes) {  // long rows in groups like others
            single_group(slot.data() + s,
                         static_cast<uint32_t>(std::min<size_t>(lanes, slot.size() - s)));
        }
        b.n_runs = static_cast<uint32_t>(static_cast<int64_t>(p.run.size()) - b.first_run);
        encode(first_value, b);
        p.block.push_back(b);
    }

    // The block's values are in the value stream as they came; encodes them there.
    void encode(T* first_value, Block<T>& b) {
        RowBlockPiece<T>& p = *piece_;
        b.first_power = static_cast<int64_t>(p.power.size());
        if (constant_) {
            b.encoding = Encoding::constant;
            b.constant = csr_.data[0];
            p.table.resize(p.table.size() + few_values);
            return;
        }
        value_out_ = first_value + encoder_.encode(first_value, b.n_elements);
        b.encoding = encoder_.encoding;
        b.constant = encoder_.constant;
        p.table.insert(p.table.end(), encoder_.table.begin(), encoder_.table.end());
        p.power.insert(p.power.end(), encoder_.power.begin(), encoder_.power.end());
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

    // The shifted groups of n slots.
    void shifted_groups(const Slot* slot, size_t n) {
        const uint32_t lanes = static_cast<uint32_t>(m_.geometry.lanes);
        for (size_t s = 0; s < n; s += lanes) {
            add_to_run(RunKind::shifted, 1, slot->length);
            put_columns(slot + s, 1, slot->length);
            put_values(slot + s, lanes, slot->length, 1);
        }
    }

    // A group that has windows.
    void windowed_group(const Slot* slot) {
        add_to_run(RunKind::windowed, 1, slot->length);
        column_out_ = single_groups_.put_windows(slot, column_out_);
        put_values(slot, static_cast<uint32_t>(m_.geometry.lanes), slot->length, 1);
    }

    // n slots of height 1: equal lengths make the group full, anything else ragged.
    void single_group(const Slot* slot, uint32_t n) {
        uint32_t shortest = slot[0].length;
        uint32_t longest = shortest;
        for (uint32_t i = 1; i < n; ++i) {
            shortest = std::min(shortest, slot[i].length);
            longest = std::max(longest, slot[i].length);
        }
        const bool full = n == static_cast<uint32_t>(m_.geometry.lanes) && shortest == longest;
        put_columns(slot, n, shortest);
        put_values(slot, n, shortest, 1);
        if (full) {
            add_to_run(RunKind::full, 1, shortest);
            return;
        }
        piece_->run.push_back({static_cast<uint32_t>(RunKind::ragged), 1, n, shortest});
        for (uint32_t i = 0; i < n; ++i) {
            const uint32_t tail = slot[i].length - shortest;
            piece_->slot_length.push_back(tail);
            append_columns(columns_of(slot[i].first) + shortest, tail);
            append_values(slot[i].first, shortest, tail);
        }
    }

    // A group of tiles of one height and length.
    void tile_group(const Slot* slot) {
        const uint32_t lanes = static_cast<uint32_t>(m_.geometry.lanes);
        const uint32_t height = slot[0].height;
        const uint32_t length = slot[0].length;
        add_to_run(RunKind::full, height, length);
        put_columns(slot, lanes, length);
        put_values(slot, lanes, length, height);
    }

    // A tile of long rows.
    void along(const Slot& slot) {
        const uint32_t n = slot.length;
        const C* columns = columns_of(slot.first);
        piece_->slot_length.push_back(n);
        if (windows_ && slot.height == 1 && along_windows_.find(columns, n)) {
            add_to_run(RunKind::along_windowed, 1, 0);
            const std::vector<uint32_t>& words = along_windows_.words();
            piece_->slot_length.insert(piece_->slot_length.end(), words.begin(), words.end());
            column_out_ = along_windows_.put(columns, n, column_out_);
        } else {
            add_to_run(RunKind::along, slot.height, 0);
            append_columns(columns, n);
        }
        for (uint32_t h = 0; h < slot.height; ++h) {
            append_values(slot.first + h, 0, n);
        }
    }

    const C* columns_of(size_t segment) const { return segments_.column() + segment_[segment].at; }

    // The columns of n <= lanes slots, pass by pass.
    void put_columns(const Slot* slot, uint32_t n, uint32_t length) {
        const C* row[max_lanes];
        for (uint32_t i = 0; i < n; ++i) {
            row[i] = columns_of(slot[i].first);
        }
        interleave<true>(row, n, length, column_out_, n);
        column_out_ += int64_t{length} * n;
    }

    // The values of n <= lanes slots of `height` rows: in each pass, first those of all slots'
    // first rows.
    void put_values(const Slot* slot, uint32_t n, uint32_t length, uint32_t height) {
        if (value_out_ == nullptr) {
            return;
        }
        const T* row[max_lanes];
        for (uint32_t h = 0; h < height; ++h) {
            for (uint32_t i = 0; i < n; ++i) {
                row[i] = values_ + segment_[slot[i].first + h].at;
            }
            interleave(row, n, length, value_out_ + h * n, size_t{n} * height);
        }
        value_out_ += int64_t{length} * n * height;
    }

    void append_columns(const C* columns, uint32_t n) {
        column_out_ = std::copy_n(columns, n, column_out_);
    }

    // n values of a segment, from its k-th on.
    void append_values(size_t segment, uint32_t k, uint32_t n) {
        if (value_out_ != nullptr) {
            value_out_ = std::copy_n(values_ + segment_[segment].at + k, n, value_out_);
        }
    }

    const CsrView<I, T>& csr_;
    const int64_t nnz_;
    HbpMatrix<T>& m_;
    C* const column_stream_;
    const bool constant_;  // all values of the matrix are the same
    const Encodings use_;
    const bool windows_;

    RowBlockPiece<T>* piece_ = nullptr;
    int64_t row_block_ = 0;
    size_t first_run_ = 0;  // of the block being built
    C* column_out_ = nullptr;
    T* value_out_ = nullptr;  // null if there are none to store

    std::vector<int64_t> row_ptr_;
    RowSegments<I, C> segments_;
    const T* values_ = nullptr;  // of the row block's entries, in the order of segments_.column()
    std::vector<T> value_copy_;
    const Segment* segment_ = nullptr;  // of the block being built
    SlotOrder order_;
    SingleGroups<C, T> single_groups_;
    AlongWindows<C, T> along_windows_;
    ValueEncoder<T> encoder_;
};

}  // namespace hbp
