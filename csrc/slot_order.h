// Which rows of a block form tiles, and the order of its slots by the nonlinear hash.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "build.h"
#include "row_hash.h"

namespace hbp {

struct Slot {
    uint16_t row;  // the tile's first
    uint8_t height;
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
    // row_ptr[n_rows + 1] counts from any base; columns start at row_ptr[0]. Groups have `lanes`
    // slots. O(rows + elements of rows that equal the one before).
    template <class Index>
    void arrange(int64_t n_rows, const int64_t* row_ptr, const Index* columns, uint32_t lanes) {
        find_tiles(n_rows, row_ptr, columns);
        split_incomplete_groups(row_ptr, lanes);
        sort_by_class(row_ptr);
    }

    // The slots: single rows to be grouped, tiles to be grouped (a multiple of `lanes` of each
    // height and length), long rows and tiles of them.
    const std::vector<Slot>& slots() const { return sorted_; }
    size_t n_single() const { return n_single_; }    // end of the first part
    size_t n_grouped() const { return n_grouped_; }  // end of the second part

  private:
    static uint32_t length(const int64_t* row_ptr, uint32_t row) {
        return static_cast<uint32_t>(row_ptr[row + 1] - row_ptr[row]);
    }

    // found_: all non-empty rows as tiles, in the order of the rows.
    template <class Index>
    void find_tiles(int64_t n_rows, const int64_t* row_ptr, const Index* columns) {
        found_.clear();
        any_tile_ = false;
        for (int64_t i = 0; i < n_rows;) {
            const int64_t n = row_ptr[i + 1] - row_ptr[i];
            if (n > UINT32_MAX) {
                throw InvalidCsr("a row has " + std::to_string(n) +
                                 " entries in one column block, at most " +
                                 std::to_string(UINT32_MAX) + " are possible");
            }
            int64_t end = i + 1;
            if (n >= tuning::min_tile_length) {
                const Index* first = columns + (row_ptr[i] - row_ptr[0]);
                while (end < n_rows && row_ptr[end + 1] - row_ptr[end] == n &&
                       std::memcmp(columns + (row_ptr[end] - row_ptr[0]), first,
                                   static_cast<size_t>(n) * sizeof(Index)) == 0) {
                    ++end;
                }
            }
            while (i < end) {
                const uint32_t height = tile_height(static_cast<uint32_t>(end - i));
                if (n > 0) {
                    found_.push_back({static_cast<uint16_t>(i), static_cast<uint8_t>(height)});
                    any_tile_ |= height > 1;
                }
                i += height;
            }
        }
    }

    // Tiles that would not fill a group become single rows again.
    void split_incomplete_groups(const int64_t* row_ptr, uint32_t lanes) {
        if (!any_tile_) {
            return;
        }
        const auto grouped_tile_class = [&](const Slot& s) -> uint32_t* {
            const uint32_t n = length(row_ptr, s.row);
            return s.height > 1 && n < tuning::long_row ? &count_[slot_class(s.height, n)]
                                                        : nullptr;
        };
        count_.assign(n_slot_classes, 0);
        for (const Slot& s : found_) {
            if (uint32_t* count = grouped_tile_class(s)) {
                ++*count;
            }
        }
        for (uint32_t& count : count_) {
            count -= count % lanes;  // the tiles that stay: the first ones of each class
        }
        kept_.clear();
        for (const Slot& s : found_) {
            uint32_t* stay = grouped_tile_class(s);
            if (stay == nullptr) {
                kept_.push_back(s);
            } else if (*stay > 0) {
                --*stay;
                kept_.push_back(s);
            } else {
                for (uint32_t h = 0; h < s.height; ++h) {
                    kept_.push_back({static_cast<uint16_t>(s.row + h), 1});
                }
            }
        }
        found_.swap(kept_);
    }

    // sorted_: the slots by class, then by row. O(slots + classes).
    void sort_by_class(const int64_t* row_ptr) {
        // Without tiles the classes of length alone give the same order, and there are fewer.
        const auto class_of = [&](const Slot& s) {
            const uint32_t n = length(row_ptr, s.row);
            return any_tile_ ? slot_class(s.height, n) : row_class(n);
        };
        const uint32_t n_classes = any_tile_ ? n_slot_classes : n_length_classes;
        count_.assign(n_classes + 1, 0);
        for (const Slot& s : found_) {
            ++count_[class_of(s) + 1];
        }
        for (uint32_t c = 0; c < n_classes; ++c) {
            count_[c + 1] += count_[c];
        }
        n_single_ = count_[n_length_classes - 1];
        n_grouped_ = any_tile_ ? count_[max_height * n_length_classes] : n_single_;
        sorted_.resize(found_.size());
        for (const Slot& s : found_) {
            sorted_[count_[class_of(s)]++] = s;
        }
    }

    std::vector<Slot> found_, kept_, sorted_;
    std::vector<uint32_t> count_;
    size_t n_single_ = 0;
    size_t n_grouped_ = 0;
    bool any_tile_ = false;
};

}  // namespace hbp
