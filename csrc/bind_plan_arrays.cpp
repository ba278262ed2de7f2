// A plan as a dict of arrays, and back: what the plan file of the Python layer reads and writes.
#include <nanobind/stl/string.h>

#include <map>

#include "bind.h"
#include "bind_core_plan.h"
#include "plan_arrays.h"

namespace hbp {
namespace {

template <class T>
nb::dlpack::dtype dtype_of(ElementType type) {
    switch (type) {
        case ElementType::uint8:
            return nb::dtype<uint8_t>();
        case ElementType::uint16:
            return nb::dtype<uint16_t>();
        case ElementType::uint32:
            return nb::dtype<uint32_t>();
        case ElementType::int32:
            return nb::dtype<int32_t>();
        case ElementType::int64:
            return nb::dtype<int64_t>();
        case ElementType::value:
            break;
    }
    return nb::dtype<typename Dtype<T>::Numpy>();
}

template <class T>
ElementType element_type_of(const std::string& name, nb::dlpack::dtype dtype) {
    for (const ElementType type : {ElementType::uint8, ElementType::uint16, ElementType::uint32,
                                   ElementType::int32, ElementType::int64, ElementType::value}) {
        if (dtype == dtype_of<T>(type)) {
            return type;
        }
    }
    throw InvalidHbp("array " + name + " has a dtype that no plan has");
}

nb::object numpy_array(NamedArray&& a, nb::dlpack::dtype dtype) {
    auto* bytes = new HugeArray<std::byte>(std::move(a.bytes));
    const nb::capsule owner(bytes,
                            [](void* p) noexcept { delete static_cast<HugeArray<std::byte>*>(p); });
    // An empty array has no memory, but NumPy wants an address.
    void* data = a.n > 0 ? static_cast<void*>(bytes->data()) : static_cast<void*>(bytes);
    return nb::cast(nb::ndarray<nb::numpy>(data, {a.n}, owner, {}, dtype));
}

// {name: array}, copies.
nb::dict py_plan_arrays(const CorePlan& plan) {
    std::vector<NamedArray> arrays = plan.read([](const auto& m) { return to_arrays(m); });
    return plan.visit([&]<class T>(const HbpMatrix<T>&) {
        nb::dict r;
        for (NamedArray& a : arrays) {
            const nb::str name(a.name.c_str());
            const nb::dlpack::dtype dtype = dtype_of<T>(a.type);
            r[name] = numpy_array(std::move(a), dtype);
        }
        return r;
    });
}

// What plan_from_arrays takes beside the arrays, by the names of its parameters.
nb::dict py_plan_header(const CorePlan& plan) {
    return plan.visit([]<class T>(const HbpMatrix<T>& m) {
        const PlanHeader h = header_of(m);
        nb::dict r;
        r["dtype"] = Dtype<T>::name;
        r["n_rows"] = h.n_rows;
        r["n_cols"] = h.n_cols;
        r["nnz"] = h.nnz;
        r["block_rows"] = h.geometry.block_rows;
        r["block_cols"] = h.geometry.block_cols;
        r["lanes"] = h.geometry.lanes;
        r["index_is_64_bit"] = h.index_is_64_bit;
        r["build_seconds"] = h.build_seconds;
        return r;
    });
}

// InvalidHbp is an invalid_argument, which nanobind turns into ValueError.
CorePlan* py_plan_from_arrays(const nb::dict& arrays, const std::string& dtype, int64_t n_rows,
                              int64_t n_cols, int64_t nnz, int32_t block_rows, int32_t block_cols,
                              int32_t lanes, bool index_is_64_bit, double build_seconds) {
    std::map<std::string, AnyVector> by_name;
    for (const auto& [name, array] : arrays) {
        by_name.emplace(nb::cast<std::string>(name), nb::cast<AnyVector>(array));
    }
    const PlanHeader header{
        {block_rows, block_cols, lanes}, n_rows, n_cols, nnz, index_is_64_bit, build_seconds};
    return with_value_name(dtype, [&]<class T>(T) {
        const auto find = [&](const char* name) -> ArrayView {
            const auto found = by_name.find(name);
            if (found == by_name.end()) {
                throw InvalidHbp(std::string("array ") + name + " is missing");
            }
            const AnyVector& a = found->second;
            return {element_type_of<T>(name, a.dtype()), a.shape(0), a.data()};
        };
        return without_gil([&] { return new CorePlan(from_arrays<T>(header, find)); });
    });
}

}  // namespace

void bind_plan_arrays(nb::module_& module) {
    using namespace nb::literals;
    module.attr("plan_format_version") = plan_format_version;
    module.def("plan_arrays", &py_plan_arrays, "plan"_a);
    module.def("plan_header", &py_plan_header, "plan"_a);
    module.def("plan_from_arrays", &py_plan_from_arrays, "arrays"_a, "dtype"_a, "n_rows"_a,
               "n_cols"_a, "nnz"_a, "block_rows"_a, "block_cols"_a, "lanes"_a, "index_is_64_bit"_a,
               "build_seconds"_a, nb::rv_policy::take_ownership);
}

}  // namespace hbp
