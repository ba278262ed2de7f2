// An uninitialised array for the big streams, aligned and advised for 2 MB pages.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace hbp {

template <class T>
class HugeArray {
    static_assert(std::is_trivially_copyable_v<T>);

  public:
    HugeArray() = default;
    explicit HugeArray(size_t n) : size_(n) {
        if (n == 0) {
            return;
        }
        if (n > (SIZE_MAX - huge_page) / sizeof(T)) {
            throw std::bad_alloc();
        }
        const size_t bytes = n * sizeof(T);
        const size_t align = bytes >= huge_page ? huge_page : 64;
        const size_t rounded = (bytes + align - 1) / align * align;
        data_ = static_cast<T*>(std::aligned_alloc(align, rounded));
        if (data_ == nullptr) {
            throw std::bad_alloc();
        }
#ifdef MADV_HUGEPAGE
        if (align == huge_page) {
            madvise(data_, rounded, MADV_HUGEPAGE);  // advice only: failure costs 5 % of speed
        }
#endif
    }
    HugeArray(HugeArray&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    HugeArray& operator=(HugeArray&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~HugeArray() { std::free(data_); }

    // Keeps the first n <= size() places and gives the memory behind them back.
    void shrink(size_t n) {
        if (n == size_) {
            return;
        }
        if (size_ * sizeof(T) < huge_page) {
            HugeArray smaller(n);
            if (n > 0) {
                std::memcpy(smaller.data_, data_, n * sizeof(T));
            }
            *this = std::move(smaller);
            return;
        }
        const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
        const uintptr_t used_until = reinterpret_cast<uintptr_t>(data_ + n);
        const uintptr_t from = (used_until + page - 1) / page * page;
        const uintptr_t to = reinterpret_cast<uintptr_t>(data_ + size_) / page * page;
        if (from < to) {
            madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
        }
        size_ = n;
    }

    T* data() { return data_; }
    const T* data() const { return data_; }
    size_t size() const { return size_; }

  private:
    static constexpr size_t huge_page = size_t{2} << 20;
    T* data_ = nullptr;
    size_t size_ = 0;
};

}  // namespace hbp
