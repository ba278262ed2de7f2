// Groups of rows by dynamic programming, in the manner of Regu2D; the recurrence is our own.
//
// Regu2D's recurrence is not public. Ours: sort the rows by length and cut them into groups so
// that the sum over groups of (rows x longest row + cost of a group) is least. A cut between equal
// rows never pays, so the program runs over the d distinct lengths L_1 < L_2 < ...; with N_k rows
// up to length L_k,
//     f(k) = min over i < k of f(i) + (N_k - N_i) L_k + cost,   f(0) = 0.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "comparison_sort.h"
#include "distribution_sort.h"

namespace hbp::regroup {

// The distinct lengths of sorted rows and the state of the program over them.
class GroupCuts {
  public:
    template <class Rows>
    void start(const Rows& rows, size_t n) {
        length_.assign(1, 0);
        upto_.assign(1, 0);
        for (size_t i = 0; i < n; ++i) {
            if (rows[i].length != length_.back()) {
                length_.push_back(rows[i].length);
                upto_.push_back(static_cast<int64_t>(i));
            }
            ++upto_.back();
        }
        // upto_[k] is now N_(k-1) plus the rows of length L_k.
        best_.assign(length_.size(), 0);
        from_.assign(length_.size(), 0);
    }

    // Every i for every k: O(d^2).
    void solve_directly(int64_t cost) {
        for (size_t k = 1; k < length_.size(); ++k) {
            best_[k] = value(0, k, cost);
            for (size_t i = 1; i < k; ++i) {
                const int64_t v = value(i, k, cost);
                if (v < best_[k]) {
                    best_[k] = v;
                    from_[k] = i;
                }
            }
        }
    }

    // The lines f(i) - N_i x have falling slopes and are asked for at growing x = L_k, so those
    // that can still be least form a queue: O(d).
    void solve_by_hull(int64_t cost) {
        hull_.assign(1, 0);
        size_t head = 0;
        for (size_t k = 1; k < length_.size(); ++k) {
            while (head + 1 < hull_.size() &&
                   value(hull_[head + 1], k, cost) <= value(hull_[head], k, cost)) {
                ++head;
            }
            from_[k] = hull_[head];
            best_[k] = value(from_[k], k, cost);
            while (hull_.size() >= head + 2 &&
                   never_least(hull_[hull_.size() - 2], hull_.back(), k)) {
                hull_.pop_back();
            }
            hull_.push_back(k);
        }
    }

    int64_t cost() const { return best_.back(); }

    // The first row of each group.
    std::vector<uint32_t> cuts() const {
        std::vector<uint32_t> first;
        for (size_t k = length_.size() - 1; k > 0; k = from_[k]) {
            first.push_back(static_cast<uint32_t>(upto_[from_[k]]));
        }
        std::reverse(first.begin(), first.end());
        return first;
    }

  private:
    int64_t value(size_t i, size_t k, int64_t cost) const {
        return best_[i] + (upto_[k] - upto_[i]) * length_[k] + cost;
    }

    // Whether line b, between lines a and c in slope, is nowhere the only least one.
    bool never_least(size_t a, size_t b, size_t c) const {
        return (best_[c] - best_[a]) * (upto_[b] - upto_[a]) <=
               (best_[b] - best_[a]) * (upto_[c] - upto_[a]);
    }

    std::vector<int64_t> length_, upto_, best_;
    std::vector<size_t> from_, hull_;
};

// A group costs as much as one pass of its lanes.
inline int64_t group_cost(uint32_t lanes) { return lanes; }

// As one would write it: std::sort, then every pair of distinct lengths.
class DynamicProgram : public Method {
  public:
    void arrange(const RowLengths& block, uint32_t lanes) override {
        rows_.gather(block);
        std::sort(rows_.begin(), rows_.end(), shorter);
        groups_.start(rows_, rows_.size());
        groups_.solve_directly(group_cost(lanes));
    }
    std::vector<uint16_t> order() const override { return rows_.order(); }
    std::vector<uint32_t> cuts() const override { return groups_.cuts(); }
    int64_t cost() const { return groups_.cost(); }

  private:
    KeyedRows rows_;
    GroupCuts groups_;
};

// The same groups with the least work we know of: counting sort, then the hull.
class FastDynamicProgram : public Method {
  public:
    void arrange(const RowLengths& block, uint32_t lanes) override {
        sort_.arrange(block, lanes);
        groups_.start(sort_.sorted(), sort_.sorted().size());
        groups_.solve_by_hull(group_cost(lanes));
    }
    std::vector<uint16_t> order() const override { return sort_.order(); }
    std::vector<uint32_t> cuts() const override { return groups_.cuts(); }
    int64_t cost() const { return groups_.cost(); }

  private:
    CountingSort sort_;
    GroupCuts groups_;
};

}  // namespace hbp::regroup
