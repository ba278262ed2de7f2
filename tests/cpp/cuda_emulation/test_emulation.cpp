// The emulation finds planted errors: in small kernels, and in plans that the real kernels get.
#include <cmath>
#include <limits>

#include "check.h"
#include "device_product.h"
#include "samples.h"

using cuda_emulation::DeviceArray;
using cuda_emulation::KernelError;
using cuda_emulation::launch;
using cuda_emulation::Launch;
using cuda_emulation::Order;
using namespace hbp::cuda;

namespace {

constexpr Order orders[] = {Order::ascending, Order::descending, Order::interleaved};

// The kernel is refused with a message that has `part`, in every order.
void check_refused(const std::function<void()>& kernel, const std::string& part,
                   uint32_t n_thread_blocks = 1) {
    for (const Order order : orders) {
        std::string found = "no error";
        try {
            launch({n_thread_blocks, 64, 1024, order}, kernel);
        } catch (const KernelError& error) {
            found = error.what();
        }
        if (found.find(part) == std::string::npos) {
            check::fail(__FILE__, __LINE__, "found: ", found, ", expected: ", part);
        }
    }
}

void check_accepted(const std::function<void()>& kernel, uint32_t n_thread_blocks = 1) {
    for (const Order order : orders) {
        launch({n_thread_blocks, 64, 1024, order}, kernel);
    }
}

}  // namespace

TEST("accesses out of a device array are found") {
    DeviceArray<double> a(std::vector<double>(64));
    const DeviceArray<double> other(std::vector<double>(64));
    check_accepted([&] { load_own(a.address() + thread_index()); });
    check_refused([&] { load_own(a.address() + thread_index() + 1); }, "8 bytes at byte 512 of an");
    check_refused([&] { load_constant(a.address() - 1); }, "at byte -8 of an array of 512 bytes");
    check_refused([&] { store(a.address() + 64 + thread_index(), 0.0); }, "of an array of 512");
    check_refused([&] { load_own(&a.host()[0]); }, "in no array of the device");
    const DeviceArray<double> empty(std::vector<double>{});
    check_refused([&] { load_own(empty.address()); }, "of an array of 0 bytes");
}

TEST("accesses that are not aligned are found") {
    DeviceArray<float> a(std::vector<float>(64));
    check_refused([&] { load_own(reinterpret_cast<const hbp::Complex<float>*>(a.address() + 1)); },
                  "not aligned to 8 bytes");
}

TEST("a kernel that reads as constant what it writes is found") {
    DeviceArray<float> a(std::vector<float>(64));
    check_refused(
        [&] {
            if (thread_index() == 0) {
                store(a.address(), 1.0f);
            } else {
                load_constant(a.address() + 32);
            }
        },
        "as constant");
}

TEST("two threads that store to one place are found") {
    DeviceArray<float> a(std::vector<float>(64));
    check_accepted([&] { store(a.address() + thread_index(), 1.0f); });
    check_refused([&] { store(a.address() + thread_index(), 1.0f); }, "two threads store", 2);
}

TEST("reading what another thread has not written or not fenced is found") {
    DeviceArray<float> a(std::vector<float>(64));
    const auto exchange = [&](bool with_store, bool with_fence) {
        return [&a, with_store, with_fence] {
            if (with_store) {
                store(a.address() + thread_index(), 1.0f);
            }
            if (with_fence) {
                fence();
            }
            block_barrier();
            load_written(a.address() + (thread_index() + 1) % n_threads());
        };
    };
    check_accepted(exchange(true, true));
    check_refused(exchange(true, false), "without a fence");
    check_refused(exchange(false, true), "that nobody stored");
}

TEST("accesses out of shared memory are found") {
    check_refused([] { SharedArray<double>(0).store(128, 1.0); }, "shared memory of 1024 bytes");
    check_refused([] { SharedArray<double>(4).store(0, 1.0); }, "not aligned");
    check_refused([] { load_anywhere(SharedArray<double>(0).address() - 1); },
                  "at byte -8 of shared memory");
}

TEST("reading shared memory that nobody wrote is found") {
    check_refused([] { SharedArray<float>(0).load(thread_index()); }, "which nobody wrote");
}

TEST("races in shared memory are found") {
    const auto neighbours = [](bool barrier) {
        return [barrier] {
            const SharedArray<float> a(0);
            a.store(thread_index(), 1.0f);
            if (barrier) {
                block_barrier();
            }
            a.load((thread_index() + 1) % n_threads());
        };
    };
    check_accepted(neighbours(true));
    check_refused(neighbours(false), "of shared memory, ");
    // Write after read.
    check_refused(
        [] {
            const SharedArray<float> a(0);
            a.store(thread_index(), 1.0f);
            block_barrier();
            a.load((thread_index() + 1) % n_threads());
            a.store(thread_index(), 2.0f);
        },
        "race");
    check_refused([] { SharedArray<float>(0).store(0, 1.0f); }, "race");
}

TEST("atomic additions in shared memory conflict with other accesses only") {
    const auto count = [](bool barrier) {
        return [barrier] {
            const SharedArray<uint32_t> n(0);
            if (thread_index() == 0) {
                n.store(0, 0u);
            }
            block_barrier();
            n.atomic_add(0, 1u);
            if (barrier) {
                block_barrier();
                CHECK_EQUAL(n.load(0), n_threads());
            } else if (thread_index() == 5) {
                n.load(0);
            }
        };
    };
    check_accepted(count(true));
    check_refused(count(false), "race");
    check_refused([] { SharedArray<uint32_t>(0).atomic_add(0, 1u); }, "which nobody wrote");
}

