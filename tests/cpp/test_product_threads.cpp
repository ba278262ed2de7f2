// How many threads a product gets that names none: fewer after a rest, where a wake-up costs more.
#include <chrono>
#include <cstdint>
#include <thread>

#include "check.h"
#include "product_threads.h"
#include "thread_pool.h"
#include "tuning.h"

namespace {

using namespace std::chrono_literals;

constexpr int64_t wakes_two = 2 * hbp::tuning::min_nnz_to_wake;

// The threads of a product of so many entries.
int threads_for(int64_t work, int named = 0) { return hbp::ProductThreads(named, work).count(); }

struct DefaultThreads {
    int before = hbp::num_threads();
    explicit DefaultThreads(int n) { hbp::set_num_threads(n); }
    ~DefaultThreads() { hbp::set_num_threads(before); }
};

void rest() { std::this_thread::sleep_for(5ms); }

}  // namespace

TEST("threads that sleep are woken by as many entries as repay it") {
    const DefaultThreads two(2);
    for (const int64_t work : {int64_t{0}, int64_t{1}, int64_t{20000}, wakes_two - 1}) {
        rest();
        CHECK_EQUAL(threads_for(work), 1);
    }
    rest();
    CHECK_EQUAL(threads_for(wakes_two), 2);
    rest();
    CHECK_EQUAL(threads_for(INT64_MAX), 2);
    const DefaultThreads many(64);
    rest();
    CHECK_EQUAL(threads_for(wakes_two), 2);
    rest();
    CHECK_EQUAL(threads_for(5 * wakes_two), 10);
}

TEST("threads of a loop of small products take part from its second one on") {
    const DefaultThreads two(2);
    // A loop that is itself kept off its CPU may rest for longer than they spin.
    bool second_had_two = false;
    for (int repeat = 0; repeat < 1000 && !second_had_two; ++repeat) {
        rest();
        CHECK_EQUAL(threads_for(20000), 1);
        second_had_two = threads_for(20000) == 2;
    }
    CHECK(second_had_two);
}

TEST("threads are as many as the call names") {
    const DefaultThreads two(2);
    for (const int named : {1, 2, 7}) {
        rest();
        CHECK_EQUAL(threads_for(20000, named), named);
        CHECK_EQUAL(threads_for(wakes_two, named), named);
    }
}
