"""SciPy's own tests of csr_array and csc_array, run on hbp_array and its transposed twin."""

import warnings
from unittest import mock

import pytest
from scipy.sparse import SparseEfficiencyWarning, sparray

from hbpspmv import hbp_array
from hbpspmv._array import hbp_csc_array

_PYTEST_MARKS = {
    name: getattr(pytest.mark, name)
    for name in ("filterwarnings", "parametrize", "skip", "skipif", "usefixtures", "xfail")
}


class _Marks:
    """Pytest's own marks; those that SciPy declares (slow, fail_slow, ...) do nothing here."""

    def __getattr__(self, name):
        if name in _PYTEST_MARKS:
            return _PYTEST_MARKS[name]

        def ignore(*args, **kwargs):
            return args[0] if args and callable(args[0]) else lambda function: function

        return ignore


with mock.patch.object(pytest, "mark", _Marks()):
    suite = pytest.importorskip(
        "scipy.sparse.tests.test_base", reason="this SciPy was installed without its tests"
    )

if not isinstance(suite.TestCSR.datsp, sparray):
    pytest.skip("this SciPy tests its matrices here, not its arrays", allow_module_level=True)

# A change of pattern warns that another format is faster, in SciPy's classes and in ours.
pytestmark = pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")


def _quietly(container):
    def create(cls, *args, **kwargs):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SparseEfficiencyWarning)
            return container(*args, **kwargs)

    return classmethod(create)


class TestHbpArray(suite.TestCSR):
    spcreator = _quietly(hbp_array)
    csr_container = hbp_array
    csc_container = hbp_csc_array


class TestHbpArrayNonCanonical(suite._NonCanonicalCSMixin, TestHbpArray):
    """The same with unsorted and duplicate entries and explicit zeros in every matrix."""


class _InTheFormat:
    """SciPy's matrices are small; this lays them out in the HBP format all the same."""

    @pytest.fixture(autouse=True)
    def _format_for_all_sizes(self, monkeypatch):
        monkeypatch.setattr("hbpspmv._plan.choose_kernel", lambda *_: ("hbp", "a test"))


class TestHbpArrayInTheFormat(_InTheFormat, TestHbpArray):
    pass


class TestHbpArrayNonCanonicalInTheFormat(_InTheFormat, TestHbpArrayNonCanonical):
    pass


class TestTwin(suite.TestCSC):
    spcreator = _quietly(hbp_csc_array)
    csr_container = hbp_array
    csc_container = hbp_csc_array


class TestTwinNonCanonical(suite._NonCanonicalCSMixin, TestTwin):
    pass


class TestTwinInTheFormat(_InTheFormat, TestTwin):
    pass


TestHbpArray.init_class()
TestTwin.init_class()
