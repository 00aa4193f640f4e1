// A gang on GPUs: tensors over NCCL, words over MPI.
#include <ATen/ATen.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/format.h>

#include <cstdio>

#include "winnow/comm/cuda_module.h"
#include "winnow/comm/join_gang.h"

namespace winnow::comm {

namespace {

constexpr std::chrono::seconds kDeadline{60};  // for peers to enter a call; far above what a step takes

class WithNccl final : public Collective {
 public:
  WithNccl(std::unique_ptr<Collective> host, std::unique_ptr<Collective> device, c10::Device where)
      : host_(std::move(host)), device_(std::move(device)), where_(where) {}
  // What is queued would be dropped with the communicator.
  ~WithNccl() override { c10::impl::VirtualGuardImpl(where_.type()).synchronizeDevice(where_.index()); }
  WithNccl(const WithNccl&) = delete;

  int rank() const override { return host_->rank(); }
  int size() const override { return host_->size(); }
  at::Tensor gather_rows(const at::Tensor& mine, std::int64_t count) override {
    return by(mine).gather_rows(mine, count);
  }
  void sum(at::Tensor tensor) override { by(tensor).sum(tensor); }
  void broadcast(at::Tensor tensor) override { by(tensor).broadcast(tensor); }
  void broadcast(std::span<std::byte> bytes) override { host_->broadcast(bytes); }

 private:
  Collective& by(const at::Tensor& tensor) { return tensor.is_cuda() ? *device_ : *host_; }

  std::unique_ptr<Collective> host_, device_;
  c10::Device where_;
};

}  // namespace

void add_nccl(std::unique_ptr<Collective>& gang, c10::Device device) {
  if (gang->size() == 1 || !device.is_cuda()) return;
  const CudaInterface& cuda = cuda_module();
  NcclId id{};
  if (gang->rank() == 0) id = cuda.unique_id();
  gang->broadcast(std::as_writable_bytes(std::span(id)));
  std::unique_ptr<Collective> nccl =
      cuda.nccl(id, gang->rank(), gang->size(), device.index(), kDeadline,
                [rank = gang->rank(), size = gang->size()](const std::string& what) {
                  fmt::print(stderr, "process {} of {} lost a peer: {}\n", rank, size, what);
                  abandon_gang(1);
                });
  gang = std::make_unique<WithNccl>(std::move(gang), std::move(nccl), device);
}

}  // namespace winnow::comm
