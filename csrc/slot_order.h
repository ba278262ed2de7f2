// Which rows of a block form tiles, and the order of its slots by the nonlinear hash.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "row_hash.h"
#include "row_segments.h"

namespace hbp {

struct Slot {
    uint16_t first;   // place among the block's segments of the tile's first row
    uint8_t height;   // rows
    uint32_t length;  // entries of each
};

// Height of the next tile of `rows` consecutive rows with the same columns: threes, which the
// three unknowns of a mesh node make, and as few other tiles as that leaves.
inline constexpr uint32_t tile_height(uint32_t rows) {
    if (rows <= 4) {
        return rows;
    }
    return rows % 3 == 1 || (rows % 3 == 2 && rows >= 8) ? 4 : 3;
}

class SlotOrder {
  public:
    // Groups have `lanes` slots. O(rows + entries of rows that equal the one before).
    template <class I, class T>
    void arrange(const Segment<I, T>* segment, size_t n, uint32_t lanes) {
        find_tiles(segment, n);
        if (any_tile_) {
            split_incomplete_groups(lanes);
        }
        sort_by_class();
    }

    // The slots: single rows to be grouped, tiles to be grouped (a multiple of `lanes` of each
    // height and length), long rows and tiles of them.
    const std::vector<Slot>& slots() const { return sorted_; }
    size_t n_single() const { return n_single_; }    // end of the first part
    size_t n_grouped() const { return n_grouped_; }  // end of the second part

  private:
    // found_: all rows as tiles, in the order of the rows.
    template <class I, class T>
    void find_tiles(const Segment<I, T>* segment, size_t n_segments) {
        found_.clear();
        any_tile_ = false;
        for (size_t i = 0; i < n_segments;) {
            const Segment<I, T>& first = segment[i];
            if (first.n > UINT32_MAX) {
                throw InvalidCsr("a row has " + std::to_string(first.n) +
                                 " entries in one column block, at most " +
                                 std::to_string(UINT32_MAX) + " are possible");
            }
            size_t end = i + 1;
            while (end < n_segments && first.n >= tuning::min_tile_length &&
                   segment[end].n == first.n &&
                   segment[end].row - first.row == static_cast<int>(end - i) &&
                   std::memcmp(segment[end].columns, first.columns,
                               static_cast<size_t>(first.n) * sizeof(I)) == 0) {
                ++end;
            }
            while (i < end) {
                const uint32_t height = tile_height(static_cast<uint32_t>(end - i));
                found_.push_back({static_cast<uint16_t>(i), static_cast<uint8_t>(height),
                                  static_cast<uint32_t>(first.n)});
                any_tile_ |= height > 1;
                i += height;
            }
        }
    }

    // Tiles that would not fill a group become single rows again.
    void split_incomplete_groups(uint32_t lanes) {
        const auto count_of = [&](const Slot& s) -> uint32_t* {
            return s.height > 1 && s.length < tuning::long_row
                       ? &count_[slot_class(s.height, s.length)]
                       : nullptr;
        };
        count_.assign(n_slot_classes, 0);
        for (const Slot& s : found_) {
            if (uint32_t* count = count_of(s)) {
                ++*count;
            }
        }
        for (uint32_t& count : count_) {
            count -= count % lanes;  // the tiles that stay: the first ones of each class
        }
        kept_.clear();
        for (const Slot& s : found_) {
            uint32_t* stay = count_of(s);
            if (stay == nullptr) {
                kept_.push_back(s);
            } else if (*stay > 0) {
                --*stay;
                kept_.push_back(s);
            } else {
                for (uint32_t h = 0; h < s.height; ++h) {
                    kept_.push_back({static_cast<uint16_t>(s.first + h), 1, s.length});
                }
            }
        }
        found_.swap(kept_);
    }

    // sorted_: the slots by class, then by row. O(slots + classes).
    void sort_by_class() {
        // Without tiles the classes of length alone give the same order, and there are fewer.
        if (any_tile_) {
            count_sort([](const Slot& s) { return slot_class(s.height, s.length); },
                       n_slot_classes);
            n_single_ = end_[n_length_classes - 2];
            n_grouped_ = end_[max_height * n_length_classes - 1];
        } else {
            count_sort([](const Slot& s) { return row_class(s.length); }, n_length_classes);
            n_single_ = n_grouped_ = end_[n_length_classes - 2];
        }
    }

    // end_[c]: the number of slots of the classes up to c.
    template <class ClassOf>
    void count_sort(ClassOf class_of, uint32_t n_classes) {
        count_.assign(n_classes + 1, 0);
        for (const Slot& s : found_) {
            ++count_[class_of(s) + 1];
        }
        for (uint32_t c = 0; c < n_classes; ++c) {
            count_[c + 1] += count_[c];
        }
        sorted_.resize(found_.size());
        for (const Slot& s : found_) {
            sorted_[count_[class_of(s)]++] = s;
        }
        end_.swap(count_);
    }

    std::vector<Slot> found_, kept_, sorted_;
    std::vector<uint32_t> count_, end_;
    size_t n_single_ = 0;
    size_t n_grouped_ = 0;
    bool any_tile_ = false;
};

}  // namespace hbp
