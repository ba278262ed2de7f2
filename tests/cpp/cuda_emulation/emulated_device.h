// The second half of csrc/cuda/device.cuh for the CPU: every access is checked.
#pragma once
#include <cstring>

#include "launch.h"
#include "memory.h"

#define HBP_DEVICE inline

// Hints that only a CUDA compiler knows.
#pragma GCC diagnostic ignored "-Wunknown-pragmas"

namespace hbp::cuda {

using cuda_emulation::Access;
using cuda_emulation::fence;
using cuda_emulation::n_thread_blocks;
using cuda_emulation::n_threads;
using cuda_emulation::thread_block_index;
using cuda_emulation::thread_index;

template <class T>
T copy_from(const void* from) {
    T a;
    std::memcpy(static_cast<void*>(&a), from, sizeof(T));
    return a;
}

template <class T>
T load(const T* from, Access access) {
    return copy_from<T>(cuda_emulation::checked_address(from, sizeof(T), sizeof(T), access));
}

template <class T>
T load_once(const T* from) {
    return load(from, Access::constant);
}
template <class T>
T load_constant(const T* from) {
    return load(from, Access::constant);
}
template <class T>
T load_written(const T* from) {
    return load(from, Access::written);
}
template <class T>
T load_own(const T* from) {
    return load(from, Access::own);
}
template <class T>
T load_record(const T* from) {
    return copy_from<T>(cuda_emulation::checked_address(from, sizeof(T), 8, Access::constant));
}

template <class T>
void store(T* to, T a) {
    std::memcpy(cuda_emulation::checked_address(to, sizeof(T), sizeof(T), Access::store), &a,
                sizeof(T));
}

template <class T>
void store_record(T* to, const T& a) {
    std::memcpy(
        static_cast<void*>(cuda_emulation::checked_address(to, sizeof(T), 8, Access::store)), &a,
        sizeof(T));
}

inline uint32_t atomic_add(uint32_t* to, uint32_t n) {
    // The order of atomic operations of several thread blocks is anything: others may come first.
    cuda_emulation::give_way();
    void* const at = cuda_emulation::checked_address(to, sizeof n, sizeof n, Access::atomic);
    const uint32_t before = copy_from<uint32_t>(at);
    const uint32_t after = before + n;
    std::memcpy(at, &after, sizeof after);
    return before;
}

inline void block_barrier(std::source_location where = std::source_location::current()) {
    cuda_emulation::block_barrier(where);
}

// ---- shuffles ----------------------------------------------------------------------------------

template <class T>
T shuffle(T a, uint32_t from, std::source_location where = std::source_location::current()) {
    static_assert(sizeof(T) <= sizeof(uint64_t));
    uint64_t bits = 0;
    std::memcpy(&bits, &a, sizeof(T));
    bits = cuda_emulation::shuffle(bits, from, where);
    return copy_from<T>(&bits);
}
template <class T>
T shuffle_up(T a, uint32_t distance, std::source_location where = std::source_location::current()) {
    const uint32_t lane = thread_index() % 32;
    return hbp::cuda::shuffle(a, lane >= distance ? lane - distance : lane, where);
}
template <class T>
T shuffle_down(T a, uint32_t distance,
               std::source_location where = std::source_location::current()) {
    const uint32_t lane = thread_index() % 32;
    return hbp::cuda::shuffle(a, lane + distance < 32 ? lane + distance : lane, where);
}

inline uint32_t match(uint32_t a, std::source_location where = std::source_location::current()) {
    return static_cast<uint32_t>(cuda_emulation::shuffle(a, cuda_emulation::match_lanes, where));
}

inline uint32_t count_bits(uint32_t a) { return static_cast<uint32_t>(__builtin_popcount(a)); }

// ---- shared memory -----------------------------------------------------------------------------

// Its addresses, apart from those of device arrays.
inline constexpr uintptr_t shared_address = uintptr_t{1} << 61;

template <class T>
class SharedArray {
  public:
    explicit SharedArray(uint32_t offset) : offset_(offset) {}
    T load(uint32_t i) const { return copy_from<T>(cuda_emulation::shared_load(at(i), sizeof(T))); }
    void store(uint32_t i, T a) const {
        std::memcpy(cuda_emulation::shared_store(at(i), sizeof(T)), &a, sizeof(T));
    }
    T atomic_add(uint32_t i, T n) const {
        void* const place = cuda_emulation::shared_atomic(at(i), sizeof(T));
        const T before = copy_from<T>(place);
        const T after = before + n;
        std::memcpy(place, &after, sizeof(T));
        return before;
    }
    const T* address() const { return reinterpret_cast<const T*>(shared_address + offset_); }

  private:
    int64_t at(uint32_t i) const {
        return static_cast<int64_t>(offset_) + static_cast<int64_t>(i) * sizeof(T);
    }
    uint32_t offset_;
};

template <class T>
T load_anywhere(const T* from) {
    const int64_t offset = static_cast<int64_t>(reinterpret_cast<uintptr_t>(from) - shared_address);
    constexpr int64_t far = int64_t{1} << 36;
    if (-far < offset && offset < far) {
        return copy_from<T>(cuda_emulation::shared_load(offset, sizeof(T)));
    }
    return load(from, Access::constant);
}

}  // namespace hbp::cuda
