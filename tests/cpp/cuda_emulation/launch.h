// Runs a kernel on the CPU: thread blocks side by side, their threads as fibers.
//
// Threads run one at a time, each until it has to wait for others. In which order is up to the
// order given: what a kernel computes must not depend on it. Errors that are found: accesses out of
// bounds, to shared memory that nobody wrote, races in shared memory, barriers that not all threads
// reach, shuffles that not all lanes of a warp take part in.
#pragma once
#include <cstdint>
#include <functional>
#include <source_location>

namespace cuda_emulation {

enum class Order {
    ascending,    // each thread block to its end, threads by index
    descending,   // the same from the last one
    interleaved,  // random ones at a time, threads in random order, other ones after atomics
};

struct Launch {
    uint32_t n_thread_blocks;
    uint32_t n_threads;  // of a thread block, a multiple of 32
    uint32_t shared_bytes;
    Order order = Order::ascending;
    unsigned seed = 1;
};

// Runs `kernel` once for every thread. Throws KernelError for what it does wrong.
void launch(const Launch& launch, const std::function<void()>& kernel);

// ---- what a thread that runs asks for ----------------------------------------------------------

uint32_t thread_index();
uint32_t n_threads();
uint32_t thread_block_index();
uint32_t n_thread_blocks();
uint32_t thread_of_launch();  // counted through all thread blocks

void fence();
uint32_t n_fences(uint32_t thread_of_launch);

void block_barrier(const std::source_location& where);
void give_way();  // after an atomic operation

// In place of a lane: the lanes that brought the same value, as bits.
inline constexpr uint32_t match_lanes = ~uint32_t{0};

// The value that lane `from` of the warp brought to the same shuffle.
uint64_t shuffle(uint64_t value, uint32_t from, const std::source_location& where);

// The bytes of shared memory at an offset, checked.
void* shared_load(int64_t offset, uint32_t bytes);
void* shared_store(int64_t offset, uint32_t bytes);
void* shared_atomic(int64_t offset, uint32_t bytes);

}  // namespace cuda_emulation
