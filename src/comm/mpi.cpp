// Collectives over MPI, for gangs of processes on CPUs; and joining and leaving a gang.
#include <ATen/ATen.h>
#include <fmt/format.h>
#define OMPI_SKIP_MPICXX 1  // the C interface alone
#include <mpi.h>
#include <signal.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <vector>

#include "arguments.h"
#include "winnow/comm/join_gang.h"
#include "winnow/core/error.h"
#include "winnow/device/transfer.h"

namespace winnow::comm {

namespace {

// The only place where a code of MPI becomes an error.
void check(int code, const char* call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw DeviceError(fmt::format("{}: {}", call, text));
}
#define WINNOW_MPI(call) check((call), #call)

constexpr std::int64_t kMost = std::int64_t{1} << 30;  // elements in one call: MPI counts are ints

// `bytes` bytes as one MPI element: a row, or a number.
class Element {
 public:
  explicit Element(std::int64_t bytes) {
    WINNOW_MPI(MPI_Type_contiguous(static_cast<int>(bytes), MPI_BYTE, &type_));
    WINNOW_MPI(MPI_Type_commit(&type_));
  }
  ~Element() { MPI_Type_free(&type_); }
  Element(const Element&) = delete;
  operator MPI_Datatype() const { return type_; }

 private:
  MPI_Datatype type_{};
};

// Counts and offsets of slice_of() for all processes.
struct Shares {
  std::vector<int> counts, offsets;
  Shares(std::int64_t count, int size) {
    if (count > kMost) throw InternalError(fmt::format("{} rows are too many for one collective", count));
    for (int rank = 0; rank < size; ++rank) {
      Slice slice = slice_of(count, rank, size);
      counts.push_back(static_cast<int>(slice.size()));
      offsets.push_back(static_cast<int>(slice.first));
    }
  }
};

class Mpi final : public Collective {
 public:
  Mpi() {
    WINNOW_MPI(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    WINNOW_MPI(MPI_Comm_rank(MPI_COMM_WORLD, &rank_));
    WINNOW_MPI(MPI_Comm_size(MPI_COMM_WORLD, &size_));
  }
  ~Mpi() override { MPI_Finalize(); }
  Mpi(const Mpi&) = delete;

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  at::Tensor gather_rows(const at::Tensor& mine, std::int64_t count) override {
    require_slice(mine, count, *this);
    if (!mine.is_cpu()) return device::to_device(gather_rows(device::to_host(mine), count), mine.device());
    at::Tensor all = room_for_rows(mine, count);
    std::int64_t row = count > 0 ? static_cast<std::int64_t>(all.nbytes()) / count : 0;
    if (row == 0) return all;
    at::Tensor own = mine.contiguous();
    Shares shares(count, size_);
    Element element(row);
    WINNOW_MPI(MPI_Allgatherv(own.const_data_ptr(), static_cast<int>(own.size(0)), element, all.mutable_data_ptr(),
                              shares.counts.data(), shares.offsets.data(), element, MPI_COMM_WORLD));
    return all;
  }

  // Each element is added up by one process in rank order and then sent to all: the same bits everywhere, whatever
  // algorithm MPI would choose for its own reductions. The traffic is that of a ring.
  void sum(at::Tensor tensor) override {
    require_in_place(tensor);
    if (!tensor.is_cpu()) return through_host(tensor, [&](const at::Tensor& host) { sum(host); });
    at::Tensor flat = tensor.view({-1});
    Element element(static_cast<std::int64_t>(tensor.element_size()));
    for (std::int64_t first = 0; first < flat.size(0); first += kMost) {
      at::Tensor piece = flat.narrow(0, first, std::min(kMost, flat.size(0) - first));
      Shares shares(piece.size(0), size_);
      int mine = shares.counts[static_cast<std::size_t>(rank_)];
      at::Tensor parts = at::empty({size_, mine}, flat.options());
      std::vector<int> counts(static_cast<std::size_t>(size_), mine), offsets;
      for (int rank = 0; rank < size_; ++rank) offsets.push_back(rank * mine);
      WINNOW_MPI(MPI_Alltoallv(piece.const_data_ptr(), shares.counts.data(), shares.offsets.data(), element,
                               parts.mutable_data_ptr(), counts.data(), offsets.data(), element, MPI_COMM_WORLD));
      at::Tensor total = piece.narrow(0, shares.offsets[static_cast<std::size_t>(rank_)], mine);
      total.copy_(parts[0]);
      for (int rank = 1; rank < size_; ++rank) total.add_(parts[rank]);
      WINNOW_MPI(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, piece.mutable_data_ptr(), shares.counts.data(),
                                shares.offsets.data(), element, MPI_COMM_WORLD));
    }
  }

  void broadcast(at::Tensor tensor) override {
    require_in_place(tensor);
    if (!tensor.is_cpu()) return through_host(tensor, [&](const at::Tensor& host) { broadcast(host); });
    broadcast(std::span(static_cast<std::byte*>(tensor.mutable_data_ptr()), tensor.nbytes()));
  }

  void broadcast(std::span<std::byte> bytes) override {
    for (; !bytes.empty(); bytes = bytes.subspan(std::min(bytes.size(), static_cast<std::size_t>(kMost))))
      WINNOW_MPI(MPI_Bcast(bytes.data(), static_cast<int>(std::min(bytes.size(), static_cast<std::size_t>(kMost))),
                           MPI_BYTE, 0, MPI_COMM_WORLD));
  }

 private:
  // MPI moves host memory.
  static void through_host(at::Tensor& tensor, const std::function<void(const at::Tensor&)>& action) {
    at::Tensor host = device::to_host(tensor);
    action(host);
    tensor.copy_(device::to_device(host, tensor.device()));
  }

  int rank_ = 0, size_ = 1;
};

bool started_by_mpirun() {
  const char* size = std::getenv("OMPI_COMM_WORLD_SIZE");
  return size && std::atoi(size) > 1;
}

}  // namespace

// Without mpirun MPI is not started at all: that would cost more than a small stage's start.
std::unique_ptr<Collective> join_gang() {
  if (!started_by_mpirun()) return alone();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // its mpirun may be killed: no process of a gang outlives it
  int provided = 0;
  WINNOW_MPI(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided));
  return std::make_unique<Mpi>();
}

PlaceOnNode place_on_node() {
  const char *rank = std::getenv("OMPI_COMM_WORLD_LOCAL_RANK"), *size = std::getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
  return rank && size ? PlaceOnNode{std::atoi(rank), std::atoi(size)} : PlaceOnNode{};
}

void abandon_gang(int code) {
  int running = 0, ended = 0;
  MPI_Initialized(&running);
  MPI_Finalized(&ended);
  if (running && !ended) MPI_Abort(MPI_COMM_WORLD, code);
  std::_Exit(code);
}

}  // namespace winnow::comm
