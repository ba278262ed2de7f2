// The threads that multiply: a small pool that spins between products and sleeps when idle.
#pragma once

namespace hbp {

// The CPUs of the affinity mask, or what the control groups allow where that is less; at least 1.
int available_cpus();

// Threads that a call may use when it names no number: set_num_threads, else
// HBPSPMV_NUM_THREADS, else the available CPUs.
int num_threads();
void set_num_threads(int n);

using ThreadFunction = void (*)(void* context, int thread);

// Calls f(context, t) for t in 0 .. n-1, on n threads where possible, and returns when all are
// done. Serial in the calling thread when n is 1, inside another such call, or while another
// thread of the program uses the pool: f must not rely on its calls overlapping, nor throw.
void run_on_threads(int n, ThreadFunction f, void* context);

template <class F>
void run_on_threads(int n, F&& f) {
    run_on_threads(
        n, [](void* context, int thread) { (*static_cast<F*>(context))(thread); },
        const_cast<void*>(static_cast<const void*>(&f)));
}

}  // namespace hbp
