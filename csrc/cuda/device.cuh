// What the kernels ask of the machine: loads, stores, shared memory, barriers, shuffles, atomics.
//
// A CUDA compiler gets them from here. Tests compile the same kernels for the CPU, with the
// emulation of tests/cpp/cuda_emulation in place of the second half of this file. Kernels touch
// memory through these functions only, so that the emulation sees every access.
#pragma once
#include <cstdint>

#include "../scalar.h"

#ifdef __CUDACC__

#define HBP_DEVICE __device__ __forceinline__

namespace hbp::cuda {

// The machine type that a load of a T moves: one access up to 16 bytes.
template <class T>
struct MachineType {
    using type = T;
};
template <>
struct MachineType<Complex<float>> {
    using type = float2;
};
template <>
struct MachineType<Complex<double>> {
    using type = double2;
};

template <class T>
HBP_DEVICE T as(const typename MachineType<T>::type& a) {
    if constexpr (ScalarTraits<T>::is_complex) {
        return {a.x, a.y};
    } else {
        return a;
    }
}

// An array element that is read once: first to leave the caches.
template <class T>
HBP_DEVICE T load_once(const T* from) {
    return as<T>(__ldcs(reinterpret_cast<const typename MachineType<T>::type*>(from)));
}

// An element that nobody writes while the kernel runs, and that will be read again.
template <class T>
HBP_DEVICE T load_constant(const T* from) {
    return as<T>(__ldg(reinterpret_cast<const typename MachineType<T>::type*>(from)));
}

// A record that nobody writes while the kernel runs, the same for all lanes.
template <class T>
HBP_DEVICE T load_record(const T* from) {
    static_assert(sizeof(T) % sizeof(uint2) == 0);
    constexpr int n = sizeof(T) / sizeof(uint2);
    union Parts {
        uint2 part[n];
        T record;
        HBP_DEVICE Parts() {}
    } parts;
#pragma unroll
    for (int i = 0; i < n; ++i) {
        parts.part[i] = __ldg(reinterpret_cast<const uint2*>(from) + i);
    }
    return parts.record;
}

// An element that nobody writes meanwhile, in global or in shared memory.
template <class T>
HBP_DEVICE T load_anywhere(const T* from) {
    return as<T>(*reinterpret_cast<const typename MachineType<T>::type*>(from));
}

// An element that another thread block may have written before a fence.
template <class T>
HBP_DEVICE T load_written(const T* from) {
    return as<T>(__ldcg(reinterpret_cast<const typename MachineType<T>::type*>(from)));
}

// An element that only this thread reads and writes.
template <class T>
HBP_DEVICE T load_own(const T* from) {
    return as<T>(*reinterpret_cast<const typename MachineType<T>::type*>(from));
}

template <class T>
HBP_DEVICE void store(T* to, T a) {
    if constexpr (ScalarTraits<T>::is_complex) {
        *reinterpret_cast<typename MachineType<T>::type*>(to) = {a.re, a.im};
    } else {
        *to = a;
    }
}

// A whole record.
template <class T>
HBP_DEVICE void store_record(T* to, const T& a) {
    *to = a;
}

HBP_DEVICE uint32_t atomic_add(uint32_t* to, uint32_t n) { return atomicAdd(to, n); }

// What this thread wrote is seen by all before what it writes later.
HBP_DEVICE void fence() { __threadfence(); }

HBP_DEVICE void block_barrier() { __syncthreads(); }

HBP_DEVICE uint32_t thread_index() { return threadIdx.x; }
HBP_DEVICE uint32_t n_threads() { return blockDim.x; }
HBP_DEVICE uint32_t thread_block_index() { return blockIdx.x; }
HBP_DEVICE uint32_t n_thread_blocks() { return gridDim.x; }

// Shuffles among all lanes of a warp.
template <class T>
HBP_DEVICE T shuffle(T a, uint32_t from) {
    return __shfl_sync(0xffffffffu, a, from);
}
template <class T>
HBP_DEVICE T shuffle_up(T a, uint32_t distance) {
    return __shfl_up_sync(0xffffffffu, a, distance);
}
template <class T>
HBP_DEVICE T shuffle_down(T a, uint32_t distance) {
    return __shfl_down_sync(0xffffffffu, a, distance);
}

// The lanes of a warp that bring the same value, as bits.
HBP_DEVICE uint32_t match(uint32_t a) { return __match_any_sync(0xffffffffu, a); }

HBP_DEVICE uint32_t count_bits(uint32_t a) { return static_cast<uint32_t>(__popc(a)); }

extern __shared__ __align__(16) unsigned char shared_memory[];

// An array in the thread block's shared memory, from byte `offset` on.
template <class T>
class SharedArray {
  public:
    HBP_DEVICE explicit SharedArray(uint32_t offset)
        : at_(reinterpret_cast<typename MachineType<T>::type*>(shared_memory + offset)) {}
    HBP_DEVICE T load(uint32_t i) const { return as<T>(at_[i]); }
    HBP_DEVICE void store(uint32_t i, T a) const {
        if constexpr (ScalarTraits<T>::is_complex) {
            at_[i] = {a.re, a.im};
        } else {
            at_[i] = a;
        }
    }
    // Adds to an element of a 32-bit integer array; returns what it was.
    HBP_DEVICE T atomic_add(uint32_t i, T n) const { return atomicAdd(at_ + i, n); }
    // For load_anywhere.
    HBP_DEVICE const T* address() const { return reinterpret_cast<const T*>(at_); }

  private:
    typename MachineType<T>::type* at_;
};

}  // namespace hbp::cuda

#else

#include "emulated_device.h"

#endif

namespace hbp::cuda {

template <class R>
HBP_DEVICE Complex<R> shuffle_down(Complex<R> a, uint32_t distance) {
    return {shuffle_down(a.re, distance), shuffle_down(a.im, distance)};
}

}  // namespace hbp::cuda
