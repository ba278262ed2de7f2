#include "bandwidth.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <vector>

#include "huge_array.h"
#include "thread_pool.h"

namespace hbp {
namespace {

constexpr int64_t words_per_line = 8;
constexpr double shot_seconds = 1e-3;   // waking the threads costs less than 1 % of this
constexpr int64_t table_length = 4096;  // 16 KB of random numbers: they stay in L1

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

}  // namespace

double read_bandwidth(int64_t nbytes, int n_threads, double seconds) {
    const int64_t n_lines = std::max<int64_t>(nbytes / 64, n_threads);
    HugeArray<uint64_t> a(static_cast<size_t>(n_lines * words_per_line));
    fill(a, n_threads);
    const double pass = best_pass(seconds, [&](int64_t passes) {
        run_on_threads(n_threads, [&](int t) {
            const uint64_t* first = a.data() + n_lines * t / n_threads * words_per_line;
            const uint64_t* last = a.data() + n_lines * (t + 1) / n_threads * words_per_line;
            for (int64_t p = 0; p < passes; ++p) {
                // One word of each line: caches move whole lines, and a scalar load per line asks
                // for more than they can deliver whatever the width of a vector is.
                uint64_t sum[4] = {};
                const uint64_t* at = first;
                for (; at + 4 * words_per_line <= last; at += 4 * words_per_line) {
                    for (int i = 0; i < 4; ++i) {
                        sum[i] += at[i * words_per_line];
                    }
                }
                for (; at < last; at += words_per_line) {
                    sum[0] += *at;
                }
                keep(sum[0] + sum[1] + sum[2] + sum[3]);
            }
        });
    });
    return static_cast<double>(n_lines * 64) / pass;
}

double random_read_rate(int64_t nbytes, int n_threads, double seconds) {
    const uint32_t n_lines = std::bit_floor(
        static_cast<uint32_t>(std::clamp<int64_t>(nbytes / 64, 1, int64_t{1} << 30)));
    HugeArray<uint64_t> a(static_cast<size_t>(n_lines) * words_per_line);
    fill(a, n_threads);
    std::vector<uint32_t> table(static_cast<size_t>(table_length));
    uint64_t state = 1;
    const auto next = [&state] {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return static_cast<uint32_t>(state >> 33);
    };
    for (uint32_t& line : table) {
        line = next() & (n_lines - 1);
    }
    const double pass = best_pass(seconds, [&](int64_t passes) {
        const uint32_t seed = next();
        run_on_threads(n_threads, [&](int t) {
            uint32_t offset = seed + static_cast<uint32_t>(t) * 0x9e3779b9u;
            for (int64_t p = 0; p < passes; ++p) {
                // Another permutation of the lines in each pass, or a pass would read the same
                // table_length lines again.
                offset = offset * 747796405u + 2891336453u;
                const uint32_t flip = (offset >> 1) & (n_lines - 1);
                uint64_t sum[4] = {};
                for (size_t k = 0; k < static_cast<size_t>(table_length); k += 4) {
                    for (size_t i = 0; i < 4; ++i) {
                        const size_t line = table[k + i] ^ flip;
                        sum[i] += a.data()[line * words_per_line];
                    }
                }
                keep(sum[0] + sum[1] + sum[2] + sum[3]);
            }
        });
    });
    return static_cast<double>(table_length) * n_threads / pass;
}

}  // namespace hbp
