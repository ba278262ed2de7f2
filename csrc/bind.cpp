// The Python module _hbpspmv_core.
#include "bind.h"

NB_MODULE(_hbpspmv_core, module) {
    module.doc() = "Native kernels of hbpspmv. Use the package hbpspmv instead.";
    hbp::bind_csr(module);
    hbp::bind_cost_model(module);
    hbp::bind_plan(module);
    hbp::bind_plan_arrays(module);
    hbp::bind_device_plan(module);
    hbp::bind_config(module);
    hbp::bind_bandwidth(module);
}
