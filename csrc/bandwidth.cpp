#include "bandwidth.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstring>
#include <numeric>
#include <vector>

#include "huge_array.h"
#include "thread_pool.h"

namespace hbp {
namespace {

constexpr int64_t words_per_line = 8;
constexpr double shot_seconds = 1e-3;  // waking the threads costs less than 1 % of this
constexpr size_t table_length = 4096;  // 8 KB of indices: they stay in L1
constexpr int64_t max_indices = 65536;

// Returns the fastest pass, in seconds, of those made in `seconds`. shot(passes) makes some passes
// on all threads.
template <class F>
double best_pass(double seconds, F&& shot) {
    using clock = std::chrono::steady_clock;
    const auto timed = [&](int64_t passes) {
        const auto start = clock::now();
        shot(passes);
        return std::chrono::duration<double>(clock::now() - start).count();
    };
    timed(1);  // fills the caches and wakes the threads
    const double one = std::max(timed(1), 1e-8);
    const int64_t passes = std::max<int64_t>(1, static_cast<int64_t>(shot_seconds / one));
    double best = one, spent = 0;
    do {
        const double elapsed = timed(passes);
        best = std::min(best, elapsed / static_cast<double>(passes));
        spent += elapsed;
    } while (spent < seconds);
    return best;
}

// Writes every word, so that each page exists and belongs to the thread that will read it.
void fill(HugeArray<uint64_t>& a, int n_threads) {
    const int64_t n = static_cast<int64_t>(a.size());
    run_on_threads(n_threads, [&](int t) {
        std::fill(a.data() + n * t / n_threads, a.data() + n * (t + 1) / n_threads, uint64_t{1});
    });
}

// Keeps a sum that nobody needs, and the reads that made it, from being optimised away.
void keep(uint64_t sum) {
    static std::atomic<uint64_t> sink;
    if (sum == ~uint64_t{0}) {
        sink.store(sum, std::memory_order_relaxed);
    }
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

// Numbers that no prefetcher foresees.
struct Random {
    uint64_t state = 1;

    uint64_t next() {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return state >> 33;
    }
    int64_t below(int64_t n) { return static_cast<int64_t>(next()) % n; }
};

// Returns the sum of x[unit * index[k]], k < table_length, at 0.16 ns an element in L1 on Zen 5:
// four indices come in one load, and eight sums keep the additions from waiting for each other.
template <int64_t unit>
uint64_t sum_of(const uint64_t* x, const uint16_t* index) {
    uint64_t sum[8] = {};
    for (size_t k = 0; k < table_length; k += 8) {
        uint64_t four, more;
        std::memcpy(&four, index + k, sizeof four);
        std::memcpy(&more, index + k + 4, sizeof more);
        sum[0] += x[unit * static_cast<uint16_t>(four)];
        sum[1] += x[unit * static_cast<uint16_t>(four >> 16)];
        sum[2] += x[unit * static_cast<uint16_t>(four >> 32)];
        sum[3] += x[unit * static_cast<uint16_t>(four >> 48)];
        sum[4] += x[unit * static_cast<uint16_t>(more)];
        sum[5] += x[unit * static_cast<uint16_t>(more >> 16)];
        sum[6] += x[unit * static_cast<uint16_t>(more >> 32)];
        sum[7] += x[unit * static_cast<uint16_t>(more >> 48)];
    }
    return std::accumulate(sum, sum + 8, uint64_t{0});
}

// Two ways to read lines: on Zen 5 the first is the faster one in caches, the second by 1.2 to 1.6
// from memory, by two threads.

// One word of each line: caches move whole lines, and a scalar load per line asks for more than
// they can deliver whatever the width of a vector is.
uint64_t sum_of_first_words(const uint64_t* a, int64_t n_lines) {
    uint64_t sum[4] = {};
    int64_t line = 0;
    for (; line + 4 <= n_lines; line += 4) {
        for (int64_t i = 0; i < 4; ++i) {
            sum[i] += a[(line + i) * words_per_line];
        }
    }
    for (; line < n_lines; ++line) {
        sum[0] += a[line * words_per_line];
    }
    return std::accumulate(sum, sum + 4, uint64_t{0});
}

// Whole lines, each asked for a page ahead, as products ask for theirs.
uint64_t sum_of_lines_ahead(const uint64_t* a, int64_t n_lines) {
    uint64_t sum[words_per_line] = {};
    for (const uint64_t* line = a; line < a + n_lines * words_per_line; line += words_per_line) {
        __builtin_prefetch(reinterpret_cast<const char*>(line) + 4096);
        for (int64_t i = 0; i < words_per_line; ++i) {
            sum[i] += line[i];
        }
    }
    return std::accumulate(sum, sum + words_per_line, uint64_t{0});
}

}  // namespace

double read_bandwidth(int64_t nbytes, int n_threads, double seconds) {
    const int64_t n_lines = std::max<int64_t>(nbytes / 64, n_threads);
    HugeArray<uint64_t> a(static_cast<size_t>(n_lines * words_per_line));
    fill(a, n_threads);
    const auto pass_of = [&](auto sum_lines) {
        return best_pass(seconds / 2, [&](int64_t passes) {
            run_on_threads(n_threads, [&](int t) {
                const int64_t first = n_lines * t / n_threads;
                const int64_t last = n_lines * (t + 1) / n_threads;
                for (int64_t p = 0; p < passes; ++p) {
                    keep(sum_lines(a.data() + first * words_per_line, last - first));
                }
            });
        });
    };
    const double pass = std::min(pass_of(sum_of_first_words), pass_of(sum_of_lines_ahead));
    return static_cast<double>(n_lines * 64) / pass;
}

double random_read_rate(int64_t nbytes, int n_threads, double seconds) {
    const int64_t n_lines = static_cast<int64_t>(
        std::bit_floor(static_cast<uint64_t>(std::max<int64_t>(nbytes / 64, 1))));
    HugeArray<uint64_t> a(static_cast<size_t>(n_lines * words_per_line));
    fill(a, n_threads);
    // Sixteen-bit indices from a window of the array, which moves from pass to pass: of words
    // where all fit, else of lines.
    const int64_t unit = n_lines * words_per_line <= max_indices ? 1 : words_per_line;
    const int64_t window = std::min(n_lines, max_indices * unit / words_per_line);
    Random random;
    std::vector<uint16_t> table(table_length);
    for (uint16_t& index : table) {
        index = static_cast<uint16_t>(random.below(window) * words_per_line / unit);
    }
    const double pass = best_pass(seconds, [&](int64_t passes) {
        const uint64_t seed = random.next();
        run_on_threads(n_threads, [&](int t) {
            Random moves{seed + static_cast<uint64_t>(t)};
            for (int64_t p = 0; p < passes; ++p) {
                const uint64_t* x = a.data() + moves.below(n_lines - window + 1) * words_per_line;
                keep(unit == 1 ? sum_of<1>(x, table.data())
                               : sum_of<words_per_line>(x, table.data()));
            }
        });
    });
    return static_cast<double>(table_length) * n_threads / pass;
}

}  // namespace hbp
