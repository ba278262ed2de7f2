// Runs every registered test, or those whose name contains the first argument.
#include "check.h"
#include "dispatch.h"

int main(int argc, char** argv) {
    try {
        hbp::isa_in_use();
    } catch (const std::exception& error) {
        std::printf("%s\n", error.what());
        return EXIT_FAILURE;
    }
    int failed = 0;
    int run = 0;
    for (const check::Test& test : check::tests()) {
        if (argc > 1 && test.name.find(argv[1]) == std::string::npos) {
            continue;
        }
        ++run;
        try {
            test.run();
            std::printf("ok      %s\n", test.name.c_str());
        } catch (const std::exception& error) {
            ++failed;
            std::printf("FAILED  %s\n        %s\n", test.name.c_str(), error.what());
        }
        std::fflush(stdout);
    }
    std::printf("%d tests, %d failed\n", run, failed);
    return failed != 0 || run == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
