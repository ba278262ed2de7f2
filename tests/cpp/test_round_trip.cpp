// CSR -> HBP -> CSR: every array as it was; new values where the old ones were.
#include <algorithm>

#include "check.h"
#include "samples.h"
#include "to_csr.h"

using hbp::HbpMatrix;
using samples::Csr;

namespace {

template <class I>
void check_round_trip(const Csr& a, const HbpMatrix<double>& m, int n_threads,
                      const std::string& what) {
    std::vector<I> indptr(a.indptr.size(), -1), indices(a.indices.size(), -1);
    std::vector<double> data(a.data.size(), -1);
    hbp::to_csr<I, double>(m, indptr.data(), indices.data(), data.data(), n_threads);
    if (!std::equal(indptr.begin(), indptr.end(), a.indptr.begin()) ||
        !std::equal(indices.begin(), indices.end(), a.indices.begin()) || data != a.data) {
        check::fail(__FILE__, __LINE__, what, "the arrays differ");
    }
}

}  // namespace

TEST("CSR -> HBP -> CSR gives the same arrays") {
    samples::for_each([](const Csr& a, const HbpMatrix<double>& m, const std::string& what) {
        for (int n_threads : {1, 3}) {
            check_round_trip<int32_t>(a, m, n_threads, what);
            check_round_trip<int64_t>(a, m, n_threads, what);
        }
    });
}

TEST("new values land where the old ones were") {
    for (const Csr& a : samples::all()) {
        Csr b = a;
        std::reverse(b.data.begin(), b.data.end());
        for (double& value : b.data) {
            value += 1;
        }
        for (const hbp::Geometry& g : samples::geometries()) {
            HbpMatrix<double> m = samples::build(a, g);
            hbp::update_values(m, b.data.data(), 2);
            check_round_trip<int64_t>(b, m, 1, samples::describe(a, g));
        }
    }
}
