// What the core runs on: threads, instruction sets, the machine.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bind.h"
#include "cpu_info.h"
#include "dispatch.h"
#include "thread_pool.h"

namespace nb = nanobind;

namespace hbp {
namespace {

nb::dict config() {
    const CpuInfo& cpu = cpu_info();
    nb::dict r;
    r["version"] = HBPSPMV_VERSION;
    r["isa"] = isa_in_use();
    r["isas"] = available_isas();
    r["num_threads"] = num_threads();
    r["cpu"] = cpu.name;
    r["l1d_bytes"] = cpu.l1d_bytes;
    r["l2_bytes"] = cpu.l2_bytes;
    r["l3_bytes"] = cpu.l3_bytes;
    r["compiler"] = __VERSION__;
    return r;
}

void set_default_threads(int n) {
    if (n < 1) {
        const std::string message =
            "the number of threads is " + std::to_string(n) + ", expected 1 or more";
        throw nb::value_error(message.c_str());
    }
    set_num_threads(n);
}

}  // namespace

void bind_config(nb::module_& module) {
    using namespace nb::literals;
    module.def("set_num_threads", &set_default_threads, "n"_a);
    module.def("get_num_threads", &num_threads);
    module.def("isa", [] { return isa_in_use(); });
    module.def("available_isas", &available_isas);
    module.def("config", &config);
}

}  // namespace hbp
