#include "fiber.h"

#include <sys/mman.h>
#include <ucontext.h>

#include <cstdint>
#include <exception>
#include <new>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace cuda_emulation {
namespace {

constexpr size_t stack_bytes = size_t{256} << 10;

#if defined(__x86_64__)

// swapcontext makes two system calls, 0.5 us; this takes a few nanoseconds. It saves what the ABI
// says a function keeps: rbx, rbp, r12 to r15, and the modes of the floating-point units.
extern "C" void cuda_emulation_switch(void** save_stack, void* stack);
asm(R"(
.text
.globl cuda_emulation_switch
.hidden cuda_emulation_switch
.type cuda_emulation_switch, @function
cuda_emulation_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $8, %rsp
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    addq $8, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size cuda_emulation_switch, . - cuda_emulation_switch
)");

class Context {
  public:
    // A context that calls entry() on a stack that ends at `end`.
    void prepare(void* begin, size_t size, void (*entry)()) {
        uintptr_t top = (reinterpret_cast<uintptr_t>(begin) + size) & ~uintptr_t{15};
        void** at = reinterpret_cast<void**>(top);
        *--at = nullptr;  // entry() never returns
        *--at = reinterpret_cast<void*>(entry);
        for (int i = 0; i < 6; ++i) {
            *--at = nullptr;
        }
        *--at = nullptr;
        asm volatile("stmxcsr (%0)\n\tfnstcw 4(%0)" : : "r"(at) : "memory");
        stack_ = at;
    }
    static void swap(Context& from, Context& to) { cuda_emulation_switch(&from.stack_, to.stack_); }

  private:
    void* stack_ = nullptr;
};

#else

class Context {
  public:
    void prepare(void* begin, size_t size, void (*entry)()) {
        getcontext(&context_);
        context_.uc_stack.ss_sp = begin;
        context_.uc_stack.ss_size = size;
        context_.uc_link = nullptr;
        makecontext(&context_, entry, 0);
    }
    static void swap(Context& from, Context& to) { swapcontext(&from.context_, &to.context_); }

  private:
    ucontext_t context_;
};

#endif

}  // namespace

struct Fiber::State {
    void* stack;
    Context own, caller;
    std::function<void()> function;
    std::exception_ptr error;
    bool done = true;
    // What AddressSanitizer wants to know of stacks.
    void* own_fake_stack = nullptr;
    const void* caller_stack = nullptr;
    size_t caller_size = 0;
};

namespace {

Fiber::State* entered_state = nullptr;

}  // namespace

Fiber::Fiber() : state_(std::make_unique<State>()) {
    state_->stack = mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (state_->stack == MAP_FAILED) {
        throw std::bad_alloc();
    }
}

Fiber::~Fiber() { munmap(state_->stack, stack_bytes); }

void Fiber::start(std::function<void()> function) {
    state_->function = std::move(function);
    state_->done = false;
    state_->error = nullptr;
    state_->own_fake_stack = nullptr;
#if defined(__SANITIZE_ADDRESS__)
    // A function that never returned has left marks on its stack.
    ASAN_UNPOISON_MEMORY_REGION(state_->stack, stack_bytes);
#endif
    state_->own.prepare(state_->stack, stack_bytes, [] {
        State& s = *entered_state;
#if defined(__SANITIZE_ADDRESS__)
        __sanitizer_finish_switch_fiber(nullptr, &s.caller_stack, &s.caller_size);
#endif
        try {
            s.function();
        } catch (...) {
            s.error = std::current_exception();
        }
        s.done = true;
#if defined(__SANITIZE_ADDRESS__)
        __sanitizer_start_switch_fiber(nullptr, s.caller_stack, s.caller_size);
#endif
        Context::swap(s.own, s.caller);
    });
}

void Fiber::resume() {
    State& s = *state_;
    entered_state = &s;
#if defined(__SANITIZE_ADDRESS__)
    void* fake_stack = nullptr;
    __sanitizer_start_switch_fiber(&fake_stack, s.stack, stack_bytes);
#endif
    Context::swap(s.caller, s.own);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
    if (s.error) {
        std::rethrow_exception(std::exchange(s.error, nullptr));
    }
}

void Fiber::suspend() {
    State& s = *state_;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&s.own_fake_stack, s.caller_stack, s.caller_size);
#endif
    Context::swap(s.own, s.caller);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(s.own_fake_stack, &s.caller_stack, &s.caller_size);
#endif
}

bool Fiber::done() const { return state_->done; }

}  // namespace cuda_emulation
