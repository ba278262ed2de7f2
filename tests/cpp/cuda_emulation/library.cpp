// The emulated kernels as a shared library, for the tests of the Python layer.
//
// Names and argument orders are those that tests/emulated_device.py calls through ctypes.
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

#include "emulated_device.h"
#include "product.cuh"

namespace {

using hbp::Complex;
using namespace hbp::cuda;

template <class Stored, class T>
void run(bool one_vector, const Product& p) {
    if (one_vector) {
        ProductKernel<Stored, T, 1>(p).run();
    } else {
        ProductKernel<Stored, T, 4>(p).run();
    }
}

bool run_named(const std::string& stored, const std::string& scalar, bool one, const Product& p) {
    const auto is = [&](const char* s, const char* t) { return stored == s && scalar == t; };
    if (is("float32", "float32")) {
        run<float, float>(one, p);
    } else if (is("float64", "float64")) {
        run<double, double>(one, p);
    } else if (is("complex64", "complex64")) {
        run<Complex<float>, Complex<float>>(one, p);
    } else if (is("complex128", "complex128")) {
        run<Complex<double>, Complex<double>>(one, p);
    } else if (is("float16", "float32")) {
        run<Float16, float>(one, p);
    } else if (is("bfloat16", "float32")) {
        run<BFloat16, float>(one, p);
    } else {
        return false;
    }
    return true;
}

}  // namespace

#define HBP_EXPORT extern "C" __attribute__((visibility("default")))

HBP_EXPORT size_t emulated_product_bytes() { return sizeof(Product); }

HBP_EXPORT void* emulated_map(void* host, size_t bytes) {
    return cuda_emulation::map_to_device(host, bytes);
}
HBP_EXPORT void emulated_unmap(void* device) { cuda_emulation::unmap(device); }

// Runs the kernel "hbp_spmv" or "hbp_spmm". Returns 0, or 1 with a message in error[n_error].
HBP_EXPORT int emulated_launch(const char* kernel, const char* stored, const char* scalar,
                               uint32_t n_thread_blocks, uint32_t n_threads, uint32_t shared_bytes,
                               unsigned seed, const Product* product, char* error, size_t n_error) {
    try {
        const bool one = std::strcmp(kernel, "hbp_spmv") == 0;
        bool known = one || std::strcmp(kernel, "hbp_spmm") == 0;
        cuda_emulation::launch(
            {n_thread_blocks, n_threads, shared_bytes, cuda_emulation::Order::interleaved, seed},
            [&] { known = known && run_named(stored, scalar, one, *product); });
        if (known) {
            return 0;
        }
        std::snprintf(error, n_error, "there is no kernel %s of %s and %s", kernel, stored, scalar);
    } catch (const std::exception& e) {
        std::snprintf(error, n_error, "%s", e.what());
    }
    return 1;
}