TEST("matching lanes are found") {
    check_accepted([] {
        const uint32_t lane = thread_index() % 32;
        CHECK_EQUAL(match(lane % 4), 0x11111111u << lane % 4);
        CHECK_EQUAL(count_bits(match(lane / 8)), 8u);
    });
}

TEST("barriers that some threads do not reach are found") {
    check_refused(
        [] {
            if (thread_index() != 7) {
                block_barrier();
            }
        },
        "thread 7 of thread block 0 has ended");
    check_refused(
        [] {
            if (thread_index() < 32) {
                block_barrier();
            } else {
                block_barrier();
            }
        },
        "threads wait for each other");
}

TEST("shuffles that some lanes do not reach are found") {
    check_accepted([] { shuffle(thread_index(), 3); });
    check_refused(
        [] {
            if (thread_index() != 40) {
                shuffle(thread_index(), 0);
            }
        },
        "waits at the shuffle");
    check_refused(
        [] {
            if (thread_index() % 2 == 0) {
                shuffle(thread_index(), 0);
            } else {
                block_barrier();
            }
        },
        "threads wait for each other");
    check_refused([] { shuffle(thread_index(), 32); }, "shuffles from lane 32");
}

TEST("shuffles give the values of the lanes that they name") {
    check_accepted([] {
        const uint32_t lane = thread_index() % 32;
        CHECK_EQUAL(shuffle(lane, 31 - lane), 31 - lane);
        CHECK_EQUAL(shuffle_up(lane, 4), lane < 4 ? lane : lane - 4);
        CHECK_EQUAL(shuffle_down(lane, 8), lane < 24 ? lane + 8 : lane);
        const hbp::Complex<double> c{1.0 * lane, -2.0 * lane};
        CHECK_EQUAL(shuffle_down(c, 1).im, lane < 31 ? -2.0 * (lane + 1) : c.im);
    });
}

TEST("every thread block takes tickets in some order") {
    bool first = false, last = false;
    for (unsigned seed = 1; seed <= 20; ++seed) {
        DeviceArray<uint32_t> ticket(std::vector<uint32_t>(1));
        std::vector<uint32_t> took;
        launch({3, 32, 64, Order::interleaved, seed}, [&] {
            if (thread_index() == 0) {
                atomic_add(ticket.address(), 1);
                took.push_back(thread_block_index());
            }
        });
        CHECK_EQUAL(ticket.host()[0], 3u);
        CHECK_EQUAL(took.size(), 3u);
        first |= took[0] == 0;
        last |= took[0] == 2;
    }
    CHECK(first && last);
}

// ---- the real kernels with plans that are wrong ------------------------------------------------

namespace {

hbp::HbpMatrix<double> sample(size_t i) { return samples::build(samples::all()[i], {64, 512, 32}); }

// What a product says of a matrix that `spoil` has changed after it was built.
template <class Spoil>
std::string error_of(size_t sample_index, int64_t part_cost, const Spoil& spoil) {
    hbp::HbpMatrix<double> m = sample(sample_index);
    spoil(m);
    const std::vector<double> x(static_cast<size_t>(m.n_cols), 1.0);
    std::vector<double> y(static_cast<size_t>(m.n_rows), 0.0);
    try {
        device_product::Matrix<double>(m, part_cost, 0)
            .multiply(x, y, 1, 1.0, 0.0, device_product::Choice{});
    } catch (const KernelError& error) {
        return error.what();
    }
    return "no error";
}

constexpr size_t distinct_lengths = 7;

}  // namespace

TEST("a column out of range is found in a product") {
    CHECK_EQUAL(error_of(distinct_lengths, 1 << 30, [](auto&) {}), "no error");
    const std::string error = error_of(distinct_lengths, 1 << 30, [](hbp::HbpMatrix<double>& m) {
        m.column.data()[m.column.size() / 2] = 400;
    });
    CHECK(error.find("of an array of 3200 bytes") != std::string::npos);
}

TEST("a row out of the row block is found in a product") {
    const std::string error =
        error_of(distinct_lengths, 1 << 30, [](hbp::HbpMatrix<double>& m) { m.slot_row[3] = 64; });
    CHECK(error.find("of shared memory") != std::string::npos);
}

TEST("two slots with one row are found in a product") {
    const std::string error = error_of(distinct_lengths, 1 << 30, [](hbp::HbpMatrix<double>& m) {
        m.slot_row[3] = m.slot_row[2];
    });
    CHECK(error.find("race") != std::string::npos);
}

TEST("lengths that go past the streams are found in a product") {
    const std::string error = error_of(distinct_lengths, 1 << 30, [](hbp::HbpMatrix<double>& m) {
        m.slot_length[m.slot_length.size() - 1] += 40;
    });
    CHECK(error.find("of an array of") != std::string::npos);
}

TEST("a ticket that is not reset leaves rows unwritten") {
    const hbp::HbpMatrix<double> m = sample(distinct_lengths);
    const std::vector<double> x(static_cast<size_t>(m.n_cols), 1.0);
    device_product::Matrix<double> device(m, 1 << 30, 0);
    const auto unwritten = [&] {
        std::vector<double> y(static_cast<size_t>(m.n_rows),
                              std::numeric_limits<double>::quiet_NaN());
        device.multiply(x, y, 1, 1.0, 0.0, device_product::Choice{.fixed_percent = 0});
        return std::count_if(y.begin(), y.end(), [](double e) { return std::isnan(e); });
    };
    CHECK_EQUAL(unwritten(), 0);
    device.counters()[ticket_counter] = 1;
    CHECK(unwritten() > 0);
}
