// The binding of the cost model: the layout of a matrix, and the predictions behind it.
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <map>
#include <optional>

#include "bind.h"
#include "bind_types.h"
#include "choose_geometry.h"
#include "dispatch.h"

namespace hbp {
namespace {

using Triple = std::tuple<int32_t, int32_t, int32_t>;  // block_rows, block_cols, lanes
using Figures = std::map<std::string, double>;

// itemsize and is_complex are those of the plan, `data` may have another dtype.
MatrixSample py_sample(const AnyVector& indptr, const AnyVector& indices, const AnyVector& data,
                       int64_t n_rows, int64_t n_cols, int64_t itemsize, bool is_complex) {
    require_csr_arrays(indptr, indices, n_rows, n_cols);
    const int64_t nnz = static_cast<int64_t>(indices.shape(0));
    require_length("data", static_cast<int64_t>(data.shape(0)), nnz);
    return with_index_type(indptr.dtype(), [&]<class I>(I) {
        return sample_matrix(static_cast<const I*>(indptr.data()),
                             static_cast<const I*>(indices.data()), data.data(),
                             static_cast<int64_t>(data.itemsize()), n_rows, n_cols, nnz, itemsize,
                             is_complex);
    });
}

std::tuple<Triple, double, double, std::string> py_choose_layout(const MatrixSample& s) {
    const Layout layout = choose_layout(s, prefer_eight_lanes(s.itemsize));
    const Geometry& g = layout.geometry;
    return {{g.block_rows, g.block_cols, g.lanes},
            layout.hbp_seconds,
            layout.csr_seconds,
            layout.prefer_csr};
}

double py_predict(const MatrixSample& s, const std::optional<Triple>& geometry, int n_threads,
                  const Figures& machine) {
    if (n_threads < 1) {
        throw nb::value_error("num_threads must be positive");
    }
    Machine m;
    for (const auto& [name, value] : machine) {
        const auto* field =
            std::find_if(std::begin(machine_fields), std::end(machine_fields),
                         [&, &wanted = name](const auto& f) { return wanted == f.first; });
        if (field == std::end(machine_fields)) {
            throw nb::value_error(("the cost model has no figure " + name).c_str());
        }
        if (!(value > 0)) {
            throw nb::value_error((name + " must be positive").c_str());
        }
        m.*field->second = value;
    }
    if (!geometry) {
        return csr_seconds(s, n_threads, m);
    }
    const auto [block_rows, block_cols, lanes] = *geometry;
    if (block_rows < 1 || block_cols < 1 || lanes < 1) {
        throw nb::value_error("a geometry has positive sizes");
    }
    return hbp_seconds(s, {block_rows, block_cols, lanes}, n_threads, m);
}

Figures default_machine() {
    Figures figures;
    for (const auto& [name, field] : machine_fields) {
        figures[name] = Machine{}.*field;
    }
    return figures;
}

nb::dict figures_of(const MatrixSample& s) {
    nb::dict d;
    d["rows_read"] = s.rows_read;
    d["entries_read"] = s.entries_read;
    d["filled_rows"] = s.filled_rows;
    d["slots"] = std::vector<double>(s.slots.begin(), s.slots.end());
    d["long_share"] = std::vector<double>(s.long_share.begin(), s.long_share.end());
    d["length_classes"] = s.length_classes;
    d["repeated"] = s.repeated;
    d["shifted"] = s.shifted;
    d["uneven_rows"] = s.uneven_rows;
    d["lone_entries"] = s.lone_entries;
    d["fresh"] = s.fresh;
    d["lines_named"] = s.lines_named;
    d["growth"] = s.growth;
    d["distinct_values"] = s.distinct_values;
    return d;
}

}  // namespace

void bind_cost_model(nb::module_& module) {
    using namespace nb::literals;
    nb::class_<MatrixSample>(module, "MatrixSample").def_prop_ro("figures", &figures_of);
    module.def("sample_matrix", &py_sample, "indptr"_a, "indices"_a, "data"_a, "n_rows"_a,
               "n_cols"_a, "itemsize"_a, "is_complex"_a);
    module.def("choose_layout", &py_choose_layout, "sample"_a);
    module.def("predict_seconds", &py_predict, "sample"_a, "geometry"_a.none(), "num_threads"_a,
               "machine"_a);
    module.def("default_machine", &default_machine);
}

}  // namespace hbp
