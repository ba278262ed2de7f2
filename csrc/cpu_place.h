// Where a worker of the pool runs: on a CPU that no other thread of the product is on.
#pragma once
#include <pthread.h>
#include <sched.h>

#include <atomic>

namespace hbp {

// The CPUs that the threads of one product are on.
class TakenCpus {
  public:
    explicit TakenCpus(int caller_cpu) : caller_cpu_(caller_cpu) {
        CPU_ZERO(&set_);
        take(caller_cpu);
    }

    // False where another thread is on it already. A negative one is unknown and never taken.
    bool take(int cpu);
    // Takes the next CPU of `mask` after `cpu` that is free, and returns it; -1 where none is.
    int take_after(int cpu, const cpu_set_t& mask);

    int caller_cpu() const { return caller_cpu_; }

  private:
    cpu_set_t set_;
    int caller_cpu_;
};

// A worker that sleeps often wakes behind its own caller, which does all the work meanwhile: on a
// virtual machine with two CPUs in more than half of 180 turns after rests of 8 ms, though the
// other CPU was idle. Therefore its affinity mask leaves out the caller's CPU until it runs.
class CpuPlace {
  public:
    // By the worker, whenever it looks for an order: its mask is again what it was.
    void settle();

    // By the caller, for every worker of a product, before any is moved.
    void claim(TakenCpus& taken) {
        shared_ = !taken.take(last_cpu_.load(std::memory_order_relaxed));
    }

    // By the caller, before it gives an order to `worker`, one of n_threads - 1: that shall run on
    // a free CPU if it is on another thread's, else on any but the caller's if it sleeps. Nothing
    // happens where there are fewer CPUs than threads.
    void move(pthread_t worker, bool asleep, int n_threads, TakenCpus& taken);

  private:
    std::atomic<int> last_cpu_{-1};
    bool shared_ = false;
    // The mask to go back to. The caller's while not moved, the worker's while moved.
    cpu_set_t mask_;
    std::atomic<bool> moved_{false};
};

}  // namespace hbp
