// The clock: contenders take turns in rounds, so that each meets the same conditions.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <vector>

#include "method.h"

namespace hbp::regroup {

using clock = std::chrono::steady_clock;

inline double seconds_between(clock::time_point from, clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
}

// What the clock shows when nothing happens between two readings.
inline double clock_seconds() {
    double least = std::numeric_limits<double>::max();
    for (int i = 0; i < 1000; ++i) {
        const auto from = clock::now();
        least = std::min(least, seconds_between(from, clock::now()));
    }
    return least;
}

// Seconds that a method takes for all blocks. Each block is copied, untimed, to where the one
// before was: a builder has just written the segments of a block, so they are in the cache.
class Pass {
  public:
    Pass(Method& method, const Blocks& blocks, uint32_t lanes)
        : method_(method), blocks_(blocks), lanes_(lanes) {}

    double operator()() {
        static const double of_clock = clock_seconds();
        double seconds = 0;
        for (size_t b = 0; b < blocks_.size(); ++b) {
            const RowLengths from = blocks_[b];
            segment_.assign(from.segment, from.segment + from.n);
            length_.assign(from.length, from.length + from.n_all);
            const RowLengths block{from.n, segment_.data(), from.n_all, length_.data()};
            const auto start = clock::now();
            method_.arrange(block, lanes_);
            seconds += std::max(seconds_between(start, clock::now()) - of_clock, 1e-9);
        }
        return seconds;
    }

  private:
    Method& method_;
    const Blocks& blocks_;
    const uint32_t lanes_;
    std::vector<RowSegment> segment_;
    std::vector<uint32_t> length_;
};

// Sorts new random numbers: what the branch predictor learned of the blocks is overwritten.
inline void forget_branches() {
    static std::mt19937 random(1);
    std::vector<uint32_t> keys(30'000);
    std::generate(keys.begin(), keys.end(), std::ref(random));
    std::sort(keys.begin(), keys.end());
}

// Seconds by contender and round; the order rotates from round to round. A pass of more than 0.1 s
// is timed in three rounds only.
//
// Without rehearsals a turn is one pass with a branch predictor that does not know the blocks: a
// build meets each block once. With them, a turn is that many untimed passes, then the timed one,
// which flatters methods that branch on the data: the predictor learns the outcomes by heart.
inline std::vector<std::vector<double>> time_in_turns(std::vector<Pass>& passes, int rounds,
                                                      int rehearsals) {
    constexpr double slow_seconds = 0.1;
    constexpr int slow_rounds = 3;
    const size_t n = passes.size();
    std::vector<bool> slow(n);
    for (size_t c = 0; c < n; ++c) {
        slow[c] = passes[c]() > slow_seconds;
    }
    std::vector<std::vector<double>> seconds(n);
    for (int round = 0; round < rounds; ++round) {
        for (size_t k = 0; k < n; ++k) {
            const size_t c = (k + static_cast<size_t>(round)) % n;
            if (slow[c] && round >= slow_rounds) {
                continue;
            }
            if (rehearsals == 0) {
                forget_branches();
            }
            for (int r = 0; r < rehearsals; ++r) {
                passes[c]();
            }
            seconds[c].push_back(passes[c]());
        }
    }
    return seconds;
}

}  // namespace hbp::regroup
