// Fibers: functions with stacks of their own that one thread switches between.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>

namespace cuda_emulation {

class Fiber {
  public:
    Fiber();
    ~Fiber();
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    // Makes the next resume() call `function`, whatever it was doing before.
    void start(std::function<void()> function);

    // Runs the fiber until it suspends or its function returns. An exception that leaves the
    // function is thrown here.
    void resume();

    // Returns from resume(). To be called by the fiber that runs.
    void suspend();

    bool done() const;

    struct State;

  private:
    std::unique_ptr<State> state_;
};

}  // namespace cuda_emulation
