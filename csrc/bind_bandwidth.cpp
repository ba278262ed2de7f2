// The binding of what the benchmark asks of the machine, of a plan and of the access to x.
#include <nanobind/stl/vector.h>

#include "bandwidth.h"
#include "bind.h"
#include "bind_core_plan.h"
#include "describe.h"
#include "x_misses.h"

namespace hbp {
namespace {

template <double measure(int64_t, int, double)>
double measured(int64_t nbytes, int num_threads, double seconds) {
    if (nbytes < 1 || num_threads < 1) {
        throw nb::value_error("nbytes and num_threads must be positive");
    }
    return without_gil([&] { return measure(nbytes, num_threads, seconds); });
}

std::vector<int64_t> py_x_misses(const AnyVector& indices, int64_t itemsize,
                                 const std::vector<int64_t>& cache_bytes) {
    const int64_t nnz = static_cast<int64_t>(indices.shape(0));
    return with_index_type(indices.dtype(), [&]<class I>(I) {
        return without_gil([&] {
            return x_misses(static_cast<const I*>(indices.data()), nnz, itemsize, cache_bytes);
        });
    });
}

}  // namespace

void bind_bandwidth(nb::module_& module) {
    using namespace nb::literals;
    module.def("read_bandwidth", &measured<read_bandwidth>, "nbytes"_a, "num_threads"_a,
               "seconds"_a);
    module.def("random_read_rate", &measured<random_read_rate>, "nbytes"_a, "num_threads"_a,
               "seconds"_a);
    // How often a product loads an index and the x it names: once for each column stored, or for
    // each window.
    module.def(
        "x_loads",
        [](const CorePlan& plan) {
            return plan.visit([](const auto& m) { return describe(m).x_loads; });
        },
        "plan"_a);
    module.def("x_misses", &py_x_misses, "indices"_a, "itemsize"_a, "cache_bytes"_a);
}

}  // namespace hbp
