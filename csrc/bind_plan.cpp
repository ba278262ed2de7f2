// Plans from Python: built from CSR arrays, multiplied, described.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "bind.h"
#include "bind_core_plan.h"
#include "build.h"
#include "dispatch.h"
#include "tuning.h"

namespace hbp {
namespace {

void require_geometry(int64_t block_rows, int64_t block_cols, int64_t lanes) {
    const auto side = [](const char* name, int64_t n, int64_t most) {
        if (n < 1 || n > most) {
            throw nb::value_error((std::string(name) + " is " + std::to_string(n) +
                                   ", expected 1 to " + std::to_string(most))
                                      .c_str());
        }
    };
    side("block_rows", block_rows, tuning::max_block_side);
    side("block_cols", block_cols, INT32_MAX);
    if (lanes != 8 && lanes != 16 && lanes != 32) {
        throw nb::value_error(
            ("lanes is " + std::to_string(lanes) + ", expected 8, 16 or 32").c_str());
    }
}

// All encodings that pay but those named.
Encodings encodings_without(const std::vector<std::string>& names) {
    Encodings use = encodings_that_pay();
    const std::pair<const char*, bool*> all[] = {
        {"tiles", &use.tiles},    {"shifted", &use.shifted},   {"windows", &use.windows},
        {"along", &use.along},    {"constant", &use.constant}, {"few", &use.few},
        {"decimal", &use.decimal}};
    for (const std::string& name : names) {
        const auto found = std::find_if(std::begin(all), std::end(all),
                                        [&](const auto& one) { return one.first == name; });
        if (found == std::end(all)) {
            throw nb::value_error(
                ("without has '" + name +
                 "', expected tiles, shifted, windows, along, constant, few or decimal")
                    .c_str());
        }
        *found->second = false;
    }
    return use;
}

CorePlan* py_build(const AnyVector& indptr, const AnyVector& indices, const AnyVector& data,
                   int64_t n_rows, int64_t n_cols, int64_t block_rows, int64_t block_cols,
                   int64_t lanes, int n_threads, const std::vector<std::string>& without) {
    require_csr_arrays(indptr, indices, n_rows, n_cols);
    require_geometry(block_rows, block_cols, lanes);
    const Encodings use = encodings_without(without);
    const int64_t nnz = static_cast<int64_t>(indices.shape(0));
    require_length("data", static_cast<int64_t>(data.shape(0)), nnz);
    const Geometry geometry{static_cast<int32_t>(block_rows), static_cast<int32_t>(block_cols),
                            static_cast<int32_t>(lanes)};
    return with_index_type(indptr.dtype(), [&]<class I>(I) {
        return with_value_type(data.dtype(), [&]<class T>(T) {
            try {
                return without_gil([&] {
                    return new CorePlan(build(csr_view<I, T>(indptr, indices, data, n_cols), nnz,
                                              geometry, threads_or_default(n_threads), interrupted,
                                              use));
                });
            } catch (const Interrupted&) {
                throw nb::python_error();
            }
        });
    });
}

template <class F>
auto of_matrix(F f) {
    return [f](const CorePlan& p) { return p.visit(f); };
}

}  // namespace

void bind_plan(nb::module_& module) {
    using namespace nb::literals;
    module.def("build", &py_build, "indptr"_a, "indices"_a, "data"_a, "n_rows"_a, "n_cols"_a,
               "block_rows"_a, "block_cols"_a, "lanes"_a, "num_threads"_a, nb::kw_only(),
               "without"_a = std::vector<std::string>(), nb::rv_policy::take_ownership);

    nb::class_<CorePlan>(module, "CorePlan")
        .def("spmv", &CorePlan::multiply_any<AnyVector, AnyVectorOut>, "x"_a, "y"_a, "alpha"_a,
             "beta"_a, "num_threads"_a)
        .def("spmv_plain", &CorePlan::multiply_plain, "x"_a, "y"_a, "alpha"_a, "beta"_a,
             "num_threads"_a)
        .def("spmm", &CorePlan::multiply_any<AnyMatrix, AnyMatrixOut>, "X"_a, "Y"_a, "alpha"_a,
             "beta"_a, "num_threads"_a)
        .def("update", &CorePlan::update, "data"_a)
        .def("to_csr", &CorePlan::to_csr_arrays)
        .def("info", &CorePlan::info)
        .def_prop_ro("n_rows", of_matrix([](const auto& m) { return m.n_rows; }))
        .def_prop_ro("n_cols", of_matrix([](const auto& m) { return m.n_cols; }))
        .def_prop_ro("nnz", of_matrix([](const auto& m) { return m.nnz; }))
        .def_prop_ro("nbytes", of_matrix([](const auto& m) { return describe(m).nbytes; }))
        .def_prop_ro("dtype",
                     of_matrix([]<class T>(const HbpMatrix<T>&) { return Dtype<T>::name; }))
        .def_prop_ro("block_rows", of_matrix([](const auto& m) { return m.geometry.block_rows; }))
        .def_prop_ro("block_cols", of_matrix([](const auto& m) { return m.geometry.block_cols; }))
        .def_prop_ro("lanes", of_matrix([](const auto& m) { return m.geometry.lanes; }));
}

}  // namespace hbp
