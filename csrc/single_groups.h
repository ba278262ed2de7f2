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
          windows_(use.windows && may_have_windows<T>(lanes)),
          shifted_(use.shifted) {}

    // The slots of one block come next: `segment` has their columns in `column`, below n_columns.
    void begin(const Segment* segment, const C* column, int64_t n_columns) {
        segment_ = segment;
        column_ = column;
        n_columns_ = n_columns;
        may_be_shifted_ = shifted_;
        not_shifted_until_ = nullptr;
    }

    const C* columns_of(const Slot& slot) const { return column_ + segment_[slot.first].at; }

    // How many of the n slots are in shifted groups from the first one on that are worth a run.
    size_t shifted(const Slot* slot, size_t n) {
        if (!may_be_shifted_ || slot < not_shifted_until_) {
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

    // Moves the slots of groups that have windows to the front, each part in its old order; returns
    // how many they are.
    size_t windowed_first(std::vector<Slot>& slot, size_t n) {
        if (!windows_ || n_columns_ < width) {
            return 0;
        }
        finder_.set_last(n_columns_ - width);
        group_.clear();
        begin_.clear();
        put_ = 0;
        n_all_shifted_ = 0;
        for (size_t s = 0; s < n;) {
            size_t end = s + 1;
            while (end < n && slot[end].length == slot[s].length) {
                ++end;
            }
            find_windowed(slot.data(), s, end);
            s = end;
        }
        not_shifted_until_ = nullptr;
        may_be_shifted_ = n_all_shifted_ > 0;
        move_to_front(slot, n);
        return group_.size() * lanes_;
    }

    // Stores the passes of the next group that has windows; returns their end.
    C* put_windows(const Slot* slot, C* to) {
        const C* row[max_lanes];
        const C* begin = begin_.data() + put_;
        put_ += size_t{slot->length} * n_windows;
        C column[tuning::long_row * max_lanes];
        interleave<true>(rows_of(slot, row), lanes_, slot->length, column, lanes_);
        for (uint32_t k = 0; k < slot->length; ++k) {
            finder_.template put<n_windows>(column + k * lanes_, begin + k * n_windows, to);
            to += window_places<C>(static_cast<int>(lanes_));
        }
        return to;
    }

  private:
    static constexpr uint32_t max_lanes = 32;
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

    // Slots s to end - 1 have one length: appends where their windowed groups begin to group_,
    // unless these have too few passes.
    void find_windowed(const Slot* slot, size_t s, size_t end) {
        const size_t n_before = group_.size();
        const size_t n_begin_before = begin_.size();
        const uint32_t length = slot[s].length;
        const C* row[max_lanes];
        while (s + lanes_ <= end) {
            size_t n_shifted = 0;
            if (may_be_windowed(slot + s)) {
                n_shifted = shifted(slot + s, end - s);
                n_all_shifted_ += n_shifted;
                if (n_shifted == 0 && all_passes_have_windows(rows_of(slot + s, row), length)) {
                    group_.push_back(s);
                }
            }
            s += n_shifted > 0 ? n_shifted : lanes_;
        }
        if ((group_.size() - n_before) * length < tuning::min_window_passes) {
            group_.resize(n_before);
            begin_.resize(n_begin_before);
        }
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
        const size_t n_before = begin_.size();
        constexpr uint32_t at_once = Finder::at_once;
        for (uint32_t k = 0; k < length; k += at_once) {
            typename Finder::Passes begin[n_windows];
            const typename Finder::Passes left = finder_.find(row, begin);
            for (uint32_t j = 0; j < at_once && k + j < length; ++j) {
                if (left[j] != 0) {
                    begin_.resize(n_before);
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

    void move_to_front(std::vector<Slot>& slot, size_t n) {
        if (group_.empty()) {
            return;
        }
        others_.clear();
        size_t to = 0, from = 0;
        const auto copy_others = [&](size_t end) {
            others_.insert(others_.end(), slot.data() + from, slot.data() + end);
        };
        for (const size_t g : group_) {
            copy_others(g);
            std::copy_n(slot.data() + g, lanes_, slot.data() + to);
            to += lanes_;
            from = g + lanes_;
        }
        copy_others(n);
        std::copy(others_.begin(), others_.end(), slot.data() + to);
    }

    const uint32_t lanes_;
    const bool windows_;  // whether groups may have windows
    const bool shifted_;  // whether there may be shifted groups
    Finder finder_;
    const Segment* segment_ = nullptr;
    const C* column_ = nullptr;
    int64_t n_columns_ = 0;
    bool may_be_shifted_ = false;              // whether groups of this block may be
    const Slot* not_shifted_until_ = nullptr;  // groups before it were tested already
    size_t n_all_shifted_ = 0;                 // slots in shifted groups worth a run
    std::vector<size_t> group_;                // the first slots of windowed groups
    std::vector<C> begin_;                     // where their windows begin, pass by pass
    size_t put_ = 0;                           // of begin_, those that are stored already
    std::vector<Slot> others_;
};

}  // namespace hbp
