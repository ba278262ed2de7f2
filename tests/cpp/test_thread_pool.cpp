// The pool: every index once, nested and concurrent calls, fork().
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "check.h"
#include "thread_pool.h"

namespace {

// How often each index of one run_on_threads call was visited.
std::vector<int> visits(int n) {
    std::vector<std::atomic<int>> count(static_cast<size_t>(n));
    hbp::run_on_threads(n, [&](int thread) { ++count[static_cast<size_t>(thread)]; });
    return {count.begin(), count.end()};
}

}  // namespace

TEST("every thread index is visited exactly once") {
    for (int n : {1, 2, 3, 7, 16, 2, 1, 7}) {
        for (int repeat = 0; repeat < 50; ++repeat) {
            for (int count : visits(n)) {
                CHECK_EQUAL(count, 1);
            }
        }
    }
}

TEST("a nested call runs serially and visits every index") {
    std::atomic<int> total{0};
    hbp::run_on_threads(4, [&](int) { hbp::run_on_threads(5, [&](int) { ++total; }); });
    CHECK_EQUAL(total.load(), 20);
}

TEST("calls from several threads at once each visit every index") {
    std::atomic<int> wrong{0};
    std::vector<std::thread> callers;
    for (int c = 0; c < 4; ++c) {
        callers.emplace_back([&] {
            for (int repeat = 0; repeat < 300; ++repeat) {
                for (int count : visits(3)) {
                    wrong += count != 1;
                }
            }
        });
    }
    for (std::thread& caller : callers) {
        caller.join();
    }
    CHECK_EQUAL(wrong.load(), 0);
}

TEST("what the threads wrote is visible when the call returns") {
    std::vector<int> cell(7);
    for (int repeat = 0; repeat < 1000; ++repeat) {
        hbp::run_on_threads(7, [&](int thread) { cell[static_cast<size_t>(thread)] = repeat; });
        for (int value : cell) {
            CHECK_EQUAL(value, repeat);
        }
    }
}

// ThreadSanitizer refuses new threads in the child of a process with threads.
#if !defined(__SANITIZE_THREAD__)
TEST("the pool works in a child after fork()") {
    visits(4);
    for (int repeat = 0; repeat < 10; ++repeat) {
        const pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            bool right = true;
            for (int count : visits(4)) {
                right = right && count == 1;
            }
            _exit(right ? 0 : 3);
        }
        visits(4);
        int status = 0;
        CHECK_EQUAL(waitpid(child, &status, 0), child);
        CHECK(WIFEXITED(status));
        CHECK_EQUAL(WEXITSTATUS(status), 0);
    }
}
#endif

TEST("set_num_threads sets the default") {
    const int before = hbp::num_threads();
    CHECK(before >= 1);
    hbp::set_num_threads(5);
    CHECK_EQUAL(hbp::num_threads(), 5);
    hbp::set_num_threads(before);
}
