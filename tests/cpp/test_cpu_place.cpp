// Where the pool's threads run: on CPUs of their own after a rest, with the masks they had.
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "check.h"
#include "cpu_place.h"
#include "thread_pool.h"

namespace {

using namespace std::chrono_literals;

cpu_set_t mask_of(pthread_t thread) {
    cpu_set_t mask;
    CHECK_EQUAL(pthread_getaffinity_np(thread, sizeof mask, &mask), 0);
    return mask;
}

bool is_one_cpu(const cpu_set_t& mask, int cpu) {
    return CPU_COUNT(&mask) == 1 && CPU_ISSET(cpu, &mask);
}

// Two CPUs that this process may use; false, with a reason, where it has fewer.
bool two_cpus(int (&cpu)[2]) {
    const cpu_set_t mask = mask_of(pthread_self());
    int n = 0;
    for (int c = 0; c < CPU_SETSIZE && n < 2; ++c) {
        if (CPU_ISSET(c, &mask)) {
            cpu[n++] = c;
        }
    }
    if (n < 2) {
        std::printf("  skipped: this process may use one CPU only\n");
    }
    return n == 2;
}

// A thread that does nothing, with its CpuPlace. It settles when told to.
struct Sleeper {
    hbp::CpuPlace place;
    std::atomic<int> settled{0}, wanted{1};
    std::thread thread{[this] {
        for (int last = 0; last >= 0;) {
            place.settle();
            ++settled;
            settled.notify_one();
            wanted.wait(settled);
            last = wanted;
        }
    }};

    Sleeper() { wait_until_settled(); }
    ~Sleeper() {
        wanted = -1;
        wanted.notify_one();
        thread.join();
    }
    pthread_t handle() { return thread.native_handle(); }
    void settle() {
        ++wanted;
        wanted.notify_one();
        wait_until_settled();
    }
    void wait_until_settled() {
        for (int now = settled; now != wanted; now = settled) {
            settled.wait(now);
        }
    }
};

// Where the second thread of a product of two may run, as it begins. Empty where the caller took
// the second share back or changed its CPU.
struct SecondThread {
    bool ran = false;
    pthread_t handle{};
    cpu_set_t mask;
};
SecondThread second_thread(int& caller_cpu) {
    SecondThread second;
    const pthread_t caller = pthread_self();
    std::atomic<bool> begun{false};
    caller_cpu = sched_getcpu();
    int cpu_after = -1;
    hbp::run_on_threads(2, [&](int thread) {
        if (thread == 0) {
            cpu_after = sched_getcpu();
            const auto until = std::chrono::steady_clock::now() + 20ms;
            while (!begun && std::chrono::steady_clock::now() < until) {
            }
        } else if (!pthread_equal(pthread_self(), caller)) {
            second = {true, pthread_self(), mask_of(pthread_self())};
            begun = true;
        }
    });
    second.ran = second.ran && caller_cpu == cpu_after;
    return second;
}

}  // namespace

TEST("CPUs of threads are taken once each") {
    hbp::TakenCpus taken(3);
    CHECK(!taken.take(3));
    CHECK(taken.take(5));
    CHECK(!taken.take(5));
    CHECK(taken.take(-1));
    CHECK(taken.take(-1));
    cpu_set_t mask;
    CPU_ZERO(&mask);
    for (int cpu : {0, 3, 5, 7}) {
        CPU_SET(cpu, &mask);
    }
    CHECK_EQUAL(taken.take_after(3, mask), 7);
    CHECK_EQUAL(taken.take_after(7, mask), 0);
    CHECK_EQUAL(taken.take_after(7, mask), -1);
}

TEST("CPU of a sleeping thread: not the caller's, until it runs") {
    int cpu[2];
    if (!two_cpus(cpu)) {
        return;
    }
    Sleeper sleeper;
    const cpu_set_t before = mask_of(sleeper.handle());
    for (int caller_cpu : cpu) {
        hbp::TakenCpus taken(caller_cpu);
        sleeper.place.claim(taken);
        sleeper.place.move(sleeper.handle(), true, 2, taken);
        const cpu_set_t moved = mask_of(sleeper.handle());
        CHECK(!CPU_ISSET(caller_cpu, &moved));
        CHECK(CPU_COUNT(&moved) >= 1);
        sleeper.settle();
        const cpu_set_t after = mask_of(sleeper.handle());
        CHECK(CPU_EQUAL(&before, &after));
    }
}

TEST("CPU of a thread that spins where the caller is: another one") {
    int cpu[2];
    if (!two_cpus(cpu)) {
        return;
    }
    Sleeper sleeper;
    // Wherever it settled, it is moved off from there once and left alone otherwise.
    int moved = 0;
    for (int caller_cpu : cpu) {
        cpu_set_t only;
        CPU_ZERO(&only);
        CPU_SET(cpu[0], &only);
        const cpu_set_t before = mask_of(sleeper.handle());
        CHECK_EQUAL(pthread_setaffinity_np(sleeper.handle(), sizeof only, &only), 0);
        sleeper.settle();  // on cpu[0]
        CHECK_EQUAL(pthread_setaffinity_np(sleeper.handle(), sizeof before, &before), 0);
        hbp::TakenCpus taken(caller_cpu);
        sleeper.place.claim(taken);
        sleeper.place.move(sleeper.handle(), false, 2, taken);
        const cpu_set_t mask = mask_of(sleeper.handle());
        const bool is_moved = !CPU_EQUAL(&mask, &before);
        CHECK_EQUAL(is_moved, caller_cpu == cpu[0]);
        CHECK(!is_moved || (CPU_COUNT(&mask) == 1 && !CPU_ISSET(cpu[0], &mask)));
        moved += is_moved;
        sleeper.settle();
    }
    CHECK_EQUAL(moved, 1);
}

TEST("CPU of a thread stays the user's choice") {
    int cpu[2];
    if (!two_cpus(cpu)) {
        return;
    }
    Sleeper sleeper;
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(cpu[1], &only);
    CHECK_EQUAL(pthread_setaffinity_np(sleeper.handle(), sizeof only, &only), 0);
    for (int caller_cpu : cpu) {
        hbp::TakenCpus taken(caller_cpu);
        sleeper.place.claim(taken);
        sleeper.place.move(sleeper.handle(), true, 2, taken);
        CHECK(is_one_cpu(mask_of(sleeper.handle()), cpu[1]));
    }
}

TEST("threads of a product after a rest leave out the caller's CPU, then have their mask again") {
    int cpu[2];
    if (!two_cpus(cpu)) {
        return;
    }
    const cpu_set_t all = mask_of(pthread_self());
    int left_out = 0, allowed = 0;
    for (int repeat = 0; repeat < 1000 && left_out < 3; ++repeat) {
        std::this_thread::sleep_for(2ms);  // it spins for less
        int caller_cpu = -1;
        const SecondThread second = second_thread(caller_cpu);
        if (!second.ran) {
            continue;
        }
        (CPU_ISSET(caller_cpu, &second.mask) ? allowed : left_out) += 1;
        const auto is_whole = [&] {
            const cpu_set_t now = mask_of(second.handle);
            return CPU_EQUAL(&now, &all) != 0;
        };
        const auto until = std::chrono::steady_clock::now() + 10s;
        while (!is_whole() && std::chrono::steady_clock::now() < until) {
            std::this_thread::sleep_for(100us);
        }
        CHECK(is_whole());
    }
    if (left_out < 3) {
        std::printf("  left out in %d, allowed in %d products\n", left_out, allowed);
    }
    CHECK_EQUAL(left_out, 3);
}
