// The emulated kernels as a shared library, for the tests of the Python layer.
//
// Names and argument orders are those that tests/emulated_device.py calls through ctypes.
#include <cstdio>
#include <exception>
#include <string>

#include "build.cuh"
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

template <class T>
bool build_named(bool count, const std::string& index, const Build& b) {
    const auto run = [&](const auto& builder) { count ? builder.count() : builder.fill(); };
    if (index == "int32") {
        run(RowBlockBuilder<int32_t, T>(b));
    } else if (index == "int64") {
        run(RowBlockBuilder<int64_t, T>(b));
    } else {
        return false;
    }
    return true;
}

bool build_named(bool count, const std::string& index, const std::string& scalar, const Build& b) {
    return scalar == "float32"      ? build_named<float>(count, index, b)
           : scalar == "float64"    ? build_named<double>(count, index, b)
           : scalar == "complex64"  ? build_named<Complex<float>>(count, index, b)
           : scalar == "complex128" ? build_named<Complex<double>>(count, index, b)
                                    : false;
}

bool run_kernel(const std::string& kernel, const std::string& first, const std::string& scalar,
                const void* arguments) {
    if (kernel == "hbp_count" || kernel == "hbp_fill") {
        return build_named(kernel == "hbp_count", first, scalar,
                           *static_cast<const Build*>(arguments));
    }
    if (kernel == "hbp_spmv" || kernel == "hbp_spmm") {
        return run_named(first, scalar, kernel == "hbp_spmv",
                         *static_cast<const Product*>(arguments));
    }
    return false;
}

}  // namespace

#define HBP_EXPORT extern "C" __attribute__((visibility("default")))

HBP_EXPORT size_t emulated_product_bytes() { return sizeof(Product); }
HBP_EXPORT size_t emulated_build_bytes() { return sizeof(Build); }
HBP_EXPORT size_t emulated_build_shared_bytes(uint32_t n_column_blocks, uint32_t block_rows,
                                              uint32_t n_warps) {
    return build_shared_bytes(n_column_blocks, block_rows, n_warps);
}

HBP_EXPORT void* emulated_map(void* host, size_t bytes) {
    return cuda_emulation::map_to_device(host, bytes);
}
HBP_EXPORT void emulated_unmap(void* device) { cuda_emulation::unmap(device); }

// Runs a kernel of the names and types that hbpspmv/cuda/_source.py has. Returns 0, or 1 with a
// message in error[n_error].
HBP_EXPORT int emulated_launch(const char* kernel, const char* first_type, const char* scalar_type,
                               uint32_t n_thread_blocks, uint32_t n_threads, uint32_t shared_bytes,
                               unsigned seed, const void* arguments, char* error, size_t n_error) {
    try {
        bool known = true;
        cuda_emulation::launch(
            {n_thread_blocks, n_threads, shared_bytes, cuda_emulation::Order::interleaved, seed},
            [&] { known = known && run_kernel(kernel, first_type, scalar_type, arguments); });
        if (known) {
            return 0;
        }
        std::snprintf(error, n_error, "there is no kernel %s of %s and %s", kernel, first_type,
                      scalar_type);
    } catch (const std::exception& e) {
        std::snprintf(error, n_error, "%s", e.what());
    }
    return 1;
}
