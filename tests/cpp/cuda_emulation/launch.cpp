#include "launch.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "fiber.h"
#include "memory.h"
#include "shared_memory.h"

namespace cuda_emulation {
namespace {

constexpr uint32_t warp_size = 32;

enum class State { ready, at_barrier, at_shuffle, done };

struct Thread {
    std::unique_ptr<Fiber> fiber;
    uint32_t block = 0;
    uint32_t index = 0;
    State state = State::ready;
    std::source_location where;  // it waits
    uint64_t brought = 0;        // to a shuffle
    uint32_t from = 0;
    uint64_t taken = 0;
    uint32_t fences = 0;
};

struct ThreadBlock {
    std::vector<Thread> thread;
    SharedMemory shared;
};

struct Run {
    Launch launch;
    std::vector<ThreadBlock> block;
    Thread* running = nullptr;
    bool give_way = false;
};

Run* now = nullptr;

Thread& self() { return *now->running; }

std::string describe(const Thread& t) {
    std::string text =
        "thread " + std::to_string(t.index) + " of thread block " + std::to_string(t.block);
    if (t.state == State::done) {
        return text + " has ended";
    }
    const std::string file = t.where.file_name();
    return text + " waits at " +
           std::string(t.state == State::at_barrier ? "the barrier" : "the shuffle") + " in " +
           file.substr(file.rfind('/') + 1) + ":" + std::to_string(t.where.line());
}

void wait(State state, const std::source_location& where) {
    Thread& t = self();
    t.state = state;
    t.where = where;
    t.fiber->suspend();
}

bool same_place(const Thread& a, const Thread& b) {
    return a.state == b.state && a.where.line() == b.where.line() &&
           a.where.column() == b.where.column() &&
           std::string(a.where.file_name()) == b.where.file_name();
}

// Completes the shuffle of a warp if all its lanes are there.
bool shuffle_warp(Thread* lane) {
    for (uint32_t i = 0; i < warp_size; ++i) {
        if (lane[i].state != State::at_shuffle || !same_place(lane[i], lane[0])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < warp_size; ++i) {
        if (lane[i].from != match_lanes) {
            lane[i].taken = lane[lane[i].from].brought;
            continue;
        }
        lane[i].taken = 0;
        for (uint32_t j = 0; j < warp_size; ++j) {
            lane[i].taken |= static_cast<uint64_t>(lane[j].brought == lane[i].brought) << j;
        }
    }
    for (uint32_t i = 0; i < warp_size; ++i) {
        lane[i].state = State::ready;
    }
    return true;
}

bool is_done(const ThreadBlock& b) {
    return std::all_of(b.thread.begin(), b.thread.end(),
                       [](const Thread& t) { return t.state == State::done; });
}

// No thread of the block can run: all must be at one barrier.
void release_barrier(ThreadBlock& b) {
    const Thread& waiting = *std::find_if(b.thread.begin(), b.thread.end(),
                                          [](const Thread& t) { return t.state != State::done; });
    for (const Thread& t : b.thread) {
        if (t.state != State::at_barrier || !same_place(t, waiting)) {
            throw KernelError("threads wait for each other: " + describe(waiting) + ", " +
                              describe(t));
        }
    }
    for (Thread& t : b.thread) {
        t.state = State::ready;
    }
    b.shared.barrier();
}

// Runs each thread of a block that is ready until it waits; fewer if one gives way.
void step(ThreadBlock& b, std::mt19937& random) {
    std::vector<uint32_t> ready;
    for (const Thread& t : b.thread) {
        if (t.state == State::ready) {
            ready.push_back(t.index);
        }
    }
    if (now->launch.order == Order::descending) {
        std::reverse(ready.begin(), ready.end());
    } else if (now->launch.order == Order::interleaved) {
        std::shuffle(ready.begin(), ready.end(), random);
    }
    for (const uint32_t i : ready) {
        Thread& t = b.thread[i];
        now->running = &t;
        t.fiber->resume();
        if (t.fiber->done()) {
            t.state = State::done;
        }
        if (now->give_way) {
            now->give_way = false;
            return;
        }
    }
    bool any_ready = false;
    for (uint32_t w = 0; w < b.thread.size(); w += warp_size) {
        any_ready |= shuffle_warp(&b.thread[w]);
    }
    any_ready |= std::any_of(b.thread.begin(), b.thread.end(),
                             [](const Thread& t) { return t.state == State::ready; });
    if (!any_ready && !is_done(b)) {
        release_barrier(b);
    }
}

// Stacks are mapped once and used again by the next launch.
std::vector<std::unique_ptr<Fiber>>& idle_fibers() {
    static std::vector<std::unique_ptr<Fiber>> idle;
    return idle;
}

std::unique_ptr<Fiber> take_fiber() {
    auto& idle = idle_fibers();
    if (idle.empty()) {
        return std::make_unique<Fiber>();
    }
    std::unique_ptr<Fiber> fiber = std::move(idle.back());
    idle.pop_back();
    return fiber;
}

void run_all(Run& run) {
    std::mt19937 random(run.launch.seed);
    std::vector<uint32_t> left(run.block.size());
    for (uint32_t i = 0; i < left.size(); ++i) {
        left[i] = i;
    }
    if (run.launch.order == Order::descending) {
        std::reverse(left.begin(), left.end());
    }
    while (!left.empty()) {
        const size_t choice = run.launch.order == Order::interleaved ? random() % left.size() : 0;
        ThreadBlock& b = run.block[left[choice]];
        step(b, random);
        if (is_done(b)) {
            left.erase(left.begin() + static_cast<std::ptrdiff_t>(choice));
        }
    }
}

}  // namespace

void launch(const Launch& launch, const std::function<void()>& kernel) {
    Run run;
    run.launch = launch;
    run.block.resize(launch.n_thread_blocks);
    for (uint32_t b = 0; b < launch.n_thread_blocks; ++b) {
        run.block[b].shared = SharedMemory(launch.shared_bytes);
        run.block[b].thread.resize(launch.n_threads);
        for (uint32_t i = 0; i < launch.n_threads; ++i) {
            Thread& t = run.block[b].thread[i];
            t.block = b;
            t.index = i;
            t.fiber = take_fiber();
            t.fiber->start(kernel);
        }
    }
    forget_accesses();
    now = &run;
    const auto end = [&] {
        now = nullptr;
        forget_accesses();
        for (ThreadBlock& b : run.block) {
            for (Thread& t : b.thread) {
                idle_fibers().push_back(std::move(t.fiber));
            }
        }
    };
    try {
        run_all(run);
    } catch (...) {
        end();
        throw;
    }
    end();
}

uint32_t thread_index() { return self().index; }
uint32_t n_threads() { return now->launch.n_threads; }
uint32_t thread_block_index() { return self().block; }
uint32_t n_thread_blocks() { return now->launch.n_thread_blocks; }
uint32_t thread_of_launch() { return self().block * now->launch.n_threads + self().index; }

void fence() { ++self().fences; }
uint32_t n_fences(uint32_t thread) {
    return now->block[thread / now->launch.n_threads].thread[thread % now->launch.n_threads].fences;
}

void block_barrier(const std::source_location& where) { wait(State::at_barrier, where); }

void give_way() {
    if (now->launch.order == Order::interleaved) {
        now->give_way = true;
        self().fiber->suspend();
    }
}

uint64_t shuffle(uint64_t value, uint32_t from, const std::source_location& where) {
    Thread& t = self();
    if (from >= warp_size && from != match_lanes) {
        throw KernelError(describe(t) + " shuffles from lane " + std::to_string(from));
    }
    t.brought = value;
    t.from = from;
    wait(State::at_shuffle, where);
    return t.taken;
}

void* shared_load(int64_t offset, uint32_t bytes) {
    return now->block[self().block].shared.load(offset, bytes, self().index);
}
void* shared_store(int64_t offset, uint32_t bytes) {
    return now->block[self().block].shared.store(offset, bytes, self().index);
}

void* shared_atomic(int64_t offset, uint32_t bytes) {
    return now->block[self().block].shared.atomic(offset, bytes, self().index);
}

}  // namespace cuda_emulation
