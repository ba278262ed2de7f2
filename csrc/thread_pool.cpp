#include "thread_pool.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "cpu_place.h"
#include "cpu_quota.h"
#include "isa/relax.h"
#include "tuning.h"

namespace hbp {

int available_cpus() {
    static const int quota = cpu_quota();
    cpu_set_t set;
    int n = 0;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        n = CPU_COUNT(&set);
    } else {
        n = static_cast<int>(std::thread::hardware_concurrency());
    }
    return std::max(1, quota > 0 ? std::min(n, quota) : n);
}

namespace {

int threads_from_environment() {
    const char* text = std::getenv("HBPSPMV_NUM_THREADS");
    if (text == nullptr || *text == '\0') {
        return available_cpus();
    }
    char* end = nullptr;
    const long n = std::strtol(text, &end, 10);
    if (*end != '\0' || n < 1 || n > 4096) {
        throw std::runtime_error("HBPSPMV_NUM_THREADS is '" + std::string(text) +
                                 "', expected a whole number from 1 to 4096");
    }
    return static_cast<int>(n);
}

std::atomic<int> chosen_threads{0};

struct Job {
    ThreadFunction f;
    void* context;
    std::atomic<int> running;
};

// One sleeping place per worker: `command` is its mailbox, `job` and `thread` what to do. The
// worker turns `work` into `taken` before it touches the job; as long as it has not, the caller may
// take the order back and do the work itself, so that a worker without a CPU delays nobody.
struct alignas(64) Worker {
    enum Command : int { idle = 0, work = 1, taken = 2 };
    std::atomic<int> command{idle};
    Job* job = nullptr;
    int thread = 0;
    pthread_t handle{};
    CpuPlace place;
    std::atomic<bool> asleep{true};  // or about to be, or not yet running again

    bool exchange_command(int from, int to) {
        return command.compare_exchange_strong(from, to, std::memory_order_acq_rel,
                                               std::memory_order_relaxed);
    }
};

thread_local bool inside_job = false;

// Spins for a while where every thread can have a CPU of its own, then sleeps.
void wait_for_command(Worker& worker, int spin_limit_us) {
    using clock = std::chrono::steady_clock;
    const auto until = clock::now() + std::chrono::microseconds(spin_limit_us);
    while (true) {
        for (int i = 0; i < 64; ++i) {
            if (worker.command.load(std::memory_order_relaxed) != Worker::idle) {
                return;
            }
            relax();
        }
        if (clock::now() > until) {
            worker.asleep.store(true, std::memory_order_relaxed);
            worker.command.wait(Worker::idle, std::memory_order_relaxed);
            worker.asleep.store(false, std::memory_order_relaxed);
            return;
        }
    }
}

void worker_main(Worker* worker, int spin_limit_us) {
    inside_job = true;
    worker->asleep.store(false, std::memory_order_relaxed);
    while (true) {
        worker->place.settle();
        wait_for_command(*worker, spin_limit_us);
        if (!worker->exchange_command(Worker::work, Worker::taken)) {
            continue;
        }
        Job* job = worker->job;
        job->f(job->context, worker->thread);
        worker->command.store(Worker::idle, std::memory_order_relaxed);
        job->running.fetch_sub(1, std::memory_order_release);
    }
}

class Pool {
  public:
    // Workers never end: they sleep until the process does, as no order of static destructors
    // suits every embedding program.
    bool grow(size_t n_workers) {
        while (workers_.size() < n_workers) {
            const int spin =
                static_cast<int>(n_workers) < available_cpus() ? tuning::spin_microseconds : 0;
            auto worker = std::make_unique<Worker>();
            try {
                std::thread thread(worker_main, worker.get(), spin);
                worker->handle = thread.native_handle();
                thread.detach();
            } catch (const std::system_error&) {
                return false;  // no more threads to be had
            }
            workers_.push_back(std::move(worker));
        }
        return true;
    }

    void run(int n, ThreadFunction f, void* context) {
        Job job{f, context, {n - 1}};
        TakenCpus taken(sched_getcpu());
        for (int t = 1; t < n; ++t) {
            workers_[static_cast<size_t>(t) - 1]->place.claim(taken);
        }
        for (int t = 1; t < n; ++t) {
            Worker& worker = *workers_[static_cast<size_t>(t) - 1];
            worker.place.move(worker.handle, worker.asleep.load(std::memory_order_relaxed), n,
                              taken);
            worker.job = &job;
            worker.thread = t;
            worker.command.store(Worker::work, std::memory_order_release);
            worker.command.notify_one();
        }
        inside_job = true;
        f(context, 0);
        for (int t = 1; t < n; ++t) {
            if (workers_[static_cast<size_t>(t) - 1]->exchange_command(Worker::work,
                                                                       Worker::idle)) {
                f(context, t);
                job.running.fetch_sub(1, std::memory_order_relaxed);
            }
        }
        inside_job = false;
        int spins = 0;
        while (job.running.load(std::memory_order_acquire) != 0) {
            if (++spins < 4096) {
                relax();
            } else {
                std::this_thread::yield();
            }
        }
    }

    // After fork() the child has none of the threads; their records are left to leak, since the
    // parent's threads may have been anywhere in them.
    void forget_workers() {
        for (auto& worker : workers_) {
            static_cast<void>(worker.release());
        }
        workers_.clear();
    }

  private:
    std::vector<std::unique_ptr<Worker>> workers_;
};

// Never destroyed; see Pool::grow.
struct Shared {
    std::mutex in_use;
    Pool pool;
};
Shared& shared() {
    static Shared* s = [] {
        auto* made = new Shared;
        pthread_atfork([] { shared().in_use.lock(); }, [] { shared().in_use.unlock(); },
                       [] {
                           shared().pool.forget_workers();
                           shared().in_use.unlock();
                       });
        return made;
    }();
    return *s;
}

}  // namespace

int num_threads() {
    int n = chosen_threads.load(std::memory_order_relaxed);
    if (n == 0) {
        n = threads_from_environment();
        chosen_threads.store(n, std::memory_order_relaxed);
    }
    return n;
}

void set_num_threads(int n) { chosen_threads.store(n, std::memory_order_relaxed); }

void run_on_threads(int n, ThreadFunction f, void* context) {
    if (n > 1 && !inside_job) {
        Shared& s = shared();
        std::unique_lock<std::mutex> lock(s.in_use, std::try_to_lock);
        if (lock.owns_lock() && s.pool.grow(static_cast<size_t>(n) - 1)) {
            s.pool.run(n, f, context);
            return;
        }
    }
    for (int t = 0; t < n; ++t) {
        f(context, t);
    }
}

}  // namespace hbp
