#include "cpu_place.h"

namespace hbp {

bool TakenCpus::take(int cpu) {
    if (cpu < 0 || cpu >= CPU_SETSIZE) {
        return true;
    }
    const bool was_free = !CPU_ISSET(cpu, &set_);
    CPU_SET(cpu, &set_);
    return was_free;
}

int TakenCpus::take_after(int cpu, const cpu_set_t& mask) {
    for (int i = 1; i <= CPU_SETSIZE; ++i) {
        const int next = (cpu + i) % CPU_SETSIZE;
        if (CPU_ISSET(next, &mask) && take(next)) {
            return next;
        }
    }
    return -1;
}

void CpuPlace::settle() {
    if (moved_.load(std::memory_order_acquire)) {
        pthread_setaffinity_np(pthread_self(), sizeof mask_, &mask_);
        moved_.store(false, std::memory_order_release);
    }
    last_cpu_.store(sched_getcpu(), std::memory_order_relaxed);
}

void CpuPlace::move(pthread_t worker, bool asleep, int n_threads, TakenCpus& taken) {
    if (!(shared_ || asleep) || taken.caller_cpu() < 0 || moved_.load(std::memory_order_acquire) ||
        pthread_getaffinity_np(worker, sizeof mask_, &mask_) != 0 ||
        CPU_COUNT(&mask_) < n_threads) {
        return;
    }
    cpu_set_t allowed = mask_;
    if (shared_) {
        const int cpu = taken.take_after(last_cpu_.load(std::memory_order_relaxed), mask_);
        if (cpu < 0) {
            return;
        }
        CPU_ZERO(&allowed);
        CPU_SET(cpu, &allowed);
    } else {
        CPU_CLR(taken.caller_cpu(), &allowed);
    }
    if (pthread_setaffinity_np(worker, sizeof allowed, &allowed) == 0) {
        moved_.store(true, std::memory_order_release);
    }
}

}  // namespace hbp
