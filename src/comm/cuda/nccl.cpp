#include "nccl.h"

#include <ATen/ATen.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include <cstring>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "../arguments.h"
#include "../loss_watch.h"
#include "winnow/core/error.h"

namespace winnow::comm {

namespace {

// The only place where a code of NCCL becomes an error.
void check(ncclResult_t code, const char* call) {
  if (code == ncclSuccess || code == ncclInProgress) return;
  throw DeviceError(fmt::format("{}: {} ({})", call, ncclGetErrorString(code), ncclGetLastError(nullptr)));
}
#define WINNOW_NCCL(call) check((call), #call)

ncclDataType_t type_of(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat: return ncclFloat32;
    case at::kDouble: return ncclFloat64;
    case at::kHalf: return ncclFloat16;
    case at::kBFloat16: return ncclBfloat16;
    case at::kLong: return ncclInt64;
    case at::kInt: return ncclInt32;
    case at::kByte:
    case at::kBool: return ncclUint8;
    default:
      throw InternalError(fmt::format("no collective for tensors of type {}", at::toString(tensor.scalar_type())));
  }
}

// Calls run on torch's current stream: what they follow and what follows them is ordered by it, and the host never
// waits.
class Nccl final : public Collective {
 public:
  Nccl(const NcclId& id, int rank, int size, int device, std::chrono::seconds deadline, const PeerLost& lost)
      : rank_(rank), size_(size), device_(device), deadline_(deadline) {
    c10::cuda::set_device(static_cast<c10::DeviceIndex>(device));
    ncclUniqueId unique;
    static_assert(sizeof unique == sizeof id);
    std::memcpy(&unique, id.data(), sizeof unique);
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;
    WINNOW_NCCL(ncclCommInitRankConfig(&communicator_, size, unique, rank, &config));
    wait_until_ready("joining the gang");
    constexpr std::chrono::milliseconds kPeriod{200};
    watch_.emplace(deadline, kPeriod, LossWatch::Functions{[this] { return fault(); }, lost});
  }
  ~Nccl() override {
    watch_.reset();
    if (communicator_) ncclCommAbort(communicator_);
    for (cudaEvent_t event : events_) cudaEventDestroy(event);
  }
  Nccl(const Nccl&) = delete;
  Nccl& operator=(const Nccl&) = delete;

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  // Slices may differ in size: one broadcast for each process, as one group.
  at::Tensor gather_rows(const at::Tensor& mine, std::int64_t count) override {
    require_slice(mine, count, *this);
    at::Tensor all = room_for_rows(mine, count);
    at::Tensor own = mine.contiguous();
    WINNOW_NCCL(ncclGroupStart());
    for (int root = 0; root < size_; ++root) {
      Slice slice = slice_of(count, root, size_);
      if (slice.size() == 0) continue;
      at::Tensor target = all.narrow(0, slice.first, slice.size());
      WINNOW_NCCL(ncclBroadcast(own.const_data_ptr(), target.mutable_data_ptr(),
                                static_cast<std::size_t>(target.numel()), type_of(mine), root, communicator_,
                                stream()));
    }
    WINNOW_NCCL(ncclGroupEnd());
    accepted("gather_rows");
    return all;
  }

  void sum(at::Tensor tensor) override {
    require_in_place(tensor);
    WINNOW_NCCL(ncclAllReduce(tensor.const_data_ptr(), tensor.mutable_data_ptr(),
                              static_cast<std::size_t>(tensor.numel()), type_of(tensor), ncclSum, communicator_,
                              stream()));
    accepted("sum");
  }

  void broadcast(at::Tensor tensor) override {
    require_in_place(tensor);
    WINNOW_NCCL(ncclBroadcast(tensor.const_data_ptr(), tensor.mutable_data_ptr(),
                              static_cast<std::size_t>(tensor.numel()), type_of(tensor), 0, communicator_, stream()));
    accepted("broadcast");
  }

  // Through the device, for which the host waits.
  void broadcast(std::span<std::byte> bytes) override {
    if (bytes.empty()) return;
    at::Tensor host =
        at::from_blob(bytes.data(), {static_cast<std::int64_t>(bytes.size())}, at::TensorOptions(at::kByte));
    at::Tensor device = host.to(at::kCUDA);
    broadcast(device);
    host.copy_(device);
  }

 private:
  static cudaStream_t stream() { return c10::cuda::getCurrentCUDAStream().stream(); }

  // What the transport knows of its peers.
  std::string fault() const {
    ncclResult_t state = ncclSuccess;
    if (ncclCommGetAsyncError(communicator_, &state) != ncclSuccess) return "";
    return state == ncclSuccess || state == ncclInProgress
               ? ""
               : fmt::format("{} ({})", ncclGetErrorString(state), ncclGetLastError(communicator_));
  }

  // The call is on the stream; an event behind it says when it has come to its end.
  void accepted(const char* what) {
    wait_until_ready(what);
    cudaEvent_t event = free_event();
    if (cudaError_t code = cudaEventRecord(event, stream()); code != cudaSuccess)
      throw DeviceError(fmt::format("{}: {}", what, cudaGetErrorString(code)));
    watch_->accepted(what, [this, event] {
      // On the watch's own thread, whose device would be the first one: a context there is another process's memory.
      cudaSetDevice(device_);
      if (cudaEventQuery(event) == cudaErrorNotReady) return false;
      std::lock_guard lock(mutex_);  // done, or the device failed: who waits for it learns that
      free_.push_back(event);
      return true;
    });
  }

  cudaEvent_t free_event() {
    std::lock_guard lock(mutex_);
    if (free_.empty()) {
      cudaEvent_t made = nullptr;
      if (cudaError_t code = cudaEventCreateWithFlags(&made, cudaEventDisableTiming); code != cudaSuccess)
        throw DeviceError(fmt::format("cudaEventCreate: {}", cudaGetErrorString(code)));
      events_.push_back(made);
      return made;
    }
    cudaEvent_t event = free_.back();
    free_.pop_back();
    return event;
  }

  // A communicator that does not block reports later whether a call was accepted; a lost peer would let it wait for
  // ever.
  void wait_until_ready(const char* what) {
    auto start = std::chrono::steady_clock::now();
    for (ncclResult_t state = ncclInProgress;;) {
      WINNOW_NCCL(ncclCommGetAsyncError(communicator_, &state));
      if (state == ncclSuccess) return;
      if (state != ncclInProgress) WINNOW_NCCL(state);
      if (std::chrono::steady_clock::now() - start > deadline_)
        throw DeviceError(
            fmt::format("{}: process {} of {} waited {} s for the others", what, rank_, size_, deadline_.count()));
      std::this_thread::yield();
    }
  }

  int rank_, size_, device_;
  std::chrono::seconds deadline_;
  ncclComm_t communicator_ = nullptr;
  std::mutex mutex_;
  std::vector<cudaEvent_t> events_, free_;  // all of them; those of no open call
  std::optional<LossWatch> watch_;
};

}  // namespace

NcclId nccl_unique_id() {
  ncclUniqueId unique;
  WINNOW_NCCL(ncclGetUniqueId(&unique));
  NcclId id;
  std::memcpy(id.data(), &unique, sizeof unique);
  return id;
}

std::unique_ptr<Collective> nccl_collective(const NcclId& id, int rank, int size, int device,
                                            std::chrono::seconds deadline, const PeerLost& lost) {
  return std::make_unique<Nccl>(id, rank, size, device, deadline, lost);
}

}  // namespace winnow::comm
