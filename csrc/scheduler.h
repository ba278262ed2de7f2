// Mixed execution allocation: who works on which item.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "thread_pool.h"
#include "tuning.h"

namespace hbp {

// Calls f(item, thread) once for every item of 0 .. n-1. Items are dealt to threads by cost
// (cost_ptr, [n + 1] running sums) as contiguous shares. Of its share a thread owns the fixed part;
// the rest is competitive: it goes by atomic ticket, first to the share's own thread, then to
// whoever is idle. Tickets are made anew for every call.
template <class F>
void share_out(const int64_t* cost_ptr, int64_t n, int n_threads, F&& f) {
    if (n_threads <= 1 || n <= 1) {
        for (int64_t item = 0; item < n; ++item) {
            f(item, 0);
        }
        return;
    }
    struct alignas(64) Share {
        int64_t first, fixed_end, end;
        std::atomic<int64_t> ticket;
    };
    const size_t n_shares = static_cast<size_t>(n_threads);
    const std::unique_ptr<Share[]> share(new Share[n_shares]);
    int64_t first = 0;
    for (int t = 0; t < n_threads; ++t) {
        Share& s = share[static_cast<size_t>(t)];
        // Exact for any cost up to 2^63: the quotient and the remainder are scaled apart.
        const int64_t whole =
            cost_ptr[n] / n_threads * (t + 1) + cost_ptr[n] % n_threads * (t + 1) / n_threads;
        const int64_t end =
            t + 1 == n_threads ? n
                               : std::lower_bound(cost_ptr + first, cost_ptr + n, whole) - cost_ptr;
        s.first = first;
        s.end = end;
        s.fixed_end = first + (end - first) * tuning::fixed_percent / 100;
        s.ticket.store(s.fixed_end, std::memory_order_relaxed);
        first = end;
    }
    run_on_threads(n_threads, [&](int thread) {
        const Share& own = share[static_cast<size_t>(thread)];
        for (int64_t item = own.first; item < own.fixed_end; ++item) {
            f(item, thread);
        }
        for (int other = 0; other < n_threads; ++other) {
            Share& s = share[static_cast<size_t>((thread + other) % n_threads)];
            for (int64_t item; (item = s.ticket.fetch_add(1, std::memory_order_relaxed)) < s.end;) {
                f(item, thread);
            }
        }
    });
}

}  // namespace hbp
