// The parts of the Python module: each adds its functions to it.
#pragma once
#include <nanobind/nanobind.h>

namespace hbp {

void bind_csr(nanobind::module_& module);
void bind_cost_model(nanobind::module_& module);
void bind_plan(nanobind::module_& module);
void bind_plan_arrays(nanobind::module_& module);  // after bind_plan: CorePlan must be known
void bind_device_plan(nanobind::module_& module);  // likewise
void bind_config(nanobind::module_& module);
void bind_bandwidth(nanobind::module_& module);

}  // namespace hbp
