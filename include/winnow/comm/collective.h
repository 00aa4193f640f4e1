// Collectives of a gang: what the processes that execute one stage together exchange. Methods never see this; the
// engine does.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace winnow::comm {

// A contiguous part [first, last) of `count` rows: what process `rank` of `size` computes. Uneven or empty is allowed.
// InternalError unless 0 <= rank < size and count >= 0.
struct Slice {
  std::int64_t first = 0, last = 0;
  std::int64_t size() const { return last - first; }
};
Slice slice_of(std::int64_t count, int rank, int size);

// Room for `count` rows of the kind that `mine` has, contiguous and not filled. InternalError for a tensor without
// dimensions.
at::Tensor room_for_rows(const at::Tensor& mine, std::int64_t count);

// All functions but rank() and size() are collective: every process calls them in the same order with the same shapes
// and types, from the thread that joined the gang. Tensors lie where the implementation works: in host memory for MPI,
// on its own GPU for NCCL. Rows may be of any type (they are moved as bytes, but for NCCL: floating point, 8, 32 and 64
// bit integers, bool). DeviceError: the transport failed or a peer is lost, and the gang is of no further use.
// InternalError: the call itself was wrong, and nothing has been sent.
class Collective {
 public:
  virtual ~Collective() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;

  // Rows of all processes in rank order, on every process. `mine` holds slice_of(count, rank, size) rows, contiguous or
  // not. No gradient. The result may be `mine` itself, in a gang of one: who writes into it clones it first.
  virtual at::Tensor gather_rows(const at::Tensor& mine, std::int64_t count) = 0;
  // In place: the sum over all processes, of numbers, the same bits everywhere. Contiguous tensors only.
  virtual void sum(at::Tensor tensor) = 0;
  // In place: process 0's values. Contiguous tensors only.
  virtual void broadcast(at::Tensor tensor) = 0;
  // The same for bytes on the host.
  virtual void broadcast(std::span<std::byte> bytes) = 0;
};

// Process 0's value or text, on every process.
bool agree(Collective&, bool value);
std::string agree(Collective&, std::string text);

// A world of one: the identity.
std::unique_ptr<Collective> alone();

}  // namespace winnow::comm
