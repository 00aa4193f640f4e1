// A stand-in for a GPU: torch's device "standin" (PrivateUse1). Its kernels are the CPU's, so its numbers are the CPU's
// bits; what is forbidden around CUDA is forbidden around it, and it counts what the host waits for.
//
//   - The host cannot read its memory: pointers of the device lie where nothing is mapped.
//   - Operators refuse tensors of different devices by the rules of torch's CUDA build (native_functions.yaml).
//   - Operators without a CUDA kernel, and draws from torch's own generators, are errors.
//   - It has two devices: a tensor that was put on "the" device lands on 0 and does not meet those of 1.
//
// docs/devices.md says how it works and what it cannot show.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>

namespace standin {

// Registers the device. Before the first backward of the process: torch's autograd makes its threads once.
void install();
c10::Device device(int index = 1);

// What the host waited for since reset().
struct Waits {
  std::int64_t values = 0;      // item(), equal(): one value read
  std::int64_t copies_out = 0;  // device to host
  std::int64_t copies_in = 0;   // host to device, but for non-blocking ones from pinned memory
  std::int64_t shapes = 0;      // nonzero, unique, boolean masks as indices: shapes that depend on values
  std::int64_t all() const { return values + copies_out + copies_in + shapes; }
};
Waits waits();
// Bytes that went to the device since reset(), whether waited for or not, in how many copies, and operators that ran on
// it, and how often.
std::int64_t bytes_in();
std::int64_t uploads();
std::map<std::string, std::int64_t> operators();
std::int64_t launches();  // of these, operators that compute something: views and the choice of attention do not
void reset();

// While it lives, waiting is an error (c10::Error) that names the operator, on every thread.
class NoWaiting {
 public:
  explicit NoWaiting(bool copies_in_too = true);
  ~NoWaiting();
  NoWaiting(const NoWaiting&) = delete;

 private:
  int before_;
};

// Whether this thread computes a kernel of the device: for observers, which see the CPU's operators below it.
bool in_kernel();

// Operators that the host computed on tensors of more than one number while this object lived, on any thread: was that
// work meant for the device?
class HostWork {
 public:
  HostWork();
  ~HostWork();
  HostWork(const HostWork&) = delete;
  std::map<std::string, std::int64_t> operators() const;

 private:
  std::uint64_t handle_;
};

// From now on a host access to memory of the device ends the process with a line and a backtrace on stderr; without it,
// with a plain SIGSEGV.
void explain_faults();

}  // namespace standin
