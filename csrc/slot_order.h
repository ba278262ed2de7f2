// Which rows of a block form tiles, and the order of its slots by the nonlinear hash.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "encodings.h"
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
    explicit SlotOrder(const Encodings& use = {})
        : longest_tile_(!use.tiles  ? 0
                        : use.along ? UINT32_MAX
                                    : tuning::long_row - 1) {}

    // Groups have `lanes` slots; `column` has the entries of the segments. O(rows + entries of rows
    // that equal the one before).
    template <class C>
    void arrange(const Segment* segment, size_t n, const C* column, uint32_t lanes) {
        find_tiles(segment, n, column);
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
    template <class C>
    void find_tiles(const Segment* segment, size_t n_segments, const C* column) {
        found_.resize(n_segments);
        any_tile_ = false;
        if (longest_tile_ == 0) {
            for (size_t i = 0; i < n_segments; ++i) {
                found_[i] = {static_cast<uint16_t>(i), 1, segment[i].n};
            }
            return;
        }
        size_t n_found = 0;
        for (size_t i = 0; i < n_segments;) {
            const Segment& first = segment[i];
            size_t end = i + 1;
            if (first.n >= tuning::min_tile_length && first.n <= longest_tile_) {
                while (end < n_segments && continues_tile(first, segment[end], end - i, column)) {
                    ++end;
                }
            }
            while (i < end) {
                const uint32_t height = tile_height(static_cast<uint32_t>(end - i));
                found_[n_found++] = {static_cast<uint16_t>(i), static_cast<uint8_t>(height),
                                     first.n};
                any_tile_ |= height > 1;
                i += height;
            }
        }
        found_.resize(n_found);
    }

    // Whether `next`, `distance` segments after `first`, is its row plus distance and has its
    // columns.
    template <class C>
    static bool continues_tile(const Segment& first, const Segment& next, size_t distance,
                               const C* column) {
        return next.n == first.n && next.row - first.row == static_cast<int>(distance) &&
               column[next.at] == column[first.at] &&
               std::memcmp(column + next.at, column + first.at, first.n * sizeof(C)) == 0;
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
        if (found_.size() <= few_slots) {
            sort_few();
            return;
        }
        // Without tiles the classes of length alone give the same order, and there are fewer.
        if (any_tile_) {
            count_sort([](const Slot& s) { return slot_class(s.height, s.length); });
            n_single_ = start_of(n_length_classes - 1);
            n_grouped_ = start_of(max_height * n_length_classes);
        } else {
            count_sort([](const Slot& s) { return row_class(s.length); });
            n_single_ = n_grouped_ = start_of(n_length_classes - 1);
        }
        place();
    }

    // As sort_by_class, by insertion: clearing and adding up the counters costs more than it saves
    // (8 ns a row for 48 in hypersparse blocks of 2 rows).
    void sort_few() {
        const size_t n = found_.size();
        sorted_.resize(n);
        uint32_t placed[few_slots];  // classes of sorted_
        n_single_ = n_grouped_ = 0;
        for (size_t i = 0; i < n; ++i) {
            const uint32_t c = slot_class(found_[i].height, found_[i].length);
            n_single_ += c < n_length_classes - 1;
            n_grouped_ += c < max_height * n_length_classes;
            size_t to = i;
            for (; to > 0 && placed[to - 1] > c; --to) {
                placed[to] = placed[to - 1];
                sorted_[to] = sorted_[to - 1];
            }
            placed[to] = c;
            sorted_[to] = found_[i];
        }
    }

    // class_[i]: of found_[i]. start_[class * parts + p]: where the first slot of that class in
    // part p goes. Neighbouring rows mostly share a class, and increments of one counter wait for
    // each other: with one set of counters placing takes 1.2 to 1.8 times as long.
    template <class ClassOf>
    void count_sort(ClassOf class_of) {
        const size_t n = found_.size();
        const size_t part = n / parts;
        class_.resize(std::max(class_.size(), n));
        const auto count = [&](size_t i, size_t p) {
            const uint32_t c = class_of(found_[i]);
            class_[i] = static_cast<uint16_t>(c);
            ++start_[c * parts + p];
        };
        for (size_t i = 0; i < part; ++i) {
            for (size_t p = 0; p < parts; ++p) {
                count(p * part + i, p);
            }
        }
        for (size_t i = parts * part; i < n; ++i) {
            count(i, parts - 1);
        }
        uint32_t sum = 0;
        for (used_ = 0; sum < n; ++used_) {
            const uint32_t here = start_[used_];
            start_[used_] = sum;
            sum += here;
        }
    }

    // Slots of smaller classes.
    size_t start_of(uint32_t c) const {
        return c * parts < used_ ? start_[c * parts] : found_.size();
    }

    void place() {
        const size_t n = found_.size();
        const size_t part = n / parts;
        sorted_.resize(n);
        for (size_t i = 0; i < part; ++i) {
            for (size_t p = 0; p < parts; ++p) {
                const size_t from = p * part + i;
                sorted_[start_[class_[from] * parts + p]++] = found_[from];
            }
        }
        for (size_t i = parts * part; i < n; ++i) {
            sorted_[start_[class_[i] * parts + parts - 1]++] = found_[i];
        }
        std::fill_n(start_.begin(), used_, 0);
    }

    const uint32_t longest_tile_;  // rows with more entries form no tiles
    static constexpr size_t parts = 4;
    static constexpr size_t few_slots = 16;
    std::vector<Slot> found_, kept_, sorted_;
    std::vector<uint16_t> class_;
    std::vector<uint32_t> count_;  // tiles of each class that stay
    std::vector<uint32_t> start_ = std::vector<uint32_t>(n_slot_classes * parts, 0);
    size_t used_ = 0;  // of start_; the rest is 0, and all of it between blocks
    size_t n_single_ = 0;
    size_t n_grouped_ = 0;
    bool any_tile_ = false;
};

}  // namespace hbp
