// The CUDA kernels on the emulated device: the bits of the CPU kernels, within the bound.
#include <cmath>
#include <cstring>
#include <limits>

#include "check.h"
#include "device_product.h"
#include "reference.h"
#include "samples.h"
#include "spmv.h"

using cuda_emulation::Order;
using device_product::Choice;
using hbp::Complex;
using hbp::HbpMatrix;
using hbp::cuda::BFloat16;
using hbp::cuda::Float16;
using samples::Csr;

namespace {

// Above all costs, so that no row block is split; and so low that most are.
constexpr int64_t whole = int64_t{1} << 60;
constexpr int64_t parts = 2000;

// Geometries for CUDA have 32 lanes.
const hbp::Geometry geometries[] = {{40, 8, 32}, {512, 4096, 32}, {1024, 65'536, 32}};

template <class T>
T number(double a) {
    if constexpr (hbp::ScalarTraits<T>::is_complex) {
        using Real = typename hbp::ScalarTraits<T>::Real;
        return {static_cast<Real>(a), static_cast<Real>(0.75 - a)};
    } else {
        return static_cast<T>(a);
    }
}

template <class T>
std::vector<T> numbers(const std::vector<double>& from) {
    std::vector<T> to;
    to.reserve(from.size());
    for (const double a : from) {
        to.push_back(number<T>(a));
    }
    return to;
}

template <class T>
HbpMatrix<T> build_as(const Csr& a, const hbp::Geometry& g) {
    const std::vector<T> data = numbers<T>(a.data);
    return hbp::build<int64_t, T>(
        {a.n_rows, a.n_cols, a.indptr.data(), a.indices.data(), data.data()}, a.nnz(), g, 1,
        [] { return false; });
}

template <class T>
std::vector<T> random_numbers(int64_t n, unsigned seed = 1) {
    return numbers<T>(reference::random_vector(n, seed));
}

// What every element of a result is before the product: it must be written.
template <class T>
std::vector<T> unwritten(int64_t n) {
    return std::vector<T>(static_cast<size_t>(n),
                          number<T>(std::numeric_limits<double>::quiet_NaN()));
}

template <class T>
void check_same_bits(const std::vector<T>& found, const std::vector<T>& expected,
                     const std::string& what) {
    CHECK_EQUAL(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
        if (std::memcmp(&found[i], &expected[i], sizeof(T)) != 0) {
            check::fail(__FILE__, __LINE__, what, "element ", i, " differs from the CPU's");
        }
    }
}

// The product on the device has the bits of the CPU's, and leaves all counters 0.
template <class T, class Stored = T>
void check_product(device_product::Matrix<T, Stored>& device, const HbpMatrix<T>& m, int64_t k,
                   double alpha, double beta, const Choice& choice, const std::string& what) {
    const std::vector<T> X = random_numbers<T>(m.n_cols * k);
    std::vector<T> expected =
        beta == 0 ? unwritten<T>(m.n_rows * k) : random_numbers<T>(m.n_rows * k, 2);
    std::vector<T> found = expected;
    // Not complex, so that 1 and 0 are what they are.
    T a{}, b{};
    if constexpr (hbp::ScalarTraits<T>::is_complex) {
        a.re = static_cast<typename hbp::ScalarTraits<T>::Real>(alpha);
        b.re = static_cast<typename hbp::ScalarTraits<T>::Real>(beta);
        b.im = b.re;
    } else {
        a = static_cast<T>(alpha);
        b = static_cast<T>(beta);
    }
    hbp::multiply(m, X.data(), expected.data(), k, a, b, 1);
    device.multiply(X, found, k, a, b, choice);
    check_same_bits(found, expected, what + std::to_string(k) + " vectors: ");
    for (const uint32_t counter : device.counters()) {
        CHECK_EQUAL(counter, 0u);
    }
}

// AddressSanitizer makes a product 20 times as slow, and has little to see in one that the
// emulation does not: one of four samples.
std::vector<Csr> all_samples() {
    std::vector<Csr> all = samples::all();
#if defined(__SANITIZE_ADDRESS__)
    std::vector<Csr> some;
    for (size_t i = 0; i < all.size(); i += 4) {
        some.push_back(all[i]);
    }
    all.swap(some);
#endif
    return all;
}

// f(matrix, its plan, description) for the samples in all geometries.
template <class T, class F>
void for_each(F&& f) {
    for (const Csr& a : all_samples()) {
        for (const hbp::Geometry& g : geometries) {
            f(a, build_as<T>(a, g), samples::describe(a, g));
        }
    }
}

template <class T>
void check_all_samples() {
    for_each<T>([](const Csr&, const HbpMatrix<T>& m, const std::string& what) {
        device_product::Matrix<T> device(m, whole, 0);
        check_product(device, m, 1, 1, 0, Choice{}, what);
        device_product::Matrix<T> split(m, parts, 4096);
        check_product(split, m, 1, -2.5, 0.5, Choice{.order = Order::interleaved},
                      what + "split, ");
        check_product(split, m, 3, 1, 0, Choice{}, what + "split, ");
    });
}

}  // namespace

TEST("a product on the device is within the bound") {
    for_each<double>([](const Csr& a, const HbpMatrix<double>& m, const std::string& what) {
        const std::vector<double> x = reference::random_vector(a.n_cols);
        std::vector<double> y = unwritten<double>(a.n_rows);
        device_product::Matrix<double>(m, whole, 0).multiply(x, y, 1, 1.0, 0.0, Choice{});
        reference::check_within_bound(a, x, y, what);
    });
}

TEST("products on the device have the bits of the CPU in float32") { check_all_samples<float>(); }
TEST("products on the device have the bits of the CPU in float64") { check_all_samples<double>(); }
TEST("products on the device have the bits of the CPU in complex64") {
    check_all_samples<Complex<float>>();
}
TEST("products on the device have the bits of the CPU in complex128") {
    check_all_samples<Complex<double>>();
}

TEST("the bits of a product do not depend on who takes which ticket") {
    for (const Csr& a : all_samples()) {
        const HbpMatrix<double> m = build_as<double>(a, {40, 64, 32});
        device_product::Matrix<double> device(m, parts, 0);
        for (const Order order : {Order::ascending, Order::descending, Order::interleaved}) {
            for (const uint32_t n_thread_blocks : {1u, 4u}) {
                for (const uint32_t fixed_percent : {0u, 60u}) {
                    check_product(device, m, 1, 1, 0,
                                  Choice{.n_thread_blocks = n_thread_blocks,
                                         .fixed_percent = fixed_percent,
                                         .order = order,
                                         .seed = n_thread_blocks + fixed_percent},
                                  a.name + ": ");
                }
            }
        }
    }
}

TEST("the bits of a product do not depend on the number of threads of a thread block") {
    for (const Csr& a : all_samples()) {
        const HbpMatrix<float> m = build_as<float>(a, {512, 4096, 32});
        device_product::Matrix<float> device(m, whole, 0);
        for (const uint32_t n_threads : {32u, 128u}) {
            check_product(device, m, 1, 1, 0, Choice{.n_threads = n_threads}, a.name + ": ");
            check_product(device, m, 5, 1, 0, Choice{.n_threads = n_threads}, a.name + ": ");
        }
    }
}

TEST("products with several vectors have the bits of the CPU") {
    for (const Csr& a : all_samples()) {
        if (a.nnz() > 20'000) {
            continue;  // too slow with so many vectors; the larger ones have had three
        }
        const HbpMatrix<double> m = build_as<double>(a, {256, 512, 32});
        device_product::Matrix<double> device(m, parts, 4096);
        for (const int64_t k : {2, 4, 7, 17, 33, 64, 70}) {
            // Slices that do not divide the vectors, or a lane's share of them.
            const uint32_t slice = k == 17 ? 8 : k == 33 ? 6 : 64;
            check_product(device, m, k, 1, 0, Choice{.max_slice = slice}, a.name + ": ");
        }
        check_product(device, m, 6, 0.5, -1, Choice{.order = Order::interleaved}, a.name + ": ");
    }
}

TEST("values stored in 16 bits give the bits of their values in float32") {
    for (const Csr& sample : all_samples()) {
        // Multiples of 1/8 below 8 have at most 6 binary digits: both types have them.
        Csr a = sample;
        for (double& value : a.data) {
            value = std::nearbyint(std::fmod(value, 8.0) * 8) / 8;
        }
        const HbpMatrix<float> m = build_as<float>(a, {512, 4096, 32});
        device_product::Matrix<float, Float16> half(m, parts, 0);
        check_product(half, m, 1, 1, 0, Choice{}, a.name + ", float16: ");
        check_product(half, m, 5, 1, 0, Choice{}, a.name + ", float16: ");
        device_product::Matrix<float, BFloat16> brain(m, whole, 4096);
        check_product(brain, m, 1, 1, 0, Choice{}, a.name + ", bfloat16: ");
        check_product(brain, m, 5, 1, 0, Choice{}, a.name + ", bfloat16: ");
    }
}

TEST("windows of x, split row blocks, tiles and every run and encoding are among the samples") {
    bool window = false, split = false, tile = false;
    bool kind[4] = {}, encoding[hbp::n_encodings] = {};
    for (const Csr& a : samples::all()) {
        const HbpMatrix<double> m = build_as<double>(a, geometries[1]);
        const hbp::cuda::DevicePlan plan = hbp::cuda::device_plan(m, {parts, 4096, 8});
        window |= plan.max_window > 0;
        split |= plan.n_split > 0;
        for (const hbp::cuda::Piece& p : plan.piece) {
            kind[p.run.kind] = true;
            tile |= p.run.height > 1;
            encoding[static_cast<int>(p.encoding)] = true;
        }
    }
    CHECK(window && split && tile);
    CHECK(kind[0] && kind[1] && kind[2] && kind[3]);
    CHECK(encoding[0] && encoding[1] && encoding[2]);
}
