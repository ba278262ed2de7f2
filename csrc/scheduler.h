// Mixed execution allocation: who works on which item.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <numeric>
#include <vector>

#include "thread_pool.h"
#include "tuning.h"

namespace hbp {

// Works on every item of 0 .. n-1 once. Items are dealt to threads by cost (cost_ptr, [n + 1]
// running sums) as contiguous shares. Of its share a thread owns the fixed part, by do_item(item,
// thread); the rest is competitive: its parts (part_ptr[n + 1], the first of each item) go by
// atomic ticket, first to the share's own thread, then to whoever is idle, by do_part(part,
// thread). Tickets are made anew for every call.
template <class DoItem, class DoPart>
void share_out(const int64_t* cost_ptr, int64_t n, const int64_t* part_ptr, int n_threads,
               DoItem&& do_item, DoPart&& do_part) {
    if (n_threads <= 1 || n == 0) {
        for (int64_t item = 0; item < n; ++item) {
            do_item(item, 0);
        }
        return;
    }
    struct alignas(64) Share {
        int64_t first, fixed_end;  // items
        int64_t end;               // of its parts
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
        int64_t end = n;
        if (t + 1 < n_threads) {
            end = std::lower_bound(cost_ptr + first, cost_ptr + n, whole) - cost_ptr;
            // The nearer one of the two items that the cost lies between.
            if (end > first && whole - cost_ptr[end - 1] < cost_ptr[end] - whole) {
                --end;
            }
        }
        s.first = first;
        s.fixed_end = first + (end - first) * tuning::fixed_percent / 100;
        s.end = part_ptr[end];
        s.ticket.store(part_ptr[s.fixed_end], std::memory_order_relaxed);
        first = end;
    }
    run_on_threads(n_threads, [&](int thread) {
        const Share& own = share[static_cast<size_t>(thread)];
        for (int64_t item = own.first; item < own.fixed_end; ++item) {
            do_item(item, thread);
        }
        for (int other = 0; other < n_threads; ++other) {
            Share& s = share[static_cast<size_t>((thread + other) % n_threads)];
            for (int64_t part; (part = s.ticket.fetch_add(1, std::memory_order_relaxed)) < s.end;) {
                do_part(part, thread);
            }
        }
    });
}

// The same of items that have no parts, by do_item(item, thread).
template <class DoItem>
void share_out(const int64_t* cost_ptr, int64_t n, int n_threads, DoItem&& do_item) {
    if (n_threads <= 1 || n <= 1) {
        for (int64_t item = 0; item < n; ++item) {
            do_item(item, 0);
        }
        return;
    }
    std::vector<int64_t> itself(static_cast<size_t>(n) + 1);
    std::iota(itself.begin(), itself.end(), int64_t{0});
    share_out(cost_ptr, n, itself.data(), n_threads, do_item, do_item);
}

}  // namespace hbp
