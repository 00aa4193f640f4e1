#include <execinfo.h>
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <string_view>

#include "memory.h"
#include "standin.h"

namespace standin {

namespace {

bool is_device(std::uintptr_t address) {
  std::uintptr_t top = address >> 40, host = (address ^ kBit) >> 40;
  return top != 0 && (host == 0x7f || host == 0x7e || host == 0x55 || host == 0x56 || host == 0x60);
}

void fault(int, siginfo_t* info, void*) {
  if (is_device(reinterpret_cast<std::uintptr_t>(info->si_addr))) {
    constexpr std::string_view text = "stand-in device: the host accesses memory of the device\n";
    [[maybe_unused]] auto written = ::write(2, text.data(), text.size());
    void* frames[32];
    ::backtrace_symbols_fd(frames, ::backtrace(frames, 32), 2);
  }
  ::signal(SIGSEGV, SIG_DFL);  // and the access is made again
}

}  // namespace

void explain_faults() {
  struct sigaction action {};
  action.sa_sigaction = &fault;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGSEGV, &action, nullptr);
}

}  // namespace standin
