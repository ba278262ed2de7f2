// Mixed execution allocation: every item once, whatever the costs, whoever comes first.
#include "scheduler.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <vector>

#include "check.h"

namespace {

std::vector<int64_t> running_sums(const std::vector<int64_t>& cost) {
    std::vector<int64_t> ptr(cost.size() + 1, 0);
    std::partial_sum(cost.begin(), cost.end(), ptr.begin() + 1);
    return ptr;
}

void check_every_item_once(const std::vector<int64_t>& cost, int n_threads) {
    const std::vector<int64_t> ptr = running_sums(cost);
    const int64_t n = static_cast<int64_t>(cost.size());
    std::vector<std::atomic<int>> visits(cost.size());
    std::atomic<int> strange_threads{0};
    hbp::share_out(ptr.data(), n, n_threads, [&](int64_t item, int thread) {
        ++visits[static_cast<size_t>(item)];
        strange_threads += thread < 0 || thread >= n_threads;
    });
    CHECK_EQUAL(strange_threads.load(), 0);
    for (const std::atomic<int>& count : visits) {
        CHECK_EQUAL(count.load(), 1);
    }
}

}  // namespace

TEST("every item is worked on exactly once") {
    for (int n_threads : {1, 2, 3, 7, 16}) {
        for (size_t n : {0, 1, 2, 5, 6, 7, 8, 100, 1000}) {
            check_every_item_once(std::vector<int64_t>(n, 1), n_threads);
            check_every_item_once(std::vector<int64_t>(n, 0), n_threads);
            std::vector<int64_t> rising(n), one_heavy(n, 1);
            std::iota(rising.begin(), rising.end(), 0);
            if (n > 0) {
                one_heavy[n / 2] = 1'000'000;
            }
            check_every_item_once(rising, n_threads);
            check_every_item_once(one_heavy, n_threads);
        }
    }
}

TEST("an item is worked on as a whole or in all its parts, once") {
    const std::vector<int64_t> cost = {5, 1, 0, 9, 3, 3, 3, 1, 20, 1, 1};
    const std::vector<int64_t> n_parts = {1, 4, 1, 7, 2, 3, 1, 1, 9, 2, 5};
    const std::vector<int64_t> ptr = running_sums(cost), part_ptr = running_sums(n_parts);
    for (int n_threads : {1, 2, 3, 16}) {
        std::vector<std::atomic<int64_t>> done(cost.size());
        hbp::share_out(
            ptr.data(), static_cast<int64_t>(cost.size()), part_ptr.data(), n_threads,
            [&](int64_t item, int) {
                const size_t i = static_cast<size_t>(item);
                done[i] += n_parts[i];
            },
            [&](int64_t part, int) {
                const auto after = std::upper_bound(part_ptr.begin(), part_ptr.end(), part);
                ++done[static_cast<size_t>(after - part_ptr.begin()) - 1];
            });
        for (size_t i = 0; i < cost.size(); ++i) {
            CHECK_EQUAL(done[i].load(), n_parts[i]);
        }
    }
}

TEST("the tickets are new for every call") {
    for (int repeat = 0; repeat < 500; ++repeat) {
        check_every_item_once(std::vector<int64_t>(40, 3), 4);
    }
}

TEST("fixed parts of the threads have about the same cost") {
    // The calls of a share's fixed part run in order, so the first item that a thread reports is
    // the start of its share.
    std::vector<int64_t> cost(10'000);
    for (size_t i = 0; i < cost.size(); ++i) {
        cost[i] = static_cast<int64_t>(i % 100 + (i > 9000 ? 5000 : 0));
    }
    const std::vector<int64_t> ptr = running_sums(cost);
    const int n_threads = 4;
    std::vector<std::atomic<int64_t>> first(n_threads);
    for (auto& f : first) {
        f = -1;
    }
    hbp::share_out(ptr.data(), 10'000, n_threads, [&](int64_t item, int thread) {
        int64_t none = -1;
        first[static_cast<size_t>(thread)].compare_exchange_strong(none, item);
    });
    for (int t = 0; t < n_threads; ++t) {
        const int64_t start = first[static_cast<size_t>(t)];
        CHECK(start >= 0);
        const double share =
            static_cast<double>(ptr[static_cast<size_t>(start)]) / static_cast<double>(ptr.back());
        CHECK(share > t / 4.0 - 0.01 && share < t / 4.0 + 0.01);
    }
}
