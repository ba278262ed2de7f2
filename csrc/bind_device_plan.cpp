// What the CUDA layer of Python uploads beside the arrays of a plan.
#include <nanobind/stl/string.h>

#include "bind.h"
#include "bind_core_plan.h"
#include "cuda/device_plan.h"

namespace hbp {
namespace {

// A copy of a vector as a NumPy array of another item type, which divides its elements.
template <class Item, class E>
nb::object array_of(const std::vector<E>& from) {
    static_assert(sizeof(E) % sizeof(Item) == 0);
    auto* owned = new std::vector<E>(from);
    const nb::capsule owner(owned,
                            [](void* p) noexcept { delete static_cast<std::vector<E>*>(p); });
    const size_t n = from.size() * (sizeof(E) / sizeof(Item));
    // An empty array has no memory, but NumPy wants an address.
    void* data = n > 0 ? static_cast<void*>(owned->data()) : static_cast<void*>(owned);
    return nb::cast(nb::ndarray<nb::numpy, Item, nb::ndim<1>>(data, {n}, owner));
}

// The value stream in 16 bits, or None where it is stored as it is.
template <class T>
nb::object narrow(const HbpMatrix<T>& m, const std::string& stored) {
    if constexpr (std::is_same_v<T, float>) {
        if (stored == "float16") {
            return array_of<uint16_t>(cuda::narrow_values<cuda::Float16>(m));
        }
        if (stored == "bfloat16") {
            return array_of<uint16_t>(cuda::narrow_values<cuda::BFloat16>(m));
        }
    }
    if (stored != Dtype<T>::name) {
        throw nb::type_error(
            ("values in " + std::string(Dtype<T>::name) + " cannot be stored in " + stored)
                .c_str());
    }
    return nb::none();
}

// Records are arrays of bytes, the layouts of cuda/plan_view.h.
nb::dict py_device_plan(const CorePlan& plan, int64_t part_cost, uint32_t max_window,
                        const std::string& stored) {
    return plan.visit([&]<class T>(const HbpMatrix<T>& m) {
        nb::dict r;
        const nb::object narrowed = narrow(m, stored);
        const int size = narrowed.is_none() ? static_cast<int>(sizeof(T)) : 2;
        const cuda::DevicePlan d = cuda::device_plan(m, {part_cost, max_window, size});
        std::vector<T> constant;
        constant.reserve(m.block.size());
        for (const Block<T>& b : m.block) {
            constant.push_back(b.constant);
        }
        r["piece"] = array_of<uint8_t>(d.piece);
        r["block"] = array_of<uint8_t>(d.block);
        r["task"] = array_of<uint8_t>(d.task);
        r["constant"] = array_of<uint8_t>(constant);
        r["narrowed"] = narrowed;
        r["n_tasks"] = d.task.size();
        r["n_partials"] = d.n_partials;
        r["n_split"] = d.n_split;
        r["max_rows"] = d.max_rows;
        r["max_window"] = d.max_window;
        return r;
    });
}

}  // namespace

void bind_device_plan(nb::module_& module) {
    using namespace nb::literals;
    module.def("device_plan", &py_device_plan, "plan"_a, "part_cost"_a, "max_window"_a, "stored"_a);
}

}  // namespace hbp
