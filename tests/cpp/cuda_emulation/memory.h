// The memory of the emulated device: arrays that only checked accesses reach.
//
// Device addresses are no addresses of this process: an access that goes past the emulation
// crashes. Arrays lie 2^36 bytes apart, so that an index out of one never lands in another.
#pragma once
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

namespace cuda_emulation {

// What the emulation finds wrong with a kernel.
struct KernelError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Memory of the host gets an address of the device, which is returned.
void* map_to_device(void* host, size_t bytes);
void unmap(void* device);

// How a kernel accesses an array.
enum class Access {
    constant,  // reads what nobody writes while the kernel runs
    own,       // reads what no other thread writes while it runs
    written,   // reads what a thread of this launch wrote, and fenced
    store,     // writes what no other thread writes while the kernel runs
    atomic,    // reads and writes at once
};

// The host's address of `bytes` bytes on the device. Throws KernelError unless all of them are in
// one array, aligned to `align`, and accessed as they may be by this thread.
void* checked_address(const void* device, size_t bytes, size_t align, Access access);

// All threads of the last kernel have ended: its writes conflict with nothing any more.
void forget_accesses();

// An array on the device, from a copy of one on the host.
template <class T>
class DeviceArray {
  public:
    explicit DeviceArray(std::vector<T> host)
        : host_(std::move(host)), device_(map_to_device(host_.data(), host_.size() * sizeof(T))) {}
    DeviceArray(const T* from, size_t n) : DeviceArray(std::vector<T>(from, from + n)) {}
    ~DeviceArray() { unmap(device_); }
    DeviceArray(const DeviceArray&) = delete;
    DeviceArray& operator=(const DeviceArray&) = delete;

    T* address() const { return static_cast<T*>(device_); }
    const std::vector<T>& host() const { return host_; }
    std::vector<T>& host() { return host_; }

  private:
    std::vector<T> host_;
    void* device_;
};

}  // namespace cuda_emulation
