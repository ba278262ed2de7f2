// Which groups of single rows are shifted, and which have windows.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "encodings.h"
#include "hbp_matrix.h"
#include "interleave.h"
#include "slot_order.h"
#include "window_finder.h"

namespace hbp {

// C: of the column stream, T: of the values.
template <class C, class T>
class SingleGroups {
  public:
    // Groups of `lanes` slots.
    SingleGroups(uint32_t lanes, const Encodings& use)
        : lanes_(lanes),
          may_have_windows_(use.windows && may_have_windows<T>(lanes)),
          shifted_(use.shifted) {}

    // The slots of one block come next: `segment` has their columns in `column`, below n_columns.
    void begin(const Segment* segment, const C* column, int64_t n_columns) {
        segment_ = segment;
        column_ = column;
        windows_ = may_have_windows_ && n_columns >= width;
        finder_.set_last(n_columns - width);
        not_shifted_until_ = nullptr;
    }

    const C* columns_of(const Slot& slot) const { return column_ + segment_[slot.first].at; }

    // How many of the n slots are in shifted groups from the first one on that are worth a run.
    size_t shifted(const Slot* slot, size_t n) {
        if (!shifted_ || slot < not_shifted_until_) {
            return 0;
        }
        size_t end = 0;
        while (end + lanes_ <= n && is_shifted(slot + end, slot->length)) {
            end += lanes_;
        }
        if (end / lanes_ * slot->length < tuning::min_shifted_passes) {
            not_shifted_until_ = slot + end + 1;
            return 0;
        }
        return end;
    }

    // Whether the next group, of n slots, has windows in every pass.
    bool has_windows(const Slot* slot, size_t n) {
        if (!windows_ || n < lanes_ || slot->length != slot[lanes_ - 1].length ||
            !may_be_windowed(slot)) {
            return false;
        }
        const C* row[max_lanes];
        begin_.clear();
        return all_passes_have_windows(rows_of(slot, row), slot->length);
    }

    // Stores the passes of the group that was just found to have windows; returns their end.
    C* put_windows(const Slot* slot, C* to) {
        const C* row[max_lanes];
        C column[tuning::long_row * max_lanes];
        interleave<true>(rows_of(slot, row), lanes_, slot->length, column, lanes_);
        for (uint32_t k = 0; k < slot->length; ++k) {
            finder_.template put<n_windows>(column + k * lanes_, begin_.data() + k * n_windows, to);
            to += window_places<C>(static_cast<int>(lanes_));
        }
        return to;
    }

  private:
    static constexpr int width = window_width<T>;
    using Finder = WindowFinder<C, width>;

    const C** rows_of(const Slot* slot, const C* (&row)[max_lanes]) const {
        for (uint32_t i = 0; i < lanes_; ++i) {
            row[i] = columns_of(slot[i]);
        }
        return row;
    }

    // Whether the slots have `length` entries each, in columns that rise by one from slot to slot.
    bool is_shifted(const Slot* slot, uint32_t length) const {
        const C* first = columns_of(*slot);
        for (uint32_t i = 0; i < lanes_; ++i) {
            if (slot[i].length != length) {
                return false;
            }
            const C* own = columns_of(slot[i]);
            for (uint32_t k = 0; k < length; ++k) {
                if (own[k] != first[k] + i) {
                    return false;
                }
            }
        }
        return true;
    }

    // Three columns far from each other are in no two windows, which most groups show at once.
    bool may_be_windowed(const Slot* slot) const {
        const uint32_t k = slot->length / 2;
        const int64_t a = columns_of(slot[0])[k];
        const int64_t b = columns_of(slot[lanes_ / 2])[k];
        const int64_t c = columns_of(slot[lanes_ - 1])[k];
        return std::abs(a - b) < width || std::abs(b - c) < width || std::abs(a - c) < width;
    }

    // Appends where the windows of all passes begin to begin_, unless some pass has none. Up to 14
    // bytes past the rows' ends are read.
    bool all_passes_have_windows(const C** row, uint32_t length) {
        constexpr uint32_t at_once = Finder::at_once;
        for (uint32_t k = 0; k < length; k += at_once) {
            typename Finder::Passes begin[n_windows];
            const typename Finder::Passes left = finder_.find(row, begin);
            for (uint32_t j = 0; j < at_once && k + j < length; ++j) {
                if (left[j] != 0) {
                    return false;
                }
                for (int w = 0; w < n_windows; ++w) {
                    begin_.push_back(begin[w][j]);
                }
            }
            for (uint32_t i = 0; i < lanes_; ++i) {
                row[i] += at_once;
            }
        }
        return true;
    }

    const uint32_t lanes_;
    const bool may_have_windows_;
    const bool shifted_;  // whether there may be shifted groups
    Finder finder_;
    const Segment* segment_ = nullptr;
    const C* column_ = nullptr;
    bool windows_ = false;                     // whether groups of this block may have some
    const Slot* not_shifted_until_ = nullptr;  // groups before it were tested already
    std::vector<C> begin_;                     // where a group's windows begin, pass by pass
};

}  // namespace hbp
