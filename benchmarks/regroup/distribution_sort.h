// Sorts by exact length without comparisons: one counting pass, or radix passes of 8 bits.
#pragma once
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "method.h"

namespace hbp::regroup {

// O(rows + longest row).
class CountingSort : public Method {
  public:
    void arrange(const RowLengths& block, uint32_t) override {
        rows_.gather(block);
        next_.assign(rows_.longest() + size_t{2}, 0);
        for (const Keyed& r : rows_) {
            ++next_[r.length + 1];
        }
        for (size_t n = 1; n < next_.size(); ++n) {
            next_[n] += next_[n - 1];
        }
        sorted_.resize(rows_.size());
        for (const Keyed& r : rows_) {
            sorted_[next_[r.length]++] = r;
        }
    }

    std::vector<uint16_t> order() const override {
        std::vector<uint16_t> rows;
        for (const Keyed& r : sorted_) {
            rows.push_back(r.row);
        }
        return rows;
    }

    const std::vector<Keyed>& sorted() const { return sorted_; }

  private:
    KeyedRows rows_;
    std::vector<uint32_t> next_;
    std::vector<Keyed> sorted_;
};

// O(rows + 256) for each byte that the longest row needs.
class RadixSort : public Method {
  public:
    void arrange(const RowLengths& block, uint32_t) override {
        rows_.gather(block);
        from_.assign(rows_.begin(), rows_.end());
        to_.resize(rows_.size());
        for (uint32_t shift = 0; shift < 32 && rows_.longest() >> shift > 0; shift += 8) {
            std::array<uint32_t, 257> next{};
            for (const Keyed& r : from_) {
                ++next[(r.length >> shift & 255) + 1];
            }
            for (size_t d = 1; d < next.size(); ++d) {
                next[d] += next[d - 1];
            }
            for (const Keyed& r : from_) {
                to_[next[r.length >> shift & 255]++] = r;
            }
            from_.swap(to_);
        }
    }

    std::vector<uint16_t> order() const override {
        std::vector<uint16_t> rows;
        for (const Keyed& r : from_) {
            rows.push_back(r.row);
        }
        return rows;
    }

  private:
    KeyedRows rows_;
    std::vector<Keyed> from_, to_;
};

}  // namespace hbp::regroup
